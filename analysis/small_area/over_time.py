"""Two or three waves share strength: what an area was like last time says something of what it is like now.

    yes_it ~ Binomial(n_it, expit(α_t + x_it'β + u_d(i)t + v_it)),  u_d. ~ N(0, σ_u² R_u),  v_i. ~ N(0, σ_v² R_v)

R is the correlation of an effect with itself over the waves: the same ρ between any two (exchangeable), or ρ^|t - s|
(first-order autoregressive), as in Rao & Yu (1994, Canadian J. Statistics 22) and Rao & Molina (2015, section 4.4.3).
Districts and areas have each a ρ of their own. Every wave has a level α_t of its own, so that a change of the whole
city is not taken for one of an area.

The parameters are weighted points as in `hyperparameters`. Their likelihood is Laplace's approximation, put right area
by area with quadrature around the modes: by itself it makes areas with few answers too much alike. Draws come from the
normal approximation at the modes; an area's effects are then drawn anew out of CANDIDATES by their true likelihood
(sampling, importance resampling; Rubin 1988, Bayesian Statistics 3), so that few or unanimous answers keep their
skewness. A change and its uncertainty are read off the draws (`change`), in which the waves
belong together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import scipy

from analysis.design import Codes, Floats
from analysis.small_area.areas import AreaError, Areas, Source
from analysis.small_area.hyperparameters import DF, FLATTEST, STEEPEST_LOG, sobol_t
from analysis.small_area.priors import Priors
from analysis.small_area.quadrature import expit, hermite, log_binomial

POINTS = 128
CANDIDATES = 12
NODES = 7  # of the quadrature around an area's modes, in each wave
ROUNDS = 40  # of Newton's method; a handful are needed
CLOSE = 1e-8
STEP = 1e-3  # of the differences
AT_ONCE = 2_000_000  # numbers in one array of candidates


class Correlation(StrEnum):
    """How an effect is related to itself in another wave. With two waves both are the same."""

    EXCHANGEABLE = "exchangeable"
    AUTOREGRESSIVE = "autoregressive"

    def matrix(self, rho: Floats, waves: int) -> Floats:
        """(sets, waves, waves) from rho (sets,)."""
        apart = np.abs(np.subtract.outer(np.arange(waves), np.arange(waves)))
        power = apart if self is Correlation.AUTOREGRESSIVE else np.minimum(apart, 1)
        correlation: Floats = rho[:, None, None] ** power
        return correlation


@dataclass(frozen=True, slots=True, eq=False)
class WaveEstimates:
    """Rates of every area in every wave; arrays are (waves, areas), and `draws` (draws, waves, areas)."""

    method: str
    names: tuple[str, ...]
    sources: tuple[tuple[Source, ...], ...]  # (waves, areas)
    target: float
    level: float
    mean: Floats
    sd: Floats
    lower: Floats
    upper: Floats
    below: Floats
    rho: float  # posterior mean of the correlation of an area's effects in neighbouring waves
    effective: float  # number of points of the parameters
    draws: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Panel:
    """Areas sorted by district, waves side by side."""

    yes: Floats  # (areas, waves)
    n: Floats  # (areas, waves)
    matrix: Floats  # (areas, waves, coefficients): a level for each wave, then the covariates
    district: Codes  # (areas,) rising
    starts: Codes
    order: Codes
    nested: bool

    @property
    def waves(self) -> int:
        return int(self.yes.shape[1])


def _panel(waves: Sequence[Areas], priors: Priors) -> _Panel:
    if not waves:
        raise AreaError("There is no wave. Give at least one.")
    first = waves[0]
    places = []
    for number, wave in enumerate(waves, 1):
        if sorted(wave.names) != sorted(first.names):
            odd = min(set(wave.names) ^ set(first.names))
            raise AreaError(f"area: {odd} is not in both wave 1 and wave {number}. Give it a row with n = 0 there.")
        if wave.covariate_names != first.covariate_names:
            raise AreaError(f"Wave {number} has other covariates than wave 1. Give all waves the same.")
        place_of = {name: place for place, name in enumerate(wave.names)}
        places.append(np.array([place_of[name] for name in first.names]))
    order = np.argsort(first.district, kind="stable")
    _, starts, district = np.unique(first.district[order], return_index=True, return_inverse=True)
    places = [place[order] for place in places]
    yes = np.column_stack([wave.yes[place] for wave, place in zip(waves, places, strict=True)])
    n = np.column_stack([wave.n[place] for wave, place in zip(waves, places, strict=True)])
    known = np.stack([wave.covariates[place] for wave, place in zip(waves, places, strict=True)], axis=1)
    flat = priors.centred(known.reshape(yes.size, -1), (n > 0).ravel())
    levels = np.tile(np.eye(len(waves)), (len(order), 1, 1))
    matrix = np.concatenate([levels, flat.reshape(known.shape)], axis=2)
    return _Panel(yes, n, matrix, district, starts, order, len(first.districts) > 1)


@dataclass(frozen=True, slots=True, eq=False)
class _Laplace:
    """The normal approximation at sets of parameters: first axis the sets, last the waves."""

    log_likelihood: Floats  # (sets,)
    x: Floats  # (sets, areas, waves) u + v at the mode
    fixed: Floats  # (sets, areas, waves) linear predictor without effects
    w: Floats  # (sets, areas, waves) curvature of the likelihood
    b: Floats  # (sets, areas, waves) its slope, with the curvature: the working response times w
    p: Floats  # (sets, areas, waves, waves) covariance of v given u
    u: Floats  # (sets, districts, waves)
    cov_u: Floats  # (sets, districts, waves, waves)


def _apply(matrix: Floats, vector: Floats) -> Floats:
    product: Floats = np.matmul(matrix, vector[..., None])[..., 0]
    return product


def _laplace(panel: _Panel, beta: Floats, cu: Floats, cv: Floats) -> _Laplace:
    """beta (sets, coefficients); cu, cv (sets, waves, waves) covariances of the effects."""
    fixed = np.einsum("atk,sk->sat", panel.matrix, beta)
    variance = np.einsum("stt->st", cv + cu)[:, None]
    spread = 1 / (panel.yes + 0.5) + 1 / (panel.n - panel.yes + 0.5)
    guess = np.log((panel.yes + 0.5) / (panel.n - panel.yes + 0.5)) - fixed
    x = guess * variance / (variance + spread)
    identity, around = np.eye(panel.waves), cv[:, None]

    def working(x: Floats) -> tuple[Floats, Floats, Floats]:
        p = expit(fixed + x)
        rest = panel.yes - panel.n * p
        w = panel.n * p * (1 - p)
        return w, rest, w * x + rest

    for _ in range(ROUNDS):
        w, rest, b = working(x)
        root = np.sqrt(w)
        inner = np.asarray(np.linalg.inv(identity + root[..., :, None] * around * root[..., None, :]), np.float64)
        g = root[..., :, None] * inner * root[..., None, :]  # inverse of cv + 1/w
        p = around - around @ g @ around
        pull = np.add.reduceat(b - w * _apply(p, b), panel.starts, axis=1)
        bend = identity + cu[:, None] @ np.add.reduceat(g, panel.starts, axis=1)
        cov_u = np.asarray(np.linalg.solve(bend, np.broadcast_to(cu[:, None], bend.shape)), np.float64)
        u = _apply(cov_u, pull)
        of_area = u[:, panel.district]
        moved = np.clip(of_area + _apply(p, b - w * of_area) - x, -2.0, 2.0)
        x = x + moved
        if (np.abs(moved) < CLOSE).all():
            break
    w, rest, b = working(x)
    # At the mode an effect's prior precision times the effect is the sum of the residuals it is answerable for.
    penalty = (x * rest).sum(axis=(1, 2))
    volume = -np.linalg.slogdet(inner)[1].sum(axis=1) + np.linalg.slogdet(bend)[1].sum(axis=1)
    value = log_binomial(fixed + x, panel.yes, panel.n).sum(axis=(1, 2)) - penalty / 2 - volume / 2
    return _Laplace(value, x, fixed, w, b, p, u, cov_u)


def _correction(panel: _Panel, found: _Laplace) -> Floats:
    """(sets,) log of the areas' integrals over v, given u at its mode, less Laplace's approximation of them."""
    z, log_weight = hermite(NODES)
    grid = np.stack(np.meshgrid(*[z] * panel.waves, indexing="ij"), axis=-1).reshape(-1, panel.waves)
    log_weights = np.stack(np.meshgrid(*[log_weight] * panel.waves, indexing="ij"), axis=-1).reshape(-1, panel.waves)
    moved = np.einsum("satr,qr->qsat", _root(found.p), grid)
    beside = _beside(panel, found, found.x + moved) - _beside(panel, found, found.x)
    inside = (np.exp(beside.sum(axis=-1)) * np.exp(log_weights.sum(axis=1))[:, None, None]).sum(axis=0)
    total: Floats = np.log(inside).sum(axis=1)
    return total


def _beside(panel: _Panel, found: _Laplace, x: Floats) -> Floats:
    """The log-likelihood at effects x beside the quadratic that the normal approximation takes for it."""
    return log_binomial(found.fixed + x, panel.yes, panel.n) - found.b * x + found.w * x * x / 2


def _target(panel: _Panel, priors: Priors, correlation: Correlation, at: Floats) -> tuple[Floats, _Laplace]:
    """Log posterior (sets,) of β and of log σ and logit ρ of the areas and, if nested, of the districts.

    ρ is uniform between 0 and 1.
    """
    k = panel.matrix.shape[2]
    beta, logs = at[:, :k], np.clip(at[:, k::2], *STEEPEST_LOG)
    sigma, rho = np.exp(logs), expit(np.clip(at[:, k + 1 :: 2], -12.0, 12.0))
    covariance = [
        sigma[:, j, None, None] ** 2 * correlation.matrix(rho[:, j], panel.waves) for j in range(sigma.shape[1])
    ]
    found = _laplace(panel, beta, covariance[1] if panel.nested else 0 * covariance[0], covariance[0])
    sd = np.full(k, priors.slope_sd)
    sd[: panel.waves] = priors.intercept_sd
    value = found.log_likelihood - (beta**2 / sd**2).sum(axis=1) / 2
    value += (at[:, k::2] + np.log(rho) + np.log1p(-rho)).sum(axis=1)
    for j, spread in enumerate([priors.area, priors.district][: sigma.shape[1]]):
        value += spread.log_density(sigma[:, j])[0]
    return value, found


def _points(panel: _Panel, priors: Priors, correlation: Correlation, points: int) -> tuple[Floats, Floats, Floats]:
    """Points (points, parameters) of the parameters, their weights, and the correlations there."""
    k = panel.matrix.shape[2]
    size = k + (4 if panel.nested else 2)
    steps = STEP * np.eye(size)

    def downhill(at: Floats) -> tuple[float, Floats]:
        values = _target(panel, priors, correlation, np.vstack([at, at + steps, at - steps]))[0]
        return -float(values[0]), -(values[1 : size + 1] - values[size + 1 :]) / (2 * STEP)

    start = np.zeros(size)
    yes, n = panel.yes.sum(axis=0), panel.n.sum(axis=0)
    start[: panel.waves] = np.log((yes + 1) / (n - yes + 1))
    start[k::2], start[k + 1 :: 2] = np.log(0.5), 0.5
    centre = np.asarray(scipy.optimize.minimize(downhill, start, jac=True, method="BFGS", options={"gtol": 1e-2}).x)
    wide = 30 * steps  # second differences need wider steps than first ones
    corners = [centre + i * a + j * b for i in wide for j in wide for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
    values = _target(panel, priors, correlation, np.array(corners))[0].reshape(size, size, 4)
    bend = -(values @ np.array([1.0, -1.0, -1.0, 1.0])) / (2 * 30 * STEP) ** 2
    eigenvalues, vectors = np.linalg.eigh((bend + bend.T) / 2)
    z = sobol_t(points, size)
    at = centre + z @ (vectors / np.sqrt(np.maximum(eigenvalues, FLATTEST))).T
    value, found = _target(panel, priors, correlation, at)
    log_weight = value + _correction(panel, found) + (DF + size) / 2 * np.log1p((z * z).sum(axis=1) / DF)
    weight = np.exp(log_weight - log_weight.max())
    return at, weight / weight.sum(), expit(at[:, k + 1])


def estimate_waves(
    waves: Sequence[Areas],
    target: float,
    rng: np.random.Generator,
    *,
    correlation: Correlation = Correlation.AUTOREGRESSIVE,
    level: float = 0.95,
    priors: Priors = Priors(),  # noqa: B008  (frozen)
    size: int = 2000,
    points: int = POINTS,
) -> WaveEstimates:
    """Rates of the same areas in several waves, earliest first; names must agree, their order need not.

    size: how many draws. Raises AreaError where the waves do not fit together.
    """
    panel = _panel(waves, priors)
    at, weight, rho = _points(panel, priors, correlation, points)
    often = np.bincount(
        np.minimum(np.searchsorted(np.cumsum(weight), (np.arange(size) + rng.random()) / size), points - 1),
        minlength=points,
    )
    parts = []
    for point in np.flatnonzero(often).tolist():
        found = _target(panel, priors, correlation, at[point : point + 1])[1]
        parts.append(_draw(panel, found, int(often[point]), rng))
    draws = rng.permutation(np.concatenate(parts))[:, np.argsort(panel.order)].transpose(0, 2, 1)
    lower, upper = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
    known = [dict(zip(wave.names, wave.sources, strict=True)) for wave in waves]
    return WaveEstimates(
        method=f"logistic_normal_{correlation.value}_waves",
        names=waves[0].names,
        sources=tuple(tuple(wave[name] for name in waves[0].names) for wave in known),
        target=target,
        level=level,
        mean=draws.mean(axis=0),
        sd=draws.std(axis=0),
        lower=lower,
        upper=upper,
        below=(draws < target).mean(axis=0),
        rho=float(weight @ rho),
        effective=1 / float(weight @ weight),
        draws=draws,
    )


def _draw(panel: _Panel, found: _Laplace, size: int, rng: np.random.Generator) -> Floats:
    """(size, areas, waves) rates at one set of parameters."""
    each = max(1, AT_ONCE // (CANDIDATES * panel.yes.size))
    parts = [_draw_some(panel, found, min(each, size - done), rng) for done in range(0, size, each)]
    return np.concatenate(parts)


def _draw_some(panel: _Panel, found: _Laplace, size: int, rng: np.random.Generator) -> Floats:
    fixed, w, b, p = found.fixed[0], found.w[0], found.b[0], found.p[0]
    u = found.u[0] + _apply(_root(found.cov_u[0]), rng.standard_normal((size, *found.u.shape[1:])))
    of_area = u[:, panel.district]  # (size, areas, waves)
    centre = of_area + _apply(p, b - w * of_area)
    x = centre[:, None] + _apply(_root(p), rng.standard_normal((size, CANDIDATES, *fixed.shape)))
    # The true likelihood beside the normal one that the candidates were drawn with.
    beside = _beside(panel, found, x).sum(axis=-1)
    gumbel = rng.gumbel(size=beside.shape)
    chosen = np.argmax(beside + gumbel, axis=1)[:, None, :, None]
    return expit(fixed + np.take_along_axis(x, chosen, axis=1)[:, 0])


def _root(covariance: Floats) -> Floats:
    """A square root of covariances that may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    root: Floats = vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :]
    return root
