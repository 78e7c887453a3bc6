"""Grants of quota slots: what a tablet is given, uses, gives back and loses, and that no cell is ever exceeded."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from survey.domain.wave import Mode
from survey.queries import grants
from survey.services.move_wave import close_wave
from survey.services.recount import recount
from tests.field import Field, plan_text, valid_answers
from tests.frames.excerpt import YUECHI
from tests.services.outing import enrolled, out, shift_now

AGES, SEXES = ("18-34", "35-54", "55+"), ("F", "M")


def granted(field: Field) -> int:
    return sum(cell.granted for cell in field.cells().values())


def test_a_grant_is_shared_out_over_the_cells_of_the_points_district(field: Field) -> None:
    tablet = out(field)
    assert sum(tablet.free.values()) == 20
    assert {cell["district"] for cell in tablet.outing["grant"]["cells"]} == {YUECHI}
    assert max(tablet.free.values()) - min(tablet.free.values()) <= 1, "all cells are equally free"
    assert granted(field) == 20
    assert recount(field.db)[1] == []


def test_the_same_assignment_asked_for_again_grants_nothing_twice(field: Field) -> None:
    tablet, assignment = enrolled(field), str(uuid4())
    first = tablet.take(field.point.code, shift_now(field), assignment)
    again = tablet.take(field.point.code, shift_now(field), assignment)
    assert (first[0], again[0]) == (201, 200)
    assert first[1]["grant"] == again[1]["grant"]
    assert granted(field) == 20
    other = tablet.take(field.points[Mode.INTERCEPT][1].code, shift_now(field), assignment)
    assert other[0] == 422
    assert other[1]["problems"][0]["code"] == "assignment_id_taken"


def test_an_interview_under_a_grant_turns_a_granted_slot_into_a_completed_one(field: Field) -> None:
    tablet = out(field)
    before = field.cell()
    assert tablet.send(tablet.record(valid_answers()))[1]["disposition"] == "complete"
    after = field.cell()
    assert (after.completed, after.granted) == (before.completed + 1, before.granted - 1)
    assert recount(field.db)[1] == []


def test_two_tablets_cannot_both_hold_the_last_slot(new_field: Callable[..., Field]) -> None:
    field = new_field(plan=plan_text(samples={Mode.INTERCEPT: 12}))
    first, second = out(field, "平板 1"), out(field, "平板 2")
    assert (sum(first.free.values()), sum(second.free.values())) == (6, 0)
    mine = first.record(valid_answers())
    theirs = second.record(valid_answers())
    assert second.send(theirs)[1]["disposition"] == "over_quota", "beyond the grant it is stored and set apart"
    assert first.send(mine)[1]["disposition"] == "complete"
    assert field.receive(valid_answers()).disposition == "over_quota"
    assert (field.cell().completed, field.cell().granted) == (1, 0)


def test_slots_given_back_are_free_for_others_and_a_repeat_gives_back_nothing_twice(
    new_field: Callable[..., Field],
) -> None:
    field = new_field(plan=plan_text(samples={Mode.INTERCEPT: 12}))
    tablet = out(field)
    everything = {str(cell): free for cell, free in tablet.free.items()}
    for _ in range(3):
        assert tablet.slots(returned=everything)[0] == 200
    assert granted(field) == 0
    assert sum(out(field, "平板 2").free.values()) == 6
    assert recount(field.db)[1] == []


def test_more_is_given_back_than_was_granted_only_as_far_as_slots_are_open(field: Field) -> None:
    tablet = out(field)
    tablet.send(tablet.record(valid_answers()))
    tablet.slots(returned={str(cell): 1000 for cell in tablet.free} | {"999999": 5})
    assert granted(field) == 0
    assert field.cell().completed == 1
    assert recount(field.db)[1] == []


def test_more_slots_are_granted_once_for_each_number_asked_with(field: Field) -> None:
    tablet = out(field)
    (cell,) = [
        cell["cell"] for cell in tablet.outing["grant"]["cells"] if cell["items"] == {"sex": "F", "age": "18-34"}
    ]
    for _ in range(3):
        tablet.send(tablet.record(valid_answers()))
    assert tablet.slots(more=1)[0] == 200
    assert sum(tablet.free.values()) == 20
    assert tablet.slots(more=1)[0] == 200
    assert sum(tablet.free.values()) == 20
    assert granted(field) == 20
    assert tablet.free[cell] >= 1
    assert recount(field.db)[1] == []


def test_a_shift_that_ended_gets_no_more_slots(field: Field) -> None:
    tablet = out(field)
    tablet.slots(returned={str(cell): free for cell, free in tablet.free.items()}, ended=True)
    assert tablet.outing["ended"] is True
    tablet.slots(more=1)
    assert granted(field) == 0


def test_an_expired_grant_returns_to_the_cell_when_somebody_needs_it(new_field: Callable[..., Field]) -> None:
    field = new_field(plan=plan_text(samples={Mode.INTERCEPT: 12}))
    tablet = out(field)
    assert field.receive(valid_answers()).disposition == "over_quota", "the only slot is with the tablet"
    field.clock.forward(hours=16)  # the shift ended at noon, and the grant twelve hours after it
    assert field.receive(valid_answers()).disposition == "complete"
    late = tablet.send(tablet.record(valid_answers()))
    assert late[1]["disposition"] == "over_quota", "the interview under the expired grant is kept"
    assert recount(field.db)[1] == []


def test_an_expired_grant_is_released_by_the_nightly_recount_and_by_the_next_tablet(field: Field) -> None:
    out(field, "平板 1")
    field.clock.forward(hours=16)
    assert granted(field) == 20
    assert recount(field.db, field.clock.now)[1] == []
    assert granted(field) == 0
    out(field, "平板 2")
    field.clock.forward(hours=24)
    out(field, "平板 3")
    assert granted(field) == 20


def test_an_expired_grant_whose_slots_nobody_took_still_counts_its_interviews(field: Field) -> None:
    tablet = out(field)
    record = tablet.record(valid_answers())
    field.clock.forward(hours=30)
    recount(field.db, field.clock.now)
    assert tablet.send(record)[1]["disposition"] == "complete", "there is room in the cell"


def test_every_change_of_granted_slots_is_logged(field: Field) -> None:
    tablet = out(field)
    tablet.send(tablet.record(valid_answers()))
    tablet.slots(returned={str(cell): 1 for cell in tablet.free})
    with field.db.reading() as connection:
        logged = connection.exec_driver_sql(
            "SELECT kind, SUM(amount) FROM quota_event WHERE assignment_id IS NOT NULL GROUP BY kind ORDER BY kind"
        ).all()
        slots = grants.open_slots(connection, field.wave_id)
    told = {kind: int(amount) for kind, amount in logged}
    assert told == {"granted": 20, "returned": 6}
    assert sum(slots.values()) == told["granted"] - told["returned"] - 1


@pytest.mark.parametrize(
    ("point", "shift", "code"),
    [
        (lambda field: field.points[Mode.OPEN_QR][0].code, None, "assignment_point"),
        (lambda field: field.point.code, "2026-11-01-pm", "shift_over"),
        (lambda field: field.point.code, "2027-11-01-pm", "shift_over"),
        (lambda field: field.point.code, "2026-02-31-pm", "shift_over"),
        (lambda field: field.point.code, "today", "shift_over"),
    ],
)
def test_what_cannot_be_taken_is_refused_by_name(
    field: Field, point: Callable[[Field], str], shift: str | None, code: str
) -> None:
    status, told = enrolled(field).take(point(field), shift or shift_now(field))
    assert status == 422
    assert told["problems"][0]["code"] == code
    assert granted(field) == 0


def test_slots_of_impossible_cells_are_refused_by_name(field: Field) -> None:
    tablet = out(field)
    for returned in ({"9" * 5000: 1}, {"x": 1}, {"１": 1}, {"1": -1}, {"1": True}, {"1": "2"}, [1]):
        status, told = tablet.slots(returned=returned)
        assert (status, told["problems"][0]["field"]) == (422, "returned")


def test_only_the_shifts_that_are_offered_can_be_taken(field: Field) -> None:
    tablet = enrolled(field)
    offered = [each["code"] for each in tablet.ask("GET", "/offers")[1]["shifts"]]
    assert tablet.take(field.point.code, offered[-1])[0] == 201
    assert tablet.take(field.point.code, "2026-11-05-am")[1]["problems"][0]["code"] == "shift_over"


def test_a_closed_wave_sends_nobody_out_and_a_draft_neither(field: Field, new_field: Callable[..., Field]) -> None:
    tablet = enrolled(field)
    close_wave(field.db, "2026-11", field.clock.now)
    assert tablet.take(field.point.code, shift_now(field))[1]["problems"][0]["code"] == "assignment_wave"


def test_another_tablets_assignment_is_not_found(field: Field) -> None:
    mine, theirs = out(field, "平板 1"), out(field, "平板 2")
    theirs.outing = mine.outing
    assert theirs.slots(returned={})[0] == 404


def test_offers_name_volunteers_points_and_who_is_out_there(field: Field) -> None:
    out(field, "平板 1")
    status, told = enrolled(field, "平板 2").ask("GET", "/offers")
    assert status == 200
    (wave,) = told["waves"]
    assert wave["code"] == "2026-11"
    modes = {each["code"] for each in wave["points"]}
    assert modes == {point.code for point in field.points[Mode.INTERCEPT]}, "posters for anybody are not offered"
    first = next(each for each in wave["points"] if each["code"] == field.point.code)
    assert first["taken"] == ["平板 1"]
    assert first["free"] == 30 - 20
    assert len(told["shifts"]) == 6
    assert told["shifts"][0]["name"] == {"zh-Hans": "2026-11-02 上午", "en": "2026-11-02 morning"}


def test_people_of_every_kind_are_interviewed_until_the_wave_is_full_and_no_cell_is_exceeded(
    new_field: Callable[..., Field],
) -> None:
    field = new_field(plan=plan_text(samples={Mode.INTERCEPT: 24}))
    tablets = [out(field, f"平板 {number}") for number in range(3)]
    told: list[Any] = []
    for _ in range(4):
        for tablet in tablets:
            records = [tablet.record(valid_answers(sex=sex, age=age)) for sex in SEXES for age in AGES]
            told += tablet.send_all(*records)[1]["results"]
    assert {each["status"] for each in told} == {201}
    for cell in field.cells().values():
        assert cell.completed <= cell.target
    assert sum(cell.completed for cell in field.cells().values()) == 12, "two of each kind are wanted in the district"
    assert recount(field.db)[1] == []
