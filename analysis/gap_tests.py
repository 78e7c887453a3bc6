"""Tests of several differences at once, from the differences and their covariance alone.

- Rao-Scott: the sum of squared differences over their variances under simple random sampling is, if all are 0, a
  weighted sum of chi-squares whose weights are generalised design effects. Divided by their sum it is referred to F,
  with Satterthwaite's degrees of freedom (Rao & Scott 1984, Annals of Statistics 12:46; Thomas & Rao 1987, JASA 82).
- Wald, adjusted: F = W (d - k + 1)/(k d) on (k, d - k + 1), which is Hotelling's (Fellegi 1980, JASA 75:261; Korn &
  Graubard 1990, American Statistician 44:270). It needs far more degrees of freedom d than differences k.
- "All equal" in place of "all 0": both on the differences less their precision-weighted mean (Cochran 1954, Biometrics
  10:101).
- Holm (1979, Scandinavian J. of Statistics 6:65) for one test after the other.
"""

from dataclasses import dataclass
from math import isfinite, nan, sqrt

import numpy as np
from scipy.special import fdtrc, stdtr

from analysis.design import Floats


@dataclass(frozen=True, slots=True)
class JointTest:
    """A test of several differences. Rao-Scott: f on (df1, df2). Wald, adjusted: wald_f on (rank, wald_df2).

    nan where there is nothing to test, or fewer degrees of freedom than Wald's statistic needs.
    """

    f: float
    df1: float
    df2: float
    p_value: float
    wald_f: float
    rank: int
    wald_df2: float
    wald_p_value: float


def joint_test(difference: Floats, covariance: Floats, simple: Floats, df: float, *, equal: bool = False) -> JointTest:
    """Are all differences (k,) zero, or with `equal` the same? simple: (k,) variances under simple random sampling.

    covariance: (k, k) of the design; df: its degrees of freedom. Differences whose `simple` is 0 must be left out.
    """
    k = len(difference)
    weight = np.diag(1 / simple)
    if equal and k:
        precision = 1 / simple
        weight = weight - np.outer(precision, precision) / precision.sum()
    scaled = weight @ covariance
    trace, square = float(np.trace(scaled)), float(np.sum(scaled * scaled.T))
    statistic = float(difference @ weight @ difference)
    f, df1 = (statistic / trace, trace**2 / square) if trace > 0 and square > 0 else (nan, nan)
    contrast = np.eye(k)[1:] - np.eye(k)[:1] if equal and k else np.eye(k)
    wald_f, rank, wald_df2 = _wald(contrast @ difference, contrast @ covariance @ contrast.T, df)
    return JointTest(
        f=f,
        df1=df1,
        df2=df1 * df,
        p_value=_f_tail(df1, df1 * df, f),
        wald_f=wald_f,
        rank=rank,
        wald_df2=wald_df2,
        wald_p_value=_f_tail(rank, wald_df2, wald_f),
    )


def _wald(difference: Floats, covariance: Floats, df: float) -> tuple[float, int, float]:
    rank = len(difference)
    df2 = df - rank + 1
    if rank == 0 or df2 <= 0 or np.linalg.matrix_rank(covariance) < rank:
        return nan, rank, df2
    statistic = float(difference @ np.linalg.solve(covariance, difference))
    return statistic * df2 / (rank * df), rank, df2


def _f_tail(df1: float, df2: float, f: float) -> float:
    return float(fdtrc(df1, df2, f)) if isfinite(f) and df1 > 0 and df2 > 0 else nan


def two_sided(value: float, se: float, df: float) -> float:
    """The p-value of a t test of 0; nan without a standard error or degrees of freedom."""
    return float(2 * stdtr(df, -abs(value) / se)) if se > 0 and df > 0 else nan


def holm(p_values: Floats) -> Floats:
    """(k,) p-values corrected for their number; a nan is no test and stays nan."""
    corrected = np.full(len(p_values), nan)
    tested = np.flatnonzero(~np.isnan(p_values))
    order = tested[np.argsort(p_values[tested], kind="stable")]
    steps = p_values[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected


def spread(difference: Floats, covariance: Floats, weight: Floats) -> float:
    """Standard deviation of the true differences (k,) around their mean by `weight` (k,), which sums to 1.

    By moments: the weighted mean square of what was seen less what the covariance explains, and 0 where that is less.
    """
    centred = np.eye(len(weight)) - weight
    deviation = centred @ difference
    noise = np.einsum("ij,jk,ik->i", centred, covariance, centred)
    return sqrt(max(0.0, float(weight @ (deviation**2 - noise))))
