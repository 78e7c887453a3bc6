"""What arrives at the door, and what the sender is told.

The sender makes up the submission's id (a UUID, given with the page), so that a repeat can be known for what it is:
same id and same content is the same submission; same id and other content is a conflict, and the first one counts.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from survey.domain.disposition import Disposition, Finish
from survey.domain.paradata import Paradata

# 31 letters and digits without look-alikes (0 O, 1 I L); codes are read aloud and typed.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


class Channel(StrEnum):
    """Through which door a submission came: somebody's own browser, a volunteer's tablet, or from paper at the desk."""

    WEB = "web"
    TABLET = "tablet"
    DESK = "desk"


class Proof(StrEnum):
    """What a sender did while the point was under attack: solved the page's riddle, or waited a while instead."""

    SOLVED = "solved"
    WAITED = "waited"


@dataclass(frozen=True, slots=True)
class Submission:
    """One filled form, from a browser, a tablet or paper. `answers` are as sent, not yet checked.

    guardian: whether one agreed that a child answers. earlier_forms: how many this device says that it has sent before
    in this wave. change_digest: of the key with which the sender may replace it later.
    """

    id: UUID
    point_code: str
    questionnaire_code: str
    questionnaire_version: int
    language: str
    finish: Finish
    answers: Mapping[str, object]
    opened_at: datetime
    received_at: datetime
    paradata: Paradata | None = None  # of a tablet's record
    channel: Channel = Channel.WEB
    earlier_forms: int | None = None
    proof: Proof | None = None
    change_digest: str | None = None
    guardian: bool = False


class Outcome(StrEnum):
    """What the door did with a submission."""

    STORED = "stored"
    REPEATED = "repeated"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The acknowledgement. It shows no answers: a receipt can't be sold or demanded as proof of an opinion."""

    submission_id: UUID
    code: str
    outcome: Outcome
    disposition: Disposition
    content_digest: str


def content_digest(answers: Mapping[str, object], finish: Finish, *more: object) -> str:
    """SHA-256 (hex) over what makes two submissions the same: the checked answers, how the form was left, and of an
    approach what the volunteer noted."""
    content = json.dumps([finish, answers, *more], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()


def receipt_code(secret: str, submission_id: UUID) -> str:
    """Ten letters that stand for the id; the same id has the same code, and nobody can make one up."""
    number = int.from_bytes(hmac.digest(secret.encode(), b"receipt" + submission_id.bytes, "sha256"))
    return code_from_number(number, 10)


def code_from_number(number: int, length: int) -> str:
    """The lowest `length` digits of a number in the code alphabet."""
    letters = []
    for _ in range(length):
        number, index = divmod(number, len(CODE_ALPHABET))
        letters.append(CODE_ALPHABET[index])
    return "".join(letters)
