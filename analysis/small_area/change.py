"""Has an area improved between two waves, or has it merely been flagged?

**Change.** The difference of the true rates in joint posterior draws: its mean, interval, and the probability of a real
improvement, above 0 or above a margin that matters. Draws of `over_time` hold both waves together. Of two waves
estimated apart the draws are paired at random, as if independent; since an area's rates go together, such an interval
is too wide rather than too narrow, and the result says which it was.

**Regression to the mean.** Who is flagged for a low share was partly unlucky, and improves by itself. If nothing
happened, the later share is expected at the area's rate, so that the raw share moves by the posterior mean of the
earlier wave, from that wave alone, less its raw share (Stigler 1997, Statistical Methods in Medical Research 6:103;
for flagged institutions Jones & Spiegelhalter 2009, The American Statistician 63). Draws of the earlier rate and of as
many answers as the later wave has give the interval of that move and the chance of a rise as large as the one seen;
what lies beyond the expected move is the part that something may have done.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from analysis.design import Floats
from analysis.small_area.areas import AreaError, Areas
from analysis.small_area.estimate import SmallAreaEstimates
from analysis.small_area.over_time import WaveEstimates


@dataclass(frozen=True, slots=True)
class AreaChange:
    """Later less earlier: posterior mean and interval, P(change > margin) and P(change < -margin)."""

    name: str
    mean: float
    lower: float
    upper: float
    improved: float
    worsened: float


@dataclass(frozen=True, slots=True)
class Changes:
    """Every area's change. joint: whether both waves were estimated together, else as if independent."""

    areas: tuple[AreaChange, ...]
    margin: float
    level: float
    joint: bool
    method: str


@dataclass(frozen=True, slots=True)
class ByItself:
    """Raw shares of two waves, and how the first was to move if nothing happened; nan where nobody was asked.

    expected, lower, upper: the move by itself and its interval; beyond: observed less expected; chance: of a rise as
    large as the observed one, if nothing happened.
    """

    name: str
    before: float
    after: float
    observed: float
    expected: float
    lower: float
    upper: float
    beyond: float
    chance: float
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Together:
    """The same for areas together: means over those asked in both waves, of which there are `count`."""

    count: int
    observed: float
    expected: float
    lower: float
    upper: float
    beyond: float
    chance: float


@dataclass(frozen=True, slots=True)
class Regression:
    """Every area's move by itself, and that of the flagged areas together."""

    areas: tuple[ByItself, ...]
    flagged: Together
    level: float
    method: str = "posterior of the earlier wave alone, predicted answers of the later one"


def changes(
    waves: WaveEstimates, *, earlier: int = -2, later: int = -1, margin: float = 0.0, level: float = 0.95
) -> Changes:
    """The change between two waves estimated together, the last two unless told. Raises AreaError."""
    if len(waves.draws[0]) < 2:
        raise AreaError("There is one wave, and a change needs two. Estimate both together.")
    difference = waves.draws[:, later] - waves.draws[:, earlier]
    return Changes(_each(waves.names, difference, margin, level), margin, level, True, waves.method)


def changes_apart(
    before: SmallAreaEstimates,
    drawn_before: Floats,
    after: SmallAreaEstimates,
    drawn_after: Floats,
    *,
    margin: float = 0.0,
    level: float = 0.95,
) -> Changes:
    """The change between two waves estimated apart, of the areas in both; draws (draws, areas) of `draws.draw`.

    Raises AreaError where the draws do not fit.
    """
    for each, drawn in ((before, drawn_before), (after, drawn_after)):
        if drawn.ndim != 2 or drawn.shape[1] != len(each.names):
            raise AreaError(f"The draws are {drawn.shape}; they need a column for each of {len(each.names)} areas.")
    if len(drawn_before) != len(drawn_after):
        raise AreaError(f"There are {len(drawn_before)} and {len(drawn_after)} draws. Draw as many of both waves.")
    place = {name: i for i, name in enumerate(after.names)}
    names = tuple(name for name in before.names if name in place)
    first = [i for i, name in enumerate(before.names) if name in place]
    difference = drawn_after[:, [place[name] for name in names]] - drawn_before[:, first]
    return Changes(_each(names, difference, margin, level), margin, level, False, after.method)


def _each(names: tuple[str, ...], difference: Floats, margin: float, level: float) -> tuple[AreaChange, ...]:
    if not margin >= 0:
        raise AreaError(f"margin: {margin} is negative. Give the change that matters, 0 or more.")
    lower, upper = np.quantile(difference, [(1 - level) / 2, (1 + level) / 2], axis=0)
    columns = (difference.mean(axis=0), lower, upper, (difference > margin).mean(axis=0),
               (difference < -margin).mean(axis=0))  # fmt: skip
    return tuple(
        AreaChange(name, *numbers) for name, *numbers in zip(names, *(c.tolist() for c in columns), strict=True)
    )


def regression(
    before: Areas,
    drawn: Floats,
    after: Areas,
    flagged: Collection[str],
    rng: np.random.Generator,
    *,
    level: float = 0.95,
) -> Regression:
    """How far each raw share was to move by itself. drawn: (draws, areas) of `before` alone, from `draws.draw`.

    The generator draws the answers of the later wave. Raises AreaError naming an area that is not in both waves.
    """
    if drawn.ndim != 2 or drawn.shape[1] != len(before.names):
        raise AreaError(f"The draws are {drawn.shape}; they need a column for each of {len(before.names)} areas.")
    place = {name: i for i, name in enumerate(after.names)}
    strange = [name for name in before.names if name not in place] + sorted(set(flagged) - set(before.names))
    if strange:
        raise AreaError(f"area: {strange[0]} is not in both waves. Give it a row with n = 0.")
    at = [place[name] for name in before.names]
    n = after.n[at]
    asked = before.sampled & (n > 0)
    first, second = np.where(asked, before.shares, np.nan), np.where(asked, after.shares[at], np.nan)
    # Effective numbers need not be whole; drawn answers must be.
    size = np.maximum(np.rint(n), 1).astype(np.int64)
    move = rng.binomial(size, drawn) / size - first
    expected = np.where(asked, drawn.mean(axis=0) - first, np.nan)
    observed = second - first
    ends = [(1 - level) / 2, (1 + level) / 2]
    lower, upper = np.quantile(move, ends, axis=0)
    chance = np.where(asked, (move >= observed - 1e-12).mean(axis=0), np.nan)
    notes = [
        tuple(note for note, holds in (("nobody_asked_before", b == 0), ("nobody_asked_after", a == 0)) if holds)
        for b, a in zip(before.n.tolist(), n.tolist(), strict=True)
    ]
    areas = tuple(
        ByItself(
            name=name,
            before=float(first[i]),
            after=float(second[i]),
            observed=float(observed[i]),
            expected=float(expected[i]),
            lower=float(lower[i]),
            upper=float(upper[i]),
            beyond=float(observed[i] - expected[i]),
            chance=float(chance[i]),
            notes=notes[i],
        )
        for i, name in enumerate(before.names)
    )
    chosen = asked & np.array([name in set(flagged) for name in before.names])
    if not chosen.any():
        return Regression(areas, Together(0, *[np.nan] * 6), level)
    whole, seen, due = move[:, chosen].mean(axis=1), float(observed[chosen].mean()), float(expected[chosen].mean())
    low, high = np.quantile(whole, ends).tolist()
    rise = float((whole >= seen - 1e-12).mean())
    return Regression(areas, Together(int(chosen.sum()), seen, due, low, high, seen - due, rise), level)
