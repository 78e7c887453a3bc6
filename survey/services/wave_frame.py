"""A wave's answers as the analysis reads them, and what was worked out from them, kept until there are more answers."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TypeVar, cast
from weakref import WeakKeyDictionary

import pandas as pd

from analysis.columns import Indicator
from survey.db import Database
from survey.domain.fieldwork import Wave
from survey.domain.frame import Frame
from survey.domain.margins import population_by_cell
from survey.domain.problems import Invalid
from survey.domain.questionnaire import Questionnaire
from survey.domain.wave import WavePlan
from survey.queries import extract, letters, responses
from survey.services.catalogue import Catalogue

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class WaveFrame:
    """rows: `columns.WAVE_COLUMNS`, indicators, answers. population: None where the frame does not have the people."""

    rows: pd.DataFrame
    population: pd.DataFrame | None
    questionnaire: Questionnaire
    neighbourhoods: tuple[str, ...]  # of the wave's districts, with or without answers

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """The questionnaire's indicators as the analysis knows them."""
        return indicators_of(self.questionnaire)


def indicators_of(questionnaire: Questionnaire) -> tuple[Indicator, ...]:
    """A questionnaire's indicators as the analysis knows them."""
    return tuple(Indicator(each.code, each.target, each.title) for each in questionnaire.indicators)


MOST_KEPT = 200  # results of one database; the oldest make room

# By database, wave and what it is: what it was made of (how many responses, how many that were replaced, under which
# plan, frame and questionnaire, and what else it depends on), and it.
_Made = tuple[int, int, str, int, str, int, Hashable]
_kept: WeakKeyDictionary[Database, dict[tuple[int, str], tuple[_Made, object]]] = WeakKeyDictionary()


def worked_out(
    db: Database, catalogue: Catalogue, wave: Wave, what: str, work: Callable[[WaveFrame], T], also: Hashable = ()
) -> T:
    """`work` on the wave's frame. Done anew only when something changed since the last time.

    what: names it; also: what it depends on beside the wave's own responses and settings.
    """
    kept = _kept.setdefault(db, {})
    version = wave.questionnaire_code, wave.questionnaire_version
    with db.reading() as connection:
        counts = responses.count_complete(connection, wave.id), letters.count_replaced(connection, wave.id)
        made = (*counts, wave.plan, wave.frame_id, *version, also)
    known = kept.pop((wave.id, what), None)
    if known is None or known[0] != made:
        known = (made, work(_wave_frame(db, catalogue, wave)))
    kept[wave.id, what] = known  # now the youngest
    while len(kept) > MOST_KEPT:
        kept.pop(next(iter(kept)), None)
    return cast(T, known[1])


def _wave_frame(db: Database, catalogue: Catalogue, wave: Wave) -> WaveFrame:
    questionnaire = catalogue.questionnaire(wave.questionnaire_code, wave.questionnaire_version)
    frame = catalogue.frame(wave.frame_id)
    with db.reading() as connection:
        versions = responses.questionnaires_answered(connection, wave.id)
        answered = {version: catalogue.questionnaire(*version) for version in versions}
        answered.setdefault((questionnaire.code, questionnaire.version), questionnaire)
        rows = extract.wave_rows(connection, wave.id, frame, answered)
    ground = catalogue.ground(wave.id)
    homes = tuple(code for code, district in ground.homes.items() if district in ground.plan.districts)
    return WaveFrame(rows, _population(frame, ground.plan, questionnaire), questionnaire, homes)


def _population(frame: Frame, plan: WavePlan, questionnaire: Questionnaire) -> pd.DataFrame | None:
    """The people that the weights are adjusted to; None where the frame does not have them, so that nothing is."""
    try:
        margins = population_by_cell(frame, plan.districts, questionnaire)
    except Invalid:
        return None  # a plan with `within: equal` does without the census
    return pd.DataFrame(
        [(row.district, row.sex, row.age_band, row.population) for row in margins.rows],
        columns=["district", "sex", "age_band", "population"],
    )
