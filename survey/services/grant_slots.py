"""Going out with a tablet: taking an assignment with a grant of quota slots, asking for more, giving back, ending.

A grant is shared out over the cells of the point's district in proportion to what is still free there, so that a
tablet offline can finish what it begins and two tablets never hold the same slot.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from survey.config import OFFICE_ZONE
from survey.db import Database
from survey.domain.allocation import Allocation, allocate
from survey.domain.fieldwork import Assignment, Device, Point, SlotGrant, Wave
from survey.domain.problems import Invalid, Problem
from survey.domain.shift import shifts_from
from survey.domain.wave import Admission, Mode, accepts
from survey.queries import grants, wave_keys, waves
from survey.services.catalogue import Catalogue, Ground, NotFound
from survey.services.release_slots import release_slots
from survey.services.sealing import new_key_pair

TABLET_MODES = (Mode.INTERCEPT, Mode.HOUSEHOLD)


@dataclass(frozen=True, slots=True)
class Outing:
    """An assignment with everything a tablet takes along; `repeated`: it had been taken before."""

    assignment: Assignment
    wave: Wave
    point: Point
    key_id: int
    public_key: bytes
    slots: tuple[SlotGrant, ...]
    repeated: bool


def take_assignment(
    db: Database,
    catalogue: Catalogue,
    device: Device,
    assignment_id: UUID,
    point_code: str,
    shift_code: str,
    now: datetime,
) -> Outing:
    """Send a tablet to a point for a shift, with a grant. The same id again is the same assignment.

    Raises Invalid naming `id`, `point` or `shift`; NotFound for an unknown point.
    """
    point = catalogue.point(point_code)
    shift = next((each for each in shifts_from(now, ZoneInfo(OFFICE_ZONE)) if each.code == shift_code), None)
    release_slots(db, now)
    with db.writing() as connection:
        wave = waves.wave_by_id(connection, point.wave_id)
        known = grants.assignment_by_id(connection, assignment_id, lock=True)
        if known is not None:
            return _again(connection, known, device, wave, point, shift_code)
        if shift is None:
            raise Invalid([Problem("shift_over", "shift")])
        _must_take(wave, point, now)
        ground = catalogue.ground(wave.id)
        lasts = timedelta(hours=ground.plan.protocol.grant_hours)
        assignment = Assignment(
            assignment_id, wave.id, point.code, device.id, shift.code, now, shift.ends_at + lasts, None, 0
        )
        if not grants.insert_assignment(connection, assignment):  # asked twice in the same moment
            known = grants.assignment_by_id(connection, assignment_id, lock=True)
            assert known is not None
            return _again(connection, known, device, wave, point, shift_code)
        pair = new_key_pair()
        wave_keys.insert_wave_key(connection, wave.id, pair.public, pair.private, now)
        _grant(connection, ground, point, assignment, now)
        return _outing(connection, assignment, wave, point, repeated=False)


def change_slots(
    db: Database,
    catalogue: Catalogue,
    device: Device,
    assignment_id: UUID,
    *,
    returned: Mapping[int, int],
    more: int,
    ended: bool,
    now: datetime,
) -> Outing:
    """Give slots back (absolute totals by cell), ask for more (a number not seen before), end the shift.

    Every part may be repeated without changing anything twice. Raises NotFound for another tablet's assignment.
    """
    release_slots(db, now)
    with db.writing() as connection:
        assignment = grants.assignment_by_id(connection, assignment_id, lock=True)
        if assignment is None or assignment.device_id != device.id:
            raise NotFound(f"assignment {assignment_id}")
        wave = waves.wave_by_id(connection, assignment.wave_id)
        point = catalogue.point(assignment.point_code)
        grants.give_back(connection, assignment_id, returned, now)
        if ended:
            grants.end_assignment(connection, assignment_id, now)
        elif more > assignment.renewals:
            grants.note_renewal(connection, assignment_id, more)
            if _takes(wave, now) and now < assignment.expires_at and assignment.ended_at is None:
                _grant(connection, catalogue.ground(wave.id), point, assignment, now)
        changed = grants.assignment_by_id(connection, assignment_id)
        assert changed is not None
        return _outing(connection, changed, wave, point, repeated=True)


def _again(
    connection: Connection, known: Assignment, device: Device, wave: Wave, point: Point, shift_code: str
) -> Outing:
    if (known.device_id, known.point_code, known.shift) != (device.id, point.code, shift_code):
        raise Invalid([Problem("assignment_id_taken", "id")])
    return _outing(connection, known, wave, point, repeated=True)


def _must_take(wave: Wave, point: Point, now: datetime) -> None:
    if point.mode not in TABLET_MODES:
        raise Invalid([Problem("assignment_point", "point")])
    if not _takes(wave, now):
        raise Invalid([Problem("assignment_wave", "point")])


def _takes(wave: Wave, now: datetime) -> bool:
    return accepts(wave.state, wave.opens_at, wave.closes_at, wave.grace, now) is Admission.OPEN


def _grant(connection: Connection, ground: Ground, point: Point, assignment: Assignment, now: datetime) -> None:
    """Add up to the protocol's number of slots, in proportion to what is free in the point's district."""
    cells = [
        cell_id
        for key, cell_id in ground.cells.items()
        if key.mode == point.mode and key.district == point.district_code
    ]
    held = sum(slot.open for slot in grants.lock_grant(connection, assignment.id))
    free = {cell: count for cell, count in grants.lock_free(connection, cells).items() if count > 0}
    n = min(ground.plan.protocol.slots - held, sum(free.values()))
    if n > 0:
        amounts = allocate(n, free, Allocation.PROPORTIONAL)
        grants.grant(connection, assignment.id, {cell: k for cell, k in amounts.items() if k}, now)


def _outing(connection: Connection, assignment: Assignment, wave: Wave, point: Point, *, repeated: bool) -> Outing:
    key = wave_keys.public_key(connection, wave.id)
    assert key is not None, "a wave has its key since the first assignment"
    slots = tuple(grants.slots_of(connection, assignment.id))
    return Outing(assignment, wave, point, *key, slots, repeated)
