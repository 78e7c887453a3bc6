"""Making the weights agree with known population totals.

Post-stratification and calibration with a distance are here, raking is in `raking`, what the groups are and which
totals nobody can meet in `margins` and `feasibility`, and what each step does to the variance in `residuals`.
All functions take a design and return a new one; they work alike on rows and on the cells of a tally.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, isfinite

import numpy as np
import pandas as pd
from scipy.special import expit

from analysis.design import Design, Floats
from analysis.feasibility import Reach, reach
from analysis.margins import CalibrationError, Margin, listed, margin, refuse_empty
from analysis.raking import rake
from analysis.residuals import Calibration, PostStratified, Raked, Regressed, after_step

__all__ = [
    "Calibration",
    "CalibrationError",
    "Distance",
    "Margin",
    "PostStratified",
    "Raked",
    "Regressed",
    "calibrate",
    "margin",
    "model_matrix",
    "poststratify",
    "rake",
]

# A total that is missed by less than this share of itself counts as met where arithmetic gets no closer.
_MET = 1e-7


def poststratify(design: Design, known: Margin) -> Design:
    """Weights scaled so that each group sums to its population. Holt & Smith (1979), JRSS A 142.

    Raises CalibrationError where a group with people has no interview.
    """

    def scaled(weights: Floats) -> Floats:
        refuse_empty(weights, known)
        sums = known.sums(weights)
        return weights * (known.population / np.where(sums > 0, sums, 1.0))[known.group]

    weights = scaled(design.weights)
    return after_step(design, weights, PostStratified(known.group, weights), scaled)


class Distance(StrEnum):
    """How far a calibrated weight is from the one before (Deville & Särndal 1992, cases 1, 2 and 6)."""

    LINEAR = "linear"  # chi-square distance: the regression estimator; weights may become negative
    RAKING = "raking"  # multiplicative: positive weights
    LOGIT = "logit"  # multiplicative with bounds on the factor


def model_matrix(frame: pd.DataFrame, levels: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Intercept and 0/1 columns (name + level) for every level but the first of each variable."""
    columns: dict[str, Floats] = {"(Intercept)": np.ones(len(frame))}
    for name, known in levels.items():
        values = frame[name].astype(str)
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise CalibrationError(f"{name} has the value {', '.join(unknown[:10])}, which is not among its levels.")
        for level in known[1:]:
            columns[f"{name}{level}"] = np.asarray(values == level, dtype=np.float64)
    return pd.DataFrame(columns)


def calibrate(
    design: Design,
    variables: Floats,
    totals: Floats,
    *,
    distance: Distance | str = Distance.LINEAR,
    bounds: tuple[float | Floats, float | Floats] | None = None,
    names: Sequence[str] = (),
    tolerance: float = 1e-11,
) -> Design:
    """Weights d·g closest to d with sum(d·g·x) = totals. variables: (rows, q); totals: (q,).

    bounds: (lower, upper) of g, one number each or (rows,); the logit distance needs them. names: (q,) of the totals,
    for messages. tolerance: the largest miss of a total, in relation to it, that is let pass.
    Raises CalibrationError where no such weights exist, naming the totals in the way and bounds that would do.
    """
    kind = Distance(distance)
    low, high = (np.asarray(end, dtype=np.float64) for end in bounds or (-np.inf, np.inf))
    _check_calibration(design, variables, totals, kind, low, high)
    problem = _Problem(variables, totals, kind, low, high, tuple(names) or _numbered(len(totals)), tolerance)
    along = problem.directions(design.weights)
    g = problem.factor(design.weights, along)
    half = np.sqrt(design.weights)
    step = Regressed((variables @ along) * half[:, None], g * half)
    return after_step(design, design.weights * g, step, problem.calibrated)


def _numbered(totals: int) -> tuple[str, ...]:
    return tuple(f"total {k + 1}" for k in range(totals))


