"""What further interviews in a neighbourhood may show: the predictive distribution of their answers, without drawing.

What is known of a neighbourhood's rate is any posterior, given as rates with weights: quadrature nodes or draws. With y
"yes" and f "no" answers to come, the weights become w·p^y·(1-p)^f (Bayes' rule), and y of m has the chance

    C(m, y) Σ w p^y (1-p)^(m-y).

Summed over the rates below the target and over the others it gives everything that is asked here: the posterior chance
of being at risk after each outcome, and how probable that outcome is (preposterior analysis; Raiffa & Schlaifer 1961,
Applied Statistical Decision Theory, chapter 4). For all m up to a limit it is one product of two matrices.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import expit, gammaln, logit, xlogy

from analysis.design import Floats
from analysis.planning.inputs import PlanError, share

NODES, REACH = 48, 6.0  # quadrature nodes on each side of the target; standard deviations covered
LARGEST = 1000  # outcomes C(m, y) beyond this do not fit into a number


@dataclass(frozen=True, slots=True)
class Posteriors:
    """What is known of each neighbourhood's rate: rates and weights, (areas, values) each; each row of weights sums to
    1. At risk means a rate below target. Raises PlanError.
    """

    rates: Floats
    weights: Floats
    target: float

    def __post_init__(self) -> None:
        share("The target", self.target, zero=False, one=False)
        if self.rates.ndim != 2 or self.rates.shape != self.weights.shape:
            raise PlanError("The posteriors need as many weights as rates, a row for each neighbourhood.")
        if not (np.isfinite(self.rates).all() and ((self.rates >= 0) & (self.rates <= 1)).all()):
            raise PlanError("A posterior has a rate that is no share, 0 to 1.")
        sums = self.weights.sum(axis=1)
        if not ((self.weights >= 0).all() and (np.abs(sums - 1) < 1e-6).all()):
            raise PlanError("The weights of a posterior must be 0 or more and sum to 1.")

    @property
    def at_risk(self) -> Floats:
        """P(rate < target), (areas,)."""
        chance: Floats = np.where(self.rates < self.target, self.weights, 0.0).sum(axis=1)
        return chance

    @property
    def means(self) -> Floats:
        """Posterior means, (areas,)."""
        mean: Floats = (self.rates * self.weights).sum(axis=1)
        return mean

    def updated(self, yes: Floats, no: Floats) -> "Posteriors":
        """After so many answers in each area, (areas,); a part of an interview where a design effect is above 1."""
        with np.errstate(divide="ignore"):
            logs = np.log(self.weights) + xlogy(yes[:, None], self.rates) + xlogy(no[:, None], 1 - self.rates)
        highest = logs.max(axis=1, keepdims=True)
        if not np.isfinite(highest).all():
            raise PlanError(
                "The answers are impossible under a posterior: it gives no weight to any rate between 0 and 1."
            )
        weights = np.exp(logs - highest)
        return Posteriors(self.rates, weights / weights.sum(axis=1, keepdims=True), self.target)


def logit_normal(means: Sequence[float] | Floats, sds: Sequence[float] | Floats, target: float) -> Posteriors:
    """Rates whose logit is normal: means and standard deviations on the logit scale, (areas,) each.

    Gauss-Legendre on each side of the target, so that the chance of being at risk has no error from a node at the
    border. Raises PlanError.
    """
    mean, sd = np.asarray(means, dtype=np.float64), np.asarray(sds, dtype=np.float64)
    share("The target", target, zero=False, one=False)
    if mean.ndim != 1 or mean.shape != sd.shape or not (np.isfinite(mean).all() and np.isfinite(sd).all()):
        raise PlanError("A logit-normal posterior needs a mean and a standard deviation for each neighbourhood.")
    if not (sd > 0).all():
        raise PlanError("A logit-normal posterior needs a standard deviation above 0.")
    border = np.clip((logit(target) - mean) / sd, -REACH, REACH)[:, None]
    at, weight = np.polynomial.legendre.leggauss(NODES)
    below, above = (border + REACH) / 2, (REACH - border) / 2  # half the length of each side
    z = np.hstack([-REACH + below * (1 + at), border + above * (1 + at)])
    density = np.exp(-z * z / 2) * np.hstack([below * weight, above * weight])
    # A node within rounding of the target must not change sides.
    rates = expit(mean[:, None] + sd[:, None] * z)
    rates[:, :NODES] = np.minimum(rates[:, :NODES], np.nextafter(target, 0))
    rates[:, NODES:] = np.maximum(rates[:, NODES:], target)
    return Posteriors(rates, density / density.sum(axis=1, keepdims=True), target)


def draws(sampled: Floats, target: float) -> Posteriors:
    """Draws from the posterior of each neighbourhood, (areas, draws), all of one weight. Raises PlanError."""
    values = np.asarray(sampled, dtype=np.float64)
    if values.ndim != 2 or not values.shape[1]:
        raise PlanError("The draws need a row for each neighbourhood and a column for each draw.")
    return Posteriors(values, np.full(values.shape, 1 / values.shape[1]), target)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What up to `most` further independent answers may show in each area, by "yes" and "no" answers among them.

    risk, safe: chance of these answers and of a rate below, or not below, the target, (areas, most + 1, most + 1); the
    cells with more than `most` answers are of no use.
    """

    risk: Floats
    safe: Floats

    def by_size(self, values: Floats) -> Floats:
        """Sums of (areas, yes, no) over the outcomes of m = 0 … most answers, (areas, most + 1)."""
        # Row by row: y "yes" and f "no" belong to m = y + f.
        size = values.shape[1]
        sums = np.zeros((len(values), size))
        for y in range(size):
            sums[:, y:] += values[:, y, : size - y]
        return sums


@cache
def _ways(most: int) -> Floats:
    """C(y + f, y) for up to `most` answers, 0 beyond."""
    y, f = np.ogrid[: most + 1, : most + 1]
    logs = gammaln(y + f + 1) - gammaln(y + 1) - gammaln(f + 1)
    ways: Floats = np.where(y + f <= most, np.exp(np.where(y + f <= most, logs, 0.0)), 0.0)
    return ways


def outcomes(known: Posteriors, most: int) -> Outcomes:
    """Every outcome of up to `most` answers in each area. Raises PlanError where most is beyond 1000."""
    if not 0 <= most <= LARGEST:
        raise PlanError(f"{most} further effective interviews in a neighbourhood: plan 0 to {LARGEST}.")
    count = np.arange(most + 1)
    yes = known.rates[:, :, None] ** count
    no = (1 - known.rates)[:, :, None] ** count
    at_risk = known.rates < known.target

    def joint(side: Floats) -> Floats:
        summed: Floats = _ways(most) * ((yes * side[:, :, None]).transpose(0, 2, 1) @ no)
        return summed

    return Outcomes(joint(np.where(at_risk, known.weights, 0.0)), joint(np.where(at_risk, 0.0, known.weights)))
