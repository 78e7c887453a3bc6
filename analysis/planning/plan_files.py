"""Plans as CSV files with a header; whatever cannot be read is named with its line and column.

Strata: stratum, population, and if wanted cost, deff, least, most; every other column is the expected rate of the
indicator it is named after. Levels: level, areas, and if wanted population and deff. Districts: district, interviews,
points.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from analysis.planning.allocation import Stratum
from analysis.planning.cost import Fieldwork
from analysis.planning.inputs import LARGEST, PlanError
from analysis.planning.sample_size import Conditions, Level

Parse = Callable[[str], float]


def _whole(text: str) -> int:
    number = float(text)
    if number != int(number) or number < 0:
        raise ValueError("it is a whole number, 0 or more")
    if number > LARGEST:
        raise ValueError(f"it is above {LARGEST:g}")
    return int(number)


def _some(text: str) -> int:
    number = _whole(text)
    if number < 1:
        raise ValueError("it is a whole number, 1 or more")
    return number


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError("it is a number above 0")
    return number


def _share(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 1:
        raise ValueError("it is a share, 0 to 1")
    return number


class Line:
    """One line of a file: its cells, read by the rule of their column."""

    def __init__(self, where: str, cells: Mapping[str, str | None]) -> None:
        self.where = where
        self.cells = cells

    def name(self, column: str) -> str:
        """The text of a cell that may not be empty. Raises PlanError."""
        text = (self.cells.get(column) or "").strip()
        if not text:
            raise PlanError(f"{self.where}, column {column}: the cell is empty.")
        return text

    def number(self, column: str, parse: Parse, default: float | None = None) -> float:
        """The number of a cell; `default` where the cell or the column is not there. Raises PlanError."""
        text = (self.cells.get(column) or "").strip()
        if not text and default is not None:
            return default
        text = self.name(column)
        try:
            return parse(text)
        except (ValueError, OverflowError) as problem:
            why = str(problem) if str(problem).startswith("it is") else "it is not a number"
            raise PlanError(f"{self.where}, column {column}: {text!r}: {why}.") from problem


def _lines(path: Path, needed: tuple[str, ...]) -> Iterator[Line]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        header = reader.fieldnames or []
        missing = [column for column in needed if column not in header]
        if missing:
            raise PlanError(f"{path.name}, line 1: there is no column {', '.join(missing)}.")
        twice = sorted({column for column in header if list(header).count(column) > 1})
        if twice:
            raise PlanError(f"{path.name}, line 1: the column {', '.join(twice)} is there twice.")
        for cells in reader:
            where = f"{path.name}, line {reader.line_num}"
            if None in cells:
                raise PlanError(f"{where}: there are more cells than columns.")
            yield Line(where, cells)


STRATUM, POPULATION, COST, DEFF, LEAST, MOST = "stratum", "population", "cost", "deff", "least", "most"
DISTRICT, INTERVIEWS, POINTS = "district", "interviews", "points"
_STRATUM_COLUMNS = (STRATUM, POPULATION, COST, DEFF, LEAST, MOST)


def read_strata(path: Path) -> tuple[list[Stratum], tuple[str, ...]]:
    """The strata and the names of their indicators. Raises PlanError, OSError."""
    strata: list[Stratum] = []
    indicators: tuple[str, ...] = ()
    for line in _lines(path, (STRATUM, POPULATION)):
        indicators = tuple(column for column in line.cells if column not in _STRATUM_COLUMNS)
        population = int(line.number(POPULATION, _whole))
        rates = tuple(line.number(column, _share) for column in indicators)
        try:
            strata.append(
                Stratum(
                    line.name(STRATUM),
                    population,
                    rates,
                    line.number(COST, _positive, 1.0),
                    line.number(DEFF, _positive, 1.0),
                    int(line.number(LEAST, _whole, 0)),
                    int(line.number(MOST, _whole, population)),
                )
            )
        except PlanError as problem:
            raise _located(line, problem) from problem
    if not strata:
        raise PlanError(f"{path.name} has no line below its header.")
    return strata, indicators


def _located(line: Line, problem: PlanError) -> PlanError:
    text = str(problem)
    return problem if text.startswith(line.where) else PlanError(f"{line.where}: {text}")


def read_levels(path: Path, under: Conditions) -> list[Level]:
    """The levels, each with the conditions given, but with its own population and design effect. Raises PlanError."""
    found = []
    for line in _lines(path, ("level", "areas")):
        people = int(line.number(POPULATION, _whole, 0)) or None
        deff = line.number(DEFF, _positive, under.design_effect)
        conditions = Conditions(
            deff if deff != under.design_effect else under.deff,
            people or under.population,
            under.eligible,
            under.response,
            under.level,
            under.df,
        )
        found.append(Level(line.name("level"), int(line.number("areas", _whole)), conditions))
    return found


def read_fieldwork(path: Path) -> list[Fieldwork]:
    """What each district is to do. Raises PlanError, OSError."""
    return [
        Fieldwork(line.name(DISTRICT), int(line.number(INTERVIEWS, _whole)), int(line.number(POINTS, _some)))
        for line in _lines(path, (DISTRICT, INTERVIEWS, POINTS))
    ]
