"""What the desk says of answers that are to be deleted, and of those that were."""

from collections.abc import Callable

import pytest

from survey.domain.account import Role
from survey.services.accounts import add_account
from survey.services.delete_answers import delete_answers
from tests.field import NOW, WAVE, Field, plan_text, valid_answers
from tests.services.outing import out
from tests.services.test_delete_answers import NOTICE
from tests.web.desk import PASSWORD, Desk, Visitor

PAGE = f"/desk/waves/{WAVE}"
DUE = f"python -m survey wave delete-answers {WAVE}"


@pytest.fixture
def answered(new_field: Callable[..., Field], quick_hashing: None) -> Field:
    field = new_field(plan=plan_text() + NOTICE)
    field.receive(valid_answers())
    return field


@pytest.fixture
def analyst(answered: Field) -> Visitor:
    people = {role.value: add_account(answered.db, role.value, role.value, PASSWORD, NOW) for role in Role}
    return Desk(answered.app, answered.db, answered.clock, people).signed_in("analyst")


def test_the_wave_says_until_when_its_answers_are_kept_and_reminds_when_the_day_has_come(
    answered: Field, analyst: Visitor
) -> None:
    page = analyst.get(PAGE).text
    assert "Answers kept until <b>2028-11-22</b>" in page
    assert DUE not in page
    answered.clock.forward(days=760)
    analyst.sign_in("analyst")
    assert DUE in analyst.get(PAGE).text
    assert "已告知居民的答卷保存期限已到" in analyst.get(PAGE, "zh-CN").text


def test_after_that_it_says_when_they_were_deleted_and_reminds_nobody(answered: Field, analyst: Visitor) -> None:
    answered.clock.forward(days=760)
    delete_answers(answered.db, WAVE, answered.clock.now)
    analyst.sign_in("analyst")
    page = analyst.get(PAGE).text
    assert "The answers of this wave were deleted on 2028-12-01." in page
    assert "There are no rates any more, because the answers were deleted." in page
    assert DUE not in page
    for path in ("/risk", "/areas", "/quality", "/comparisons", "/fieldwork"):
        assert analyst.get(PAGE + path).status_code == 200, path


def test_an_interview_that_comes_after_that_is_not_forgotten(answered: Field, analyst: Visitor) -> None:
    tablet = out(answered)
    interview = tablet.record(valid_answers())
    answered.clock.forward(days=40)
    delete_answers(answered.db, WAVE, answered.clock.now, early=True)
    assert tablet.send(interview)[1]["disposition"] == "too_late"
    analyst.sign_in("analyst")
    assert DUE in analyst.get(PAGE).text


def test_a_wave_that_promises_nothing_reminds_nobody(new_field: Callable[..., Field], quick_hashing: None) -> None:
    field = new_field()
    field.receive(valid_answers())
    add_account(field.db, "analyst", "analyst", PASSWORD, NOW)
    field.clock.forward(days=4000)
    visitor = Visitor(field.app.test_client())
    visitor.sign_in("analyst")
    page = visitor.get(PAGE).text
    assert "kept until" not in page
    assert "delete-answers" not in page
