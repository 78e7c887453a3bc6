"""The same rows give the same tally and the same report from every engine."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from math import nan
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.columns import ColumnsError, Indicator
from analysis.engines.duckdb import DuckDb
from analysis.engines.engine import Engine, MissingExtra
from analysis.engines.one_pass import tally_from, tally_sql, where_answered
from analysis.engines.spark import Spark
from analysis.engines.sqlite import Sqlite
from analysis.estimate import Estimate
from analysis.rates import rates_of_tally, wave_rates
from analysis.tally import Tally, TallyError, tally
from analysis.wave_tally import wave_tally, wave_tally_from
from tests import spark
from tests.analysis.samples import margins, wave, with_reasons
from tests.engines.stores import in_parquet, in_postgresql, in_sqlite

INDICATORS = (Indicator("aware", 0.75, {"en": "Awareness"}), Indicator("satisfied", 0.8, {"en": "Satisfaction"}))
KEYS, VARIABLES = ("district", "point", "sex"), ("aware", "satisfied", "score")
UNSURE = {"unsure": ("aware:missing", "dont_know")}

Store = Callable[[pd.DataFrame], Engine]


def rows(n: int = 5000, seed: int = 1) -> pd.DataFrame:
    """A wave with uneven weights, some of them 0, with a score, reasons, and gaps in keys and answers."""
    rng = np.random.default_rng(seed)
    made = with_reasons(wave(seed, n, points=20))
    made["stratum"] = made["district"].where(rng.random(n) < 0.9, None)
    made["w"] = np.where(rng.random(n) < 0.05, 0.0, rng.uniform(0.5, 3, n))
    made["score"] = np.where(rng.random(n) < 0.1, nan, rng.normal(50, 10, n))
    for name, share in (("sex", 0.1), ("age_band", 0.1), ("street", 0.05), ("neighbourhood", 0.05), ("point", 0.02)):
        made[name] = made[name].where(rng.random(n) >= share, None)
    return made


@pytest.fixture(params=["sqlite", "postgresql", "duckdb", "spark"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Puts rows where the engine reads them; the test runs once for each engine."""
    if request.param == "sqlite":
        return lambda frame: in_sqlite(frame, tmp_path)
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgresql_url")
        return lambda frame: in_postgresql(frame, url)
    if request.param == "duckdb":
        return lambda frame: DuckDb(in_parquet(frame, tmp_path / "wave"), threads=2)
    cluster: spark.Cluster = request.getfixturevalue("spark_cluster")
    return lambda frame: Spark(cluster.address, f'parquet."{in_parquet(frame, tmp_path / "wave")}"')


def same(one: Tally, other: Tally) -> None:
    """Equal cells in the same order, sums to 1e-12 of themselves."""
    assert (one.keys, one.variables) == (other.keys, other.variables)
    cells = (t.cells.astype(dict.fromkeys(t.keys, object)) for t in (one, other))
    left, right = (c.where(c.notna(), None).astype(dict.fromkeys(c.columns.drop(list(one.keys)), float)) for c in cells)
    pd.testing.assert_frame_equal(left, right, check_like=True, rtol=1e-12, atol=1e-12)


def test_the_tally_is_the_same_from_every_engine(store: Store) -> None:
    sample = rows()
    same(tally_from(store(sample), KEYS, VARIABLES, "w", UNSURE), tally_from(sample, KEYS, VARIABLES, "w", UNSURE))


def test_the_report_is_the_same_from_every_engine(store: Store) -> None:
    sample = rows()
    expected = wave_rates(sample, margins(), INDICATORS)
    found = rates_of_tally(wave_tally_from(store(sample), INDICATORS), margins(), INDICATORS)
    assert (found.merges, found.weighted_by, len(found)) == (expected.merges, expected.weighted_by, len(expected))
    for one, other in zip(found, expected, strict=True):
        assert (one.indicator, one.mode, one.domain_kind, one.domain, one.left_out) == (
            other.indicator, other.mode, other.domain_kind, other.domain, other.left_out
        )  # fmt: skip
        for field in fields(Estimate):
            mine, theirs = getattr(one.estimate, field.name), getattr(other.estimate, field.name)
            exact = not isinstance(theirs, float)
            assert mine == (theirs if exact else pytest.approx(theirs, rel=1e-12, abs=0, nan_ok=True)), field.name


