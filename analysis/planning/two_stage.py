"""How many collection points, and how many interviews at each, for the money.

With c1 the cost of a point, c2 of an interview, ρ the intra-class correlation and b interviews at a point, an effective
interview costs (c1/b + c2)·(1 + (b-1)ρ), least at b = √(c1/c2 · (1-ρ)/ρ) (Hansen, Hurwitz & Madow 1953, Sample Survey
Methods and Theory, volume 1, chapter 6; Kish 1965, Survey Sampling, section 8.3). The cost falls up to there and rises
beyond, so the best whole b is one of its two neighbours. A variance needs several points: at least 4 in a district.
"""

from dataclasses import dataclass
from math import ceil, floor, inf, sqrt

from analysis.planning.design_effects import Kish
from analysis.planning.inputs import PlanError, above_zero, at_least, share

LEAST_POINTS = 4
SOURCE = "Kish 1965, Survey Sampling, section 8.3"
PART = 1e-9  # of an interview: what rounding may add


@dataclass(frozen=True, slots=True)
class PointCosts:
    """Cost of a point and of an interview at it, in one unit; rho: intra-class correlation; most_per_point: what the
    shifts of a point can do; weights: 1 + cv² of the weights. Raises PlanError.
    """

    point: float
    interview: float
    rho: float
    most_per_point: int
    weights: float = 1.0

    def __post_init__(self) -> None:
        at_least("The cost of a point", self.point, 0)
        above_zero("The cost of an interview", self.interview)
        share("rho", self.rho)
        at_least("The most interviews at a point", self.most_per_point, 1)
        at_least("The design effect of the weights", self.weights, 1)

    def deff(self, per_point: float) -> float:
        """The design effect of b interviews at a point."""
        return Kish(self.weights, self.rho, per_point).value

    def per_effective(self, per_point: float) -> float:
        """The cost of an effective interview."""
        return (self.point / per_point + self.interview) * self.deff(per_point)

    @property
    def optimum(self) -> float:
        """The best b as a real number, without a limit; inf where answers at a point are no more alike than others."""
        return inf if self.rho == 0 else sqrt(self.point / self.interview * (1 - self.rho) / self.rho)

    @property
    def best(self) -> int:
        """The best whole number of interviews at a point, within the limit."""
        near = min(max(self.optimum, 1.0), float(self.most_per_point))
        return min((floor(near), ceil(near)), key=self.per_effective)


@dataclass(frozen=True, slots=True)
class Points:
    """A district's points, interviews at each and in all, with design effect, effective n and cost."""

    points: int
    per_point: int
    n: int
    deff: float
    effective_n: float
    cost: float
    optimum: float
    formula: str = "b = sqrt(c1/c2 (1-rho)/rho)"
    source: str = SOURCE


def _points(costs: PointCosts, points: int, per_point: int) -> Points:
    n, deff = points * per_point, costs.deff(per_point)
    cost = points * costs.point + n * costs.interview
    return Points(points, per_point, n, deff, n / deff, cost, costs.optimum)


def points_for(effective_n: float, costs: PointCosts, *, least_points: int = LEAST_POINTS) -> Points:
    """The cheapest points that give at least `effective_n` effective interviews in a district. Raises PlanError."""
    above_zero("The effective number of interviews", effective_n)
    at_least("The least number of points", least_points, 1)
    # Whole points make the cost uneven in b, so each b is tried; the best b alone would overshoot.
    found = [
        _points(costs, max(least_points, ceil(effective_n * costs.deff(b) / b - PART)), b)
        for b in range(1, costs.most_per_point + 1)
    ]
    return min(found, key=lambda each: (each.cost, -each.effective_n))


def points_within(budget: float, costs: PointCosts, *, least_points: int = LEAST_POINTS) -> Points:
    """The points with the largest effective n that a budget pays for in a district. Raises PlanError."""
    at_least("The least number of points", least_points, 1)
    found = []
    for b in range(1, costs.most_per_point + 1):
        points = floor(above_zero("The budget", budget) / (costs.point + b * costs.interview) + PART)
        if points >= least_points:
            found.append(_points(costs, points, b))
    if not found:
        needed = least_points * (costs.point + costs.interview)
        raise PlanError(f"{least_points} points with one interview each cost {needed:g}, more than {budget:g}.")
    return max(found, key=lambda each: (each.effective_n, -each.cost))
