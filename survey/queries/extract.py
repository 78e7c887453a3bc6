"""A wave as the analysis sees it: one row per complete response, with places, groups, the outcome of each
indicator with the answer it was made from, and what else is asked about people.

The columns are those of analysis/columns.py. A point at which tablets worked in several shifts is a unit in each of
them; answers that came there through the poster are one more. Only complete responses stand in the estimates: partial,
ineligible, over quota and duplicate ones are counted elsewhere and never here.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from sqlalchemy import Connection, select
from sqlmodel import col

from analysis.columns import WAVE_COLUMNS, missing_column
from survey.domain.disposition import Disposition
from survey.domain.frame import Frame
from survey.domain.indicator import about_people, outcome, why_missing
from survey.domain.questionnaire import Questionnaire
from survey.domain.quota import cell_of
from survey.tables.assignment import AssignmentRow
from survey.tables.paradata import ParadataRow
from survey.tables.response import ResponseRow
from survey.tables.wave import PointRow


def answer_column(item: str) -> str:
    """The column that holds the answers to an item, as they were given."""
    return f"answer:{item}"


def wave_rows(
    connection: Connection, wave_id: int, frame: Frame, questionnaires: Mapping[tuple[str, int], Questionnaire]
) -> pd.DataFrame:
    """The analysis frame of a wave. `questionnaires` holds every (code, version) that its responses were given to."""
    found = connection.execute(
        select(
            col(ResponseRow.mode),
            col(ResponseRow.point_code),
            col(PointRow.district_code),
            col(ResponseRow.area_code),
            col(ResponseRow.answers),
            col(ResponseRow.questionnaire_code),
            col(ResponseRow.questionnaire_version),
            col(AssignmentRow.shift),
        )
        .join(PointRow, col(PointRow.code) == col(ResponseRow.point_code))
        .outerjoin(ParadataRow, col(ParadataRow.response_id) == col(ResponseRow.id))
        .outerjoin(AssignmentRow, col(AssignmentRow.id) == col(ParadataRow.assignment_id))
        .where(col(ResponseRow.wave_id) == wave_id, col(ResponseRow.disposition) == Disposition.COMPLETE.value)
        .order_by(col(ResponseRow.received_at), col(ResponseRow.id))
    ).all()
    shifts: dict[str, set[str]] = {}
    for _, point, *_, shift in found:
        if shift is not None:
            shifts.setdefault(point, set()).add(shift)
    places: dict[str, dict[str, str | None]] = {}
    rows: list[dict[str, Any]] = []
    for mode, point, stratum, area, answers, code, version, shift in found:
        questionnaire = questionnaires[code, version]
        if area not in places:
            places[area] = _places(frame, area)
        unit = f"{point} {shift}" if shift is not None and len(shifts[point]) > 1 else point
        row: dict[str, Any] = {"mode": mode, "point": unit, "stratum": stratum, **places[area]}
        cell = cell_of(questionnaire, mode, stratum, answers)
        row |= dict(cell.values if cell is not None else ())
        for each in questionnaire.indicators:
            row[each.code] = outcome(each, questionnaire, answers)
            row[missing_column(each.code)] = why_missing(each, questionnaire, answers)
            row |= {answer_column(item): answers.get(item) for item in each.items}
        row |= {answer_column(item): answers.get(item) for item in about_people(questionnaire)}
        rows.append(row)
    indicators = [indicator for known in questionnaires.values() for indicator in known.indicators]
    declared = [name for each in indicators for name in (each.code, *map(answer_column, each.items))]
    declared += [answer_column(item) for known in questionnaires.values() for item in about_people(known)]
    columns = list(dict.fromkeys([*WAVE_COLUMNS, "stratum", *(key for row in rows for key in row), *declared]))
    return pd.DataFrame(rows, columns=columns)


def _places(frame: Frame, area: str) -> dict[str, str | None]:
    district, street = frame.district_of(area), frame.street_of(area)
    return {
        "district": district.code if district else None,
        "street": street.code if street else None,
        "neighbourhood": area,
    }
