"""What a plan is refused for: numbers that cannot be, each named, with the range they may have."""

from math import isfinite


class PlanError(ValueError):
    """The plan cannot be made; the message names the number, the stratum or the cell, and the way out."""


LARGEST = 10**15  # people or interviews; beyond it arithmetic no longer tells one from the next


def not_too_many(name: str, number: int) -> int:
    """The number, if it is not above LARGEST. Raises PlanError."""
    if number > LARGEST:
        raise PlanError(f"{name} is {float(min(number, 10**300)):g}; it must not be above {LARGEST:g}.")
    return number


def share(name: str, value: float, *, zero: bool = True, one: bool = True) -> float:
    """The value, if it is a share; zero, one: whether the ends are allowed. Raises PlanError."""
    if not ((value >= 0 if zero else value > 0) and (value <= 1 if one else value < 1)):
        ends = f"{'0 to' if zero else 'above 0, to'} {'1' if one else 'below 1'}"
        raise PlanError(f"{name} is {value:g}; it is a share, {ends}.")
    return value


def above_zero(name: str, value: float) -> float:
    """The value, if it is a finite number above 0. Raises PlanError."""
    if not (isfinite(value) and value > 0):
        raise PlanError(f"{name} is {value:g}; it must be a number above 0.")
    if not 1 / LARGEST <= value <= LARGEST:
        raise PlanError(f"{name} is {value:g}; it must be a number from {1 / LARGEST:g} to {LARGEST:g}.")
    return value


def at_least(name: str, value: float, least: float) -> float:
    """The value, if it is a finite number not below `least`. Raises PlanError."""
    if not (isfinite(value) and value >= least):
        raise PlanError(f"{name} is {value:g}; it must be {least:g} or more.")
    return value
