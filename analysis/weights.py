"""Post-strata for a wave: district × sex × age band, merged where nobody answered.

A dimension that the population does not have is left out: district × sex, district × age band, or the district alone.

A cell with people but without interviews cannot be weighted. It is merged with the nearest age band of the same sex in
the same district; if a sex has no interview at all, the district becomes one post-stratum. A district without
interviews cannot be represented: it is left out and reported. Interviews whose sex or age band is unknown stand for
their share of the district; people from a district that the population does not list stand for nobody. Every merge is
traced, so that the reader sees what the weights assume.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.calibration import Margin
from analysis.columns import AGE_BAND, DIMENSIONS, DISTRICT, POPULATION, SEX
from analysis.sums import group_codes, sum_by

Cell = tuple[str | None, str | None]  # sex, age band; None = unknown
EVERYONE = ""  # the one level of a dimension that the population does not have


@dataclass(frozen=True, slots=True)
class Merge:
    """One departure from district × sex × age band.

    code: "age_bands", "sexes", "unknown", "no_interviews" or "outside".
    """

    code: str
    district: str
    sex: str | None = None
    age_band: str | None = None
    into: str | None = None


@dataclass(frozen=True, slots=True)
class PopulationCell:
    """A cell of the population, its interviews, and the post-stratum that speaks for it.

    into: the post-stratum's label, None where the district has no interviews. alone: nobody else is in that.
    """

    district: str
    sex: str
    age_band: str
    population: float
    n: int
    into: str | None
    alone: bool


@dataclass(frozen=True, slots=True)
class PostStrata:
    """The margin to post-stratify the cells of a tally to, the merges that were needed, and every cell of the people.

    A dimension that the population does not have is EVERYONE in the cells.
    """

    margin: Margin
    merges: tuple[Merge, ...]
    cells: tuple[PopulationCell, ...] = ()


def poststrata(cells: pd.DataFrame, population: pd.DataFrame, min_n: int = 1) -> PostStrata:
    """The post-stratum of each cell of a tally (district, sex, age_band, n), and the people it stands for.

    population: district, those of sex and age_band that it knows, population. min_n: interviews a post-stratum needs to
    stand alone.
    """
    keys = (DISTRICT, SEX, AGE_BAND)
    blank = {name: EVERYONE for name in DIMENSIONS if name not in population.columns}
    cells, population = cells.assign(**blank), population.assign(**blank)
    order = sorted(population[AGE_BAND].unique().tolist(), key=_first_age)
    people: dict[str, dict[Cell, float]] = {}
    for district, sex, band, size in population[[*keys, POPULATION]].itertuples(index=False):
        people.setdefault(district, {})[(sex, band)] = float(size)
    code, first = group_codes(cells, keys)
    occurring = [_place(*values) for values in cells[list(keys)].iloc[first].itertuples(index=False)]
    interviews = dict(zip(occurring, sum_by(code, len(first), cells["n"].to_numpy(np.float64)), strict=True))
    numbers: dict[tuple[str, Cell], int] = {}
    sizes: list[float] = []
    labels: list[str] = []
    merges: list[Merge] = []
    for district in sorted({place[0] for place in occurring}):
        n = {cell: count for (where, cell), count in interviews.items() if where == district}
        if district not in people:
            people[district] = {}
        groups, merged = _District(district, n, people[district], order, min_n).groups()
        merges += merged
        for members, size in groups:
            numbers |= {(district, cell): len(sizes) for cell in members}
            sizes.append(size)
            parts = ("?" if part is None else part for part in members[0])
            labels.append(" × ".join([district, *(part for part in parts if part != EVERYONE)]))
    merges += [Merge("no_interviews", district) for district in sorted(set(people) - {p[0] for p in occurring})]
    group = np.array([numbers[place] for place in occurring], dtype=np.intp)[code]
    known = Margin(group, np.array(sizes), tuple(labels), "post-stratum")
    return PostStrata(known, tuple(merges), _spoken_for(people, interviews, numbers, labels))


def _spoken_for(
    people: Mapping[str, Mapping[Cell, float]],
    interviews: Mapping[tuple[str, Cell], float],
    numbers: Mapping[tuple[str, Cell], int],
    labels: Sequence[str],
) -> tuple[PopulationCell, ...]:
    """Every cell of the population with the post-stratum it is in. numbers: the post-stratum of each cell, if any."""
    places = [(district, cell) for district in sorted(people) for cell in people[district]]
    shared = Counter(numbers[place] for place in places if place in numbers)
    return tuple(
        PopulationCell(
            district,
            str(cell[0]),
            str(cell[1]),
            people[district][cell],
            int(interviews.get((district, cell), 0)),
            None if number is None else labels[number],
            number is not None and shared[number] == 1,
        )
        for district, cell in places
        for number in [numbers.get((district, cell))]
    )


def _place(district: str, sex: object, band: object) -> tuple[str, Cell]:
    return district, (sex if isinstance(sex, str) else None, band if isinstance(band, str) else None)


def _first_age(band: str) -> tuple[int, str]:
    number = re.search(r"\d+", band)
    return (int(number.group()) if number else 0, band)


Group = tuple[list[Cell], float]  # the cells of a post-stratum, and its people


@dataclass(frozen=True, slots=True)
class _District:
    code: str
    n: Mapping[Cell, float]  # interviews
    people: Mapping[Cell, float]
    bands: Sequence[str]  # in order of age
    min_n: int

    def groups(self) -> tuple[list[Group], list[Merge]]:
        """The post-strata of the district, and the merges that made them."""
        if not self.people:
            return [(list(self.n), 0.0)], [Merge("outside", self.code)]
        unknown = [cell for cell in self.n if cell not in self.people]
        share = sum(self.n[cell] for cell in unknown) / sum(self.n.values())
        everyone = sum(self.people.values())
        # Interviews without a cell keep the district's average weight; the known cells share the rest.
        groups: list[Group] = [(unknown, everyone * share)] if unknown else []
        merges = [Merge("unknown", self.code)] if unknown else []
        known: list[Group] = []
        for sex in sorted({str(cell[0]) for cell in self.people}):
            mine = [band for band in self.bands if (sex, band) in self.people]
            if not any(self.people[(sex, band)] + self.n.get((sex, band), 0) for band in mine):
                continue
            joined = self._joined(sex, mine)
            if not joined:
                everywhere = [cell for cell in self.people if self.n.get(cell, 0) > 0]
                empty = [cell for cell in self.people if self.n.get(cell, 0) == 0]
                whole = [([*everywhere, *empty], everyone * (1 - share))] if everywhere else []
                if not everywhere:
                    groups = [([*members, *empty], size) for members, size in groups]  # the unknown speak for all
                # Without the dimension there is no other sex to join: the bands of the district are one.
                merge = Merge("age_bands", self.code) if sex == EVERYONE else Merge("sexes", self.code, sex=sex)
                return groups + whole, [*merges, *([merge] if everywhere or sex != EVERYONE else [])]
            for home, away in joined.items():
                size = (1 - share) * sum(self.people[(sex, band)] for band in away)
                known.append(([(sex, home), *((sex, band) for band in away if band != home)], size))
                merges += [Merge("age_bands", self.code, sex or None, band, into=home) for band in away if band != home]
        return groups + known, merges

    def _joined(self, sex: str, mine: Sequence[str]) -> dict[str, list[str]]:
        """Each band that can stand alone, with the bands merged into it; empty where none can."""
        standing = [b for b in mine if self.n.get((sex, b), 0) >= self.min_n and self.people[(sex, b)] > 0]
        joined: dict[str, list[str]] = {band: [] for band in standing}
        for place, band in enumerate(mine if standing else ()):
            far = [(abs(mine.index(home) - place), mine.index(home)) for home in standing]
            nearest = mine[min(far)[1]]
            joined[nearest].append(band)
        return joined
