"""Post-strata for a wave: district × sex × age band, merged where nobody answered.

A cell with people but without interviews cannot be weighted. It is merged with the nearest age band of the same sex in
the same district; if a sex has no interview at all, the district becomes one post-stratum. A district without interviews
cannot be represented: it is left out and reported. Interviews whose sex or age band is unknown stand for their share of
the district. Every merge is traced, so that the reader sees what the weights assume.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.columns import AGE_BAND, DISTRICT, POPULATION, SEX
from analysis.design import Codes, Floats
from analysis.sums import sum_by

Cell = tuple[str | None, str | None]  # sex, age band


@dataclass(frozen=True, slots=True)
class Merge:
    """One departure from district × sex × age band. code: "age_bands", "sexes", "unknown" or "no_interviews"."""

    code: str
    district: str
    sex: str | None = None
    age_band: str | None = None
    into: str | None = None


@dataclass(frozen=True, slots=True)
class PostStrata:
    """group: (cells,) the post-stratum of each line of the tally; population: (groups,)."""

    group: Codes
    population: Floats
    merges: tuple[Merge, ...]


def poststrata(cells: pd.DataFrame, population: pd.DataFrame, min_n: int = 1) -> PostStrata:
    """The post-stratum of each cell of a tally (district, sex, age_band, n), and the people it stands for.

    population: district, sex, age_band, population. min_n: interviews a post-stratum needs to stand alone.
    """
    order = sorted(population[AGE_BAND].unique().tolist(), key=_first_age)
    people: dict[str, dict[Cell, float]] = {}
    for district, sex, band, size in population[[DISTRICT, SEX, AGE_BAND, POPULATION]].itertuples(index=False):
        people.setdefault(district, {})[(sex, band)] = float(size)
    places = [_place(*values) for values in cells[[DISTRICT, SEX, AGE_BAND]].itertuples(index=False)]
    codes, occurring = pd.factorize(pd.Series(places, dtype=object))
    interviews = dict(zip(occurring, sum_by(codes, len(occurring), cells["n"].to_numpy(np.float64)), strict=True))
    numbers: dict[tuple[str, Cell], int] = {}
    sizes: list[float] = []
    merges: list[Merge] = []
    for district in sorted({place[0] for place in occurring}):
        n = {cell: count for (where, cell), count in interviews.items() if where == district}
        if district not in people:
            raise ValueError(f"The population has no line for district {district}. Give its cells, or none at all.")
        groups = _groups_of(district, n, people[district], order, min_n, merges)
        for members, size in groups:
            numbers |= {(district, cell): len(sizes) for cell in members}
            sizes.append(size)
    merges += [Merge("no_interviews", district) for district in sorted(set(people) - {p[0] for p in occurring})]
    group = np.array([numbers[place] for place in places], dtype=np.intp)
    return PostStrata(group, np.array(sizes), tuple(merges))


def _place(district: str, sex: object, band: object) -> tuple[str, Cell]:
    return district, (sex if isinstance(sex, str) else None, band if isinstance(band, str) else None)


def _first_age(band: str) -> tuple[int, str]:
    number = re.search(r"\d+", band)
    return (int(number.group()) if number else 0, band)


Group = tuple[list[Cell], float]


def _groups_of(
    district: str,
    n: Mapping[Cell, float],
    people: Mapping[Cell, float],
    order: Sequence[str],
    min_n: int,
    merges: list[Merge],
) -> list[Group]:
    """The post-strata of one district: the cells in each and its people."""
    everyone, answered = sum(people.values()), sum(n.values())
    unknown = [cell for cell in n if cell not in people]
    # Interviews without a cell keep the district's average weight; the known cells share the rest.
    left_over = everyone * sum(n[cell] for cell in unknown) / answered if unknown else 0.0
    groups: list[Group] = []
    if unknown:
        groups.append((unknown, left_over))
        merges.append(Merge("unknown", district, into=str(int(sum(n[cell] for cell in unknown)))))
    share = 1 - left_over / everyone if everyone else 0.0
    known: list[Group] = []
    bands_merged: list[Merge] = []
    for sex in sorted({str(cell[0]) for cell in people}):
        bands = [band for band in order if (sex, band) in people]
        joined = _join(sex, bands, n, people, min_n)
        if joined is None:
            if sum(people[(sex, band)] for band in bands) > 0:
                merges.append(Merge("sexes", district, sex=sex))
            known = [([cell for cell in people if n.get(cell, 0) > 0], everyone * share)]
            return groups + [group for group in known if group[0]]
        for home, away in joined.items():
            bands_merged.extend(Merge("age_bands", district, sex, band, into=home) for band in away if band != home)
            known.append(([(sex, band) for band in away], share * sum(people[(sex, band)] for band in away)))
    merges.extend(bands_merged)
    return groups + known


def _join(
    sex: str, bands: Sequence[str], n: Mapping[Cell, float], people: Mapping[Cell, float], min_n: int
) -> dict[str, list[str]] | None:
    """Each band that stands alone, with the bands merged into it; None where no band can."""
    standing = [band for band in bands if n.get((sex, band), 0) >= min_n and people[(sex, band)] > 0]
    if not standing:
        return None
    joined: dict[str, list[str]] = {band: [] for band in standing}
    for place, band in enumerate(bands):
        nearest = min(standing, key=lambda home: (abs(bands.index(home) - place), bands.index(home)))
        joined[nearest].append(band)
    return joined
