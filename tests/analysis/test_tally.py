"""The tally adds up, and estimates from it are those from the rows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.calibration import margin, poststratify, rake
from analysis.design import declare
from analysis.estimate import mean, mean_of, proportion, proportion_of
from analysis.tally import Tally, tally
from tests.analysis.samples import clustered

KEYS = ("district", "point", "sex", "age_band")
VARIABLES = ("aware", "score")
SEX = pd.DataFrame({"sex": ["F", "M"], "population": [5200.0, 4800.0]})
AGE = pd.DataFrame({"age_band": ["18-34", "35-59", "60+"], "population": [3000.0, 4500.0, 2500.0]})


def same(one: Tally, other: Tally) -> None:
    pd.testing.assert_frame_equal(one.cells, other.cells, check_dtype=False, rtol=1e-12)


@settings(max_examples=20, deadline=None)
@given(parts=st.lists(st.integers(0, 5), min_size=1, max_size=5), seed=st.integers(0, 99))
def test_the_tally_of_a_split_file_is_the_sum_of_the_tallies(parts: list[int], seed: int) -> None:
    sample = clustered(seed)
    sample.loc[::9, "sex"] = None
    choice = np.random.default_rng(seed).choice(len(parts), len(sample))
    split = [tally(sample[choice == part], KEYS, VARIABLES, "w") for part in range(len(parts))]
    together = split[0]
    for part in split[1:]:
        together = together + part
    same(together, tally(sample, KEYS, VARIABLES, "w"))


def test_a_sum_that_loses_a_part_is_seen() -> None:
    sample = clustered()
    with pytest.raises(AssertionError):
        same(tally(sample.iloc[1:], KEYS, VARIABLES, "w"), tally(sample, KEYS, VARIABLES, "w"))


def test_tallies_of_different_keys_do_not_add_up() -> None:
    sample = clustered()
    with pytest.raises(ValueError, match="same keys"):
        tally(sample, KEYS, VARIABLES) + tally(sample, KEYS[:2], VARIABLES)


def test_a_count_that_only_one_tally_has_is_not_taken_for_none() -> None:
    sample = clustered()
    counted = tally(sample, KEYS, VARIABLES, counts={"seen": np.ones(len(sample))})
    assert (counted + counted).cells["seen"].sum() == 2 * len(sample)
    with pytest.raises(ValueError, match="add up"):
        tally(sample, KEYS, VARIABLES) + counted


def test_categories_and_plain_text_make_the_same_cells() -> None:
    sample = clustered()
    coded = sample.assign(**{key: pd.Categorical(sample[key]) for key in KEYS})
    one, other = tally(sample, KEYS, VARIABLES), tally(coded, KEYS, VARIABLES)
    same(
        Tally(one.keys, one.variables, one.cells.astype(dict.fromkeys(KEYS, str))),
        Tally(other.keys, other.variables, other.cells.astype(dict.fromkeys(KEYS, str))),
    )
    same(one + other, other + one)


@pytest.mark.parametrize("calibrated", ["no", "poststratified", "raked"])
def test_estimates_from_the_tally_are_those_from_the_rows(calibrated: str) -> None:
    # R's residuals after raking count interviews, so a cell must hold interviews of one weight (see `Raked`).
    sample = clustered().assign(w=2.0) if calibrated == "raked" else clustered()
    reduced = tally(sample, KEYS, VARIABLES, "w")
    rows, cells = (
        declare(f, ids=["point"], strata="district", weights="w", nest=True) for f in (sample, reduced.cells)
    )
    if calibrated == "poststratified":
        rows, cells = (poststratify(d, margin(f, SEX)) for d, f in ((rows, sample), (cells, reduced.cells)))
    if calibrated == "raked":
        counts = reduced.cells["n"].to_numpy()
        rows = rake(rows, [margin(sample, SEX), margin(sample, AGE)])
        cells = rake(cells, [margin(reduced.cells, SEX), margin(reduced.cells, AGE)], counts=counts)
    factor = cells.weights / reduced.cells["w"].to_numpy()
    for one, other in (
        (mean(rows, sample["score"]), mean_of(cells, reduced.measure("score", factor))),
        (proportion(rows, sample["aware"]), proportion_of(cells, reduced.measure("aware", factor))),
    ):
        for field in ("value", "se", "df", "n", "n_effective", "lower", "upper", "deff"):
            assert getattr(other, field) == pytest.approx(getattr(one, field), rel=1e-9), field
