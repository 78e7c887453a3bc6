"""That nothing of a child under 14 is kept unless a guardian agreed, whatever sends it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from survey.domain.submission import Channel
from tests.browser import REPOSITORY
from tests.field import Field, as_form, plan_text
from tests.questionnaires.instruments import tiny

CHILD = {"age": "under_14", "crossing": "unsafe"}
PUPIL = {"age": "14-17", "crossing": "unsafe"}


@pytest.fixture
def pupils(new_field: Callable[..., Field]) -> Field:
    """A wave of a pupils' instrument: under 14 a guardian has to agree."""
    return open_wave(new_field, "minors")


@pytest.fixture
def grown_ups(new_field: Callable[..., Field]) -> Field:
    """A wave of an instrument that asks no children under 14."""
    return open_wave(new_field, "children")


def open_wave(new_field: Callable[..., Field], name: str) -> Field:
    titles = ", ".join(f"{language}: Trial wave" for language in tiny(name).languages)
    plan = plan_text(questionnaire=(name, 1)).replace("{zh-Hans: 试调查, en: Trial wave}", f"{{{titles}}}")
    return new_field(questionnaire=(REPOSITORY / f"tests/questionnaires/{name}.yaml").read_text("utf-8"), plan=plan)


def kept(field: Field) -> list[tuple[str, dict[str, Any]]]:
    """(disposition, answers) of each row."""
    return [(row["disposition"], row["answers"]) for row in field.rows()]


def test_the_box_for_guardians_stands_before_the_first_question(pupils: Field) -> None:
    page = pupils.app.test_client().get(f"/r/{pupils.point.code}?lang=en").text
    assert 0 < page.index("about their way to school") < page.index('name="_guardian"') < page.index('id="age"')


def test_a_form_that_asks_no_children_says_so_and_has_no_box(grown_ups: Field) -> None:
    page = grown_ups.app.test_client().get(f"/r/{grown_ups.point.code}?lang=en").text
    assert "Children under 14 are not asked." in page
    assert "_guardian" not in page


def test_a_child_s_form_without_consent_comes_back_and_nothing_is_kept(pupils: Field) -> None:
    client = pupils.app.test_client()
    refused = client.post(f"/r/{pupils.point.code}", data=as_form(CHILD, pupils.token()))
    assert refused.status_code == 422
    assert '<a href="#_guardian">Under 14, a parent or guardian has to agree first.' in refused.text
    assert kept(pupils) == []
    client.post(f"/r/{pupils.point.code}", data=as_form(CHILD, pupils.token(), "stop"))
    assert kept(pupils) == [("ineligible", {})]


def test_with_a_guardian_s_consent_a_child_s_answers_count(pupils: Field) -> None:
    client = pupils.app.test_client()
    sent = client.post(f"/r/{pupils.point.code}", data=as_form(CHILD, pupils.token(), _guardian="yes"))
    assert sent.status_code == 303
    assert [answers for _, answers in kept(pupils)] == [CHILD]


def test_who_is_14_needs_no_consent(pupils: Field) -> None:
    sent = pupils.app.test_client().post(f"/r/{pupils.point.code}", data=as_form(PUPIL, pupils.token()))
    assert sent.status_code == 303
    assert [answers for _, answers in kept(pupils)] == [PUPIL]


@pytest.mark.parametrize("guardian", [None, False, "yes", 1])
def test_a_program_that_does_not_say_that_a_guardian_agreed_leaves_a_visit_only(
    pupils: Field, guardian: object
) -> None:
    body = {"token": pupils.token(), "answers": CHILD} | ({} if guardian is None else {"guardian": guardian})
    answer = pupils.app.test_client().post(f"/r/{pupils.point.code}", json=body)
    assert answer.status_code == 201
    assert kept(pupils) == [("ineligible", {})]


def test_a_program_may_say_that_a_guardian_agreed(pupils: Field) -> None:
    body = {"token": pupils.token(), "answers": CHILD, "guardian": True}
    assert pupils.app.test_client().post(f"/r/{pupils.point.code}", json=body).status_code == 201
    assert [answers for _, answers in kept(pupils)] == [CHILD]


@pytest.mark.parametrize("answers", [{"age": "under_14"}, {"age": "under_14", "playgrounds": "some"}])
@pytest.mark.parametrize("guardian", [False, True])
@pytest.mark.parametrize("channel", list(Channel))
def test_where_no_children_are_asked_only_the_visit_is_kept(
    grown_ups: Field, answers: dict[str, object], guardian: bool, channel: Channel
) -> None:
    receipt = grown_ups.receive(answers, guardian=guardian, channel=channel)
    assert receipt.disposition.value == "ineligible"
    assert kept(grown_ups) == [("ineligible", {})]


def test_a_repeat_of_a_child_s_form_is_the_same_visit(grown_ups: Field) -> None:
    sent = [
        grown_ups.receive({"age": "under_14", "playgrounds": answer}, id=UUID(int=7, version=4))
        for answer in ("some", "none")
    ]
    assert [receipt.outcome.value for receipt in sent] == ["stored", "repeated"]
    assert grown_ups.copies() == []


@pytest.mark.parametrize("age", [["under_14"], {"under_14": 1}, 14, True])
def test_nonsense_for_an_age_is_refused_and_not_kept(pupils: Field, age: object) -> None:
    answer = pupils.app.test_client().post(
        f"/r/{pupils.point.code}", json={"token": pupils.token(), "answers": CHILD | {"age": age}}
    )
    assert answer.status_code == 422
    assert kept(pupils) == []
