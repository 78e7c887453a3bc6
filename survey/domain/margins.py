"""How many people of the target population the frame has in each district × sex × age category of a questionnaire.

The same figures share a sample out over quota cells and serve the analysis as post-stratification margins. The
questionnaire's age categories are put together from the published bands; a band that lies partly inside (15-19 for
18 and over) counts with the share of its years of age, as if each year held equally many, and is named in the notes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import combinations

from survey.domain.age import AgeRange, cover, parse_age, share_within
from survey.domain.frame import Frame, Sex
from survey.domain.problems import Invalid, Problem
from survey.domain.questionnaire import Questionnaire
from survey.domain.routing import is_eligible

SEX = "sex"
AGE = "age_band"
CENSUS_DIMENSIONS = (SEX, AGE)

_SEX_CODES: Mapping[str, Sex] = {"m": "M", "male": "M", "f": "F", "female": "F"}


@dataclass(frozen=True, slots=True)
class MarginRow:
    """People of one post-stratum; `sex` and `age_band` are the questionnaire's category codes, None if it asks none."""

    district: str
    sex: str | None
    age_band: str | None
    population: float


@dataclass(frozen=True, slots=True)
class Margins:
    """The margins of some districts, in their order, and what was assumed to make them."""

    rows: tuple[MarginRow, ...]
    notes: tuple[Problem, ...]


@lru_cache(maxsize=64)  # the door asks it for every response
def eligible_codes(questionnaire: Questionnaire) -> dict[str, tuple[str, ...]]:
    """Per strata dimension the category codes that make cells: not marked, and not excluded by the eligibility."""
    return {
        stratum.dimension: tuple(
            category.code
            for category in questionnaire.items[stratum.item].categories
            if category.mark is None and is_eligible(questionnaire, {stratum.item: category.code}) is not False
        )
        for stratum in questionnaire.strata
    }


def population_by_cell(frame: Frame, districts: Iterable[str], questionnaire: Questionnaire) -> Margins:
    """The post-stratification margins of the districts. Invalid if the frame lacks a figure that is needed."""
    people, notes = people_by_cell(frame, districts, questionnaire)
    rows = tuple(MarginRow(*key, float(count)) for key, count in people.items())
    return Margins(rows, notes)


def people_by_cell(
    frame: Frame, districts: Iterable[str], questionnaire: Questionnaire
) -> tuple[dict[tuple[str, str | None, str | None], Fraction], tuple[Problem, ...]]:
    """(district, sex code, age code) to people, exact, and what was assumed. Invalid names what is missing."""
    codes = eligible_codes(questionnaire)
    sexes = _sexes(codes.get(SEX))
    ages = _ages(codes.get(AGE))
    people: dict[tuple[str, str | None, str | None], Fraction] = {}
    notes: dict[Problem, None] = {}
    missing: list[Problem] = []
    for district in districts:
        for sex_code, sex in sexes.items():
            for age_code, age in ages.items():
                found = _people(frame, district, sex, age)
                if found is None:
                    missing.append(_missing(frame, district, sex, age))
                    continue
                people[district, sex_code, age_code], splits = found
                notes.update(dict.fromkeys(splits))
    if missing:
        raise Invalid(missing)
    return people, tuple(notes)


def _sexes(codes: tuple[str, ...] | None) -> dict[str | None, Sex | None]:
    if codes is None:
        return {None: None}
    unknown = [code for code in codes if code.casefold() not in _SEX_CODES]
    if unknown or not codes:
        raise Invalid([Problem("margins_sex_code", "within", (("code", ", ".join(unknown)),))])
    return {code: _SEX_CODES[code.casefold()] for code in codes}


def _ages(codes: tuple[str, ...] | None) -> dict[str | None, AgeRange | None]:
    if codes is None:
        return {None: None}
    ages: dict[str | None, AgeRange | None] = {code: parse_age(code) for code in codes}
    unknown = [code for code in codes if ages[code] is None]
    if unknown or not codes:
        raise Invalid([Problem("margins_age_code", "within", (("code", ", ".join(unknown)),))])
    for first, second in combinations(codes, 2):
        one, other = ages[first], ages[second]
        if one and other and one.overlaps(other):
            raise Invalid([Problem("margins_age_overlap", "within", (("first", first), ("second", second)))])
    return ages


def _people(
    frame: Frame, district: str, sex: Sex | None, age: AgeRange | None
) -> tuple[Fraction, list[Problem]] | None:
    if age is None:
        whole = frame.population_of(district, sex)
        return None if whole is None else (Fraction(whole), [])
    bands = {
        band: parsed
        for one, band in frame.figures_of(district)
        if band is not None and one in (sex, "M") and (parsed := parse_age(band)) is not None
    }
    usable = [parsed for band, parsed in bands.items() if frame.population_of(district, sex, [band]) is not None]
    parts = cover(age, usable)
    if parts is None:
        return None
    total = Fraction(0)
    splits = []
    for part in parts:
        count = frame.population_of(district, sex, [str(part)])
        assert count is not None, "only bands with a figure are usable"
        share = share_within(part, age)
        total += count * share
        if share != 1:
            params = (("band", str(part)), ("category", str(age)), ("share", str(share)))
            splits.append(Problem("margins_age_split", AGE, params))
    return total, splits


def _missing(frame: Frame, district: str, sex: Sex | None, age: AgeRange | None) -> Problem:
    name = frame.areas[district].name_zh if district in frame.areas else district
    cell = " ".join(part for part in (sex or "", str(age) if age else "") if part) or "total"
    return Problem("margins_no_figure", "within", (("district", name), ("code", district), ("cell", cell)))
