"""Planning a wave at the desk: a form, or a YAML plan pasted in. Both become the same document."""

import secrets
from collections.abc import Mapping

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from survey.config import OFFICE_ZONE
from survey.domain.allocation import Allocation
from survey.domain.document import Document
from survey.domain.problems import Invalid, Problem
from survey.domain.protocol import DEFAULT_PROTOCOL, OBSERVABLE
from survey.domain.wave import Mode, PlaceType
from survey.services.plan_wave import plan_wave
from survey.services.read_wave import frame_list, questionnaire_list
from survey.web.desk.access import roles
from survey.web.languages import translate
from survey.web.office import office
from survey.web.problem_texts import problem_text
from survey.yaml_source import read_yaml

blueprint = Blueprint("desk_planning", __name__, url_prefix="/desk/plan")

_STREET = ("every", "slots", "grant_hours")  # the numbers of the protocol
_DEFAULTS: Mapping[str, list[str]] = {
    "grace_hours": ["48"],
    "mode": ["intercept"],
    "intercept_n": ["900"],
    "intercept_allocation": ["power"],
    "intercept_per_district": ["6"],
    "intercept_place": ["square", "market", "mall"],
    **{f"street_{key}": [str(getattr(DEFAULT_PROTOCOL, key))] for key in _STREET},
    "street_observe": list(DEFAULT_PROTOCOL.observe),
    "open_qr_n": ["600"],
    "open_qr_allocation": ["power"],
    "open_qr_per_district": ["4"],
    "open_qr_place": ["housing_estate", "service_window"],
}


@blueprint.get("")
@roles("organiser")
def new() -> str:
    """The form, for the newest frame and questionnaire unless others are asked for."""
    return _page(MultiDict(_DEFAULTS))


@blueprint.post("")
@roles("organiser")
def plan() -> BaseResponse:
    """Keep the plan as a draft, in place of an earlier draft of the same code."""
    form = request.form
    try:
        known = {str(entry.id): entry.id for entry in frame_list(office().db)}
        frame_id = known.get(form.get("frame", ""))
        if frame_id is None:
            raise Invalid([Problem("frame_unknown", "frame")])
        document = read_yaml(form["yaml"], "plan") if form.get("yaml", "").strip() else _document(form)
        planned = plan_wave(office().db, office().catalogue, document, frame_id, office().now(), secrets.randbelow)
    except Invalid as refused:
        return Response(_page(form, refused.problems), status=422)
    flash(translate("The wave is a draft now. Look it over, then open it."))
    for note in planned.notes:
        flash(problem_text(note))
    return redirect(url_for("desk_waves.show", code=planned.wave.code), code=303)


def _document(form: "MultiDict[str, str]") -> Document:
    """The form as the document that a plan's file would be."""
    code, _, version = form.get("questionnaire", "").partition("/")
    modes = [mode for mode in form.getlist("mode") if mode in set(Mode)]
    tree: dict[str, object] = {
        "wave": form.get("wave") or None,
        "title": {
            language: form[f"title_{language}"] for language in ("zh-Hans", "en") if form.get(f"title_{language}")
        },
        "questionnaire": {"code": code, "version": version},
        "timezone": OFFICE_ZONE,
        "opens": form.get("opens") or None,
        "closes": form.get("closes") or None,
        "grace_hours": form.get("grace_hours") or None,
        "districts": form.getlist("district"),
        "samples": [_sample(form, mode) for mode in modes],
        "generate": [
            {
                "mode": mode,
                "per_district": form.get(f"{mode}_per_district", ""),
                "places": form.getlist(f"{mode}_place"),
            }
            for mode in modes
        ],
    }
    contact = {code: form[f"contact_{code}"] for code in ("zh-Hans", "en") if form.get(f"contact_{code}")}
    notice = {"contact": contact, "keep_months": form.get("keep_months")}
    if any(notice.values()):
        tree["notice"] = {key: value for key, value in notice.items() if value}
    if Mode.INTERCEPT.value in modes:
        tree["intercept"] = _protocol(form)
    return Document("", tree, {})


def _protocol(form: "MultiDict[str, str]") -> dict[str, object]:
    return {key: form.get(f"street_{key}", "") for key in _STREET} | {
        "observe": form.getlist("street_observe"),
        "place": "street_place" in form,
    }


def _sample(form: "MultiDict[str, str]", mode: str) -> dict[str, object]:
    sample: dict[str, object] = {
        "mode": mode,
        "n": form.get(f"{mode}_n", ""),
        "allocation": form.get(f"{mode}_allocation", ""),
    }
    if sample["allocation"] == Allocation.FIXED.value:
        sample["fixed"] = {
            district: form.get(f"{mode}_fixed_{district}") or "0" for district in form.getlist("district")
        }
    return sample


def _page(form: "MultiDict[str, str]", problems: tuple[Problem, ...] = ()) -> str:
    frames = frame_list(office().db)
    versions = [f"{code}/{version}" for code, version, _, _ in questionnaire_list(office().db)]
    wanted = request.values.get("frame", "")
    entry = next((each for each in frames if str(each.id) == wanted), frames[-1] if frames else None)
    frame = office().catalogue.frame(entry.id) if entry else None
    return render_template(
        "desk/plan.html",
        frames=frames,
        cities={each.id: office().catalogue.frame(each.id).city for each in frames},
        entry=entry,
        districts=frame.districts if frame else (),
        chosen_districts=set(form.getlist("district")) if problems else None,
        versions=versions,
        modes=(Mode.INTERCEPT, Mode.OPEN_QR),
        places=tuple(PlaceType),
        rules=tuple(Allocation),
        observable=OBSERVABLE,
        form=form,
        problems=problems,
    )
