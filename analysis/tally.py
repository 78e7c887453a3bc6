"""The one pass over the rows: counts and weighted sums per cell, from which every estimate is computed.

A cell is a combination of the keys (stratum, unit, post-stratum and whatever domains are reported on). It holds n and
the sum of weights of all its rows, and for each variable the rows with an answer, those of positive weight, and their
sums of w, w·y, w·y² and w². Everything is a sum, so the tally of a file is the sum of the tallies of its parts,
wherever those were made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.design import Floats
from analysis.measure import Measure
from analysis.sums import group_codes, sum_by

# What is summed for every variable; its columns are named f"{part}:{variable}".
_PARTS = ("rows", "n", "base", "total", "square", "base_square")


class TallyError(ValueError):
    """The rows cannot be reduced; the message names the columns and the way out."""

    @classmethod
    def of_weights(cls, column: str) -> "TallyError":
        """The complaint about a column of weights."""
        return cls(f"Column {column} has weights that are missing, negative or not finite. Weights are 0 or more.")


def parts_of(variable: str) -> tuple[str, ...]:
    """The names of a variable's columns, in the order of the fields of `Measure`."""
    return tuple(f"{part}:{variable}" for part in _PARTS)


@dataclass(frozen=True, slots=True)
class Tally:
    """cells: one line a cell, with the key columns, `n`, `w`, six sums for each variable and what else was counted."""

    keys: tuple[str, ...]
    variables: tuple[str, ...]
    cells: pd.DataFrame

    def __add__(self, other: "Tally") -> "Tally":
        """The tally of both sets of rows together."""
        same = (self.keys, self.variables) == (other.keys, other.variables)
        if not same or set(self.cells.columns) != set(other.cells.columns):
            raise TallyError("Only tallies of the same keys and variables add up.")
        both = pd.concat([self.cells, other.cells], ignore_index=True)
        sums = [name for name in both.columns if name not in self.keys]
        return Tally(
            self.keys,
            self.variables,
            grouped(both, self.keys, {name: both[name].to_numpy(np.float64) for name in sums}),
        )

    def where(self, chosen: "pd.Series[bool]") -> "Tally":
        """The cells that are chosen, (cells,) of them True."""
        return Tally(self.keys, self.variables, self.cells[chosen].reset_index(drop=True))

    def measure(self, variable: str, factor: Floats | None = None) -> Measure:
        """A variable as weighted sums per cell. factor: (cells,) what calibration multiplied each cell's weights by."""
        rows, n, base, total, square, base_square = (
            self.cells[part].to_numpy(np.float64) for part in parts_of(variable)
        )
        if factor is None:
            return Measure(rows, n, base, total, square, base_square)
        return Measure(
            rows, n * (factor > 0), base * factor, total * factor, square * factor, base_square * factor * factor
        )


def tally(
    frame: pd.DataFrame,
    keys: Sequence[str],
    variables: Sequence[str],
    weights: str | None = None,
    counts: Mapping[str, Floats] | None = None,
) -> Tally:
    """Reduce rows to cells. A missing key is a level of its own; weights None = 1 each.

    counts: (rows,) numbers by name, summed as they are. Raises TallyError for weights that are missing, negative or
    not finite.
    """
    w = np.ones(len(frame)) if weights is None else frame[weights].to_numpy(np.float64)
    if weights is not None and not (np.isfinite(w) & (w >= 0)).all():
        raise TallyError.of_weights(weights)
    counted = (w > 0).astype(np.float64)
    columns: dict[str, Floats] = {"n": counted, "w": w}
    for variable in variables:
        y = frame[variable].to_numpy(np.float64)
        answered = ~np.isnan(y)
        y = np.where(answered, y, 0.0)
        base = np.where(answered, w, 0.0)
        sums = (answered.astype(np.float64), counted * answered, base, base * y, base * y * y, base * base)
        columns |= dict(zip(parts_of(variable), sums, strict=True))
    return Tally(tuple(keys), tuple(variables), grouped(frame, keys, columns | dict(counts or {})))


def grouped(frame: pd.DataFrame, keys: Sequence[str], columns: dict[str, Floats]) -> pd.DataFrame:
    """One line per combination of keys that occurs, in the order of the keys' levels, with the column sums."""
    cell, first = group_codes(frame, keys)
    result = frame[list(keys)].iloc[first].reset_index(drop=True)
    for name, summands in columns.items():
        result[name] = sum_by(cell, len(first), summands)
    return result
