"""Planning a wave: a plan becomes a draft with its quota cells and collection points."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from survey.db import Database
from survey.domain.document import Document, shown
from survey.domain.fieldwork import Point, Wave
from survey.domain.frame import Frame
from survey.domain.problems import Invalid, Problem
from survey.domain.questionnaire import Questionnaire
from survey.domain.quota import quota_cells
from survey.domain.submission import code_from_number
from survey.domain.wave import WavePlan, WaveState
from survey.domain.wave_json import plan_to_json
from survey.domain.wave_notes import plan_notes
from survey.domain.wave_plan import parse_plan
from survey.queries import quotas, waves
from survey.services.catalogue import Catalogue, NotFound

CODE_LENGTH = 14  # letters of a point's code: 31^14 > 2^69, so that codes can't be guessed


@dataclass(frozen=True, slots=True)
class PlannedWave:
    """A draft. `notes` say what is unwise about its plan; `replaced`: it was a draft already."""

    wave: Wave
    notes: tuple[Problem, ...]
    replaced: bool


def plan_wave(
    db: Database,
    catalogue: Catalogue,
    document: Document,
    frame_id: int,
    now: datetime,
    random_number: Callable[[int], int],
) -> PlannedWave:
    """Keep a plan as a draft wave, in place of an earlier draft of the same code.

    `random_number(n)` gives a secret number below n. Raises Invalid naming each field that is wrong.
    """
    frame = catalogue.frame(frame_id)
    questionnaire = _questionnaire_of(catalogue, document)
    plan = parse_plan(document, questionnaire, frame)
    cells = quota_cells(plan, questionnaire, frame)
    with db.writing() as connection:
        known = waves.wave_by_code(connection, plan.code)
        if known is not None and known.state is not WaveState.DRAFT:
            raise Invalid(
                [Problem("wave_not_draft", "wave", (("code", plan.code),), document.line(("wave",)), document.file)]
            )
        wave = _wave(plan, frame_id, known.id if known else 0)
        if known is None:
            wave_id = waves.insert_wave(connection, wave, now)
        else:
            wave_id = known.id
            quotas.delete_cells(connection, wave_id)
            waves.delete_points(connection, wave_id)
            waves.replace_plan(connection, wave_id, wave)
        quotas.insert_cells(connection, wave_id, cells, now)
        waves.insert_points(connection, _points(plan, frame, wave_id, random_number))
        wave = waves.wave_by_id(connection, wave_id)
    return PlannedWave(wave, plan_notes(plan, questionnaire, frame), replaced=known is not None)


def _questionnaire_of(catalogue: Catalogue, document: Document) -> Questionnaire:
    """The published questionnaire that the plan names; `parse_plan` needs it to read the rest."""
    tree = document.tree if isinstance(document.tree, dict) else {}
    named = tree.get("questionnaire")
    code, version = (named.get("code"), named.get("version")) if isinstance(named, dict) else (None, None)
    if isinstance(version, str) and version.isascii() and version.isdigit():
        version = int(version)
    try:
        return catalogue.questionnaire(str(code), version if type(version) is int and version < 10**6 else 0)
    except NotFound:
        problem = document.problem(("questionnaire",), "questionnaire_not_published", named=shown(f"{code}/{version}"))
        raise Invalid([problem]) from None


def _wave(plan: WavePlan, frame_id: int, wave_id: int) -> Wave:
    return Wave(
        id=wave_id,
        code=plan.code,
        state=WaveState.DRAFT,
        questionnaire_code=plan.questionnaire_code,
        questionnaire_version=plan.questionnaire_version,
        frame_id=frame_id,
        plan=plan_to_json(plan),
        opens_at=plan.opens_at,
        closes_at=plan.closes_at,
        grace=plan.grace,
    )


def _points(plan: WavePlan, frame: Frame, wave_id: int, random_number: Callable[[int], int]) -> Iterator[Point]:
    for number, point in enumerate(plan.points, start=1):
        district = frame.district_of(point.area_code)
        yield Point(
            code=code_from_number(random_number(31**CODE_LENGTH), CODE_LENGTH),
            wave_id=wave_id,
            number=number,
            area_code=point.area_code,
            district_code=district.code if district else point.area_code,
            place_type=point.place_type.value,
            mode=point.mode.value,
        )
