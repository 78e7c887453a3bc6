"""How an estimate and its variance become an interval.

Every method takes the same few numbers (`Evidence`) and returns the two ends, or (nan, nan) where it has nothing to
say; none reads rows. p is the estimated share, v its design variance, n the interviews behind it, d the degrees of
freedom of the domain, t_k(q) the t quantile.

`wilson`, the default, takes n over the design effect, at least 1, as the effective n. Where the points are known, that
design effect is the sample's own steadied by the planned one (`planned_effect`); else it is the sample's own.

Where p is exactly 0 or 1 the linearised variance is 0 and most methods collapse. `wilson` and `korn_graubard` still
answer there: `wilson` with the planned design effect, or with n itself where there is no plan; `korn_graubard` with n
alone (NCHS; Parker et al. 2017).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import asin, exp, inf, isfinite, log, nan, sin, sqrt

from scipy.special import betaincinv, ndtri, stdtrit

from analysis.planned_effect import Planned

Ends = tuple[float, float]
NOTHING: Ends = (nan, nan)


class Method(StrEnum):
    """The intervals on offer. `wilson` is the default of the product."""

    WILSON = "wilson"  # effective n = n over a design effect of at least 1, steadied by the planned one; t quantile
    WILSON_UNCAPPED = "wilson_uncapped"  # effective n = p(1-p)/v, no plan, no cap: the "wilson" of R survey 4.5
    KORN_GRAUBARD = "korn_graubard"  # Clopper-Pearson on the adjusted effective n, capped at n
    BETA = "beta"  # the same without the cap: R's "beta"
    XLOGIT = "xlogit"  # symmetric on the logit scale by the delta method
    ASIN = "asin"  # symmetric on the arcsine scale
    MEAN = "mean"  # symmetric on the scale of the share; may leave [0, 1]
    LIKELIHOOD = "likelihood"  # profile of the scaled binomial likelihood
    NORMAL = "normal"  # symmetric, normal quantile


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about one share: p in [0, 1], v >= 0, n interviews, df degrees of freedom."""

    p: float
    v: float
    n: float
    df: float
    # The residual dispersion of the intercept-only model: n/(n-1) for linearised designs, 1 for replicates.
    dispersion: float = nan
    # What is known of the points; None where they are not, as with replicate weights.
    planned: Planned | None = None

    @property
    def degenerate(self) -> bool:
        """All answers agree: no spread is left to estimate a variance from."""
        return self.p in (0.0, 1.0)


def t_quantile(probability: float, df: float) -> float:
    """Student's t quantile; nan without degrees of freedom, the normal quantile with infinitely many."""
    if not df > 0:
        return nan
    if df == inf:
        return float(ndtri(probability))
    return float(stdtrit(df, probability))


def interval(method: Method, evidence: Evidence, level: float = 0.95) -> Ends:
    """The two ends of the interval at `level`, or (nan, nan) where the method cannot say."""
    if not (isfinite(evidence.p) and isfinite(evidence.v) and evidence.n >= 1):
        return NOTHING
    return _METHODS[method](evidence, (1 + level) / 2)


def symmetric(value: float, variance: float, df: float, level: float = 0.95) -> Ends:
    """value ± t_df · sqrt(variance), for means, totals and ratios of any scale."""
    t = t_quantile((1 + level) / 2, df)
    if not (isfinite(value) and variance >= 0 and isfinite(t)):
        return NOTHING
    half = t * sqrt(variance)
    return value - half, value + half


def wilson_ends(p: float, n_effective: float, z: float) -> Ends:
    """Wilson (1927): the shares not rejected by the score test with n_effective trials at quantile z."""
    if not (isfinite(n_effective) and n_effective > 0 and isfinite(z)):
        return NOTHING
    # Over n + z², since z²/n overflows where n is next to nothing.
    middle = (p * n_effective + z * z / 2) / (n_effective + z * z)
    half = z * sqrt(p * (1 - p) * n_effective + z * z / 4) / (n_effective + z * z)
    # At p = 0 and p = 1 one end is the share itself; rounding must not push it outside.
    return (0.0 if p == 0 else max(0.0, middle - half)), (1.0 if p == 1 else min(1.0, middle + half))


def effective_n(p: float, v: float, n: float) -> float:
    """Interviews of a simple random sample with the same variance, never more than were made."""
    if p in (0.0, 1.0) or v <= 0:
        return n
    return min(n, p * (1 - p) / v)


@dataclass(frozen=True, slots=True)
class Effective:
    """What the default interval rests on: n interviews of a simple random sample, the degrees of freedom of its t
    quantile, and the part of the plan in the design effect, 0 to 1.
    """

    n: float
    df: float
    planned: float


def effective(e: Evidence) -> Effective:
    """The effective n and degrees of freedom of `wilson`: from sample and plan, or from the sample alone."""
    plan = e.planned
    if plan is None or not (isfinite(e.p) and isfinite(e.v)):
        return Effective(effective_n(e.p, e.v, e.n), e.df, 0.0)
    shown = 0.0 if e.degenerate else e.v * (e.n - 1) / (e.p * (1 - e.p))
    deff, part = plan.moderated(e.p, shown)
    # Without a degree of freedom of its own a design has no interval; a plan alone is no evidence.
    return Effective(e.n / max(deff, 1.0), plan.df + plan.worth if e.df > 0 else e.df, part)


