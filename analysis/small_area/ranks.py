"""Places of areas with their intervals. A bare rank is mostly noise, so nothing here gives one.

Place 1 is the highest rate. In every joint draw of all rates the areas are put in order; what is said of an area's
place is said of its places over the draws (Goldstein & Spiegelhalter 1996, JRSS A 159:385; Laird & Louis 1989, J.
Educational Statistics 14:29, for the expected rank; Shen & Louis 1998, JRSS B 60:455). Equal rates are put in order by
lot, so that in each draw every place is taken once. An interval always reaches to the whole places next to the
expected one.

Two areas are told apart if P(the rate of one is higher) reaches `sure`. A tie band is a run of areas, in the order of
their expected places, no two of which are told apart; the areas are cut into as few bands as possible, from the last
place upwards. Bands are cut where they must be: areas on the two sides of a cut need not be told apart either (the
letters of Piepho 2004, J. Computational and Graphical Statistics 13:456, overlap for that reason). So each area also
has the range of places, `tied`, of all that it is not told apart from.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.design import Floats
from analysis.small_area.areas import AreaError
from analysis.small_area.estimate import SmallAreaEstimates

METHOD = "places over joint posterior draws"
SHARE_LAST = 0.1  # of the areas, for P(among the last k)


@dataclass(frozen=True, slots=True)
class AreaRank:
    """An area's place: expected, with its interval; P(among the last k); and the places it is not told apart from."""

    name: str
    expected: float
    lower: int
    upper: int
    last: float
    tied: tuple[int, int]  # first and last place in the order of expected places


@dataclass(frozen=True, slots=True)
class TieBand:
    """Places first to last, in the order of expected places, cannot be told apart."""

    first: int
    last: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ranks:
    """Every area's place, the highest expected first, and the tie bands, likewise."""

    areas: tuple[AreaRank, ...]
    bands: tuple[TieBand, ...]
    k: int
    level: float
    sure: float
    draws: int
    model: str
    method: str = METHOD


def ranks(
    estimates: SmallAreaEstimates,
    drawn: Floats,
    rng: np.random.Generator,
    *,
    k: int | None = None,
    level: float = 0.95,
    sure: float = 0.9,
) -> Ranks:
    """Places from joint draws (draws, areas) of `draws.draw`. k: how many are the last, a tenth unless told.

    The generator breaks ties. Raises AreaError where a number cannot be.
    """
    found = places(drawn, rng)
    size = len(estimates.names)
    if drawn.shape[1] != size:
        raise AreaError(f"There are draws of {drawn.shape[1]} areas and estimates of {size}. Draw from the estimates.")
    k = max(1, round(SHARE_LAST * size)) if k is None else k
    if not 1 <= k <= size:
        raise AreaError(f"k: {k} of {size} areas cannot be the last. Give 1 to {size}.")
    for name, value in (("level", level), ("sure", sure)):
        if not 0.5 < value < 1:
            raise AreaError(f"{name}: {value} is not between 0.5 and 1. Give a share, not per cent.")
    expected = found.mean(axis=0)
    ends = np.quantile(found, [(1 - level) / 2, (1 + level) / 2], axis=0, method="inverted_cdf")
    lower = np.minimum(ends[0], np.floor(expected)).astype(int)
    upper = np.maximum(ends[1], np.ceil(expected)).astype(int)
    order = np.lexsort((np.arange(size), expected))
    alike = ~_told_apart(drawn[:, order], sure)
    first = np.argmax(alike, axis=1) + 1
    last = size - np.argmax(alike[:, ::-1], axis=1)
    among_last = (found > size - k).mean(axis=0)
    names = [estimates.names[i] for i in order.tolist()]
    areas = tuple(
        AreaRank(
            name,
            float(expected[i]),
            int(lower[i]),
            int(upper[i]),
            float(among_last[i]),
            (int(first[at]), int(last[at])),
        )
        for at, (i, name) in enumerate(zip(order.tolist(), names, strict=True))
    )
    bands = tuple(TieBand(a + 1, b, tuple(names[a:b])) for a, b in _bands(alike))
    return Ranks(areas, bands, k, level, sure, len(drawn), estimates.method)


def places(drawn: Floats, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """(draws, areas) the place of each area in each draw, 1 for the highest; equal rates by lot. Raises AreaError."""
    if drawn.ndim != 2 or not drawn.size:
        raise AreaError("There are no draws. Give (draws, areas), both at least 1.")
    order = np.lexsort((rng.random(drawn.shape), -drawn), axis=-1)
    found = np.empty(drawn.shape, dtype=np.int64)
    np.put_along_axis(found, order, np.arange(1, drawn.shape[1] + 1)[None], axis=1)
    return found


def _told_apart(drawn: Floats, sure: float) -> npt.NDArray[np.bool_]:
    """(areas, areas) whether one of the two is higher with the chance `sure`."""
    higher = np.array([(drawn[:, [i]] > drawn).mean(axis=0) for i in range(drawn.shape[1])])
    apart: npt.NDArray[np.bool_] = np.maximum(higher, higher.T) >= sure
    return apart


def _bands(alike: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Half-open runs within which all are alike, from the last upwards: what is alike stays so in a part of a run."""
    found, end = [], len(alike)
    while end:
        start = end - 1
        while start and alike[start - 1, start - 1 : end].all():
            start -= 1
        found.append((start, end))
        end = start
    return found[::-1]
