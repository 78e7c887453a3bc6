"""The beta-binomial model: every area's rate is drawn from one beta distribution. Without covariates or districts.

    yes_i ~ Binomial(n_i, p_i),   p_i ~ Beta(μk, (1 - μ)k)

(Skellam 1948, JRSS B 10; Williams 1975, Biometrics 31.) Maximum likelihood of μ and k; given them, area i has
Beta(μk + yes_i, (1 - μ)k + n_i - yes_i). The correlation of two answers in one area is 1/(k + 1).
"""

from dataclasses import dataclass

import numpy as np
import scipy
from scipy.special import betaincinv, betaln, digamma, logit

from analysis.design import Floats
from analysis.small_area.areas import Areas, Source
from analysis.small_area.maximum import maximise
from analysis.small_area.mixed import log_choose
from analysis.small_area.quadrature import expit


@dataclass(frozen=True, slots=True, eq=False)
class BetaBinomialFit:
    """The parameters, and each area's posterior given them. k is infinite where areas differ no more than by chance."""

    method: str
    names: tuple[str, ...]
    sources: tuple[Source, ...]
    mu: float
    k: float
    log_likelihood: float
    mean: Floats  # (areas,)
    sd: Floats  # (areas,)
    lower: Floats  # (areas,) 5th percentile
    upper: Floats  # (areas,) 95th percentile
    below: Floats  # (areas,) P(rate < threshold)
    threshold: float
    notes: tuple[str, ...]

    @property
    def rho(self) -> float:
        """The correlation of two answers in one area."""
        return 1 / (self.k + 1)


def fit(areas: Areas, threshold: float) -> BetaBinomialFit:
    """Maximum likelihood, and each area given it. What cannot be said is nan, and a note says why."""
    asked = areas.sampled
    yes, n = areas.yes[asked], areas.n[asked]
    if areas.all_agree:
        return _given(areas, np.nan, np.nan, np.nan, threshold, ("all_answers_agree",))
    if ((yes == 0) | (yes == n)).all():
        return _given(areas, np.nan, np.nan, np.nan, threshold, ("each_area_agrees",))
    pooled = float(yes.sum() / n.sum())
    # The slope of the log-likelihood in 1/k at 0 (Tarone 1979, Biometrika 66): do areas differ more than by chance?
    slope = (yes * (yes - 1) / pooled + (n - yes) * (n - yes - 1) / (1 - pooled) - n * (n - 1)).sum()
    if slope <= 0:
        value = (yes * np.log(pooled) + (n - yes) * np.log1p(-pooled)).sum() + log_choose(yes, n)
        return _given(areas, pooled, np.inf, float(value), threshold, ("no_spread",))

    def objective(at: Floats) -> tuple[float, Floats]:
        mu, k = float(expit(at[0])), float(np.exp(at[1]))
        a, b = mu * k, (1 - mu) * k
        value = (betaln(a + yes, b + n - yes) - betaln(a, b)).sum()
        by_a = (digamma(a + yes) - digamma(a) - digamma(k + n) + digamma(k)).sum()
        by_b = (digamma(b + n - yes) - digamma(b) - digamma(k + n) + digamma(k)).sum()
        return float(value), np.array([k * mu * (1 - mu) * (by_a - by_b), a * by_a + b * by_b])

    best = maximise(objective, np.array([logit(pooled), np.log(10.0)]))
    value = best.value + log_choose(yes, n)
    return _given(areas, float(expit(best.at[0])), float(np.exp(best.at[1])), value, threshold, best.notes)


def _given(
    areas: Areas, mu: float, k: float, log_likelihood: float, threshold: float, notes: tuple[str, ...]
) -> BetaBinomialFit:
    size = len(areas.names)
    mean: Floats
    lower: Floats
    upper: Floats
    chance: Floats
    if np.isfinite(k):
        a, b = mu * k + areas.yes, (1 - mu) * k + areas.n - areas.yes
        mean, sd = a / (a + b), np.sqrt(a * b / (a + b + 1)) / (a + b)
        lower, upper = (np.asarray(betaincinv(a, b, q), np.float64) for q in (0.05, 0.95))
        chance = np.asarray(scipy.stats.beta.cdf(threshold, a, b), np.float64)
    else:  # one rate for all, or (nan) none
        mean = lower = upper = np.full(size, mu)
        sd = np.full(size, 0.0 if np.isfinite(mu) else np.nan)
        chance = np.full(size, float(mu < threshold) if np.isfinite(mu) else np.nan)
    return BetaBinomialFit(
        "beta_binomial_ml", areas.names, areas.sources, mu, k, log_likelihood, mean, sd, lower, upper, chance,
        threshold, notes,
    )  # fmt: skip
