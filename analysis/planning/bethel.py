"""The cheapest allocation that keeps every indicator's precision, and the best common precision of a given n.

Bethel 1989, Survey Methodology 15:47, and Chromy 1987 (Proceedings of the ASA Section on Survey Research Methods,
194). With a_ij = W_i² S_ij² (W a stratum's share of the people, S² of one answer) the precision of indicator j holds if

    Σ_i a_ij / n_i <= V_j + Σ_i a_ij / N_i,      V_j = (margin_j / z)²,

and the cost Σ c_i n_i is to be least. The programme is convex. For given multipliers λ the best n_i is
√(Σ_j λ_j a_ij / c_i), within its limits; the multipliers maximise Lagrange's dual, which has one variable for each
indicator and is concave. Its value is a lower bound of the cost that the solution is held to.

Whole numbers: the solution is rounded up and then improved as long as an exchange between two strata saves cost, or
saves precision at the same cost. Whoever doubts them may compare their cost with `bound`, which no plan undercuts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from analysis.design import Floats
from analysis.planning.allocation import (
    Allocation,
    Stratum,
    Z,
    allocation,
    limits,
    populations,
    unit_variances,
)
from analysis.planning.inputs import PlanError, above_zero
from analysis.planning.whole_numbers import Counts, whole_numbers

SOURCE = "Bethel 1989, Survey Methodology 15:47"
GAP = 1e-6  # of the cost, or of the common factor: how near the real solution must be
KEPT = 1e-9  # of a precision: what rounding may miss
ROUNDS = 100  # of raising n, or of halving an interval
RESTARTS = 20  # of the search for the multipliers
TINY = 1e-12  # in place of no interview, where nothing depends on it
HARDEST = 1e-6  # of the margins, when n is so large that every precision is kept
MOVES = ((1, 0), (1, 1), (2, 1), (1, 2), (3, 2), (2, 3), (3, 1), (1, 3))  # interviews fewer here, more there


@dataclass(frozen=True, slots=True)
class Programme:
    """cost (strata,); load (strata, indicators): a_ij over the right side, so that Σ load/n <= 1; low, high: limits."""

    cost: Floats
    load: Floats
    low: Floats
    high: Floats

    def used(self, n: Floats) -> Floats:
        """Σ load/n by indicator: at most 1 where the precision is kept, (indicators,)."""
        used: Floats = (self.load / np.maximum(n, TINY)[:, None]).sum(axis=0)
        return used

    def sizes(self, multipliers: Floats) -> Floats:
        """The best n for given multipliers (indicators,), (strata,)."""
        return np.clip(np.sqrt(self.load @ multipliers / self.cost), self.low, self.high)

    def kept(self, n: Floats) -> Floats:
        """n raised, in proportion, until every precision is kept."""
        for _ in range(ROUNDS):
            worst = float(self.used(n).max())
            if worst <= 1:
                break
            n = np.clip(n * worst, self.low, self.high)
        return n

    @property
    def misses(self) -> list[int]:
        """Indicators whose precision even the most interviews do not keep."""
        return np.flatnonzero(self.used(self.high) > 1 + KEPT).tolist()


class Solution(NamedTuple):
    """Real numbers n (strata,), the multipliers (indicators,), and the cost that no plan undercuts."""

    n: Floats
    multipliers: Floats
    bound: float


def cheapest(strata: Sequence[Stratum], margins: Sequence[float]) -> Allocation:
    """The cheapest whole numbers with which every indicator's margin (half-width of p ± 1.96 se of all strata
    together) is kept. Raises PlanError, also where a census within the limits does not keep them.
    """
    programme = _programme(strata, margins)
    solution = solve(programme)
    formula = "min Σ c n, Σ W² S_j² (1/n - 1/N) <= (d_j/z)² for all j"
    found = allocation("bethel", formula, SOURCE, strata, _whole(programme, solution))
    return replace(found, bound=solution.bound)


def best_precision(strata: Sequence[Stratum], margins: Sequence[float], n: int) -> Allocation:
    """n interviews with which all margins are missed or undercut by one common factor, as small as can be. The margins
    say how the indicators matter beside each other. Raises PlanError.
    """
    wanted = [above_zero("A margin", each) for each in margins]
    least, most = limits(strata)
    low = int(_programme(strata, wanted).low.sum())
    if not low <= n <= most.sum():
        raise PlanError(f"n = {n} is not between {low} and {most.sum()}, the least and the most that the strata take.")

    def sizes(factor: float) -> Floats | None:
        """The sizes for margins of that multiple; None where they cannot be kept within n."""
        programme = _programme(strata, [factor * each for each in wanted], by_cost=False)
        if programme.misses:
            return None
        found = solve(programme).n
        return found if found.sum() <= n * (1 + KEPT) else None

    easy = 1.0
    while (best := sizes(easy)) is None:
        easy *= 2
    hard = easy / 2
    while hard > HARDEST and (better := sizes(hard)) is not None:
        best, easy, hard = better, hard, hard / 2
    while easy > hard * (1 + GAP):
        middle = sqrt(easy * hard)
        found = sizes(middle)
        if found is None:
            hard = middle
        else:
            best, easy = found, middle
    low_counts = np.maximum(least, np.floor(best).astype(np.int64))
    numbers = whole_numbers(best, n, np.minimum(low_counts, most), most)
    return allocation("bethel", "min max_j margin_j / d_j, Σ n given", SOURCE, strata, numbers)


def _programme(strata: Sequence[Stratum], margins: Sequence[float], *, by_cost: bool = True) -> Programme:
    people = populations(strata)
    loads = (people / people.sum())[:, None] ** 2 * unit_variances(strata)
    if loads.shape[1] == 0 or loads.shape[1] != len(margins):
        raise PlanError(f"There are {loads.shape[1]} indicators and {len(margins)} margins. State one for each.")
    wanted = (np.array([above_zero("A margin", each) for each in margins]) / Z) ** 2
    load = loads / (wanted + (loads / people[:, None]).sum(axis=0))
    least, most = limits(strata)
    # Everybody's people count, so that everybody needs an interview; where all think alike, the least will do.
    low = np.maximum(least, 1).astype(np.float64)
    if (low > most).any():
        name = strata[int(np.argmax(low > most))].name
        raise PlanError(f"{name} may have no interview, but its people count. Raise its most, or leave it out.")
    cost = np.array([each.cost for each in strata]) if by_cost else np.ones(len(strata))
    return Programme(cost, load, low, np.where(load.any(axis=1), most, low).astype(np.float64))


def solve(programme: Programme) -> Solution:
    """The cheapest real numbers of interviews that keep all precisions. Raises PlanError."""
    if programme.misses:
        j = programme.misses[0] + 1
        raise PlanError(
            f"Even the most interviews do not keep the margin of indicator {j}. Widen it, or raise the most."
        )
    # The scale of the multipliers: the cost of the hardest indicator alone, without limits, or that of the least.
    alone = np.sqrt(programme.load * programme.cost[:, None]).sum(axis=0) ** 2
    scale = float(max(alone.max(), programme.cost @ programme.low))

    def dual(u: Floats) -> tuple[float, Floats]:
        n = programme.sizes(scale * u)
        used = programme.used(n)
        return -float(programme.cost @ n / scale + u @ (used - 1)), 1 - used

    indicators = programme.load.shape[1]
    u = np.full(indicators, 1 / indicators)
    for _ in range(RESTARTS):
        found = minimize(
            dual,
            u,
            jac=True,
            method="L-BFGS-B",
            bounds=[(0, None)] * indicators,
            options={"ftol": 0.0, "gtol": 1e-9, "maxiter": 200},
        )
        u = found.x
        n = programme.kept(programme.sizes(scale * u))
        bound = -float(found.fun) * scale
        if programme.cost @ n <= bound * (1 + GAP):
            return Solution(n, scale * u, bound)
        # The search may stop short at a limit, where the dual has a bend: adjust one multiplier after the other.
        for j in range(indicators):
            u[j] = _adjusted(programme, scale * u, j) / scale
    raise PlanError("The allocation could not be found to the last interview. Check the rates, costs and margins.")


def _adjusted(programme: Programme, multipliers: Floats, j: int) -> float:
    """The multiplier of indicator j with which its precision is just kept, the others given; 0 if they keep it."""

    def misses(multiplier: float) -> bool:
        tried = multipliers.copy()
        tried[j] = multiplier
        return bool(programme.used(programme.sizes(tried))[j] > 1)

    low, high = 0.0, max(float(multipliers[j]), 1.0)
    if not misses(low):
        return low
    for _ in range(ROUNDS):
        if not misses(high):
            break
        low, high = high, 2 * high
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        low, high = (middle, high) if misses(middle) else (low, middle)
    return high


def _whole(programme: Programme, solution: Solution) -> Counts:
    """Whole numbers that keep all precisions: rounded up, then improved by exchange between two strata."""
    n = np.minimum(np.ceil(solution.n - KEPT), programme.high)
    while (better := _exchanged(programme, n, solution.multipliers)) is not None:
        n = better
    return n.astype(np.int64)


def _exchanged(programme: Programme, n: Floats, multipliers: Floats) -> Floats | None:
    """A plan that costs less, or as much with more precision to spare; None where no exchange gives one."""
    used, spare = programme.used(n), programme.used(n) @ multipliers
    for fewer, more in MOVES:
        lowered, raised = n - fewer, n + more
        freed = programme.load.T * (1 / np.maximum(lowered, TINY) - 1 / np.maximum(n, TINY))
        taken = programme.load.T * (1 / np.maximum(n, TINY) - 1 / np.maximum(raised, TINY))
        # (indicators, from, to) and (from, to)
        after = used[:, None, None] + freed[:, :, None] - taken[:, None, :]
        cost = more * programme.cost[None, :] - fewer * programme.cost[:, None]
        slack = np.tensordot(multipliers, after, axes=1) - spare
        allowed = (lowered >= programme.low)[:, None] & (raised <= programme.high)[None, :]
        allowed &= (after <= 1 + KEPT / 2).all(axis=0) & ((cost < -KEPT) | ((cost < KEPT) & (slack < -KEPT * spare)))
        if more:
            np.fill_diagonal(allowed, False)
        if allowed.any():
            saved = np.where(allowed, cost, np.inf)
            best = np.where(saved <= saved.min() + KEPT, slack, np.inf)
            down, up = np.unravel_index(int(np.argmin(best)), best.shape)
            moved = n.copy()
            moved[down] -= fewer
            moved[up] += more
            return moved
    return None
