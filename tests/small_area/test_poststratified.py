"""Multilevel regression and poststratification, as its user meets it."""

import numpy as np
import pandas as pd
import pytest

from analysis.small_area.areas import AreaError, Areas
from analysis.small_area.poststratified import poststratify
from tests.small_area.samples import areas_of

AGES, SEXES = ("18-34", "35-59", "60+"), ("F", "M")


def survey(rng: np.random.Generator, areas: int = 60) -> tuple[Areas, pd.DataFrame, pd.DataFrame, np.ndarray]:
    """Areas, cells, people and true rates. The old say yes more often, and are met too often."""
    grid = pd.MultiIndex.from_product([range(areas), AGES, SEXES], names=["area", "age", "sex"]).to_frame(index=False)
    age = grid["age"].map({"18-34": -0.8, "35-59": 0.0, "60+": 1.0}).to_numpy()
    effect = (0.5 * rng.standard_normal(areas))[grid["area"]] + 0.3 * rng.standard_normal(6)[grid["area"] % 6]
    rate = 1 / (1 + np.exp(-(age + effect - 0.3 * (grid["sex"] == "M").to_numpy())))
    people = rng.integers(100, 500, len(grid))
    met = rng.poisson(np.where(grid["age"] == "60+", 6.0, 2.0))
    cells = grid.assign(n=met.astype(float), yes=rng.binomial(met, rate).astype(float))
    total = cells.groupby("area")[["yes", "n"]].sum()
    total_people = np.bincount(grid["area"], people)
    truth = np.bincount(grid["area"], rate * people) / total_people
    found = areas_of(total["yes"].tolist(), total["n"].tolist(), [str(i % 6) for i in range(areas)])
    return found, cells, grid.assign(population=people), truth


def test_it_puts_right_who_was_met_too_often() -> None:
    areas, cells, people, truth = survey(np.random.default_rng(31))
    found = poststratify(areas, cells, people)
    assert found.coefficients == ("(Intercept)", "sexM")
    assert found.effects == ("age", "area", "district")
    assert abs((found.share - truth).mean()) < 0.02
    assert (areas.shares - truth).mean() > 0.05
    assert np.sqrt(((found.share - truth) ** 2).mean()) < 0.65 * np.sqrt(((areas.shares - truth) ** 2).mean())
    # Spreads are taken for known, so the intervals are a little too narrow.
    assert 0.88 <= (np.abs(found.share - truth) < 1.96 * found.sd).mean() <= 1


def test_forgotten_counts_of_people_are_caught() -> None:
    areas, cells, people, _ = survey(np.random.default_rng(32))
    right = poststratify(areas, cells, people).share
    flat = poststratify(areas, cells, people.assign(population=1)).share
    assert np.abs(right - flat).max() > 0.02


def test_counts_in_other_units_and_cells_in_other_rows_change_nothing() -> None:
    areas, cells, people, _ = survey(np.random.default_rng(33), 24)
    right = poststratify(areas, cells, people)
    split = pd.concat([cells.assign(yes=cells["yes"] / 2, n=cells["n"] / 2)] * 2)
    again = poststratify(
        areas, split, people.assign(population=people["population"] / 1000).sample(frac=1, random_state=1)
    )
    assert again.share == pytest.approx(right.share, abs=1e-8)
    assert again.sd == pytest.approx(right.sd, abs=1e-8)


def test_people_counted_by_district_make_up_its_areas() -> None:
    areas, cells, people, _ = survey(np.random.default_rng(37), 24)
    alike = people.assign(population=np.tile([300, 200, 500, 100, 250, 50], 24))  # every area made up in the same way
    of_district = alike.assign(district=(alike["area"] % 6).astype(str)).groupby(["district", "age", "sex"])
    counts = of_district["population"].sum().reset_index()
    right = poststratify(areas, cells, alike)
    assert poststratify(areas, cells, counts).share == pytest.approx(right.share, abs=1e-12)
    with pytest.raises(AreaError, match="no column area or district"):
        poststratify(areas, cells, counts.drop(columns="district"))


def test_an_area_without_interviews_is_predicted_from_its_people() -> None:
    _, cells, people, truth = survey(np.random.default_rng(34))
    kept = cells[cells["area"] != 0]
    total = kept.groupby("area")[["yes", "n"]].sum().reindex(range(60), fill_value=0)
    fewer = areas_of(total["yes"].tolist(), total["n"].tolist(), [str(i % 6) for i in range(60)])
    found = poststratify(fewer, kept, people)
    assert found.sources[0] == "prediction"
    assert found.sd[0] > found.sd[1:].max()
    assert abs(found.share[0] - truth[0]) < 3 * found.sd[0]


def test_where_all_answers_agree_nothing_can_be_said() -> None:
    areas, cells, people, _ = survey(np.random.default_rng(35), 12)
    found = poststratify(areas, cells.assign(yes=cells["n"]), people)
    assert found.notes == ("all_answers_agree",)
    assert np.isnan(found.share).all()


def test_what_does_not_fit_is_named() -> None:
    areas, cells, people, _ = survey(np.random.default_rng(36), 12)
    with pytest.raises(AreaError, match="no column age"):
        poststratify(areas, cells.drop(columns="age"), people)
    with pytest.raises(AreaError, match="sex: nobody of X was asked"):
        poststratify(areas, cells, people.replace({"sex": {"M": "X"}}))
    with pytest.raises(AreaError, match="area: 99 is not among the areas"):
        poststratify(areas, cells.replace({"area": {3: 99}}), people)
    with pytest.raises(AreaError, match="population: nobody lives in 3"):
        poststratify(areas, cells, people[people["area"] != 3])


def test_people_who_cannot_be_counted_are_refused_with_their_cell() -> None:
    areas, cells, people, _ = survey(np.random.default_rng(38), 12)
    people["population"] = people["population"].astype(float)
    for wrong in (-5.0, np.nan, np.inf):
        broken = people.copy()
        broken.loc[3, "population"] = wrong
        with pytest.raises(AreaError, match="population: 0 × 35-59 × M has no number of 0 or more"):
            poststratify(areas, cells, broken)
    with pytest.raises(AreaError, match="population: 0 × 18-34 × M is there twice"):
        poststratify(areas, cells, pd.concat([people, people.iloc[1:2]]))
