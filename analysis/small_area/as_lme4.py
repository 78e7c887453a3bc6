"""Where `lme4::glmer` stops, for agreement with it to the last digits.

glmer finds the modes of the effects by penalised iteratively reweighted least squares, and stops as soon as a round
lowers the penalised deviance by less than 1e-7 of itself; the volume in Laplace's approximation is from the weights of
the round before (lme4 1.1-31, `pwrssUpdate` in src/external.cpp; Bates et al. 2015, section 5). Each search begins at
the linear predictor of a first fit, in which the coefficients are found together with the modes (nAGQ = 0). Its maximum
therefore lies some 1e-5 beside that of Laplace's approximation, which `mixed` finds; `glmer` moves there if told
`tolPwrss = 1e-12`. Only the command that prints reference answers follows it here.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.linalg import cho_solve

from analysis.design import Floats
from analysis.small_area.maximum import information
from analysis.small_area.mixed import MixedFit, Rows
from analysis.small_area.quadrature import expit, log_binomial

TOLERANCE = 1e-7  # tolPwrss
MOST = 100  # rounds of one search
STEP = 1e-4  # of the differences
CLOSE = 1e-9
ROUNDS = 30


class Search:
    """The data as glmer searches them. saturated: the log-likelihood that its deviance is counted from."""

    def __init__(self, rows: Rows, saturated: float) -> None:
        self.rows, self.saturated = rows, saturated
        self.first = np.zeros(len(rows.n))  # the linear predictor every search begins at

    def begin(self, sigma: Floats) -> None:
        """Find where searches begin: the fit with sigma 1, then the first fit, whose sigma is near the given one."""
        rows, sigma = self.rows, sigma.copy()
        self.first = np.log((rows.yes + 0.5) / (rows.n - rows.yes + 0.5))
        self.first = self.joint(np.ones_like(sigma))[1]
        free = np.flatnonzero(sigma > 0)

        def value(part: Floats) -> float:
            sigma[free] = part
            return self.joint(sigma)[0]

        sigma[free] = _climb(value, sigma[free])
        self.first = self.joint(sigma)[1]

    def joint(self, sigma: Floats) -> tuple[float, Floats]:
        """Laplace's log-likelihood at the β that is best with the modes, and the linear predictor there."""
        rows, scale = self.rows, sigma[self.rows.effect]
        eta, old = self.first, np.inf
        for _ in range(MOST):
            p = expit(eta)
            w = rows.n * p * (1 - p)
            response = w * eta + rows.yes - rows.n * p
            factor = rows.factor(p, scale)
            across = np.column_stack([scale * rows.collect(w * x) for x in rows.matrix.T])  # ΛZ'WX
            inner = cho_solve(factor, np.column_stack([across, scale * rows.collect(response)]))
            left = (rows.matrix.T * w) @ rows.matrix - across.T @ inner[:, :-1]
            beta = np.linalg.solve(left, rows.matrix.T @ response - across.T @ inner[:, -1])
            a = inner[:, -1] - inner[:, :-1] @ beta
            eta = rows.matrix @ beta + rows.spread(scale * a)
            likelihood = float(log_binomial(eta, rows.yes, rows.n).sum())
            deviance = 2 * (self.saturated - likelihood) + float(a @ a)
            if abs(old - deviance) < TOLERANCE * abs(deviance):
                break
            old = deviance
        return likelihood - float(a @ a) / 2 - float(np.log(np.diag(factor[0])).sum()), eta

    def search(self, at: Floats) -> tuple[float, Floats, Floats]:
        """Laplace's log-likelihood at (β, σ) as glmer has it, the standard effects, and the last round's weights."""
        rows, coefficients = self.rows, self.rows.matrix.shape[1]
        fixed, scale = rows.matrix @ at[:coefficients], at[coefficients:][rows.effect]
        eta, old, a = self.first, np.inf, np.zeros(rows.levels)

        def deviance(a: Floats) -> float:
            likelihood = log_binomial(fixed + rows.spread(scale * a), rows.yes, rows.n).sum()
            return 2 * (self.saturated - float(likelihood)) + float(a @ a)

        for _ in range(MOST):
            p = expit(eta)
            w = rows.n * p * (1 - p)
            factor = rows.factor(p, scale)
            new = cho_solve(factor, scale * rows.collect(w * (eta - fixed) + rows.yes - rows.n * p))
            now = deviance(new)
            if abs(old - now) < TOLERANCE * abs(now):
                break
            while now > old and np.abs(new - a).max() > CLOSE:
                new = (a + new) / 2
                now = deviance(new)
            a, old, eta = new, now, fixed + rows.spread(scale * new)
        return self.saturated - now / 2 - float(np.log(np.diag(factor[0])).sum()), new, w


def follow(found: MixedFit, rows: Rows, saturated: float) -> MixedFit:
    """The fit moved to where glmer has its maximum. A spread of nothing stays so; without a maximum nothing moves."""
    if not found.converged:
        return found
    search = Search(rows, saturated)
    whole = np.concatenate([found.beta, found.sigma])
    search.begin(found.sigma)
    free = np.concatenate([np.ones(len(found.beta), bool), found.sigma > 0])

    def place(part: Floats) -> Floats:
        at = whole.copy()
        at[free] = part
        return at

    bend = information(rows.objective, whole)[np.ix_(free, free)]
    at = place(_climb(lambda part: search.search(place(part))[0], whole[free], bend))
    value, a, _ = search.search(at)
    k = len(found.beta)
    modes = at[k:][rows.effect] * a
    parts = tuple(modes[rows.first[j] : rows.first[j + 1]] for j in range(len(found.sigma)))
    moved = value - rows.objective(whole)[0]
    return replace(
        found, beta=at[:k], sigma=at[k:], modes=parts, log_likelihood=found.log_likelihood + moved,
        method=found.method + "_as_lme4",
    )  # fmt: skip


def last_weights(rows: Rows, at: Floats, saturated: float) -> Floats:
    """(rows,) the weights n·p·(1 - p) that glmer's conditional variances at (β, σ) are computed from."""
    search = Search(rows, saturated)
    search.begin(at[rows.matrix.shape[1] :])
    return search.search(at)[2]


def _climb(value: Callable[[Floats], float], at: Floats, bend: Floats | None = None) -> Floats:
    """The maximum of a function without a gradient, close to `at`; bend: its negative Hessian, if it is known."""
    if not len(at):
        return at
    steps = STEP * np.eye(len(at))
    if bend is None:
        bend = np.array([[-_crossed(value, at, i, j) for j in steps] for i in steps]) / (2 * STEP) ** 2
    for _ in range(ROUNDS):
        slope = np.array([value(at + step) - value(at - step) for step in steps]) / (2 * STEP)
        move = np.linalg.solve(bend, slope)
        at = at + np.clip(move, -0.1, 0.1)
        if np.abs(move).max() < CLOSE:
            break
    return at


def _crossed(value: Callable[[Floats], float], at: Floats, i: Floats, j: Floats) -> float:
    return value(at + i + j) - value(at + i - j) - value(at - i + j) + value(at - i - j)
