"""The posterior of the parameters of the nested model: a set of weighted points.

The parameters are β, log σ_u and log σ_v (log σ_v alone with one district). Points are drawn around the posterior mode,
from a multivariate t whose scale is the curvature there, and weighted by posterior over proposal (importance sampling;
Geweke 1989, Econometrica 57). The points are those of Sobol's sequence, so the same answers give the same estimates. If
few of them count the proposal is moved to their mean and covariance and the points are laid anew (Oh & Berger 1992, J.
Statistical Computation and Simulation 41). The effective number of points, 1/Σw², is part of the result.
"""

from dataclasses import dataclass

import numpy as np
import scipy
from scipy.special import gammaincinv, ndtri

from analysis.design import Floats
from analysis.small_area.nested import Data, Integrated, Rule, integrate
from analysis.small_area.priors import Priors

POINTS = 256
DF = 8.0  # of the proposal: its tails are above the posterior's
FEW = 0.5  # of the points; with fewer effective the proposal is moved
MOVES = 3
STEP = 1e-3  # of the differences of the gradient
FLATTEST = 0.05  # curvature taken for the least, where the posterior is nearly flat
STEEPEST_LOG = (-9.0, 4.0)  # log σ is kept within: beyond, nothing changes
NODES_AT_ONCE = 100_000  # quadrature nodes in one pass, so that they stay in the cache


@dataclass(frozen=True, slots=True, eq=False)
class Hyperparameters:
    """Points (points, parameters) with normalised weights (points,), and what the integrals gave at each."""

    beta: Floats  # (points, coefficients)
    sigma_u: Floats  # (points,) 0 with one district
    sigma_v: Floats  # (points,)
    weight: Floats  # (points,)
    given: Integrated
    effective: float  # number of points
    moves: int  # of the proposal


def target(data: Data, priors: Priors, at: Floats, rule: Rule) -> tuple[Floats, Floats, Integrated]:
    """Log posterior density (points,) of the parameters `at` (points, parameters), its gradient, and the integrals."""
    k = data.matrix.shape[1]
    beta, logs = at[:, :k], np.clip(at[:, k:], *STEEPEST_LOG)
    sigma = np.exp(logs)
    sigma_u, sigma_v = (sigma[:, 0] if data.nested else np.zeros(len(at))), sigma[:, -1]
    given = integrate(data, beta, sigma_u, sigma_v, rule)
    sd = np.full(k, priors.slope_sd)
    sd[0] = priors.intercept_sd
    value = given.log_likelihood - (beta**2 / sd**2).sum(axis=1) / 2 + at[:, k:].sum(axis=1)
    gradient = np.empty_like(at)
    gradient[:, :k] = given.gradient[:, :k] - beta / sd**2
    spreads = [(priors.district, sigma_u, k)] if data.nested else []
    for place, (spread, values, column) in enumerate([*spreads, (priors.area, sigma_v, k + 1)]):
        density, slope = spread.log_density(values)
        value = value + density
        gradient[:, k + place] = values * (given.gradient[:, column] + slope) + 1
    return value, gradient, given


def posterior(data: Data, priors: Priors, rule: Rule, points: int = POINTS) -> Hyperparameters:
    """The weighted points. data.matrix must be centred as `Priors.centred` does it."""
    k = data.matrix.shape[1]
    size = k + (2 if data.nested else 1)

    def downhill(at: Floats) -> tuple[float, Floats]:
        value, gradient, _ = target(data, priors, at[None], rule)
        return -float(value[0]), -gradient[0]

    start = np.zeros(size)
    start[0] = np.log((data.yes.sum() + 1) / (data.n.sum() - data.yes.sum() + 1))
    start[k:] = np.log(0.5)
    centre = np.asarray(scipy.optimize.minimize(downhill, start, jac=True, method="BFGS", options={"gtol": 1e-3}).x)
    steps = STEP * np.vstack([np.eye(size), -np.eye(size)])
    slopes = target(data, priors, centre + steps, rule)[1]
    bend = (slopes[size:] - slopes[:size]) / (2 * STEP)
    values, vectors = np.linalg.eigh((bend + bend.T) / 2)
    root = vectors / np.sqrt(np.maximum(values, FLATTEST))
    z = sobol_t(points, size)
    for moves in range(MOVES + 1):
        at = centre + z @ root.T
        given, value = _in_passes(data, priors, at, rule)
        # The proposal's log density, up to what is the same for all points.
        log_weight = value + (DF + size) / 2 * np.log1p((z * z).sum(axis=1) / DF)
        weight = np.exp(log_weight - log_weight.max())
        weight /= weight.sum()
        effective = 1 / float(weight @ weight)
        if effective >= FEW * points or moves == MOVES:
            break
        centre = weight @ at
        rest = at - centre
        values, vectors = np.linalg.eigh((rest * weight[:, None]).T @ rest)
        # A few points may all but lie in a plane; the proposal must not.
        root = vectors * np.sqrt(np.maximum(values, 1e-3 * values[-1]))
    logs = np.exp(np.clip(at[:, k:], *STEEPEST_LOG))
    sigma_u = logs[:, 0] if data.nested else np.zeros(points)
    return Hyperparameters(at[:, :k], sigma_u, logs[:, -1], weight, given, effective, moves)


def sobol_t(points: int, size: int) -> Floats:
    """(points, size) a multivariate t with DF degrees of freedom, spread evenly."""
    u = scipy.stats.qmc.Sobol(size + 1, scramble=False).random(points) + 0.5 / points
    chi = 2 * gammaincinv(DF / 2, u[:, -1:])
    t: Floats = ndtri(u[:, :-1]) * np.sqrt(DF / chi)
    return t


def _in_passes(data: Data, priors: Priors, at: Floats, rule: Rule) -> tuple[Integrated, Floats]:
    nodes = len(data.n) * rule.area * (rule.district if data.nested else 1)
    size = max(1, NODES_AT_ONCE // nodes)
    done = [target(data, priors, at[first : first + size], rule) for first in range(0, len(at), size)]
    parts = [given for _, _, given in done]
    names = Integrated.__dataclass_fields__
    whole = Integrated(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})
    return whole, np.concatenate([value for value, _, _ in done])
