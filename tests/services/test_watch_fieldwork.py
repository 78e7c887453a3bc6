"""The supervisors' board: who is out, what came of it, how far the plan is, whom to call back; and that it adds up."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from analysis.outcome_rates import Dispositions
from survey.db import Database
from survey.domain.account import Account
from survey.domain.call_back import Finding, is_drawn
from survey.domain.wave import Mode
from survey.queries import fieldwork, quotas
from survey.services.accounts import add_account
from survey.services.catalogue import NotFound
from survey.services.move_wave import close_wave
from survey.services.note_call_back import note_call_back
from survey.services.tablets import revoke_tablet
from survey.services.watch_fieldwork import Fieldwork, ModeProgress, watch_fieldwork
from tests.field import NOW, SECRET, WAVE, Field, plan_text, valid_answers
from tests.frames.excerpt import HUAYING, YUECHI
from tests.services.outing import enrolled, out, shift_now
from tests.tablet_client import Tablet


def watch(field: Field) -> Fieldwork:
    return watch_fieldwork(field.db, field.catalogue, SECRET, WAVE, field.clock.now)


def intercept(field: Field) -> ModeProgress:
    return watch(field).modes[0]


def send(tablet: Tablet, answers: dict[str, object] | None = None, **changes: Any) -> str:
    """One record; the id under which it is stored."""
    record = tablet.record(answers or {}, **changes)
    status, told = tablet.send(record)
    assert status == 201, told
    return str(told["id"])


def refusal(tablet: Tablet, **changes: Any) -> str:
    return send(tablet, finish="refused", reason="no_time", **changes)


def take_turn(field: Field, tablet: Tablet, volunteer: Account, *, passed: int = 40, over: bool = False) -> None:
    now = field.clock.now.isoformat()
    turn = {"id": tablet.turn, "assignment": tablet.outing["id"], "volunteer": volunteer.id, "began": now}
    status, told = tablet.ask("POST", "/turns", {"turns": [turn | {"ended": now if over else None, "passed": passed}]})
    assert status == 200, told


def drawn_interview(field: Field, tablet: Tablet, **changes: Any) -> str:
    """A complete interview whose id the system draws."""
    chosen = next(each for each in iter(uuid4, None) if is_drawn(SECRET, each))
    return send(tablet, valid_answers(), id=str(chosen), **changes)


def undrawn_interview(field: Field, tablet: Tablet) -> str:
    chosen = next(each for each in iter(uuid4, None) if not is_drawn(SECRET, each))
    return send(tablet, valid_answers(), id=str(chosen))


@pytest.fixture
def li(field: Field) -> Account:
    return add_account(field.db, "李雷", "volunteer", "seven green bicycles", NOW)


@pytest.fixture
def fang(field: Field) -> Account:
    return add_account(field.db, "王芳", "organiser", "seven green bicycles", NOW)


# --- before anybody is out ----------------------------------------------------------------------------------------


def test_a_wave_without_tablets_has_its_plan_and_nothing_else(field: Field) -> None:
    board = watch(field)
    assert (board.tablets, board.shifts, board.volunteers, board.call_backs, board.lengths) == ((), (), (), (), None)
    mode = board.modes[0]
    assert (mode.total.target, mode.total.completed, mode.total.granted, mode.total.free) == (60, 0, 0, 60)
    assert mode.outcomes == Dispositions()
    assert all(mode.reconciliation.agrees for mode in board.modes)


def test_an_unknown_wave_is_not_found(field: Field) -> None:
    with pytest.raises(NotFound):
        watch_fieldwork(field.db, field.catalogue, SECRET, "no-such", NOW)


# --- tablets --------------------------------------------------------------------------------------------------------


def test_a_tablet_that_is_out_says_where_who_and_what_it_holds(field: Field, li: Account) -> None:
    tablet = out(field)
    take_turn(field, tablet, li)
    tablet.ask("POST", "/ping", {"nonce": "n", "unsent": 3, "refused": 1, "assignment": tablet.outing["id"]})
    (shown,) = watch(field).tablets
    assert (shown.device.label, shown.device.unsent, shown.device.refused) == ("平板 1", 3, 1)
    assert shown.point == field.point
    assert shown.volunteer == "李雷"
    assert shown.held == sum(tablet.free.values()) == 20


def test_the_slots_shown_are_those_not_used_yet(field: Field) -> None:
    tablet = out(field)
    send(tablet, valid_answers())
    (shown,) = watch(field).tablets
    assert shown.held == 19


def test_a_tablet_whose_shift_was_ended_is_back(field: Field) -> None:
    tablet = out(field)
    tablet.slots(returned={str(cell): free for cell, free in tablet.free.items()}, more=0, ended=True)
    (shown,) = watch(field).tablets
    assert (shown.assignment, shown.point, shown.volunteer, shown.held) == (None, None, None, 0)


def test_slots_of_grants_that_are_over_are_counted_apart(field: Field) -> None:
    out(field)
    assert watch(field).expired == 0
    field.clock.forward(hours=40)
    board = watch(field)
    assert board.tablets[0].assignment is None
    assert board.expired == board.modes[0].total.granted == 20


def test_a_revoked_tablet_stays_in_sight(field: Field) -> None:
    tablet = out(field)
    revoke_tablet(field.db, UUID(tablet.id), NOW)
    (shown,) = watch(field).tablets
    assert shown.device.revoked_at is not None


def test_tablets_of_other_waves_are_only_named(field: Field) -> None:
    enrolled(field, "平板 7")
    board = watch(field)
    assert (board.tablets, board.waiting) == ((), ("平板 7",))


# --- shifts and volunteers ------------------------------------------------------------------------------------------


def test_a_turn_shows_what_came_of_it(field: Field, li: Account) -> None:
    tablet = out(field)
    take_turn(field, tablet, li, passed=40)
    send(tablet, valid_answers(), volunteer=li.id)
    refusal(tablet, volunteer=li.id)
    send(tablet, finish="not_reached", volunteer=li.id)
    (shift,) = watch(field).shifts
    (turn,) = shift.turns
    assert shift.code == shift_now(field)
    assert turn.turn is not None
    assert (turn.volunteer, turn.point, turn.tablet, turn.turn.passed) == ("李雷", field.point, "平板 1", 40)
    assert turn.outcomes == shift.outcomes == Dispositions(I=1, R=1, NC=1)


def test_records_of_a_turn_that_was_never_told_are_shown_all_the_same(field: Field) -> None:
    tablet = out(field)
    refusal(tablet, volunteer=4711)
    (turn,) = watch(field).shifts[0].turns
    assert (turn.volunteer, turn.turn, turn.outcomes.R) == ("#4711", None, 1)


def test_the_latest_shift_comes_first(field: Field, li: Account) -> None:
    tablet = out(field)
    refusal(tablet)
    field.clock.forward(days=1)
    tablet.take(field.point.code, shift_now(field))
    tablet.turn = str(uuid4())
    refusal(tablet)
    assert [shift.code[:10] for shift in watch(field).shifts] == ["2026-11-03", "2026-11-02"]


def test_a_volunteer_who_is_far_quicker_than_the_others_is_set_off(new_field: Callable[..., Field]) -> None:
    field = new_field(plan=plan_text(samples={Mode.INTERCEPT: 240}))
    steady, hasty = (
        add_account(field.db, name, "volunteer", "seven green bicycles", NOW).id for name in ("韩梅梅", "李雷")
    )
    tablet = out(field)
    for number in range(15):
        send(tablet, valid_answers(), volunteer=steady, elapsed_ms=150_000 + 1_000 * number)
        send(tablet, valid_answers(sex="M"), volunteer=hasty, elapsed_ms=40_000 + number)
    by_name = {each.name: each.apart for each in watch(field).volunteers}
    quick, slow = by_name["李雷"], by_name["韩梅梅"]
    assert quick is not None
    assert (quick.shorter, quick.count, quick.n, quick.others) == (True, 15, 15, 157_000)
    assert slow is not None
    assert not slow.shorter


def test_only_complete_interviews_have_a_length(field: Field) -> None:
    tablet = out(field)
    send(tablet, valid_answers(), elapsed_ms=120_000)
    refusal(tablet, elapsed_ms=2_000)
    send(tablet, {"age": "18-34"}, finish="broken_off", elapsed_ms=5_000)
    lengths = watch(field).lengths
    assert lengths is not None
    assert (lengths.n, lengths.median, lengths.shortest, lengths.tenth) == (1, 120_000, 120_000, None)


# --- against the plan -----------------------------------------------------------------------------------------------


def test_cells_show_target_completed_granted_and_free(field: Field) -> None:
    tablet = out(field)
    send(tablet, valid_answers())
    mode = intercept(field)
    yuechi, huaying = mode.districts
    assert (yuechi.code, huaying.code) == (YUECHI, HUAYING)
    assert (yuechi.total.completed, yuechi.total.granted, yuechi.total.free) == (1, 19, 10)
    assert (huaying.total.completed, huaying.total.granted, huaying.total.free) == (0, 0, 30)
    assert sum(cell.completed for cell, _ in yuechi.cells) == 1
    assert all(each.completed + each.granted + each.free == each.target for _, each in yuechi.cells)


def test_the_plan_by_now_is_the_part_of_the_time_that_is_over(field: Field) -> None:
    # It opened a day ago and closes in twenty.
    mode = intercept(field)
    assert mode.total.expected == pytest.approx(60 / 21)
    assert mode.total.behind
    field.clock.forward(days=30)
    assert intercept(field).total.expected == 60


def test_points_share_the_target_of_their_district(field: Field) -> None:
    tablet = out(field)
    send(tablet, valid_answers())
    refusal(tablet)
    first, second, third = intercept(field).points
    assert (first.progress.target, second.progress.target, third.progress.target) == (15, 15, 30)
    assert (first.progress.completed, first.outcomes) == (1, Dispositions(I=1, R=1))
    assert first.last_interview_at is not None
    assert (second.outcomes, second.last_interview_at) == (Dispositions(), None)


def test_interviews_are_counted_by_the_hour_of_the_office_s_clock(field: Field) -> None:
    tablet = out(field)
    send(tablet, valid_answers())
    field.clock.forward(hours=2)
    send(tablet, valid_answers(sex="M"))
    (day,) = intercept(field).days
    assert (day.day.isoformat(), day.hours, day.total) == ("2026-11-02", {9: 1, 11: 1}, 2)
    assert day.expected == pytest.approx(60 / 21)


# --- outcomes -------------------------------------------------------------------------------------------------------


def test_each_outcome_has_its_symbol_and_the_rates_are_made_of_them(field: Field) -> None:
    tablet = out(field)
    send(tablet, valid_answers())
    refusal(tablet)
    send(tablet, finish="not_reached")
    send(tablet, finish="language")
    send(tablet, finish="cell_full")
    send(tablet, finish="not_eligible", reason="under_age")
    send(tablet, {"age": "18-34"}, finish="broken_off")  # one of seven: a break-off
    send(tablet, dict(list(valid_answers().items())[:5]), finish="broken_off")  # five of seven
    mode = intercept(field)
    assert mode.outcomes == Dispositions(I=1, P=1, R=2, NC=1, O=1, NE=2)
    assert mode.rates is not None
    assert (mode.rates["RR1"].numerator, mode.rates["RR1"].denominator) == (1, 6)
    assert (mode.reconciliation.approaches, mode.reconciliation.outcomes) == (8, 8)


def test_people_who_choose_themselves_have_no_outcome_rates(field: Field) -> None:
    field.receive(valid_answers(), point_code=field.points[Mode.OPEN_QR][0].code)
    poster = watch(field).modes[1]
    assert (poster.mode, poster.rates) == (Mode.OPEN_QR, None)
    assert (poster.reconciliation.interviews, poster.reconciliation.completed) == (1, 1)


def test_what_is_over_quota_or_too_late_is_no_interview(field: Field) -> None:
    tablet = out(field)
    for _ in range(field.cell().target + 2):
        send(tablet, valid_answers())
    close_wave(field.db, WAVE, field.clock.now)
    field.clock.forward(days=5)
    send(tablet, valid_answers(sex="M"))
    mode = intercept(field)
    assert mode.outcomes == Dispositions(I=field.cell().target, NE=3)
    assert mode.reconciliation.agrees


def test_a_conflict_is_no_second_approach(field: Field) -> None:
    tablet = out(field)
    content = tablet.content(valid_answers())
    tablet.send(tablet.sealed(content))
    assert tablet.send(tablet.sealed(content | {"answers": valid_answers(parks="neutral")}))[0] == 409
    assert intercept(field).outcomes == Dispositions(I=1)


def test_a_counter_that_lies_is_named(field: Field) -> None:
    send(out(field), valid_answers())
    with field.db.writing() as connection:
        connection.execute(
            text("UPDATE quota_cell SET completed = completed + 1 WHERE id = :id"), {"id": field.cell(sex="M").id}
        )
    proof = intercept(field).reconciliation
    assert (proof.interviews_agree, proof.approaches_agree, proof.agrees) == (False, True, False)
    assert (proof.interviews, proof.completed) == (1, 2)


def test_an_outcome_that_is_lost_on_the_way_is_named(field: Field) -> None:
    send(out(field), valid_answers())
    proof = intercept(field).reconciliation
    assert not replace(proof, outcomes=0).approaches_agree
    assert not replace(proof, outcomes=0).agrees


def test_a_board_is_of_one_moment_though_interviews_come_in_meanwhile(field: Field) -> None:
    elsewhere = Database(field.settings.database_url)
    with elsewhere.reading() as connection:
        assert fieldwork.outcomes(connection, field.wave_id) == []
        field.receive(valid_answers())
        assert sum(cell.completed for cell in quotas.cells_of_wave(connection, field.wave_id)) == 0
    elsewhere.close()


# --- call-backs -----------------------------------------------------------------------------------------------------


def test_drawn_interviews_are_listed_with_their_volunteer(field: Field, li: Account) -> None:
    tablet = out(field)
    drawn = drawn_interview(field, tablet, volunteer=li.id, handed_over=True, elapsed_ms=111_000)
    undrawn_interview(field, tablet)
    board = watch(field)
    (shown,) = board.call_backs
    assert (str(shown.interview.response_id), shown.volunteer, shown.point) == (drawn, "李雷", field.point)
    assert (shown.interview.handed_over, shown.interview.elapsed_ms, shown.note) == (True, 111_000, None)
    assert board.interviews == 2


def test_a_refusal_is_never_drawn(field: Field) -> None:
    refusal(out(field), id=str(next(each for each in iter(uuid4, None) if is_drawn(SECRET, each))))
    assert watch(field).call_backs == ()


def test_a_finding_is_kept_with_who_noted_it_and_a_later_one_replaces_it(field: Field, fang: Account) -> None:
    drawn = UUID(drawn_interview(field, out(field)))
    for finding in (Finding.NOT_REACHED, Finding.DOUBTFUL):
        field.clock.forward(minutes=5)
        note_call_back(field.db, SECRET, WAVE, drawn, finding, fang, field.clock.now)
    (shown,) = watch(field).call_backs
    assert shown.note is not None
    assert (shown.note.finding, shown.noted_by, shown.note.at) == (Finding.DOUBTFUL, "王芳", field.clock.now)


def test_nobody_picks_what_to_check(field: Field, fang: Account) -> None:
    tablet = out(field)
    left_alone = UUID(undrawn_interview(field, tablet))
    unknown = next(each for each in iter(uuid4, None) if is_drawn(SECRET, each))
    note: Callable[..., None] = note_call_back
    for wave, response in ((WAVE, left_alone), (WAVE, unknown), ("no-such", unknown)):
        with pytest.raises(NotFound):
            note(field.db, SECRET, wave, response, Finding.CONFIRMED, fang, NOW)
    assert watch(field).call_backs == ()
