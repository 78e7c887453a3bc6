"""How many interviews a wanted precision, a comparison with a threshold or a change between waves takes.

Every answer is the smallest n whose criterion is met, found by trying n and not by rounding a formula; so a plan's
promise can be checked by putting its n back in. All go through the effective number of interviews

    m(n) = n / (deff · (1 - n/N)),

N the population, without end unless given (Cochran 1977, Sampling Techniques, sections 2.6 and 4.4; Kish 1965, Survey
Sampling, section 8.2). Where no population is given m is never above n, as in the product's own intervals.

- precision: half-width of Wilson's interval (Wilson 1927; the product's default) or of p ± z·se (Wald; Cochran 1977,
  section 4.4), in points or relative to the rate;
- threshold: power of the score test of p = T (Fleiss, Levin & Paik 2003, Statistical Methods for Rates and
  Proportions, chapter 2);
- change: half-width of, or power to see, the difference of two waves whose estimates have a correlation, which points
  that both visit give them (Kish 1965, section 12.4). Both waves have n interviews.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, inf, sqrt

from scipy.special import ndtr

from analysis.intervals import t_quantile, wilson_ends
from analysis.planning.design_effects import KISH, Kish
from analysis.planning.inputs import PlanError, above_zero, share

MOST = 1_000_000_000  # interviews beyond which a demand is refused
PERSONS = 1e-9  # of a person: what rounding may add to an exact number of approaches


class Interval(StrEnum):
    """The interval whose half-width is wanted."""

    WILSON = "wilson"
    WALD = "wald"


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under which interviews are made. Raises PlanError.

    deff: the design effect, a number or Kish's formula; population: people in the area, None = without end;
    eligible: share of the people approached who are eligible; response: share of these who are interviewed;
    level: of the interval, or 1 - the level of the test; df: degrees of freedom of the interval.
    """

    deff: float | Kish = 1.0
    population: int | None = None
    eligible: float = 1.0
    response: float = 1.0
    level: float = 0.95
    df: float = inf

    def __post_init__(self) -> None:
        above_zero("The design effect", self.design_effect)
        if self.population is not None:
            above_zero("The population", self.population)
        share("The share of eligible people", self.eligible, zero=False)
        share("The response rate", self.response, zero=False)
        share("The share of eligible people times the response rate", self.eligible * self.response, zero=False)
        share("The level", self.level, zero=False, one=False)
        if not self.df > 0:
            raise PlanError(f"df is {self.df:g}; an interval needs degrees of freedom above 0: plan more points.")

    @property
    def design_effect(self) -> float:
        """The design effect as a number."""
        return self.deff.value if isinstance(self.deff, Kish) else self.deff

    def effective(self, n: int) -> float:
        """m(n): interviews of a simple random sample that says as much; inf if everybody is asked."""
        if self.population is None:
            return min(n, n / self.design_effect)
        left = 1 - n / self.population
        return n / (self.design_effect * left) if left > 0 else inf

    def approaches(self, n: int) -> int:
        """People to approach for n interviews."""
        return ceil(n / (self.eligible * self.response) - PERSONS)

    def assumed(self) -> tuple[tuple[str, float], ...]:
        """The conditions by name."""
        kish = self.deff if isinstance(self.deff, Kish) else None
        parts = (("weights", kish.weights), ("rho", kish.rho), ("per_point", kish.per_point)) if kish else ()
        people = () if self.population is None else (("population", float(self.population)),)
        rest = (("eligible", self.eligible), ("response", self.response), ("level", self.level), ("df", self.df))
        return (("deff", self.design_effect), *parts, *people, *rest)


