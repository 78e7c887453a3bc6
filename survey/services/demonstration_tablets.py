"""The tablets of the demonstration: volunteers who took turns at its points, and how their interviews came about.

Each point was visited in four shifts of a wave, which is what makes point × shift the unit of its sample. Two tablets
are out at this moment with a grant of slots, through the same service as real ones.
"""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from survey.config import OFFICE_ZONE
from survey.db import Database
from survey.domain.account import Account
from survey.domain.disposition import REASONS, Finish
from survey.domain.fieldwork import Assignment, Device, Point, Turn, Wave
from survey.domain.paradata import ClockState, Paradata, Times
from survey.domain.protocol import DEFAULT_PROTOCOL
from survey.domain.shift import Part, read_shift, shifts_from
from survey.queries import devices, grants
from survey.services.catalogue import Catalogue
from survey.services.grant_slots import take_assignment

TABLETS = 8
VISITS = 4  # shifts in which volunteers stood at each point
_HOURS = {Part.MORNING: (9.0, 12.0), Part.AFTERNOON: (14.5, 18.0), Part.EVENING: (18.5, 20.5)}
_NOT_REACHED, _NO_LANGUAGE = 0.35, 0.02  # of the approaches that brought no contact to speak of
_EVERY = 5


@dataclass
class Crew:
    """Volunteers with their tablets. Assignments and turns are made as the work needs them."""

    tablets: list[Device]
    volunteers: list[Account]
    rng: np.random.Generator
    _assignments: dict[tuple[str, str], Assignment] = field(default_factory=dict)
    _turns: dict[UUID, Turn] = field(default_factory=dict)
    _approaches: dict[UUID, int] = field(default_factory=dict)

    def moment(self, wave: Wave, point: Point, share: float, days: int) -> tuple[datetime, str]:
        """When somebody was met at a point, `share` of the wave's time after its start, and in which shift."""
        visit, within = divmod(min(share, 0.9999) * VISITS, 1)
        day = int((visit + (point.number % 7) / 7) * days / VISITS)
        part = tuple(Part)[(int(visit) + point.number) % len(Part)]
        first, last = _HOURS[part]
        opened = wave.opens_at.astimezone(ZoneInfo(OFFICE_ZONE))
        midnight = opened.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=day)
        met = midnight + timedelta(hours=first + within * (last - first))
        return met, f"{midnight:%Y-%m-%d}-{part.value}"

    def paradata(self, point: Point, shift: str, ended: datetime, seconds: int, finish: Finish) -> Paradata:
        """What the tablet noted of one approach. `ended`: when; `seconds`: how long it took."""
        assignment = self._assignment(point, shift)
        turn = self._turn(assignment, ended)
        number = self._approaches[assignment.id] = self._approaches.get(assignment.id, 0) + 1
        started = ended - timedelta(seconds=seconds)
        reasons = REASONS.get(finish, ())
        seen = finish is Finish.REFUSED
        return Paradata(
            device_id=assignment.device_id,
            assignment_id=assignment.id,
            turn_id=turn.id,
            volunteer_id=turn.account_id,
            sequence=number,
            passed=number * _EVERY,
            record_digest=hashlib.sha256(self.rng.bytes(16)).hexdigest(),
            reason=str(self.rng.choice(reasons)) if reasons else None,
            observed={"sex": str(self.rng.choice(["F", "M"]))} if seen else {},
            handed_over=finish is Finish.FINISHED and bool(self.rng.random() < 0.15),
            times=Times(started, ended, timedelta(0), ClockState.RIGHT),
            elapsed_ms=seconds * 1000 + int(self.rng.integers(1000)),
            interruptions=int(self.rng.random() < 0.03),
            timings={},
            place=None,
        )

    def outcome(self, finish: Finish) -> Finish:
        """Of those who did not take part, some were never reached and with a few there was no common language."""
        if finish is not Finish.REFUSED:
            return finish
        drawn = self.rng.random()
        if drawn < _NOT_REACHED:
            return Finish.NOT_REACHED
        return Finish.LANGUAGE if drawn < _NOT_REACHED + _NO_LANGUAGE else finish

    def keep(self, db: Database, now: datetime) -> None:
        """Write down who went where since the last time, as far as the time has come, and when tablets were seen."""
        begun = {each.id: each for each in self._assignments.values() if each.taken_at <= now}
        with db.writing() as connection:
            for assignment in begun.values():
                ended = assignment.ended_at is not None and assignment.ended_at <= now
                grants.insert_assignment(connection, assignment if ended else replace(assignment, ended_at=None))
            for turn in self._turns.values():
                if turn.assignment_id in begun:
                    over = turn.ended_at is not None and turn.ended_at <= now
                    grants.keep_turn(connection, turn if over else replace(turn, ended_at=None))
            for number, tablet in enumerate(self.tablets):
                seen = {"last_seen_at": now - timedelta(minutes=3 + 41 * number), "unsent": number % 3}
                devices.note_seen(connection, tablet.id, seen)
        self._assignments.clear()
        self._turns.clear()

    def _assignment(self, point: Point, shift: str) -> Assignment:
        key = (point.code, shift)
        if key not in self._assignments:
            read = read_shift(shift, ZoneInfo(OFFICE_ZONE))
            assert read is not None
            midnight = datetime.fromisoformat(shift[:10]).replace(tzinfo=ZoneInfo(OFFICE_ZONE))
            taken, ends = midnight + timedelta(hours=_HOURS[read.part][0] - 1), read.ends_at
            tablet = self.tablets[(point.number + len(self._assignments)) % len(self.tablets)]
            self._assignments[key] = Assignment(
                id=UUID(bytes=self.rng.bytes(16), version=4),
                wave_id=point.wave_id,
                point_code=point.code,
                device_id=tablet.id,
                shift=shift,
                taken_at=taken,
                expires_at=ends + timedelta(hours=DEFAULT_PROTOCOL.grant_hours),
                ended_at=ends,
                renewals=0,
            )
        return self._assignments[key]

    def _turn(self, assignment: Assignment, at: datetime) -> Turn:
        turn = self._turns.get(assignment.id)
        if turn is None:
            volunteer = self.volunteers[int(self.rng.integers(len(self.volunteers)))]
            turn_id = UUID(bytes=self.rng.bytes(16), version=4)
            began = assignment.taken_at + timedelta(minutes=50)
            turn = Turn(turn_id, assignment.id, volunteer.id, began, None, 0)
        passed = turn.passed + _EVERY
        turn = Turn(turn.id, turn.assignment_id, turn.account_id, turn.began_at, max(at, turn.began_at), passed)
        self._turns[assignment.id] = turn
        return turn


