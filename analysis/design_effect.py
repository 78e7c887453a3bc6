"""How much the design widens an interval, compared with a simple random sample of as many people.

Kish 1965, Survey Sampling, section 8.2, for the whole design; Kish 1992, Journal of Official Statistics 8:183, for
unequal weights alone.
"""

from math import nan

import numpy as np

from analysis.measure import Measure


def spread(variable: Measure) -> float:
    """Estimated population variance of the variable, n/(n-1) · weighted mean of (y - mean)²."""
    weight, n = float(variable.base.sum()), float(variable.n.sum())
    if weight <= 0 or n <= 1:
        return nan
    centre = float(variable.total.sum()) / weight
    held = variable.base > 0
    base, summed = variable.base[held], variable.total[held]
    between = float(((summed - centre * base) ** 2 / base).sum())
    # A cell of a tally may hold unlike values; a single row holds one, and only rounding would appear here.
    inside = variable.square[held] - summed**2 / base
    within = float(np.where(variable.n[held] > 1, np.maximum(inside, 0.0), 0.0).sum())
    return (between + within) / weight * n / (n - 1)


def design_effect(variable: Measure, variance_of_mean: float, *, finite: bool = False) -> float:
    """Variance of the mean as a multiple of that of a simple random sample of the same n (Kish 1965, section 8.2).

    finite=False: a sample with replacement. finite=True: one without replacement from a population of the sum of the
    weights; nan where the weights sum to fewer people than were interviewed.
    """
    n, people, variance = float(variable.n.sum()), float(variable.base.sum()), spread(variable)
    if not variance > 0:
        return nan
    reference = variance / n
    if finite:
        if people < n:
            return nan
        reference *= (people - n) / people
    return variance_of_mean / reference if reference > 0 else nan


def kish_deff(variable: Measure) -> float:
    """The design effect of unequal weights alone, n·sum(w²)/(sum w)² (Kish 1992)."""
    n, weight = float(variable.n.sum()), float(variable.base.sum())
    if n < 1 or weight <= 0:
        return nan
    return n * float(variable.base_square.sum()) / weight**2
