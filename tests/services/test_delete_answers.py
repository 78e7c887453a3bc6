"""The answers of a wave are deleted when residents were told: all of them, for good, and those of no other wave."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from survey.domain.call_back import Finding
from survey.domain.problems import Invalid
from survey.domain.wave import Mode, Notice, kept_until
from survey.services.accounts import add_account
from survey.services.catalogue import NotFound
from survey.services.delete_answers import delete_answers
from survey.services.move_wave import open_wave
from survey.services.note_call_back import note_call_back
from survey.services.plan_wave import plan_wave
from survey.services.recount import recount
from survey.services.report_wave import report_wave
from survey.yaml_source import read_yaml
from tests.field import NOW, SECRET, WAVE, Field, plan_text, valid_answers
from tests.letters import answer, change, key_of, letters_plan, print_letters, table
from tests.services.outing import out
from tests.services.test_watch_fieldwork import drawn_interview

MARK = "the bench under the loquat tree"  # nothing else says that
NOTICE = "\nnotice: {contact: {zh-Hans: 调查办，电话000-1234567, en: 'Survey office, 000-1234567'}, keep_months: 24}"
WITH_ANSWERS = ("response", "paradata", "call_back", "conflict_copy", "replaced_response")


@pytest.fixture
def answered(new_field: Callable[..., Field]) -> Field:
    """A wave with every kind of row that an answer leaves behind."""
    field = new_field(plan=letters_plan() + NOTICE)
    field.receive(valid_answers(comment=MARK))
    again = uuid4()
    for comment in (MARK, f"{MARK}!"):
        field.receive(valid_answers(comment=comment), id=again, point_code=field.points[Mode.OPEN_QR][0].code)
    code, *_ = print_letters(field)
    change(field, code, key_of(field, answer(field, code, comment=MARK)), comment="")
    drawn = UUID(drawn_interview(field, out(field)))
    fang = add_account(field.db, "王芳", "organiser", "seven green bicycles", NOW)
    note_call_back(field.db, SECRET, WAVE, drawn, Finding.CONFIRMED, fang, field.clock.now)
    assert all(table(field.db, name) for name in WITH_ANSWERS)
    return field


def written(field: Field) -> bool:
    """Whether the mark stands in the database's file."""
    with field.db.writing() as connection:
        connection.execute(text("UPDATE wave SET closes_at = closes_at"))  # so that there is something to be written
    field.close()  # whoever is the last writes it all
    return MARK.encode() in Path(field.db.url.database or "").read_bytes()


def over(field: Field, **later: float) -> datetime:
    """A moment after the wave."""
    field.clock.forward(days=30, **later)
    return field.clock.now


def test_nothing_is_left_of_the_answers_and_the_wave_says_so(answered: Field) -> None:
    responses = len(answered.rows())
    now = over(answered, weeks=110)
    assert delete_answers(answered.db, WAVE, now) == responses
    assert [name for name in WITH_ANSWERS if table(answered.db, name)] == []
    assert recount(answered.db, now)[1] == []
    told = report_wave(answered.db, answered.catalogue, WAVE, now)
    assert (told.answers_deleted_at, told.dispositions) == (now.astimezone(UTC), {})
    assert delete_answers(answered.db, WAVE, now) == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # PostgreSQL clears its files later, by itself
def test_of_what_was_deleted_nothing_can_be_read_in_the_file(answered: Field) -> None:
    assert written(answered)
    delete_answers(answered.db, WAVE, over(answered), early=True)
    assert not written(answered)


def test_another_wave_keeps_its_answers(answered: Field) -> None:
    later = plan_text(answered.clock.now, code="another")
    planned = plan_wave(
        answered.db, answered.catalogue, read_yaml(later, "plan.yaml"), 1, answered.clock.now, secrets.randbelow
    )
    open_wave(answered.db, "another")
    with answered.db.reading() as connection:
        code = connection.scalar(text("SELECT code FROM point WHERE wave_id = :id LIMIT 1"), {"id": planned.wave.id})
    kept = answered.receive(valid_answers(), point_code=code)
    delete_answers(answered.db, WAVE, over(answered), early=True)
    assert [row["id"] for row in answered.rows()] == [kept.submission_id]
    assert recount(answered.db, answered.clock.now)[1] == []


def test_answers_stay_as_long_as_residents_were_told(answered: Field) -> None:
    before = len(answered.rows())
    with pytest.raises(Invalid) as refused:
        delete_answers(answered.db, WAVE, answered.clock.now, early=True)
    assert [problem.code for problem in refused.value.problems] == ["delete_not_over"]
    with pytest.raises(Invalid) as refused:
        delete_answers(answered.db, WAVE, over(answered))
    assert [problem.message() for problem in refused.value.problems] == [
        "The answers of this wave are to be kept until 2028-11-22. To delete them before, add --early."
    ]
    assert len(answered.rows()) == before


def test_without_a_promise_somebody_has_to_say_that_it_is_meant(field: Field) -> None:
    field.receive(valid_answers())
    now = over(field, weeks=500)
    with pytest.raises(Invalid) as refused:
        delete_answers(field.db, WAVE, now)
    assert [problem.code for problem in refused.value.problems] == ["delete_not_promised"]
    assert delete_answers(field.db, WAVE, now, early=True) == 1
    with pytest.raises(NotFound):
        delete_answers(field.db, "no-such", now)


@pytest.mark.parametrize(
    ("closes", "months", "until"),
    [
        (datetime(2026, 8, 31, 12, tzinfo=UTC), 1, datetime(2026, 9, 30, 12, tzinfo=UTC)),
        (datetime(2026, 8, 31, 12, tzinfo=UTC), 18, datetime(2028, 2, 29, 12, tzinfo=UTC)),
        (datetime(2026, 12, 1, tzinfo=UTC), 12, datetime(2027, 12, 1, tzinfo=UTC)),
        (datetime(2026, 1, 31, tzinfo=UTC), 120, datetime(2036, 1, 31, tzinfo=UTC)),
    ],
)
def test_months_are_those_of_the_calendar(closes: datetime, months: int, until: datetime) -> None:
    assert kept_until(closes, Notice(keep_months=months)) == until
    assert kept_until(closes, Notice()) is None
    assert until - closes < timedelta(days=31 * months)
