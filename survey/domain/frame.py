"""The sampling frame: which areas a city consists of, and how many people the census counted in them.

Areas form a tree: city, district (or county), street (or town or township), community (or village), grid zone. Some
cities have no county level; their streets stand directly below the city and take the place of districts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Literal

Sex = Literal["M", "F"]
SEXES: tuple[Sex, Sex] = ("M", "F")


class Level(StrEnum):
    """The levels of the statistical area codes, from the top."""

    CITY = "city"
    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"
    GRID = "grid"


class StreetKind(StrEnum):
    """What an area of street level is, by the third group of its code."""

    STREET = "street"  # 街道 001-099
    TOWN = "town"  # 镇 100-199
    TOWNSHIP = "township"  # 乡 200-399
    OTHER = "other"  # development zones, farms and the like


def street_kind(code: str) -> StreetKind:
    """The kind of an area of street level, from its nine-digit code."""
    group = int(code[6:9])
    if not 1 <= group < 400:
        return StreetKind.OTHER
    return StreetKind.STREET if group < 100 else StreetKind.TOWN if group < 200 else StreetKind.TOWNSHIP


@dataclass(frozen=True, slots=True)
class Area:
    """One area; `name_en` may be empty."""

    code: str
    parent_code: str | None
    level: Level
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class PopulationCount:
    """One published figure: `sex` None is both sexes together, `age_band` None is all ages."""

    area_code: str
    sex: Sex | None
    age_band: str | None
    population: int
    source: str


@dataclass(frozen=True, slots=True)
class Frame:
    """Areas by code and the published population figures at a reference date.

    It trusts what it is given: `parse_frame` and the database hold the rules.
    """

    areas: Mapping[str, Area]
    population: tuple[PopulationCount, ...]
    reference_date: date
    _children: Mapping[str | None, tuple[Area, ...]] = field(init=False, repr=False, compare=False)
    _figures: Mapping[str, Mapping[tuple[Sex | None, str | None], int]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        children: dict[str | None, list[Area]] = {}
        for area in sorted(self.areas.values(), key=lambda area: area.code):
            children.setdefault(area.parent_code, []).append(area)
        figures: dict[str, dict[tuple[Sex | None, str | None], int]] = {}
        for count in self.population:
            figures.setdefault(count.area_code, {})[count.sex, count.age_band] = count.population
        object.__setattr__(self, "_children", {code: tuple(below) for code, below in children.items()})
        object.__setattr__(self, "_figures", figures)

    @property
    def city(self) -> Area:
        """The one area above all others."""
        (city,) = self._children[None]
        return city

    @property
    def districts(self) -> tuple[Area, ...]:
        """The areas directly below the city, by code: its districts, or its streets if it has no county level."""
        return self.children(self.city.code)

    def children(self, code: str) -> tuple[Area, ...]:
        """The areas directly below, by code."""
        return self._children.get(code, ())

    def ancestors(self, code: str) -> tuple[Area, ...]:
        """The areas above, the nearest first. KeyError for an unknown code."""
        above = []
        parent = self.areas[code].parent_code
        while parent is not None:
            above.append(self.areas[parent])
            parent = self.areas[parent].parent_code
        return tuple(above)

    def district_of(self, code: str) -> Area | None:
        """The one of `districts` that the area lies in or is; None for the city. KeyError for an unknown code."""
        line = (self.areas[code], *self.ancestors(code))
        return line[-2] if len(line) > 1 else None

    def street_of(self, code: str) -> Area | None:
        """The street the area lies in or is; None above the streets. KeyError for an unknown code."""
        line = (self.areas[code], *self.ancestors(code))
        return next((area for area in line if area.level is Level.STREET), None)

    def figures_of(self, code: str) -> Mapping[tuple[Sex | None, str | None], int]:
        """What is published about one area: (sex, age band) to people."""
        return self._figures.get(code, {})

    def population_of(self, code: str, sex: Sex | None = None, age_bands: Iterable[str] | None = None) -> int | None:
        """People of one sex (None: both) in the published `age_bands` (None: all ages); None if not published.

        A figure for both sexes that is not published is the sum of the two, where both are.
        """
        total = 0
        for band in (None,) if age_bands is None else tuple(age_bands):
            figure = self._figure(code, sex, band)
            if figure is None:
                return None
            total += figure
        return total

    def _figure(self, code: str, sex: Sex | None, band: str | None) -> int | None:
        figures = self.figures_of(code)
        if (sex, band) in figures:
            return figures[sex, band]
        if sex is None and ("M", band) in figures and ("F", band) in figures:
            return figures["M", band] + figures["F", band]
        return None