def tablets_of_the_demonstration(db: Database, rng: np.random.Generator, now: datetime) -> list[Device]:
    """Tablets whose secrets nobody has: what they brought is there, and they bring no more."""
    made = [
        Device(
            id=UUID(bytes=rng.bytes(16), version=4),
            label=f"演示平板 {number}",
            secret_digest=hashlib.sha256(rng.bytes(32)).hexdigest(),
            enrolled_at=now - timedelta(days=80),
            revoked_at=None,
            last_seen_at=now,
            unsent=0,
            refused=0,
            clock_offset_ms=0,
            release="",
        )
        for number in range(1, TABLETS + 1)
    ]
    with db.writing() as connection:
        for device in made:
            devices.insert_device(connection, device)
    return made


def send_out_now(db: Database, catalogue: Catalogue, crew: Crew, points: list[Point], now: datetime) -> None:
    """Two tablets take an assignment at this moment, with the slots that are free where they go."""
    shift = shifts_from(now, ZoneInfo(OFFICE_ZONE))[0]
    for tablet, point in zip(crew.tablets, (points[0], points[len(points) // 2]), strict=False):
        assignment_id = UUID(bytes=crew.rng.bytes(16), version=4)
        take_assignment(db, catalogue, tablet, assignment_id, point.code, shift.code, now)
