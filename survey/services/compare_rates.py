"""A wave's rates beside rival ones: its items under the other definitions that are in use, and the open QR answers
beside the reference sample, as they are and as models would have them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import pandas as pd

from analysis.calibration import CalibrationError
from analysis.columns import DISTRICT, MODE
from analysis.definitions import Defined, Scale, rival_definitions
from analysis.doubly_robust import DoublyRobust, doubly_robust
from analysis.mode_gap import ModeGap, mode_gap
from analysis.modes import OPEN_QR
from analysis.propensity import Propensity, PropensityError
from analysis.pseudo_weights import PseudoWeighted, pseudo_weighted, weigh
from analysis.rates import CITY
from analysis.tally import Tally
from analysis.two_samples import tally_by
from survey.db import Database
from survey.domain.indicator import about_people
from survey.domain.questionnaire import Indicator, Mark, Questionnaire
from survey.queries import waves
from survey.queries.extract import answer_column
from survey.services.catalogue import Catalogue, NotFound
from survey.services.wave_frame import WaveFrame, worked_out

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Definitions:
    """One indicator's item under every definition. declared: the one that the questionnaire declares, where it is one
    of them. A mean score is in points, 0 to 100.
    """

    indicator: str
    declared: str | None
    defined: tuple[Defined, ...]


def compare_definitions(db: Database, catalogue: Catalogue, code: str) -> tuple[Definitions, ...]:
    """Every indicator of a wave that rests on an ordered item, under the rival definitions. Raises NotFound."""
    return _of_wave(db, catalogue, code, "definitions", _definitions)


def _of_wave(db: Database, catalogue: Catalogue, code: str, what: str, work: Callable[[WaveFrame], T]) -> T:
    with db.reading() as connection:
        wave = waves.wave_by_code(connection, code)
    if wave is None:
        raise NotFound(code)
    return worked_out(db, catalogue, wave, what, work)


@dataclass(frozen=True, slots=True)
class ModesCompared:
    """One indicator's open QR answers against the reference sample. gap, weighted, robust: None where there are too few
    answers, or no population, to work them out.
    """

    indicator: str
    gap: ModeGap | None
    weighted: PseudoWeighted | None = None
    robust: DoublyRobust | None = None


def compare_modes(db: Database, catalogue: Catalogue, code: str, reference: str) -> tuple[ModesCompared, ...]:
    """Every indicator's open answers against those of the mode `reference`. Raises NotFound."""
    return _of_wave(db, catalogue, code, f"modes beside {reference}", lambda frame: _modes(frame, reference))


def _modes(frame: WaveFrame, reference: str) -> tuple[ModesCompared, ...]:
    if frame.population is None or not {OPEN_QR, reference} <= set(frame.rows[MODE]):
        return tuple(ModesCompared(indicator.code, None) for indicator in frame.indicators)
    own = {each.code: [answer_column(item) for item in each.items] for each in frame.questionnaire.indicators}
    people = [answer_column(item) for item in about_people(frame.questionnaire)]
    common = dict.fromkeys([*people, *(name for names in own.values() for name in names)])
    varied = [name for name in common if frame.rows[name].nunique() > 1]
    reduced = tally_by(frame.rows, frame.indicators, varied)
    found = []
    for code, items in own.items():
        compared = ModesCompared(code, mode_gap(reduced, frame.population, code, reference))
        # Whoever is aware answers by himself more often: the other indicators tell the two kinds of people apart.
        asked = [name for name in varied if name not in items]
        found.append(_modelled(reduced, frame.population, compared, reference, asked))
    return tuple(found)


def _modelled(
    reduced: Tally, population: pd.DataFrame, compared: ModesCompared, reference: str, asked: list[str]
) -> ModesCompared:
    """With the modelled rates, where the models can be fitted."""
    try:
        inverse, likelihood = (
            weigh(reduced, population, reference, asked=asked, model=model)
            for model in (Propensity.ELLIOTT_VALLIANT, Propensity.CHEN_LI_WU)
        )
        weighted = pseudo_weighted(inverse, compared.indicator)
        robust = doubly_robust(likelihood, compared.indicator)
    except (PropensityError, CalibrationError):
        return compared
    return replace(compared, weighted=weighted, robust=robust)


def _definitions(frame: WaveFrame) -> tuple[Definitions, ...]:
    found = []
    for indicator in frame.questionnaire.indicators:
        scale = _scale(frame.questionnaire, indicator)
        if scale is None or not _all_on(scale, frame.rows[answer_column(*indicator.items)]):
            continue
        declared = next((code for code, best in scale.counted.items() if set(best) == indicator.counted), None)
        (item,) = indicator.items
        defined = rival_definitions(frame.rows, answer_column(item), scale, frame.population, kinds=(CITY, DISTRICT))
        found.append(Definitions(indicator.code, declared, defined))
    return tuple(found)


def _all_on(scale: Scale, answers: "pd.Series[str]") -> bool:
    """Does the scale list every answer? Another version of the questionnaire may have had other categories."""
    return set(answers.dropna()) <= {*scale.categories, *scale.marks}


def _scale(questionnaire: Questionnaire, indicator: Indicator) -> Scale | None:
    """The indicator's item from the best category to the worst: the counted ones are one end of it. None where they
    are in the middle, or where there is nothing to order.
    """
    (item,) = indicator.items
    codes = tuple(category.code for category in questionnaire.items[item].substantive)
    k = len(indicator.counted & set(codes))
    if len(codes) < 2 or not 0 < k < len(codes):
        return None
    if indicator.counted == set(codes[:k]):
        best_first = codes
    elif indicator.counted == set(codes[-k:]):
        best_first = codes[::-1]
    else:
        return None
    inside = {Mark.DONT_KNOW: indicator.base.dont_know, Mark.REFUSED: indicator.base.refused}
    marks = {
        category.code: inside[category.mark]
        for category in questionnaire.items[item].categories
        if category.mark is not None
    }
    return Scale(best_first, marks)