@dataclass(frozen=True, slots=True)
class SampleSize:
    """n interviews and what they rest on.

    approaches: people to approach for them; wanted, attained: the criterion's limit, and its value at n; formula and
    source of the criterion; assumed: every number that went in, by name.
    """

    n: int
    approaches: int
    wanted: float
    attained: float
    formula: str
    source: str
    assumed: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Demand:
    """What n must satisfy. value: the criterion as a function of m, monotone; limit: what it may at most be (a width)
    or must at least be (a power).
    """

    value: Callable[[float, Conditions], float]
    limit: float
    rising: bool
    formula: str
    source: str
    assumed: tuple[tuple[str, float], ...]

    def met(self, n: int, under: Conditions) -> bool:
        """Do n interviews satisfy it?"""
        value = self.value(under.effective(n), under)
        return value >= self.limit if self.rising else value <= self.limit


def precision(
    rate: float, half_width: float, *, relative: bool = False, interval: Interval | str = Interval.WILSON
) -> Demand:
    """An interval no wider than `half_width` to each side, in shares (0.03 = three points), or of the rate if
    `relative`. At rate 0.5 the interval is widest, so that is the careful choice. Raises PlanError.
    """
    above_zero("The half-width", half_width)
    kind = Interval(interval)
    share("The expected rate", rate, zero=not (relative or kind is Interval.WALD), one=kind is Interval.WILSON)
    width = half_width * rate if relative else half_width

    def half(m: float, under: Conditions) -> float:
        z = t_quantile((1 + under.level) / 2, under.df)
        if kind is Interval.WALD or m == inf:
            return z * sqrt(rate * (1 - rate) / m)
        lower, upper = wilson_ends(rate, m, z)
        return (upper - lower) / 2

    formula, source = {
        Interval.WILSON: ("z sqrt(p(1-p)/m + z²/4m²) / (1 + z²/m) <= d", "Wilson 1927, JASA 22:209"),
        Interval.WALD: ("z sqrt(p(1-p)/m) <= d", "Cochran 1977, Sampling Techniques, section 4.4"),
    }[kind]
    given = (("rate", rate), ("relative_half_width" if relative else "half_width", half_width))
    return Demand(half, width, False, formula, source, given)


def threshold(rate: float, target: float, *, power: float = 0.8, two_sided: bool = True) -> Demand:
    """Power to tell the rate from `target` by the score test at level 1 - `Conditions.level`. Raises PlanError."""
    share("The expected rate", rate)
    share("The target", target, zero=False, one=False)
    share("The power", power, zero=False, one=False)
    if rate == target:
        raise PlanError(f"The expected rate is the target, {rate:g}: no number of interviews tells them apart.")

    def value(m: float, under: Conditions) -> float:
        z = t_quantile((1 + under.level) / 2 if two_sided else under.level, under.df)
        return _power(abs(rate - target), sqrt(target * (1 - target) / m), sqrt(rate * (1 - rate) / m), z, two_sided)

    formula = "P(|p̂-T| > z sqrt(T(1-T)/m)) >= power, p̂ ~ N(p, p(1-p)/m)"
    source = "Fleiss, Levin & Paik 2003, chapter 2"
    given = (("rate", rate), ("target", target), ("power", power), ("sides", 2.0 if two_sided else 1.0))
    return Demand(value, power, True, formula, source, given)


def _power(difference: float, null_error: float, error: float, z: float, two_sided: bool) -> float:
    """Chance that an estimate with `error` around a difference lies beyond z null errors, to either side if asked."""
    if error == 0:
        return 1.0 if difference > z * null_error else 0.0
    found = float(ndtr((difference - z * null_error) / error))
    return found + float(ndtr((-difference - z * null_error) / error)) if two_sided else found


def change(first: float, second: float, half_width: float, *, correlation: float = 0.0) -> Demand:
    """An interval for second - first no wider than `half_width` to each side. correlation: of the two estimates, as
    `design_effects.shared_points_correlation` gives it. Raises PlanError.
    """
    _waves(first, second, correlation)
    above_zero("The half-width", half_width)

    def half(m: float, under: Conditions) -> float:
        return t_quantile((1 + under.level) / 2, under.df) * _error_of_change(first, second, correlation, m)

    formula = "z sqrt((p1(1-p1) + p2(1-p2) - 2r sqrt(p1(1-p1)p2(1-p2)))/m) <= d"
    given = (("first", first), ("second", second), ("half_width", half_width), ("correlation", correlation))
    return Demand(half, half_width, False, formula, "Kish 1965, Survey Sampling, section 12.4", given)