def test_a_wave_that_lacks_the_optional_columns_is_the_same_from_every_engine(store: Store) -> None:
    sample = rows(300)[["mode", "district", "street", "neighbourhood", "point", "aware"]]
    sample["point"] = None
    same(wave_tally_from(store(sample), INDICATORS[:1]), wave_tally(sample, INDICATORS[:1]))


@dataclass(frozen=True, slots=True)
class Fault:
    """A cell of a wave that the input contract refuses."""

    column: str
    value: Any
    where: bool = True  # in a row with an answer to `aware`


@pytest.mark.parametrize(
    "fault",
    [
        Fault("aware", 2.0),
        Fault("satisfied", 0.5),
        Fault("satisfied", float("inf")),
        Fault("satisfied", -1.0),
        Fault("aware:missing", "forgot", where=False),
        Fault("aware:missing", "refused"),
        Fault("mode", None),
        Fault("district", None),
    ],
    ids=lambda fault: f"{fault.column} {fault.value}",
)
def test_every_engine_refuses_what_a_frame_refuses_with_the_same_words(fault: Fault, tmp_path: Path) -> None:
    sample = rows(200)
    place = int(np.flatnonzero(sample["aware"].notna() == fault.where)[3])
    sample[fault.column] = [fault.value if row == place else value for row, value in enumerate(sample[fault.column])]
    with pytest.raises(ColumnsError) as expected:
        wave_tally(sample, INDICATORS)
    for engine in (in_sqlite(sample, tmp_path), DuckDb(in_parquet(sample, tmp_path / "wave"), threads=1)):
        with pytest.raises(ColumnsError) as found:
            wave_tally_from(engine, INDICATORS)
        assert str(found.value) == str(expected.value)


def test_every_engine_refuses_an_indicator_that_is_no_share(store: Store) -> None:
    sample = rows(200).assign(satisfied=2.0)
    with pytest.raises(ColumnsError, match="Column satisfied holds 2; an indicator is 1, 0 or missing"):
        wave_tally_from(store(sample), INDICATORS)


def test_a_text_among_the_numbers_of_sqlite_is_refused(tmp_path: Path) -> None:
    sample = rows(200).astype({"aware": object})
    sample.loc[0, "aware"] = "yes"
    with pytest.raises(ValueError, match="yes"):
        wave_tally_from(in_sqlite(sample, tmp_path), INDICATORS)


@pytest.mark.parametrize("weight", [nan, -1.0, float("inf")])
def test_every_engine_refuses_a_weight_that_is_none(weight: float, tmp_path: Path) -> None:
    sample = rows(200)
    sample.loc[5, "w"] = weight
    for source in (sample, in_sqlite(sample, tmp_path), DuckDb(in_parquet(sample, tmp_path / "wave"), threads=1)):
        with pytest.raises(TallyError, match="Column w has weights that are missing, negative or not finite"):
            tally_from(source, KEYS, VARIABLES, "w")


def test_a_column_that_is_not_there_is_named(store: Store) -> None:
    sample = rows(20)
    for source in (sample, store(sample)):
        with pytest.raises(TallyError, match=r"no column ward\. The columns are mode"):
            tally_from(source, ["ward"], ["aware"])
    with pytest.raises(ColumnsError, match="no column happy"):
        wave_tally_from(store(sample), [Indicator("happy", 0.5, {})])


def test_both_workers_of_the_cluster_take_part(spark_cluster: spark.Cluster) -> None:
    state = spark_cluster.state()
    assert state["aliveworkers"] == spark.WORKERS == 2
    assert [application["cores"] for application in state["activeapps"]] == [2]
    assert [worker["coresused"] for worker in state["workers"]] == [1, 1]


