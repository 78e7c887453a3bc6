"""Estimates from a file of rows, as `python -m analysis estimate` asks for them.

One row of the file is one interview. Columns that say where a row belongs (units, strata, domains, post-strata) are
read as text, so that "01" stays "01"; all others as they are. Nothing is dropped: an empty cell of a variable is a
missing answer, an empty cell of a domain column a domain of its own.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from math import isfinite, nan
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from analysis.calibration import margin, poststratify, rake
from analysis.design import Design, Lonely, declare
from analysis.domains import DomainEstimate, by
from analysis.drawn_replicates import Kind as Replication
from analysis.drawn_replicates import draw_replicates
from analysis.estimate import Estimate
from analysis.intervals import Method
from analysis.publication import STANDARDS
from analysis.table_file import read_csv

Kind = Literal["mean", "total", "proportion", "ratio"]
MOST = 1e100  # of a value: beyond, squares and their sums leave the numbers there are
SIZE = "population"  # the column of a margin's file that holds the people


@dataclass(frozen=True, slots=True)
class Wanted:
    """One variable to estimate."""

    kind: Kind
    column: str
    denominator: str | None = None

    @property
    def name(self) -> str:
        """As it was asked for."""
        return f"{self.column}/{self.denominator}" if self.denominator else self.column


@dataclass(frozen=True, slots=True)
class Line:
    """One estimate of the answer. by: the columns of its domain; breaches: the limits of the standard it breaks."""

    wanted: Wanted
    by: tuple[str, ...]
    domain: DomainEstimate
    breaches: tuple[str, ...]


class FileError(ValueError):
    """The file or the request cannot be used; the message says why and names the way out."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("file", type=Path, help="rows, one an interview: CSV (UTF-8, with a header) or Parquet")
    what = parser.add_argument_group("what to estimate (any number, in any order)")
    for kind, form in (("mean", "COLUMN"), ("total", "COLUMN"), ("proportion", "COLUMN"), ("ratio", "TOP/BOTTOM")):
        what.add_argument(f"--{kind}", action="append", default=[], metavar=form)
    what.add_argument("--by", action="append", default=[], metavar="COLUMN[,COLUMN]", help="domains; may be repeated")
    design = parser.add_argument_group("design")
    design.add_argument("--weights", metavar="COLUMN")
    design.add_argument("--strata", metavar="COLUMN")
    design.add_argument("--units", metavar="COLUMN[,COLUMN]", help="sampling units by stage; without, every row is one")
    design.add_argument("--fpc", metavar="COLUMN[,COLUMN]", help="population sizes by stage")
    design.add_argument("--nest", action="store_true", help="unit codes are numbered afresh in each stratum")
    design.add_argument("--lonely", choices=[each.value for each in Lonely], default=Lonely.FAIL.value)
    weighting = parser.add_argument_group("calibration and replicates")
    weighting.add_argument("--poststratify", type=Path, metavar="CSV", help=f"cells and their {SIZE}")
    weighting.add_argument("--rake", type=Path, action="append", default=[], metavar="CSV", help="a margin; repeatable")
    weighting.add_argument("--replicates", choices=[each.value for each in Replication])
    weighting.add_argument("--count", type=int, default=200, help="replicates of a bootstrap (%(default)s)")
    weighting.add_argument("--seed", type=int, default=1, help="of a bootstrap (%(default)s)")
    shown = parser.add_argument_group("interval and output")
    shown.add_argument("--interval", choices=[each.value for each in Method], default=Method.WILSON.value)
    shown.add_argument("--level", type=float, default=0.95)
    shown.add_argument("--standard", choices=list(STANDARDS), help="mark estimates that break a publication standard")
    output = shown.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true")
    output.add_argument("--csv", action="store_true")


def answer(chosen: argparse.Namespace) -> str:
    """The text to print. Raises ValueError (FileError and those of the library) with a message for the reader."""
    lines = estimates(chosen)
    if chosen.json:
        return json.dumps([_document(line) for line in lines], ensure_ascii=False, indent=1, allow_nan=False)
    frame = pd.DataFrame([_row(line) for line in lines])
    if chosen.csv:
        return str(frame.to_csv(index=False, lineterminator="\n")).rstrip("\n")
    return str(frame.to_string(index=False, na_rep="", float_format=lambda value: f"{value:.6g}"))


def estimates(chosen: argparse.Namespace) -> tuple[Line, ...]:
    """Everything that was asked for, each variable for the whole sample first, then by each set of columns."""
    if not 0 < chosen.level < 1:
        raise FileError(f"--level {chosen.level:g} is not between 0 and 1. Give a share, such as 0.95.")
    if chosen.seed < 0:
        raise FileError(f"--seed {chosen.seed} is negative. Give 0 or more.")
    wanted = _wanted(chosen)
    margins = [_sizes(path) for path in ([chosen.poststratify] if chosen.poststratify else chosen.rake)]
    sets = [(), *(tuple(_split(names)) for names in chosen.by)]
    places = {name for names in sets for name in names} | {
        str(c) for each in margins for c in each.columns if c != SIZE
    }
    places |= {*_split(chosen.units), *([chosen.strata] if chosen.strata else [])}
    frame = _read(chosen.file, places)
    design = _design(chosen, frame, margins)
    frame = frame.assign(**{"": ""})  # one domain: everybody
    lines = []
    for each in wanted:
        for columns in sets:
            found = by(
                design,
                frame,
                columns or ("",),
                _numbers(frame, each.column),
                each.kind,
                denominator=_numbers(frame, each.denominator) if each.denominator else None,
                method=chosen.interval,
                level=chosen.level,
            )
            lines += [Line(each, columns, domain, _breaches(chosen.standard, domain)) for domain in found.results]
    return tuple(lines)


