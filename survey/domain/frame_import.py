"""Which two CSV files are a sampling frame: every rule about codes, levels, parents, names and figures.

Either the whole frame is accepted or nothing is; a refusal names every bad row with its file, line and column, and
does not complain about what merely follows from another complaint. Codes follow the statistical division codes:
6 digits for a city or a district, 9 for a street, 12 for a community, more for a grid zone.
"""

import re
from collections.abc import Iterable
from datetime import date

from survey.domain.age import parse_age
from survey.domain.csv_text import Row, Table, plain, read_table
from survey.domain.document import shown
from survey.domain.frame import SEXES, Area, Frame, Level, PopulationCount, Sex
from survey.domain.frame_check import FrameReport, report_on
from survey.domain.problems import Invalid, Problem

AREA_COLUMNS = ("code", "parent_code", "level", "name_zh", "name_en")
POPULATION_COLUMNS = ("area_code", "sex", "age_band", "population", "source")

_DIGITS = {
    Level.CITY: (6, 6),
    Level.DISTRICT: (6, 6),
    Level.STREET: (9, 9),
    Level.COMMUNITY: (12, 12),
    Level.GRID: (13, 24),
}
_LIES_IN = {
    Level.CITY: (),
    Level.DISTRICT: (Level.CITY,),
    Level.STREET: (Level.DISTRICT, Level.CITY),
    Level.COMMUNITY: (Level.STREET,),
    Level.GRID: (Level.COMMUNITY, Level.GRID),
}
_SEXES: dict[str, Sex] = {sex: sex for sex in SEXES}
_LONGEST_NAME = 200
_CODE = re.compile("[0-9]+")
_PEOPLE = re.compile("[0-9]{1,10}")


def parse_frame(
    areas_csv: bytes,
    population_csv: bytes,
    reference_date: date,
    files: tuple[str, str] = ("areas.csv", "population.csv"),
) -> tuple[Frame, FrameReport]:
    """The frame and what a check of its sums found. Invalid names every bad row of both files."""
    area_table = read_table(areas_csv, AREA_COLUMNS, files[0])
    population_table = read_table(population_csv, POPULATION_COLUMNS, files[1])
    areas = _Areas(area_table)
    figures = _Figures(population_table, areas.lines if areas.complete else None)
    problems = sorted([*area_table.problems, *areas.problems], key=_line) + sorted(
        [*population_table.problems, *figures.problems], key=_line
    )
    if problems:
        raise Invalid(problems)
    frame = Frame(areas.areas, tuple(figures.counts), reference_date)
    notes = (*area_table.notes, *population_table.notes, *figures.notes())
    encodings = ((files[0], area_table.encoding), (files[1], population_table.encoding))
    return frame, report_on(frame, encodings, notes)


def _line(problem: Problem) -> int:
    return problem.line or 0


