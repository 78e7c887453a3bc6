"""A wave's rates beside what they could have been called: its items under the other definitions that are in use."""

from dataclasses import dataclass

import pandas as pd

from analysis.columns import DISTRICT
from analysis.definitions import Defined, Scale, rival_definitions
from analysis.rates import CITY
from survey.db import Database
from survey.domain.questionnaire import Indicator, Mark, Questionnaire
from survey.queries import waves
from survey.queries.extract import answer_column
from survey.services.catalogue import Catalogue, NotFound
from survey.services.wave_frame import WaveFrame, worked_out


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
    with db.reading() as connection:
        wave = waves.wave_by_code(connection, code)
    if wave is None:
        raise NotFound(code)
    return worked_out(db, catalogue, wave, "definitions", _definitions)


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
