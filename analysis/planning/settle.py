"""How many further interviews an uncertain neighbourhood is likely to need, and whom to ask.

It is settled when the chance of being at risk is at or above an upper bound, or at or below a lower one. The chance
that m further interviews end so is known beforehand (`foresight`); what is needed is the smallest m that succeeds with
a stated chance. A neighbourhood on the very target may never get there: then no number is given.

Whom to ask: the cells (of sex and age, or any others) furthest below their share of the people first, so that the
interviews end up as near the population as the new ones allow.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import TypeVar

import numpy as np

from analysis.planning.foresight import Posteriors, outcomes
from analysis.planning.inputs import PlanError, above_zero, share
from analysis.planning.whole_numbers import whole_numbers

Cell = TypeVar("Cell", bound=Hashable)
PART = 1e-9  # of an interview: what rounding may add


@dataclass(frozen=True, slots=True)
class Bounds:
    """Settled: P(at risk) at or below lower, or at or above upper. chance: of getting there. Raises PlanError."""

    lower: float = 0.1
    upper: float = 0.9
    chance: float = 0.5

    def __post_init__(self) -> None:
        share("The lower bound", self.lower, zero=False, one=False)
        share("The upper bound", self.upper, zero=False, one=False)
        share("The chance", self.chance, zero=False, one=False)
        if not self.lower < self.upper:
            raise PlanError(f"The lower bound {self.lower:g} is not below the upper one, {self.upper:g}.")


@dataclass(frozen=True, slots=True)
class Settling:
    """interviews: further ones that settle the neighbourhood with the stated chance; 0 = it is settled; None = not
    within `most`. chance: the chance with so many, or with the most.
    """

    at_risk: float
    interviews: int | None
    chance: float
    most: int
    bounds: Bounds


def to_settle(
    known: Posteriors, bounds: Bounds | None = None, *, deff: float = 1.0, most: int = 200
) -> tuple[Settling, ...]:
    """What each neighbourhood needs, in the order of `known`, up to `most` further interviews. Raises PlanError."""
    bounds = bounds or Bounds()
    effective = int(most / above_zero("The design effect", deff) + PART)
    found = []
    for rates, weights, at_risk in zip(known.rates, known.weights, known.at_risk.tolist(), strict=True):
        if not bounds.lower < at_risk < bounds.upper:
            found.append(Settling(at_risk, 0, 1.0, most, bounds))
            continue
        ahead = outcomes(Posteriors(rates[None, :], weights[None, :], known.target), effective)
        both = ahead.risk + ahead.safe
        settled = (ahead.risk >= bounds.upper * both) | (ahead.risk <= bounds.lower * both)
        chances = ahead.by_size(np.where(settled, both, 0.0))[0]
        enough = np.flatnonzero(chances >= bounds.chance)
        if enough.size:
            m = int(enough[0])
            found.append(Settling(at_risk, ceil(m * deff - PART), float(chances[m]), most, bounds))
        else:
            found.append(Settling(at_risk, None, float(chances[-1]), most, bounds))
    return tuple(found)


def whom_to_ask(interviewed: Mapping[Cell, int], people: Mapping[Cell, int], more: int) -> dict[Cell, int]:
    """`more` interviews over the cells of `people`, in its order: those furthest below their share first.

    interviewed: interviews so far by cell; a cell that is not there has none. Raises PlanError.
    """
    unknown = [str(cell) for cell in interviewed if cell not in people]
    if unknown:
        raise PlanError(f"The population has no cell {', '.join(unknown[:10])}. Give its people.")
    if more < 0:
        raise PlanError(f"more is {more}; it must be 0 or more.")
    had = np.array([interviewed.get(cell, 0) for cell in people], dtype=np.int64)
    size = np.array([people[cell] for cell in people], dtype=np.float64)
    # Nobody asks more people than there are; filling up to a level is sharing out with what is there as the least.
    final = whole_numbers(size, int(had.sum()) + more, had, np.maximum(had, size.astype(np.int64)))
    return dict(zip(people, (final - had).tolist(), strict=True))
