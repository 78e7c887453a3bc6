"""The page of a wave's rates under other definitions: what it says, and what it keeps to itself."""

import re

import pytest

from survey.domain.account import Role
from survey.domain.wave import Mode
from survey.services.accounts import add_account
from tests.field import AREA, HUAYING_AREA, NOW, WAVE, Field, open_field, questionnaire_text, valid_answers
from tests.web.desk import PASSWORD, Desk

PAGE = f"/desk/waves/{WAVE}/comparisons"


def desk_of(field: Field) -> Desk:
    people = {role.value: add_account(field.db, role.value, role.value, PASSWORD, NOW) for role in Role}
    return Desk(field.app, field.db, field.clock, people)


def answer(field: Field, **counts: int) -> None:
    """So many answers to the question about parks, from everybody whose cell has room."""
    people = [(sex, age) for sex in "FM" for age in ("18-34", "35-54", "55+")]
    given = [code for code, count in counts.items() for _ in range(count)]
    for place, code in enumerate(given):
        sex, age = people[place % 6]
        field.receive(valid_answers(sex=sex, age=age, parks=code))


def words(page: str) -> list[str]:
    """The lines of the table, without the markup."""
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]*>", " ", row).split()) for row in rows]


@pytest.fixture
def office(field: Field, quick_hashing: None) -> Desk:
    return desk_of(field)


def test_the_same_answers_stand_under_every_definition_with_its_interval(field: Field, office: Desk) -> None:
    answer(field, satisfied=12, neutral=6, dissatisfied=6)
    head, city, *_ = words(office.signed_in("analyst").get(PAGE).text)
    assert head == ("Area Mode n Best category only this questionnaire's own Best two categories Mean score, 0 to 100")
    figures = re.fullmatch(
        r"Whole city Street intercept 24 50\.0% [\d.]+%–[\d.]+% 75\.0% [\d.]+%–[\d.]+% (62\.5 [\d.]+–[\d.]+|–)", city
    )
    assert figures, city


def test_a_domain_whose_rate_is_withheld_is_withheld_under_every_definition(field: Field, office: Desk) -> None:
    answer(field, satisfied=12, neutral=12)
    field.receive(valid_answers(area=HUAYING_AREA, parks="dissatisfied"), point_code=field.point.code)
    lines = words(office.signed_in("analyst").get(PAGE).text)
    assert [line for line in lines if "Huaying" in line] == ["Huaying City Street intercept not shown: too few answers"]


def test_a_mark_in_the_base_lowers_the_shares_as_the_questionnaire_says(database_url: str, quick_hashing: None) -> None:
    inside = questionnaire_text().replace("base: {dont_know: false", "base: {dont_know: true")
    field = open_field(database_url, questionnaire=inside)
    try:
        answer(field, satisfied=12, dont_know=12)
        assert "Whole city Street intercept 24 50.0%" in words(desk_of(field).signed_in("analyst").get(PAGE).text)[1]
    finally:
        field.close()


def test_a_score_of_a_few_people_is_not_shown_beside_a_share_of_many(database_url: str, quick_hashing: None) -> None:
    inside = questionnaire_text().replace("base: {dont_know: false", "base: {dont_know: true")
    field = open_field(database_url, questionnaire=inside)
    try:
        answer(field, satisfied=2, neutral=2, dont_know=20)
        city = words(desk_of(field).signed_in("analyst").get(PAGE).text)[1]
        assert city.startswith("Whole city Street intercept 24 7.0% 1.6%–26.1%")
        assert city.endswith(" –"), "four people gave a score"
    finally:
        field.close()


def test_counted_categories_in_the_middle_leave_nothing_to_compare(database_url: str, quick_hashing: None) -> None:
    middle = questionnaire_text().replace("counted: [satisfied]", "counted: [neutral]")
    field = open_field(database_url, questionnaire=middle)
    try:
        answer(field, satisfied=12)
        page = desk_of(field).signed_in("analyst").get(PAGE).text
        assert "so there is nothing to compare" in page
    finally:
        field.close()


def test_a_scale_written_from_the_worst_to_the_best_is_turned_round(database_url: str, quick_hashing: None) -> None:
    lowest = questionnaire_text().replace("counted: [satisfied]", "counted: [dissatisfied]")
    field = open_field(database_url, questionnaire=lowest)
    try:
        answer(field, dissatisfied=18, satisfied=6)
        assert "Whole city Street intercept 24 75.0%" in words(desk_of(field).signed_in("analyst").get(PAGE).text)[1]
    finally:
        field.close()


def test_open_answers_stand_beside_the_headline_mode_with_the_gap_and_its_test(field: Field, office: Desk) -> None:
    everybody = [(sex, age, point) for sex in "FM" for age in ("18-34", "35-54", "55+") for point in (0, 1)]
    for mode, satisfied in ((Mode.INTERCEPT, 1), (Mode.OPEN_QR, 2)):
        for place, (sex, age, point) in enumerate(everybody * 2):
            parks = "satisfied" if place % 3 < satisfied else "neutral"
            home = (AREA, HUAYING_AREA)[point]
            chosen = [p for p in field.points[mode] if p.district_code == home[:6]]
            at = chosen[place // 2 % len(chosen)]
            field.receive(valid_answers(sex=sex, age=age, parks=parks, area=home), point_code=at.code)
    page = office.signed_in("analyst").get(PAGE).text.split('id="modes"')[1]
    gap, models = (line for line in words(page) if line.startswith("Satisfaction"))
    # Of the two districts one has a single point for each mode, so only the other can be compared.
    assert gap.startswith("Satisfaction 12 12 +33.3 −54.5 … +121.2 no difference shown p = 0.244")
    assert gap.endswith("some post-strata are too thin to be tested and stand in no average")
    figures = re.findall(r"[\d.]+% [\d.]+%–[\d.]+%", models)
    assert len(figures) == 4, "the headline, the open answers, and two models, each with its interval"


def test_too_few_answers_are_compared_with_nothing(field: Field, office: Desk) -> None:
    answer(field, satisfied=12)
    assert "Too few answers by one of the modes" in office.signed_in("analyst").get(PAGE).text


def test_a_wave_without_answers_says_so(office: Desk) -> None:
    assert "No complete answers yet." in office.signed_in("analyst").get(PAGE).text


def test_only_organisers_and_analysts_see_it(office: Desk) -> None:
    assert office.signed_in("organiser").get(PAGE).status_code == 200
    assert office.signed_in("volunteer").get(PAGE).status_code == 403
    assert office.signed_in("analyst").get("/desk/waves/no-such/comparisons").status_code == 404
