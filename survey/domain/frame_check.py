"""Whether a frame's figures agree with each other: totals with their parts, areas with the areas below them.

Published tables hold totals and parts side by side. A part that does not add up is reported, never refused or
repaired: the census office's own tables disagree at times, and the reader must know where.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from survey.domain.age import ALL_AGES, parse_age, tile
from survey.domain.frame import SEXES, Frame, Level, Sex, StreetKind, street_kind
from survey.domain.problems import Problem

_Cell = tuple[Sex | None, str | None]


class SumKind(StrEnum):
    """What is added up."""

    SEXES = "sexes"  # both sexes = men + women, in the same age band
    BANDS = "bands"  # a wider age band, or all ages = its narrower bands, for the same sex
    SEXES_AND_BANDS = "sexes_and_bands"  # both sexes = the narrower bands of men + those of women
    CHILDREN = "children"  # an area = all areas directly below it, in the same cell


@dataclass(frozen=True, slots=True)
class SumCheck:
    """One kind of sum at one level of areas: how many could be checked, how many held."""

    kind: SumKind
    level: Level
    checked: int
    held: int


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A published figure (`expected`) that its parts do not add up to (`found`)."""

    kind: SumKind
    area_code: str
    sex: Sex | None
    age_band: str | None
    expected: int
    found: int

    @property
    def difference(self) -> int:
        """The parts' sum less the published figure."""
        return self.found - self.expected


@dataclass(frozen=True, slots=True)
class FrameReport:
    """What an import found. Levels and kinds without areas are left out."""

    areas: Mapping[Level, int]
    street_kinds: Mapping[StreetKind, int]
    figures: int
    checks: tuple[SumCheck, ...]
    discrepancies: tuple[Discrepancy, ...]
    without_population: Mapping[Level, tuple[str, ...]]
    encodings: tuple[tuple[str, str], ...]  # file, encoding
    notes: tuple[Problem, ...]

    def to_dict(self) -> dict[str, object]:
        """The same as plain JSON values."""
        return {
            "areas": {str(level): count for level, count in self.areas.items()},
            "street_kinds": {str(kind): count for kind, count in self.street_kinds.items()},
            "figures": self.figures,
            "checks": [
                {"kind": str(check.kind), "level": str(check.level), "checked": check.checked, "held": check.held}
                for check in self.checks
            ],
            "discrepancies": [
                {
                    "kind": str(found.kind),
                    "area_code": found.area_code,
                    "sex": found.sex,
                    "age_band": found.age_band,
                    "expected": found.expected,
                    "found": found.found,
                    "difference": found.difference,
                }
                for found in self.discrepancies
            ],
            "without_population": {str(level): list(codes) for level, codes in self.without_population.items()},
            "encodings": dict(self.encodings),
            "notes": [
                {"file": note.file, "line": note.line, "field": note.field, "message": note.message()}
                for note in self.notes
            ],
        }


def report_on(
    frame: Frame, encodings: tuple[tuple[str, str], ...] = (), notes: tuple[Problem, ...] = ()
) -> FrameReport:
    """Count the areas and check every sum that can be checked."""
    counts = Counter(area.level for area in frame.areas.values())
    kinds = Counter(street_kind(area.code) for area in frame.areas.values() if area.level is Level.STREET)
    checked: Counter[tuple[SumKind, Level]] = Counter()
    wrong: Counter[tuple[SumKind, Level]] = Counter()
    discrepancies = []
    for code in sorted(frame.areas):
        level = frame.areas[code].level
        for kind, (sex, band), expected, found in _sums(frame, code):
            checked[kind, level] += 1
            if expected != found:
                wrong[kind, level] += 1
                discrepancies.append(Discrepancy(kind, code, sex, band, expected, found))
    checks = tuple(
        SumCheck(kind, level, checked[kind, level], checked[kind, level] - wrong[kind, level])
        for kind in SumKind
        for level in Level
        if checked[kind, level]
    )
    without = {
        level: tuple(
            code for code in sorted(frame.areas) if frame.areas[code].level is level and not frame.figures_of(code)
        )
        for level in Level
    }
    return FrameReport(
        areas={level: counts[level] for level in Level if counts[level]},
        street_kinds={kind: kinds[kind] for kind in StreetKind if kinds[kind]},
        figures=len(frame.population),
        checks=checks,
        discrepancies=tuple(discrepancies),
        without_population={level: codes for level, codes in without.items() if codes},
        encodings=encodings,
        notes=notes,
    )


def _sums(frame: Frame, code: str) -> Iterator[tuple[SumKind, _Cell, int, int]]:
    """(kind, cell, published figure, sum of its parts) for each sum of one area that can be checked."""
    figures = frame.figures_of(code)
    for cell, expected in figures.items():
        sex, band = cell
        if sex is None and ("M", band) in figures and ("F", band) in figures:
            yield SumKind.SEXES, cell, expected, figures["M", band] + figures["F", band]
        found = _sum_of_bands(figures, sex, band)
        if found is not None:
            yield SumKind.BANDS, cell, expected, found
        if sex is None:
            by_sex = [_sum_of_bands(figures, one, band) for one in SEXES]
            if None not in by_sex:
                yield SumKind.SEXES_AND_BANDS, cell, expected, sum(part for part in by_sex if part is not None)
        below = [frame.figures_of(child.code).get(cell) for child in frame.children(code)]
        if below and None not in below:
            yield SumKind.CHILDREN, cell, expected, sum(part for part in below if part is not None)


def _sum_of_bands(figures: Mapping[_Cell, int], sex: Sex | None, band: str | None) -> int | None:
    """People of one sex in the narrower bands that make up `band` (None: all ages); None if there are none."""
    parts = _parts(band, tuple([name for one, name in figures if one == sex and name is not None]))
    return None if parts is None else sum(figures[sex, part] for part in parts)


@lru_cache(maxsize=4096)  # most areas have the same bands
def _parts(band: str | None, bands: tuple[str, ...]) -> tuple[str, ...] | None:
    whole = ALL_AGES if band is None else parse_age(band)
    assert whole is not None, "the import lets only ages in"
    parts = tile(whole, [age for name in bands if (age := parse_age(name))])
    return None if parts is None else tuple(str(part) for part in parts)
