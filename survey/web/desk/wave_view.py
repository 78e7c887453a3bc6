"""A wave's results arranged for its pages: which table shows which rate, in what order, with which words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from analysis.chart_svg import dot_interval_svg, interval_cell_svg
from analysis.charts import dot_interval_figure
from analysis.columns import Indicator
from analysis.estimate import Estimate
from analysis.figure_frame import Figure
from analysis.modes import OPEN_QR
from analysis.notes import NOTES
from analysis.palette import ThemeName
from analysis.panels import Axis, Labels, Panel, Row, axis_of, lowest_first
from analysis.publication import PublicationRule
from analysis.rates import CITY, SELF_SELECTED_MODES, Change, LeftOut
from analysis.report import Judged
from analysis.risk import Flag, FlagKind, gravity
from survey.domain.disposition import Disposition
from survey.domain.fieldwork import QuotaCell
from survey.domain.wave import Mode
from survey.domain.wave_json import plan_from_json
from survey.services.catalogue import NotFound
from survey.services.report_wave import WaveResults
from survey.web.area_names import area_name
from survey.web.desk.words import (
    BASES,
    DISPOSITIONS,
    FLAG_SHAPES,
    FLAGS,
    MODES,
    merge_text,
    reason_text,
)
from survey.web.languages import text_of, translate

AREA_LEVELS = ("neighbourhood", "street")
MOST_LISTED = 10  # neighbourhoods at risk on the wave's page; their own page has them all
MOST_DRAWN = 80  # rows of an interactive figure; the table has them all
_FLAG_ORDER = (FlagKind.AT_RISK, FlagKind.UNCERTAIN, FlagKind.TOO_FEW, FlagKind.SAFE)


@dataclass(frozen=True, slots=True)
class RateRow:
    """One line of a table of rates. Where `shown` is false, the numbers are withheld and only n's rule is told."""

    name: str
    code: str
    target: float
    estimate: Estimate
    flag: Flag
    change: Change | None
    shown: bool
    judged: bool  # held against its target; self-selected answers may not decide that
    left_out: LeftOut | None
    chart: str = ""

    @property
    def previous(self) -> Estimate | None:
        """The same rate of the wave before, where it may be shown."""
        return self.change.before.estimate if self.change is not None and self.change.before is not None else None

    @property
    def gravity(self) -> float:
        """The lower, the graver: the chance of reaching the target, or else the upper end of the interval."""
        below = dict(self.flag.reason.params).get("below")
        return self.estimate.upper if below is None else 1 - below

    @property
    def verdict(self) -> str:
        """The flag's kind, for the page's style; empty without one."""
        return self.flag.kind.value if self.judged else ""

    @property
    def flag_word(self) -> str:
        """The flag in a shape and a word."""
        if not self.judged:
            return translate("no verdict")
        return f"{FLAG_SHAPES[self.flag.kind]} {translate(FLAGS[self.flag.kind])}"

    @property
    def reason(self) -> str:
        """Why the flag is what it is."""
        return reason_text(self.flag) if self.judged else translate("self-selected answers are not held to the target")

    @property
    def notes(self) -> list[str]:
        return [translate(NOTES[note]) for note in self.estimate.notes]

    @property
    def basis(self) -> str:
        return translate(BASES[self.estimate.basis])


@dataclass(frozen=True, slots=True)
class RateTable:
    """One indicator's rows on one axis."""

    indicator: Indicator
    mode: str
    rows: tuple[RateRow, ...]
    drawing: str

    @property
    def title(self) -> str:
        return text_of(self.indicator.title)


@dataclass(frozen=True, slots=True)
class HeatTable:
    """The quota cells of one mode: a row a district, a column a stratum."""

    mode: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[QuotaCell | None, ...]], ...]

    @staticmethod
    def shade(cell: QuotaCell | None) -> str:
        """The class of a cell's colour; the figures in the cell say the same."""
        if cell is None or cell.target == 0:
            return "none"
        if cell.shortfall == 0:
            return "full"
        return f"b{int(4 * cell.completed / cell.target)}"


