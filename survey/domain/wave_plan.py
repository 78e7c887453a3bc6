"""Which documents are a wave plan: a YAML file or what the desk's form sends, read into a WavePlan.

The format is described in docs/wave-plan.md. Every problem is found in one pass, names its field and, in a file, its
line.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

from survey.domain.allocation import DEFAULT_POWER, LARGEST_SAMPLE, Allocation
from survey.domain.csv_text import plain
from survey.domain.document import Document, Path, Reading, shown, spell
from survey.domain.frame import Frame, Level
from survey.domain.margins import CENSUS_DIMENSIONS, eligible_codes
from survey.domain.points import generate_points
from survey.domain.problems import Invalid
from survey.domain.protocol import read_protocol
from survey.domain.questionnaire import Questionnaire
from survey.domain.quota import quota_cells
from survey.domain.wave import DEFAULT_REPLACE_HOURS, Mode, Notice, PlaceType, PointPlan, SamplePlan, WavePlan, Within
from survey.domain.wave_times import read_moment, read_zone

Word = TypeVar("Word", bound=StrEnum)

DEFAULT_GRACE_HOURS = 72
_LONGEST_GRACE = 30 * 24
_LONGEST_REPLACING = 48
_LONGEST_TITLE = 200
_LONGEST_KEEPING = 120
_MOST_PER_DISTRICT = 1000
_SHARES_OFF_BY = Fraction(1, 1000)  # thirds written as 0.333 are meant as thirds

_CODE = re.compile("[a-z0-9](-?[a-z0-9]){0,39}")
_CODE_RULE = "lower-case letters and digits, joined by single hyphens, at most 40 of them"
_COUNT = re.compile("[0-9]{1,9}")
_FRACTION = re.compile(r"[01](\.[0-9]{1,15})?")


def parse_plan(document: Document, questionnaire: Questionnaire, frame: Frame) -> WavePlan:
    """The plan a document describes, for this questionnaire version and frame. Invalid names every problem."""
    parser = _Parser(Reading(document), questionnaire, frame)
    plan = parser.plan()
    problems = parser.reading.problems
    if plan is None or problems:
        raise Invalid(sorted(problems, key=lambda problem: problem.line or 0))
    try:
        quota_cells(plan, questionnaire, frame)
    except Invalid as refused:
        lines = {spell(path): line for path, line in document.lines.items()}
        raise Invalid(
            replace(problem, file=document.file, line=lines.get(problem.field)) for problem in refused.problems
        ) from None
    return plan


class _Parser:
    """One pass over a document. A part that is wrong is noted, and the pass goes on.

    A required key that is absent is noted once, by `mapping`; the readers of parts then get None and say nothing.
    """

    def __init__(self, reading: Reading, questionnaire: Questionnaire, frame: Frame) -> None:
        self.reading = reading
        self.questionnaire = questionnaire
        self.frame = frame
        self.districts: tuple[str, ...] = ()
        self.modes: frozenset[Mode] = frozenset()

    def plan(self) -> WavePlan | None:
        tree = self.reading.mapping(
            (),
            self.reading.document.tree,
            ("wave", "title", "questionnaire", "opens", "closes", "districts", "samples"),
            ("timezone", "grace_hours", "within", "shares", "points", "generate", "intercept", "letters", "notice"),
        )
        if tree is None:
            return None
        code = self._wave_code(tree.get("wave"))
        title = self._title(tree.get("title"))
        self._this_questionnaire(tree.get("questionnaire"))
        opens, closes = self._times(tree)
        hours = tree.get("grace_hours")
        grace = self._count(("grace_hours",), DEFAULT_GRACE_HOURS if hours is None else hours, 0, _LONGEST_GRACE)
        self.districts = self._districts(tree.get("districts"))
        rule = tree.get("within")
        within = self._word(("within",), Within.POPULATION.value if rule is None else rule, Within)
        shares = self._shares(tree.get("shares"))
        samples = self._samples(tree.get("samples"))
        listed = self._points(tree.get("points"))
        generated = self._generate(tree.get("generate"))
        protocol = read_protocol(self.reading, ("intercept",), tree.get("intercept"), self._count)
        replace_hours = self._replace_hours(tree.get("letters"))
        notice = self._notice(tree.get("notice"))
        if self.reading.problems:
            return None
        assert code is not None
        assert opens is not None
        assert closes is not None
        assert grace is not None
        assert within is not None
        return WavePlan(
            code=code,
            title=title,
            questionnaire_code=self.questionnaire.code,
            questionnaire_version=self.questionnaire.version,
            opens_at=opens,
            closes_at=closes,
            grace=timedelta(hours=grace),
            districts=self.districts,
            samples=samples,
            points=tuple(dict.fromkeys((*listed, *generated))),  # a generated point may be listed as well
            within=within,
            shares=shares,
            protocol=protocol,
            replace_hours=replace_hours,
            notice=notice,
        )

    # what the wave is

    def _wave_code(self, value: object) -> str | None:
        return None if value is None else self.reading.code(("wave",), value, _CODE, _CODE_RULE)

    def _title(self, value: object) -> dict[str, str]:
        return self._in_each_language(("title",), value)

    def _in_each_language(self, path: Path, value: object) -> dict[str, str]:
        if value is None:
            return {}
        languages = self.questionnaire.languages
        given = self.reading.mapping(path, value, languages) or {}
        texts = {}
        for language in languages:
            if given.get(language) is None:
                continue
            text = self.reading.text((*path, language), given[language])
            if text is not None and len(text) > _LONGEST_TITLE:
                self.reading.wrong((*path, language), "wave_text_long", longest=_LONGEST_TITLE)
            texts[language] = text or ""
        return texts

    def _notice(self, value: object) -> Notice:
        given = {} if value is None else self.reading.mapping(("notice",), value, (), ("contact", "keep_months")) or {}
        months = given.get("keep_months")
        return Notice(
            contact=self._in_each_language(("notice", "contact"), given.get("contact")),
            keep_months=None if months is None else self._count(("notice", "keep_months"), months, 1, _LONGEST_KEEPING),
        )

    def _this_questionnaire(self, value: object) -> None:
        if value is None:
            return
        named = self.reading.mapping(("questionnaire",), value, ("code", "version")) or {}
        code = named.get("code")
        if code is not None and code != self.questionnaire.code:
            self.reading.wrong(
                ("questionnaire", "code"), "wave_other_questionnaire", value=shown(code), used=self.questionnaire.code
            )
        if named.get("version") is None:
            return
        version = self._count(("questionnaire", "version"), named["version"], 1, LARGEST_SAMPLE)
        if version is not None and version != self.questionnaire.version:
            self.reading.wrong(
                ("questionnaire", "version"),
                "wave_other_questionnaire",
                value=version,
                used=self.questionnaire.version,
            )

    # when it runs

    def _times(self, tree: Mapping[str, object]) -> tuple[datetime | None, datetime | None]:
        zone = read_zone(self.reading, ("timezone",), tree.get("timezone"))
        opens, closes = (read_moment(self.reading, (key,), tree.get(key), zone) for key in ("opens", "closes"))
        if opens and closes and not opens < closes:
            self.reading.wrong(("closes",), "wave_closes_first")
        until = self.questionnaire.legal.valid_until
        if closes and closes.date() > until:
            self.reading.wrong(("closes",), "wave_after_approval", until=until.isoformat())
        return opens, closes

    # where, and how many

    def _districts(self, value: object) -> tuple[str, ...]:
        known = {area.code: area.name_zh for area in self.frame.districts}
        if value is None:
            return ()
        if value == "all":
            return tuple(known)
        chosen: list[str] = []
        for path, entry in self.reading.entries(("districts",), value):
            code = self._area_code(path, entry)
            if code is None:
                continue
            if code not in known:
                self.reading.wrong(path, "wave_district_unknown", value=shown(code), known=_listed(known))
            elif code in chosen:
                self.reading.wrong(path, "wave_district_twice", value=code, name=known[code])
            else:
                chosen.append(code)
        return tuple(chosen)

    def _samples(self, value: object) -> tuple[SamplePlan, ...]:
        samples: dict[Mode, SamplePlan] = {}
        named: set[Mode] = set()
        for path, entry in () if value is None else self.reading.entries(("samples",), value):
            given = self.reading.mapping(path, entry, ("mode", "n", "allocation"), ("power", "fixed"))
            if given is None:
                continue
            mode = self._word((*path, "mode"), given.get("mode"), Mode)
            n = self._count((*path, "n"), given.get("n"), 1, LARGEST_SAMPLE)
            rule = self._word((*path, "allocation"), given.get("allocation"), Allocation)
            power, fixed = self._rule_details(path, given, rule)
            if mode in named:
                self.reading.wrong((*path, "mode"), "wave_mode_twice", mode=mode)
            elif mode is not None:
                named.add(mode)
                if n is not None and rule is not None:
                    samples[mode] = SamplePlan(mode, n, rule, fixed, power)
        self.modes = frozenset(named)
        return tuple(samples.values())

    def _rule_details(
        self, path: Path, given: Mapping[str, object], rule: Allocation | None
    ) -> tuple[Fraction, dict[str, int]]:
        for key, its_rule in (("power", Allocation.POWER), ("fixed", Allocation.FIXED)):
            if given.get(key) is not None and rule not in (None, its_rule):
                self.reading.wrong((*path, key), "wave_other_rule", key=key, rule=rule)
        power: Fraction | None = DEFAULT_POWER
        if given.get("power") is not None:
            power = self._fraction((*path, "power"), given["power"])
        fixed: dict[str, int] = {}
        if rule is Allocation.FIXED and given.get("fixed") is None:
            self.reading.wrong((*path, "fixed"), "document_missing_key", key="fixed")
        elif given.get("fixed") is not None:
            below = (*path, "fixed")
            for key, number in (self.reading.mapping(below, given["fixed"], (), _keys(given["fixed"])) or {}).items():
                code = plain(key)
                count = self._count((*below, key), number, 0, LARGEST_SAMPLE)
                if code in fixed:
                    self.reading.wrong((*below, key), "wave_district_twice", value=code, name=shown(key))
                elif self.districts and code not in self.districts:
                    self.reading.wrong(
                        (*below, key), "wave_district_unknown", value=shown(key), known=", ".join(self.districts)
                    )
                fixed[code] = count or 0
        return power if power is not None else DEFAULT_POWER, fixed

    def _shares(self, value: object) -> dict[str, dict[str, Fraction]]:
        if value is None:
            return {}
        codes = {
            dimension: eligible
            for dimension, eligible in eligible_codes(self.questionnaire).items()
            if dimension not in CENSUS_DIMENSIONS
        }
        shares: dict[str, dict[str, Fraction]] = {}
        for dimension, given in (self.reading.mapping(("shares",), value, (), codes) or {}).items():
            if dimension not in codes:
                continue
            path = ("shares", dimension)
            parts = {
                code: self._fraction((*path, code), share)
                for code, share in (self.reading.mapping(path, given, codes[dimension]) or {}).items()
                if code in codes[dimension] and share is not None
            }
            shares[dimension] = {code: share for code, share in parts.items() if share is not None}
            total = sum(shares[dimension].values(), Fraction(0))
            if len(shares[dimension]) == len(codes[dimension]) and abs(total - 1) > _SHARES_OFF_BY:
                self.reading.wrong(path, "wave_shares_sum", sum=float(total))
        return shares

    def _replace_hours(self, value: object) -> int:
        given = None if value is None else self.reading.mapping(("letters",), value, (), ("replace_hours",))
        hours = (given or {}).get("replace_hours")
        if hours is None:
            return DEFAULT_REPLACE_HOURS
        return self._count(("letters", "replace_hours"), hours, 0, _LONGEST_REPLACING) or 0

    # collection points

    def _points(self, value: object) -> list[PointPlan]:
        points: dict[PointPlan, None] = {}
        for path, entry in () if value is None else self.reading.entries(("points",), value, least=0):
            given = self.reading.mapping(path, entry, ("area", "place", "mode"))
            if given is None:
                continue
            area = self._point_area((*path, "area"), given.get("area"))
            place = self._word((*path, "place"), given.get("place"), PlaceType)
            mode = self._sampled_mode((*path, "mode"), given.get("mode"))
            if area is None or place is None or mode is None:
                continue
            point = PointPlan(area, place, mode)
            if point in points:
                self.reading.wrong(path, "wave_point_twice", area=area, place=place)
            points[point] = None
        return list(points)

    def _generate(self, value: object) -> list[PointPlan]:
        generated: list[PointPlan] = []
        modes: set[Mode] = set()
        for path, entry in () if value is None else self.reading.entries(("generate",), value, least=0):
            given = self.reading.mapping(path, entry, ("mode", "per_district", "places"))
            if given is None:
                continue
            mode = self._sampled_mode((*path, "mode"), given.get("mode"))
            each = self._count((*path, "per_district"), given.get("per_district"), 1, _MOST_PER_DISTRICT)
            places = self._places((*path, "places"), given.get("places"))
            if mode in modes:
                self.reading.wrong((*path, "mode"), "wave_mode_twice", mode=mode)
            if mode is None or mode in modes or each is None or not places:
                continue
            modes.add(mode)
            points = generate_points(self.frame, self.districts, mode, each, places)
            if len(set(points)) < len(points):
                self.reading.wrong((*path, "per_district"), "wave_too_many_points", value=each)
            bare = sorted({point.area_code for point in points} & set(self.districts))
            if bare and not all(self.frame.areas[code].level is Level.STREET for code in bare):
                self.reading.wrong(path, "wave_no_streets", districts=", ".join(bare))
            generated += points
        return generated

    def _places(self, path: Path, value: object) -> list[PlaceType]:
        places: list[PlaceType] = []
        for below, entry in () if value is None else self.reading.entries(path, value):
            place = self._word(below, entry, PlaceType)
            if place in places:
                self.reading.wrong(below, "wave_place_twice", place=place)
            elif place is not None:
                places.append(place)
        return places

    def _point_area(self, path: Path, value: object) -> str | None:
        code = None if value is None else self._area_code(path, value)
        if code is None:
            return None
        area = self.frame.areas.get(code)
        if area is None:
            self.reading.wrong(path, "wave_area_unknown", value=shown(code))
        elif area.level in (Level.CITY, Level.DISTRICT):
            self.reading.wrong(path, "wave_area_too_large", value=code, name=area.name_zh)
        else:
            district = self.frame.district_of(code)
            if self.districts and district is not None and district.code not in self.districts:
                self.reading.wrong(path, "wave_area_outside", value=code, district=district.name_zh)
            return code
        return None

    def _sampled_mode(self, path: Path, value: object) -> Mode | None:
        mode = self._word(path, value, Mode)
        if mode is not None and self.modes and mode not in self.modes:
            self.reading.wrong(path, "wave_mode_unsampled", mode=mode)
            return None
        return mode

    # single values; a form sends numbers as text

    def _word(self, path: Path, value: object, words: type[Word]) -> Word | None:
        return None if value is None else self.reading.choice(path, value, {word.value: word for word in words})

    def _count(self, path: Path, value: object, low: int, high: int) -> int | None:
        if value is None:
            return None
        if isinstance(value, str) and _COUNT.fullmatch(value.strip()):
            value = int(value)
        if type(value) is not int or not low <= value <= high:
            self.reading.wrong(path, "wave_count", value=shown(value), low=low, high=high)
            return None
        return value

    def _fraction(self, path: Path, value: object) -> Fraction | None:
        """A decimal from 0 to 1, exactly as written."""
        text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
        if not _FRACTION.fullmatch(text) or Fraction(text) > 1:
            self.reading.wrong(path, "wave_fraction", value=shown(value))
            return None
        return Fraction(text)

    def _area_code(self, path: Path, value: object) -> str | None:
        if type(value) is int:  # an area code without quotes is still an area code
            return str(value)
        text = self.reading.text(path, value)
        return None if text is None else plain(text)


def _keys(value: object) -> list[str]:
    return [key for key in value if isinstance(key, str)] if isinstance(value, dict) else []


def _listed(names: Mapping[str, str]) -> str:
    return ", ".join(f"{code} {name}" for code, name in names.items())
