"""A wave's fieldwork as it stands now: tablets, shifts, quota cells and points against the plan, outcome rates, lengths
and call-backs, read in one state of the data, with the proof that the counts agree."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from analysis.outcome_rates import Dispositions, OutcomeRates, outcome_rates
from survey.config import OFFICE_ZONE
from survey.db import Database
from survey.domain.disposition import AAPOR
from survey.domain.fieldwork import Point, QuotaCell, Wave
from survey.domain.frame import Frame
from survey.domain.interview_length import Lengths, lengths_of
from survey.domain.pace import is_behind, time_share
from survey.domain.questionnaire import Questionnaire
from survey.domain.reconcile import Reconciliation
from survey.domain.wave import Mode, WavePlan
from survey.domain.wave_json import plan_from_json
from survey.services.catalogue import Catalogue
from survey.services.field_records import Ended, FieldRecords, Symbols, approaches, dispositions, read_records
from survey.services.grant_slots import TABLET_MODES
from survey.services.watch_volunteers import (
    CallBack,
    ShiftReport,
    TabletOut,
    VolunteerReport,
    call_backs,
    shifts,
    tablets_out,
    volunteers,
)


@dataclass(frozen=True, slots=True)
class Progress:
    """What is wanted, counted, promised to tablets and free, and how much the plan needs by now. What was not counted
    by quota, as at a point, has only `target`, `completed` and `expected`."""

    target: float
    completed: int
    expected: float
    granted: int = 0
    free: int = 0

    @property
    def behind(self) -> bool:
        return is_behind(self.completed, self.expected)


@dataclass(frozen=True, slots=True)
class DistrictProgress:
    """The cells of a district, and their sum."""

    code: str
    total: Progress
    cells: tuple[tuple[QuotaCell, Progress], ...]


@dataclass(frozen=True, slots=True)
class PointProgress:
    """A point. Its plan is an equal part of its district's target, for the plan of a wave names none."""

    point: Point
    progress: Progress
    outcomes: Dispositions
    last_interview_at: datetime | None


@dataclass(frozen=True, slots=True)
class Day:
    """Interviews on tablets by the hour in which they began, on one day of the office's clock."""

    day: date
    hours: Mapping[int, int]
    expected: float

    @property
    def total(self) -> int:
        return sum(self.hours.values())


@dataclass(frozen=True, slots=True)
class ModeProgress:
    """One way of collecting answers. Only where volunteers approach people there are outcome rates: a poster does not
    know who passed it by, and then `rates` is None."""

    mode: Mode
    total: Progress
    districts: tuple[DistrictProgress, ...]
    points: tuple[PointProgress, ...]
    days: tuple[Day, ...]
    outcomes: Dispositions
    rates: OutcomeRates | None
    reconciliation: Reconciliation


@dataclass(frozen=True, slots=True)
class Fieldwork:
    """Everything the board shows. `expired`: granted slots whose grants are over, which come free when asked for."""

    wave: Wave
    plan: WavePlan
    frame: Frame
    questionnaire: Questionnaire
    as_of: datetime
    tablets: tuple[TabletOut, ...]
    waiting: tuple[str, ...]
    expired: int
    shifts: tuple[ShiftReport, ...]
    modes: tuple[ModeProgress, ...]
    lengths: Lengths | None
    volunteers: tuple[VolunteerReport, ...]
    call_backs: tuple[CallBack, ...]
    interviews: int


