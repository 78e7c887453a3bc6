"""Post-strata of a wave: what is merged where nobody answered, and that the people still add up."""

from collections.abc import Mapping

import pandas as pd
import pytest

from analysis.weights import Merge, PostStrata, poststrata
from tests.analysis.samples import margins, margins_by

Interviews = Mapping[tuple[str, str | None, str | None], int]


def cells(interviews: Interviews) -> pd.DataFrame:
    rows = [(*place, n) for place, n in interviews.items()]
    return pd.DataFrame(rows, columns=["district", "sex", "age_band", "n"])


FULL: Interviews = {("D0", sex, band): 5 for sex in "FM" for band in ("18-34", "35-59", "60+")}


def made(interviews: Interviews, min_n: int = 1) -> PostStrata:
    return poststrata(cells(interviews), margins(1), min_n)


def people_of(strata: PostStrata) -> float:
    return float(strata.margin.population.sum())


def test_with_answers_everywhere_every_cell_stands_alone() -> None:
    strata = made(FULL)
    assert strata.merges == ()
    assert len(strata.margin.population) == 6
    assert people_of(strata) == margins(1)["population"].sum()


def test_an_empty_age_band_joins_the_nearest_of_its_sex() -> None:
    strata = made({place: n for place, n in FULL.items() if place != ("D0", "F", "60+")})
    assert strata.merges == (Merge("age_bands", "D0", "F", "60+", into="35-59"),)
    assert len(strata.margin.population) == 5
    assert people_of(strata) == margins(1)["population"].sum()


def test_a_thin_age_band_joins_its_neighbour_where_more_interviews_are_asked_for() -> None:
    strata = made({**FULL, ("D0", "M", "18-34"): 2}, min_n=3)
    assert strata.merges == (Merge("age_bands", "D0", "M", "18-34", into="35-59"),)
    # Both cells are one post-stratum: they are weighted alike.
    group = dict(zip(FULL, strata.margin.group.tolist(), strict=True))
    assert group["D0", "M", "18-34"] == group["D0", "M", "35-59"]


def test_a_sex_without_interviews_makes_the_district_one_post_stratum() -> None:
    strata = made({place: n for place, n in FULL.items() if place[1] == "F"})
    assert strata.merges == (Merge("sexes", "D0", sex="M"),)
    assert strata.margin.population.tolist() == [margins(1)["population"].sum()]


def test_a_district_without_interviews_is_reported_and_left_out() -> None:
    strata = poststrata(cells(FULL), margins(2))
    assert strata.merges == (Merge("no_interviews", "D1"),)
    assert people_of(strata) == margins(1)["population"].sum()


def test_interviews_of_unknown_age_stand_for_their_share_of_the_district() -> None:
    strata = made({**FULL, ("D0", "F", None): 10})
    everyone = margins(1)["population"].sum()
    assert strata.merges == (Merge("unknown", "D0"),)
    assert strata.margin.population[strata.margin.group[-1]] == pytest.approx(everyone / 4)
    assert people_of(strata) == pytest.approx(everyone)


def test_interviews_of_unknown_age_alone_stand_for_the_district() -> None:
    assert people_of(made({("D0", None, None): 3})) == margins(1)["population"].sum()


def test_a_sex_that_does_not_live_there_merges_nothing() -> None:
    population = margins(1)
    population.loc[population["sex"] == "M", "population"] = 0
    strata = poststrata(cells({place: n for place, n in FULL.items() if place[1] == "F"}), population)
    assert strata.merges == ()


def test_interviews_where_nobody_lives_join_those_who_do() -> None:
    population = margins(1)
    population.loc[(population["sex"] == "M") & (population["age_band"] == "60+"), "population"] = 0
    strata = poststrata(cells(FULL), population)
    assert strata.merges == (Merge("age_bands", "D0", "M", "60+", into="35-59"),)


def test_bands_are_in_order_of_age_and_not_of_spelling() -> None:
    population = pd.DataFrame(
        [{"district": "D0", "sex": "F", "age_band": band, "population": 10} for band in ("100+", "18-59", "60-99")]
    )
    strata = poststrata(cells({("D0", "F", "18-59"): 2, ("D0", "F", "60-99"): 2}), population)
    assert strata.merges == (Merge("age_bands", "D0", "F", "100+", into="60-99"),)


def test_people_from_a_district_outside_the_population_stand_for_nobody() -> None:
    strata = poststrata(cells({**FULL, ("D9", "F", "60+"): 4}), margins(1))
    assert strata.merges == (Merge("outside", "D9"),)
    assert strata.margin.population[strata.margin.group[-1]] == 0
    assert people_of(strata) == margins(1)["population"].sum()


def test_without_sexes_an_empty_age_band_joins_its_neighbour() -> None:
    population = margins_by("district", "age_band", districts=1)
    strata = poststrata(cells({("D0", None, "18-34"): 3, ("D0", None, "60+"): 3}), population)
    assert strata.merges == (Merge("age_bands", "D0", None, "35-59", into="18-34"),)
    assert strata.margin.labels == ("D0 × 18-34", "D0 × 60+")
    assert people_of(strata) == population["population"].sum()


def test_the_district_alone_is_one_post_stratum() -> None:
    population = margins_by("district", districts=1)
    strata = poststrata(cells(FULL), population)
    assert (strata.merges, strata.margin.labels) == ((), ("D0",))
    assert people_of(strata) == population["population"].sum()


def test_every_cell_of_the_people_knows_who_speaks_for_it() -> None:
    interviews = {place: n for place, n in FULL.items() if place != ("D0", "F", "60+")}
    strata = poststrata(cells(interviews), margins(2))
    here = {(cell.sex, cell.age_band): cell for cell in strata.cells if cell.district == "D0"}
    assert (here["F", "60+"].into, here["F", "60+"].n, here["F", "60+"].alone) == ("D0 × F × 35-59", 0, False)
    assert (here["F", "35-59"].n, here["F", "35-59"].alone) == (5, False)
    assert here["M", "60+"].alone
    assert {cell.into for cell in strata.cells if cell.district == "D1"} == {None}
    assert sum(cell.population for cell in strata.cells) == margins(2)["population"].sum()


@pytest.mark.parametrize("interviews", [{("D0", "F", "60+"): 4}, {("D0", None, None): 4}])
def test_a_district_in_one_post_stratum_is_spoken_for_as_a_whole(interviews: Interviews) -> None:
    strata = made(interviews)
    assert {cell.into for cell in strata.cells} == set(strata.margin.labels)
    assert not any(cell.alone for cell in strata.cells)
    assert people_of(strata) == margins(1)["population"].sum()
