"""Making the weights agree with known population totals, and what that does to the variance.

After calibration only the residuals from the calibration variables are uncertain, so each step leaves behind a
`Calibration` that takes residuals of weighted influence values (Deville & Särndal 1992, JASA 87, section 3).
All functions take a design and return a new one; they work alike on rows and on the cells of a tally.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
import pandas as pd

from analysis.design import Codes, Design, Floats
from analysis.sums import sum_by, sums_by


class CalibrationError(ValueError):
    """The weights cannot be made to agree with the totals; the message names why and the way out."""


class Calibration(Protocol):
    """One calibration step, as the variance sees it."""

    def residuals(self, influence: Floats) -> Floats:
        """Weighted influence values (rows, k) less what the calibration variables explain."""


@dataclass(frozen=True, slots=True)
class PostStratified:
    """Residuals are the deviations from the weighted mean of the post-stratum."""

    group: Codes  # (rows,)
    weights: Floats  # (rows,) after the step

    def residuals(self, influence: Floats) -> Floats:
        """See `Calibration`."""
        size = int(self.group.max(initial=-1)) + 1
        total_weight = sum_by(self.group, size, self.weights)
        means = sums_by(self.group, size, influence) / np.where(total_weight > 0, total_weight, 1.0)[:, None]
        return influence - means[self.group] * self.weights[:, None]

    def explained(self, influence: Floats, domain: Codes, domains: int, unit: Codes, units: int) -> Floats:
        """(units, domains): what `residuals` takes off the unit totals, for influence (rows,) split by domain."""
        size = int(self.group.max(initial=-1)) + 1
        total_weight = sum_by(self.group, size, self.weights)
        sums = sum_by(self.group * domains + domain, size * domains, influence)
        means = sums.reshape(size, domains) / np.where(total_weight > 0, total_weight, 1.0)[:, None]
        held = sum_by(unit * size + self.group, units * size, self.weights)
        return held.reshape(units, size) @ means


@dataclass(frozen=True, slots=True)
class Raked:
    """Residuals from the margins one after the other, ten rounds, each interview counting alike, as R's `rake` does.

    On the cells of a tally this is exact where the interviews of a cell have one weight. Theory asks for means weighted
    by the weights before raking (`calibrate` with Distance.RAKING takes those); the two differ by a few per cent of the
    standard error where weights are uneven.
    """

    margins: tuple[Codes, ...]  # (rows,) each
    weights: Floats  # (rows,) after the step
    counts: Floats  # (rows,) interviews behind each row
    rounds: int = 10

    def residuals(self, influence: Floats) -> Floats:
        """See `Calibration`."""
        weights, counts = self.weights[:, None], self.counts[:, None]
        value = np.divide(influence, weights, out=np.zeros_like(influence), where=weights != 0)
        for _ in range(self.rounds):
            for group in self.margins:
                size = int(group.max(initial=-1)) + 1
                held = np.maximum(sum_by(group, size, self.counts), 1.0)[:, None]
                value = value - (sums_by(group, size, value * counts) / held)[group]
        return value * weights


@dataclass(frozen=True, slots=True)
class Regressed:
    """Residuals of a weighted regression on the calibration variables, with the weights before the step."""

    basis: Floats  # (rows, rank) orthonormal columns spanning sqrt(d)·X
    scale: Floats  # (rows,) g·sqrt(d)

    def residuals(self, influence: Floats) -> Floats:
        """See `Calibration`."""
        scale = np.where(self.scale == 0, 1.0, self.scale)[:, None]
        standard = influence / scale
        return (standard - self.basis @ (self.basis.T @ standard)) * self.scale[:, None]


@dataclass(frozen=True, slots=True)
class Margin:
    """Known population sizes of the groups that the rows fall into."""

    group: Codes  # (rows,)
    population: Floats  # (groups,)
    labels: tuple[str, ...]  # (groups,) for messages


def margin(frame: pd.DataFrame, population: pd.DataFrame, size: str = "population") -> Margin:
    """The margin that `population` describes: a column for each variable of the cell, and `size`.

    Raises CalibrationError for a cell listed twice, and for rows in a cell that is not listed.
    """
    names = [name for name in population.columns if name != size]
    known = pd.MultiIndex.from_frame(population[names])
    if known.has_duplicates:
        raise CalibrationError(f"The population lists a cell of {', '.join(names)} twice. Add the two lines up.")
    group = known.get_indexer(pd.MultiIndex.from_frame(frame[names]))
    if (group < 0).any():
        lost = _labels(frame[names][group < 0].drop_duplicates())
        raise CalibrationError(
            f"The population has no line for {', '.join(lost[:10])}. Give its size, or collapse it with another cell."
        )
    sizes = population[size].to_numpy(np.float64)
    return Margin(np.asarray(group, dtype=np.intp), sizes, _labels(population[names]))


def _labels(cells: pd.DataFrame) -> tuple[str, ...]:
    return tuple(" × ".join(map(str, values)) for values in cells.itertuples(index=False))


def poststratify(design: Design, known: Margin) -> Design:
    """Weights scaled so that each group sums to its population. Holt & Smith (1979), JRSS A 142.

    Raises CalibrationError where a group with people has no interview.
    """
    _refuse_empty(design.weights, known)
    weights = _scaled(design.weights, known)
    return _with_replicates(
        design.reweighted(weights, PostStratified(known.group, weights)), lambda replicate: _scaled(replicate, known)
    )


def _scaled(weights: Floats, known: Margin) -> Floats:
    sums = sum_by(known.group, len(known.population), weights)
    return weights * (known.population / np.where(sums > 0, sums, 1.0))[known.group]


def _refuse_empty(weights: Floats, known: Margin) -> None:
    sums = sum_by(known.group, len(known.population), weights)
    empty = [known.labels[g] for g in np.flatnonzero((sums <= 0) & (known.population > 0)).tolist()]
    if empty:
        raise CalibrationError(
            f"No interview in {', '.join(empty[:10])}, where there are people. Collapse it with a neighbouring cell."
        )


def rake(
    design: Design,
    margins: Sequence[Margin],
    *,
    counts: Floats | None = None,
    tolerance: float = 1e-12,
    rounds: int = 10_000,
) -> Design:
    """Weights that meet several margins at once, by iterative proportional fitting (Deming & Stephan 1940).

    The rounds run on the distinct combinations of groups, not on rows. counts: (rows,) interviews behind each row, 1
    unless rows are cells of a tally. tolerance: the largest relative miss of any margin that is let pass.
    Raises CalibrationError where a group is empty, and where the rounds do not converge.
    """
    for known in margins:
        _refuse_empty(design.weights, known)
    keys, row_cell = np.unique(np.stack([known.group for known in margins]), axis=1, return_inverse=True)
    collapsed = [
        Margin(keys[place].astype(np.intp), known.population, known.labels) for place, known in enumerate(margins)
    ]

    def raked(weights: Floats) -> Floats:
        base = sum_by(row_cell, keys.shape[1], weights)
        return weights * _fitted_factor(base, collapsed, tolerance, rounds)[row_cell]

    weights = raked(design.weights)
    held = np.ones(design.rows) if counts is None else counts
    step = Raked(tuple(known.group for known in margins), weights, held)
    return _with_replicates(design.reweighted(weights, step), raked)


def _fitted_factor(base: Floats, margins: Sequence[Margin], tolerance: float, rounds: int) -> Floats:
    totals = [float(known.population.sum()) for known in margins]
    if max(totals) - min(totals) > 1e-6 * max(totals):
        raise CalibrationError(f"The margins sum to different populations ({totals}). Scale them to one total first.")
    factor = np.ones_like(base)
    miss = np.inf
    for _ in range(rounds):
        miss = 0.0
        for known in margins:
            sums = sum_by(known.group, len(known.population), base * factor)
            ratio = known.population / np.where(sums > 0, sums, 1.0)
            miss = max(miss, float(np.abs(ratio - 1)[sums > 0].max(initial=0.0)))
            factor = factor * ratio[known.group]
        if miss <= tolerance:
            return factor
    raise CalibrationError(
        f"Raking did not converge: after {rounds} rounds a margin still misses by {miss:.2g}. "
        "Margins may contradict each other; collapse thin groups or drop a margin."
    )


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
    bounds: tuple[float, float] | None = None,
    tolerance: float = 1e-11,
) -> Design:
    """Weights d·g closest to d with sum(d·g·x) = totals. variables: (rows, q); totals: (q,).

    bounds: (lower, upper) of g; the logit distance needs them. Raises CalibrationError where no such weights exist.
    """
    kind = Distance(distance)
    if kind is Distance.LOGIT and (bounds is None or not 0 <= bounds[0] < 1 < bounds[1] < np.inf):
        raise CalibrationError("The logit distance needs bounds (lower, upper) with 0 <= lower < 1 < upper.")

    def distance_factor(u: Floats) -> tuple[Floats, Floats]:
        return _distance_factor(kind, u, bounds)

    def calibrated(weights: Floats) -> Floats:
        return weights * _factor(weights, variables, totals, distance_factor, tolerance)

    weights = calibrated(design.weights)
    half = np.sqrt(design.weights)
    left, singular, _ = np.linalg.svd(variables * half[:, None], full_matrices=False)
    basis = left[:, singular > singular.max(initial=0.0) * 1e-10]
    g = np.divide(weights, design.weights, out=np.zeros_like(weights), where=design.weights > 0)
    return _with_replicates(design.reweighted(weights, Regressed(basis, g * half)), calibrated)


def _distance_factor(kind: Distance, u: Floats, bounds: tuple[float, float] | None) -> tuple[Floats, Floats]:
    """g(u) and its derivative. The linear and the multiplicative distance are cut off at the bounds."""
    low, high = bounds or (-np.inf, np.inf)
    if kind is Distance.LINEAR:
        g, slope = 1 + u, np.ones_like(u)
    else:
        g = slope = np.exp(np.clip(u, -700, 700))
    if kind is not Distance.LOGIT:
        return np.clip(g, low, high), np.where((g > low) & (g < high), slope, 0.0)
    steepness = (high - low) / ((high - 1) * (1 - low))
    grown = np.exp(np.clip(steepness * u, -700, 700))
    below = (high - 1) + (1 - low) * grown
    g = (low * (high - 1) + high * (1 - low) * grown) / below
    return g, steepness * (g - low) * (high - g) / (high - low)


def _factor(
    weights: Floats,
    x: Floats,
    totals: Floats,
    distance: Callable[[Floats], tuple[Floats, Floats]],
    tolerance: float,
) -> Floats:
    """g, by Newton's method on the multipliers of the constraints, with step halving."""
    scale = np.maximum(np.abs(totals), 1.0)
    multiplier = np.zeros(x.shape[1])
    g, slope = distance(x @ multiplier)
    miss = totals - x.T @ (weights * g)
    worst = float(np.abs(miss / scale).max())
    for _ in range(100):
        if worst <= tolerance:
            return g
        information = x.T @ (x * (weights * slope)[:, None])
        step = np.linalg.lstsq(information, miss, rcond=1e-13)[0]
        for _halving in range(30):
            g, slope = distance(x @ (multiplier + step))
            miss = totals - x.T @ (weights * g)
            new = float(np.abs(miss / scale).max())
            if new < worst:
                break
            step = step / 2
        else:
            break
        multiplier, worst = multiplier + step, new
    if worst <= 1e-7:
        return g  # as close as the arithmetic allows
    raise CalibrationError(
        f"No calibrated weights meet the totals: one still misses by {worst:.2g} of its size. "
        "Widen the bounds, collapse thin groups, or check that the totals agree with each other."
    )


def _with_replicates(design: Design, reweigh: Callable[[Floats], Floats]) -> Design:
    """Each set of replicate weights goes through the same calibration as the full sample."""
    if design.replicates is None:
        return design
    return design.with_replicates(design.replicates.reweighted(reweigh))