def watch_fieldwork(
    db: Database, catalogue: Catalogue, secret: str, wave_code: str, now: datetime, symbols: Symbols = AAPOR
) -> Fieldwork:
    """The fieldwork of a wave. `secret` draws the call-backs. Raises NotFound."""
    with db.reading() as connection:
        records = read_records(connection, catalogue, wave_code, symbols)
    wave = records.wave
    plan = plan_from_json(wave.plan)
    sent_out = {assignment.device_id for assignment in records.assignments}
    over = [assignment.id for assignment in records.assignments if assignment.expires_at <= now]
    return Fieldwork(
        wave=wave,
        plan=plan,
        frame=catalogue.frame(wave.frame_id),
        questionnaire=catalogue.questionnaire(wave.questionnaire_code, wave.questionnaire_version),
        as_of=now,
        tablets=tablets_out(records, now),
        waiting=tuple(
            device.label for device in records.devices if device.id not in sent_out and device.revoked_at is None
        ),
        expired=sum(records.held.get(assignment, 0) for assignment in over),
        shifts=shifts(records),
        modes=tuple(_mode(records, sample.mode, now) for sample in plan.samples),
        lengths=lengths_of([interview.elapsed_ms for interview in records.interviews]),
        volunteers=volunteers(records),
        call_backs=call_backs(records, secret),
        interviews=len(records.interviews),
    )


def _mode(records: FieldRecords, mode: Mode, now: datetime) -> ModeProgress:
    share = time_share(records.wave.opens_at, records.wave.closes_at, now)
    cells = [cell for cell in records.cells if cell.key.mode == mode]
    ended = [each for each in records.ended if each.group.mode == mode]
    counts = dispositions(ended)
    by_district: dict[str, list[QuotaCell]] = defaultdict(list)
    for cell in cells:
        by_district[cell.key.district].append(cell)
    total = _sum(cells, share)
    return ModeProgress(
        mode=mode,
        total=total,
        districts=tuple(
            DistrictProgress(code, _sum(some, share), tuple((cell, _sum([cell], share)) for cell in some))
            for code, some in by_district.items()
        ),
        points=_points(records, mode, by_district, ended, share),
        days=_days(records, mode, total.target),
        outcomes=counts,
        rates=outcome_rates(counts) if mode in TABLET_MODES else None,
        reconciliation=Reconciliation(
            mode=mode,
            interviews=counts.I,
            completed=sum(cell.completed for cell in cells),
            approaches=records.stored.get(mode, 0),
            outcomes=approaches(counts),
        ),
    )


def _sum(cells: list[QuotaCell], share: float) -> Progress:
    target = sum(cell.target for cell in cells)
    return Progress(
        target=target,
        completed=sum(cell.completed for cell in cells),
        expected=target * share,
        granted=sum(cell.granted for cell in cells),
        free=sum(cell.shortfall for cell in cells),
    )


def _points(
    records: FieldRecords, mode: Mode, cells: Mapping[str, list[QuotaCell]], ended: list[Ended], share: float
) -> tuple[PointProgress, ...]:
    points = [point for point in records.points if point.mode == mode]
    sharing = Counter(point.district_code for point in points)
    brought: dict[str, list[Ended]] = defaultdict(list)
    for each in ended:
        brought[each.group.point_code].append(each)
    found = []
    for point in points:
        own = brought[point.code]
        counts = dispositions(own)
        target = sum(cell.target for cell in cells.get(point.district_code, ())) / sharing[point.district_code]
        last = max((each.last_at for each in own if each.symbol == "I"), default=None)
        found.append(PointProgress(point, Progress(target, counts.I, target * share), counts, last))
    return tuple(found)


def _days(records: FieldRecords, mode: Mode, target: float) -> tuple[Day, ...]:
    """The days with interviews, the latest first; a day's plan is its part of the time between opening and closing."""
    zone = ZoneInfo(OFFICE_ZONE)
    hours: dict[date, Counter[int]] = defaultdict(Counter)
    for interview in records.interviews:
        if interview.mode == mode:
            moment = interview.started_at.astimezone(zone)
            hours[moment.date()][moment.hour] += 1
    days = []
    for day in sorted(hours, reverse=True):
        midnight = datetime.combine(day, time(), zone)
        start, end = (
            time_share(records.wave.opens_at, records.wave.closes_at, moment)
            for moment in (midnight, midnight + timedelta(days=1))
        )
        days.append(Day(day, hours[day], target * (end - start)))
    return tuple(days)
