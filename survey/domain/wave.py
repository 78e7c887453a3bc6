"""What a wave of fieldwork is: its plan, its states, and when it accepts answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from survey.domain.allocation import DEFAULT_POWER, Allocation
from survey.domain.problems import Invalid, Problem
from survey.domain.protocol import DEFAULT_PROTOCOL, Protocol

DEFAULT_REPLACE_HOURS = 48


class Mode(StrEnum):
    """How answers are collected. Modes are never pooled silently, so each has its own sample and quota cells."""

    INTERCEPT = "intercept"
    OPEN_QR = "open_qr"
    HOUSEHOLD = "household"
    SAMPLED = "sampled"


class PlaceType(StrEnum):
    """The kinds of places where residents are met."""

    SQUARE = "square"
    MALL = "mall"
    SUPERMARKET = "supermarket"
    STATION = "station"
    SERVICE_WINDOW = "service_window"
    BACK_STREET = "back_street"
    HOUSING_ESTATE = "housing_estate"
    URBAN_FRINGE = "urban_fringe"
    URBAN_VILLAGE = "urban_village"
    BUS_LINE = "bus_line"
    HOSPITAL = "hospital"
    MARKET = "market"
    SCHOOL_GATE = "school_gate"


class Within(StrEnum):
    """How a district's sample is shared out over sex and age: as its population is, or equally."""

    POPULATION = "population"
    EQUAL = "equal"


class WaveState(StrEnum):
    """A wave is prepared, then collects, then is over. It never goes back: its results would change their meaning."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"


class WaveAction(StrEnum):
    """What an organiser can do to a wave's state."""

    OPEN = "open"
    CLOSE = "close"


class Admission(StrEnum):
    """Whether an answer that arrives now belongs to the wave; in `grace` it is stored and flagged as late."""

    NOT_YET = "not_yet"
    OPEN = "open"
    GRACE = "grace"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class SamplePlan:
    """The sample of one mode: n interviews over the plan's districts. `fixed` holds numbers by district code for the
    fixed rule, `power` the exponent of the power rule."""

    mode: Mode
    n: int
    allocation: Allocation
    fixed: Mapping[str, int] = field(default_factory=dict)
    power: Fraction = DEFAULT_POWER


@dataclass(frozen=True, slots=True)
class PointPlan:
    """One collection point: a kind of place in a street, community or grid zone."""

    area_code: str
    place_type: PlaceType
    mode: Mode


@dataclass(frozen=True, slots=True)
class Notice:
    """What the form says about this office before its questions: whom to ask or complain to, and for how many months
    answers are kept. Where a plan says nothing, the form names the issuing office."""

    contact: Mapping[str, str] = field(default_factory=dict)
    keep_months: int | None = None


@dataclass(frozen=True, slots=True)
class WavePlan:
    """Everything decided before a wave opens.

    The times are aware. `shares` holds, for strata questions that no census figure describes, the share of each
    category code; without it they are split equally.
    """

    code: str
    title: Mapping[str, str]
    questionnaire_code: str
    questionnaire_version: int
    opens_at: datetime
    closes_at: datetime
    grace: timedelta
    districts: tuple[str, ...]
    samples: tuple[SamplePlan, ...]
    points: tuple[PointPlan, ...]
    within: Within = Within.POPULATION
    shares: Mapping[str, Mapping[str, Fraction]] = field(default_factory=dict)
    protocol: Protocol = DEFAULT_PROTOCOL
    replace_hours: int = DEFAULT_REPLACE_HOURS  # for which who answered a letter may answer it anew; 0 for never
    notice: Notice = field(default_factory=Notice)


_NEXT = {
    (WaveState.DRAFT, WaveAction.OPEN): WaveState.OPEN,
    (WaveState.OPEN, WaveAction.CLOSE): WaveState.CLOSED,
}


def next_state(state: WaveState, action: WaveAction) -> WaveState:
    """The state after an action; Invalid if a wave in this state does not allow it."""
    if (state, action) not in _NEXT:
        raise Invalid([Problem("wave_action", "state", (("action", action), ("state", state)))])
    return _NEXT[state, action]


def accepts(state: WaveState, opens_at: datetime, closes_at: datetime, grace: timedelta, now: datetime) -> Admission:
    """Whether an answer that arrives at `now` belongs to the wave. All times are aware.

    Who closes a wave early sets `closes_at` to that moment; until then plus `grace`, tablets bring in what they hold.
    """
    if state is WaveState.DRAFT or (state is WaveState.OPEN and now < opens_at):
        return Admission.NOT_YET
    if state is WaveState.OPEN and now < closes_at:
        return Admission.OPEN
    return Admission.GRACE if now < closes_at + grace else Admission.OVER
