"""The input contract: which columns the rows of a wave and the population have, and what an indicator is.

One row is one interview. `point` is the primary sampling unit and `stratum` the district it stands in; `district`,
`street` and `neighbourhood` are where the respondent lives. Without a column `stratum`, everyone is taken to live in
the district of the point. Each indicator has a column of its own code with 1 = counts, 0 = does not, missing = not in
the base.

`sex` and `age_band` are `DIMENSIONS`: a questionnaire may ask neither, one or both. Where a dimension is wholly missing
in the rows it makes no domains, and where it is wholly missing in the population it makes no post-strata.

Beside an indicator the rows may say why an outcome is missing, in a column named by `missing_column`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

MODE, DISTRICT, STREET, NEIGHBOURHOOD = "mode", "district", "street", "neighbourhood"
POINT, SEX, AGE_BAND, POPULATION = "point", "sex", "age_band", "population"

STRATUM = "stratum"

UNIT, COUNT, WEIGHT = "unit", "n", "w"  # of a tally

WAVE_COLUMNS = (MODE, DISTRICT, STREET, NEIGHBOURHOOD, POINT, SEX, AGE_BAND)
POPULATION_COLUMNS = (DISTRICT, SEX, AGE_BAND, POPULATION)
DIMENSIONS = (SEX, AGE_BAND)

# No indicator may have such a code, and no other dimension than sex and age_band: they are columns of their own.
RESERVED_COLUMNS = frozenset({*WAVE_COLUMNS, STRATUM, POPULATION, UNIT, COUNT, WEIGHT})

DONT_KNOW, REFUSED = "dont_know", "refused"
WHY_MISSING = (DONT_KNOW, REFUSED, "not_asked", "unanswered")


class ColumnsError(ValueError):
    """The frame does not keep the input contract; the message names the columns and the way out."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """A rate: its column, the target it should reach (a share, 0..1) and its name in each language."""

    code: str
    target: float
    title: Mapping[str, str]

    def __post_init__(self) -> None:
        if not 0 <= self.target <= 1:
            raise ColumnsError(f"The target of {self.code} is {self.target:g}; it is a share between 0 and 1.")


def missing_column(code: str) -> str:
    """The optional column that says why an outcome of the indicator is missing: one of WHY_MISSING, else missing."""
    return f"{code}:missing"


def checked_rows(rows: pd.DataFrame, indicators: Sequence[Indicator]) -> pd.DataFrame:
    """The columns of the contract, codes as text with None for missing and outcomes as floats. Raises ColumnsError."""
    codes = [indicator.code for indicator in indicators]
    _require(rows, [*(name for name in WAVE_COLUMNS if name not in DIMENSIONS), *codes], "The rows of a wave")
    absent = pd.Series(None, index=rows.index, dtype=object)
    frame = pd.DataFrame({name: _text(rows.get(name, absent)) for name in WAVE_COLUMNS}, index=range(len(rows)))
    if STRATUM in rows.columns:
        stratum = rows[STRATUM].where(rows[STRATUM].notna(), rows[DISTRICT])
        frame[STRATUM] = _text(stratum.astype(object))
    else:
        frame[STRATUM] = frame[DISTRICT]
    unplaced = [name for name in (MODE, DISTRICT) if frame[name].isna().any()]
    if unplaced:
        raise ColumnsError(
            f"Column {' and '.join(unplaced)} has missing values, but every interview has a mode and lies in a "
            "district. Take both from the collection point."
        )
    for code in codes:
        values = np.asarray(pd.to_numeric(rows[code]), dtype=np.float64)
        odd = ~(np.isnan(values) | (values == 0) | (values == 1))
        if odd.any():
            raise ColumnsError(f"Column {code} holds {values[odd][0]:g}; an indicator is 1, 0 or missing.")
        frame[code] = values
        why = missing_column(code)
        if why in rows.columns:
            frame[why] = _why_missing(rows[why], why, np.isnan(values))
    return frame


def _why_missing(reasons: pd.Series, name: str, missing: npt.NDArray[np.bool_]) -> pd.Categorical:
    column = _text(reasons)
    odd = sorted(set(column.categories) - set(WHY_MISSING))
    if odd:
        raise ColumnsError(f"Column {name} holds {odd[0]}; a reason is one of {', '.join(WHY_MISSING)}, or missing.")
    if (column.notna() & ~missing).any():
        raise ColumnsError(f"Column {name} has a reason where there is an outcome. Only a missing outcome has one.")
    return column


def checked_population(population: pd.DataFrame) -> pd.DataFrame:
    """District × the dimensions it knows, with the people in each, one line a cell. Raises ColumnsError.

    A dimension that is absent, or missing in every line, is left out of the result.
    """
    _require(population, (DISTRICT, POPULATION), "The population")
    known = [name for name in DIMENSIONS if name in population.columns and population[name].notna().any()]
    names = [DISTRICT, *known]
    frame = pd.DataFrame({name: _text(population[name]) for name in names}, index=range(len(population)))
    frame[POPULATION] = np.asarray(population[POPULATION], dtype=np.float64)
    if frame.isna().any(axis=None) or (frame[POPULATION] < 0).any():
        raise ColumnsError("The population has an empty or negative entry. Every cell needs a size of 0 or more.")
    if frame.duplicated(names).any():
        twice = frame[frame.duplicated(names)].iloc[0]
        raise ColumnsError(f"The population lists {' × '.join(twice[names])} twice. Add the lines up.")
    return frame


def _require(frame: pd.DataFrame, names: Iterable[str], what: str) -> None:
    absent = [name for name in names if name not in frame.columns]
    if absent:
        raise ColumnsError(f"{what}: there is no column {', '.join(absent)}.")


def _text(column: pd.Series) -> pd.Categorical:
    """Codes as text in sorted categories, so that later passes over the rows handle small integers."""
    codes, values = pd.factorize(column)
    names, place = np.unique(np.array([str(value) for value in values], dtype=object), return_inverse=True)
    return pd.Categorical.from_codes(np.append(place, -1)[codes], categories=pd.Index(names, dtype=object))
