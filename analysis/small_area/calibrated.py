"""When it says 80 %, is it 80 %? Stated probabilities against what was true.

Probabilities are sorted into bins of equal width; in each the mean of what was said stands beside the share of what
happened, with Wilson's interval (reliability diagram: Murphy & Winkler 1977, Applied Statistics 26:41). The calibration
error is the mean distance of the two over all probabilities, the score of Brier (1950, Monthly Weather Review 78:1) the
mean square of probability less outcome.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from analysis.design import Floats, Mask
from analysis.intervals import wilson_ends
from analysis.small_area.areas import AreaError


@dataclass(frozen=True, slots=True)
class Bin:
    """Probabilities from `low` up to `high`: how many, the mean of what was said, and the share of what happened.

    Without any, said and happened are nan, and so are the ends of the interval.
    """

    low: float
    high: float
    count: int
    said: float
    happened: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """The bins from 0 to 1, the calibration error and the Brier score."""

    bins: tuple[Bin, ...]
    error: float
    brier: float
    count: int
    level: float


def reliability(said: Floats, happened: Mask, *, bins: int = 10, level: float = 0.95) -> Reliability:
    """said: probabilities; happened: whether it was so; both of one length. Raises AreaError."""
    if said.ndim != 1 or said.shape != happened.shape or not len(said):
        raise AreaError("There are no probabilities, or not as many outcomes. Give one outcome for each.")
    if not ((said >= 0) & (said <= 1)).all():
        raise AreaError("A probability is not between 0 and 1.")
    if bins < 1:
        raise AreaError(f"bins: {bins} cannot hold anything. Give 1 or more.")
    at = np.minimum((said * bins).astype(np.intp), bins - 1)
    count = np.bincount(at, minlength=bins)
    true = np.bincount(at, happened, bins)
    total = np.bincount(at, said, bins)
    z = float(ndtri((1 + level) / 2))
    found = []
    for i, (n, t, s) in enumerate(zip(count.tolist(), true.tolist(), total.tolist(), strict=True)):
        share = t / n if n else np.nan
        lower, upper = wilson_ends(share, n, z) if n else (np.nan, np.nan)
        found.append(Bin(i / bins, (i + 1) / bins, n, s / n if n else np.nan, share, lower, upper))
    error = float(np.abs(true - total).sum() / len(said))
    return Reliability(tuple(found), error, float(((said - happened) ** 2).mean()), len(said), level)