class WaveView:
    """What the pages of one wave show."""

    def __init__(self, results: WaveResults) -> None:
        self.results = results
        self.wave = results.wave
        self.plan = plan_from_json(results.wave.plan)
        self.title = text_of(self.plan.title)
        self.indicators = results.report.indicators
        self.modes = tuple(sample.mode.value for sample in self.plan.samples)
        self._by_place: dict[tuple[str, str, str], list[Judged]] = {}
        for judged in results.report.rates:
            rate = judged.rate
            self._by_place.setdefault((rate.indicator, rate.mode, rate.domain_kind), []).append(judged)

    @property
    def empty(self) -> bool:
        """Whether nothing has been counted yet."""
        return not any(count for (_, kind), count in self.results.dispositions.items() if kind is Disposition.COMPLETE)

    @cached_property
    def progress(self) -> list[tuple[str, int, Mapping[Disposition, int]]]:
        """(mode, target or letters that are out, how many of each disposition)."""
        rows: list[tuple[str, int, Mapping[Disposition, int]]] = []
        for mode in self.modes:
            target = sum(cell.target for cell in self.results.cells if cell.key.mode == mode)
            if mode == Mode.SAMPLED:
                target = self.results.letters_out
            counts = {kind: self.results.dispositions.get((mode, kind), 0) for kind in Disposition}
            rows.append((mode, target, counts))
        return rows

    @cached_property
    def heat(self) -> list[HeatTable]:
        """The quota tables, one a mode that has cells."""
        tables = []
        for mode in self.modes:
            cells = [cell for cell in self.results.cells if cell.key.mode == mode]
            if not cells:
                continue
            strata = tuple(dict.fromkeys(cell.key.values for cell in cells))
            by_key = {(cell.key.district, cell.key.values): cell for cell in cells}
            districts = dict.fromkeys(cell.key.district for cell in cells)
            rows = tuple(
                (self.area(district), tuple(by_key.get((district, values)) for values in strata))
                for district in districts
            )
            tables.append(HeatTable(mode, tuple(self._stratum_name(values) for values in strata), rows))
        return tables

    def is_published(self, indicator: str, mode: str, kind: str, domain: str) -> bool:
        """May the numbers of this domain be shown?"""
        found = self._by_place.get((indicator, mode, kind), [])
        return any(judged.published for judged in found if judged.rate.domain == domain)

    @property
    def publication(self) -> PublicationRule:
        """When a number may be shown."""
        return self.results.report.publication

    def city_estimate(self, indicator: str, mode: str) -> Estimate | None:
        """The city's rate by one mode."""
        found = self._by_place.get((indicator, mode, CITY), [])
        return found[0].rate.estimate if found else None

    def city_table(self, mode: str) -> list[RateRow]:
        """The city's rates by one mode, one row an indicator."""
        found = [
            (judged, text_of(indicator.title))
            for indicator in self.indicators
            for judged in self._by_place.get((indicator.code, mode, CITY), [])
        ]
        axis = _axis([judged for judged, _ in found])
        return [_row(judged, name, axis) for judged, name in found]

    def weighting(self, mode: str) -> list[str]:
        """What the weights of a mode had to merge, in sentences; nothing where every cell could stand alone."""
        merges = self.results.report.merges.get(mode, ())
        return [merge_text(code, sum(merge.code == code for merge in merges)) for code in {m.code: 0 for m in merges}]

    def tables(self, mode: str, kind: str) -> list[RateTable]:
        """One table an indicator, with the domains of a kind as rows."""
        return [self.table(indicator, mode, kind) for indicator in self.indicators]

    def table(self, indicator: Indicator, mode: str, kind: str) -> RateTable:
        """The domains of a kind, in the order of their codes."""
        found = self._by_place.get((indicator.code, mode, kind), [])
        named = [(judged, self._domain_name(kind, judged.rate.domain)) for judged in found]
        axis = _axis(found)
        rows = tuple(_row(judged, name, axis) for judged, name in named)
        return RateTable(indicator, mode, rows, self._drawing(indicator, mode, kind, rows, axis))

    def worst(self, indicator: Indicator) -> "AreaList":
        """The neighbourhoods most at risk by the headline mode, with the counts of every flag."""
        chosen = AreaList.chosen(self, indicator=indicator.code, flag=FlagKind.AT_RISK.value)
        return replace(chosen, rows=chosen.rows[:MOST_LISTED])

    def caterpillar(self, chosen: "AreaList", *, theme: ThemeName, width: int) -> Figure:
        """The shown rows of a list as an interactive figure, lowest first."""
        rows = tuple(
            Row(row.name, row.estimate, row.verdict, row.previous, not row.judged) for row in chosen.rows if row.shown
        )
        title = text_of(chosen.indicator.title)
        panel = lowest_first(Panel(title, rows, chosen.indicator.target), MOST_DRAWN)
        labels = self.labels(title, f"{self.mode_name(chosen.mode)} · {self.title}")
        return dot_interval_figure([panel], labels, theme=theme, width=width, row=22)

    def area(self, code: str) -> str:
        """The name of an area."""
        area = self.results.frame.areas.get(code)
        return area_name(area) if area else code

    def mode_name(self, mode: str) -> str:
        return translate(MODES[mode])

    def disposition_name(self, disposition: Disposition) -> str:
        return translate(DISPOSITIONS[disposition])

    @property
    def whole_city(self) -> bool:
        """Whether the wave covers every district of its city."""
        return {area.code for area in self.results.frame.districts} == set(self.plan.districts)

    @property
    def has_open_answers(self) -> bool:
        """Whether the open QR answers stand beside a sample that they can be compared with."""
        return OPEN_QR in self.modes and self.headline_mode != OPEN_QR

    @property
    def headline_judged(self) -> bool:
        """Whether the headline mode is held against targets."""
        return self.headline_mode not in SELF_SELECTED_MODES

    @property
    def headline_mode(self) -> str:
        """The mode that carries the headline."""
        return self.results.headline_mode

    def labels(self, title: str, subtitle: str) -> Labels:
        """The words on a chart."""
        return Labels(
            title=title,
            subtitle=subtitle,
            target=translate("Target"),
            previous=translate("Previous wave"),
            no_estimate=translate("not shown: too few answers"),
            interval=translate("estimate and 95% interval"),
            modelled=translate("estimate and modelled interval"),
            sample="n",
            flags={kind.value: translate(word) for kind, word in FLAGS.items()},
        )

    def _drawing(self, indicator: Indicator, mode: str, kind: str, rows: tuple[RateRow, ...], axis: Axis) -> str:
        shown = tuple(
            Row(row.name, row.estimate, row.verdict, row.previous, not row.judged) for row in rows if row.shown
        )
        if not shown:
            return ""
        title = text_of(indicator.title)
        panel = Panel(title, shown, indicator.target)
        return dot_interval_svg(panel, self.labels(title, ""), ident=f"{kind}-{mode}-{indicator.code}", axis=axis)

    def _domain_name(self, kind: str, code: str) -> str:
        return self._category_name(kind, code) if kind in {"sex", "age_band"} else self.area(code)

    def stratum_text(self, code: str) -> str:
        """The words for a category of any strata question."""
        names = (self._category_name(stratum.dimension, code) for stratum in self.results.questionnaire.strata)
        return next((name for name in names if name != code), code)

    def _stratum_name(self, values: tuple[tuple[str, str], ...]) -> str:
        return " ".join(self._category_name(dimension, code) for dimension, code in values)

    def _category_name(self, dimension: str, code: str) -> str:
        questionnaire = self.results.questionnaire
        for stratum in questionnaire.strata:
            if stratum.dimension == dimension:
                for category in questionnaire.items[stratum.item].categories:
                    if category.code == code:
                        return text_of(category.text)
        return code


