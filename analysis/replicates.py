"""Variance from replicate weights: the same estimate again and again under many sets of weights.

variance = scale · sum_r rscales_r (t_r - c)², with c the full-sample estimate (`mse`) or the mean of the replicates
(Wolter 2007, Introduction to Variance Estimation, chapters 3 to 5). Jackknife, balanced repeated replication, Fay's
variant and the bootstrap differ only in the weights, `scale` and `rscales`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from analysis.design import DesignError, Floats, Mask


@dataclass(frozen=True, slots=True)
class Replicates:
    """weights: (rows, R) full analysis weights. df: of the full sample, where it is known beforehand."""

    weights: Floats
    scale: float
    rscales: Floats  # (R,)
    mse: bool = False
    df: float | None = None
    kind: str = "given"  # or how they were drawn

    def __post_init__(self) -> None:
        if self.weights.ndim != 2 or len(self.rscales) != self.weights.shape[1]:
            raise DesignError("rscales needs one number for each column of replicate weights.")

    def reweighted(self, reweigh: Callable[[Floats], Floats]) -> "Replicates":
        """The replicates after each column has gone through `reweigh`."""
        columns = [reweigh(self.weights[:, r]) for r in range(self.weights.shape[1])]
        return replace(self, weights=np.stack(columns, axis=1))

    def factors(self, weights: Floats) -> Floats:
        """(rows, R): each replicate's weight as a multiple of the full weight."""
        positive = weights > 0
        if (self.weights[~positive] != 0).any():
            raise DesignError("A row of weight 0 has a replicate weight above 0. Make the replicates from the weights.")
        return np.divide(self.weights, weights[:, None], out=np.zeros_like(self.weights), where=positive[:, None])

    def covariance(self, replicated: Floats, value: Floats) -> Floats:
        """Covariance (k, k) of estimates, from replicated: (R, k) and the full-sample value: (k,)."""
        usable = np.isfinite(replicated).all(axis=1)
        replicated, rscales = replicated[usable], self.rscales[usable]
        if not len(rscales):
            return np.full((len(value), len(value)), np.nan)
        centre = value if self.mse else replicated[rscales > 0].mean(axis=0)
        deviations = (replicated - centre) * np.sqrt(rscales)[:, None]
        result: Floats = self.scale * (deviations.T @ deviations)
        return result

    def degrees_of_freedom(self, observed: Mask) -> float:
        """Rank of the domain's replicate weights less one."""
        if self.df is not None and bool(observed.all()):
            return self.df
        return float(rank(self.weights[observed]) - 1)


def rank(matrix: Floats, tolerance: float = 1e-5) -> int:
    """Columns that keep more than `tolerance` of their length once the earlier ones are taken out."""
    basis = np.empty((matrix.shape[0], 0))
    for column in matrix.T:
        rest = column - basis @ (basis.T @ column)
        rest = rest - basis @ (basis.T @ rest)
        length, left = float(np.linalg.norm(column)), float(np.linalg.norm(rest))
        if length > 0 and left > tolerance * length:
            basis = np.column_stack([basis, rest / left])
    return basis.shape[1]
