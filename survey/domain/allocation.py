"""How a sample is shared out over strata: equal, proportional, power or fixed numbers, in whole interviews.

Shares are exact fractions, and whole numbers come from them by the largest remainder (Hamilton's method), so the parts
always add up to n and the same input always gives the same parts. The power rule lies between equal and proportional
(Bankier, "Power allocations", The American Statistician 42, 1988): parts are proportional to size to the power q,
with q from 0 (equal) to 1 (proportional).
"""

from collections.abc import Hashable, Mapping
from decimal import Decimal, localcontext
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

from survey.domain.problems import Invalid, Problem

K = TypeVar("K", bound=Hashable)
Size = int | Fraction

DEFAULT_POWER = Fraction(1, 2)
LARGEST_SAMPLE = 10_000_000


class Allocation(StrEnum):
    """The rule by which a sample is shared out."""

    EQUAL = "equal"
    PROPORTIONAL = "proportional"
    POWER = "power"
    FIXED = "fixed"


def allocate(
    n: int,
    sizes: Mapping[K, Size],
    rule: Allocation,
    *,
    power: Fraction = DEFAULT_POWER,
    fixed: Mapping[K, int] | None = None,
) -> dict[K, int]:
    """Share n interviews out over the keys of `sizes`, in its order; the parts add up to n exactly.

    `power` is used by the power rule, `fixed` by the fixed rule. Equal remainders go to the larger size, then to the
    key that comes first. A size of zero gets nothing but under the equal and the fixed rule. Invalid names the field:
    n, sizes, power or fixed.
    """
    problems = _problems(n, sizes, rule, power)
    if problems:
        raise Invalid(problems)
    if rule is Allocation.FIXED:
        return _fixed(n, sizes, fixed or {})
    weights = {key: _weight(size, rule, power) for key, size in sizes.items()}
    total = sum(weights.values())
    if n and not total:
        raise Invalid([Problem("allocation_no_size", "sizes")])
    exact = {key: n * weight / total if total else Fraction(0) for key, weight in weights.items()}
    parts = {key: int(share) for key, share in exact.items()}
    by_remainder = sorted(parts, key=lambda key: (parts[key] - exact[key], -sizes[key]))  # stable: keeps the order
    for key in by_remainder[: n - sum(parts.values())]:
        parts[key] += 1
    return parts


def is_count(value: object) -> bool:
    """Whether a value is a whole number of interviews: an int that is not a bool, neither negative nor absurd."""
    return type(value) is int and 0 <= value <= LARGEST_SAMPLE


def _problems(n: object, sizes: Mapping[K, Size], rule: Allocation, power: Fraction) -> list[Problem]:
    problems = []
    if not is_count(n):
        problems.append(Problem("allocation_n", "n", (("value", str(n)[:40]),)))
    if not sizes:
        problems.append(Problem("allocation_nothing", "sizes"))
    for key, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int | Fraction) or size < 0:
            problems.append(Problem("allocation_size", "sizes", (("key", str(key)), ("value", str(size)[:40]))))
    if rule is Allocation.POWER and not 0 <= power <= 1:
        problems.append(Problem("allocation_power", "power", (("value", str(power)),)))
    return problems


def _fixed(n: int, sizes: Mapping[K, Size], fixed: Mapping[K, int]) -> dict[K, int]:
    problems = [Problem("allocation_fixed_unknown", "fixed", (("key", str(key)),)) for key in fixed if key not in sizes]
    for key in sizes:
        if key not in fixed:
            problems.append(Problem("allocation_fixed_missing", "fixed", (("key", str(key)),)))
        elif not is_count(fixed[key]):
            params = (("key", str(key)), ("value", str(fixed[key])[:40]))
            problems.append(Problem("allocation_fixed_value", "fixed", params))
    if not problems and sum(fixed.values()) != n:
        params = (("sum", str(sum(fixed.values()))), ("n", str(n)))
        problems.append(Problem("allocation_fixed_sum", "fixed", params))
    if problems:
        raise Invalid(problems)
    return {key: fixed[key] for key in sizes}


def _weight(size: Size, rule: Allocation, power: Fraction) -> Fraction:
    if rule is Allocation.EQUAL:
        return Fraction(1)
    if rule is Allocation.PROPORTIONAL or not size:
        return Fraction(size)
    # Decimal, not float: the same digits on every machine, so the same ties.
    with localcontext() as context:
        context.prec = 40
        base, exponent = (Decimal(part.numerator) / Decimal(part.denominator) for part in (Fraction(size), power))
        return Fraction(base**exponent)
