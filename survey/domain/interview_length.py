"""How long complete interviews took, and whose lengths stand apart from everybody else's.

Lengths come from a clock that only counts on, so setting a tablet's clock changes none of them. What is said of a
volunteer is evidence to look at, not a verdict: points, respondents and shifts differ as well.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb
from statistics import median, quantiles

FEWEST = 10  # interviews, for tenths to mean anything and for a volunteer to be compared
APART = 0.001  # how rarely chance alone may put so many interviews on one side of the others' median
LEAST_RATIO = 1.25  # of the two medians; a smaller difference matters to nobody, however sure it is


@dataclass(frozen=True, slots=True)
class Lengths:
    """A distribution in ms. The tenths are None below ten interviews."""

    n: int
    median: float
    shortest: int
    tenth: float | None
    ninetieth: float | None


@dataclass(frozen=True, slots=True)
class Apart:
    """`count` of a volunteer's `n` interviews were shorter, or longer, than half of the others' (`others`, in ms)."""

    shorter: bool
    count: int
    n: int
    others: float


def lengths_of(elapsed: Sequence[int]) -> Lengths | None:
    """The distribution of lengths in ms; None without any. Tenths are interpolated (Hyndman and Fan 1996, type 7)."""
    if not elapsed:
        return None
    tenths = quantiles(elapsed, n=10, method="inclusive") if len(elapsed) >= FEWEST else None
    return Lengths(
        n=len(elapsed),
        median=median(elapsed),
        shortest=min(elapsed),
        tenth=tenths[0] if tenths else None,
        ninetieth=tenths[-1] if tenths else None,
    )


def stands_apart(own: Sequence[int], everybody: Sequence[int]) -> Apart | None:
    """Whether a volunteer's lengths lie clearly to one side of the others': a sign test against their median, and a
    difference that is large enough to matter. None where not, or where there are too few to say.

    `everybody`: all lengths, sorted, the volunteer's own among them.
    """
    if len(own) < FEWEST or len(everybody) - len(own) < FEWEST:
        return None
    middle = _median_without(sorted(own), everybody)
    below, above = sum(each < middle for each in own), sum(each > middle for each in own)
    count, n = max(below, above), below + above
    if not n or min(2 * _at_least(count, n), 1.0) > APART:
        return None
    shorter, mine = below > above, median(own)
    ratio = middle / max(mine, 1) if shorter else mine / max(middle, 1)
    return Apart(shorter, count, len(own), middle) if ratio >= LEAST_RATIO else None


def _median_without(own: Sequence[int], everybody: Sequence[int]) -> float:
    """The median of everybody's lengths but one's own, found without making the list anew; both are sorted."""
    n = len(everybody) - len(own)

    def ranked(rank: int) -> int:
        position = bisect_left(everybody, rank + 1, key=lambda ms: bisect_right(everybody, ms) - bisect_right(own, ms))
        return everybody[position]

    return (ranked((n - 1) // 2) + ranked(n // 2)) / 2


def _at_least(count: int, n: int) -> float:
    """The chance of `count` or more heads in n throws of a fair coin."""
    return float(Fraction(sum(comb(n, k) for k in range(count, n + 1)), 2**n))
