"""Sums within groups, the one operation everything else is made of."""

import numpy as np

from analysis.design import Codes, Floats


def sum_by(group: Codes, groups: int, values: Floats) -> Floats:
    """(groups,): the sum of values (rows,) within each group 0..groups-1."""
    return np.bincount(group, weights=values, minlength=groups).astype(np.float64, copy=False)


def sums_by(group: Codes, groups: int, values: Floats) -> Floats:
    """(groups, k): the column sums of values (rows, k) within each group 0..groups-1."""
    k = values.shape[1]
    flat = (group[:, None] * k + np.arange(k)).ravel()
    return sum_by(flat, groups * k, values.ravel()).reshape(groups, k)
