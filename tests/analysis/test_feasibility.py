"""Totals that no weights meet are refused by name, with the proof and the way out."""

import numpy as np
import pandas as pd
import pytest

from analysis.calibration import CalibrationError, Margin, calibrate, margin, poststratify, rake
from analysis.design import Design, Floats, declare
from analysis.feasibility import names_of_totals, reach, reach_of_margins
from analysis.replicates import Replicates
from tests.analysis.samples import fixed


def table(interviews: dict[tuple[str, str], int]) -> pd.DataFrame:
    """One row an interview: district and sex."""
    rows = [place for place, n in interviews.items() for _ in range(n)]
    return pd.DataFrame(rows, columns=["district", "sex"])


def people(name: str, **sizes: float) -> pd.DataFrame:
    return pd.DataFrame({name: list(sizes), "population": list(sizes.values())})


def raked(sample: pd.DataFrame, *populations: pd.DataFrame, rounds: int = 10_000) -> Design:
    return rake(declare(sample), [margin(sample, population) for population in populations], rounds=rounds)


FULL = {(district, sex): 5 for district in ("north", "south", "west") for sex in ("F", "M")}


def test_groups_without_interviews_are_named_before_anything_is_tried() -> None:
    with pytest.raises(CalibrationError, match="No interview in east, where there are people"):
        raked(table(FULL), people("sex", F=50, M=60), people("district", north=40, south=30, west=30, east=10))


def test_margins_of_different_size_are_named_with_their_sums() -> None:
    with pytest.raises(CalibrationError, match=r"sex 110; district 100"):
        raked(table(FULL), people("sex", F=50, M=60), people("district", north=40, south=30, west=30))


def test_margins_that_differ_by_rounding_only_are_met() -> None:
    design = raked(table(FULL), people("sex", F=50, M=50.00004), people("district", north=40, south=30, west=30))
    assert design.weights.sum() == pytest.approx(100)


def test_a_group_that_lies_wholly_in_a_smaller_one_is_named_with_it() -> None:
    sample = table({**FULL, ("north", "M"): 0})
    with pytest.raises(CalibrationError, match=r"in M \(sex, 50 people\) are in south, west \(district, 40"):
        raked(sample, people("sex", F=50, M=50), people("district", north=60, south=20, west=20))


# People of the north and of the south were met in spring and summer only: 60 for 50. Each alone would fit, and so would
# autumn and winter, one by one.
SEASONS = {
    (district, season): 2
    for district in ("north", "south", "east", "west")
    for season in ("spring", "summer", "autumn", "winter")
    if district in ("east", "west") or season in ("spring", "summer")
}
SEASON = people("sex", spring=25, summer=25, autumn=25, winter=25)
DISTRICT = people("district", north=30, south=30, east=20, west=20)


def test_groups_that_only_together_do_not_fit_are_proved_not_to() -> None:
    for rounds in (20, 10_000):
        with pytest.raises(CalibrationError, match=r"contradict each other.* too (few|many) for its") as refusal:
            raked(table(SEASONS), SEASON, DISTRICT, rounds=rounds)
        assert any(f"{name} (" in str(refusal.value) for name in ("north", "south", "autumn", "winter", "spring"))


def test_margins_that_leave_a_combination_nobody_are_told_to_creep() -> None:
    # All women are needed in the north, so those of the south must have weight 0.
    sample = table({("north", "F"): 5, ("south", "F"): 5, ("south", "M"): 5})
    with pytest.raises(CalibrationError, match=r"weight 0 for the interviews in F × south, which") as refusal:
        raked(sample, people("sex", F=50, M=50), people("district", north=50, south=50), rounds=300)
    assert "still shrinks" in str(refusal.value)


def test_a_miss_that_still_shrinks_comes_with_the_rounds_it_needs() -> None:
    sample = table({("north", "F"): 90, ("north", "M"): 2, ("south", "F"): 2, ("south", "M"): 90})
    sexes, districts = people("sex", F=30, M=70), people("district", north=60, south=40)
    with pytest.raises(
        CalibrationError, match=r"(F|M) \(sex\) has .* still shrinks .* some \d+ more rounds"
    ) as refusal:
        raked(sample, sexes, districts, rounds=12)
    needed = int(str(refusal.value).split("some ")[1].split(" more")[0])
    assert raked(sample, sexes, districts, rounds=12 + needed + 5).weights.sum() == pytest.approx(100)


def test_rounds_that_go_in_a_circle_are_told_apart_from_slow_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without the proof, what the rounds themselves show.
    monkeypatch.setattr("analysis.raking._refuse_impossible", lambda _base, _margins: None)
    with pytest.raises(CalibrationError, match="no longer shrinks"):
        raked(table(SEASONS), SEASON, DISTRICT, rounds=60)


