"""Slots held for residents who were let in: who has one, who keeps it, when it comes free, and that it all adds up."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import bindparam, update
from sqlmodel import col

from survey.domain.disposition import Disposition, Finish
from survey.domain.problems import Invalid
from survey.domain.quota import HOLD
from survey.domain.wave import Admission, Mode
from survey.queries import holds, quotas
from survey.queries.holds import Taken
from survey.services import hold_slot as service
from survey.services.hold_slot import Knock, Room, hold_slot
from survey.services.move_wave import close_wave
from survey.services.receive_submission import WaveNotTaking
from survey.services.recount import recount
from survey.tables.quota import QuotaCellRow
from tests.field import HUAYING_AREA, WAVE, Field, plan_text, valid_answers
from tests.frames.excerpt import YUECHI
from tests.services.outing import out

FEMALE, MALE = {"sex": "F"}, {"sex": "M"}


@pytest.fixture
def field(new_field: Callable[..., Field]) -> Field:
    """A wave that wants one person of each kind."""
    return new_field(plan=plan_text(samples={Mode.INTERCEPT: 12}))


def knock(field: Field, submission_id: UUID | None = None, **who: object) -> Room:
    """Somebody at the first poster has answered the entry."""
    return knock_with(field, valid_answers(**who), submission_id)


def knock_with(
    field: Field,
    answers: Mapping[str, object],
    submission_id: UUID | None = None,
    opened_at: datetime | None = None,
) -> Room:
    asked, now = field.questionnaire, field.clock.now
    who = submission_id or uuid4()
    made = Knock(who, field.point.code, asked.code, asked.version, answers, opened_at or now, now)
    return hold_slot(field.door, made)


def counts(field: Field, **who: Any) -> tuple[int, int]:
    """(completed, granted) of a cell; and everything adds up."""
    assert recount(field.db)[1] == []
    cell = field.cell(**who)
    return cell.completed, cell.granted


def test_who_is_let_in_has_a_slot_that_becomes_their_complete_response(field: Field) -> None:
    me = uuid4()
    assert knock(field, me) is Room.OPEN
    assert counts(field) == (0, 1)
    assert knock(field) is Room.FULL, "the only slot is held"
    assert field.receive(valid_answers()).disposition is Disposition.OVER_QUOTA
    assert field.receive(valid_answers(), id=me).disposition is Disposition.COMPLETE
    assert counts(field) == (1, 0)


def test_the_same_form_that_asks_again_holds_one_slot_and_for_longer(new_field: Callable[..., Field]) -> None:
    field, me = new_field(), uuid4()
    for _ in range(3):
        assert knock(field, me) is Room.OPEN
        field.clock.forward(minutes=15)
    assert counts(field) == (0, 1)
    assert recount(field.db, field.clock.now)[1] == []
    assert counts(field) == (0, 1), "the last question was a quarter of an hour ago"


def test_a_changed_answer_moves_the_hold_to_the_other_cell(field: Field) -> None:
    me = uuid4()
    for who in (FEMALE, MALE, FEMALE):  # to a later cell, and to an earlier one
        assert knock(field, me, **who) is Room.OPEN
    assert (counts(field, sex="F"), counts(field, sex="M")) == ((0, 1), (0, 0))
    assert knock(field, sex="M") is Room.OPEN
    assert knock(field, me, sex="M") is Room.FULL, "somebody else has the slot of that cell"
    assert (counts(field, sex="F"), counts(field, sex="M")) == ((0, 0), (0, 1))
    assert knock(field, me, age="under_18", area=None) is Room.INELIGIBLE
    assert knock(field, me) is Room.OPEN
    assert knock(field, me, age="under_18", area=None) is Room.INELIGIBLE
    assert counts(field) == (0, 0), "who does not belong to the population holds nothing"


@pytest.mark.parametrize(("first", "then"), [(FEMALE, MALE), (MALE, FEMALE)])
def test_who_changes_the_entry_just_before_sending_takes_a_slot_where_they_now_belong(
    field: Field, first: dict[str, str], then: dict[str, str]
) -> None:
    me = uuid4()
    assert knock(field, me, **first) is Room.OPEN
    assert field.receive(valid_answers(**then), id=me).disposition is Disposition.COMPLETE
    assert (counts(field, **first), counts(field, **then)) == ((0, 0), (1, 0))


@pytest.mark.parametrize(
    ("finish", "who"),
    [
        (Finish.BROKEN_OFF, {}),
        (Finish.REFUSED, {}),
        (Finish.CELL_FULL, {}),
        (Finish.FINISHED, {"sex": "refused"}),
        (Finish.FINISHED, {"area": HUAYING_AREA}),
    ],
)
def test_however_the_form_ends_its_slot_is_free_again(field: Field, finish: Finish, who: dict[str, Any]) -> None:
    me = uuid4()
    assert knock(field, me) is Room.OPEN
    field.receive(valid_answers(**who), id=me, finish=finish)
    assert counts(field) == (0, 0)
    assert knock(field) is Room.OPEN


def test_the_slot_of_somebody_who_wandered_off_goes_to_who_needs_it(field: Field) -> None:
    assert knock(field) is Room.OPEN
    assert knock(field) is Room.FULL
    field.clock.forward(seconds=HOLD.total_seconds())
    assert knock(field) is Room.OPEN, "a knock finds it"
    field.clock.forward(seconds=HOLD.total_seconds())
    assert field.receive(valid_answers()).disposition is Disposition.COMPLETE, "and so does a form without a hold"
    assert counts(field) == (1, 0)


def test_who_comes_back_late_still_counts_if_nobody_needed_the_slot(field: Field) -> None:
    me = uuid4()
    assert knock(field, me) is Room.OPEN
    field.clock.forward(hours=5)
    assert field.receive(valid_answers(), id=me).disposition is Disposition.COMPLETE
    assert counts(field) == (1, 0)


def test_who_comes_back_too_late_is_kept_and_set_apart(field: Field) -> None:
    me, other = uuid4(), uuid4()
    assert knock(field, me) is Room.OPEN
    field.clock.forward(seconds=HOLD.total_seconds())
    assert knock(field, other) is Room.OPEN
    assert field.receive(valid_answers(), id=me).disposition is Disposition.OVER_QUOTA
    assert field.receive(valid_answers(), id=other).disposition is Disposition.COMPLETE
    assert counts(field) == (1, 0)


def test_expired_holds_are_released_by_night_and_by_a_tablet_that_goes_out(new_field: Callable[..., Field]) -> None:
    field = new_field(plan=plan_text(samples={Mode.INTERCEPT: 12}, districts=[YUECHI]))
    assert knock(field) is Room.OPEN
    field.clock.forward(seconds=HOLD.total_seconds())
    assert recount(field.db, field.clock.now)[1] == []
    assert counts(field) == (0, 0)
    assert (knock(field), knock(field, sex="M")) == (Room.OPEN, Room.OPEN)
    field.clock.forward(seconds=HOLD.total_seconds())
    assert sum(out(field).free.values()) == 12, "the tablet gets every slot of the district"
    assert knock(field) is Room.FULL


def roomy(new_field: Callable[..., Field]) -> Field:
    """A wave that wants ten people of a kind."""
    field = new_field(plan=plan_text(samples={Mode.INTERCEPT: 60}, districts=[YUECHI]))
    assert field.cell().target == 10
    return field


def test_half_of_what_is_free_is_held_and_nobody_is_told_full_while_there_is_room(
    new_field: Callable[..., Field],
) -> None:
    field, first = roomy(new_field), uuid4()
    told = [knock(field, first), *(knock(field) for _ in range(7))]
    assert told == [Room.OPEN] * 5 + [Room.UNKNOWN] * 3
    assert counts(field) == (0, 5), "who goes on without a promise holds nothing"
    assert knock(field, first) is Room.OPEN, "who holds a slot keeps it"
    other = uuid4()
    assert (knock(field, other, sex="M"), knock(field, other)) == (Room.OPEN, Room.UNKNOWN)
    assert counts(field, sex="M") == (0, 0), "the hold was given up with the answer"
    sent = [field.receive(valid_answers()).disposition for _ in range(6)]
    assert sent == [Disposition.COMPLETE] * 5 + [Disposition.OVER_QUOTA]
    assert knock(field) is Room.FULL
    assert field.receive(valid_answers(), id=first).disposition is Disposition.COMPLETE
    field.clock.forward(seconds=HOLD.total_seconds())
    assert [knock(field) for _ in range(3)] == [Room.OPEN] * 2 + [Room.UNKNOWN], "of the four that came free"
    assert counts(field) == (6, 2)


def test_a_hold_is_renewed_for_an_hour_after_the_page_was_opened_and_no_longer(field: Field) -> None:
    me, opened_at = uuid4(), field.clock.now
    for _ in range(4):
        assert knock_with(field, valid_answers(), me, opened_at) is Room.OPEN
        field.clock.forward(minutes=15)
    assert knock_with(field, valid_answers(), me, opened_at) is Room.UNKNOWN
    field.clock.forward(minutes=5)
    assert knock(field) is Room.OPEN, "twenty minutes after the last renewal the slot is free"
    assert knock_with(field, valid_answers(), uuid4(), opened_at) is Room.UNKNOWN, "an old page holds nothing anew"


def test_a_form_that_has_come_holds_nothing_any_more_and_a_repeat_changes_nothing(field: Field) -> None:
    me = uuid4()
    assert knock(field, me) is Room.OPEN
    sent = field.submission(valid_answers(), id=me)
    for _ in range(2):
        assert field.receive(sent.answers, id=me).disposition is Disposition.COMPLETE
    assert knock(field, me) is Room.UNKNOWN
    assert knock(field, me, sex="M") is Room.UNKNOWN
    assert (counts(field), counts(field, sex="M")) == ((1, 0), (0, 0))


@pytest.mark.parametrize(
    ("who", "room"),
    [
        ({"age": "under_18", "area": None}, Room.INELIGIBLE),
        ({"sex": "refused"}, Room.UNKNOWN),
        ({"parks": "nonsense", "times": "many"}, Room.OPEN),  # what comes behind the entry is not looked at
    ],
)
def test_what_else_somebody_may_be_told(field: Field, who: dict[str, Any], room: Room) -> None:
    assert knock(field, **who) is room


def test_who_lives_outside_the_districts_of_the_wave_is_told_so(new_field: Callable[..., Field]) -> None:
    field = new_field(plan=plan_text(samples={Mode.INTERCEPT: 12}, districts=[YUECHI]))
    assert knock(field, area=HUAYING_AREA) is Room.INELIGIBLE


@pytest.mark.parametrize(
    ("answers", "named"),
    [({}, {"age", "sex", "home"}), (valid_answers(age=["x"]), {"age"}), (valid_answers(area="999"), {"home"})],
    ids=["nothing", "a list", "no place"],
)
def test_a_wrong_or_missing_answer_of_the_entry_is_named(
    field: Field, answers: dict[str, object], named: set[str]
) -> None:
    with pytest.raises(Invalid) as refused:
        knock_with(field, answers)
    assert {problem.field for problem in refused.value.problems} == named
    assert counts(field) == (0, 0)


def test_a_wave_that_is_not_open_holds_nothing(field: Field) -> None:
    me, sent_before = uuid4(), field.submission(valid_answers())
    assert knock(field, me) is Room.OPEN
    close_wave(field.db, WAVE, field.clock.now)
    assert knock(field) is Room.UNKNOWN, "in the grace whoever is late is taken as they come"
    assert field.receive(valid_answers(), id=me, opened_at=sent_before.opened_at).disposition is Disposition.COMPLETE
    field.clock.forward(days=30)
    with pytest.raises(WaveNotTaking) as refused:
        knock(field)
    assert refused.value.admission is Admission.OVER
    assert counts(field) == (1, 0)


def test_each_mode_holds_in_its_own_cells(new_field: Callable[..., Field]) -> None:
    field = new_field(plan=plan_text(samples={Mode.INTERCEPT: 12, Mode.OPEN_QR: 12}))
    assert knock(field) is Room.OPEN
    assert counts(field, mode=Mode.OPEN_QR) == (0, 0)
    assert field.receive(valid_answers(), point_code=field.points[Mode.OPEN_QR][0].code).disposition == "complete"


# --- planted faults ---------------------------------------------------------------------------------------------


def _trusts(connection: Any, submission_id: UUID, cell_id: int, until: Any) -> Taken:
    """A hold for everybody, without asking the cell."""
    holds._insert(connection, submission_id, cell_id, until)
    return Taken.HELD


def test_a_hold_that_asks_for_no_room_is_found(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holds, "take_hold", _trusts)
    with pytest.raises(AssertionError):
        test_who_is_let_in_has_a_slot_that_becomes_their_complete_response(field)


def test_holds_up_to_the_last_slot_are_found(new_field: Callable[..., Field], monkeypatch: pytest.MonkeyPatch) -> None:
    room = col(QuotaCellRow.completed) + col(QuotaCellRow.granted) < col(QuotaCellRow.target)
    greedy = update(QuotaCellRow).where(col(QuotaCellRow.id) == bindparam("cell"), room)
    monkeypatch.setattr(holds, "_TAKE", greedy.values(granted=col(QuotaCellRow.granted) + 1))
    with pytest.raises(AssertionError):
        test_half_of_what_is_free_is_held_and_nobody_is_told_full_while_there_is_room(new_field)


def test_a_hold_that_is_renewed_for_days_is_found(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "HOLD_UNTIL", timedelta(days=9))
    with pytest.raises(AssertionError):
        test_a_hold_is_renewed_for_an_hour_after_the_page_was_opened_and_no_longer(field)


def test_a_release_that_forgets_the_counter_is_found(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holds, "move", lambda *_: None)
    with pytest.raises(AssertionError):
        test_the_slot_of_somebody_who_wandered_off_goes_to_who_needs_it(field)


def test_a_submission_that_ignores_its_hold_is_found(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holds, "end_hold", lambda *_: None)
    with pytest.raises(AssertionError):
        test_who_is_let_in_has_a_slot_that_becomes_their_complete_response(field)


def test_a_form_that_takes_what_is_held_for_others_is_found(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotas, "take_slot", lambda *_: True)
    with pytest.raises(AssertionError):
        test_who_is_let_in_has_a_slot_that_becomes_their_complete_response(field)
