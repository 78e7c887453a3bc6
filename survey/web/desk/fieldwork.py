"""The supervisors' board: a wave's fieldwork as it stands now, and what came of asking about interviews.

The page refreshes itself. Such a refresh is no sign of life: a screen that nobody touches signs its account out in the
usual time, and a message that waits for its reader is not used up by it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from analysis.outcome_rates import Dispositions
from survey.config import OFFICE_ZONE
from survey.domain.call_back import Finding
from survey.domain.fieldwork import Device, Point, QuotaCell
from survey.domain.paradata import BELIEVED
from survey.domain.shift import read_shift
from survey.services.catalogue import NotFound
from survey.services.field_records import approaches
from survey.services.note_call_back import note_call_back
from survey.services.watch_fieldwork import Fieldwork, ModeProgress, watch_fieldwork
from survey.services.watch_volunteers import CallBack
from survey.web.area_names import area_name
from survey.web.desk.access import current_account, roles
from survey.web.desk.words import PLACES
from survey.web.languages import N_, text_of, translate
from survey.web.office import office
from survey.web.tablet.outing import PARTS

blueprint = Blueprint("desk_fieldwork", __name__, url_prefix="/desk/waves/<code>/fieldwork")

FINDINGS = {
    Finding.CONFIRMED: N_("Confirmed"),
    Finding.DOUBTFUL: N_("Doubtful"),
    Finding.NOT_REACHED: N_("Unreachable"),
}
FAMILIES = (
    ("RR", N_("Response rate")),
    ("COOP", N_("Cooperation rate")),
    ("REF", N_("Refusal rate")),
    ("CON", N_("Contact rate")),
)
SYMBOLS = (
    ("I", N_("Interviews")),
    ("P", N_("Partial")),
    ("R", N_("Refused")),
    ("NC", N_("Not reached")),
    ("O", N_("No common language")),
    ("NE", N_("Not eligible")),
)
MOST_LISTED = 20  # call-backs at a time; those that are noted make room
QUIET_AFTER = timedelta(minutes=15)  # tablets with a network say that they are there every few minutes


@blueprint.get("")
@roles("organiser", "analyst")
def show(code: str) -> str:
    """Tablets, shifts, quotas, points, outcome rates, lengths and call-backs, as of now."""
    here = office()
    try:
        view = FieldworkView(watch_fieldwork(here.db, here.catalogue, here.settings.secret_key, code, here.now()))
    except NotFound:
        abort(404)
    page = render_template("desk/fieldwork.html", view=view, findings=FINDINGS, most=MOST_LISTED)
    if "Unattended" in request.headers:
        session.modified = False
    return page


@blueprint.post("/call-backs/<uuid:response_id>")
@roles("organiser", "analyst")
def note(code: str, response_id: UUID) -> BaseResponse:
    """Write down what came of asking the volunteer about an interview that was drawn."""
    here = office()
    try:
        finding = Finding(request.form.get("finding", ""))
        note_call_back(here.db, here.settings.secret_key, code, response_id, finding, current_account(), here.now())
    except ValueError:
        abort(400)
    except NotFound:
        abort(404)
    flash(translate("The finding is noted."))
    return redirect(url_for(".show", code=code, _anchor="call-backs"), code=303)


@dataclass(frozen=True, slots=True)
class FieldworkView:
    """The fieldwork in the page's words."""

    fieldwork: Fieldwork

    believed = BELIEVED
    families = FAMILIES
    symbols = SYMBOLS

    @property
    def title(self) -> str:
        return text_of(self.fieldwork.plan.title)

    @property
    def approached(self) -> list[ModeProgress]:
        """The modes in which volunteers approach people."""
        return [mode for mode in self.fieldwork.modes if mode.rates is not None]

    @property
    def to_ask(self) -> list[CallBack]:
        """What was drawn and has no finding yet, by volunteer."""
        return [each for each in self.fieldwork.call_backs if each.note is None]

    @property
    def asked(self) -> list[CallBack]:
        """What has a finding, the latest first."""
        noted = [(each.note.at, each) for each in self.fieldwork.call_backs if each.note is not None]
        return [each for _, each in sorted(noted, key=lambda pair: pair[0], reverse=True)]

    @staticmethod
    def approaches(counts: Dispositions) -> int:
        """Everybody who was approached."""
        return approaches(counts)

    def area(self, code: str) -> str:
        area = self.fieldwork.frame.areas.get(code)
        return area_name(area) if area else code

    def point(self, point: Point) -> str:
        """A point by its number, place and area."""
        return f"{point.number} · {self.area(point.area_code)} · {translate(PLACES[point.place_type])}"

    def stratum(self, cell: QuotaCell) -> str:
        """A cell by its categories."""
        questionnaire = self.fieldwork.questionnaire
        items = {stratum.dimension: questionnaire.items[stratum.item] for stratum in questionnaire.strata}
        texts = {
            (dimension, category.code): category.text
            for dimension, item in items.items()
            for category in item.categories
        }
        return " ".join(text_of(texts.get(value)) or value[1] for value in cell.key.values)

    def shift(self, code: str) -> str:
        """A shift by its day and part."""
        found = read_shift(code, ZoneInfo(OFFICE_ZONE))
        return code if found is None else f"{code[5:10]} {translate(PARTS[found.part])}"

    def minutes_ago(self, moment: datetime) -> int:
        return max(int((self.fieldwork.as_of - moment).total_seconds() // 60), 0)

    def is_quiet(self, device: Device) -> bool:
        """Whether a tablet has not been heard of for a while, as happens without a network."""
        return device.last_seen_at is None or self.fieldwork.as_of - device.last_seen_at > QUIET_AFTER

    @staticmethod
    def is_off(device: Device) -> bool:
        """Whether a tablet's clock is further off than clocks that set themselves are."""
        return timedelta(milliseconds=abs(device.clock_offset_ms or 0)) > BELIEVED

    @staticmethod
    def clock(moment: datetime, form: str = "%H:%M") -> str:
        """A moment of the office's clock."""
        return moment.astimezone(ZoneInfo(OFFICE_ZONE)).strftime(form)

    @staticmethod
    def length(ms: float) -> str:
        """A length in minutes and seconds."""
        seconds = round(ms / 1000)
        return f"{seconds // 60}:{seconds % 60:02d}"

    def count_of(self, finding: Finding) -> int:
        return sum(each.note is not None and each.note.finding is finding for each in self.fieldwork.call_backs)