def _wanted(chosen: argparse.Namespace) -> list[Wanted]:
    found = []
    kinds: tuple[Kind, ...] = ("mean", "total", "proportion", "ratio")
    for kind in kinds:
        for text in getattr(chosen, kind):
            top, _, bottom = text.partition("/")
            if (kind == "ratio") != bool(bottom):
                form = "TOP/BOTTOM, two columns" if kind == "ratio" else "one column"
                raise FileError(f"--{kind} {text}: name {form}.")
            found.append(Wanted(kind, top, bottom or None))
    if not found:
        raise FileError("Nothing to estimate. Name at least one of --mean, --total, --proportion and --ratio.")
    return found


def _split(names: str | None) -> list[str]:
    return names.split(",") if names else []


def _read(path: Path, text: set[str] | None) -> pd.DataFrame:
    """The table of a file. text: the columns that hold codes; None = all but the size."""
    try:
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path)
        else:
            held = {
                str(name): str
                for name in pd.read_csv(path, nrows=0)
                if (name != SIZE if text is None else name in text)
            }
            frame = read_csv(path, dtype=held)
    except ImportError:
        raise FileError(f"{path}: Parquet needs pyarrow, which comes with the extra `scale`.") from None
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as problem:
        raise FileError(f"{path} cannot be read as a table: {problem}") from None
    for name in frame.columns:
        if name in (text or ()):
            if frame[name].dtype == object and not frame[name].map(pd.api.types.is_scalar).all():
                raise FileError(f"Column {name} holds lists, and a domain or unit needs a code. Turn it into text.")
            frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    return frame


def _design(chosen: argparse.Namespace, frame: pd.DataFrame, margins: Sequence[pd.DataFrame]) -> Design:
    if chosen.poststratify and chosen.rake:
        raise FileError("Either --poststratify or --rake: the one takes whole cells, the other their margins.")
    design = declare(
        frame,
        ids=_split(chosen.units) or None,
        strata=chosen.strata,
        weights=chosen.weights,
        fpc=_split(chosen.fpc) or None,
        nest=chosen.nest,
        lonely=chosen.lonely,
    )
    for each in margins:
        absent = [name for name in each.columns if name != SIZE and name not in frame.columns]
        if absent or SIZE not in each.columns:
            named = ", ".join(map(str, each.columns))
            raise FileError(f"A margin needs columns that the rows have, and {SIZE}; there are {named}.")
    known = [margin(frame, each, SIZE) for each in margins]
    if chosen.poststratify:
        design = poststratify(design, known[0])
    elif known:
        design = rake(design, known)
    if chosen.replicates:
        rng = np.random.default_rng(chosen.seed)
        design = draw_replicates(design, chosen.replicates, rng=rng, count=chosen.count)
    return design


def _sizes(path: Path) -> pd.DataFrame:
    """A margin: the cells, and how many people are in each."""
    frame = _read(path, None)
    if SIZE in frame.columns:
        if len(frame.columns) == 1:
            raise FileError(f"{path}: the margin has {SIZE} alone. Add the columns that name its cells.")
        frame[SIZE] = _numbers(frame, SIZE, path.name)
    return frame


def _numbers(frame: pd.DataFrame, column: str, where: str = "") -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    if column not in frame.columns:
        raise FileError(f"There is no column {column}. The columns are {', '.join(filter(None, map(str, frame)))}.")
    held = frame[column]
    if held.dtype == object:  # a list, as Parquet may hold, is no number either
        held = held.map(lambda value: value if pd.api.types.is_scalar(value) else str(value))
    values = pd.to_numeric(held, errors="coerce")
    wrong = (values.isna() & held.notna()) | (values.abs() > MOST)
    if wrong.any():
        place = int(np.argmax(wrong))
        found = held.iloc[place]
        what = f"beyond {MOST:g}" if np.isfinite(values.iloc[place]) else "no finite number"
        raise FileError(f"{where and f'{where}: '}Column {column}, row {place + 1}: '{found}' is {what}.")
    return np.asarray(values, dtype=np.float64)


def _breaches(standard: str | None, domain: DomainEstimate) -> tuple[str, ...]:
    return tuple(breach.code for breach in STANDARDS[standard].breaches(domain.estimate)) if standard else ()


_SHOWN = ("value", "se", "lower", "upper", "n", "n_effective", "df", "deff")


def _sayable(estimate: Estimate) -> Estimate:
    """Without degrees of freedom R has the standard error 0 or another number that says nothing; it is not shown."""
    return estimate if estimate.df > 0 else replace(estimate, se=nan, variance=nan)


def _row(line: Line) -> dict[str, object]:
    levels = zip(line.by, line.domain.levels, strict=False)
    return {
        "variable": line.wanted.name,
        "kind": line.wanted.kind,
        "domain": ", ".join(f"{name}={'(missing)' if level is None else level}" for name, level in levels),
        **{name: getattr(_sayable(line.domain.estimate), name) for name in _SHOWN},
        "notes": " ".join((*line.domain.estimate.notes, *line.breaches)),
    }


def _document(line: Line) -> dict[str, Any]:
    estimate = {
        name: None if isinstance(value, float) and not isfinite(value) else value
        for name, value in asdict(_sayable(line.domain.estimate)).items()
    }
    return {
        "variable": line.wanted.name,
        "kind": line.wanted.kind,
        "domain": dict(zip(line.by, line.domain.levels, strict=False)),
        "estimate": estimate,
        "breaches": list(line.breaches),
    }
