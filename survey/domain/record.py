"""A tablet's record, opened: one interview or approach as JSON, read into one shape.

The content was made by our own program, but it comes from a machine in strangers' hands: everything is checked, each
problem names its field, and nothing raises. Answers are checked at the door like everybody's.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from survey.domain.disposition import REASONS, Finish
from survey.domain.document import shown
from survey.domain.json_text import read_object
from survey.domain.problems import Problem
from survey.domain.protocol import OBSERVABLE

FORMAT = 1
LARGEST = 2**31 - 1
_LONGEST_TIME = 10**9  # ms: eleven days
_PLACE = re.compile(r"-?\d{1,2}\.\d{2},-?\d{1,3}\.\d{2}", re.ASCII)
_CODE = re.compile(r"[^\x00-\x20\x7f\ud800-\udfff]{1,40}")
_MOST_TIMINGS = 1000
_FIELDS = frozenset(
    {"format", "id", "point", "questionnaire", "language", "finish", "answers", "reason", "observed", "assignment"}
    | {"turn", "volunteer", "sequence", "passed", "handed_over", "started", "ended", "elapsed_ms", "interruptions"}
    | {"clock_offset_ms", "timings", "place"}
)


@dataclass(frozen=True, slots=True)
class Record:
    """What a tablet recorded of one person. The times are the tablet's own."""

    id: UUID
    point_code: str
    questionnaire_code: str
    questionnaire_version: int
    language: str
    finish: Finish
    answers: Mapping[str, object]
    reason: str | None
    observed: Mapping[str, str]
    assignment_id: UUID
    turn_id: UUID
    volunteer_id: int
    sequence: int
    passed: int
    handed_over: bool
    started: datetime
    ended: datetime
    elapsed_ms: int
    interruptions: int
    clock_offset: timedelta | None
    timings: Mapping[str, tuple[int, int]]
    place: str | None


def read_record(text: str, languages: frozenset[str]) -> tuple[Record | None, tuple[Problem, ...]]:
    """The record in an opened envelope, or what is wrong with it. `languages` are those that pages speak."""
    content, unreadable = read_object(text, "record")
    if unreadable:
        return None, unreadable
    reader = _Reader(content, languages)
    record = reader.record()
    return (None, tuple(reader.problems)) if reader.problems else (record, ())


def read_moment(value: object) -> datetime | None:
    """An ISO moment with its offset; None for anything else."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def read_uuid(value: object) -> UUID | None:
    """A UUID as text, in either case; None for anything else."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        return UUID(value)
    except ValueError:
        return None


