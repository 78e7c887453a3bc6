"""How n interviews are shared out over strata, in whole numbers that add up to n, within limits for each stratum.

Parts are proportional to (N population of a stratum, S standard deviation of one answer, P expected rate, c cost of an
interview)

- equal: 1
- proportional: N
- power: N^q · S/P (Bankier 1988, The American Statistician 42:174, with the number of people who count as the size of
  the stratum's size and q between). The sum of squares of N^q times the relative error is least; so at q = 0 all
  strata matter alike, and at q = 1 by their size. Where rates are alike, and without rates: N^q
- neyman: N·S (Neyman 1934, JRSS 97:558), the smallest variance of the city's rate
- optimum: N·S/√c (Cochran 1977, Sampling Techniques, section 5.5), the smallest variance for the money

S² is P(1-P) times the stratum's design effect. With several indicators use `bethel`. The first three are the rules of
a wave plan, with the same whole numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import nan

import numpy as np

from analysis.design import Floats
from analysis.planning.inputs import PlanError, above_zero, not_too_many, share
from analysis.planning.whole_numbers import Counts, whole_numbers


class Rule(StrEnum):
    """The rule by which a sample is shared out."""

    EQUAL = "equal"
    PROPORTIONAL = "proportional"
    POWER = "power"
    NEYMAN = "neyman"
    OPTIMUM = "optimum"


SOURCES = {
    Rule.EQUAL: ("1", "equal parts"),
    Rule.PROPORTIONAL: ("N", "Cochran 1977, section 5.3"),
    Rule.POWER: ("N^q S/P", "Bankier 1988, The American Statistician 42:174"),
    Rule.NEYMAN: ("N S", "Neyman 1934, JRSS 97:558"),
    Rule.OPTIMUM: ("N S / sqrt(c)", "Cochran 1977, section 5.5"),
}


@dataclass(frozen=True, slots=True)
class Stratum:
    """name; population: people; rates: expected share of each indicator, in the same order in every stratum; cost of an
    interview, in any unit; deff: design effect; least, most: interviews, most = None for the population. Raises
    PlanError.
    """

    name: str
    population: int
    rates: tuple[float, ...] = ()
    cost: float = 1.0
    deff: float = 1.0
    least: int = 0
    most: int | None = None

    def __post_init__(self) -> None:
        above_zero(f"{self.name}: population", not_too_many(f"{self.name}: population", self.population))
        above_zero(f"{self.name}: cost", self.cost)
        above_zero(f"{self.name}: deff", self.deff)
        for rate in self.rates:
            share(f"{self.name}: rate", rate)
        if not 0 <= self.least <= self.ceiling <= self.population:
            raise PlanError(
                f"{self.name}: at least {self.least} and at most {self.ceiling} of {self.population} people cannot be. "
                "The three must not fall below 0 and be in this order."
            )

    @property
    def ceiling(self) -> int:
        """The most interviews there can be."""
        return self.population if self.most is None else self.most


@dataclass(frozen=True, slots=True)
class Part:
    """A stratum's interviews, and what its own rates will have: margins, half-widths of p ± 1.96 se."""

    name: str
    n: int
    cost: float
    margins: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Allocation:
    """Parts in the order of the strata. margins: half-widths of the rates of all strata together, by indicator. bound:
    the cost that no plan with these margins undercuts, nan where margins were not what was asked for.
    """

    rule: str
    formula: str
    source: str
    n: int
    cost: float
    margins: tuple[float, ...]
    parts: tuple[Part, ...]
    bound: float = nan


def allocate(n: int, strata: Sequence[Stratum], rule: Rule | str, *, power: float = 0.5) -> Allocation:
    """n interviews over the strata. power: Bankier's q, 0 to 1. Neyman's, the optimum and, if there are rates, the
    power rule go by one indicator. Raises PlanError.
    """
    kind = Rule(rule)
    not_too_many("n", n)
    numbers = whole_numbers(_weights(strata, kind, power), n, *limits(strata))
    formula, source = SOURCES[kind]
    return allocation(kind.value, formula, source, strata, numbers)


