"""A volunteer's PIN on a tablet: what it must be, and what of it a tablet may know.

The tablet checks a PIN without a network, so it holds a verifier, which whoever steals it can guess at: six digits are
a million guesses of some tenths of a second. What the PIN opens is at most one unfinished interview; finished ones are
sealed to a key that no tablet has.
"""

import re
from itertools import pairwise

from survey.domain.problems import Invalid, Problem

ITERATIONS = 600_000  # of PBKDF2-HMAC-SHA256 (OWASP Password Storage Cheat Sheet, 2023)
LENGTH = 6
_DIGITS = re.compile(rf"[0-9]{{{LENGTH}}}")
_STEPS = {1, -1}


def check_pin(text: str) -> str:
    """A new PIN. Raises Invalid naming the field `pin`."""
    pin = text.strip()
    if not _DIGITS.fullmatch(pin):
        raise Invalid([Problem("pin_digits", "pin", (("length", str(LENGTH)),))])
    steps = {int(after) - int(before) for before, after in pairwise(pin)}
    if len(set(pin)) < 3 or (len(steps) == 1 and steps <= _STEPS):  # 111222, 123456
        raise Invalid([Problem("pin_easy", "pin")])
    return pin
