"""Signs in a wave's answers, arranged for the page: whom to ask again first, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan

from analysis.quality.answers import Unit
from analysis.quality.findings import NOTES, Finding
from analysis.quality.leads import Lead
from analysis.quality.point_statistics import PointStatistics
from survey.domain.wave import Mode
from survey.services.review_quality import QualityReview
from survey.web.desk.wave_view import WaveView
from survey.web.desk.words import PLACES
from survey.web.languages import N_, translate

MOST_ROWS = 8  # interviews named for each sign

UNITS: Mapping[Unit, str] = {
    Unit.VOLUNTEER: N_("volunteer"),
    Unit.POINT: N_("point"),
    Unit.NEIGHBOURHOOD: N_("neighbourhood"),
    Unit.DISTRICT: N_("district"),
}
CHECKS: Mapping[str, str] = {
    "near_duplicates": N_("interviews that are nearly the same"),
    "vanished_dont_know": N_("hardly anybody answers “don't know”"),
    "vanished_middle": N_("hardly anybody takes the middle of a scale"),
    "straight_lines": N_("the same category all the way down"),
    "narrow_answers": N_("answers keep to few categories"),
    "interviewer_effect": N_("answers unlike those of others at the same places"),
    "fast_interviews": N_("faster than this questionnaire usually takes"),
    "regular_intervals": N_("interviews at too even intervals"),
    "burst": N_("many forms within a short time"),
    "jump": N_("a jump in the best answers from one day on"),
    "identical_answers": N_("people with exactly the same answers"),
    "poster_above_volunteers": N_("posters far more favourable than interviews there"),
}


@dataclass(frozen=True, slots=True)
class Sign:
    """One remarkable finding of a unit."""

    what: str
    within: str  # the unit it is about, where that is a part of the lead
    seen: str
    expected: str
    chance: str
    interviews: tuple[str, ...]
    more: int


@dataclass(frozen=True, slots=True)
class LeadRow:
    """A unit to ask again, with its signs."""

    kind: str
    name: str
    n: int
    q: str
    signs: tuple[Sign, ...]


@dataclass(frozen=True, slots=True)
class PointRow:
    """The figures of a point as the table shows them; – where nothing is known."""

    name: str
    figures: tuple[str, ...]


# The columns of the table of points, in the order of `QualityView.points`.
COLUMNS = (
    N_("Forms"),
    N_("Most within 10 minutes"),
    N_("Median length"),
    N_("The same category all the way down"),
    N_("Largest group of identical answers"),
    N_("From devices that had sent 3 or more"),
    N_("Work done under attack"),
    N_("Waited under attack"),
    N_("Intercept: on people's own phones"),
    N_("Intercept: on a volunteer's tablet"),
)


class QualityView:
    """What the page shows."""

    def __init__(self, view: WaveView, found: QualityReview) -> None:
        self.view, self.found = view, found

    @property
    def leads(self) -> list[LeadRow]:
        """The units whose share of false alarms is controlled, the strongest first."""
        return [self._row(lead) for lead in self.found.review.listed()]

    @property
    def checked(self) -> list[tuple[str, int]]:
        """How many units of each kind were looked at."""
        units = {(finding.kind, finding.unit) for finding in self.found.review.findings}
        return [(translate(word), sum(kind is each for kind, _ in units)) for each, word in UNITS.items()]

    @property
    def silent(self) -> list[str]:
        """The checks that could not be made, and why."""
        told = dict.fromkeys((each.check, each.note) for each in self.found.review.silences)
        return [f"{translate(CHECKS[check])} · {translate(NOTES[note])}" for check, note in told]

    @property
    def columns(self) -> list[str]:
        """The heads of the table of points."""
        return [translate(column) for column in COLUMNS]

    @property
    def points(self) -> list[PointRow]:
        """Every point with forms that people filled in by themselves, those with most first."""
        return [
            PointRow(
                self.name(Unit.POINT, each.point),
                (
                    str(each.forms),
                    str(each.most_in_window),
                    "–" if isnan(each.median_seconds) else _minutes(each.median_seconds),
                    _per_cent(each.straight),
                    str(each.identical),
                    _per_cent(each.from_busy_devices),
                    _per_cent(each.solved),
                    _per_cent(each.waited),
                    *self._ways(each),
                ),
            )
            for each in self.found.statistics
        ]

    @property
    def has_intercepts(self) -> bool:
        """Whether the table of points has any at which volunteers approach people."""
        return any(self._intercepts(each.point) for each in self.found.statistics)

    def _ways(self, of: PointStatistics) -> tuple[str, str]:
        """Of all forms of an intercept point: those on people's own phones, and those on a tablet."""
        if not self._intercepts(of.point) or isnan(of.on_phones):
            return "–", "–"
        ways = (of.on_phones, of.by_tablet)
        on_phones, by_tablet = (f"{round(share * of.all_forms)} ({_per_cent(share)})" for share in ways)
        return on_phones, by_tablet

    def _intercepts(self, point: str) -> bool:
        return self.found.points[point].mode == Mode.INTERCEPT

    def name(self, kind: Unit, unit: str) -> str:
        """What a reader calls the unit."""
        if kind in (Unit.NEIGHBOURHOOD, Unit.DISTRICT):
            return self.view.area(unit)
        point = self.found.points.get(unit) if kind is Unit.POINT else None
        if point is None:
            return unit
        return f"{point.number} · {self.view.area(point.area_code)} · {translate(PLACES[point.place_type])}"

    def _row(self, lead: Lead) -> LeadRow:
        reasons = lead.reasons or lead.findings[:1]
        signs = tuple(self._sign(lead, finding) for finding in reasons)
        return LeadRow(
            translate(UNITS[lead.kind]), self.name(lead.kind, lead.unit), lead.n, _small(lead.q_value), signs
        )

    def _sign(self, lead: Lead, finding: Finding) -> Sign:
        own = (finding.kind, finding.unit) == (lead.kind, lead.unit)
        return Sign(
            what=translate(CHECKS[finding.check]),
            within="" if own else self.name(finding.kind, finding.unit),
            seen=f"{finding.statistic:.3g}",
            expected=f"{finding.expected:.3g}",
            chance=_small(finding.p_value),
            interviews=tuple(row[:8] for row in finding.rows[:MOST_ROWS]),
            more=max(0, len(finding.rows) - MOST_ROWS),
        )


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _per_cent(share: float) -> str:
    return "–" if isnan(share) else f"{100 * share:.0f}%"


def _small(probability: float) -> str:
    return "< 0.0001" if probability < 0.0001 else f"{probability:.2g}"
