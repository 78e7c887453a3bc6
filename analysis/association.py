"""Are two categorical variables related? Pearson's test with the corrections of Rao & Scott for the design.

Rao & Scott (1984), Annals of Statistics 12: Pearson's statistic of the weighted table is distributed as a weighted sum
of chi-squares, whose weights are generalised design effects. The first-order correction divides by their mean; the
second order (Satterthwaite) also adapts the degrees of freedom and refers to F (Thomas & Rao 1987, JASA 82).
"""

from dataclasses import dataclass
from math import nan

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, fdtrc

from analysis.design import Design, Floats, Mask
from analysis.estimate import factor_mean, level_codes


@dataclass(frozen=True, slots=True)
class RaoScott:
    """f: second-order statistic with (f_df1, f_df2). pearson: the uncorrected statistic, its p-value first order."""

    f: float
    f_df1: float
    f_df2: float
    f_p_value: float
    pearson: float
    pearson_df: int
    pearson_p_value: float
    n: int


def association(design: Design, rows: npt.ArrayLike, columns: npt.ArrayLike, domain: Mask | None = None) -> RaoScott:
    """The test of independence over the interviews that have both. ValueError with fewer than two levels of either."""
    _, row = level_codes(rows)
    _, column = level_codes(columns)
    known = (row >= 0) & (column >= 0) & (design.weights > 0)
    if domain is not None:
        known &= domain
    row_used, row = np.unique(row[known], return_inverse=True)
    column_used, column = np.unique(column[known], return_inverse=True)
    r, c = len(row_used), len(column_used)
    if r < 2 or c < 2:
        raise ValueError("A test of association needs at least two levels of each variable among those who answered.")
    cell = np.full(design.rows, np.nan)
    cell[known] = row * c + column
    shares = factor_mean(design, cell)
    observed = np.zeros(r * c)
    v = np.zeros((r * c, r * c))
    place = np.array([int(level) for level in shares.levels if isinstance(level, (int, float))], dtype=np.intp)
    observed[place] = shares.value
    v[np.ix_(place, place)] = shares.covariance
    table = observed.reshape(r, c)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0))
    pearson = float(shares.n * ((table - expected) ** 2 / expected).sum())
    delta = _design_effects(r, c, observed, v, shares.n)
    trace, square = float(np.trace(delta)), float(np.trace(delta @ delta))
    df1 = trace**2 / square if square > 0 else nan
    df2 = df1 * shares.df
    f = pearson / trace if trace > 0 else nan
    k = (r - 1) * (c - 1)
    return RaoScott(
        f=f,
        f_df1=df1,
        f_df2=df2,
        f_p_value=float(fdtrc(df1, df2, f)) if df2 > 0 else nan,
        pearson=pearson,
        pearson_df=k,
        pearson_p_value=float(chdtrc(k, f * k)),
        n=shares.n,
    )


def _design_effects(r: int, c: int, share: Floats, v: Floats, n: int) -> Floats:
    """The matrix whose eigenvalues are the generalised design effects of the interaction contrasts."""
    main = np.column_stack([np.kron(np.eye(r), np.ones((c, 1))), np.kron(np.ones((r, 1)), np.eye(c))])
    full = np.kron(np.eye(r)[:, 1:], np.eye(c)[:, 1:])
    contrast = full - main @ np.linalg.lstsq(main, full, rcond=None)[0]
    inverse = np.where(share > 0, 1 / np.where(share > 0, share, 1.0), 0.0)
    scaled = contrast * inverse[:, None]
    simple = contrast.T @ (contrast * (inverse / n)[:, None])
    return np.linalg.solve(simple, scaled.T @ v @ scaled)
