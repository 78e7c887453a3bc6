"""Draws of all areas' rates together: for ranks, for sums over areas, and for whatever else needs them jointly.

A draw takes a point of the parameters, then each district's effect, then each area's rate given both; so areas of a
district move together, and all areas with the coefficients. A district's effect is drawn from its density at the
quadrature nodes, its logarithm interpolated between them by the polynomial through them; a rate from the same
distribution as its chances and intervals (`quadrature.Tails`).
"""

import numpy as np

from analysis.design import Floats
from analysis.small_area.estimate import SmallAreaEstimates
from analysis.small_area.quadrature import Tails, expit, hermite

GRID = 65  # places at which the density of a district's effect is read


def draw(estimates: SmallAreaEstimates, size: int, rng: np.random.Generator) -> Floats:
    """(size, areas) rates, areas in the order of `estimates`. Draws are exchangeable: any part of them will do."""
    data, found = estimates.posterior.data, estimates.posterior.hyperparameters
    # Systematic: each point as often as its weight says, but for one.
    at = np.searchsorted(np.cumsum(found.weight), (np.arange(size) + rng.random()) / size)
    point = rng.permutation(np.minimum(at, len(found.weight) - 1))
    effect = _effects(found.given.node[point], found.given.weight[point], rng)
    eta = found.given.eta[point] + effect[:, data.district]
    tails = Tails.of(data.yes, data.n, eta, found.sigma_v[point][:, None])
    x = tails.quantile(rng.standard_normal(eta.shape))
    return expit(x)[:, np.argsort(data.order)]


def _effects(node: Floats, weight: Floats, rng: np.random.Generator) -> Floats:
    """(size, districts) from nodes and their posterior weights, both (size, districts, nodes)."""
    nodes = node.shape[-1]
    if nodes == 1:
        return node[..., 0]
    z, log_weight = hermite(nodes)
    # The density beside the normal of the adaptive rule is smooth: its logarithm is almost a polynomial.
    beside = np.log(np.maximum(weight, 1e-300)) - log_weight
    grid = np.linspace(z[0], z[-1], GRID)
    lagrange = np.linalg.solve(np.vander(z, nodes).T, np.vander(grid, nodes).T)  # (nodes, grid)
    height = beside @ lagrange - grid * grid / 2
    density = np.exp(height - height.max(axis=-1, keepdims=True))
    cumulated = np.cumsum((density[..., 1:] + density[..., :-1]) / 2, axis=-1)
    aim = rng.random((*node.shape[:2], 1)) * cumulated[..., -1:]
    cell = np.minimum((cumulated < aim).sum(axis=-1, keepdims=True), GRID - 2)
    before = np.where(cell > 0, np.take_along_axis(cumulated, np.maximum(cell - 1, 0), -1), 0.0)
    within = (aim - before) / (np.take_along_axis(cumulated, cell, -1) - before)
    drawn = grid[cell] + within * (grid[1] - grid[0])
    scale = (node[..., -1:] - node[..., :1]) / (z[-1] - z[0])
    effect: Floats = (node[..., :1] + (drawn - z[0]) * scale)[..., 0]
    return effect
