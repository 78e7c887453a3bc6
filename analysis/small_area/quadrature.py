"""Gauss-Hermite quadrature against the normal density, and the binomial on the logit scale.

The rule is adaptive (Naylor & Smith 1982, Applied Statistics 31; Pinheiro & Bates 1995, J. Computational and Graphical
Statistics 4): its nodes are moved to the mode of likelihood times density, and scaled by the curvature there. With one
node it is Laplace's approximation. Effects are written as sigma·a with a standard normal, so that sigma = 0 is an
ordinary case.
"""

from dataclasses import dataclass
from functools import cache
from typing import Self

import numpy as np

from analysis.design import Floats

ROUNDS = 100  # far more than needed: a bracket that is halved each time is exhausted by then
CLOSE = 1e-12  # of a mode, in standard deviations
NEAR = 1e-3  # of the mode, in standard deviations: nearer, the tail formula divides 0 by 0


@cache
def hermite(nodes: int) -> tuple[Floats, Floats]:
    """Points z and log weights of the rule for ∫ f(z) φ(z) dz, both (nodes,)."""
    points, weights = np.polynomial.hermite_e.hermegauss(nodes)
    return points, np.log(weights) - np.log(2 * np.pi) / 2


def expit(x: Floats) -> Floats:
    """The shares whose logits are x, without overflow."""
    small = np.exp(-np.abs(x))
    shares: Floats = np.where(x >= 0, 1.0, small) / (1 + small)
    return shares


def log_binomial(x: Floats, yes: Floats, n: Floats) -> Floats:
    """yes·log p + (n - yes)·log(1 - p) at p = expit(x): the binomial without its coefficient."""
    height: Floats = yes * x - n * (np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x))))
    return height


def modes(
    yes: Floats, n: Floats, eta: Floats, sigma: Floats, close: float = CLOSE, start: Floats | None = None
) -> tuple[Floats, Floats]:
    """Where log_binomial(eta + sigma·a) - a²/2 is highest in a, and the standard deviation its curvature says there.

    All arguments broadcast; sigma >= 0. The slope falls in a, so Newton's steps are kept inside a bracket.
    """
    # The root of sigma·(yes - n·p) = a lies between its values at p = 1 and at p = 0.
    low, high = (part.copy() for part in np.broadcast_arrays(sigma * (yes - n), sigma * yes, eta)[:2])
    if start is None:
        spread = 1 / (yes + 0.5) + 1 / (n - yes + 0.5)
        start = (np.log((yes + 0.5) / (n - yes + 0.5)) - eta) * sigma / (sigma * sigma + spread)
    a = np.clip(start, low, high)
    for _ in range(ROUNDS):
        p = expit(eta + sigma * a)
        slope = sigma * (yes - n * p) - a
        bend = 1 + sigma * sigma * n * p * (1 - p)
        low, high = np.where(slope >= 0, a, low), np.where(slope <= 0, a, high)
        step = a + slope / bend
        moved = np.where((step >= low) & (step <= high), step, (low + high) / 2)
        far = np.abs(moved - a) * np.sqrt(bend) > close * (1 + np.abs(a))
        a = moved
        if not far.any():
            break
    p = expit(eta + sigma * a)
    return a, 1 / np.sqrt(1 + sigma * sigma * n * p * (1 - p))


@dataclass(frozen=True, slots=True, eq=False)
class Tails:
    """P(eta + sigma·a < x) given the answers, for many x: the modified signed root, Φ(r*).

    Barndorff-Nielsen (1986), Biometrika 73; for posteriors DiCiccio & Martin (1991), Biometrika 78. Its error is of the
    third order: with two answers and sigma = 1 some 1e-3, less with more answers, none without any.
    """

    yes: Floats
    n: Floats
    eta: Floats
    sigma: Floats  # > 0
    mode: Floats
    deviation: Floats
    top: Floats  # log density at the mode
    bend: Floats  # its third derivative there, in standard deviations

    @classmethod
    def of(cls, yes: Floats, n: Floats, eta: Floats, sigma: Floats) -> Self:
        """All arguments broadcast."""
        mode, deviation = modes(yes, n, eta, sigma, close=0.03)
        p = expit(eta + sigma * mode)
        bend = -((sigma * deviation) ** 3) * n * p * (1 - p) * (1 - 2 * p)
        top = log_binomial(eta + sigma * mode, yes, n) - mode * mode / 2
        return cls(yes, n, eta, sigma, mode, deviation, top, bend)

    def root(self, x: Floats) -> tuple[Floats, Floats]:
        """r* at logit x, which broadcasts with the areas, and (to first order) its slope in x."""
        a = (x - self.eta) / self.sigma
        fall = np.maximum(self.top - log_binomial(x, self.yes, self.n) + a * a / 2, 0.0)
        r = np.copysign(np.sqrt(2 * fall), a - self.mode)
        q = (a - self.sigma * (self.yes - self.n * expit(x))) * self.deviation
        near = (np.abs(r) < NEAR) | (q * r <= 0)
        ratio = np.divide(q, r, out=np.ones_like(r), where=~near)
        correction = np.where(near, -self.bend / 3, np.log(ratio) / np.where(near, 1.0, r))
        return r + correction, ratio / (self.deviation * self.sigma)

    def quantile(self, z: Floats) -> Floats:
        """The logits below which lies the chance Φ(z)."""
        x = self.eta + self.sigma * (self.mode + self.deviation * z)
        for _ in range(4):
            r, slope = self.root(x)
            x = x + np.clip((z - r) / slope, -2 * self.sigma, 2 * self.sigma)
        return x


# Panels outwards from the mode in standard deviations. The density is log-concave and its tails are within the normal
# prior's, so beyond 9 of the prior's there is nothing.
PANELS = np.array([-25.0, -12.0, -7.0, -4.0, -2.0, 0.0, 2.0, 4.0, 7.0, 12.0, 25.0])
FARTHEST = 9.0


def below(yes: Floats, n: Floats, eta: Floats, sigma: Floats, x: Floats) -> Floats:
    """P(eta + sigma·a < x) given the answers, by Gauss-Legendre on panels: slow and exact to ten digits.

    All arguments broadcast to one axis of areas. Where sigma is 0, whether eta is below x.
    """
    yes, n, eta, sigma, x = np.broadcast_arrays(yes, n, eta, sigma, x)
    mode, deviation = modes(yes, n, eta, sigma)
    ends = mode[:, None] + np.clip(deviation[:, None] * PANELS, -FARTHEST, FARTHEST)
    bound = np.divide(x - eta, sigma, out=np.full(len(eta), np.inf), where=sigma > 0)[:, None]
    top = log_binomial(eta + sigma * mode, yes, n) - mode * mode / 2
    points, weights = np.polynomial.legendre.leggauss(20)

    def integral(low: Floats, high: Floats) -> Floats:
        half = (high - low) / 2
        a = (low + half)[..., None] + half[..., None] * points
        at = eta[:, None, None] + sigma[:, None, None] * a
        height = log_binomial(at, yes[:, None, None], n[:, None, None]) - a * a / 2 - top[:, None, None]
        area: Floats = ((np.exp(height) @ weights) * half).sum(axis=1)
        return area

    part = integral(np.minimum(ends[:, :-1], bound), np.minimum(ends[:, 1:], bound))
    return np.where(sigma > 0, np.minimum(part / integral(ends[:, :-1], ends[:, 1:]), 1.0), eta < x)
