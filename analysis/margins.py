"""Known population sizes of the groups that rows fall into, and which of them no weights can meet.

What can be seen before any iteration is said at once and by name: a group with people in which nobody was interviewed,
margins that sum to different populations, and a group whose interviews all lie in groups of another margin that hold
fewer people than it does. The last is the simplest way in which a table with empty cells has no solution (Ireland &
Kullback 1968, Biometrika 55, section 2, need one with the same empty cells); `feasibility` proves the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.design import Codes, Floats
from analysis.sums import sum_by

# Margins from different tables never agree to the last person. Below this share of the total they count as equal.
ROUNDING_OF_TABLES = 1e-6


class CalibrationError(ValueError):
    """The weights cannot be made to agree with the totals; the message names why and the way out."""


@dataclass(frozen=True, slots=True)
class Margin:
    """Known population sizes of the groups that the rows fall into."""

    group: Codes  # (rows,)
    population: Floats  # (groups,)
    labels: tuple[str, ...]  # (groups,) for messages
    name: str = ""  # the variables that make the groups, for messages

    def sums(self, weights: Floats) -> Floats:
        """(groups,): what weights (rows,) sum to in each group."""
        return sum_by(self.group, len(self.population), weights)


def margin(frame: pd.DataFrame, population: pd.DataFrame, size: str = "population") -> Margin:
    """The margin that `population` describes: a column for each variable of the cell, and `size`.

    Raises CalibrationError for a cell listed twice or without a usable size, and for rows in a cell that is not listed.
    """
    names = [name for name in population.columns if name != size]
    known = pd.MultiIndex.from_frame(population[names])
    if known.has_duplicates:
        raise CalibrationError(f"The population lists a cell of {', '.join(names)} twice. Add the two lines up.")
    group = known.get_indexer(pd.MultiIndex.from_frame(frame[names]))
    if (group < 0).any():
        lost = _labels(frame[names][group < 0].drop_duplicates())
        raise CalibrationError(
            f"The population has no line for {listed(lost)}. Give its size, or collapse it with another cell."
        )
    sizes = population[size].to_numpy(np.float64)
    labels = _labels(population[names])
    unusable = [labels[g] for g in np.flatnonzero(~(np.isfinite(sizes) & (sizes >= 0))).tolist()]
    if unusable:
        raise CalibrationError(
            f"Column {size} of the population is missing or negative in {listed(unusable)}. "
            "Give the number of people, 0 where nobody lives."
        )
    return Margin(np.asarray(group, dtype=np.intp), sizes, labels, " × ".join(map(str, names)))


def _labels(cells: pd.DataFrame) -> tuple[str, ...]:
    return tuple(" × ".join(map(str, values)) for values in cells.itertuples(index=False))


def listed(names: Sequence[str], most: int = 10) -> str:
    """The names in a message, the first ten of them if there are many."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def title(known: Margin, place: int) -> str:
    """What a message calls a margin that is the place-th (from 0) of several."""
    return known.name or f"margin {place + 1}"


def refuse_empty(weights: Floats, known: Margin) -> None:
    """Raises CalibrationError where a group with people has no interview of positive weight."""
    sums = known.sums(weights)
    empty = [known.labels[g] for g in np.flatnonzero((sums <= 0) & (known.population > 0)).tolist()]
    if empty:
        raise CalibrationError(
            f"No interview in {listed(empty)}, where there are people. Collapse it with a neighbouring cell."
        )


def refuse_contradictions(weights: Floats, margins: Sequence[Margin]) -> None:
    """Raises CalibrationError where margins have different totals, or one group does not fit into those it lies in."""
    totals = [float(known.population.sum()) for known in margins]
    if max(totals) - min(totals) > ROUNDING_OF_TABLES * max(totals):
        sums = "; ".join(
            f"{title(m, place)} {t:.10g}" for place, (m, t) in enumerate(zip(margins, totals, strict=True))
        )
        raise CalibrationError(
            f"The margins sum to different populations ({sums}). Scale them to one total first, if they mean the same "
            "people."
        )
    for place, inner in enumerate(margins):
        for other, outer in enumerate(margins):
            if place != other:
                _refuse_overfull(weights, inner, outer, title(inner, place), title(outer, other))


def _refuse_overfull(weights: Floats, inner: Margin, outer: Margin, inner_name: str, outer_name: str) -> None:
    """A group of `inner` whose interviews all lie in groups of `outer` with fewer people than it has."""
    held = weights > 0
    wide = len(outer.population)
    pairs = np.unique(inner.group[held].astype(np.int64) * wide + outer.group[held])
    room = sum_by(pairs // wide, len(inner.population), outer.population[pairs % wide])
    slack = ROUNDING_OF_TABLES * float(inner.population.sum())
    overfull = np.flatnonzero(inner.population > room + slack)
    if len(overfull):
        g = int(overfull[0])
        around = [outer.labels[h] for h in (pairs[pairs // wide == g] % wide).tolist()]
        raise CalibrationError(
            f"All interviews in {inner.labels[g]} ({inner_name}, {inner.population[g]:.10g} people) are in "
            f"{listed(around)} ({outer_name}, {room[g]:.10g} people), so that no weights meet both. "
            f"Correct the totals, or collapse {inner.labels[g]} with a group that has interviews elsewhere."
        )
