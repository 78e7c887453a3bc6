"""How likely each kind of person was to answer by themselves, estimated with a reference sample.

Two models of the chance π(x) that a person with covariates x is in the open sample A; B is the reference sample with
weights d, which stands for the population:

- **Elliott & Valliant** (2017, Statistical Science 32:249): pseudo-weights are the inverse odds of A in the pooled
  samples. Here the reference weights stand in the likelihood, so that the odds themselves are π (Wang, Valliant & Li
  2021, Statistics in Medicine 40:5237): maximise Σ_A log p + Σ_B d log(1 - p), logit p = x'θ; π = p/(1 - p).
- **Chen, Li & Wu** (2020, JASA 115:2011): the pseudo-likelihood Σ_A log π/(1 - π) + Σ_B d log(1 - π), logit π = x'θ.

Both are Σ a η - c log(1 + exp η) over the rows, with η = x'θ, and so is a logistic regression of answers; one fit
serves all three. The likelihood is concave, so Newton's method with step halving finds its maximum where there is one.
There is none where covariates separate the samples.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.special import expit

from analysis.design import Floats, Mask

# A chance of exp(-25) is none: beyond it the fit runs to infinity.
_LIMIT = 25.0


class PropensityError(ValueError):
    """The model cannot be fitted; the message names the covariate and the way out."""


class Propensity(StrEnum):
    """The two models on offer."""

    ELLIOTT_VALLIANT = "elliott_valliant"  # exp(-η)
    CHEN_LI_WU = "chen_li_wu"  # 1 + exp(-η)


@dataclass(frozen=True, slots=True)
class Logistic:
    """A fit. theta (q,); eta (rows,) = x'θ; scores (rows, q): what each row adds to the likelihood's slope; bread
    (q, q): the inverse of minus its curvature, so that θ's error is bread · Σ scores.
    """

    theta: Floats
    eta: Floats
    scores: Floats
    bread: Floats


def logistic(x: Floats, successes: Floats, trials: Floats, names: Sequence[str], what: str) -> Logistic:
    """Maximise Σ successes · x'θ - trials · log(1 + exp(x'θ)). x: (rows, q), whose columns are `names`.

    Raises PropensityError where no maximum exists; `what` says of which model.
    """
    theta = np.zeros(x.shape[1])
    total, tried = float(successes.sum()), float(trials.sum())
    if 0 < total < tried:
        # The first column is the intercept.
        theta[0] = np.log(total / (tried - total))
    value = _likelihood(x @ theta, successes, trials)
    scale = np.maximum(np.abs(x).T @ (successes + trials), 1.0)
    for _ in range(100):
        p = expit(x @ theta)
        slope = x.T @ (successes - trials * p)
        curvature = x.T @ (x * (trials * p * (1 - p))[:, None])
        if np.abs(slope / scale).max() <= 1e-13:
            break
        step = np.linalg.pinv(curvature, hermitian=True) @ slope
        for _halving in range(30):
            reached = _likelihood(x @ (theta + step), successes, trials)
            if reached >= value:
                break
            step = step / 2
        else:
            break  # as high as the arithmetic allows
        theta, value = theta + step, reached
        if np.abs(x @ theta).max() > _LIMIT:
            break
    eta = x @ theta
    p = expit(eta)
    slope = x.T @ (successes - trials * p)
    if np.abs(eta).max() > _LIMIT:
        raise PropensityError(_explained(theta, names, what))
    if np.abs(slope / scale).max() > 1e-8:
        raise PropensityError(_explained(slope / scale, names, what))
    curvature = x.T @ (x * (trials * p * (1 - p))[:, None])
    scores = x * (successes - trials * p)[:, None]
    return Logistic(theta, eta, scores, np.asarray(np.linalg.pinv(curvature, hermitian=True), dtype=np.float64))


def _likelihood(eta: Floats, successes: Floats, trials: Floats) -> float:
    return float((successes * eta - trials * np.logaddexp(0.0, eta)).sum())


def _explained(direction: Floats, names: Sequence[str], what: str) -> str:
    place = 1 + int(np.abs(direction[1:]).argmax()) if len(direction) > 1 else 0
    along = f" It runs to infinity along {names[place]}."
    return (
        f"{what} has no solution.{along} Where a covariate separates the cases from the others, drop it or merge its "
        "levels. For Chen, Li & Wu's model check also that the reference weights add up to the population, which must "
        "be larger than the open sample in every group."
    )


def fit(model: Propensity, x: Floats, names: Sequence[str], weights: Floats, is_open: Mask) -> Logistic:
    """The propensity of each row. weights: (rows,) interviews in the open sample, people in the reference sample.

    Raises PropensityError.
    """
    successes = np.where(is_open, weights, 0.0)
    trials = weights if model is Propensity.ELLIOTT_VALLIANT else np.where(is_open, 0.0, weights)
    return logistic(x, successes, trials, names, "The propensity of answering by oneself")


def inverse_chance(model: Propensity, eta: Floats) -> tuple[Floats, Floats]:
    """(rows,) the people that one answer stands for, 1/π, and the derivative of its logarithm by η."""
    inverse = np.exp(-eta)
    if model is Propensity.ELLIOTT_VALLIANT:
        return inverse, np.full_like(eta, -1.0)
    return 1 + inverse, -inverse / (1 + inverse)
