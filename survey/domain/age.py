"""Age ranges: how they are written, and how a range is put together from the bands a census publishes.

A range is written `0`, `15-19` or `85+`, in completed years. A published table often holds bands of several widths
side by side (`60-64`, `60+`); `cover` picks the bands that make up a wanted range, once each.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

_WRITTEN = re.compile(r"([0-9]{1,3})(?:-([0-9]{1,3})|(\+))?")
_OLDEST = 130


@dataclass(frozen=True, slots=True)
class AgeRange:
    """Completed years from `low` to `high`, both included; `high` None has no end."""

    low: int
    high: int | None

    @property
    def stop(self) -> float:
        """The first age above the range; infinite where it has no end."""
        return float("inf") if self.high is None else self.high + 1

    def contains(self, other: "AgeRange") -> bool:
        """Whether every age of `other` lies in this range."""
        return self.low <= other.low and other.stop <= self.stop

    def overlaps(self, other: "AgeRange") -> bool:
        """Whether the two share an age."""
        return self.low < other.stop and other.low < self.stop

    def __str__(self) -> str:
        if self.high is None:
            return f"{self.low}+"
        return str(self.low) if self.high == self.low else f"{self.low}-{self.high}"


ALL_AGES = AgeRange(0, None)


@lru_cache(maxsize=1024)
def parse_age(text: str) -> AgeRange | None:
    """The range a text like `0`, `15-19` or `85+` writes; None if it writes none."""
    match = _WRITTEN.fullmatch(text)
    if match is None:
        return None
    low = int(match[1])
    high = None if match[3] else int(match[2] or match[1])
    if low > _OLDEST or (high is not None and not low <= high <= _OLDEST):
        return None
    return AgeRange(low, high)


def cover(wanted: AgeRange, bands: Iterable[AgeRange]) -> tuple[AgeRange, ...] | None:
    """The bands, in order and without overlap, that together hold `wanted`; None if there is a gap.

    Of several ways it takes the one that reaches least beyond `wanted`, and of those the finest. A way that would
    reach beyond it without end (`85+` for 70-89) is none.
    """
    return _cover(wanted, tuple(sorted(set(bands), key=lambda band: (band.low, band.stop))))


@lru_cache(maxsize=4096)
def _cover(wanted: AgeRange, bands: tuple[AgeRange, ...]) -> tuple[AgeRange, ...] | None:
    # best[stop] = the best chain of bands that holds everything of `wanted` below `stop`
    best: dict[float, tuple[AgeRange, ...]] = {}
    for band in bands:  # sorted by low, so every chain that ends at band.low is known when band comes up
        if band.low <= wanted.low < band.stop:
            chain: tuple[AgeRange, ...] = (band,)
        elif wanted.low < band.low < wanted.stop and band.low in best:
            chain = (*best[band.low], band)
        else:
            continue
        known = best.get(band.stop)
        if known is None or _rank(chain, wanted) < _rank(known, wanted):
            best[band.stop] = chain
    whole = [chain for stop, chain in best.items() if stop >= wanted.stop and _beyond(chain, wanted) != float("inf")]
    return min(whole, key=lambda chain: _rank(chain, wanted), default=None)


def _rank(chain: tuple[AgeRange, ...], wanted: AgeRange) -> tuple[float, int]:
    return _beyond(chain, wanted), -len(chain)


def _beyond(chain: tuple[AgeRange, ...], wanted: AgeRange) -> float:
    above = 0 if wanted.high is None else max(0, chain[-1].stop - wanted.stop)
    return wanted.low - chain[0].low + above


def tile(whole: AgeRange, bands: Iterable[AgeRange]) -> tuple[AgeRange, ...] | None:
    """The finest way to cut `whole` exactly into narrower bands; None if there is none."""
    return cover(whole, (band for band in bands if band != whole and whole.contains(band)))


def share_within(band: AgeRange, wanted: AgeRange) -> Fraction:
    """The part of a band's people who are in `wanted`, if every year of age holds equally many.

    A band without an end counts as wholly inside or wholly outside; `cover` sees to it that nothing else is asked.
    """
    if wanted.contains(band):
        return Fraction(1)
    if band.high is None or not band.overlaps(wanted):
        return Fraction(0)
    high = band.high if wanted.high is None else min(band.high, wanted.high)
    return Fraction(high - max(band.low, wanted.low) + 1, band.high - band.low + 1)