def _check_calibration(
    design: Design, variables: Floats, totals: Floats, kind: Distance, low: Floats, high: Floats
) -> None:
    if kind is Distance.LOGIT and not bool(np.all((low >= 0) & (low < 1) & (high > 1) & (high < np.inf))):
        raise CalibrationError("The logit distance needs bounds (lower, upper) with 0 <= lower < 1 < upper.")
    if bool(np.any(low > high)):
        raise CalibrationError("A lower bound is above its upper bound. Give (lower, upper) with lower <= upper.")
    if variables.shape != (design.rows, len(totals)):
        raise CalibrationError(
            f"The calibration variables are {variables.shape[0]} rows of {variables.shape[1]}, for {design.rows} rows "
            f"and {len(totals)} totals. Give a column for each total and a line for each row."
        )
    if not np.isfinite(variables).all():
        raise CalibrationError("A calibration variable is missing for some row. Fill it in, or give it a level.")
    if not np.isfinite(totals).all():
        raise CalibrationError("A total is missing. Give all totals, or leave its variable out.")
    if (design.weights < 0).any():
        raise CalibrationError(
            "Some weights are negative, as an earlier linear calibration may leave them. "
            "Use the raking or the logit distance there."
        )


@dataclass(frozen=True, slots=True)
class _Problem:
    """The totals to meet and how; one for the full sample and all its replicates."""

    x: Floats  # (rows, q)
    totals: Floats  # (q,)
    kind: Distance
    low: Floats  # () or (rows,)
    high: Floats
    names: tuple[str, ...]
    tolerance: float

    @property
    def _scale(self) -> Floats:
        return np.maximum(np.abs(self.totals), 1.0)

    def directions(self, weights: Floats) -> Floats:
        """(q, rank): A such that the columns of sqrt(d)·x·A are orthonormal and span those of sqrt(d)·x.

        Raises CalibrationError where x satisfies an equation that the totals do not.
        """
        scaled = self.x * np.sqrt(weights)[:, None] / self._scale
        _, singular, right = np.linalg.svd(np.linalg.qr(scaled, mode="r"))
        singular = np.append(singular, np.zeros(len(right) - len(singular)))
        kept = singular > singular.max(initial=0.0) * 1e-10
        against = right[~kept] @ (self.totals / self._scale)
        if (np.abs(against) > _MET).any():
            self._refuse_equation(right[~kept][np.abs(against).argmax()])
        along: Floats = right[kept].T / self._scale[:, None] / singular[kept]
        return along

    def _refuse_equation(self, coefficients: Floats) -> None:
        involved = np.flatnonzero(np.abs(coefficients) > 1e-6).tolist()
        named = listed([self.names[k] for k in involved])
        if len(involved) == 1:
            raise CalibrationError(
                f"{named} is 0 for every row of the sample, but its total is {self.totals[involved[0]]:.10g}. "
                "Collapse it with another group, or leave it out."
            )
        raise CalibrationError(
            f"In the sample {named} are tied to each other by an equation that their totals do not satisfy. "
            "Check that the totals agree with each other, or leave one of them out."
        )

    def calibrated(self, weights: Floats) -> Floats:
        """The weights closest to these that meet the totals."""
        return weights * self.factor(weights, self.directions(weights))

    def factor(self, weights: Floats, along: Floats) -> Floats:
        """g (rows,), by Newton's method on the multipliers of the constraints. along: (q, rank) of `directions`.

        The multipliers minimise sum(d·G(x·multiplier)) - totals·multiplier, which is convex with G' = g; each step is
        halved until that falls. In the directions of an orthonormal basis its curvature is 1 where no bound is met.
        """
        x, totals = self.x @ along, along.T @ self.totals
        multiplier = np.zeros(along.shape[1])
        g, slope, potential = self._distance(x @ multiplier)
        height = float(weights @ potential)
        for _ in range(200):
            worst, miss = self._worst(weights * g), totals - x.T @ (weights * g)
            if worst <= self.tolerance:
                return g
            curvature, axes = np.linalg.eigh(x.T @ (x * (weights * slope)[:, None]))
            step = axes @ ((axes.T @ miss) / np.maximum(curvature, 1e-9))
            gain = float(miss @ step)
            for _halving in range(60):
                g, slope, potential = self._distance(x @ (multiplier + step))
                new = float(weights @ potential) - float(totals @ (multiplier + step))
                if new <= height - 1e-4 * gain or self._worst(weights * g) < worst / 2:
                    break
                step, gain = step / 2, gain / 2
            else:
                break
            multiplier, height = multiplier + step, new
        if worst <= _MET:
            return self._distance(x @ multiplier)[0]  # as close as the arithmetic allows
        raise CalibrationError(self._explained(weights, worst))

    def _worst(self, weights: Floats) -> float:
        """The largest miss of a total, in relation to it."""
        return float(np.abs((self.totals - self.x.T @ weights) / self._scale).max())

    def _distance(self, u: Floats) -> tuple[Floats, Floats, Floats]:
        """g(u), its derivative and its integral. The linear and the multiplicative distance are cut at the bounds."""
        low, high = self.low, self.high
        if self.kind is Distance.LOGIT:
            steepness = (high - low) / ((high - 1) * (1 - low))
            z = steepness * u + np.log((1 - low) / (high - 1))
            share = expit(z)
            slope = (high - low) * steepness * share * (1 - share)
            return low + (high - low) * share, slope, low * u + (high - low) / steepness * np.logaddexp(0, z)
        if self.kind is Distance.LINEAR:
            inside = np.clip(u, low - 1, high - 1)
            g, slope, potential = 1 + inside, np.ones_like(u), inside + inside**2 / 2
        else:
            with np.errstate(divide="ignore"):
                inside = np.clip(np.clip(u, np.log(np.maximum(low, 0)), np.log(high)), -300, 300)
            g = slope = potential = np.exp(inside)
        return g, np.where(inside == u, slope, 0.0), potential + g * (u - inside)

    def _explained(self, weights: Floats, worst: float) -> str:
        """Why there are no such weights, and what would help."""
        least = np.maximum(self.low, 0.0) if self.kind is Distance.RAKING else self.low
        constraints = reach(weights, self.x, self.totals, least, self.high)
        nearest = constraints.nearest()
        if nearest.feasible:
            return (
                f"The iteration stopped with a total still missed by {worst:.2g} of its size, though some weights meet "
                "them all: the bounds leave next to no room. Widen the bounds a little, or collapse thin groups."
            )
        return (
            f"No weights within the bounds meet the totals: with those that come nearest {nearest.told(self.names)}. "
            + _ways_out(constraints)
        )


def _ways_out(constraints: Reach) -> str:
    """The bounds that would do, in words."""
    up, down, both = (constraints.widening(*which) for which in ((0.0, 1.0), (1.0, 0.0), (1.0, 1.0)))
    ways = []
    if isfinite(up):
        ways.append(_moved("upper", constraints.upper, ceil(1000 * up) / 1000))
    if isfinite(down):
        ways.append(_moved("lower", constraints.lower, -ceil(1000 * down) / 1000))
    if isfinite(both) and len(ways) < 2:
        ways.append(f"both bounds {ceil(1000 * both) / 1000:.10g} further out")
    if not ways:
        return "No bounds would do: check that the totals agree with each other, or collapse thin groups."
    return f"Widen the bounds: {' or '.join(ways)} would do. Or collapse thin groups."


def _moved(end: str, bounds: Floats, by: float) -> str:
    if bounds.min() < bounds.max():
        return f"{end} bounds {abs(by):.10g} {'higher' if by > 0 else 'lower'}"
    return f"the {end} bound {bounds[0] + by:.4f}"
