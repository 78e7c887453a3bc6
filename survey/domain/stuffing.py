"""When a point is under attack, and what a phone then does before its form is taken: some work, or a wait.

Nobody is refused for good and nobody is known by an address. A poster that brings more forms than a busy place does
asks each phone to find a number: SHA-256 of the page's token, a colon and the number begins with so many zero bits. The
phone's script finds it while its owner reads. Where no script runs, the form is taken a minute after it was asked for.
The work makes many forms dear, one form it leaves cheap; what it can't stop is seen in the answers
(analysis/quality), and the headline does not rest on open posters at all.

Bits by the number of forms that came from people's own browsers at the point within WINDOW: none up to the limit, then
EASIEST and one more for each doubling, at most HARDEST. A try costs one round of SHA-256, of which a phone of 2019 does
some hundred thousand a second: 2^EASIEST tries are a blink, 2^HARDEST a second or two (`make bench ARGS=work`).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from survey.domain.submission import Proof

WINDOW = timedelta(minutes=10)
LIMIT = 60  # forms within the window that a busy poster may bring: one every ten seconds
EASIEST, HARDEST = 13, 16  # bits
SLACK = 2  # bits by which the work may have become harder since a page was told of it
WAIT = timedelta(seconds=60)  # in place of the work
MANY_FORMS = 5  # sent by one device before: from here on it works like at a point under attack
LONGEST_NUMBER = 32  # digits: the script puts zeros in front
COUNT_UP_TO = 2 ** (HARDEST - EASIEST)  # times the limit: more forms ask for no more work


@dataclass(frozen=True, slots=True)
class WorkAsked:
    """What a page was told: how many bits, and when."""

    bits: int
    since: datetime


def bits_under(forms: int, limit: int = LIMIT) -> int:
    """Bits of work at a point that had so many forms within WINDOW; 0 = none. A limit of 0 never asks."""
    if not limit or forms <= limit:
        return 0
    return min(EASIEST + (forms // limit).bit_length() - 1, HARDEST)


def bits_for(forms: int, earlier_forms: int, limit: int = LIMIT) -> int:
    """The same for a device that says it has sent so many forms before in this wave."""
    bits = bits_under(forms, limit)
    return max(bits, EASIEST) if limit and earlier_forms >= MANY_FORMS else bits


def proof_given(token: str, number: str, asked: WorkAsked | None, bits_now: int, now: datetime) -> Proof | None:
    """What a sender did, if it is enough for the bits that are asked now; None = nothing, or not enough.

    A page is held to what it was told, also when the work has become harder since. One that was told nothing had the
    bits from an answer that refused it.
    """
    needed = max(bits_now - SLACK, EASIEST) if asked is None else asked.bits
    if zero_bits(token, number) >= needed:
        return Proof.SOLVED
    if asked is not None and now - asked.since >= WAIT:
        return Proof.WAITED
    return None


def zero_bits(token: str, number: str) -> int:
    """How many zero bits SHA-256 of `token:number` begins with; -1 for what is no number."""
    if not (number.isascii() and number.isdigit() and len(number) <= LONGEST_NUMBER):
        return -1
    return 256 - int.from_bytes(hashlib.sha256(f"{token}:{number}".encode()).digest()).bit_length()
