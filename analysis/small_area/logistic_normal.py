"""The logistic-normal model fitted by maximum likelihood, and the areas given the fit (empirical Bayes).

With one effect, for neighbourhoods, this is `lme4::glmer(..., nAGQ = 25)`; with a district effect it is what glmer does
not offer, for there Laplace's approximation is all it has (`mixed` follows that). Empirical Bayes takes the fitted
parameters for known, so that its standard deviations are too small when areas are few (Rao & Molina 2015, section
9.5); `estimate` does not.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import logit

from analysis.design import Floats
from analysis.small_area.areas import Areas, Source, full_rank
from analysis.small_area.maximum import maximise
from analysis.small_area.mixed import log_choose
from analysis.small_area.nested import Data, Rule, integrate
from analysis.small_area.quadrature import below, expit, modes

RULE = Rule(district=25, area=25)


@dataclass(frozen=True, slots=True, eq=False)
class LogisticNormalFit:
    """The parameters, with the standard errors of β from the observed information. sigma_district is 0 without one."""

    method: str
    coefficients: tuple[str, ...]
    beta: Floats  # (coefficients,)
    beta_se: Floats  # (coefficients,)
    sigma_district: float
    sigma_area: float
    log_likelihood: float  # with the binomial coefficients
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class AreaModes:
    """Modes of the areas' effects given the fit, on the logit scale, and their conditional variances; all (areas,)."""

    mode: Floats
    variance: Floats
    share: Floats  # at the mode


@dataclass(frozen=True, slots=True, eq=False)
class EmpiricalBayes:
    """Each area's rate given the fit: posterior mean, standard deviation and P(rate < threshold); all (areas,)."""

    method: str
    names: tuple[str, ...]
    sources: tuple[Source, ...]
    mean: Floats
    sd: Floats
    below: Floats
    threshold: float


def fit(areas: Areas, *, nested: bool, rule: Rule = RULE) -> LogisticNormalFit:
    """Maximum likelihood; `nested` gives districts effects of their own, where there are several.

    Where all answers agree there is no maximum: everything is nan, and a note says so. Raises AreaError for covariates
    that the sampled areas cannot tell apart.
    """
    names, k = ("(Intercept)", *areas.covariate_names), len(areas.covariate_names) + 1
    nested = nested and len(areas.districts) > 1
    method = "logistic_normal_nested_ml" if nested else "logistic_normal_ml"
    if areas.all_agree:
        nothing = np.full(k, np.nan)
        return LogisticNormalFit(method, names, nothing, nothing, np.nan, np.nan, np.nan, ("all_answers_agree",))
    full_rank(areas)
    data = Data.of(areas, areas.design_matrix, nested=nested)
    kept = np.arange(k + 2) if nested else np.delete(np.arange(k + 2), k)

    def objective(at: Floats) -> tuple[float, Floats]:
        whole = np.zeros(k + 2)
        whole[kept] = at
        found = integrate(data, whole[None, :k], whole[k : k + 1], whole[k + 1 :], rule)
        return float(found.log_likelihood[0]), found.gradient[0, kept]

    start = np.full(len(kept), 0.5)
    start[:k] = 0.0
    start[0] = logit(areas.yes.sum() / areas.n.sum())
    best = maximise(objective, start, even=range(k, len(kept)))
    errors = np.full(k, np.nan)
    if best.converged:
        errors = np.sqrt(np.diag(np.linalg.inv(best.information)))[:k]
    constant = log_choose(areas.yes, areas.n)
    sigma_district = float(best.at[k]) if nested else 0.0
    return LogisticNormalFit(
        method, names, best.at[:k], errors, sigma_district, float(best.at[-1]), best.value + constant, best.notes
    )


def area_modes(areas: Areas, found: LogisticNormalFit) -> AreaModes:
    """What glmer's `ranef` gives of a fit with one effect."""
    sigma = np.asarray(found.sigma_area)
    if not np.isfinite(sigma):
        nothing = np.full(len(areas.names), np.nan)
        return AreaModes(nothing, nothing, nothing)
    eta = areas.design_matrix @ found.beta
    a, deviation = modes(areas.yes, areas.n, eta, sigma)
    return AreaModes(sigma * a, (sigma * deviation) ** 2, expit(eta + sigma * a))


def empirical_bayes(areas: Areas, found: LogisticNormalFit, threshold: float, rule: Rule = RULE) -> EmpiricalBayes:
    """Each area given the fit and all answers; where there is no fit, nan."""
    method = found.method.replace("_ml", "_eb")
    if not np.isfinite(found.sigma_area):
        nothing = np.full(len(areas.names), np.nan)
        return EmpiricalBayes(method, areas.names, areas.sources, nothing, nothing, nothing, threshold)
    data = Data.of(areas, areas.design_matrix, nested=found.sigma_district > 0)
    sigma_u, sigma_v = np.array([found.sigma_district]), np.array([found.sigma_area])
    given = integrate(data, found.beta[None], sigma_u, sigma_v, rule)
    mean, square = given.mean[0], given.square[0]
    eta = given.eta[0][:, None] + given.node[0, data.district]  # (areas, nodes)
    cut = np.asarray(logit(threshold))
    parts = [below(data.yes, data.n, column, sigma_v, cut) for column in eta.T]
    chance = (np.column_stack(parts) * given.weight[0, data.district]).sum(axis=1)
    back = np.argsort(data.order)
    sd = np.sqrt(np.maximum(square - mean * mean, 0.0))
    return EmpiricalBayes(method, areas.names, areas.sources, mean[back], sd[back], chance[back], threshold)
