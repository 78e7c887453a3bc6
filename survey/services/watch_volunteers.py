"""The tablets and volunteers of a wave as they stand: who is out, whose turn brought what, how long interviews took,
and which interviews to ask about."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from analysis.outcome_rates import Dispositions
from survey.domain.call_back import is_drawn
from survey.domain.fieldwork import Assignment, Device, Point, Turn
from survey.domain.interview_length import Apart, Lengths, lengths_of, stands_apart
from survey.queries.fieldwork import Interview, Note
from survey.services.field_records import Ended, FieldRecords, dispositions


@dataclass(frozen=True, slots=True)
class TabletOut:
    """A tablet that was sent out in this wave. `assignment`: the one that still runs, with the slots it holds and the
    turn that began last in it; None when the tablet is back."""

    device: Device
    assignment: Assignment | None
    point: Point | None
    held: int
    turn: Turn | None
    volunteer: str | None


@dataclass(frozen=True, slots=True)
class TurnReport:
    """One volunteer's time on a tablet, and what came of it. A turn that only its records tell of has no `turn`."""

    id: UUID
    volunteer: str
    point: Point
    tablet: str
    began_at: datetime
    turn: Turn | None
    outcomes: Dispositions


@dataclass(frozen=True, slots=True)
class ShiftReport:
    """Everything that happened in one shift."""

    code: str
    turns: tuple[TurnReport, ...]
    outcomes: Dispositions


@dataclass(frozen=True, slots=True)
class VolunteerReport:
    """A volunteer's whole work in a wave."""

    name: str
    outcomes: Dispositions
    lengths: Lengths | None
    apart: Apart | None


@dataclass(frozen=True, slots=True)
class CallBack:
    """An interview that was drawn, and what was found about it."""

    interview: Interview
    volunteer: str
    point: Point
    note: Note | None
    noted_by: str | None


def tablets_out(records: FieldRecords, now: datetime) -> tuple[TabletOut, ...]:
    """Every tablet of the wave by its label."""
    points = {point.code: point for point in records.points}
    running: dict[UUID, Assignment] = {}
    for assignment in records.assignments:  # the latest first
        if assignment.ended_at is None and now < assignment.expires_at:
            running.setdefault(assignment.device_id, assignment)
    turns: dict[UUID, Turn] = {}
    for each in records.turns:  # the latest first
        turns.setdefault(each.assignment_id, each)
    sent_out = {assignment.device_id for assignment in records.assignments}
    found = []
    for device in records.devices:
        if device.id in sent_out:
            now_in = running.get(device.id)
            turn = None if now_in is None else turns.get(now_in.id)
            found.append(
                TabletOut(
                    device=device,
                    assignment=now_in,
                    point=None if now_in is None else points[now_in.point_code],
                    held=0 if now_in is None else records.held.get(now_in.id, 0),
                    turn=turn,
                    volunteer=None if turn is None else name_of(records, turn.account_id),
                )
            )
    return tuple(found)


def shifts(records: FieldRecords) -> tuple[ShiftReport, ...]:
    """Every shift with its turns, the latest first."""
    ended: dict[tuple[UUID, UUID, int], list[Ended]] = defaultdict(list)
    for each in records.ended:
        group = each.group
        if group.assignment_id is not None and group.turn_id is not None and group.account_id is not None:
            ended[group.assignment_id, group.turn_id, group.account_id].append(each)
    known = {(turn.assignment_id, turn.id, turn.account_id): turn for turn in records.turns}
    by_shift: dict[str, list[tuple[TurnReport, list[Ended]]]] = defaultdict(list)
    assignments = {assignment.id: assignment for assignment in records.assignments}
    points = {point.code: point for point in records.points}
    labels = {device.id: device.label for device in records.devices}
    for key in known.keys() | ended.keys():
        assignment, turn, brought = assignments[key[0]], known.get(key), ended.get(key, [])
        report = TurnReport(
            id=key[1],
            volunteer=name_of(records, key[2]),
            point=points[assignment.point_code],
            tablet=labels[assignment.device_id],
            began_at=turn.began_at if turn is not None else min(each.first_at for each in brought),
            turn=turn,
            outcomes=dispositions(brought),
        )
        by_shift[assignment.shift].append((report, brought))
    reports = []
    for code, turns in by_shift.items():
        everything = dispositions(each for _, brought in turns for each in brought)
        latest_first = sorted((report for report, _ in turns), key=lambda report: report.began_at, reverse=True)
        reports.append(ShiftReport(code, tuple(latest_first), everything))
    return tuple(sorted(reports, key=lambda report: report.turns[0].began_at, reverse=True))


def volunteers(records: FieldRecords) -> tuple[VolunteerReport, ...]:
    """Every volunteer with an approach, by name; lengths are compared with those of all the others together."""
    ended: dict[int, list[Ended]] = defaultdict(list)
    for each in records.ended:
        if each.group.account_id is not None:
            ended[each.group.account_id].append(each)
    elapsed: dict[int, list[int]] = defaultdict(list)
    for interview in records.interviews:
        elapsed[interview.account_id].append(interview.elapsed_ms)
    everybody = sorted(interview.elapsed_ms for interview in records.interviews)
    reports = [
        VolunteerReport(
            name=name_of(records, account_id),
            outcomes=dispositions(brought),
            lengths=lengths_of(elapsed[account_id]),
            apart=stands_apart(elapsed[account_id], everybody),
        )
        for account_id, brought in ended.items()
    ]
    return tuple(sorted(reports, key=lambda report: report.name))


def call_backs(records: FieldRecords, secret: str) -> tuple[CallBack, ...]:
    """The interviews that were drawn, those to ask about first, then by volunteer and time."""
    points = {point.code: point for point in records.points}
    found = []
    for interview in records.interviews:
        if is_drawn(secret, interview.response_id):
            note = records.notes.get(interview.response_id)
            noted_by = None if note is None else name_of(records, note.account_id)
            volunteer = name_of(records, interview.account_id)
            found.append(CallBack(interview, volunteer, points[interview.point_code], note, noted_by))
    return tuple(sorted(found, key=lambda each: (each.note is not None, each.volunteer, each.interview.started_at)))


def name_of(records: FieldRecords, account_id: int) -> str:
    """An account's name; a record may name a number that no account has."""
    return records.names.get(account_id, f"#{account_id}")
