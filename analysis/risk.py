"""Is a rate likely to miss its target? A flag, with its reason as a code and numbers, never as prose.

The interval decides: all of it below the target is `at_risk`, all of it at or above is `safe`, astride is `uncertain`.
With too few answers, or an interval so wide that astride means nothing, it is `too_few`, and the flag says how many
more interviews would settle it. The limits are data (`publication`).

A flag tells nothing that the rate itself may not: for a withheld rate it names the rule and no count. The interviews
that are still needed follow from n and the rate, so that the two could be computed back from them.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import ceil, inf, isfinite, sqrt

from analysis.estimate import Estimate
from analysis.intervals import t_quantile
from analysis.publication import Breach, PublicationRule


class FlagKind(StrEnum):
    """What the interval says about the target."""

    AT_RISK = "at_risk"
    UNCERTAIN = "uncertain"
    SAFE = "safe"
    TOO_FEW = "too_few"


@dataclass(frozen=True, slots=True)
class Reason:
    """code: "upper_below_target", "lower_at_target", "astride", "few_points", "complementary" or that of a
    `publication.Breach`. params: the numbers it rests on, by name.
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
    thin = next((breach for breach in rule.breaches(estimate) if breach.code not in _WIDE), None)
    if thin is not None:
        needed = _Needs(estimate, target, rule).enough() if thin.code == "few_effective" else None
        return Flag(FlagKind.TOO_FEW, Reason(thin.code, _numbers(thin)), needed)
    if upper < target:
        return Flag(FlagKind.AT_RISK, Reason("upper_below_target", (("upper", upper), ("target", target))), None)
    if lower >= target:
        return Flag(FlagKind.SAFE, Reason("lower_at_target", (("lower", lower), ("target", target))), None)
    return _undecided(estimate, target, rule)


# Only an interval astride the target can be too wide: a decided one says what it says.
_WIDE = ("wide_interval", "wide_for_its_size")
# The names of a breach's value and limit in the reason. A withheld rate names no count of its own.
_NAMES = {
    "few_answers": (None, "min_n"),
    "no_interval": ("n", None),
    "few_effective": ("n_effective", "min_n_effective"),
    "few_df": ("df", "min_df"),
    "wide_interval": ("width", "max_width"),
    "wide_for_its_size": ("relative_width", "max_relative_width"),
}


def _numbers(breach: Breach) -> tuple[tuple[str, float], ...]:
    pairs = zip(_NAMES[breach.code], (breach.value, breach.limit), strict=True)
    return tuple((name, number) for name, number in pairs if name is not None)


def _undecided(estimate: Estimate, target: float, rule: PublicationRule) -> Flag:
    lower, upper = estimate.lower, estimate.upper
    needs = _Needs(estimate, target, rule)
    wide = rule.width_breach(estimate)
    kind = FlagKind.TOO_FEW if wide else FlagKind.UNCERTAIN
    if needs.points:
        params = (("df", estimate.df), ("lower", lower), ("upper", upper), ("target", target))
        return Flag(kind, Reason("few_points", params), None)
    if wide:
        return Flag(kind, Reason(wide.code, _numbers(wide)), needs.enough())
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
        df = self.estimate.interval_df if isfinite(self.estimate.interval_df) else self.estimate.df
        return t_quantile((1 + self.estimate.level) / 2, max(df, 1.0))

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
