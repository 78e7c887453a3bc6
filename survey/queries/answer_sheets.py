"""Every finished form of a wave as the checks of its quality see it: who, where, when, how long, and all answers.

The columns are those of analysis/quality/answers.py. A volunteer's own clock, put right, says when and how long; of
people who answered by themselves the page's opening and the arrival do; of a form on paper nothing does, since the desk
types in many of them in one sitting.
"""

from collections.abc import Collection, Sequence
from typing import Any

import pandas as pd
from sqlalchemy import Connection, select, tuple_
from sqlmodel import col

from survey.domain.disposition import Disposition
from survey.domain.frame import Frame
from survey.domain.questionnaire import Item
from survey.domain.submission import Channel
from survey.domain.wave import Mode
from survey.tables.account import AccountRow
from survey.tables.paradata import ParadataRow
from survey.tables.response import ResponseRow
from survey.tables.wave import PointRow

COLUMNS = ("id", "mode", "point", "district", "neighbourhood", "volunteer", "started", "duration")
EVIDENCE = ("disposition", "channel", "earlier_forms", "proof")
_FINISHED = (Disposition.COMPLETE, Disposition.OVER_QUOTA)


def answer_sheets(
    connection: Connection, wave_id: int, versions: Collection[tuple[str, int]], frame: Frame, items: Sequence[Item]
) -> pd.DataFrame:
    """One row a form under these versions of questionnaires, in the order of arrival; those beyond a full quota too."""
    found = connection.execute(
        select(
            col(ResponseRow.id),
            col(ResponseRow.mode),
            col(ResponseRow.point_code),
            col(PointRow.district_code),
            col(ResponseRow.area_code),
            col(AccountRow.name),
            col(ResponseRow.opened_at),
            col(ResponseRow.received_at),
            col(ParadataRow.started_at),
            col(ParadataRow.elapsed_ms),
            col(ResponseRow.answers),
            *(col(getattr(ResponseRow, name)) for name in EVIDENCE),
        )
        .join(PointRow, col(PointRow.code) == col(ResponseRow.point_code))
        .outerjoin(ParadataRow, col(ParadataRow.response_id) == col(ResponseRow.id))
        .outerjoin(AccountRow, col(AccountRow.id) == col(ParadataRow.account_id))
        .where(
            col(ResponseRow.wave_id) == wave_id,
            tuple_(col(ResponseRow.questionnaire_code), col(ResponseRow.questionnaire_version)).in_(list(versions)),
            col(ResponseRow.disposition).in_([each.value for each in _FINISHED]),
        )
        .order_by(col(ResponseRow.received_at), col(ResponseRow.id))
    ).all()
    rows: list[dict[str, Any]] = []
    for ident, mode, point, district, area, volunteer, opened, received, started, elapsed, answers, *evidence in found:
        on_paper = evidence[EVIDENCE.index("channel")] == Channel.DESK
        seconds = elapsed / 1000 if elapsed is not None else (received - opened).total_seconds()
        home = frame.district_of(area) if area is not None and area in frame.areas else None
        row = {
            "id": str(ident),
            "mode": mode,
            "point": point,
            "district": home.code if home is not None else district,
            "neighbourhood": area,
            "volunteer": volunteer,
            # Of an answer to a letter only the day is kept.
            "started": None if on_paper or mode == Mode.SAMPLED else started or opened,
            "duration": seconds if seconds > 0 and not on_paper else None,
        }
        row |= dict(zip(EVIDENCE, evidence, strict=True))
        rows.append(row | {item.code: _cell(answers.get(item.code)) for item in items})
    frame_columns = [*COLUMNS, *EVIDENCE, *(item.code for item in items)]
    sheets = pd.DataFrame(rows, columns=frame_columns)
    sheets["started"] = pd.to_datetime(sheets["started"], utc=True)
    return sheets


def _cell(answer: object) -> object:
    """Several categories are parted by spaces."""
    return " ".join(map(str, answer)) if isinstance(answer, list) else answer
