"""Things that no longer change, read once per process: questionnaires, frames, and the ground of an opened wave.

The state of a wave does change and is never remembered here; nor is anything of a draft.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar, cast
from uuid import UUID

from survey.db import Database
from survey.domain.fieldwork import Assignment, Device, Point
from survey.domain.frame import Frame, Level
from survey.domain.questionnaire import Questionnaire
from survey.domain.quota import CellKey
from survey.domain.wave import WavePlan, WaveState
from survey.domain.wave_json import plan_from_json
from survey.queries import devices, frames, grants, questionnaires, quotas, wave_keys, waves

T = TypeVar("T")

LEARN_EVERY = timedelta(minutes=1)
_POSTERS_ASKED = ("posters asked",)


class NotFound(Exception):
    """Nothing of this code exists."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a wave is held: its plan, its frame, the neighbourhoods people may live in, its quota cells."""

    wave_id: int
    plan: WavePlan
    frame_id: int
    frame: Frame
    homes: Mapping[str, str]  # every neighbourhood of the city -> its district, also outside the wave's districts
    cells: Mapping[CellKey, int]  # key -> id


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A reader of unchanging things over one database."""

    db: Database
    _known: dict[Hashable, object] = field(default_factory=dict)

    def questionnaire(self, code: str, version: int) -> Questionnaire:
        """A published questionnaire. Raises NotFound."""

        def read() -> tuple[Questionnaire | None, bool]:
            with self.db.reading() as connection:
                return questionnaires.published_questionnaire(connection, code, version), True

        return self._once(("questionnaire", code, version), read)

    def frame(self, frame_id: int) -> Frame:
        """An imported frame. Raises NotFound."""

        def read() -> tuple[Frame | None, bool]:
            with self.db.reading() as connection:
                return frames.read_frame(connection, frame_id), True

        return self._once(("frame", frame_id), read)

    def point(self, code: str) -> Point:
        """A collection point. Raises NotFound."""

        def read() -> tuple[Point | None, bool]:
            with self.db.reading() as connection:
                point = waves.point_by_code(connection, code)
                settled = point is not None and waves.wave_by_id(connection, point.wave_id).state is not WaveState.DRAFT
                return point, settled

        return self._once(("point", code), read)

    def poster(self, code: str) -> Point:
        """A point that people may come to by its own code: of a wave that is no draft, and open to everybody who finds
        it. Raises NotFound."""

        def read() -> tuple[Point | None, bool]:
            with self.db.reading() as connection:
                return waves.poster_by_code(connection, code), True

        return self._once(("poster", code), read)

    def knows_poster(self, code: str) -> bool:
        """Whether `poster` gives it without asking the database."""
        return ("poster", code) in self._known

    def learn_posters(self, now: datetime) -> None:
        """Let `knows_poster` know those of all open waves. The database is asked at most once a minute."""
        asked_at = cast("datetime | None", self._known.get(_POSTERS_ASKED))
        if asked_at is not None and asked_at <= now < asked_at + LEARN_EVERY:
            return
        self._known[_POSTERS_ASKED] = now
        with self.db.reading() as connection:
            self._known.update((("poster", point.code), point) for point in waves.open_posters(connection))

    def ground(self, wave_id: int) -> Ground:
        """Where a wave is held."""

        def read() -> tuple[Ground | None, bool]:
            with self.db.reading() as connection:
                wave = waves.wave_by_id(connection, wave_id)
                cells = {cell.key: cell.id for cell in quotas.cells_of_wave(connection, wave_id)}
            plan, frame = plan_from_json(wave.plan), self.frame(wave.frame_id)
            homes = {leaf: area.code for area in frame.districts for leaf in _neighbourhoods(frame, area.code)}
            return Ground(wave_id, plan, wave.frame_id, frame, homes, cells), wave.state is not WaveState.DRAFT

        return self._once(("ground", wave_id), read)

    def assignment(self, assignment_id: UUID) -> Assignment:
        """A tablet's assignment as it was taken: its place, shift and moment never change. Raises NotFound."""

        def read() -> tuple[Assignment | None, bool]:
            with self.db.reading() as connection:
                return grants.assignment_by_id(connection, assignment_id), True

        return self._once(("assignment", assignment_id), read)

    def device(self, device_id: UUID) -> Device:
        """A tablet as it was enrolled: whether it has been revoked since is asked anew each time. Raises NotFound."""

        def read() -> tuple[Device | None, bool]:
            with self.db.reading() as connection:
                return devices.device_by_id(connection, device_id), True

        return self._once(("device", device_id), read)

    def private_key(self, key_id: int) -> tuple[int, bytes]:
        """(wave id, private key) of a wave's key. Raises NotFound."""

        def read() -> tuple[tuple[int, bytes] | None, bool]:
            with self.db.reading() as connection:
                return wave_keys.private_key(connection, key_id), True

        return self._once(("private key", key_id), read)

    def _once(self, key: Hashable, read: Callable[[], tuple[T | None, bool]]) -> T:
        """What is known under `key`, else what `read` gives; kept where it says that it is settled."""
        found = cast("T | None", self._known.get(key))
        if found is None:
            found, settled = read()
            if found is None:
                raise NotFound(key)
            if settled:
                self._known[key] = found
        return found


def _neighbourhoods(frame: Frame, code: str) -> Iterator[str]:
    """The lowest areas people name as theirs: communities, or whatever is lowest above them."""
    below = [area for area in frame.children(code) if area.level is not Level.GRID]
    if not below:
        yield code
    for area in below:
        yield from _neighbourhoods(frame, area.code)
