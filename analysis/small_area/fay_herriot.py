"""The Fay-Herriot model: direct estimates on a scale where their variances are known, shrunk to a regression.

    z_i = x_i'β + v_i + e_i,   v_i ~ N(0, A),   e_i ~ N(0, D_i) with D_i known

(Fay & Herriot 1979, JASA 74.) A by restricted maximum likelihood; the mean squared error of the predictor by Prasad &
Rao (1990, JASA 85) and, for REML, Datta & Lahiri (2000, Statistica Sinica 10): g1 + g2 + 2·g3. Two scales: the arcsine,
asin √p with D = 1/(4n) (Efron & Morris 1975), and the logit with half an answer added to each side and D at the pooled
share. As `sae::mseFH`, but A is the maximum over A >= 0 even where Fisher's scoring does not find it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy
from scipy.special import ndtri

from analysis.design import Floats
from analysis.small_area.areas import Areas, Source, full_rank
from analysis.small_area.quadrature import expit


@dataclass(frozen=True, slots=True, eq=False)
class FayHerriot:
    """The fit. Area arrays are on the model's scale, but for `share` and its interval; z, D are nan without answers."""

    method: str
    names: tuple[str, ...]
    sources: tuple[Source, ...]
    coefficients: tuple[str, ...]
    variance: float  # A
    beta: Floats  # (coefficients,)
    beta_se: Floats  # (coefficients,)
    log_likelihood: float  # of the direct estimates, at A and β
    z: Floats  # (areas,)
    d: Floats  # (areas,)
    predictor: Floats  # (areas,) empirical best linear unbiased
    mse: Floats  # (areas,)
    share: Floats  # (areas,) the predictor taken back
    lower: Floats  # (areas,)
    upper: Floats  # (areas,)
    level: float
    notes: tuple[str, ...]


def arcsine(areas: Areas, level: float = 0.95) -> FayHerriot:
    """On the scale asin √p. Raises AreaError for covariates that the sampled areas cannot tell apart."""
    shares = areas.shares

    def back(z: Floats) -> Floats:
        return np.sin(np.clip(z, 0.0, np.pi / 2)) ** 2

    d = np.divide(0.25, areas.n, out=np.full(len(areas.n), np.nan), where=areas.sampled)
    return _fit(areas, "fay_herriot_arcsine_reml", np.arcsin(np.sqrt(shares)), d, back, level)


def logit(areas: Areas, level: float = 0.95) -> FayHerriot:
    """On the scale log((yes + ½)/(n - yes + ½)). Raises AreaError as `arcsine`."""
    pooled = (areas.yes.sum() + 0.5) / (areas.n.sum() + 1)
    d = np.where(areas.sampled, 1 / ((areas.n + 1) * pooled * (1 - pooled)), np.nan)
    z = np.where(areas.sampled, np.log((areas.yes + 0.5) / (areas.n - areas.yes + 0.5)), np.nan)
    return _fit(areas, "fay_herriot_logit_reml", z, d, expit, level)


def _fit(areas: Areas, method: str, z: Floats, d: Floats, back: Callable[[Floats], Floats], level: float) -> FayHerriot:
    names, size = ("(Intercept)", *areas.covariate_names), len(areas.names)
    asked = areas.sampled
    if int(asked.sum()) <= len(names):
        nothing, none = np.full(size, np.nan), np.full(len(names), np.nan)
        return FayHerriot(
            method, areas.names, areas.sources, names, np.nan, none, none, np.nan, z, d, nothing, nothing, nothing,
            nothing, nothing, level, ("too_few_areas",),
        )  # fmt: skip
    x = full_rank(areas)
    a = restricted_maximum(z[asked], d[asked], x)
    v = 1 / (a + d[asked])
    q = np.linalg.inv((x.T * v) @ x)
    beta = q @ ((x.T * v) @ z[asked])
    rest = z[asked] - x @ beta
    matrix = areas.design_matrix
    synthetic = matrix @ beta
    around = ((matrix @ q) * matrix).sum(axis=1)  # variance of the regression
    shrink = np.where(asked, d / (a + d), 1.0)
    mse = g1(a, np.where(asked, d, np.inf)) + shrink**2 * around
    mse[asked] += 2 * g3(a, d[asked])
    predictor = np.where(asked, synthetic + (1 - shrink) * (z - synthetic), synthetic)
    half = float(ndtri((1 + level) / 2)) * np.sqrt(mse)
    log_likelihood = -0.5 * float((np.log(2 * np.pi / v) + rest * rest * v).sum())
    return FayHerriot(
        method, areas.names, areas.sources, names, a, beta, np.sqrt(np.diag(q)), log_likelihood, z, d, predictor, mse,
        back(predictor), back(predictor - half), back(predictor + half), level, () if a > 0 else ("no_spread",),
    )  # fmt: skip


def g1(a: float, d: Floats) -> Floats:
    """The error of the predictor if A and β were known; A itself without interviews (d infinite)."""
    return a * np.divide(1.0, 1.0 + a / d)


def g3(a: float, d: Floats) -> Floats:
    """What not knowing A adds; REML's variance of A is 2/Σ(A + D)⁻² (Datta & Lahiri 2000)."""
    v = 1 / (a + d)
    return (d * v) ** 2 * v * 2 / float((v * v).sum())


def restricted_maximum(z: Floats, d: Floats, x: Floats) -> float:
    """A that maximises the restricted likelihood over A >= 0; z, d (areas,), x (areas, coefficients)."""

    def score(a: float) -> float:
        v = 1 / (a + d)
        inverse = np.linalg.inv((x.T * v) @ x)
        projected = v * z - v * (x @ (inverse @ ((x.T * v) @ z)))
        trace = v.sum() - ((x @ inverse) * x * (v * v)[:, None]).sum()
        return 0.5 * float(projected @ projected - trace)

    def height(a: float) -> float:
        v = 1 / (a + d)
        square = (x.T * v) @ x
        beta = np.linalg.solve(square, (x.T * v) @ z)
        return 0.5 * float(np.log(v).sum() - np.linalg.slogdet(square)[1] - v @ (z - x @ beta) ** 2)

    # The score changes sign from + to - at each maximum; there may be more than one.
    grid = np.concatenate([[0.0], np.geomspace(1e-3 * d.min(), 10 * (z.var() + d.max()), 100)])
    slopes = [score(a) for a in grid.tolist()]
    ends = [(grid[i], grid[i + 1]) for i in range(len(grid) - 1) if slopes[i] > 0 >= slopes[i + 1]]
    found = [float(scipy.optimize.brentq(score, low, high, xtol=1e-300, rtol=1e-14)) for low, high in ends]
    return max([0.0, *found], key=height)
