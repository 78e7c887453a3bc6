"""What a calibration leaves uncertain: the residuals of weighted influence values from its variables.

After calibration only those residuals vary from sample to sample (Deville & Särndal 1992, JASA 87, section 3). Each
step leaves a `Calibration` behind on the design; `variance` takes the residuals of one after the other, in the order in
which the steps were made, as R's `svyrecvar` does, so that the totals met last, which hold exactly, have no variance.
Replicate weights carry the variance by themselves: each set goes through the same step as the full sample.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from analysis.design import Codes, Design, Floats
from analysis.margins import CalibrationError
from analysis.sums import sum_by, sums_by


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


def after_step(design: Design, weights: Floats, step: Calibration, reweigh: Callable[[Floats], Floats]) -> Design:
    """The design with its new weights (rows,), and each set of its replicate weights put through `reweigh`.

    Raises CalibrationError naming the set that cannot be calibrated.
    """
    done = design.reweighted(weights, step, reweigh)
    if design.replicates is None:
        return done
    columns = []
    for number, column in enumerate(design.replicates.weights.T, start=1):
        try:
            columns.append(reweigh(column))
        except CalibrationError as problem:
            raise CalibrationError(f"In set {number} of the replicate weights: {problem}") from problem
    return done.with_replicates(replace(design.replicates, weights=np.stack(columns, axis=1)))
