"""The neighbourhoods of a wave on one indicator, arranged for their page: who is at risk, why, and what to ask next."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from math import isfinite

from flask import url_for
from werkzeug.datastructures import MultiDict

from analysis.area_charts.caterpillar import caterpillar
from analysis.area_charts.rank_intervals import rank_intervals
from analysis.area_charts.row_svg import row_svg
from analysis.area_charts.tile_map import risk_map
from analysis.area_charts.tile_svg import tile_svg
from analysis.area_charts.words import AreaLabels
from analysis.planning.adaptive import Placed, Placement
from analysis.risk import FlagKind
from analysis.small_area.areas import Source
from analysis.small_area.change import AreaChange, Together
from analysis.small_area.flags import AreaFlag, Flags
from analysis.small_area.forecast import Lift, Outlook
from analysis.small_area.ranks import AreaRank, Ranks
from survey.services.neighbourhoods import BATCH, CELL, Neighbourhoods, Outlooks
from survey.web.desk.wave_view import WaveView
from survey.web.desk.words import FLAG_SHAPES, FLAGS, chance_text
from survey.web.languages import text_of, translate

MOST_LIFTS = 5
MOST_ROWS = 40  # of the list, unless all are asked for
MOST_DRAWN = 40
FEWEST_TOGETHER = 5  # neighbourhoods whose raw shares may be shown as one mean
KINDS = (FlagKind.AT_RISK, FlagKind.UNCERTAIN, FlagKind.SAFE)


@dataclass(frozen=True, slots=True)
class RiskRow:
    """One neighbourhood."""

    name: str
    around: str  # its street and district
    area: AreaFlag
    rank: AreaRank
    change: AreaChange | None

    @property
    def predicted(self) -> bool:
        """Whether nothing of its own is in the numbers."""
        return self.area.source is Source.PREDICTION

    @property
    def chance(self) -> str:
        return chance_text(self.area.below)

    @property
    def flag_word(self) -> str:
        return f"{FLAG_SHAPES[self.area.kind]} {translate(FLAGS[self.area.kind])}"

    @property
    def place(self) -> str:
        """The interval of its place."""
        return f"{self.rank.lower}–{self.rank.upper}"


@dataclass(frozen=True, slots=True)
class NextRow:
    """Interviews placed in one neighbourhood, and why there."""

    name: str
    around: str
    placed: Placed
    at_risk: tuple[tuple[str, str], ...]  # indicator, chance


EVALUATION, DEFF, INTERVIEWS = 450, 2.0, 200  # nine districts with fifty interviews each are a usual evaluation
MOST_INTERVIEWS, MOST_DEFF, MOST_NEXT = 100_000, 20.0, 2000


@dataclass(frozen=True, slots=True)
class RiskWishes:
    """What the reader asked for: an indicator, a filter, an evaluation to forecast, and interviews to place."""

    indicator: str
    district: str
    flag: str
    evaluation: int
    deff: float
    interviews: int
    all: bool = False  # every row of the list

    @classmethod
    def of(cls, given: MultiDict[str, str]) -> "RiskWishes":
        """From the address; what is no number, or impossible, is taken for the usual one."""
        evaluation = given.get("evaluation", EVALUATION, type=int)
        deff = given.get("deff", DEFF, type=float)
        interviews = given.get("interviews", INTERVIEWS, type=int)
        return cls(
            indicator=given.get("indicator", ""),
            district=given.get("district", ""),
            flag=given.get("flag", ""),
            evaluation=evaluation if 1 <= evaluation <= MOST_INTERVIEWS else EVALUATION,
            deff=round(deff, 1) if 1 <= deff <= MOST_DEFF else DEFF,
            interviews=interviews if BATCH <= interviews <= MOST_NEXT else INTERVIEWS,
            all="all" in given,
        )


class RiskView:
    """What the page of the neighbourhoods shows of one indicator."""

    def __init__(self, view: WaveView, found: Neighbourhoods, outlooks: Outlooks, wishes: RiskWishes) -> None:
        self.view, self.found, self.outlooks, self.wishes = view, found, outlooks, wishes
        self.indicator = found.indicator
        self.title = text_of(found.indicator.title)
        ranks = {rank.name: rank for rank in outlooks.ranks.areas}
        changes = {each.name: each for each in outlooks.changes.areas} if outlooks.changes is not None else {}
        self._all = [
            RiskRow(view.area(area.name), self.around(area.name), area, ranks[area.name], changes.get(area.name))
            for area in sorted(found.flags.areas, key=lambda area: (-area.below, area.name))
            if area.name.startswith(wishes.district)
        ]

    @property
    def rows(self) -> list[RiskRow]:
        """The gravest first, of the kind that was asked for."""
        return [
            row for row in self._all if self.wishes.flag in ("", row.area.kind.value, "sure" if row.area.sure else "")
        ]

    @property
    def most(self) -> int:
        """Rows of the list that are shown."""
        return len(self._all) if self.wishes.all else MOST_ROWS

    @property
    def whole_address(self) -> str:
        """This page with every row of the list."""
        chosen = {name: value for name, value in asdict(self.wishes).items() if value and name != "all"}
        return url_for("desk_waves.risk", code=self.view.wave.code, all=1, _anchor="list", **chosen)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many of each kind, and on the sure list."""
        found = {kind.value: sum(row.area.kind is kind for row in self._all) for kind in KINDS}
        return found | {"sure": sum(row.area.sure for row in self._all)}

    @property
    def predicted(self) -> int:
        """Neighbourhoods of which too few, or nobody, were asked."""
        return sum(row.predicted for row in self._all)

    @property
    def map(self) -> str:
        """Every neighbourhood as a tile, by district, shaded by its chance of missing the target."""
        districts = dict(zip(self.found.areas.names, self._districts, strict=True))
        chart = risk_map(self._drawn, self._labels(translate("Chance of missing the target")), districts)
        return tile_svg(chart, ident="risk-map", abreast=2)

    @property
    def caterpillar(self) -> str:
        """The lowest of the list with their intervals, and the bands that cannot be told apart."""
        chart = caterpillar(self._drawn, self._labels(self.title), ranks=self._ranks, most=MOST_DRAWN)
        return row_svg(chart, ident="caterpillar")

    @property
    def places(self) -> str:
        """The lowest places with their intervals."""
        chart = rank_intervals(
            self.outlooks.ranks, self._labels(translate("Places with their intervals")), most=MOST_DRAWN
        )
        return row_svg(chart, ident="places")

    @property
    def _drawn(self) -> Flags:
        """The flags of the neighbourhoods in the chosen district."""
        return replace(self.found.flags, areas=tuple(row.area for row in self._all))

    @property
    def _ranks(self) -> Ranks | None:
        """Places are those in the whole city: of a part of it they make no bands."""
        return None if self.wishes.district else self.outlooks.ranks

    @property
    def _districts(self) -> list[str]:
        return [self.found.areas.districts[code] for code in self.found.areas.district.tolist()]

    def _labels(self, title: str) -> AreaLabels:
        words = self.view.labels(title, f"{self.title} · {self.view.title}")
        codes = {*self.found.areas.names, *self.found.areas.districts}
        return AreaLabels(
            title=words.title,
            subtitle=words.subtitle,
            target=words.target,
            previous=words.previous,
            no_estimate=words.no_estimate,
            interval=translate("modelled rate and 95% interval"),
            modelled=words.modelled,
            sample=words.sample,
            names={code: self.view.area(code) for code in codes},
            flags=words.flags,
            below=translate("chance below the target"),
            predicted=translate("predicted, too few were asked"),
            rate=translate("modelled rate"),
            place=translate("expected place, 1 is the highest rate"),
            last=translate("chance of being among the last {k}"),
            tied=translate("places {first} to {last} cannot be told apart"),
            alone=translate("place {first}"),
            said=translate("stated chance"),
            happened=translate("how often it was so"),
            as_said=translate("as often as stated"),
            effective=translate("effective interviews"),
            limits=translate("{level} limits around the {around}"),
            city=translate("city mean"),
            raw=translate("raw share"),
            shrunk=translate("modelled rate"),
            now=translate("interviews so far"),
            after=translate("with the next ones"),
            comma=translate(", "),
        )

    def around(self, code: str) -> str:
        """The street and the district of a neighbourhood, where they are areas of their own."""
        frame = self.view.results.frame
        above = [area for area in (frame.street_of(code), frame.district_of(code)) if area is not None]
        return " · ".join(dict.fromkeys(self.view.area(area.code) for area in above if area.code != code))

    @property
    def outlook_rows(self) -> list[tuple[str, Outlook]]:
        """The city, then its districts."""
        forecast = self.outlooks.forecast
        districts = [(self.view.area(each.name), each) for each in forecast.districts]
        return [(translate("Whole city"), forecast.city), *districts]

    @property
    def lifts(self) -> list[tuple[str, str, Lift]]:
        """Where an effort helps the city most, per head."""
        areas = self.outlooks.lifts.areas[:MOST_LIFTS]
        return [(self.view.area(each.name), self.around(each.name), each) for each in areas]

    @property
    def bands_text(self) -> str:
        """Runs of places that cannot be told apart."""
        return translate(", ").join(f"{band.first}–{band.last}" for band in self.outlooks.ranks.bands)

    @property
    def by_itself(self) -> Together | None:
        """What became of those flagged in the wave before, and what was to be expected; nothing of a few."""
        moved = self.outlooks.regression.flagged if self.outlooks.regression is not None else None
        return moved if moved is not None and moved.count >= FEWEST_TOGETHER and isfinite(moved.expected) else None

    def cells(self, row: RiskRow) -> str:
        """Whom to ask there: groups by sex and age, with numbers."""
        named = []
        for cell, count in row.area.cells:
            if count:
                words = " ".join(self.view.stratum_text(code) for code in cell.split(CELL))
                named.append(f"{words} {count}")
        return translate(", ").join(named)

    def next_rows(self, placement: Placement) -> list[NextRow]:
        """Where the next interviews go, the most first."""
        titles = [text_of(each.title) for each in self.view.indicators]
        chosen = sorted((each for each in placement.areas if each.interviews), key=lambda each: -each.interviews)
        return [
            NextRow(
                self.view.area(each.name),
                self.around(each.name),
                each,
                tuple(zip(titles, map(chance_text, each.at_risk), strict=True)),
            )
            for each in chosen
        ]