class _Reader:
    """One pass over a record. What is wrong is noted, and a stand-in taken so that the pass can go on."""

    def __init__(self, content: Mapping[str, object], languages: frozenset[str]) -> None:
        self.content = content
        self.languages = languages
        self.problems: list[Problem] = []

    def record(self) -> Record:
        for name in self.content:
            if name not in _FIELDS:
                self.problems.append(Problem("unknown_field", shown(name)))
        if self.content.get("format") != FORMAT:
            self._wrong("format", "record_format")
        named = self.content.get("questionnaire")
        named = named if isinstance(named, dict) else {}
        finish = self._finish()
        return Record(
            id=self._uuid("id"),
            point_code=self._code("point", self.content.get("point")),
            questionnaire_code=self._code("questionnaire", named.get("code"), longest=40),
            questionnaire_version=self._count("questionnaire", named.get("version"), low=1, high=10**6),
            language=self._language(),
            finish=finish,
            answers=self._object("answers"),
            reason=self._reason(finish),
            observed=self._observed(),
            assignment_id=self._uuid("assignment"),
            turn_id=self._uuid("turn"),
            volunteer_id=self._count("volunteer", self.content.get("volunteer"), low=1),
            sequence=self._count("sequence", self.content.get("sequence"), low=1),
            passed=self._count("passed", self.content.get("passed")),
            handed_over=self._yes_or_no("handed_over"),
            started=self._moment("started"),
            ended=self._moment("ended"),
            elapsed_ms=self._count("elapsed_ms", self.content.get("elapsed_ms"), high=_LONGEST_TIME),
            interruptions=self._count("interruptions", self.content.get("interruptions")),
            clock_offset=self._offset(),
            timings=self._timings(),
            place=self._place(),
        )

    def _wrong(self, field: str, code: str) -> None:
        self.problems.append(Problem(code, field))

    def _uuid(self, field: str) -> UUID:
        found = read_uuid(self.content.get(field))
        if found is None:
            self._wrong(field, "record_id")
        return found or UUID(int=0)

    def _code(self, field: str, value: object, longest: int = 24) -> str:
        if isinstance(value, str) and len(value) <= longest and _CODE.fullmatch(value):
            return value
        self._wrong(field, "record_code")
        return ""

    def _count(self, field: str, value: object, low: int = 0, high: int = LARGEST) -> int:
        if type(value) is int and low <= value <= high:
            return value
        self._wrong(field, "record_count")
        return low

    def _language(self) -> str:
        language = self.content.get("language")
        if isinstance(language, str) and language in self.languages:
            return language
        self._wrong("language", "unknown_language")
        return ""

    def _finish(self) -> Finish:
        finish = self.content.get("finish")
        if isinstance(finish, str) and finish in set(Finish):
            return Finish(finish)
        self._wrong("finish", "record_finish")
        return Finish.FINISHED

    def _object(self, field: str) -> Mapping[str, object]:
        value = self.content.get(field)
        if isinstance(value, dict):
            return value
        self._wrong(field, "not_an_object")
        return {}

    def _reason(self, finish: Finish) -> str | None:
        reason = self.content.get("reason")
        if reason is None or (isinstance(reason, str) and reason in REASONS.get(finish, ())):
            return reason
        self._wrong("reason", "record_reason")
        return None

    def _observed(self) -> Mapping[str, str]:
        value = self.content.get("observed")
        if value is None:
            return {}
        if isinstance(value, dict) and all(
            name in OBSERVABLE and isinstance(seen, str) and len(seen) <= 24 and _CODE.fullmatch(seen)
            for name, seen in value.items()
        ):
            return value
        self._wrong("observed", "record_observed")
        return {}

    def _yes_or_no(self, field: str) -> bool:
        value = self.content.get(field)
        if not isinstance(value, bool):
            self._wrong(field, "document_not_boolean")
        return value is True

    def _moment(self, field: str) -> datetime:
        moment = read_moment(self.content.get(field))
        if moment is None:
            self._wrong(field, "record_moment")
        return moment or datetime.fromisoformat("2000-01-01T00:00:00Z")

    def _offset(self) -> timedelta | None:
        value = self.content.get("clock_offset_ms")
        if value is None:
            return None
        if type(value) is int and abs(value) < 10**15:  # ms; more than the calendar has
            return timedelta(milliseconds=value)
        self._wrong("clock_offset_ms", "record_count")
        return None

    def _timings(self) -> Mapping[str, tuple[int, int]]:
        value = self.content.get("timings")
        timings: dict[str, tuple[int, int]] = {}
        for item, pair in value.items() if isinstance(value, dict) and len(value) <= _MOST_TIMINGS else ():
            if (
                len(item) <= 40
                and item.isprintable()
                and isinstance(pair, list)
                and len(pair) == 2
                and all(type(ms) is int and 0 <= ms <= _LONGEST_TIME for ms in pair)
            ):
                timings[item] = (pair[0], pair[1])
        if not isinstance(value, dict) or len(timings) != len(value):
            self._wrong("timings", "record_timings")
        return timings

    def _place(self) -> str | None:
        place = self.content.get("place")
        if place is None:
            return None
        if isinstance(place, str) and _PLACE.fullmatch(place):
            north, east = (abs(float(degrees)) for degrees in place.split(","))
            if north <= 90 and east <= 180:
                return place
        self._wrong("place", "record_place")
        return None
