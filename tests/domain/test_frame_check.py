"""That the sums of a frame are all checked, and that a wrong figure anywhere is found and told exactly."""

import csv
import io
import json
from datetime import date

import pytest

from survey.domain.frame import Area, Frame, Level, PopulationCount, Sex
from survey.domain.frame_check import Discrepancy, FrameReport, SumCheck, SumKind, report_on
from survey.domain.frame_import import parse_frame
from tests.frames import excerpt


def excerpt_report(change: tuple[str, str, str, int] | None = None, *more: str) -> FrameReport:
    """The report on the excerpt, with one figure (area, sex, band) changed by a number of people, and rows added."""
    rows = list(csv.reader(io.StringIO(excerpt.population_csv().decode())))
    for row in rows:
        if change is not None and tuple(row[:3]) == change[:3]:
            row[3] = str(int(row[3]) + change[3])
    text = io.StringIO()
    csv.writer(text).writerows([*rows, *(row.split(",") for row in more)])
    return parse_frame(excerpt.areas_csv(), text.getvalue().encode(), excerpt.REFERENCE_DATE)[1]


def small(*figures: tuple[str, Sex | None, str | None, int]) -> FrameReport:
    """The report on a city of two districts with these figures."""
    areas = {
        "511600": Area("511600", None, Level.CITY, "市", ""),
        "511621": Area("511621", "511600", Level.DISTRICT, "甲", ""),
        "511622": Area("511622", "511600", Level.DISTRICT, "乙", ""),
    }
    counts = tuple(PopulationCount(*figure, source="") for figure in figures)
    return report_on(Frame(areas, counts, date(2020, 11, 1)))


def test_all_sums_of_the_excerpt_hold() -> None:
    report = excerpt_report()
    assert report.discrepancies == ()
    assert report.checks == (
        SumCheck(SumKind.SEXES, Level.DISTRICT, 2, 2),
        SumCheck(SumKind.BANDS, Level.DISTRICT, 4, 4),
        SumCheck(SumKind.SEXES_AND_BANDS, Level.DISTRICT, 2, 2),
        SumCheck(SumKind.CHILDREN, Level.DISTRICT, 1, 1),
    )


def test_areas_without_population_are_listed_by_level() -> None:
    without = excerpt_report().without_population
    assert without[Level.CITY] == ("511600",)
    assert Level.DISTRICT not in without
    assert len(without[Level.STREET]) == 12
    assert all(code.startswith("511681") for code in without[Level.STREET])


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        (("511621", "M", "40-44", 1), [SumKind.BANDS, SumKind.SEXES_AND_BANDS]),
        (("511621", "F", "", -100), [SumKind.BANDS, SumKind.SEXES]),
        (("511621", "", "", 7), [SumKind.CHILDREN, SumKind.SEXES, SumKind.SEXES_AND_BANDS]),
        (("511621001", "", "", 7), [SumKind.CHILDREN]),
    ],
)
def test_one_wrong_figure_is_found_by_every_sum_it_stands_in(
    change: tuple[str, str, str, int], kinds: list[SumKind]
) -> None:
    report = excerpt_report(change)
    assert sorted(found.kind for found in report.discrepancies) == kinds
    assert {abs(found.difference) for found in report.discrepancies} == {abs(change[3])}
    assert sum(check.checked - check.held for check in report.checks) == len(kinds)


def test_a_discrepancy_tells_the_published_figure_and_the_sum_of_its_parts() -> None:
    found = excerpt_report(("511621001", "", "", 7)).discrepancies
    assert found == (Discrepancy(SumKind.CHILDREN, "511621", None, None, 742747, 742754),)
    assert found[0].difference == 7


def test_a_city_that_its_listed_districts_do_not_add_up_to_is_told() -> None:
    (found,) = excerpt_report(None, "511600,,,3254883,census").discrepancies
    assert (found.kind, found.area_code, found.expected) == (SumKind.CHILDREN, "511600", 3254883)


def test_a_sum_over_areas_waits_until_every_one_has_the_figure() -> None:
    assert small(("511600", None, None, 30), ("511621", None, None, 10)).checks == ()
    (check,) = small(("511600", None, None, 30), ("511621", None, None, 10), ("511622", None, None, 20)).checks
    assert check == SumCheck(SumKind.CHILDREN, Level.CITY, 1, 1)


def test_sums_over_areas_are_checked_in_every_cell() -> None:
    cells: list[tuple[Sex | None, str | None]] = [("M", "0-14"), ("F", "15+"), (None, None)]
    figures = [("511600", *cell, 30) for cell in cells]
    figures += [("511621", *cell, 10) for cell in cells]
    figures += [("511622", *cell, 20) for cell in cells[:2]] + [("511622", None, None, 21)]
    report = small(*figures)
    assert report.checks == (SumCheck(SumKind.CHILDREN, Level.CITY, 3, 2),)
    assert report.discrepancies[0].age_band is None


def test_overlapping_broad_bands_are_checked_against_the_fine_ones_and_never_added_to_them() -> None:
    fine: list[tuple[str, Sex | None, str | None, int]] = [
        ("511621", "M", "0-14", 5),
        ("511621", "M", "15-59", 10),
        ("511621", "M", "60-64", 3),
        ("511621", "M", "65+", 2),
        ("511621", "M", None, 20),
    ]
    report = small(*fine, ("511621", "M", "60+", 5))
    assert report.checks == (SumCheck(SumKind.BANDS, Level.DISTRICT, 2, 2),)
    (found,) = small(*fine, ("511621", "M", "60+", 6)).discrepancies
    assert (found.age_band, found.expected, found.found) == ("60+", 6, 5)


def test_a_gap_in_the_bands_makes_their_sum_uncheckable() -> None:
    assert small(("511621", "M", "0-14", 5), ("511621", "M", "20+", 10), ("511621", "M", None, 20)).checks == ()


def test_the_report_turns_into_plain_json() -> None:
    told = json.loads(json.dumps(excerpt_report(("511621001", "", "", 7)).to_dict()))
    assert told["areas"] == {"city": 1, "district": 2, "street": 39, "community": 52}
    assert told["street_kinds"] == {"street": 5, "town": 31, "township": 3}
    assert told["encodings"] == {"areas.csv": "UTF-8", "population.csv": "UTF-8"}
    assert told["discrepancies"][0]["difference"] == 7
    assert told["checks"][-1] == {"kind": "children", "level": "district", "checked": 1, "held": 0}
