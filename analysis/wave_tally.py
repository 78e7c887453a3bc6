"""The tally of a wave: by which keys its rows are reduced to cells, and what is counted beside the outcomes."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.columns import (
    AGE_BAND,
    DISTRICT,
    DONT_KNOW,
    MODE,
    NEIGHBOURHOOD,
    POINT,
    REFUSED,
    SEX,
    STRATUM,
    STREET,
    UNIT,
    Indicator,
    checked_rows,
    missing_column,
)
from analysis.tally import Tally, tally

TALLY_KEYS = (MODE, STRATUM, UNIT, DISTRICT, STREET, NEIGHBOURHOOD, SEX, AGE_BAND)


def wave_tally(rows: pd.DataFrame, indicators: Sequence[Indicator]) -> Tally:
    """The one pass over a wave's rows (`columns.WAVE_COLUMNS` and one column an indicator). Raises ColumnsError."""
    frame = checked_rows(rows, indicators)
    # Without a point the neighbourhood is the unit: answers from one place are still alike.
    point = frame[POINT].astype(object)
    unit = point.where(point.notna(), frame[NEIGHBOURHOOD].astype(object)).fillna("")
    codes = [indicator.code for indicator in indicators]
    counts = {
        left_out_column(reason, code): np.asarray(frame[missing_column(code)].eq(reason), dtype=np.float64)
        for code in codes
        for reason in (DONT_KNOW, REFUSED)
        if missing_column(code) in frame
    }
    return tally(frame.assign(**{UNIT: pd.Categorical(unit)}), TALLY_KEYS, codes, counts=counts)


def left_out_column(reason: str, code: str) -> str:
    """The column of a wave's tally that counts the interviews left out of an indicator for this reason."""
    return f"{reason}:{code}"
