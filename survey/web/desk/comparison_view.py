"""A wave's rates beside rival ones, arranged for the page: other definitions of the same answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from analysis.definitions import MEAN_SCORE
from analysis.rates import CITY, SELF_SELECTED_MODES
from survey.services.compare_rates import Definitions
from survey.web.desk.wave_view import WaveView
from survey.web.desk.words import DEFINITIONS
from survey.web.languages import text_of, translate


@dataclass(frozen=True, slots=True)
class Cell:
    """A value with its interval, as texts; empty where nothing can be said."""

    value: str
    interval: str


@dataclass(frozen=True, slots=True)
class Line:
    """One domain under every definition; cells is None where its numbers are withheld."""

    name: str
    mode: str
    modelled: bool
    n: int
    cells: tuple[Cell, ...] | None


@dataclass(frozen=True, slots=True)
class DefinitionTable:
    """One indicator: a column a definition, a line a domain."""

    title: str
    columns: tuple[str, ...]
    declared: int | None  # the column that the questionnaire declares
    lines: tuple[Line, ...]


def definition_tables(view: WaveView, compared: Sequence[Definitions]) -> list[DefinitionTable]:
    """A table an indicator: the city by every mode, then the districts by the headline mode."""
    titles = {indicator.code: text_of(indicator.title) for indicator in view.indicators}
    return [_table(view, each, titles[each.indicator]) for each in compared]


def _table(view: WaveView, compared: Definitions, title: str) -> DefinitionTable:
    codes = tuple(dict.fromkeys(each.definition for each in compared.defined))
    found = {(each.mode, each.domain_kind, each.domain, each.definition): each.estimate for each in compared.defined}
    places = dict.fromkeys((each.mode, each.domain_kind, each.domain) for each in compared.defined)
    lines = []
    for mode, kind, domain in places:
        if kind != CITY and mode != view.headline_mode:
            continue
        estimates = [found[mode, kind, domain, code] for code in codes]
        shown = view.is_published(compared.indicator, mode, kind, domain)
        cells = tuple(_cell(code, e.value, e.lower, e.upper) for code, e in zip(codes, estimates, strict=True))
        name = translate("Whole city") if kind == CITY else view.area(domain)
        modelled = mode in SELF_SELECTED_MODES
        lines.append(Line(name, view.mode_name(mode), modelled, estimates[0].n, cells if shown else None))
    declared = codes.index(compared.declared) if compared.declared in codes else None
    return DefinitionTable(title, tuple(translate(DEFINITIONS[code]) for code in codes), declared, tuple(lines))


def _cell(definition: str, value: float, lower: float, upper: float) -> Cell:
    def text(number: float) -> str:
        return f"{number:.1f}" if definition == MEAN_SCORE else f"{100 * number:.1f}%"

    if not isfinite(value):
        return Cell("", "")
    return Cell(text(value), f"{text(lower)}–{text(upper)}" if isfinite(lower) else "")
