"""Is a rate likely to miss its target? A flag, with its reason as a code and numbers, never as prose.

The interval decides: all of it below the target is `at_risk`, all of it at or above is `safe`, astride is `uncertain`.
With too few answers, or an interval so wide that astride means nothing, it is `too_few`, and the flag says how many
more interviews would settle it (Parker et al. 2017, NCHS Data Presentation Standards for Proportions, for the idea of
withholding by n and by width; the numbers are ours and are data, because neighbourhoods are small).
"""

from dataclasses import dataclass
from enum import StrEnum
from math import ceil, isfinite, sqrt

from scipy.special import ndtri

from analysis.estimate import Estimate


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
    """code: "upper_below_target", "lower_at_target", "astride", "few_answers", "no_interval", "few_effective",
    "wide_interval". params: the numbers it rests on, by name.
    """

    code: str
    params: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Flag:
    """needed_n: further interviews that would narrow the interval enough, or decide if the rate stays as it is; None
    where the flag is decided, or where no reasonable number would do.
    """

    kind: FlagKind
    reason: Reason
    needed_n: int | None


def flag(estimate: Estimate, target: float, rule: PublicationRule | None = None) -> Flag:
    """What the estimate says about reaching `target` (a share)."""
    rule = rule or PublicationRule()
    lower, upper = estimate.lower, estimate.upper
    withheld = _too_thin(estimate, rule)
    if withheld is not None:
        return _too_few(estimate, target, rule, withheld)
    if upper < target:
        return Flag(FlagKind.AT_RISK, Reason("upper_below_target", (("upper", upper), ("target", target))), None)
    if lower >= target:
        return Flag(FlagKind.SAFE, Reason("lower_at_target", (("lower", lower), ("target", target))), None)
    if upper - lower > rule.max_width:
        reason = Reason("wide_interval", (("width", upper - lower), ("max_width", rule.max_width)))
        return _too_few(estimate, target, rule, reason)
    reason = Reason("astride", (("lower", lower), ("upper", upper), ("target", target)))
    return Flag(FlagKind.UNCERTAIN, reason, _needed_to_decide(estimate, target, rule))


def _too_thin(estimate: Estimate, rule: PublicationRule) -> Reason | None:
    """Why the estimate can decide nothing at all, or None."""
    if estimate.n < rule.min_n:
        return Reason("few_answers", (("n", estimate.n), ("min_n", rule.min_n)))
    if not (isfinite(estimate.lower) and isfinite(estimate.upper)):
        return Reason("no_interval", (("n", estimate.n),))
    if estimate.n_effective < rule.min_n_effective:
        return Reason(
            "few_effective", (("n_effective", estimate.n_effective), ("min_n_effective", rule.min_n_effective))
        )
    return None


def _too_few(estimate: Estimate, target: float, rule: PublicationRule, reason: Reason) -> Flag:
    options = [_needed_for_width(estimate, rule), _needed_to_decide(estimate, target, rule)]
    needed = [option for option in options if option is not None]
    at_least = max(1, rule.min_n - estimate.n)
    return Flag(FlagKind.TOO_FEW, reason, max(at_least, min(needed)) if needed else None)


def _design_effect(estimate: Estimate) -> float:
    if estimate.n and isfinite(estimate.n_effective) and estimate.n_effective > 0:
        return max(1.0, estimate.n / estimate.n_effective)
    return 1.0


def _more(effective: float, estimate: Estimate, rule: PublicationRule) -> int | None:
    more = max(1, ceil(effective * _design_effect(estimate)) - estimate.n)
    return more if more <= rule.most_needed else None


def _needed_for_width(estimate: Estimate, rule: PublicationRule) -> int | None:
    """Further interviews for a Wilson half-width of rule.half_width, if the rate stays as it is (or is a half)."""
    p = estimate.value if estimate.n and isfinite(estimate.value) else 0.5
    z = float(ndtri((1 + estimate.level) / 2))
    # Half the width w solves w²(1+a)² = a(p(1-p) + a/4) with a = z²/m: a quadratic in a, m = z²/a.
    w2, s = rule.half_width**2, p * (1 - p)
    square, linear = w2 - 0.25, 2 * w2 - s
    a = (-linear - sqrt(linear * linear - 4 * square * w2)) / (2 * square)
    return _more(z * z / a, estimate, rule)


def _needed_to_decide(estimate: Estimate, target: float, rule: PublicationRule) -> int | None:
    """Further interviews until the target lies outside the interval, if the rate stays as it is."""
    if not estimate.n or not isfinite(estimate.value) or estimate.value == target:
        return None
    # Wilson's interval holds exactly the targets that the score test does not reject: m = z² t(1-t)/(p-t)².
    z = float(ndtri((1 + estimate.level) / 2))
    effective = z * z * target * (1 - target) / (estimate.value - target) ** 2
    return _more(effective * (1 + 1e-9) + 1e-9, estimate, rule)
