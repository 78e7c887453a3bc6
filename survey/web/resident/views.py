"""The resident's form: GET shows it, POST takes it, and a thanks page ends it. Tablets and tests post JSON instead."""

from uuid import uuid4

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from survey.domain.fieldwork import Point
from survey.domain.problems import Invalid, Problem
from survey.domain.submission import CODE_ALPHABET, Outcome, Receipt
from survey.domain.wave import Admission
from survey.services.catalogue import NotFound
from survey.services.read_wave import admission_of
from survey.services.receive_submission import WaveNotTaking, receive_submission
from survey.web.languages import page_language, set_page_language
from survey.web.office import office
from survey.web.page_token import PageToken
from survey.web.problem_texts import problems_json
from survey.web.resident.incoming import Action, read_form, read_json
from survey.web.resident.page import form_page, served_page
from survey.web.resident.thanks import read_thanks, write_thanks
from survey.web.security import whole_body

_FORM_TYPES = {"application/x-www-form-urlencoded", "multipart/form-data"}
_CODE_LETTERS = frozenset(CODE_ALPHABET)  # anything else need not be looked for, and may upset a database

blueprint = Blueprint("resident", __name__)


@blueprint.get("/r/<code>")
def form(code: str) -> Response:
    """The questionnaire of a collection point, with a fresh token."""
    point = _point(code)
    now = office().now()
    wave, admission = admission_of(office().db, point.wave_id, now)
    if admission is not Admission.OPEN:
        # In the grace, forms that were opened before still arrive; new ones are not given out.
        return _not_taking(admission)
    questionnaire = office().catalogue.questionnaire(wave.questionnaire_code, wave.questionnaire_version)
    token = PageToken(uuid4(), code, questionnaire.code, questionnaire.version, now)
    return served_page(point, token, page_language(), large=request.args.get("size") == "large")


@blueprint.post("/r/<code>")
def submit(code: str) -> BaseResponse:
    """One filled form. 303 or 201 stored, 200 repeated, 409 other content under a known id, 422 something is wrong."""
    point = _point(code)
    body = whole_body()
    if request.is_json:
        return _submit_json(point, body)
    if request.mimetype not in _FORM_TYPES:
        abort(415)
    incoming = read_form(point, request.form, request.files)
    set_page_language(incoming.language)
    if incoming.action is Action.SHOW or incoming.problems:
        return form_page(point, incoming)
    try:
        receipt = receive_submission(office().door, incoming.submission(office().now()))
    except Invalid as refused:
        return form_page(point, incoming.with_problems(refused.problems))
    except WaveNotTaking as refused:
        return _not_taking(refused.admission)
    if receipt.outcome is Outcome.CONFLICT:
        return Response(render_template("resident/conflict.html"), status=409)
    thanks = write_thanks(office().settings.secret_key, point.code, receipt.code, receipt.disposition)
    return redirect(url_for(".thanks", code=code, receipt=thanks, lang=page_language()), code=303)


@blueprint.get("/r/<code>/thanks/<receipt>")
def thanks(code: str, receipt: str) -> str:
    """What a resident is left with: a receipt without answers."""
    told = read_thanks(office().settings.secret_key, _point(code).code, receipt)
    if told is None:
        abort(404)
    return render_template("resident/thanks.html", receipt_code=told[0], disposition=told[1], code=code)


def _submit_json(point: Point, body: bytes) -> Response:
    incoming = read_json(point, body)
    set_page_language(incoming.language)
    if incoming.problems:
        return _refused(incoming.problems)
    try:
        receipt = receive_submission(office().door, incoming.submission(office().now()))
    except Invalid as refused:
        return _refused(refused.problems)
    except WaveNotTaking as refused:
        return _refused((Problem(f"wave_{refused.admission.value}", "wave"),), status=410)
    status = {Outcome.STORED: 201, Outcome.REPEATED: 200, Outcome.CONFLICT: 409}[receipt.outcome]
    response = jsonify(_receipt_json(receipt))
    response.status_code = status
    return response


def _receipt_json(receipt: Receipt) -> dict[str, str]:
    return {
        "id": str(receipt.submission_id),
        "receipt": receipt.code,
        "outcome": receipt.outcome.value,
        "disposition": receipt.disposition.value,
    }


def _refused(problems: tuple[Problem, ...], status: int = 422) -> Response:
    response = jsonify(problems=problems_json(problems))
    response.status_code = status
    return response


def _not_taking(admission: Admission) -> Response:
    return Response(render_template("resident/not_taking.html", too_early=admission is Admission.NOT_YET), status=410)


def _point(code: str) -> Point:
    if not _CODE_LETTERS.issuperset(code):
        abort(404)
    try:
        return office().catalogue.point(code)
    except NotFound:
        abort(404)
