"""Signs that interviews of a wave were made up, drilled or stuffed: evidence with the interviews it rests on.

Nothing is changed by it. The list says whom to ask again first; what comes of that is for people to decide.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from analysis.quality.answers import Item, checked_answers
from analysis.quality.leads import Review
from analysis.quality.point_statistics import PointStatistics, point_statistics
from analysis.quality.review import review
from survey.config import OFFICE_ZONE
from survey.db import Database
from survey.domain.disposition import Disposition
from survey.domain.fieldwork import Point
from survey.domain.questionnaire import ItemType, Mark, Questionnaire
from survey.queries import answer_sheets, responses, waves
from survey.services.catalogue import Catalogue, NotFound
from survey.services.wave_frame import WaveFrame, worked_out

SEED = 20261126  # the same answers give the same list
_CHOSEN = (ItemType.ONE, ItemType.SCALE, ItemType.SEVERAL)


@dataclass(frozen=True, eq=False)
class QualityReview:
    """The review of a wave, how many interviews it looked at, and its points by code.

    other: interviews under a version of the questionnaire that asks otherwise, which were not looked at. statistics: of
    every point, over all finished forms, also those that came when their quota was full.
    """

    review: Review
    interviews: int
    other: int
    points: Mapping[str, Point]
    statistics: tuple[PointStatistics, ...] = ()
    data_until: datetime | None = None  # the last arrival among the forms


def review_quality(db: Database, catalogue: Catalogue, code: str) -> QualityReview:
    """The signs in a wave as it stands. Raises NotFound."""
    with db.reading() as connection:
        wave = waves.wave_by_code(connection, code)
        if wave is None:
            raise NotFound(code)
        points = {point.code: point for point in waves.points_of_wave(connection, wave.id)}

    def work(frame: WaveFrame) -> QualityReview:
        items = quality_items(frame.questionnaire)
        asked = [frame.questionnaire.items[item.code] for item in items]
        with db.reading() as connection:
            versions = {
                version
                for version in responses.questionnaires_answered(connection, wave.id)
                if quality_items(catalogue.questionnaire(*version)) == items
            }
            place = catalogue.frame(wave.frame_id)
            sheets = answer_sheets.answer_sheets(connection, wave.id, versions, place, asked)
            sheets["started"] = _local(sheets["started"])
            complete = sheets[sheets["disposition"] == Disposition.COMPLETE].reset_index(drop=True)
            other = responses.count_complete(connection, wave.id) - len(complete)
            until = responses.last_arrival(connection, wave.id)
        if not len(sheets) or not items:
            return QualityReview(Review((), (), ()), len(complete), other, points, data_until=until)
        statistics = point_statistics(checked_answers(sheets, items), sheets)
        found = Review((), (), ())
        if len(complete):
            found = review(checked_answers(complete, items), np.random.default_rng(SEED))
        return QualityReview(found, len(complete), other, points, statistics, until)

    with db.reading() as connection:
        finished = responses.count_by_disposition(connection, wave.id)
    also = sum(count for (_, disposition), count in finished.items() if disposition is Disposition.OVER_QUOTA)
    return worked_out(db, catalogue, wave, "quality", work, also)


def _local(moments: pd.Series) -> pd.Series:
    """On the office's clock, since people come in the evening of their own day."""
    return pd.to_datetime(moments, utc=True).dt.tz_convert(ZoneInfo(OFFICE_ZONE)).dt.tz_localize(None)


def quality_items(questionnaire: Questionnaire) -> tuple[Item, ...]:
    """The questions whose answers are compared: those with categories that are about no fact of the person's cell."""
    strata = {stratum.item for stratum in questionnaire.strata}
    found = []
    for code, item in questionnaire.items.items():
        if item.type not in _CHOSEN or code in strata:
            continue
        marked = {category.mark: category.code for category in item.categories if category.mark is not None}
        categories = tuple(category.code for category in item.substantive)
        if item.type is ItemType.SCALE and _worst_first(questionnaire, code, categories):
            categories = categories[::-1]
        found.append(
            Item(
                code,
                categories,
                scale=item.type is ItemType.SCALE,
                dont_know=marked.get(Mark.DONT_KNOW),
                refused=marked.get(Mark.REFUSED),
                multiple=item.type is ItemType.SEVERAL,
            )
        )
    return tuple(found)


def _worst_first(questionnaire: Questionnaire, code: str, categories: tuple[str, ...]) -> bool:
    """Do the categories that an indicator counts stand at the end? Scales are written from the best, unless they do."""
    counted = next((each.counted for each in questionnaire.indicators if code in each.items), frozenset[str]())
    return bool(counted) and categories[0] not in counted and categories[-1] in counted