def limits(strata: Sequence[Stratum]) -> tuple[Counts, Counts]:
    """Least and most interviews, (strata,) each."""
    least = np.array([each.least for each in strata], dtype=np.int64)
    return least, np.array([each.ceiling for each in strata], dtype=np.int64)


def _weights(strata: Sequence[Stratum], rule: Rule, power: float) -> Floats:
    people = populations(strata)
    if rule is Rule.EQUAL:
        return np.ones(len(strata))
    if rule is Rule.PROPORTIONAL:
        return people
    rated = [each for each in strata if each.rates]
    if rule is Rule.POWER:
        share("The power", power)
        grown: Floats = people**power
        return grown * _relative_deviations(strata) if rated else grown
    spread: Floats = people * np.sqrt(_single(unit_variances(strata), rule))
    return spread if rule is Rule.NEYMAN else spread / np.sqrt(np.array([each.cost for each in strata]))


def _relative_deviations(strata: Sequence[Stratum]) -> Floats:
    rate = _single(rates(strata), Rule.POWER)
    for each, value in zip(strata, rate.tolist(), strict=True):
        share(f"{each.name}: the rate for the power rule", value, zero=False)
    relative: Floats = np.sqrt(unit_variances(strata)[:, 0]) / rate
    return relative


def _single(columns: Floats, rule: Rule) -> Floats:
    if columns.shape[1] != 1:
        raise PlanError(
            f"The rule {rule.value} goes by one indicator, and the strata have {columns.shape[1]}. "
            "Name one, or state a margin for each (Bethel)."
        )
    return columns[:, 0]


def populations(strata: Sequence[Stratum]) -> Floats:
    """People, (strata,). Raises PlanError where there are no strata or two of one name."""
    if not strata:
        raise PlanError("There are no strata. Name at least one.")
    names = [each.name for each in strata]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise PlanError(f"The stratum {twice} is there twice. Add the two up.")
    return np.array([each.population for each in strata], dtype=np.float64)


def rates(strata: Sequence[Stratum]) -> Floats:
    """Expected rates, (strata, indicators). Raises PlanError where strata have not equally many."""
    width = len(strata[0].rates)
    other = next((each.name for each in strata if len(each.rates) != width), None)
    if other is not None:
        raise PlanError(f"{other} has not as many rates as {strata[0].name}. Give each stratum a rate per indicator.")
    return np.array([each.rates for each in strata], dtype=np.float64).reshape(len(strata), width)


def unit_variances(strata: Sequence[Stratum]) -> Floats:
    """S² of one answer with its design effect, (strata, indicators)."""
    p = rates(strata)
    squared: Floats = p * (1 - p) * np.array([each.deff for each in strata])[:, None]
    return squared


def variances(strata: Sequence[Stratum], numbers: Floats) -> Floats:
    """Variance of each stratum's own rates, S²/n · (1 - n/N), (strata, indicators); inf without interviews."""
    size, people = numbers[:, None], populations(strata)[:, None]
    return np.where(size > 0, unit_variances(strata) * (1 / np.maximum(size, 1e-300) - 1 / people), np.inf)


Z = 1.959963984540054  # of the margins


def allocation(rule: str, formula: str, source: str, strata: Sequence[Stratum], numbers: Counts) -> Allocation:
    """The frozen result for whole numbers (strata,)."""
    own = variances(strata, numbers.astype(np.float64))
    shares = populations(strata) / populations(strata).sum()
    whole = (shares[:, None] ** 2 * own).sum(axis=0)
    parts = tuple(
        Part(each.name, int(size), int(size) * each.cost, tuple((Z * np.sqrt(variance)).tolist()))
        for each, size, variance in zip(strata, numbers, own, strict=True)
    )
    cost = sum(part.cost for part in parts)
    return Allocation(rule, formula, source, int(numbers.sum()), cost, tuple((Z * np.sqrt(whole)).tolist()), parts)
