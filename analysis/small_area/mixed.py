"""Logistic regression with any number of independent random intercepts, by Laplace's approximation.

    yes_r ~ Binomial(n_r, expit(x_r'β + Σ_k σ_k a_k[r])),   a ~ N(0, I)

What `lme4::glmer` maximises by default (Breslow & Clayton 1993, JASA 88; Bates, Mächler, Bolker & Walker 2015, J.
Statistical Software 67): the joint density at the modes of the effects, times the volume that its curvature there says.
The gradient follows the modes as the parameters move. Effects may be nested or crossed; rows that agree in everything
may be one row, for only sums enter.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import gammaln

from analysis.design import Codes, Floats
from analysis.small_area.maximum import maximise
from analysis.small_area.quadrature import expit, log_binomial


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """A random intercept: the level of each row, and the names of the levels."""

    name: str
    code: Codes  # (rows,)
    levels: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class MixedFit:
    """The fit: β, the standard deviation of each effect, and the modes of its levels on the logit scale."""

    method: str
    beta: Floats  # (coefficients,)
    sigma: Floats  # (effects,)
    modes: tuple[Floats, ...]  # per effect (levels,)
    log_likelihood: float  # with the binomial coefficients
    converged: bool
    notes: tuple[str, ...]


class Rows:
    """The data, and the modes of the effects last found: the next search starts there."""

    def __init__(self, yes: Floats, n: Floats, matrix: Floats, effects: Sequence[Effect]) -> None:
        self.yes, self.n, self.matrix = yes, n, matrix
        sizes = [len(effect.levels) for effect in effects]
        first = np.concatenate([[0], np.cumsum(sizes)])
        self.place = np.array([effect.code + at for effect, at in zip(effects, first[:-1], strict=True)])
        self.effect = np.repeat(np.arange(len(sizes)), sizes)  # (levels,) which effect a level is of
        self.first, self.levels = first, int(first[-1])
        self.a = np.zeros(self.levels)

    def spread(self, values: Floats) -> Floats:
        """(levels,) to (rows,): the sum of each row's levels."""
        sums: Floats = values[self.place].sum(axis=0)
        return sums

    def collect(self, values: Floats) -> Floats:
        """(rows,) to (levels,): the sum of each level's rows."""
        sums = np.zeros(self.levels)
        for at in self.place:
            sums += np.bincount(at, values, self.levels)
        return sums

    def cross(self, w: Floats) -> Floats:
        """(levels, levels): Z'WZ."""
        cells = np.zeros(self.levels * self.levels)
        for left in self.place:
            for right in self.place:
                cells += np.bincount(left * self.levels + right, w, len(cells))
        return cells.reshape(self.levels, self.levels)

    def modes(self, fixed: Floats, scale: Floats) -> Floats:
        """(levels,) the modes of the standard effects by Newton, halved until the joint density rises."""

        def height(a: Floats) -> float:
            return float(log_binomial(fixed + self.spread(scale * a), self.yes, self.n).sum() - a @ a / 2)

        a = self.a if height(self.a) > height(np.zeros(self.levels)) else np.zeros(self.levels)
        top = height(a)
        for _ in range(200):
            p = expit(fixed + self.spread(scale * a))
            slope = scale * self.collect(self.yes - self.n * p) - a
            step = cho_solve(self.factor(p, scale), slope)
            while (new := height(a + step)) < top - 1e-9 * abs(top):
                step = step / 2
            a, top = a + step, max(new, top)
            if np.abs(step).max(initial=0.0) < 1e-11:
                break
        self.a = a
        return a

    def factor(self, p: Floats, scale: Floats) -> tuple[Floats, bool]:
        """Cholesky factor of the negative Hessian in the standard effects."""
        square = self.cross(self.n * p * (1 - p)) * scale * scale[:, None]
        square[np.diag_indices(self.levels)] += 1
        return cho_factor(square, lower=True)

    def objective(self, at: Floats) -> tuple[float, Floats]:
        """Laplace's log-likelihood (without binomial coefficients) at (β, σ), and its gradient."""
        coefficients = self.matrix.shape[1]
        beta, sigma = at[:coefficients], at[coefficients:]
        fixed, scale = self.matrix @ beta, sigma[self.effect]
        a = self.modes(fixed, scale)
        eta = fixed + self.spread(scale * a)
        p = expit(eta)
        w, rest = self.n * p * (1 - p), self.yes - self.n * p
        factor = self.factor(p, scale)
        value = log_binomial(eta, self.yes, self.n).sum() - a @ a / 2 - np.log(np.diag(factor[0])).sum()

        inverse = cho_solve(factor, np.eye(self.levels))
        scaled = inverse * scale * scale[:, None]
        leverage = sum(scaled[left, right] for left in self.place for right in self.place)
        drag = leverage * w * (1 - 2 * p) / 2  # what the volume loses as the linear predictor of a row grows

        def follow(direct: Floats, pull: Floats) -> float:
            # The linear predictor moves directly, and because the modes move with it.
            moved = direct + self.spread(scale * (inverse @ (pull - scale * self.collect(w * direct))))
            return float(drag @ moved)

        gradient = [float(x @ rest) - follow(x, np.zeros(self.levels)) for x in self.matrix.T]
        crossed = self.cross(w) * scale  # Z'WZ with the scale on one side
        for k in range(len(sigma)):
            mine = self.effect == k
            direct = self.spread(np.where(mine, a, 0.0))
            pull = np.where(mine, self.collect(rest), 0.0)
            volume = float((inverse[mine] * crossed[mine]).sum())
            gradient.append(float(direct @ rest) - volume - follow(direct, pull))
        return float(value), np.array(gradient)


def fit(
    yes: Floats, n: Floats, matrix: Floats, effects: Sequence[Effect], method: str = "logistic_mixed_laplace"
) -> MixedFit:
    """Maximum likelihood. yes, n (rows,), which need not be whole; matrix (rows, coefficients) of full rank.

    Where all answers agree there is no maximum: everything is nan, and a note says so.
    """
    if yes.sum() in (0.0, n.sum()):
        nothing = tuple(np.full(len(effect.levels), np.nan) for effect in effects)
        beta, sigma = np.full(matrix.shape[1], np.nan), np.full(len(effects), np.nan)
        return MixedFit(method, beta, sigma, nothing, np.nan, converged=False, notes=("all_answers_agree",))
    rows = Rows(yes, n, matrix, effects)
    start = np.concatenate([np.zeros(matrix.shape[1]), np.full(len(effects), 0.5)])
    start[0] = np.log(yes.sum() / (n.sum() - yes.sum()))
    coefficients = matrix.shape[1]
    best = maximise(rows.objective, start, even=range(coefficients, len(start)))
    beta, sigma = best.at[:coefficients], best.at[coefficients:]
    scale = sigma[rows.effect]
    modes = scale * rows.modes(matrix @ beta, scale)
    parts = tuple(modes[rows.first[k] : rows.first[k + 1]] for k in range(len(effects)))
    return MixedFit(method, beta, sigma, parts, best.value + log_choose(yes, n), best.converged, best.notes)


def log_choose(yes: Floats, n: Floats) -> float:
    """The sum of the logs of the binomial coefficients, for numbers that need not be whole."""
    return float((gammaln(n + 1) - gammaln(yes + 1) - gammaln(n - yes + 1)).sum())
