"""The design effect that a sample was to be expected to have, and how it steadies the one that the sample shows.

A variance estimated from few points is itself a guess, and the nearer a share is to 0 or 1 the worse a guess: the few
points that hold the rarer answers carry it, and a sample that misses them has too extreme a share and too small a
variance at once. Franco, Little, Louis & Slud (2019) find that every interval then falls short unless the effective n
comes from a model. Ours is the one that samples are planned by, and counts for as much as it is worth beside the data.

Planned: Kish's deff of the weights times 1 + (b - 1)·icc, with b = sum W² / sum w² people to a point, W the weight of a
point and w that of a person (Kish 1965, section 8.2; Gabler, Haeder & Lahiri 1999, Survey Methodology 25:105).
Its worth, in degrees of freedom: 2 over its squared relative error, from what `Planning` says about its parts.
Shown: the estimated variance over p(1-p)/(n-1). Its worth likewise (Satterthwaite 1946, Biometrics Bulletin 2:110):
with t the variance of a point's total, (1-icc)·sum w² + icc·W², the estimate has the relative variance
    sum over strata of 2 (m/(m-1))² [(1 - 2/m) sum t² + (sum t)²/m²] / (sum t)² + k · sum t² / (sum t)²,
where the sums below the line go over all strata, m is the points of a stratum and k the excess kurtosis of a point's
total (Valliant & Rust 2010, J. Official Statistics 26:585, for its part in the degrees of freedom), that of a
beta-binomial count of b with mean p (Johnson, Kemp & Kotz 2005, Univariate Discrete Distributions). It
grows without bound towards 0 and 1, so that where all answers agree only the plan is left.
Together: the mean of the two by their worth, with a t quantile of the degrees of freedom of both, which is the
moderated variance of Smyth (2004, Statistical Applications in Genetics and Molecular Biology 3:3). The kurtosis is not
in the quantile: Wilson's interval knows that a share near 0 or 1 is skewed.
"""

from dataclasses import dataclass

import numpy as np

from analysis.design import Codes, Floats
from analysis.sums import sum_by


@dataclass(frozen=True, slots=True)
class Planning:
    """What is expected of a sample before its answers are seen."""

    # How alike the answers at one point are, and how far from that they may well be.
    icc: float = 0.04
    icc_error: float = 0.05
    # The relative error of Kish's factor, which takes weights and answers for unrelated.
    weights_error: float = 0.2


PLANNING = Planning()


@dataclass(frozen=True, slots=True)
class Planned:
    """What the plan says about the variance of a share in one domain."""

    deff: float
    worth: float  # of the planned deff, in degrees of freedom
    df: float  # Satterthwaite's of the estimated variance, were the totals of the points normal
    concentration: float  # sum t² / (sum t)²: 1 over the points, where they are equal
    per_unit: float  # people to a point, b
    icc: float

    def worth_of_shown(self, p: float) -> float:
        """Degrees of freedom behind an estimated variance where the share is p; 0 at p = 0 and 1."""
        if not self.df > 0 or p in (0.0, 1.0):
            return 0.0
        return 2 / (2 / self.df + max(_kurtosis(p, self.per_unit, self.icc), 0.0) * self.concentration)

    def moderated(self, p: float, shown: float) -> tuple[float, float]:
        """The design effect from both, and the plan's part in it, 0 to 1. shown: that of the estimated variance."""
        worth = self.worth_of_shown(p)
        part = self.worth / (self.worth + worth)
        return part * self.deff + (1 - part) * shown, part


def _kurtosis(p: float, b: float, icc: float) -> float:
    """Excess kurtosis of a beta-binomial count of b (real, at least 1) with mean p and intra-class correlation icc."""
    s = 1 / icc - 1  # the sum of the two parameters
    product = s * s * p * (1 - p)
    scale = s * s * (1 + s) / (b * product * (s + 2) * (s + 3) * (s + b))
    shape = s * (s - 1 + 6 * b) + 3 * product * (b - 2) + 6 * b * b
    return scale * (shape - 3 * product * b * (6 - b) / s - 18 * product * b * b / (s * s)) - 3


def planned(
    n: Floats, weight: Floats, square: Floats, group: Codes, domain: Codes, planning: Planning = PLANNING
) -> tuple[Planned, ...]:
    """The plan of every domain that has interviews, at least one.

    n: (domains,) interviews. weight, square: (pairs,) sum of w > 0 and of w² of each point in each domain that met it.
    group: (pairs,) the stratum within the domain of each pair. domain: (groups,) the domain of each such stratum.
    """
    domains, groups = len(n), len(domain)
    icc = planning.icc
    units = sum_by(group, groups, np.ones(len(group)))
    t = (1 - icc) * square + icc * weight**2
    total, squares = sum_by(group, groups, t), sum_by(group, groups, t * t)
    m = np.maximum(units, 2.0)
    spread = np.where(units > 1, 2 * (m / (m - 1)) ** 2 * ((1 - 2 / m) * squares + (total / m) ** 2), 0.0)
    people, whole = sum_by(domain, domains, sum_by(group, groups, weight)), sum_by(domain, domains, total)
    single = sum_by(domain, domains, sum_by(group, groups, square))
    together = sum_by(domain, domains, sum_by(group, groups, weight**2))
    relative = sum_by(domain, domains, spread) / whole**2
    df = sum_by(domain, domains, units - 1)
    df = np.where(relative > 0, np.minimum(df, 2 / np.where(relative > 0, relative, 1.0)), 0.0)
    per_unit = np.maximum(together / single, 1.0)
    error = (per_unit - 1) * planning.icc_error / (1 + (per_unit - 1) * icc)
    deff = n * whole / people**2
    worth = 2 / (planning.weights_error**2 + error**2)
    concentration = sum_by(domain, domains, squares) / whole**2
    return tuple(
        Planned(float(deff[d]), float(worth[d]), float(df[d]), float(concentration[d]), float(per_unit[d]), icc)
        for d in range(domains)
    )