@dataclass(frozen=True, slots=True)
class AreaList:
    """The streets or neighbourhoods of a wave on one indicator, the gravest first."""

    level: str
    indicator: Indicator
    mode: str
    district: str
    flag: str
    rows: tuple[RateRow, ...]
    counts: Mapping[str, int]

    @classmethod
    def chosen(
        cls, view: WaveView, *, indicator: str, level: str = "", mode: str = "", district: str = "", flag: str = ""
    ) -> "AreaList":
        """What the reader asked for; unknown wishes fall back to the first indicator, the headline mode and all."""
        known = {each.code: each for each in view.indicators}
        if not known:
            raise NotFound("indicator")
        by = known.get(indicator) or next(iter(known.values()))
        mode = mode if mode in view.modes else view.headline_mode
        level = level if level in AREA_LEVELS else AREA_LEVELS[0]
        rows = [row for row in view.table(by, mode, level).rows if row.code.startswith(district)]
        counts = {kind.value: sum(row.verdict == kind.value for row in rows) for kind in _FLAG_ORDER}
        if flag in counts:
            rows = [row for row in rows if row.verdict == flag]
        if mode not in SELF_SELECTED_MODES:
            rows.sort(key=lambda row: gravity(row.flag.kind, row.gravity, row.code))
        return cls(level, by, mode, district, flag, tuple(rows), counts)


def _axis(judged: Sequence[Judged]) -> Axis:
    """The axis that holds every number that may be shown, and the targets."""
    shown = tuple(Row("", each.rate.estimate) for each in judged if each.published)
    return axis_of([Panel("", shown, judged[0].target if judged else None)])


def _row(judged: Judged, name: str, axis: Axis) -> RateRow:
    estimate = judged.rate.estimate
    change = judged.change
    row = RateRow(
        name=name,
        code=judged.rate.domain,
        target=judged.target,
        estimate=estimate,
        flag=judged.flag,
        change=change,
        shown=judged.published,
        judged=judged.rate.mode not in SELF_SELECTED_MODES,
        left_out=judged.rate.left_out,
    )
    if not row.shown:
        return row
    drawn = Row(name, estimate, row.verdict, row.previous, not row.judged)
    return replace(row, chart=interval_cell_svg(drawn, axis, judged.target))
