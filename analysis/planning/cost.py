"""What a plan asks of volunteers: approaches, shifts and hours in each district.

A team goes to one point for one shift; the shift is spent on the way, on interviews and on people who do not give one.
Hours are those of the whole shift, since nobody goes home early to save them. Nothing here is estimated: minutes and
rates are the caller's data, best taken from the last wave.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from analysis.planning.inputs import PlanError, above_zero, at_least, share
from analysis.planning.two_stage import PointCosts

PART = 1e-9  # of a shift or a person: what rounding may add


@dataclass(frozen=True, slots=True)
class Effort:
    """minutes_per_interview: with its approach; minutes_per_failure: an approach without an interview; yield_rate:
    interviews per approach; travel_minutes: to and from a point and setting up, once a shift; shift_minutes: the whole
    shift; team: volunteers who go together; interviewing: how many of them interview at a time; shifts_each: shifts a
    volunteer can do in the wave. Raises PlanError.
    """

    minutes_per_interview: float = 6.0
    minutes_per_failure: float = 1.0
    yield_rate: float = 0.4
    travel_minutes: float = 45.0
    shift_minutes: float = 180.0
    team: int = 2
    interviewing: int = 2
    shifts_each: int = 4

    def __post_init__(self) -> None:
        above_zero("minutes_per_interview", self.minutes_per_interview)
        at_least("minutes_per_failure", self.minutes_per_failure, 0)
        share("yield_rate", self.yield_rate, zero=False)
        at_least("travel_minutes", self.travel_minutes, 0)
        at_least("shifts_each", self.shifts_each, 1)
        if not 1 <= self.interviewing <= self.team:
            raise PlanError(f"interviewing is {self.interviewing}; of a team of {self.team} at least one interviews.")
        if self.per_shift < 1:
            raise PlanError(
                f"shift_minutes is {self.shift_minutes:g}: after {self.travel_minutes:g} minutes of travel no time is "
                "left for one interview. Lengthen the shift."
            )

    @property
    def work_minutes(self) -> float:
        """An interviewer's minutes for an interview and the failed approaches that come with it."""
        return self.minutes_per_interview + (1 / self.yield_rate - 1) * self.minutes_per_failure

    @property
    def per_shift(self) -> float:
        """Interviews that a team brings home from a shift."""
        return self.interviewing * (self.shift_minutes - self.travel_minutes) / self.work_minutes

    def point_costs(self, rho: float, *, weights: float = 1.0) -> PointCosts:
        """Volunteer-minutes of a point and of an interview, for `two_stage`: one shift a point."""
        per_interview = self.team / self.interviewing * self.work_minutes
        return PointCosts(self.team * self.travel_minutes, per_interview, rho, int(self.per_shift + PART), weights)


@dataclass(frozen=True, slots=True)
class Fieldwork:
    """What one district is to do: interviews spread as evenly as possible over its points."""

    district: str
    interviews: int
    points: int


@dataclass(frozen=True, slots=True)
class DistrictCost:
    """What it takes. hours: volunteer-hours of whole shifts, travel included; travel_hours: the part on the way."""

    district: str
    interviews: int
    points: int
    approaches: int
    shifts: int
    hours: float
    travel_hours: float
    volunteers: int


@dataclass(frozen=True, slots=True)
class Cost:
    """Each district, and all of them; volunteers stay in their district. Carries the effort it was computed from."""

    effort: Effort
    districts: tuple[DistrictCost, ...]
    total: DistrictCost


def cost(plan: Iterable[Fieldwork], effort: Effort | None = None, *, all_districts: str = "all") -> Cost:
    """The volunteers' share of a plan. Raises PlanError, naming the district."""
    effort = effort or Effort()
    districts = tuple(_district(work, effort) for work in plan)
    if not districts:
        raise PlanError("The plan names no district.")
    total = DistrictCost(
        all_districts,
        sum(each.interviews for each in districts),
        sum(each.points for each in districts),
        sum(each.approaches for each in districts),
        sum(each.shifts for each in districts),
        sum(each.hours for each in districts),
        sum(each.travel_hours for each in districts),
        sum(each.volunteers for each in districts),
    )
    return Cost(effort, districts, total)


def _district(work: Fieldwork, effort: Effort) -> DistrictCost:
    at_least(f"{work.district}: interviews", work.interviews, 0)
    at_least(f"{work.district}: points", work.points, 1)
    each, larger = divmod(work.interviews, work.points)
    shifts = sum(
        points * ceil(interviews / effort.per_shift - PART)
        for points, interviews in ((larger, each + 1), (work.points - larger, each))
    )
    return DistrictCost(
        work.district,
        work.interviews,
        work.points,
        ceil(work.interviews / effort.yield_rate - PART),
        shifts,
        shifts * effort.team * effort.shift_minutes / 60,
        shifts * effort.team * effort.travel_minutes / 60,
        # Nobody can be in a team of their own, however few shifts there are.
        0 if not shifts else max(effort.team, ceil(shifts * effort.team / effort.shifts_each - PART)),
    )
