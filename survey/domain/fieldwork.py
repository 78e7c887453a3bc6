"""A wave as it stands in the field: its state and times, its points and quota cells, the tablets that are out."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from survey.domain.quota import CellKey
from survey.domain.wave import WaveState


@dataclass(frozen=True, slots=True)
class Wave:
    """A wave. `plan` is the plan's canonical JSON; the times are aware."""

    id: int
    code: str
    state: WaveState
    questionnaire_code: str
    questionnaire_version: int
    frame_id: int
    plan: str
    opens_at: datetime
    closes_at: datetime
    grace: timedelta


@dataclass(frozen=True, slots=True)
class Point:
    """A collection point: where a poster hangs or a volunteer stands. `number` is printed on the poster."""

    code: str
    wave_id: int
    number: int
    area_code: str
    district_code: str
    place_type: str
    mode: str


@dataclass(frozen=True, slots=True)
class QuotaCell:
    """One quota cell. `completed + granted <= target`, always."""

    id: int
    key: CellKey
    target: int
    completed: int
    granted: int

    @property
    def shortfall(self) -> int:
        """How many are still wanted."""
        return self.target - self.completed - self.granted


@dataclass(frozen=True, slots=True)
class Device:
    """A tablet. `unsent` and `refused` are what it held when it was last seen."""

    id: UUID
    label: str
    secret_digest: str
    enrolled_at: datetime
    revoked_at: datetime | None
    last_seen_at: datetime | None
    unsent: int
    refused: int
    clock_offset_ms: int | None
    release: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """A tablet at a point in a shift. Its grant ends at `expires_at`; `renewals`: how often it asked for more slots."""

    id: UUID
    wave_id: int
    point_code: str
    device_id: UUID
    shift: str
    taken_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    renewals: int


@dataclass(frozen=True, slots=True)
class Turn:
    """One volunteer's time on a tablet; `passed` counts the passers-by until now."""

    id: UUID
    assignment_id: UUID
    account_id: int
    began_at: datetime
    ended_at: datetime | None
    passed: int


@dataclass(frozen=True, slots=True)
class SlotGrant:
    """Slots of one cell in one assignment. `used + returned <= slots`, always."""

    cell_id: int
    slots: int
    used: int
    returned: int

    @property
    def open(self) -> int:
        """Slots that are neither used nor given back."""
        return self.slots - self.used - self.returned