def detect_change(
    first: float, second: float, *, power: float = 0.8, two_sided: bool = True, correlation: float = 0.0
) -> Demand:
    """Power to see that the rate went from `first` to `second`; the test takes its error from the mean of the two.
    Raises PlanError.
    """
    _waves(first, second, correlation)
    share("The power", power, zero=False, one=False)
    if first == second:
        raise PlanError(f"Both waves have the rate {first:g}: there is no change to see.")
    middle = (first + second) / 2

    def value(m: float, under: Conditions) -> float:
        z = t_quantile((1 + under.level) / 2 if two_sided else under.level, under.df)
        null = _error_of_change(middle, middle, correlation, m)
        return _power(abs(second - first), null, _error_of_change(first, second, correlation, m), z, two_sided)

    formula = "P(|p̂2-p̂1| > z sqrt(2p̄(1-p̄)(1-r)/m)) >= power"
    source = "Fleiss, Levin & Paik 2003, chapter 4; Kish 1965, section 12.4"
    given = (
        *(("first", first), ("second", second), ("power", power)),
        *(("sides", 2.0 if two_sided else 1.0), ("correlation", correlation)),
    )
    return Demand(value, power, True, formula, source, given)


def _waves(first: float, second: float, correlation: float) -> None:
    share("The rate of the first wave", first, zero=False, one=False)
    share("The rate of the second wave", second, zero=False, one=False)
    share("The correlation of the waves", correlation, one=False)


def _error_of_change(first: float, second: float, correlation: float, m: float) -> float:
    one, two = first * (1 - first), second * (1 - second)
    return sqrt((one + two - 2 * correlation * sqrt(one * two)) / m)


def sample_size(demand: Demand, under: Conditions | None = None) -> SampleSize:
    """The smallest n that satisfies the demand; with a finite population at most everybody. Raises PlanError."""
    under = under or Conditions()
    most = MOST if under.population is None else under.population
    if not demand.met(most, under):
        raise PlanError(f"Even {most:,} interviews are not enough: ask for less precision or a larger difference.")
    fails, meets = 0, 1
    while not demand.met(meets, under):
        fails, meets = meets, min(2 * meets, most)
    while meets - fails > 1:
        middle = (fails + meets) // 2
        fails, meets = (fails, middle) if demand.met(middle, under) else (middle, meets)
    attained = demand.value(under.effective(meets), under)
    source = f"{demand.source}; deff: {KISH}" if isinstance(under.deff, Kish) else demand.source
    return SampleSize(
        n=meets,
        approaches=under.approaches(meets),
        wanted=demand.limit,
        attained=attained,
        formula=demand.formula,
        source=source,
        assumed=(*demand.assumed, *under.assumed()),
    )


@dataclass(frozen=True, slots=True)
class Level:
    """A level at which rates are wanted: its name (city, district, street, neighbourhood), how many areas it has, and
    the conditions in one of them.
    """

    name: str
    areas: int
    conditions: Conditions


@dataclass(frozen=True, slots=True)
class LevelSize:
    """What a demand takes at one level: `each` area's size, and all areas together. With every level a part of the
    next, the largest total meets the demand at all levels.
    """

    level: str
    areas: int
    each: SampleSize
    n: int
    approaches: int


def by_level(demand: Demand, levels: Sequence[Level]) -> tuple[LevelSize, ...]:
    """The same demand on every area of each level. Raises PlanError, naming the level."""
    found = []
    for level in levels:
        above_zero(f"The number of areas of the level {level.name}", level.areas)
        try:
            each = sample_size(demand, level.conditions)
        except PlanError as problem:
            raise PlanError(f"{level.name}: {problem}") from problem
        found.append(
            LevelSize(level.name, level.areas, each, level.areas * each.n, level.areas * each.approaches),
        )
    return tuple(found)
