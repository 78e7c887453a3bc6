"""The logistic-normal model with neighbourhoods in districts: its likelihood, integrated and not approximated.

    yes_i ~ Binomial(n_i, expit(x_i'β + u_d(i) + v_i)),   u_d ~ N(0, σ_u²),   v_i ~ N(0, σ_v²)

(Rao & Molina 2015, Small Area Estimation, section 9.5; Jiang & Lahiri 2001, Annals of the Institute of Statistical
Mathematics 53.) Given u the areas of a district are independent, so the likelihood is one integral over u for each
district, of a product of integrals over v. Both are done by adaptive Gauss-Hermite quadrature. The gradient is the
posterior mean of the gradient of the complete log-likelihood (Fisher's identity), from the same nodes.

With one district u is the intercept over again, and is left out. Everything is done for many values of the parameters
at once: the first axis of every array.
"""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from analysis.design import Codes, Floats
from analysis.small_area.areas import Areas
from analysis.small_area.quadrature import expit, hermite, log_binomial, modes

CENTRING = 12  # rounds at most to find where the integrand over u is; the rule forgives a centre that is a little off


class Rule(NamedTuple):
    """Quadrature nodes for a district's effect and for a neighbourhood's."""

    district: int = 9
    area: int = 9


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """Areas sorted by district, as the integrals need them."""

    yes: Floats  # (areas,)
    n: Floats  # (areas,)
    matrix: Floats  # (areas, coefficients)
    district: Codes  # (areas,) rising
    starts: Codes  # (districts,) first area of each
    order: Codes  # (areas,) places in the areas as given
    nested: bool  # whether districts have effects

    @classmethod
    def of(cls, areas: Areas, matrix: Floats, *, nested: bool = True) -> Self:
        """The areas with the given design matrix (areas, coefficients)."""
        order = np.argsort(areas.district, kind="stable")
        _, starts, code = np.unique(areas.district[order], return_index=True, return_inverse=True)
        return cls(
            areas.yes[order], areas.n[order], matrix[order], code, starts, order, nested and len(areas.districts) > 1
        )

    @property
    def districts(self) -> int:
        """How many districts."""
        return len(self.starts)

    def sum_by_district(self, values: Floats) -> Floats:
        """(sets, areas, …) to (sets, districts, …)."""
        return np.add.reduceat(values, self.starts, axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class Integrated:
    """The integrals at each set of parameters, and the posterior given those parameters.

    `node` is the district's effect at each node and `weight` its posterior probability. `mean` and `square` are the
    moments of an area's rate, given the parameters and all answers.
    """

    log_likelihood: Floats  # (sets,) without the binomial coefficients
    gradient: Floats  # (sets, coefficients + 2) by β, σ_u, σ_v
    eta: Floats  # (sets, areas) x'β
    node: Floats  # (sets, districts, nodes)
    weight: Floats  # (sets, districts, nodes)
    mean: Floats  # (sets, areas)
    square: Floats  # (sets, areas)


def integrate(data: Data, beta: Floats, sigma_u: Floats, sigma_v: Floats, rule: Rule = Rule()) -> Integrated:  # noqa: B008  (a tuple never changes)
    """beta (sets, coefficients); sigma_u, sigma_v (sets,), of either sign: the likelihood is even in them."""
    eta = beta @ data.matrix.T
    t, log_t, node, start = _district_nodes(data, eta, sigma_u, np.abs(sigma_v), rule)
    yes, n, sigma = data.yes[:, None], data.n[:, None], sigma_v[:, None, None]
    middle = eta[:, :, None] + node[:, data.district]  # (sets, areas, nodes)
    mode, deviation = modes(yes, n, middle, np.abs(sigma), close=0.1, start=start)
    mode = np.copysign(1.0, sigma) * mode
    # The nodes within an area come first, for sums over the first axis are the quickest.
    z, log_weight = (each[:, None, None, None] for each in hermite(rule.area))
    a = mode + deviation * z
    x = middle + sigma * a
    density = log_binomial(x, yes, n) - a * a / 2
    density += z * z / 2 + log_weight
    top = density.max(axis=0)
    density -= top
    np.exp(density, out=density)
    total = density.sum(axis=0)
    log_area = np.log(total * deviation) + top
    p = expit(x)
    weighted = density * p
    rate = weighted.sum(axis=0) / total
    square = (weighted * p).sum(axis=0) / total
    tilt = (yes * (density * a).sum(axis=0) - n * (weighted * a).sum(axis=0)) / total
    slope = yes - n * rate  # of the log-likelihood in the linear predictor, expected given u

    log_district = data.sum_by_district(log_area) + log_t
    highest = log_district.max(axis=-1, keepdims=True)
    weight = np.exp(log_district - highest)
    whole = weight.sum(axis=-1, keepdims=True)
    log_likelihood = (np.log(whole) + highest).sum(axis=(1, 2))
    weight /= whole
    of_area = weight[:, data.district]
    gradient = np.column_stack(
        [
            np.einsum("sak,sak->sa", of_area, slope) @ data.matrix,
            (weight * t * data.sum_by_district(slope)).sum(axis=(1, 2)),
            np.einsum("sak,sak->s", of_area, tilt),
        ]
    )
    mean, second = (np.einsum("sak,sak->sa", of_area, each) for each in (rate, square))
    return Integrated(log_likelihood, gradient, eta, node, weight, mean, second)


def _district_nodes(
    data: Data, eta: Floats, sigma_u: Floats, sigma_v: Floats, rule: Rule
) -> tuple[Floats, Floats, Floats, Floats | None]:
    """Standard effects of the districts at the nodes, log weights, and the effects: (sets, districts, nodes) each; and
    where the areas' modes will about be at the nodes, (sets, areas, nodes).
    """
    if not data.nested:
        nothing = np.zeros((len(eta), data.districts, 1))
        return nothing, nothing, nothing, None
    su, sv = sigma_u[:, None], sigma_v[:, None]
    centre = np.zeros((len(eta), data.districts))
    a: Floats | None = None
    for _ in range(CENTRING):
        middle = eta + (su * centre)[:, data.district]
        a, _ = modes(data.yes, data.n, middle, sv, close=1e-2, start=a)
        p = expit(middle + sv * a)
        w = data.n * p * (1 - p)
        # The integral over v by Laplace, as in a linear mixed model with working variances 1/w.
        slope = su * data.sum_by_district(data.yes - data.n * p) - centre
        bend = 1 + su * su * data.sum_by_district(w / (1 + sv * sv * w))
        step = np.clip(slope / bend, -3.0, 3.0)
        centre = centre + step
        if (np.abs(step) * np.sqrt(bend) < 0.05).all():
            break
    z, log_weight = hermite(rule.district)
    deviation = 1 / np.sqrt(bend)
    t = centre[..., None] + deviation[..., None] * z
    node = su[..., None] * t
    # A mode moves against the district's effect, by the curvature where it was found.
    moved = (eta[..., None] + node[:, data.district]) - middle[..., None]
    assert a is not None  # CENTRING is not 0
    start: Floats = a[..., None] - (sv * w / (1 + sv * sv * w))[..., None] * moved
    return t, log_weight + z * z / 2 - t * t / 2 + np.log(deviation)[..., None], node, start