def test_a_replicate_that_loses_a_group_is_named() -> None:
    sample = table({("north", "F"): 2, ("south", "M"): 2})
    weights = np.array([[2.0, 1], [2, 1], [0, 1], [0, 1]])
    design = declare(sample).with_replicates(Replicates(weights, 1.0, np.ones(2)))
    with pytest.raises(CalibrationError, match="In set 1 of the replicate weights: No interview in M"):
        poststratify(design, margin(sample, people("sex", F=3, M=4)))


def test_a_population_that_is_missing_is_refused_by_name() -> None:
    with pytest.raises(CalibrationError, match="missing or negative in M"):
        margin(table(FULL), people("sex", F=50, M=np.nan))


def within(bounds: tuple[float, float], totals: Floats, distance: str) -> Floats:
    sample, x, names = variables()
    before = declare(sample, weights="w")
    return x.T @ calibrate(before, x, totals, distance=distance, bounds=bounds, names=names).weights


def variables() -> tuple[pd.DataFrame, Floats, tuple[str, ...]]:
    sample = fixed()
    x = np.column_stack([np.ones(30), sample["sex"] == "M", sample["x"]]).astype(np.float64)
    return sample, x, ("people", "men", "income")


@pytest.mark.parametrize("distance", ["linear", "raking", "logit"])
def test_bounds_that_are_too_tight_come_with_those_that_would_do(distance: str) -> None:
    totals = np.array([240.0, 146, 8000])  # twice the sample's weights, nearly
    with pytest.raises(CalibrationError, match=r"(people|men|income) has .* too few .*the upper bound") as refusal:
        within((0.5, 1.5), totals, distance)
    upper = float(str(refusal.value).split("the upper bound ")[1].split(" ")[0])
    assert 2 < upper < 2.5
    assert within((0.5, upper + 0.05), totals, distance) == pytest.approx(totals)
    with pytest.raises(CalibrationError):
        within((0.5, upper - 0.05), totals, distance)


def test_a_variable_that_nobody_in_the_sample_has_is_named() -> None:
    sample, x, _ = variables()
    x = np.column_stack([x, np.zeros(30)])
    with pytest.raises(CalibrationError, match="students is 0 for every row of the sample, but its total is 12"):
        calibrate(declare(sample), x, np.array([120.0, 70, 4000, 12]), names=("people", "men", "income", "students"))


def test_totals_that_break_an_equation_of_the_sample_are_named() -> None:
    sample, x, _ = variables()
    x = np.column_stack([x, sample["sex"] == "F"])
    with pytest.raises(CalibrationError, match="people, men, women are tied"):
        calibrate(declare(sample), x, np.array([120.0, 70, 4000, 51]), names=("people", "men", "income", "women"))
    assert calibrate(declare(sample), x, np.array([120.0, 70, 4000, 50])).weights.sum() == pytest.approx(120)


def test_totals_that_only_negative_weights_meet_are_refused_by_the_multiplicative_distance() -> None:
    sample, x, names = variables()
    totals = np.array([120.0, 70, 120 * sample["x"].max() * 1.1])  # more on average than anybody has
    with pytest.raises(CalibrationError, match=r"income has .* too few .*lower bound -"):
        calibrate(declare(sample, weights="w"), x, totals, distance="raking", names=names)
    assert calibrate(declare(sample, weights="w"), x, totals).weights.min() < 0


def test_missing_variables_and_totals_are_refused() -> None:
    sample, x, _ = variables()
    with pytest.raises(CalibrationError, match="variable is missing"):
        calibrate(declare(sample), np.where(x == x.max(), np.nan, x), np.array([120.0, 70, 4000]))
    with pytest.raises(CalibrationError, match="A total is missing"):
        calibrate(declare(sample), x, np.array([120.0, np.nan, 4000]))
    with pytest.raises(CalibrationError, match="30 rows of 3"):
        calibrate(declare(sample), x, np.array([120.0, 70]))


def test_the_proof_is_right_on_random_tables() -> None:
    rng = np.random.default_rng(5)
    for _ in range(20):
        weights = rng.lognormal(0, 1, 40)
        x = np.column_stack([np.ones(40), rng.integers(0, 2, 40), rng.lognormal(0, 1, 40)])
        g = rng.uniform(0.6, 1.7, 40)
        inside = reach(weights, x, x.T @ (weights * g), 0.6, 1.7)
        assert inside.nearest().feasible
        assert inside.widening(1.0, 1.0) == pytest.approx(0, abs=1e-9)
        # 1.7 for everybody is the most there is, so a thousandth more is out of reach, by that much.
        most = reach(weights, x, x.T @ weights * 1.7 * 1.001, 0.6, 1.7)
        assert not most.nearest().feasible
        assert most.widening(0.0, 1.0) == pytest.approx(0.0017, rel=1e-3)


def test_names_of_totals_carry_the_margin_or_its_place() -> None:
    known = Margin(np.array([0, 1]), np.array([1.0, 2]), ("a", "b"))
    assert names_of_totals([known]) == ("a (margin 1)", "b (margin 1)")
    assert reach_of_margins(np.array([1.0, 1]), [known]).nearest().feasible
