"""May a number be shown, and may it be judged? The limits as data, and which of them an estimate breaks.

The questions are those of the NCHS standards for proportions (Parker et al. 2017, Vital and Health Statistics 2(175)):
enough answers, enough effective answers, enough degrees of freedom, and an interval that is neither wide nor wide for
the size of its rate, unless it is narrow outright. `NCHS` has that standard's own numbers, which are meant for
Korn-Graubard intervals. The default's are looser, because neighbourhoods are small and a flag rests on the
interval anyway.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isfinite

from analysis.estimate import Estimate


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that an estimate breaks.

    code: "few_answers", "no_interval", "few_effective", "few_df", "wide_interval" or "wide_for_its_size".
    """

    code: str
    value: float
    limit: float


@dataclass(frozen=True, slots=True)
class PublicationRule:
    """When a rate may be shown and judged."""

    min_n: int = 10  # fewer answers are not shown at all
    min_n_effective: float = 5.0  # fewer, and no interval is trusted to decide
    min_df: float = 0.0
    max_width: float = 0.5  # an undecided interval wider than this says nothing
    narrow: float = 0.05  # no wider than this, and it is good enough whatever its rate
    max_relative_width: float = 1.3  # of the rate
    half_width: float = 0.10  # what `risk.Flag.needed_n` aims at
    most_needed: int = 5000  # beyond this, more interviews are not the answer

    def publishable(self, estimate: Estimate) -> bool:
        """May the number be shown?"""
        return estimate.n >= self.min_n and isfinite(estimate.lower)

    def breaches(self, estimate: Estimate) -> tuple[Breach, ...]:
        """Every limit that the estimate breaks, the gravest first; without an interval its width is not looked at."""
        found = [
            Breach("few_answers", estimate.n, self.min_n) if estimate.n < self.min_n else None,
            Breach("no_interval", estimate.n, self.min_n) if not isfinite(estimate.lower) else None,
            _below("few_effective", estimate.n_effective, self.min_n_effective),
            _below("few_df", estimate.df, self.min_df),
            self.width_breach(estimate),
        ]
        return tuple(breach for breach in found if breach is not None)

    def width_breach(self, estimate: Estimate) -> Breach | None:
        """Is the interval too wide to say anything, by itself or for the size of its rate?"""
        width = estimate.upper - estimate.lower
        if width > self.max_width:
            return Breach("wide_interval", width, self.max_width)
        relative = width / estimate.value if estimate.value > 0 else inf
        if width > self.narrow and relative > self.max_relative_width:
            return Breach("wide_for_its_size", relative, self.max_relative_width)
        return None


def _below(code: str, value: float, limit: float) -> Breach | None:
    return Breach(code, value, limit) if value < limit else None


NCHS = PublicationRule(min_n=30, min_n_effective=30, min_df=8, max_width=0.30)
STANDARDS: Mapping[str, PublicationRule] = {"default": PublicationRule(), "nchs": NCHS}
