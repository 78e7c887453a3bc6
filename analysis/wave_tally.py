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
    WAVE_COLUMNS,
    WHY_MISSING,
    Indicator,
    checked_rows,
    missing_column,
)
from analysis.engines.engine import Engine, literal, quoted
from analysis.engines.one_pass import columns_of, number, one_pass
from analysis.tally import Tally, grouped, tally

TALLY_KEYS = (MODE, STRATUM, UNIT, DISTRICT, STREET, NEIGHBOURHOOD, SEX, AGE_BAND)


def wave_tally(rows: pd.DataFrame, indicators: Sequence[Indicator], also_by: pd.DataFrame | None = None) -> Tally:
    """The one pass over a wave's rows (`columns.WAVE_COLUMNS` and one column an indicator). Raises ColumnsError.

    also_by: (rows, any) further columns to reduce by.
    """
    frame = _with_units(checked_rows(rows, indicators))
    further = () if also_by is None else tuple(map(str, also_by.columns))
    if also_by is not None:
        frame = frame.assign(**{name: also_by[name].to_numpy() for name in further})
    codes = [indicator.code for indicator in indicators]
    counts = {
        left_out_column(reason, code): np.asarray(frame[missing_column(code)].eq(reason), dtype=np.float64)
        for code in codes
        for reason in (DONT_KNOW, REFUSED)
        if missing_column(code) in frame
    }
    return tally(frame, (*TALLY_KEYS, *further), codes, counts=counts)


def wave_tally_from(source: Engine | pd.DataFrame, indicators: Sequence[Indicator]) -> Tally:
    """`wave_tally` of rows wherever they lie, by one SQL string. Indicators are numbers, codes and reasons are text.

    Raises ColumnsError as `wave_tally` does.
    """
    if isinstance(source, pd.DataFrame):
        return wave_tally(source, indicators)
    known = columns_of(source)
    checked_rows(known, indicators)  # are the columns there?
    codes = [indicator.code for indicator in indicators]
    wrong: dict[str, str] = {}
    counts: dict[str, str] = {}
    for code in codes:
        answer, reason = number(code), f"({quoted(missing_column(code))} || '')"  # text also where all is NULL
        wrong[f"wrong:{code}"] = f"{answer} <> 0 AND {answer} <> 1"
        if missing_column(code) in known.columns:
            allowed = ", ".join(map(literal, WHY_MISSING))
            wrong[f"wrong:{missing_column(code)}"] = (
                f"{reason} NOT IN ({allowed}) OR ({reason} IS NOT NULL AND {answer} IS NOT NULL)"
            )
            counts |= {left_out_column(why, code): f"{reason} = {literal(why)}" for why in (DONT_KNOW, REFUSED)}
    keys = [name for name in (*WAVE_COLUMNS, STRATUM) if name in known.columns]
    raw = one_pass(source, keys, codes, conditions=wrong | counts).cells
    if raw[list(wrong)].any(axis=None):
        offending = " OR ".join(f"({condition})" for condition in wrong.values())
        one = f"SELECT * FROM {source.relation} WHERE {offending} LIMIT 1"  # noqa: S608  (names are quoted)
        checked_rows(source.run(one), indicators)  # says what is wrong with it
    sums = raw.columns.drop([*keys, *wrong])
    cells = _with_units(checked_rows(raw[keys], ()))
    summed = {name: raw[name].to_numpy(np.float64) for name in sums}
    return Tally(TALLY_KEYS, tuple(codes), grouped(cells, TALLY_KEYS, summed))


def _with_units(frame: pd.DataFrame) -> pd.DataFrame:
    # Without a point the neighbourhood is the unit: answers from one place are still alike.
    point = frame[POINT].astype(object)
    unit = point.where(point.notna(), frame[NEIGHBOURHOOD].astype(object)).fillna("")
    return frame.assign(**{UNIT: pd.Categorical(unit)})


def left_out_column(reason: str, code: str) -> str:
    """The column of a wave's tally that counts the interviews left out of an indicator for this reason."""
    return f"{reason}:{code}"
