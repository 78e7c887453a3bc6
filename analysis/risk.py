"""Is a rate likely to miss its target? A flag, with its reason as a code and numbers, never as prose.

The interval decides: all of it below the target is `at_risk`, all of it at or above is `safe`, astride is `uncertain`.
With too few answers, or an interval so wide that astride means nothing, it is `too_few`, and the flag says how many
more interviews would settle it (Parker et al. 2017, NCHS Data Presentation Standards for Proportions, for the idea of
withholding by n and by width; the numbers are ours and are data, because neighbourhoods are small).

A flag tells nothing that the rate itself may not: for a withheld rate it names the rule and no count. The interviews
that are still needed follow from n and the rate, so that the two could be computed back from them.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import ceil, inf, isfinite, sqrt

from analysis.estimate import Estimate
from analysis.intervals import t_quantile


class FlagKind(StrEnum):
    """What the interval says about the target."""

    AT_RISK = "at_risk"
    UNCERTAIN = "uncertain"
    SAFE = "safe"
    TOO_FEW = "too_few"


@dataclass(frozen=True, slots=True)
class PublicationRule:
    """When a rate may be shown and judged."""

    min_n: int = 10  # fewer answers are not shown at all
    min_n_effective: float = 5.0  # fewer, and no interval is trusted to decide
    max_width: float = 0.5  # an undecided interval wider than this says nothing
    half_width: float = 0.10  # what `needed_n` aims at
    most_needed: int = 5000  # beyond this, more interviews are not the answer

    def publishable(self, estimate: Estimate) -> bool:
        """May the number be shown?"""
        return estimate.n >= self.min_n and isfinite(estimate.lower)


@dataclass(frozen=True, slots=True)
class Reason:
    """code: "upper_below_target", "lower_at_target", "astride", "few_points", "few_answers", "no_interval",
    "few_effective", "wide_interval" or "complementary". params: the numbers it rests on, by name.
    """

    code: str
    params: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Flag:
    """needed_n: further interviews that would narrow the interval enough, or decide if the rate stays as it is; None
    where the flag is decided, where the rate is withheld, or where no reasonable number would do ("few_points": it
    takes more collection points).
    """

    kind: FlagKind
    reason: Reason
    needed_n: int | None


# For a rate that is withheld to protect another one.
WITHHELD = Flag(FlagKind.TOO_FEW, Reason("complementary", ()), None)


# The order in which a reader should look.
_GRAVITY = (FlagKind.AT_RISK, FlagKind.UNCERTAIN, FlagKind.TOO_FEW, FlagKind.SAFE)


def gravity(kind: FlagKind, upper: float, name: str) -> tuple[int, float, str]:
    """A sort key, the gravest first: those at risk by the upper end of the interval, all others by name only.

    Differences between rates that are not at risk, or between point estimates, are mostly noise and no reason to order.
    """
    return _GRAVITY.index(kind), upper if kind is FlagKind.AT_RISK else 0.0, name


def flag(estimate: Estimate, target: float, rule: PublicationRule | None = None) -> Flag:
    """What the estimate says about reaching `target` (a share)."""
    rule = rule or PublicationRule()
    lower, upper = estimate.lower, estimate.upper
    if estimate.n < rule.min_n:
        return Flag(FlagKind.TOO_FEW, Reason("few_answers", (("min_n", rule.min_n),)), None)
    if not rule.publishable(estimate):
        return Flag(FlagKind.TOO_FEW, Reason("no_interval", (("n", estimate.n),)), None)
    if estimate.n_effective < rule.min_n_effective:
        params = (("n_effective", estimate.n_effective), ("min_n_effective", rule.min_n_effective))
        return Flag(FlagKind.TOO_FEW, Reason("few_effective", params), _Needs(estimate, target, rule).enough())
    if upper < target:
        return Flag(FlagKind.AT_RISK, Reason("upper_below_target", (("upper", upper), ("target", target))), None)
    if lower >= target:
        return Flag(FlagKind.SAFE, Reason("lower_at_target", (("lower", lower), ("target", target))), None)
    return _undecided(estimate, target, rule)


def _undecided(estimate: Estimate, target: float, rule: PublicationRule) -> Flag:
    lower, upper = estimate.lower, estimate.upper
    needs = _Needs(estimate, target, rule)
    wide = upper - lower > rule.max_width
    kind = FlagKind.TOO_FEW if wide else FlagKind.UNCERTAIN
    if needs.points:
        params = (("df", estimate.df), ("lower", lower), ("upper", upper), ("target", target))
        return Flag(kind, Reason("few_points", params), None)
    if wide:
        reason = Reason("wide_interval", (("width", upper - lower), ("max_width", rule.max_width)))
        return Flag(kind, reason, needs.enough())
    return Flag(kind, Reason("astride", (("lower", lower), ("upper", upper), ("target", target))), needs.decision())


@dataclass(frozen=True, slots=True)
class _Needs:
    """Further interviews at the points there are: the design effect and the t quantile stay those of the estimate."""

    estimate: Estimate
    target: float
    rule: PublicationRule

    @property
    def points(self) -> bool:
        """Would these answers decide if only there were many points? Then it is the points that are too few."""
        normal = self._effective_to_decide(t_quantile((1 + self.estimate.level) / 2, inf))
        return self.estimate.n_effective >= normal

    def decision(self) -> int | None:
        """Until the target lies outside the interval, if the rate stays as it is."""
        return self._more(self._effective_to_decide(self._t))

    def enough(self) -> int | None:
        """Until the flag can say something: the interval narrow, or the target outside it; and enough to be trusted."""
        least = min(self._effective_for_width(self._t), self._effective_to_decide(self._t))
        return self._more(max(least, self.rule.min_n_effective))

    @property
    def _t(self) -> float:
        # As the interval of `rates`: where not even one degree of freedom was to be had, that of one.
        return t_quantile((1 + self.estimate.level) / 2, max(self.estimate.df, 1.0))

    def _effective_to_decide(self, t: float) -> float:
        # Wilson's interval holds exactly the targets that the score test does not reject: m = t² T(1-T)/(p-T)².
        p, target = self.estimate.value, self.target
        return inf if p == target else t * t * target * (1 - target) / (p - target) ** 2

    def _effective_for_width(self, t: float) -> float:
        """For a Wilson half-width of rule.half_width."""
        # Half the width w solves w²(1+a)² = a(p(1-p) + a/4) with a = t²/m: a quadratic in a, m = t²/a.
        w2, s = self.rule.half_width**2, self.estimate.value * (1 - self.estimate.value)
        square, linear = w2 - 0.25, 2 * w2 - s
        a = (-linear - sqrt(linear * linear - 4 * square * w2)) / (2 * square)
        return t * t / a

    def _more(self, effective: float) -> int | None:
        """Interviews beyond those there are, for so many effective ones; None where no reasonable number would do."""
        n = self.estimate.n
        needed = effective * max(1.0, n / self.estimate.n_effective) * (1 + 1e-9)
        return max(1, ceil(needed) - n) if needed - n <= self.rule.most_needed else None
