"""One-time codes in letters to sampled households: what one looks like, and what of it, and of its answer, is kept.

A code is 14 letters of CODE_ALPHABET, so there are 31^14 > 2^69. Whoever answered is given a change key of 10 letters,
with which the same household may replace its answers for some hours. Of both only keyed digests are kept, and nothing
that is kept leads from one to the other (docs/decisions/0018-letters-nobody-can-link.md).
"""

import hashlib
import hmac
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

from survey.domain.problems import Invalid, Problem
from survey.domain.submission import CODE_ALPHABET, code_from_number

CODE_LENGTH, KEY_LENGTH = 14, 10
CODES = len(CODE_ALPHABET) ** CODE_LENGTH  # how many there are
FEWEST_LETTERS = 10  # in a batch; of fewer, the number of codes used would tell who has answered
MOST_LETTERS = 2000  # made at once, over all points

_GROUP = 4  # letters between hyphens
_LONGEST_TYPED = 60  # characters that are looked at
_LETTERS = frozenset(CODE_ALPHABET)
_CHINA = timezone(timedelta(hours=8))  # whose days are kept


@dataclass(frozen=True, slots=True)
class LetterBatch:
    """Letters of one point, printed together. `used` counts codes, and says nothing of which."""

    id: UUID
    wave_id: int
    point_code: str
    letters: int
    used: int
    made_at: datetime
    voided_at: datetime | None

    @property
    def out(self) -> int:
        """The letters that count: of a voided batch, those whose codes had been used."""
        return self.used if self.voided_at is not None else self.letters


def shown(code: str) -> str:
    """A code or key as people read and type it: ABCD-EFGH-JKMN-PQ."""
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))


def read_typed(text: str, length: int = CODE_LENGTH) -> str | None:
    """The code or key that somebody typed: lower case, full width, spaces and any kind of hyphen are all the same."""
    plain = unicodedata.normalize("NFKC", text[:_LONGEST_TYPED]).upper()
    code = "".join(letter for letter in plain if unicodedata.category(letter) not in {"Pd", "Zs", "Sm"})
    return code if len(code) == length and _LETTERS.issuperset(code) else None


def code_digest(secret: str, code: str) -> str:
    """What is kept of a code. Without the office's secret nobody can try codes against it."""
    return hmac.new(secret.encode(), b"letter" + code.encode(), hashlib.sha256).hexdigest()


def change_key(secret: str, submission_id: UUID) -> str:
    """The key that goes with one response: made anew from its id, so that a repeat is told the same one."""
    number = int.from_bytes(hmac.digest(secret.encode(), b"change key" + submission_id.bytes, "sha256"))
    return code_from_number(number, KEY_LENGTH)


def change_digest(secret: str, key: str) -> str:
    """What is kept of a change key. The code has no part in it: it would lead from the answer to the letter."""
    return hmac.new(secret.encode(), b"change" + key.encode(), hashlib.sha256).hexdigest()


def day_of(moment: datetime) -> datetime:
    """The beginning of a moment's day in China. Of a letter's answer no closer moment is kept: who watches when a code
    is used up could find its answer by the minute."""
    return moment.astimezone(_CHINA).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def changeable_until(received_day: datetime, hours: int) -> datetime:
    """Until when an answer of that day may be replaced: `hours` from the day's end, for its hour is not known."""
    return received_day + timedelta(days=1, hours=hours) if hours else received_day


def check_letters(letters: int, points: int) -> None:
    """Whether so many letters may be made for each of so many points. Raises Invalid."""
    if not points:
        raise Invalid([Problem("letter_points", "point")])
    if letters < FEWEST_LETTERS or letters * points > MOST_LETTERS:
        params = (("low", str(FEWEST_LETTERS)), ("high", str(MOST_LETTERS)))
        raise Invalid([Problem("letter_count", "letters", params)])
