"""What is unusual about the forms of each point, as plain figures: evidence to be filed, not a test.

Counted are the forms that people filled in by themselves; beside them stands by which way all forms of the point came,
since what is opened at an intercept point counts as an intercept, whoever opened it. Nothing here tells what anybody
answered: a straight line and a group of identical answers are shares and counts, whatever the answers are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
import pandas as pd

from analysis.quality.answer_patterns import FEWEST_ITEMS, LINE, longest_run
from analysis.quality.answers import Answers, Floats, Mask, Unit

WINDOW = 10  # minutes
MANY = 3  # forms that a device had sent before


@dataclass(frozen=True, slots=True)
class PointStatistics:
    """One point. Shares are of its forms, nan where nothing is known of them; `identical` is the largest group of forms
    with the same answer to every question that is compared. `all_forms` counts those of volunteers too; `on_phones` and
    `by_tablet` are the shares of them that came from people's own browsers, and from tablets."""

    point: str
    forms: int
    most_in_window: int
    median_seconds: float
    straight: float
    identical: int
    from_busy_devices: float
    solved: float
    waited: float
    all_forms: int
    on_phones: float
    by_tablet: float


def point_statistics(answers: Answers, evidence: pd.DataFrame) -> tuple[PointStatistics, ...]:
    """By point, those with most forms first. `evidence` has the rows of `answers`; of its columns earlier_forms,
    proof (solved, waited or missing) and channel (web, tablet, …) any may be absent."""
    unit = answers.unit(Unit.POINT)
    length, answered = longest_run(answers.scales)
    straight = np.where(answered >= FEWEST_ITEMS, length >= LINE * answered, nan).astype(np.float64)
    vector = np.unique(answers.codes, axis=0, return_inverse=True)[1].ravel()
    earlier = _column(evidence, "earlier_forms")
    everybody = answers.place(Unit.POINT).codes

    def share(column: str, kind: str, own: Mask) -> float:
        return float(np.mean(evidence[column].to_numpy(dtype=object)[own] == kind)) if column in evidence else nan

    found = []
    for at, name in enumerate(unit.names):
        own, here = unit.codes == at, everybody == at
        if own.any():
            found.append(
                PointStatistics(
                    point=name,
                    forms=int(own.sum()),
                    most_in_window=most_at_once(answers.minute[own]),
                    median_seconds=_known(answers.seconds[own], np.median),
                    straight=_known(straight[own]),
                    identical=int(np.bincount(vector[own]).max()),
                    from_busy_devices=_known(np.where(np.isnan(earlier), nan, earlier >= MANY)[own]),
                    solved=share("proof", "solved", own),
                    waited=share("proof", "waited", own),
                    all_forms=int(here.sum()),
                    on_phones=share("channel", "web", here),
                    by_tablet=share("channel", "tablet", here),
                )
            )
    return tuple(sorted(found, key=lambda each: (-each.forms, each.point)))


def most_at_once(minute: Floats, window: float = WINDOW) -> int:
    """The most forms within so many minutes; 0 where no times are known."""
    known = np.sort(minute[~np.isnan(minute)])
    return int((np.searchsorted(known, known + window, side="left") - np.arange(len(known))).max(initial=0))


def documents(found: Sequence[PointStatistics]) -> list[Mapping[str, object]]:
    """For JSON, with null for what is not known."""
    return [
        {
            name: None if isinstance(value := getattr(each, name), float) and np.isnan(value) else value
            for name in PointStatistics.__slots__
        }
        for each in found
    ]


def _column(frame: pd.DataFrame, name: str) -> Floats:
    if name not in frame.columns:
        return np.full(len(frame), nan)
    return np.asarray(pd.to_numeric(frame[name]), dtype=np.float64)


def _known(values: Floats, of: Callable[[Floats], np.floating[Any]] = np.mean) -> float:
    said = values[~np.isnan(values)]
    return float(of(said)) if len(said) else nan