class _Areas:
    """The rows of the areas file, checked one by one and then against each other."""

    def __init__(self, table: Table) -> None:
        self.file = table.file
        self.areas: dict[str, Area] = {}
        self.lines: dict[str, int] = {}  # every legible code, also of rows that were reported
        self.problems: list[Problem] = []
        # whether every row could at least be told from the next, so that a code that is not there is really missing
        self.complete = bool(table.rows) and not any(problem.code == "csv_quotes" for problem in table.problems)
        for row in table.rows:
            self._row(row)
        cyclic = self._cycles()
        for area in self.areas.values():
            if area.code not in cyclic:
                self._parent(area)
        if not table.problems:
            self._one_city()

    def _row(self, row: Row) -> None:
        code, parent, level_name = (plain(cell) for cell in row.cells[:3])
        name_zh, name_en = (" ".join(cell.split()) for cell in row.cells[3:])
        if code in self.lines:
            self._problem("area_code_twice", "code", row.line, code=shown(code), first=str(self.lines[code]))
            return
        if code:
            self.lines[code] = row.line
        if not row.whole:
            return
        level = Level(level_name) if level_name in Level.__members__.values() else None
        if level is None:
            self._problem("area_level_unknown", "level", row.line, value=shown(level_name))
        legible = self._code(code, level, row.line)
        if not name_zh:
            self._problem("area_name_blank", "name_zh", row.line)
        for column, name in (("name_zh", name_zh), ("name_en", name_en)):
            if len(name) > _LONGEST_NAME:
                self._problem("area_name_long", column, row.line, longest=str(_LONGEST_NAME))
        if level is not None and legible:
            self.areas[code] = Area(code, parent or None, level, name_zh, name_en)

    def _code(self, code: str, level: Level | None, line: int) -> bool:
        if not code:
            self._problem("area_code_blank", "code", line)
            return False
        shortest, longest = _DIGITS[level] if level is not None else (1, len(code))
        if _CODE.fullmatch(code) and shortest <= len(code) <= longest:
            return True
        if level is None:
            self._problem("area_code_digits", "code", line, value=shown(code))
        else:
            digits = str(shortest) if shortest == longest else f"{shortest}-{longest}"
            self._problem("area_code_shape", "code", line, value=shown(code), level=level, digits=digits)
        return False

    def _cycles(self) -> set[str]:
        """Report every area that is, in the end, its own parent."""
        cyclic: set[str] = set()
        done: set[str] = set()
        for start in self.areas:
            path: dict[str, None] = {}
            code: str | None = start
            while code is not None and code in self.areas and code not in done and code not in path:
                path[code] = None
                code = self.areas[code].parent_code
            if code is not None and code in path:
                steps = list(path)
                cyclic.update(steps[steps.index(code) :])
            done.update(path)
        for code in cyclic:
            around = self.areas[code].parent_code or ""
            self._problem("area_cycle", "parent_code", self.lines[code], code=code, parent=around)
        return cyclic

    def _parent(self, area: Area) -> None:
        line = self.lines[area.code]
        allowed = _LIES_IN[area.level]
        if area.parent_code is None:
            if allowed:
                self._problem("area_parent_blank", "parent_code", line, level=area.level, allowed=" / ".join(allowed))
            return
        if not allowed:
            self._problem("area_city_parent", "parent_code", line, value=shown(area.parent_code))
            return
        parent = self.areas.get(area.parent_code)
        if parent is None:
            if self.complete and area.parent_code not in self.lines:  # otherwise its own row is reported already
                self._problem("area_parent_unknown", "parent_code", line, value=shown(area.parent_code))
            return
        if parent.level not in allowed:
            self._problem(
                "area_parent_level",
                "parent_code",
                line,
                level=area.level,
                allowed=" / ".join(allowed),
                value=parent.code,
                found=parent.level,
            )
        elif not area.code.startswith(prefix := _prefix(parent, area.level)):
            self._problem("area_code_prefix", "code", line, value=area.code, parent=parent.code, prefix=prefix)

    def _one_city(self) -> None:
        cities = [area for area in self.areas.values() if area.level is Level.CITY]
        if not cities and not self.problems:
            self._problem("area_no_city", "level", None)
        for city in cities[1:]:
            self._problem("area_second_city", "level", self.lines[city.code], value=city.code, first=cities[0].code)

    def _problem(self, code: str, field: str, line: int | None, /, **params: str) -> None:
        self.problems.append(Problem(code, field, tuple(params.items()), line, self.file))


def _prefix(parent: Area, level: Level) -> str:
    """How the code of an area of `level` below `parent` begins.

    A city's code ends in zero pairs that its districts fill (511600: 5116; a municipality, 110000: 11). Streets
    directly below a city keep all six digits (441900 has 441900003).
    """
    if level is not Level.DISTRICT:
        return parent.code
    return re.sub("(?:00){1,2}$", "", parent.code)


class _Figures:
    """The rows of the population file. `known` holds the legible area codes; None: the areas could not be read."""

    def __init__(self, table: Table, known: Iterable[str] | None) -> None:
        self.file = table.file
        self.known = None if known is None else frozenset(known)
        self.counts: list[PopulationCount] = []
        self.problems: list[Problem] = []
        self.seen: dict[tuple[str, Sex | None, str | None], int] = {}
        for row in table.rows:
            if row.whole:
                self._row(row)

    def _row(self, row: Row) -> None:
        code, sex_name, band_name = plain(row.cells[0]), plain(row.cells[1]), plain(row.cells[2])
        people, source = row.cells[3], " ".join(row.cells[4].split())
        good = self._area(code, row.line)
        sex = _SEXES.get(sex_name)
        if sex_name and sex is None:
            good = self._problem("population_sex", "sex", row.line, value=shown(sex_name))
        age = parse_age(band_name)
        if band_name and age is None:
            good = self._problem("population_age_band", "age_band", row.line, value=shown(band_name))
        if not people:
            good = self._problem("population_blank", "population", row.line)
        elif not _PEOPLE.fullmatch(people):
            good = self._problem("population_shape", "population", row.line, value=shown(people))
        if not code or (sex_name and sex is None) or (band_name and age is None):
            return
        key = (code, sex, str(age) if age else None)
        if key in self.seen:
            self._problem("population_twice", "area_code", row.line, first=str(self.seen[key]))
        elif good:
            self.counts.append(PopulationCount(*key, int(people), source))
        self.seen.setdefault(key, row.line)

    def _area(self, code: str, line: int) -> bool:
        if not code:
            return self._problem("population_area_blank", "area_code", line)
        if self.known is not None and code not in self.known:
            return self._problem("population_area_unknown", "area_code", line, value=shown(code))
        return True

    def notes(self) -> tuple[Problem, ...]:
        """What is allowed but worth knowing."""
        unsourced = sum(not count.source for count in self.counts)
        if not unsourced:
            return ()
        return (Problem("population_unsourced", "source", (("count", str(unsourced)),), None, self.file),)

    def _problem(self, code: str, field: str, line: int, **params: str) -> bool:
        self.problems.append(Problem(code, field, tuple(params.items()), line, self.file))
        return False
