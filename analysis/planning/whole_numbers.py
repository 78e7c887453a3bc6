"""Whole interviews from exact shares: the largest remainder (Hamilton's method), with a least and a most for each part.

Parts with limits share as water does: proportional to their shares, except where a limit holds one back, so that
x = clip(λ·share, least, most) with λ such that the parts add up to n. This is the exact optimum of every allocation
that is proportional without limits (Gabler, Ganninger & Münnich 2012, Metrika 75:151 for Neyman's).
"""

import numpy as np
import numpy.typing as npt

from analysis.design import Floats
from analysis.planning.inputs import PlanError

Counts = npt.NDArray[np.int64]
ROUNDING = 1e-9  # of an interview: a remainder that is only rounding


def bounded_shares(shares: Floats, n: float, least: Floats, most: Floats) -> Floats:
    """x = clip(λ·shares, least, most) with Σx = n, the greatest λ if many do. shares: (parts,), 0 or more; what shares
    of 0 would have to take beyond their least is refused. Raises PlanError.
    """
    _possible(shares, n, least, most)
    positive = shares > 0
    if not positive.any():
        return least
    # Σx is piecewise linear in λ: find the piece by its breakpoints, then solve it exactly.
    with np.errstate(over="ignore"):
        points = np.unique(np.concatenate([least[positive] / shares[positive], most[positive] / shares[positive]]))
    points = points[np.isfinite(points)]
    sums = np.clip(points[:, None] * shares, least, most).sum(axis=1)
    after = int(np.searchsorted(sums, n - ROUNDING))
    if after < len(points) and sums[after] <= n + ROUNDING:
        shared: Floats = np.clip(points[after] * shares, least, most)
        return shared
    # Between two breakpoints some parts are held and the others free.
    low = points[after - 1] if after else 0.0
    high = points[after] if after < len(points) else 2 * low + 1
    free = positive & (np.clip((low + high) / 2 * shares, least, most) == (low + high) / 2 * shares)
    held = np.clip((low + high) / 2 * shares, least, most)[~free].sum()
    return np.where(free, (n - held) / shares[free].sum() * shares, np.clip(low * shares, least, most))


def _possible(shares: Floats, n: float, least: Floats, most: Floats) -> None:
    if not (np.isfinite(shares).all() and (shares >= 0).all()):
        raise PlanError("A share is not a number of 0 or more.")
    if n < least.sum():
        raise PlanError(f"The least numbers add up to {least.sum():g}, more than n = {n:g}. Lower them, or raise n.")
    if (least > most).any():
        i = int(np.argmax(least > most))
        raise PlanError(f"Part {i + 1}: at least {least[i]:g} and at most {most[i]:g} cannot both be.")
    room = np.where(shares > 0, most, least).sum()
    if n > room:
        raise PlanError(f"The parts take {room:g} at most, fewer than n = {n:g}. Lower n, or raise their limits.")


def whole_numbers(shares: Floats, n: int, least: Counts | None = None, most: Counts | None = None) -> Counts:
    """n interviews in parts proportional to shares, within least and most, adding up to n exactly: (parts,).

    Equal remainders go to the larger share, then to the part that comes first. Raises PlanError.
    """
    floor = np.zeros(len(shares), dtype=np.int64) if least is None else least
    ceiling = np.full(len(shares), max(n, 0), dtype=np.int64) if most is None else most
    exact = bounded_shares(shares, n, floor.astype(np.float64), ceiling.astype(np.float64))
    parts = np.floor(exact + ROUNDING).astype(np.int64)
    remainder = np.round(exact - parts, 9)
    order = np.lexsort((np.arange(len(shares)), -shares, -remainder))
    parts[order[: n - int(parts.sum())]] += 1
    return parts
