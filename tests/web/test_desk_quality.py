"""The page of signs to look into: what it shows of a point that was stuffed; that it accuses nobody without cause."""

import html
import re
from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest

from analysis.quality.answers import Unit, checked_answers
from analysis.quality.review import review
from analysis.quality.scenarios import Kind, scenario
from survey.domain.account import Role
from survey.domain.submission import Channel
from survey.domain.wave import Mode
from survey.services.accounts import add_account
from survey.services.publish_questionnaire import publish_questionnaire
from survey.services.review_quality import quality_items, review_quality
from survey.services.supersede_questionnaire import supersede_questionnaire
from survey.web.desk.quality_view import CHECKS
from survey.web.languages import LANGUAGES
from tests.field import NOW, WAVE, Field, plan_text, questionnaire_text, valid_answers
from tests.services.test_neighbourhoods import PEOPLE
from tests.web.desk import PASSWORD, Desk

PAGE = f"/desk/waves/{WAVE}/quality"
PARKS = ("satisfied", "neutral", "satisfied", "dissatisfied", "dont_know", "neutral", "satisfied")
ACTIVITIES = (["none"], ["cleaning"], ["cleaning", "traffic"], ["none"], ["traffic"])


@pytest.fixture
def posters(new_field: Callable[..., Field], quick_hashing: None) -> Field:
    """Three posters at which some people answer every hour for some days."""
    field = new_field(plan=plan_text(samples={Mode.INTERCEPT: 60, Mode.OPEN_QR: 1200}))
    for number in range(150):
        field.clock.forward(minutes=37)
        answer(field, number, PARKS[number % 7], ACTIVITIES[number % 5], number % 3)
    return field


def answer(field: Field, number: int, parks: str, activities: list[str], at: int) -> None:
    sex, age = PEOPLE[number % 6]
    times = None if activities == ["none"] else 1 + number % 4
    given = valid_answers(sex=sex, age=age, parks=parks, activities=activities, times=times)
    point = field.points[Mode.OPEN_QR][at]
    opened = field.clock.now - timedelta(seconds=100 + 17 * (number % 11))
    receipt = field.receive(given, point_code=point.code, opened_at=opened)
    assert receipt.disposition.value == "complete"


def stuff(field: Field) -> None:
    for number in range(45):
        field.clock.forward(seconds=9)
        answer(field, number, "satisfied", ["cleaning", "traffic"], 0)


@pytest.fixture
def new_office(quick_hashing: None) -> Callable[[Field], Desk]:
    """The desk of a wave."""

    def make(field: Field) -> Desk:
        people = {role.value: add_account(field.db, role.value, role.value, PASSWORD, NOW) for role in Role}
        return Desk(field.app, field.db, field.clock, people)

    return make


@pytest.fixture
def office(posters: Field, new_office: Callable[[Field], Desk]) -> Desk:
    return new_office(posters)


def test_a_point_that_is_stuffed_is_named_with_what_is_unusual_and_its_interviews(posters: Field, office: Desk) -> None:
    stuff(posters)
    page = office.signed_in("analyst").get(PAGE).text
    point = posters.points[Mode.OPEN_QR][0]
    assert f"{point.number} · " in page.split('id="lead-1"')[1].split("</h2>")[0]
    assert "many forms within a short time" in page
    found = review_quality(posters.db, posters.catalogue, WAVE)
    lead = next(each for each in found.review.listed() if each.kind is Unit.POINT)
    assert lead.unit == point.code
    assert all(row[:8] in page for finding in lead.reasons for row in finding.rows[:3])


def test_a_point_where_people_come_and_go_is_not_named(posters: Field, office: Desk) -> None:
    page = office.signed_in("analyst").get(PAGE).text
    assert "Nothing stands out" in page
    assert "150" in page


def test_of_an_intercept_point_the_page_says_how_many_came_on_phones_and_how_many_by_tablet(
    field: Field, new_office: Callable[[Field], Desk]
) -> None:
    for number, channel in enumerate([Channel.WEB] * 6 + [Channel.TABLET] * 2):
        sex, age = PEOPLE[number % 6]
        field.receive(valid_answers(sex=sex, age=age), channel=channel)
    poster = field.points[Mode.OPEN_QR][0]
    field.receive(valid_answers(), point_code=poster.code)
    page = new_office(field).signed_in("analyst").get(PAGE).text
    assert "a volunteer may let the person approached scan it" in page
    head, *rows = page.split('id="points"')[1].split("</table>")[0].split("<tr>")[1:]
    columns = re.findall(r"<th[^>]*>(.*?)</th>", head)
    assert [html.unescape(each) for each in columns[-2:]] == [
        "Intercept: on people's own phones",
        "Intercept: on a volunteer's tablet",
    ]
    told = {re.findall(r'"row">(\d+)', row)[0]: re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows}
    assert {len(figures) for figures in told.values()} == {len(columns) - 1}
    assert {point: figures[-2:] for point, figures in told.items()} == {
        str(field.point.number): ["6 (75%)", "2 (25%)"],
        str(poster.number): ["–", "–"],
    }


def test_nothing_about_it_changes_what_is_kept_or_estimated(posters: Field, office: Desk) -> None:
    stuff(posters)
    rows = posters.rows()
    office.signed_in("organiser").get(PAGE)
    assert posters.rows() == rows


def test_a_corrected_word_forgets_no_interview_and_another_question_says_so(field: Field) -> None:
    field.receive(valid_answers())
    corrected = questionnaire_text(2).replace("How satisfied are you", "Are you satisfied")
    publish_questionnaire(field.db, corrected, "field.yaml", field.clock.now)
    supersede_questionnaire(field.db, field.catalogue, WAVE, 2)
    found = review_quality(field.db, field.catalogue, WAVE)
    assert (found.interviews, found.other) == (1, 0)
    other = questionnaire_text(3).replace("{code: neutral,", "{code: so_so,")
    publish_questionnaire(field.db, other, "field.yaml", field.clock.now)
    supersede_questionnaire(field.db, field.catalogue, WAVE, 3)
    found = review_quality(field.db, field.catalogue, WAVE)
    assert (found.interviews, found.other) == (0, 1)


def test_every_check_has_its_words() -> None:
    made = scenario(Kind.HONEST, np.random.default_rng(1))
    found = review(checked_answers(made.frame, made.items), np.random.default_rng(1))
    assert {each.check for each in found.findings} | {each.check for each in found.silences} == set(CHECKS)


def test_the_questions_that_are_compared_are_those_with_categories_beyond_the_quota_cells(field: Field) -> None:
    items = {item.code: item for item in quality_items(field.questionnaire)}
    assert set(items) == {"parks", "activities"}
    assert items["parks"].categories == ("satisfied", "neutral", "dissatisfied")
    assert (items["parks"].scale, items["parks"].dont_know) == (True, "dont_know")
    assert items["activities"].multiple


def test_a_wave_without_answers_says_so_in_both_languages(field: Field, new_office: Callable[[Field], Desk]) -> None:
    visitor = new_office(field).signed_in("analyst")
    assert "No complete answers yet." in visitor.get(PAGE).text
    assert all(visitor.get(PAGE, language=language).status_code == 200 for language in LANGUAGES)
    assert f'href="{PAGE}"' in visitor.get(f"/desk/waves/{WAVE}").text


def test_only_organisers_and_analysts_see_it(office: Desk) -> None:
    assert office.signed_in("volunteer").get(PAGE).status_code == 403
    assert office.signed_in("analyst").get("/desk/waves/no-such/quality").status_code == 404
