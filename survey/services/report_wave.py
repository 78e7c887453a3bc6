"""The report of a wave: extract its rows, let the analysis estimate, flag and compare. Pages only render it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from analysis.columns import NEIGHBOURHOOD
from analysis.modes import MODES
from analysis.rates import HEADLINE_MODE, SELF_SELECTED_MODES, WaveRates, wave_rates
from analysis.report import WaveReport, wave_report
from analysis.risk import Flag
from survey.config import VERSION
from survey.db import Database
from survey.domain.disposition import Disposition
from survey.domain.fieldwork import QuotaCell, Wave
from survey.domain.frame import Frame
from survey.domain.questionnaire import Indicator as DeclaredIndicator
from survey.domain.questionnaire import Questionnaire
from survey.domain.wave import WavePlan
from survey.domain.wave_json import plan_from_json
from survey.queries import letters, quotas, responses, waves
from survey.services.catalogue import Catalogue, NotFound
from survey.services.neighbourhoods import Neighbourhoods, model_neighbourhoods
from survey.services.wave_frame import WaveFrame, indicators_of, worked_out

EARLIER = 2  # waves that a change is read from, beside this one


@dataclass(frozen=True, slots=True)
class WaveResults:
    """Everything a wave's pages show: the wave, its quotas, what became of each visit, and the report of its rates.

    neighbourhoods: by indicator, what a model says of each by the headline mode. earlier: rates of comparable waves,
    the latest last.
    """

    wave: Wave
    questionnaire: Questionnaire
    frame: Frame
    cells: tuple[QuotaCell, ...]
    dispositions: Mapping[tuple[str, Disposition], int]
    report: WaveReport
    headline_mode: str
    neighbourhoods: Mapping[str, Neighbourhoods]
    earlier: tuple[WaveRates, ...]
    letters_out: int
    letters_used: int


def report_wave(db: Database, catalogue: Catalogue, code: str, now: datetime) -> WaveResults:
    """The results of a wave as they stand, beside those of the wave before. Raises NotFound."""
    with db.reading() as connection:
        wave = waves.wave_by_code(connection, code)
        if wave is None:
            raise NotFound(code)
        cells = tuple(quotas.cells_of_wave(connection, wave.id))
        dispositions = responses.count_by_disposition(connection, wave.id)
        batches = letters.batches_of_wave(connection, wave.id)
        answered = {
            each: responses.count_complete(connection, each.id)
            for each in waves.waves(connection)
            if each.opens_at < wave.opens_at
        }
    comparable = [each for each, count in answered.items() if count and _comparable(catalogue, each, wave)]
    also = tuple((each.id, answered[each], each.questionnaire_version) for each in comparable[:EARLIER])
    questionnaire = catalogue.questionnaire(wave.questionnaire_code, wave.questionnaire_version)
    frame = catalogue.frame(wave.frame_id)
    counts: dict[str, dict[str, int]] = {}
    for (mode, disposition), count in dispositions.items():
        counts.setdefault(mode, {})[disposition.value] = count
    rates = estimate_wave(db, catalogue, wave)
    before = [_comparable_rates(db, catalogue, each, questionnaire) for each in comparable[:EARLIER]]
    previous = before[0] if before else None
    mode = headline_mode(plan_from_json(wave.plan))
    modelled: Mapping[str, Neighbourhoods] = {}
    if mode not in SELF_SELECTED_MODES and responses_of(dispositions, mode):
        modelled = model_neighbourhoods(db, catalogue, wave, mode, rates, previous, also)
    report = wave_report(
        rates,
        indicators_of(questionnaire),
        wave=wave.code,
        data_until=now,
        code_version=VERSION,
        responses=counts,
        previous=previous,
        previous_wave=comparable[0].code if comparable else None,
        parents={code: area.parent_code for code, area in frame.areas.items() if area.parent_code is not None},
        modelled={
            (code, mode, NEIGHBOURHOOD, area.name): Flag(area.kind, area.reason, area.interviews or None)
            for code, each in modelled.items()
            for area in each.flags.areas
        },
        model=next((each.estimates.method for each in modelled.values()), None),
    )
    return WaveResults(
        wave=wave,
        questionnaire=questionnaire,
        frame=frame,
        cells=cells,
        dispositions=dispositions,
        report=report,
        headline_mode=mode,
        neighbourhoods=modelled,
        earlier=tuple(reversed(before)),
        letters_out=sum(batch.out for batch in batches),
        letters_used=sum(batch.used for batch in batches),
    )


def headline_mode(plan: WavePlan) -> str:
    """The mode that carries the headline: intercept, or another that may, or whatever the wave has instead."""
    modes = [sample.mode.value for sample in plan.samples]
    if HEADLINE_MODE in modes or not modes:
        return HEADLINE_MODE
    may = [mode.code for mode in MODES if mode.headline]
    return next((mode for mode in modes if mode in may), modes[0])


def responses_of(dispositions: Mapping[tuple[str, Disposition], int], mode: str) -> int:
    """Complete responses by a mode."""
    return dispositions.get((mode, Disposition.COMPLETE), 0)


def _comparable(catalogue: Catalogue, earlier: Wave, wave: Wave) -> bool:
    """An earlier wave of the same questionnaire, whatever its version, in the same city, whatever its frame."""
    cities = {catalogue.frame(each.frame_id).city.code for each in (earlier, wave)}
    return earlier.questionnaire_code == wave.questionnaire_code and len(cities) == 1


def _comparable_rates(db: Database, catalogue: Catalogue, earlier: Wave, questionnaire: Questionnaire) -> WaveRates:
    """The rates of an earlier wave whose definition is still the same; a rate defined otherwise is another rate."""
    before = catalogue.questionnaire(earlier.questionnaire_code, earlier.questionnaire_version)
    now = {indicator.code: _definition(indicator) for indicator in questionnaire.indicators}
    same = {each.code for each in before.indicators if now.get(each.code) == _definition(each)}
    rates = estimate_wave(db, catalogue, earlier)
    return replace(rates, rates=tuple(rate for rate in rates if rate.indicator in same))


def _definition(indicator: DeclaredIndicator) -> tuple[object, ...]:
    return indicator.items, indicator.counted, indicator.base


def estimate_wave(db: Database, catalogue: Catalogue, wave: Wave) -> WaveRates:
    """The rates of a wave. Computed anew only when responses were added since the last time."""
    return worked_out(db, catalogue, wave, "rates", _rates)


def _rates(frame: WaveFrame) -> WaveRates:
    expected = {"neighbourhood": frame.neighbourhoods}
    return wave_rates(frame.rows, frame.population, frame.indicators, expected=expected)
