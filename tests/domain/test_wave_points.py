"""That generated points are spread evenly, deal the places in turn, and are always the same."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.domain.document import Document
from survey.domain.frame import Area, Frame, Level
from survey.domain.points import generate_points
from survey.domain.problems import Invalid
from survey.domain.wave import Mode, PlaceType, PointPlan
from survey.domain.wave_plan import parse_plan
from tests.frames import excerpt
from tests.frames.excerpt import HUAYING, REFERENCE_DATE, YUECHI
from tests.frames.instrument import questionnaire

FRAME = excerpt.frame()
PLACES = (PlaceType.MARKET, PlaceType.STATION, PlaceType.SQUARE)


def generate(k: int, *places: PlaceType, frame: Frame = FRAME) -> tuple[PointPlan, ...]:
    districts = [area.code for area in frame.districts]
    return generate_points(frame, districts, Mode.INTERCEPT, k, places or PLACES)


def grown(streets: int, communities: int) -> Frame:
    """A city of one district with streets of equally many communities."""
    areas = [Area("511600", None, Level.CITY, "市", ""), Area("511621", "511600", Level.DISTRICT, "县", "")]
    for street in range(1, streets + 1):
        code = f"511621{street:03d}"
        areas.append(Area(code, "511621", Level.STREET, "街道", ""))
        areas += [Area(f"{code}{one:03d}", code, Level.COMMUNITY, "社区", "") for one in range(1, communities + 1)]
    return Frame({area.code: area for area in areas}, (), REFERENCE_DATE)


def refusal(per_district: int, places: list[str], frame: Frame = FRAME) -> list[tuple[str, str]]:
    form = {
        "wave": "w",
        "title": {"zh-Hans": "题", "en": "Title"},
        "questionnaire": {"code": "civic", "version": 1},
        "opens": "2026-03-02T08:00Z",
        "closes": "2026-03-03T08:00Z",
        "districts": "all",
        "within": "equal",
        "samples": [{"mode": "intercept", "n": 10, "allocation": "equal"}],
        "generate": [{"mode": "intercept", "per_district": per_district, "places": places}],
    }
    with pytest.raises(Invalid) as refused:
        parse_plan(Document("form", form, {}), questionnaire(), frame)
    return [(problem.field, problem.code) for problem in refused.value.problems]


def test_four_points_of_twenty_seven_towns_stand_in_the_middle_of_each_quarter() -> None:
    towns = [area.code for area in FRAME.children(YUECHI)]
    found = [FRAME.street_of(point.area_code) for point in generate(4)][:4]
    assert [towns.index(street.code) for street in found if street] == [3, 10, 16, 23]


def test_a_point_stands_in_a_community_where_the_frame_lists_them() -> None:
    points = generate(27)
    levels = Counter(FRAME.areas[point.area_code].level for point in points)
    assert levels[Level.COMMUNITY] >= 2
    assert levels[Level.DISTRICT] == 0
    assert {point.area_code for point in points if point.area_code.startswith("511681001")} <= {
        area.code for area in FRAME.children("511681001")
    }


def test_the_same_frame_gives_the_same_points() -> None:
    assert generate(5) == generate(5)


def test_places_are_dealt_in_turn_over_the_whole_city() -> None:
    assert [point.place_type for point in generate(2)] == [*PLACES, PLACES[0]]
    assert Counter(point.place_type for point in generate(6)) == dict.fromkeys(PLACES, 4)


@given(st.integers(1, 40), st.integers(0, 12), st.integers(1, 60))
def test_points_are_spread_as_evenly_as_whole_numbers_allow(streets: int, communities: int, k: int) -> None:
    frame = grown(streets, communities)
    points = generate(k, frame=frame)
    per_street = Counter(point.area_code[:9] for point in points)
    assert len(points) == k
    assert max(per_street.values()) - (min(per_street.values()) if len(per_street) == streets else 0) <= 1
    taken = sorted(int(code[6:]) - 1 for code in per_street)
    gaps = [later - earlier for earlier, later in pairwise(taken)]
    assert not gaps or max(gaps) - min(gaps) <= 1
    assert taken[0] + (streets - 1 - taken[-1]) <= max(gaps, default=streets)


def test_more_points_than_areas_and_places_are_refused() -> None:
    assert ("generate[1].per_district", "wave_too_many_points") in refusal(40, ["market"])


def test_a_district_without_streets_cannot_get_points() -> None:
    areas = {code: area for code, area in FRAME.areas.items() if not code.startswith(HUAYING) or code == HUAYING}
    frame = Frame(areas, FRAME.population, REFERENCE_DATE)
    assert refusal(1, ["market"], frame) == [("generate[1]", "wave_no_streets")]


def test_the_same_place_or_mode_twice_is_refused() -> None:
    assert refusal(1, ["market", "market"]) == [("generate[1].places[2]", "wave_place_twice")]


def test_a_listed_point_that_is_generated_as_well_stands_once() -> None:
    generated = generate(2, PlaceType.MARKET)
    form = {
        "wave": "w",
        "title": {"zh-Hans": "题", "en": "Title"},
        "questionnaire": {"code": "civic", "version": 1},
        "opens": "2026-03-02T08:00Z",
        "closes": "2026-03-03T08:00Z",
        "districts": "all",
        "samples": [{"mode": "intercept", "n": 10, "allocation": "equal"}],
        "points": [{"area": generated[0].area_code, "place": "market", "mode": "intercept"}],
        "generate": [{"mode": "intercept", "per_district": 2, "places": ["market"]}],
    }
    assert parse_plan(Document("form", form, {}), questionnaire(), FRAME).points == generated
