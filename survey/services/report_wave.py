"""The report of a wave: extract its rows, let the analysis estimate, flag and compare. Pages only render it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakKeyDictionary

import pandas as pd

from analysis.columns import Indicator
from analysis.rates import WaveRates, wave_rates
from analysis.report import WaveReport, wave_report
from survey.config import VERSION
from survey.db import Database
from survey.domain.disposition import Disposition
from survey.domain.fieldwork import QuotaCell, Wave
from survey.domain.frame import Frame
from survey.domain.margins import population_by_cell
from survey.domain.questionnaire import Questionnaire
from survey.queries import extract, quotas, responses, waves
from survey.services.catalogue import Catalogue, NotFound


@dataclass(frozen=True, slots=True)
class WaveResults:
    """Everything a wave's pages show: the wave, its quotas, what became of each visit, and the report of its rates."""

    wave: Wave
    questionnaire: Questionnaire
    frame: Frame
    cells: tuple[QuotaCell, ...]
    dispositions: Mapping[tuple[str, Disposition], int]
    report: WaveReport


def report_wave(db: Database, catalogue: Catalogue, code: str, now: datetime) -> WaveResults:
    """The results of a wave as they stand, beside those of the wave before. Raises NotFound."""
    with db.reading() as connection:
        wave = waves.wave_by_code(connection, code)
        if wave is None:
            raise NotFound(code)
        cells = tuple(quotas.cells_of_wave(connection, wave.id))
        dispositions = responses.count_by_disposition(connection, wave.id)
        earlier = [each for each in waves.waves(connection) if _comparable(each, wave)]
    before = max(earlier, key=lambda each: each.opens_at, default=None)
    questionnaire = catalogue.questionnaire(wave.questionnaire_code, wave.questionnaire_version)
    counts: dict[str, dict[str, int]] = {}
    for (mode, disposition), count in dispositions.items():
        counts.setdefault(mode, {})[disposition.value] = count
    report = wave_report(
        estimate_wave(db, catalogue, wave),
        _indicators(questionnaire),
        wave=wave.code,
        data_until=now,
        code_version=VERSION,
        responses=counts,
        previous=estimate_wave(db, catalogue, before) if before is not None else None,
        previous_wave=before.code if before is not None else None,
    )
    return WaveResults(wave, questionnaire, catalogue.frame(wave.frame_id), cells, dispositions, report)


def _comparable(earlier: Wave, wave: Wave) -> bool:
    """An earlier wave of the same questionnaire in the same city."""
    return (earlier.questionnaire_code, earlier.frame_id) == (wave.questionnaire_code, wave.frame_id) and (
        earlier.opens_at < wave.opens_at
    )


# By database and wave: how many responses the rates were made of, and the rates.
_estimated: WeakKeyDictionary[Database, dict[int, tuple[int, WaveRates]]] = WeakKeyDictionary()


def estimate_wave(db: Database, catalogue: Catalogue, wave: Wave) -> WaveRates:
    """The rates of a wave. Computed anew only when responses were added since the last time."""
    questionnaire = catalogue.questionnaire(wave.questionnaire_code, wave.questionnaire_version)
    frame = catalogue.frame(wave.frame_id)
    waves_estimated = _estimated.setdefault(db, {})
    with db.reading() as connection:
        size = responses.count_complete(connection, wave.id)
        known = waves_estimated.get(wave.id)
        if known is not None and known[0] == size:
            return known[1]
        versions = responses.questionnaires_answered(connection, wave.id)
        answered = {version: catalogue.questionnaire(*version) for version in versions}
        answered.setdefault((questionnaire.code, questionnaire.version), questionnaire)
        rows = extract.wave_rows(connection, wave.id, frame, answered)
    ground = catalogue.ground(wave.id)
    margins = population_by_cell(frame, ground.plan.districts, questionnaire)
    population = pd.DataFrame(
        [(row.district, row.sex, row.age_band, row.population) for row in margins.rows],
        columns=["district", "sex", "age_band", "population"],
    )
    rates = wave_rates(rows, population, _indicators(questionnaire), expected={"neighbourhood": list(ground.districts)})
    waves_estimated[wave.id] = (size, rates)
    return rates


def _indicators(questionnaire: Questionnaire) -> tuple[Indicator, ...]:
    return tuple(Indicator(each.code, each.target, each.title) for each in questionnaire.indicators)
