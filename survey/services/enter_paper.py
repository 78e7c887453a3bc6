"""Sheets of paper: printing them, and entering what somebody wrote on one through the same door as every answer.

The sheet's serial makes the submission's id, so a sheet is stored once however often it is typed. It was opened on the
day that stands on it, and how long it took nobody knows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from survey.config import OFFICE_ZONE
from survey.domain.disposition import Finish
from survey.domain.fieldwork import Point, Wave
from survey.domain.minors import lacks_consent
from survey.domain.paper import MOST_COPIES, Serial, answer_of, batch_letters, read_serial
from survey.domain.problems import Invalid, Problem
from survey.domain.questionnaire import Questionnaire
from survey.domain.submission import CODE_ALPHABET, Channel, Receipt, Submission
from survey.domain.wave import Mode
from survey.queries import waves
from survey.services.catalogue import Ground, NotFound
from survey.services.read_wave import wave_of_code
from survey.services.receive_submission import Door, receive_submission

# A letter's code is spent by its answer, which a sheet could not do.
PAPER_MODES = frozenset(Mode) - {Mode.SAMPLED}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet that was found by its serial: what it asks, where it was filled in."""

    serial: Serial
    text: str
    wave: Wave
    point: Point
    questionnaire: Questionnaire
    ground: Ground


def paper_points(door: Door, wave_code: str) -> tuple[Wave, list[Point]]:
    """The wave and its points for which sheets are printed. Raises NotFound."""
    wave = wave_of_code(door.db, wave_code)
    with door.db.reading() as connection:
        points = waves.points_of_wave(connection, wave.id)
    return wave, [point for point in points if point.mode in PAPER_MODES]


def print_sheets(
    door: Door, wave_code: str, point_code: str, copies: int, draw: Callable[[int], int]
) -> tuple[Questionnaire, Point, list[str]]:
    """(questionnaire, point, serials) of new sheets. `draw(n)` is a number below n.

    Nothing is kept of a printing: its four letters are drawn by chance, so two printings for one point and version may,
    very rarely, be given the same ones. Entering the second of two such sheets then says that it is entered already.

    Raises NotFound for the wave or point, Invalid naming `copies`.
    """
    wave, points = paper_points(door, wave_code)
    point = next((each for each in points if each.code == point_code), None)
    if point is None:
        raise NotFound(point_code)
    if not 1 <= copies <= MOST_COPIES:
        raise Invalid([Problem("paper_copies", "copies", (("most", str(MOST_COPIES)),))])
    questionnaire = door.catalogue.questionnaire(wave.questionnaire_code, wave.questionnaire_version)
    batch = batch_letters(draw(len(CODE_ALPHABET) ** 4))
    serials = [Serial(point.number, questionnaire.version, batch, copy) for copy in range(1, copies + 1)]
    return questionnaire, point, [serial.text(door.secret, point.code) for serial in serials]


def find_sheet(door: Door, wave_code: str, typed: str) -> Sheet:
    """The sheet of a serial. Raises NotFound for the wave, Invalid naming `serial`."""
    wave, points = paper_points(door, wave_code)
    read = read_serial(typed)
    if read is None:
        raise Invalid([Problem("paper_serial_shape", "serial", (("example", "P12-1-HK4T07-QX"),))])
    serial, letters = read
    point = next((each for each in points if each.number == serial.point_number), None)
    if point is None or serial.version > wave.questionnaire_version:
        raise Invalid([Problem("paper_serial_unknown", "serial")])
    if not serial.agrees(door.secret, point.code, letters):
        raise Invalid([Problem("paper_serial_unknown", "serial")])
    try:
        questionnaire = door.catalogue.questionnaire(wave.questionnaire_code, serial.version)
    except NotFound:
        raise Invalid([Problem("paper_serial_unknown", "serial")]) from None
    text = serial.text(door.secret, point.code)
    return Sheet(serial, text, wave, point, questionnaire, door.catalogue.ground(wave.id))


def filled_in_on(sheet: Sheet, typed: str, now: datetime) -> datetime:
    """The moment for which the day on a sheet stands. Raises Invalid naming `day`."""
    zone = ZoneInfo(OFFICE_ZONE)
    first, last = sheet.wave.opens_at.astimezone(zone), min(now, sheet.wave.closes_at).astimezone(zone)
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        day = None
    if day is None or not first.date() <= day <= last.date():
        params = (("first", first.date().isoformat()), ("last", last.date().isoformat()))
        raise Invalid([Problem("paper_day", "day", params)])
    return min(max(datetime.combine(day, time(12), zone), sheet.wave.opens_at), now, sheet.wave.closes_at)


def read_answers(sheet: Sheet, typed: Mapping[str, str]) -> dict[str, object]:
    """The answers that were typed, by item; what a sheet answers though its routing says not to is left out."""
    names = _areas_by_name(sheet.ground)
    found = {}
    for code, item in sheet.questionnaire.items.items():
        answer = answer_of(item, typed.get(code, ""), lambda text: names.get(text.casefold()))
        if answer is not None:
            found[code] = answer
    asked = sheet.questionnaire.routing.asked(found)
    return {code: found[code] for code in asked if code in found}


def enter_sheet(
    door: Door,
    sheet: Sheet,
    typed: Mapping[str, str],
    opened_at: datetime,
    language: str,
    finish: Finish,
    now: datetime,
    *,
    guardian: bool,
) -> Receipt:
    """Keep what stands on a sheet. `guardian`: whether one ticked that a child may answer.

    Raises Invalid naming each item that is wrong, or `_guardian`; WaveNotTaking, Unavailable.
    """
    answers = read_answers(sheet, typed)
    if finish is Finish.FINISHED and lacks_consent(sheet.questionnaire, answers, guardian=guardian):
        raise Invalid([Problem("guardian_missing", "_guardian")])
    return receive_submission(
        door,
        Submission(
            id=sheet.serial.submission_id(sheet.point.code),
            point_code=sheet.point.code,
            questionnaire_code=sheet.questionnaire.code,
            questionnaire_version=sheet.questionnaire.version,
            language=language,
            finish=finish,
            answers=answers,
            guardian=guardian,
            opened_at=opened_at,
            received_at=now,
            channel=Channel.DESK,
        ),
    )


def area_names(ground: Ground) -> Sequence[tuple[str, str]]:
    """(code, name) of every area people may name as theirs, with what it lies in, so that each name is one place's."""
    named = []
    for code, district in ground.homes.items():
        street = ground.frame.street_of(code)
        parts = [ground.frame.areas[district].name_zh]
        parts += [street.name_zh] if street is not None and street.code != code else []
        named.append((code, " ".join([ground.frame.areas[code].name_zh, *reversed(parts)])))
    return named


def _areas_by_name(ground: Ground) -> Mapping[str, str]:
    named = {code: code for code in ground.homes}
    return named | {name.casefold(): code for code, name in area_names(ground)}