def _wilson(e: Evidence, q: float) -> Ends:
    # Franco, Little, Louis & Slud (2019), J. Survey Statistics and Methodology 7.
    known = effective(e)
    return wilson_ends(e.p, known.n, t_quantile(q, known.df))


def _wilson_uncapped(e: Evidence, q: float) -> Ends:
    if e.v <= 0:
        return NOTHING
    return wilson_ends(e.p, e.p * (1 - e.p) / e.v, t_quantile(q, e.df))


def _beta_ends(p: float, m: float, q: float) -> Ends:
    # Clopper & Pearson (1934) through the beta quantile, for a real number of trials m.
    if not (isfinite(m) and m > 0):
        return NOTHING
    lower = 0.0 if p == 0 else float(betaincinv(m * p, m * (1 - p) + 1, 1 - q))
    upper = 1.0 if p == 1 else float(betaincinv(m * p + 1, m * (1 - p), q))
    return lower, upper


def _df_ratio(e: Evidence, q: float) -> float:
    # Korn & Graubard (1998), Survey Methodology 24, equation for n*_df: (t_{n-1} / t_d)^2.
    return (t_quantile(q, e.n - 1) / t_quantile(q, e.df)) ** 2


def _beta(e: Evidence, q: float) -> Ends:
    if e.v <= 0:
        return NOTHING
    return _beta_ends(e.p, e.p * (1 - e.p) / e.v * _df_ratio(e, q), q)


def _korn_graubard(e: Evidence, q: float) -> Ends:
    ratio = _df_ratio(e, q)
    if not isfinite(ratio):
        return NOTHING
    if e.degenerate or e.v <= 0:
        return _beta_ends(e.p, e.n * min(1.0, ratio), q)
    return _beta_ends(e.p, min(e.n, e.p * (1 - e.p) / e.v * ratio), q)


def _mean(e: Evidence, q: float) -> Ends:
    return symmetric(e.p, e.v, e.df, 2 * q - 1)


def _normal(e: Evidence, q: float) -> Ends:
    return symmetric(e.p, e.v, inf, 2 * q - 1)


def expit(x: float) -> float:
    """The share whose logit is x, without overflow."""
    return 1 / (1 + exp(-x)) if x >= 0 else exp(x) / (1 + exp(x))


def _xlogit(e: Evidence, q: float) -> Ends:
    if not 0 < e.p < 1:
        return NOTHING
    return logit_ends(e.p, e.v / (e.p * (1 - e.p)) ** 2, t_quantile(q, e.df))


def logit_ends(p: float, variance_of_logit: float, t: float) -> Ends:
    """expit(logit p ± t · sqrt(variance of the logit))."""
    if not (0 < p < 1 and isfinite(variance_of_logit) and isfinite(t)):
        return NOTHING
    centre, half = log(p / (1 - p)), t * sqrt(variance_of_logit)
    return expit(centre - half), expit(centre + half)


def _asin(e: Evidence, q: float) -> Ends:
    if not 0 < e.p < 1:
        return NOTHING
    half = t_quantile(q, e.df) * sqrt(e.v / (4 * e.p * (1 - e.p)))
    if not isfinite(half):
        return NOTHING
    centre = asin(sqrt(e.p))
    return sin(centre - half) ** 2, sin(centre + half) ** 2


def _likelihood(e: Evidence, q: float) -> Ends:
    # Rao & Scott (1984), Annals of Statistics 12: the likelihood ratio of the weighted binomial, divided by its
    # design effect v/(p(1-p)) and by the model's dispersion, is referred to the square of the t quantile.
    t = t_quantile(q, e.df)
    if not (0 < e.p < 1 and e.v > 0 and isfinite(t) and isfinite(e.dispersion)):
        return NOTHING
    p, allowed = e.p, t * t * e.dispersion * e.v / (e.p * (1 - e.p)) / 2

    def divergence(x: float) -> float:
        return p * log(p / x) + (1 - p) * log((1 - p) / (1 - x))

    def end(outside: float) -> float:
        # Bisection: the divergence grows without bound from p towards 0 and towards 1.
        inside = p
        for _ in range(200):
            middle = (inside + outside) / 2
            if middle in (inside, outside):
                break
            if divergence(middle) > allowed:
                outside = middle
            else:
                inside = middle
        return (inside + outside) / 2

    return end(0.0), end(1.0)


_METHODS: dict[Method, Callable[[Evidence, float], Ends]] = {
    Method.WILSON: _wilson,
    Method.WILSON_UNCAPPED: _wilson_uncapped,
    Method.KORN_GRAUBARD: _korn_graubard,
    Method.BETA: _beta,
    Method.XLOGIT: _xlogit,
    Method.ASIN: _asin,
    Method.MEAN: _mean,
    Method.LIKELIHOOD: _likelihood,
    Method.NORMAL: _normal,
}
