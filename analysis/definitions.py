"""The same answers under rival definitions of a rate, side by side, each with its interval.

There is no one way to turn a scale into a rate: offices count the best category only, the best two, or everything down
to the middle, and some publish a mean score. Which one is chosen moves the number by tens of points, so a report can
show them all. Shares are the wave's rates (`rates`) with another set of counted categories; the mean score is the mean
over the same design and post-strata, with a t interval. All come from one tally.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import nan

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.columns import DISTRICT, MODE, STRATUM, WAVE_COLUMNS, ColumnsError, Indicator, checked_population
from analysis.design import Floats
from analysis.estimate import Estimate, mean_of
from analysis.measure import Measure
from analysis.rates import CITY, RateRules, WaveDesign, of_mode, rates_of_tally, wave_design
from analysis.tally import Tally
from analysis.wave_tally import wave_tally

TOP_BOX, TOP_TWO, MIDDLE_COUNTED, MEAN_SCORE = "top_box", "top_two", "middle_counted", "mean_score"

# Pages translate the code; this is the English source.
DEFINITIONS: Mapping[str, str] = {
    TOP_BOX: "Share of the best category alone",
    TOP_TWO: "Share of the best two categories",
    MIDDLE_COUNTED: "Share of the middle category and all better ones",
    MEAN_SCORE: "Mean score: 100 for the best category, 0 for the worst, equal steps between",
}


@dataclass(frozen=True, slots=True)
class Scale:
    """The categories of an item from the best to the worst, and its marked ones.

    marks: code of a marked category (don't know, refused) -> is it in the base, as not positive? It has no score in
    either case. Raises ColumnsError.
    """

    categories: tuple[str, ...]
    marks: Mapping[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        codes = [*self.categories, *self.marks]
        twice = sorted({code for code in codes if codes.count(code) > 1})
        if twice:
            raise ColumnsError(f"The scale lists {', '.join(twice)} twice. Each category has one place.")
        if len(self.categories) < 2:
            raise ColumnsError("A scale needs at least two categories that are not marked.")

    @property
    def counted(self) -> dict[str, tuple[str, ...]]:
        """The categories that count, by definition of a share; only definitions that the scale can have."""
        k = len(self.categories)
        how_many = {TOP_BOX: 1}
        if k > 2:
            how_many[TOP_TWO] = 2
        if k > 3 and k % 2:  # of three, the best two are those down to the middle
            how_many[MIDDLE_COUNTED] = (k + 1) // 2
        return {code: self.categories[:best] for code, best in how_many.items()}

    @property
    def scores(self) -> Floats:
        """(categories,): 100 for the best, 0 for the worst, equal steps between."""
        return np.linspace(100.0, 0.0, len(self.categories))


@dataclass(frozen=True, slots=True)
class Defined:
    """An item under one definition, in one domain, by one mode; a mean score is in points, 0 to 100, not a share."""

    definition: str
    mode: str
    domain_kind: str
    domain: str
    estimate: Estimate


def rival_definitions(
    rows: pd.DataFrame,
    item: str,
    scale: Scale,
    population: pd.DataFrame | None,
    *,
    kinds: Sequence[str] = (CITY, DISTRICT),
    rules: RateRules | None = None,
) -> tuple[Defined, ...]:
    """The item under every definition its scale can have, by mode and domain, the definitions of a domain together.

    rows: `columns.WAVE_COLUMNS` and the item's category codes, missing where it was not asked or left open.
    population: as for `rates.wave_rates`. kinds: the kinds of domain reported on. Raises ColumnsError.
    """
    rules = rules or RateRules()
    reduced = wave_tally(_coded(rows, item, scale), [Indicator(name, 0.0, {}) for name in _columns(scale)])
    shares = rates_of_tally(reduced, population, [Indicator(code, 0.0, {}) for code in scale.counted], rules=rules)
    scores = _Scores(reduced, scale, population, rules)
    by_place: dict[tuple[str, str, str], list[Defined]] = {}
    for rate in shares:
        if rate.domain_kind in kinds:
            place = (rate.mode, rate.domain_kind, rate.domain)
            by_place.setdefault(place, []).append(Defined(rate.indicator, *place, rate.estimate))
    for place, found in by_place.items():
        found.append(Defined(MEAN_SCORE, *place, scores.estimate(*place)))
    return tuple(each for found in by_place.values() for each in found)


def _category_column(place: int) -> str:
    return f"category {place}"


def _columns(scale: Scale) -> list[str]:
    return [*scale.counted, *(_category_column(place) for place in range(len(scale.categories)))]


def _coded(rows: pd.DataFrame, item: str, scale: Scale) -> pd.DataFrame:
    """The wave's columns, with 1, 0 or missing for each definition of a share and for each category."""
    if item not in rows.columns:
        raise ColumnsError(f"The rows of a wave: there is no column {item}.")
    answers = rows[item].astype(object)
    given = answers.notna()
    ranked, counted_marks = (
        answers.isin(scale.categories),
        answers.isin([c for c, inside in scale.marks.items() if inside]),
    )
    unknown = sorted({str(code) for code in answers[given & ~ranked & ~answers.isin(list(scale.marks))]})
    if unknown:
        raise ColumnsError(
            f"Column {item} holds {', '.join(unknown[:10])}, which the scale does not list. "
            "Name every category of the item, the marked ones among the marks."
        )
    frame = rows[[name for name in (*WAVE_COLUMNS, STRATUM) if name in rows.columns]].copy()
    for code, counted in scale.counted.items():
        frame[code] = _outcome(answers.isin(counted), ranked | counted_marks)
    for place, category in enumerate(scale.categories):
        frame[_category_column(place)] = _outcome(answers == category, ranked)
    return frame


def _outcome(counts: "pd.Series[bool]", base: "pd.Series[bool]") -> npt.NDArray[np.float64]:
    return np.where(base, counts.to_numpy(np.float64), nan)


_NOBODY = Estimate(nan, nan, nan, 0.0, 0, nan, nan, nan, nan, "t", "none", nan, ("no_answers",))


class _Scores:
    """The mean scores of an item, from the tally of its categories."""

    def __init__(self, reduced: Tally, scale: Scale, population: pd.DataFrame | None, rules: RateRules) -> None:
        self._reduced, self._scale, self._rules = reduced, scale, rules
        self._margins = checked_population(population) if population is not None else None
        self._modes: dict[str, tuple[Tally, WaveDesign, Measure]] = {}

    def estimate(self, mode: str, kind: str, domain: str) -> Estimate:
        """The mean score in one domain."""
        if not (self._reduced.cells[MODE] == mode).any():
            return replace(_NOBODY, level=self._rules.level)
        if mode not in self._modes:
            self._modes[mode] = self._of_mode(mode)
        part, sample, variable = self._modes[mode]
        if kind != CITY:
            variable = variable.within((part.cells[kind] == domain).to_numpy(np.bool_))
        found = mean_of(sample.design, variable, self._rules.level)
        return of_mode(replace(found, notes=(*found.notes, *sample.notes(kind))), mode)

    def _of_mode(self, mode: str) -> tuple[Tally, WaveDesign, Measure]:
        part = self._reduced.where(self._reduced.cells[MODE] == mode)
        sample = wave_design(part.cells, self._margins, self._rules)
        each = [part.measure(_category_column(place), sample.factor) for place in range(len(self._scale.categories))]
        scores = self._scale.scores
        # Everyone in the base is in exactly one category, so the sums of the score are those of the categories.
        total = sum((score * one.total for score, one in zip(scores, each, strict=True)), np.zeros(len(part.cells)))
        square = sum((score**2 * one.total for score, one in zip(scores, each, strict=True)), np.zeros(len(part.cells)))
        return part, sample, replace(each[0], total=total, square=square)
