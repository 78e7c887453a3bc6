"""The tablets page of the organisers: list, enrol, take access away, bring in a rescue file.

An enrolment code is shown once, in the answer to the form that asked for it, so that no address, redirect, session or
log ever holds it.
"""

import base64
from urllib.parse import urlsplit
from uuid import UUID

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from survey.domain.account import clean_text
from survey.domain.fieldwork import Device
from survey.domain.paradata import BELIEVED
from survey.domain.problems import Invalid, Problem
from survey.domain.submission import Outcome
from survey.services.catalogue import NotFound
from survey.services.import_rescue import Rescued, import_rescue
from survey.services.installation import LOOPBACK
from survey.services.tablets import (
    CODE_LASTS,
    enrolment_url,
    list_tablets,
    new_enrolment,
    read_tablet,
    revoke_tablet,
    withdraw_enrolment,
)
from survey.web.desk.access import roles
from survey.web.desk.sign_in import problem_of_field
from survey.web.languages import translate
from survey.web.office import office
from survey.web.qr import qr_svg

blueprint = Blueprint("desk_tablets", __name__, url_prefix="/desk/tablets")

ONE = "/<uuid:device_id>"


@blueprint.get("")
@roles("organiser")
def show() -> str:
    """Every tablet, the codes that wait, and the form for another tablet."""
    return _page({})


@blueprint.post("")
@roles("organiser")
def enrol() -> BaseResponse:
    """201 with the code, which is never shown again; 422 for a label that will not do."""
    try:
        made = new_enrolment(office().db, request.form.get("label", ""), office().now())
    except Invalid as refused:
        return BaseResponse(_page(problem_of_field(refused)), 422, mimetype="text/html")
    url = enrolment_url(office().settings.public_url, made.code)
    page = render_template(
        "desk/tablet_code.html",
        made=made,
        address=url.partition("#")[0],
        # In the page itself: a picture of its own would need an address.
        picture=base64.b64encode(qr_svg(url)).decode("ascii"),
        groups=[made.code[at : at + 5] for at in range(0, len(made.code), 5)],
        minutes=CODE_LASTS.total_seconds() // 60,
    )
    return BaseResponse(page, 201, mimetype="text/html")


@blueprint.post("/withdraw")
@roles("organiser")
def withdraw() -> BaseResponse:
    """Make a code useless that nobody has used yet."""
    try:
        withdraw_enrolment(office().db, request.form.get("label", ""))
        flash(translate("The code is no longer valid."))
    except NotFound:
        flash(translate("This code had been used or had ended before."), "error")
    return redirect(url_for(".show"), code=303)


@blueprint.get(ONE)
@roles("organiser")
def one(device_id: UUID) -> str:
    """One tablet, and taking its access away."""
    return _one_page(_tablet(device_id), {})


@blueprint.get("/withdraw")
@blueprint.get(f"{ONE}/revoke")
@roles("organiser")
def back(device_id: UUID | None = None) -> BaseResponse:
    """Where a reload or another language leads after a refusal."""
    return redirect(url_for(".show") if device_id is None else url_for(".one", device_id=device_id))


@blueprint.post(f"{ONE}/revoke")
@roles("organiser")
def revoke(device_id: UUID) -> BaseResponse:
    """303 revoked, 422 its label was not typed."""
    device = _tablet(device_id)
    if clean_text(request.form.get("confirm", "")) != device.label:
        wrong = translate("Type the label of the tablet as it stands above.")
        return BaseResponse(_one_page(device, {"confirm": wrong}), 422, mimetype="text/html")
    revoke_tablet(office().db, device_id, office().now())
    flash(translate("The tablet's access has been taken away."))
    return redirect(url_for(".show"), code=303)


@blueprint.get("/rescue")
@roles("organiser")
def rescue() -> str:
    """The form for a rescue file."""
    return _rescue_page()


@blueprint.post("/rescue")
@roles("organiser")
def bring_in() -> BaseResponse:
    """200 with what became of each record, 422 the file is none or of a tablet that nobody knows here."""
    file = request.files.get("file")
    try:
        if file is None or not file.filename:
            raise Invalid([Problem("file_missing", "file")])
        rescued = import_rescue(office().door, file.read(), office().now())
    except Invalid as refused:
        return BaseResponse(_rescue_page(problems=refused.problems), 422, mimetype="text/html")
    return BaseResponse(_rescue_page(rescued), mimetype="text/html")


def _tablet(device_id: UUID) -> Device:
    try:
        return read_tablet(office().db, device_id)
    except NotFound:
        abort(404)


def _page(problems: dict[str, str]) -> str:
    settings, (tablets, waiting) = office().settings, list_tablets(office().db, office().now())
    return render_template(
        "desk/tablets.html",
        tablets=tablets,
        waiting=waiting,
        label=request.form.get("label", ""),
        problems=problems,
        believed=BELIEVED,
        works_offline=settings.https or urlsplit(settings.public_url).hostname in LOOPBACK,
    )


def _one_page(device: Device, problems: dict[str, str]) -> str:
    return render_template("desk/tablet.html", device=device, problems=problems, believed=BELIEVED)


def _rescue_page(rescued: Rescued | None = None, problems: tuple[Problem, ...] = ()) -> str:
    return render_template("desk/tablet_rescue.html", rescued=rescued, problems=problems, outcomes=Outcome)
