"""Letters for sampled households: their codes are made here, exist once in what is given back, and are kept nowhere."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid5

from survey.db import Database
from survey.domain.disposition import Disposition
from survey.domain.fieldwork import Point, Wave
from survey.domain.letters import CODE_LENGTH, CODES, LetterBatch, check_letters, code_digest
from survey.domain.problems import Invalid, Problem
from survey.domain.submission import code_from_number
from survey.domain.wave import Mode, WaveState
from survey.queries import letters, responses, waves
from survey.services.catalogue import NotFound


class AlreadyMade(Exception):
    """These letters have been made before, and their codes were shown then."""


@dataclass(frozen=True, slots=True)
class NewLetters:
    """Letters of one point, to be printed now or never."""

    point: Point
    batch_id: UUID
    codes: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class WaveLetters:
    """The letters of a wave: where they may be sent, what was made, and what became of the answers, in numbers."""

    wave: Wave
    points: Mapping[str, Point]
    batches: tuple[LetterBatch, ...]
    outcomes: Mapping[Disposition, int]

    @property
    def out(self) -> int:
        """How many letters count."""
        return sum(batch.out for batch in self.batches)

    @property
    def used(self) -> int:
        """How many codes were used."""
        return sum(batch.used for batch in self.batches)


def letter_url(public_url: str, code: str) -> str:
    """Where a letter's QR code leads: made from PUBLIC_URL alone, never from a request."""
    return f"{public_url}/c/{code}"


def letters_of_wave(db: Database, wave_code: str) -> WaveLetters:
    """Raises NotFound."""
    with db.reading() as connection:
        wave = waves.wave_by_code(connection, wave_code)
        if wave is None:
            raise NotFound(wave_code)
        points = [each for each in waves.points_of_wave(connection, wave.id) if each.mode == Mode.SAMPLED]
        batches = letters.batches_of_wave(connection, wave.id)
        counts = responses.count_by_disposition(connection, wave.id)
    outcomes = {disposition: count for (mode, disposition), count in counts.items() if mode == Mode.SAMPLED}
    return WaveLetters(wave, {point.code: point for point in points}, tuple(batches), outcomes)


def make_letters(
    db: Database,
    secret: str,
    wave_code: str,
    points: Sequence[int],
    letters_each: int,
    request_id: UUID,
    account_id: int | None,
    now: datetime,
    random_number: Callable[[int], int],
) -> list[NewLetters]:
    """Make letters for the points of these numbers, all or none. `random_number(n)` gives a secret number below n.

    Raises NotFound, Invalid, and AlreadyMade where `request_id` has made letters before.
    """
    found = letters_of_wave(db, wave_code)
    check_letters(letters_each, len(points))
    if found.wave.state is WaveState.DRAFT:
        raise Invalid([Problem("letter_wave_draft", "wave")])
    if found.wave.state is WaveState.CLOSED or now >= found.wave.closes_at:
        raise Invalid([Problem("letter_wave_over", "wave")])
    by_number = {point.number: point for point in found.points.values()}
    unknown = [number for number in points if number not in by_number]
    if unknown:
        raise Invalid(Problem("letter_point_unknown", "point", (("number", str(number)),)) for number in unknown)
    made = [
        NewLetters(by_number[number], uuid5(request_id, str(number)), _codes(letters_each, random_number))
        for number in dict.fromkeys(points)
    ]
    with db.writing() as connection:
        for each in made:
            digests = [code_digest(secret, code) for code in each.codes]
            place = (each.point.wave_id, each.point.code)
            if not letters.insert_batch(connection, each.batch_id, place, digests, account_id, now):
                raise AlreadyMade
    return made


def void_letters(db: Database, wave_code: str, batch_id: UUID, now: datetime) -> None:
    """Let the codes of a batch lead nowhere; answers that they brought stay. Raises NotFound."""
    with db.writing() as connection:
        wave = waves.wave_by_code(connection, wave_code)
        if wave is None or not letters.void_batch(connection, wave.id, batch_id, now):
            raise NotFound(f"batch {batch_id}")


def _codes(number: int, random_number: Callable[[int], int]) -> tuple[str, ...]:
    codes: dict[str, None] = {}
    while len(codes) < number:
        codes[code_from_number(random_number(CODES), CODE_LENGTH)] = None
    return tuple(codes)
