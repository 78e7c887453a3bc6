"""A wave's rates beside rival ones, arranged for the page: other definitions of the same answers, and the open QR
answers beside the headline mode, as they are and as models would have them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from analysis.definitions import MEAN_SCORE
from analysis.estimate import Estimate
from analysis.mode_gap import GAP_NOTES, Gap, ModeGap
from analysis.modes import OPEN_QR
from analysis.notes import NOTES
from analysis.pseudo_weights import MODEL_NOTES
from analysis.publication import PublicationRule
from analysis.rates import CITY, SELF_SELECTED_MODES
from survey.services.compare_rates import Definitions, ModesCompared
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
        cells = tuple(_cell(code, e, view.publication) for code, e in zip(codes, estimates, strict=True))
        name = translate("Whole city") if kind == CITY else view.area(domain)
        modelled = mode in SELF_SELECTED_MODES
        lines.append(Line(name, view.mode_name(mode), modelled, estimates[0].n, cells if shown else None))
    declared = codes.index(compared.declared) if compared.declared in codes else None
    return DefinitionTable(title, tuple(translate(DEFINITIONS[code]) for code in codes), declared, tuple(lines))


def _cell(definition: str, estimate: Estimate, rule: PublicationRule) -> Cell:
    """Empty where it may not be shown: each definition has its own base, and a score needs more than a few points."""
    most = 100.0 if definition == MEAN_SCORE else 1.0
    within = 0 <= estimate.lower < estimate.upper <= most
    if not rule.publishable(estimate) or (definition == MEAN_SCORE and not within):
        return Cell("", "")

    def text(number: float) -> str:
        return f"{number:.1f}" if definition == MEAN_SCORE else f"{100 * number:.1f}%"

    return Cell(text(estimate.value), f"{text(estimate.lower)}–{text(estimate.upper)}")


SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class GapLine:
    """One indicator's open answers beside the reference sample's."""

    name: str
    open_n: int
    reference_n: int
    gap: str
    interval: str
    verdict: str
    p_value: str
    evenness: str
    places: tuple[str, ...]  # groups in which the gap is more than chance, each with its gap
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelLine:
    """One indicator: the headline, the open answers weighted to the census, and what the models make of them."""

    name: str
    cells: tuple[Cell, ...]
    imbalance: tuple[str, str]  # the largest standardised difference before and after
    notes: tuple[str, ...]


def gap_lines(view: WaveView, compared: Sequence[ModesCompared]) -> list[GapLine]:
    """A line an indicator whose answers by both modes may be shown, and compared."""
    titles = {indicator.code: text_of(indicator.title) for indicator in view.indicators}
    return [
        _gap_line(view, each.gap, titles[each.indicator])
        for each in compared
        if each.gap is not None and isfinite(each.gap.average.lower) and _both_published(view, each.indicator)
    ]


def model_lines(view: WaveView, compared: Sequence[ModesCompared]) -> list[ModelLine]:
    """A line an indicator to which the models could be fitted."""
    titles = {indicator.code: text_of(indicator.title) for indicator in view.indicators}
    lines = []
    for each in compared:
        if each.weighted is None or each.robust is None or not _both_published(view, each.indicator):
            continue
        rates = [view.city_estimate(each.indicator, mode) for mode in (view.headline_mode, OPEN_QR)]
        models = [each.weighted.estimate, each.robust.estimate]
        overlap = each.robust.overlap
        lines.append(
            ModelLine(
                name=titles[each.indicator],
                cells=tuple(_share_cell(one, view.publication) for one in (*rates, *models)),
                imbalance=(f"{overlap.worst_before:.2f}", f"{overlap.worst_after:.2f}"),
                notes=tuple(_note(code) for code in each.robust.estimate.notes if code != "self_selected"),
            )
        )
    return lines


def _both_published(view: WaveView, indicator: str) -> bool:
    return all(view.is_published(indicator, mode, CITY, CITY) for mode in (view.headline_mode, OPEN_QR))


def _gap_line(view: WaveView, gap: ModeGap, name: str) -> GapLine:
    average = gap.average
    notes = [code for code in (*gap.notes, *average.notes) if code != "too_many_strata"]  # Wald's test is not shown
    return GapLine(
        name=name,
        open_n=average.n_open,
        reference_n=average.n_reference,
        gap=_points(average.value),
        interval=f"{_points(average.lower)} … {_points(average.upper)}",
        verdict=_verdict(average.p_value),
        p_value=_p_text(average.p_value),
        evenness=_evenness(gap.heterogeneity.p_value),
        places=tuple(_place(view, one) for one in gap.strata if one.holm < SIGNIFICANT),
        notes=tuple(_note(code) for code in dict.fromkeys(notes)),
    )


def _verdict(p_value: float) -> str:
    return translate("differs") if p_value < SIGNIFICANT else translate("no difference shown")


def _evenness(p_value: float) -> str:
    if not isfinite(p_value):
        return translate("cannot be tested")
    return (
        translate("differs between groups")
        if p_value < SIGNIFICANT
        else translate("no difference between groups shown")
    )


def _place(view: WaveView, gap: Gap) -> str:
    district, *levels = gap.label.split(" × ")
    groups = ["/".join(view.stratum_text(code) for code in level.split("+")) for level in levels]
    interval = f"({_points(gap.lower)} … {_points(gap.upper)})"
    return " ".join([view.area(district), *groups, _points(gap.value), interval])


def _note(code: str) -> str:
    return translate({**GAP_NOTES, **MODEL_NOTES, **NOTES}[code])


def _p_text(p_value: float) -> str:
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}"


def _points(difference: float) -> str:
    return f"{100 * difference:+.1f}".replace("-", "−") if isfinite(difference) else "–"


def _share_cell(estimate: Estimate | None, rule: PublicationRule) -> Cell:
    return Cell("", "") if estimate is None else _cell("", estimate, rule)