@settings(max_examples=5)
@given(parts=st.integers(1, 4), order=st.randoms(use_true_random=False))
def test_neither_the_order_of_the_rows_nor_their_files_change_the_tally(
    parts: int, order: Random, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sample = rows(60)
    mixed = sample.iloc[order.sample(range(len(sample)), len(sample))]
    folder = in_parquet(mixed, tmp_path_factory.mktemp("mixed") / "wave", parts)
    same(tally_from(DuckDb(folder, threads=2), KEYS, VARIABLES, "w"), tally(sample, KEYS, VARIABLES, "w"))


def test_the_tally_of_two_files_is_the_sum_of_their_tallies(tmp_path: Path) -> None:
    folder = in_parquet(rows(400), tmp_path / "wave")
    one, other = (wave_tally_from(DuckDb(folder / f"part-{n}.parquet"), INDICATORS) for n in (0, 1))
    same(one + other, wave_tally_from(DuckDb(folder), INDICATORS))


def test_whole_numbers_are_codes_also_beside_a_missing_one(tmp_path: Path) -> None:
    sample = rows(200).assign(point=pd.array([440103, None] * 100, dtype="Int64"))
    sample.to_parquet(tmp_path / "wave.parquet")
    cells = wave_tally_from(DuckDb(tmp_path / "wave.parquet"), INDICATORS).cells
    assert "440103" in set(cells["unit"])
    same(wave_tally_from(DuckDb(tmp_path / "wave.parquet"), INDICATORS), wave_tally(sample, INDICATORS))


def test_the_string_is_plain_sql() -> None:
    words = set(tally_sql("wave", KEYS, VARIABLES, "w").replace("(", " ").replace(")", " ").replace(",", " ").split())
    plain = {
        "SELECT",
        "FROM",
        "AS",
        "GROUP",
        "BY",
        "CASE",
        "WHEN",
        "THEN",
        "ELSE",
        "END",
        "COUNT",
        "SUM",
        "MIN",
        "IS",
        "NOT",
    }
    assert {word for word in words if word.isupper() and '"' not in word} <= plain | {"NULL"}


@dataclass(frozen=True, slots=True)
class Careless:
    """SQLite or DuckDB with a fault planted in the string or in the result."""

    engine: Engine
    change: Callable[[str], str] = str
    result: Callable[[pd.DataFrame], pd.DataFrame] = pd.DataFrame

    @property
    def relation(self) -> str:
        return self.engine.relation

    def run(self, sql: str) -> pd.DataFrame:
        return self.result(self.engine.run(self.change(sql)))


def test_an_engine_that_drops_missing_keys_is_caught(tmp_path: Path) -> None:
    sample = rows(400)
    careless = Careless(in_sqlite(sample, tmp_path), result=lambda found: found.dropna(subset=["sex"]))
    with pytest.raises(AssertionError):
        same(tally_from(careless, KEYS, VARIABLES, "w"), tally(sample, KEYS, VARIABLES, "w"))


def test_an_engine_that_counts_nan_as_an_answer_is_caught(tmp_path: Path) -> None:
    sample = rows(400)
    careless = Careless(
        DuckDb(in_parquet(sample, tmp_path / "wave")), lambda sql: sql.replace(where_answered("aware", '"w"'), '"w"')
    )
    with pytest.raises(AssertionError):
        same(tally_from(careless, KEYS, VARIABLES, "w"), tally(sample, KEYS, VARIABLES, "w"))


def test_rows_of_weight_0_counted_as_interviews_are_caught(tmp_path: Path) -> None:
    sample = rows(400)
    careless = Careless(in_sqlite(sample, tmp_path), lambda sql: sql.replace("THEN 1 ELSE 0", "THEN 1 ELSE 1"))
    with pytest.raises(AssertionError):
        same(tally_from(careless, KEYS, VARIABLES, "w"), tally(sample, KEYS, VARIABLES, "w"))


@pytest.mark.parametrize(
    ("library", "engine", "message"),
    [
        ("duckdb", DuckDb(Path("wave.parquet")), "extra `scale` of pyproject.toml: pip install duckdb pyarrow"),
        ("pyspark.sql.connect.session", Spark("sc://here", "wave"), "extra `spark` of pyproject.toml: pip install"),
    ],
)
def test_a_missing_library_is_named_with_its_extra(
    library: str, engine: Engine, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtra, match=message):
        engine.run("SELECT 1")


def test_a_database_is_only_read(tmp_path: Path) -> None:
    engine = in_sqlite(rows(20), tmp_path)
    with pytest.raises(Exception, match="readonly"):
        Sqlite(engine.path, engine.relation).run("DELETE FROM wave")
