"""A whole report out of a Parquet file, beside one bare group-by of the same file; and raking on cells.

The report: three shares in each of 500 neighbourhoods with Korn-Graubard intervals, their variance over the whole
design of 600 points in 20 districts. The floor: DuckDB groups the same rows by the same keys and makes one weighted sum
and one count for each item. Each runs in a process of its own, so that its peak memory is its own; imports and a first
run on the smallest file are not in the time. The two alternate, and the median of the ratios counts; that of the CPU
time of all cores is beside it, for a busy machine. `after` is what the report takes once the pass is done.
"""

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pandas as pd

from tests.browser import REPOSITORY

ROUNDS = {10_000: 5, 100_000: 5, 1_000_000: 5, 10_000_000: 3}
AIM = 3.0  # times the floor, from a million rows on
THREADS = 2
ITEMS = ("aware", "took_part", "satisfied")
KEYS = ("district", "point", "neighbourhood")
MARGINS = {"sex": 2, "age_band": 6, "education": 4, "housing": 6}


def write(path: Path, rows: int) -> None:
    """A file of that many interviews: weights from 0.5 to 3, five answers in a hundred missing."""
    drawn = {name: f"CAST(floor(random() * {levels}) AS INTEGER) AS {name}" for name, levels in MARGINS.items()}
    asked = (
        f"CASE WHEN random() < 0.05 THEN NULL ELSE CAST(random() < {share} AS DOUBLE) END AS {item}"
        for item, share in zip(ITEMS, (0.7, 0.5, 0.85), strict=True)
    )
    # People are met in their own district, which holds 30 points and 25 neighbourhoods.
    columns = [
        "point // 30 AS district",
        "point",
        "point // 30 * 25 + CAST(floor(random() * 25) AS INTEGER) AS neighbourhood",
        "0.5 + 2.5 * random() AS w",
        *drawn.values(),
        *asked,
    ]
    people = f"SELECT CAST(floor(random() * 600) AS INTEGER) AS point FROM range({rows})"
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SELECT setseed(0.5)")
        connection.execute(f"COPY (SELECT {', '.join(columns)} FROM ({people})) TO '{path}' (FORMAT parquet)")


class Watched:
    """An engine that knows how long its passes took."""

    def __init__(self, path: Path) -> None:
        from analysis.engines.duckdb import DuckDb  # noqa: PLC0415  (the floor's process does without the library)

        self._engine = DuckDb(path, threads=THREADS)
        self.relation = self._engine.relation
        self.seconds = 0.0

    def run(self, sql: str) -> pd.DataFrame:
        before = time.perf_counter()
        found = self._engine.run(sql)
        self.seconds += time.perf_counter() - before
        return found


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run. seconds: in all; after: without the pass; cells: what it left; cpu: seconds of all cores."""

    seconds: float
    after: float
    cells: int
    megabytes: float = 0.0
    cpu: float = 0.0


def floor(path: Path) -> Run:
    """One bare group-by."""
    before = time.perf_counter()
    keys, sums = ", ".join(KEYS), ", ".join(f"SUM(w * {item}), COUNT({item})" for item in ITEMS)
    with duckdb.connect(config={"threads": THREADS}) as connection:
        query = f"SELECT {keys}, {sums} FROM read_parquet('{path}') GROUP BY {keys}"
        found = connection.execute(query).fetchnumpy()
    return Run(time.perf_counter() - before, 0.0, len(found["point"]))


def report(path: Path) -> Run:
    """Tally, design, 1500 shares with their intervals."""
    from analysis.design import declare  # noqa: PLC0415  (as above)
    from analysis.engines.one_pass import tally_from  # noqa: PLC0415
    from analysis.estimate import partition  # noqa: PLC0415
    from analysis.intervals import Method, interval  # noqa: PLC0415

    before, engine = time.perf_counter(), Watched(path)
    reduced = tally_from(engine, KEYS, ITEMS, "w")
    design = declare(reduced.cells, ids=["point"], strata="district", weights="w", nest=True)
    codes, places = pd.factorize(reduced.cells["neighbourhood"], sort=True)
    for item in ITEMS:
        known = partition(design, reduced.measure(item), np.asarray(codes, dtype=np.intp), len(places))
        ends = [interval(Method.KORN_GRAUBARD, evidence) for evidence in known]
        assert len(ends) == 500
        assert all(0 <= lower < upper <= 1 for lower, upper in ends), ends
    seconds = time.perf_counter() - before
    return Run(seconds, seconds - engine.seconds, len(reduced.cells))


def raking(path: Path) -> Run:
    """The weights raked on four margins of a population that is not the sample's."""
    from analysis.calibration import margin, rake  # noqa: PLC0415  (as above)
    from analysis.design import declare  # noqa: PLC0415
    from analysis.engines.one_pass import tally_from  # noqa: PLC0415

    before, engine = time.perf_counter(), Watched(path)
    cells = tally_from(engine, tuple(MARGINS), ITEMS, "w").cells
    populations = [
        pd.DataFrame({name: range(levels), "population": 1e7 * shares / shares.sum()})
        for name, levels in MARGINS.items()
        if (shares := np.linspace(1, 3, levels)) is not None
    ]
    margins = [margin(cells, population) for population in populations]
    rake(declare(cells, weights="w"), margins, counts=cells["n"].to_numpy(np.float64))
    seconds = time.perf_counter() - before
    return Run(seconds, seconds - engine.seconds, len(cells))


