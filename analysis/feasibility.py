"""Are there weights that meet the totals at all? Linear programming proves it either way and names what stands against.

Calibrated weights are d·g with sum(d·g·x) = totals and lower <= g <= upper (Deville & Särndal 1992, JASA 87, section
2; Singh & Mohl 1996, Survey Methodology 22:107, on bounds that leave none). That is a set of linear constraints, so a
linear program decides whether it is empty, whatever the distance. Where it is, it also says how near one can come (the
least sum of relative misses) and how far the bounds would have to be widened.

Rows with the same x and the same bounds are one variable: averaging g within them breaks no constraint.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, nan

import numpy as np
import scipy
from scipy.sparse import csr_array, eye_array, hstack, vstack

from analysis.design import Floats
from analysis.margins import Margin, listed, title
from analysis.sums import sum_by

# Solvers meet constraints to about 1e-7 of their scale; a relative miss below this is no miss.
_NEGLIGIBLE = 1e-6
# Above this share of what every cell was offered, a cell can be positive.
_POSITIVE = 1e-3


@dataclass(frozen=True, slots=True)
class Nearest:
    """The weights within the bounds that come nearest to the totals, in the sum of relative misses.

    miss: (q,) how far they are above (+) or below (-) each total; all 0 where some weights meet them.
    """

    miss: Floats
    totals: Floats  # (q,)

    @property
    def feasible(self) -> bool:
        """Do some weights meet all totals?"""
        return not self.miss.any()

    @property
    def missed(self) -> float:
        """The sum of relative misses."""
        return float(np.abs(self._relative).sum())

    @property
    def _relative(self) -> Floats:
        relative: Floats = self.miss / np.maximum(np.abs(self.totals), 1.0)
        return relative

    def told(self, names: Sequence[str]) -> str:
        """The totals that are missed, the largest miss in relation to the total first."""
        parts = [
            f"{names[k]} has {abs(self.miss[k]):.4g} too {'many' if self.miss[k] > 0 else 'few'} "
            f"for its {self.totals[k]:.10g}"
            for k in np.argsort(-np.abs(self._relative), kind="stable")[: np.count_nonzero(self.miss)].tolist()
        ]
        return listed(parts, 3)


@dataclass(frozen=True, slots=True)
class Reach:
    """The linear constraints of a calibration, one variable g for each cell of rows."""

    sums: csr_array  # (q, cells): sum of d·x in each cell
    totals: Floats  # (q,)
    lower: Floats  # (cells,) least g
    upper: Floats  # (cells,) largest g

    def nearest(self) -> Nearest:
        """How near the weights within the bounds can come to the totals."""
        q, cells = self.sums.shape
        one = eye_array(q, format="csr")
        found = _solved(
            np.repeat([0.0, 1.0], [cells, 2 * q]),
            hstack([self._scaled, one, -one], format="csr"),
            (self.totals / self._scale,) * 2,
            (np.append(self.lower, np.zeros(2 * q)), np.append(self.upper, np.full(2 * q, inf))),
        )
        assert found is not None, "with both slacks every total can be met"
        over = found[cells + q :] - found[cells : cells + q]
        return Nearest(np.where(np.abs(over) > _NEGLIGIBLE, over, 0.0) * self._scale, self.totals)

    def widening(self, down: float | Floats, up: float | Floats) -> float:
        """The least t >= 0 for which lower - t·down <= g <= upper + t·up leaves weights that meet the totals, or nan.

        down, up: >= 0, one or (cells,) of each, not 0 everywhere. The sum of relative misses is convex in t, so a line
        through two values of t that do not do never points beyond the first that does.
        """
        ends, ways = (
            np.concatenate([self.lower, self.upper]),
            np.concatenate([np.broadcast_to(way, self.lower.shape) for way in (down, up)]),
        )
        moved = (ways > 0) & np.isfinite(ends)
        if not moved.any():
            return nan
        earlier, t = 0.0, 1e-3 * float(np.median(np.maximum(np.abs(ends[moved]), _POSITIVE) / ways[moved]))
        before = self.nearest().missed
        if before == 0:
            return 0.0
        for _ in range(100):
            now = replace(self, lower=self.lower - t * down, upper=self.upper + t * up).nearest().missed
            if now == 0:
                return t
            slope = (before - now) / (t - earlier)
            if slope * t <= _NEGLIGIBLE * now:
                return nan  # what is still missed does not depend on these bounds
            earlier, t, before = t, t + now / slope, now
        return nan

    def forced_to_zero(self) -> tuple[int, ...]:
        """The cells in which g is 0 in every solution; none where there is no solution at all."""
        q, cells = self.sums.shape
        # Two cells that can each be positive can be so at once, by convexity. So where every cell takes what it can of
        # a small share, and the sum of the shares is as large as possible, those that stay at 0 must.
        share = 1e-4
        one = eye_array(cells, format="csr")
        found = _solved(
            np.repeat([0.0, -1.0], cells),
            vstack([hstack([self._scaled, csr_array((q, cells))]), hstack([one, -one])], format="csr"),
            (
                np.append(self.totals / self._scale, np.zeros(cells)),
                np.append(self.totals / self._scale, np.full(cells, inf)),
            ),
            (np.append(self.lower, np.zeros(cells)), np.append(self.upper, np.full(cells, share))),
        )
        return () if found is None else tuple(np.flatnonzero(found[cells:] < share * _POSITIVE).tolist())

    @property
    def _scale(self) -> Floats:
        return np.maximum(np.abs(self.totals), 1.0)

    @property
    def _scaled(self) -> csr_array:
        return csr_array(self.sums.multiply(1 / self._scale[:, None]))


def _solved(
    cost: Floats, matrix: csr_array, between: tuple[Floats, Floats], bounds: tuple[Floats, Floats]
) -> Floats | None:
    """The x of least cost·x with matrix·x between two vectors and x within bounds; None where there is none.

    `milp` without integers is the linear programming of HiGHS, and takes both ends of a constraint at once.
    """
    found = scipy.optimize.milp(
        cost, constraints=scipy.optimize.LinearConstraint(matrix, *between), bounds=scipy.optimize.Bounds(*bounds)
    )
    return None if found.x is None else np.asarray(found.x, dtype=np.float64)


def reach(
    weights: Floats, variables: Floats, totals: Floats, lower: float | Floats = 0.0, upper: float | Floats = inf
) -> Reach:
    """The constraints on g: weights (rows,), variables (rows, q), totals (q,), bounds of g, one or (rows,) of each."""
    held = weights > 0
    low, high = np.broadcast_to(lower, weights.shape)[held], np.broadcast_to(upper, weights.shape)[held]
    keys, cell = np.unique(np.column_stack([variables[held], low, high]), axis=0, return_inverse=True)
    size = sum_by(cell, len(keys), weights[held])
    q = variables.shape[1]
    return Reach(csr_array((keys[:, :q] * size[:, None]).T), totals, keys[:, q], keys[:, q + 1])


def reach_of_margins(
    weights: Floats, margins: Sequence[Margin], lower: float | Floats = 0.0, upper: float | Floats = inf
) -> Reach:
    """The constraints that margins make: one variable g for each row, so give it cells rather than rows."""
    rows = np.arange(len(weights))
    parts = [csr_array((weights, (m.group, rows)), shape=(len(m.population), len(weights))) for m in margins]
    totals = np.concatenate([m.population for m in margins])
    low, high = (np.broadcast_to(end, weights.shape).astype(np.float64) for end in (lower, upper))
    return Reach(vstack(parts, format="csr"), totals, low, high)


def names_of_totals(margins: Sequence[Margin]) -> tuple[str, ...]:
    """What messages call each total of `reach_of_margins`."""
    return tuple(f"{label} ({title(m, place)})" for place, m in enumerate(margins) for label in m.labels)
