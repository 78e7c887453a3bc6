"""The tally by one plain SQL string, the same text for every engine.

Standard SQL only: CASE, COUNT, SUM, MIN, GROUP BY, names in double quotes. Where a weight of 0 occurs, a second pass
groups such rows apart, and they are put together afterwards: that spares every other pass a count for every variable.

A float that is not a number counts as missing, as NULL does. SQL has no common test for it, but every engine sorts it
above all numbers: what is above 1 and has an inverse above 1 is none.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.design import Floats
from analysis.engines.engine import Engine, literal, quoted
from analysis.tally import Tally, TallyError, grouped, parts_of, tally

_WEIGHTED = "weighted"  # 1 = of positive weight, 0 = of weight 0
_LEAST, _KNOWN = "least_w", "known_w"  # the smallest weight, and how many there are


def tally_from(
    source: Engine | pd.DataFrame,
    keys: Sequence[str],
    variables: Sequence[str],
    weights: str | None = None,
    counts: Mapping[str, tuple[str, str]] | None = None,
) -> Tally:
    """`tally.tally` of rows wherever they lie. Variables and weights are numbers; a missing key is a level of its own.

    counts: by name, a text column and the value whose rows are counted. Raises TallyError for columns that are not
    there and for weights that are missing, negative or not finite.
    """
    counts = counts or {}
    known = source if isinstance(source, pd.DataFrame) else columns_of(source)
    asked = [*keys, *variables, *([weights] if weights else []), *(column for column, _ in counts.values())]
    absent = [name for name in dict.fromkeys(asked) if name not in known.columns]
    if absent:
        raise TallyError(f"There is no column {', '.join(absent)}. The columns are {', '.join(known.columns)}.")
    if isinstance(source, pd.DataFrame):
        found = {name: np.asarray(source[column].eq(value), np.float64) for name, (column, value) in counts.items()}
        return tally(source, keys, variables, weights, found)
    conditions = {name: f"{quoted(column)} = {literal(value)}" for name, (column, value) in counts.items()}
    return one_pass(source, keys, variables, weights, conditions)


def columns_of(engine: Engine) -> pd.DataFrame:
    """The columns of the rows, without rows. SQLite would take an unknown name in double quotes for a text."""
    return engine.run(f"SELECT * FROM {engine.relation} WHERE 1 = 0")  # noqa: S608  (the relation is the caller's)


def number(column: str) -> str:
    """SQL: the column's number, NULL where it is missing or not a number."""
    name = quoted(column)
    return f"CASE WHEN {name} <= 1 THEN {name} WHEN 1 / {name} > 1 THEN NULL ELSE {name} END"


def where_answered(column: str, then: str) -> str:
    """SQL: `then` where the column has a number, else NULL."""
    name = quoted(column)
    return f"CASE WHEN {name} <= 1 THEN {then} WHEN 1 / {name} <= 1 THEN {then} END"


def tally_sql(
    relation: str,
    keys: Sequence[str],
    variables: Sequence[str],
    weights: str | None = None,
    conditions: Mapping[str, str] | None = None,
    *,
    apart: bool = False,
) -> str:
    """The one string. conditions: by name, SQL on the columns of the relation; the rows that fulfil it are counted.

    apart: rows of weight 0 make cells of their own.
    """
    inside = [f"{quoted(key)} AS k{place}" for place, key in enumerate(keys)]
    groups = [f"k{place}" for place in range(len(keys))]
    sums = ["COUNT(*) AS n"]
    w = "1"
    if weights is not None:
        w = quoted(weights)
        inside.append(f"{w} AS w")
        sums += ["SUM(w) AS w", f"MIN(w) AS {_LEAST}", f"COUNT(w) AS {_KNOWN}"]
    if apart:
        inside.append(f"CASE WHEN {w} > 0 THEN 1 ELSE 0 END AS {_WEIGHTED}")
        groups.append(_WEIGHTED)
    for place, variable in enumerate(variables):
        y, v = f"y{place}", f"v{place}"  # the value, and the weight of the row where there is one
        inside += [f"{quoted(variable)} AS {y}", f"{where_answered(variable, w)} AS {v}"]
        rows, _, base, total, square, base_square = map(quoted, parts_of(variable))
        sums += [f"COUNT({v}) AS {rows}", f"SUM({v} * {y}) AS {total}", f"SUM({v} * {y} * {y}) AS {square}"]
        sums += [f"SUM({v}) AS {base}", f"SUM({v} * {v}) AS {base_square}"] if weights is not None else []
    for place, (name, condition) in enumerate((conditions or {}).items()):
        inside.append(f"CASE WHEN {condition} THEN 1 END AS c{place}")
        sums.append(f"COUNT(c{place}) AS {quoted(name)}")
    shown = [f"k{place} AS {quoted(key)}" for place, key in enumerate(keys)] + groups[len(keys) :]
    by = f"\nGROUP BY {', '.join(groups)}" if groups else ""
    rows = f"SELECT {', '.join(inside)} FROM {relation}"  # noqa: S608  (names are quoted, the relation is the caller's)
    return f"SELECT {', '.join(shown + sums)}\nFROM ({rows}) AS answers{by}"


def one_pass(
    engine: Engine,
    keys: Sequence[str],
    variables: Sequence[str],
    weights: str | None = None,
    conditions: Mapping[str, str] | None = None,
) -> Tally:
    """The tally that `tally_sql` makes, with cells in the order of the keys' levels. Raises TallyError."""

    def run(*, apart: bool) -> pd.DataFrame:
        return engine.run(tally_sql(engine.relation, keys, variables, weights, conditions, apart=apart))

    found = run(apart=False)
    met = _numbers(found["n"])
    counted: Floats = np.ones(len(found))
    columns = {"n": met, "w": met}
    if weights is not None:
        least, w, known = (_numbers(found[name], missing=np.nan) for name in (_LEAST, "w", _KNOWN))
        if not (np.isfinite(w).all() and (least >= 0).all() and (known == met).all()):
            raise TallyError.of_weights(weights)
        if (least == 0).any():
            found = run(apart=True)
            met, w, counted = (_numbers(found[name]) for name in ("n", "w", _WEIGHTED))
        columns = {"n": met * counted, "w": w}
    for variable in variables:
        rows, n, *sums = parts_of(variable)
        answered = _numbers(found[rows])
        # Without weights the sums of w and of w² are the number of answers, and not asked for.
        columns |= {rows: answered, n: answered * counted}
        columns |= {name: _numbers(found[name]) if name in found else answered for name in sums}
    columns |= {name: _numbers(found[name]) for name in conditions or {}}
    return Tally(tuple(keys), tuple(variables), grouped(found, keys, columns))


def _numbers(column: pd.Series, missing: float = 0.0) -> Floats:
    """Engines count in whole numbers, decimals or floats, and the sum of nothing is NULL."""
    values = column.to_numpy(np.float64, na_value=np.nan)
    return np.where(np.isnan(values), missing, values)
