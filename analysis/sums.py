"""Sums within groups, the one operation everything else is made of."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.design import Codes, Floats


def sum_by(group: Codes, groups: int, values: Floats) -> Floats:
    """(groups,): the sum of values (rows,) within each group 0..groups-1."""
    return np.bincount(group, weights=values, minlength=groups).astype(np.float64, copy=False)


def sums_by(group: Codes, groups: int, values: Floats) -> Floats:
    """(groups, k): the column sums of values (rows, k) within each group 0..groups-1."""
    k = values.shape[1]
    flat = (group[:, None] * k + np.arange(k)).ravel()
    return sum_by(flat, groups * k, values.ravel()).reshape(groups, k)


def group_codes(frame: pd.DataFrame, keys: Sequence[str]) -> tuple[Codes, Codes]:
    """The group of each row, in the order of the keys' levels, and the first row of each; missing is a level."""
    code = np.zeros(len(frame), dtype=np.int64)
    groups = 1
    for key in keys:
        levels, values = pd.factorize(frame[key], sort=True, use_na_sentinel=False)
        if groups * max(len(values), 1) > 2**62:
            # Renumber the groups that occur, so that the product of the numbers of levels cannot overflow.
            kept, code = np.unique(code, return_inverse=True)
            groups = len(kept)
        code = code * max(len(values), 1) + levels
        groups *= max(len(values), 1)
    _, first, group = np.unique(code, return_index=True, return_inverse=True)
    return group.astype(np.intp), first.astype(np.intp)