KINDS: dict[str, Callable[[Path], Run]] = {"floor": floor, "report": report, "raking": raking}


def in_own_process(kind: str, path: Path, small: Path) -> Run:
    """What `KINDS[kind]` measures in a fresh process, with the peak of its memory."""
    command = [sys.executable, "-m", "tests.benchmarks.estimation", kind, str(path), str(small)]
    done = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True)
    return Run(**json.loads(done.stdout))


def measured(kind: str, path: str, small: str) -> None:
    """What the process of its own does."""
    KINDS[kind](Path(small))
    before = time.process_time()
    run = KINDS[kind](Path(path))
    cpu = time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(asdict(replace(run, megabytes=peak, cpu=cpu))))


def median(runs: list[Run], what: Callable[[Run], float]) -> float:
    return statistics.median(map(what, runs))


def main() -> None:
    """Prints a line for each number of rows; the files are made and removed."""
    columns = (
        "rows",
        "floor s",
        "report s",
        "x floor",
        "x its CPU",
        "aim",
        "after s",
        "cells",
        "floor MB",
        "report MB",
    )
    print("".join(f"{name:>11}" for name in (*columns, "rake s", "its cells")))
    with TemporaryDirectory(prefix="minsheng-benchmark-") as folder:
        small = Path(folder) / "small.parquet"
        write(small, min(ROUNDS))
        for rows, rounds in ROUNDS.items():
            path = Path(folder) / "rows.parquet"
            write(path, rows)
            pairs = [[in_own_process(kind, path, small) for kind in ("floor", "report")] for _ in range(rounds)]
            least, ours = ([pair[place] for pair in pairs] for place in (0, 1))
            ratio = statistics.median(full.seconds / bare.seconds for bare, full in pairs)
            processor = statistics.median(full.cpu / bare.cpu for bare, full in pairs)
            raked = in_own_process("raking", path, small)
            shown = [
                f"{rows:>11,}",
                f"{median(least, lambda run: run.seconds):>11.3f}",
                f"{median(ours, lambda run: run.seconds):>11.3f}",
                f"{ratio:>11.2f}",
                f"{processor:>11.2f}",
                f"{AIM if rows >= 10**6 else '':>11}",
                f"{median(ours, lambda run: run.after):>11.3f}",
                f"{ours[0].cells:>11,}",
                f"{median(least, lambda run: run.megabytes):>11.0f}",
                f"{median(ours, lambda run: run.megabytes):>11.0f}",
                f"{raked.after:>11.3f}",
                f"{raked.cells:>11,}",
            ]
            print("".join(shown), flush=True)


if __name__ == "__main__":
    measured(*sys.argv[1:])
