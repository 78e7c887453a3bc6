"""A wave as it stands in the field: its state and times, its collection points, its quota cells."""

from dataclasses import dataclass
from datetime import datetime, timedelta

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
