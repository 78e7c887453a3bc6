"""Which interviews a supervisor asks their volunteer about: a random share that nobody can choose or foresee.

Whether an interview is drawn depends on its id and on a secret of the server alone: not on its answers, its order or
who looks. The id is made by the tablet, which does not know the secret, so nobody can make an interview that is sure to
be left alone; and drawing again gives the same interviews, so nobody can draw until they like the result.
"""

import hmac
from enum import StrEnum
from fractions import Fraction
from uuid import UUID

SHARE = Fraction(1, 10)


class Finding(StrEnum):
    """What came of asking."""

    CONFIRMED = "confirmed"
    DOUBTFUL = "doubtful"
    NOT_REACHED = "not_reached"


def is_drawn(secret: str, response_id: UUID, share: Fraction = SHARE) -> bool:
    """Whether this interview belongs to the share. What a smaller share draws, a larger one draws too."""
    digest = hmac.digest(secret.encode(), b"minsheng call-back " + response_id.bytes, "sha256")
    return int.from_bytes(digest[:8], "big") < share * 2**64
