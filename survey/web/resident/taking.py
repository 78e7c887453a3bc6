"""Giving out the form of a point and taking it back, whatever address led there: a poster's code or a letter's.

A browser that runs our script asks for JSON and is acknowledged by the id it sent; one without is led to the thanks
page. Programs send JSON and get JSON.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar
from uuid import uuid4

from flask import Response, abort, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from survey.domain.fieldwork import Point
from survey.domain.problems import Invalid, Problem
from survey.domain.submission import Outcome, Receipt, Submission
from survey.domain.wave import Admission
from survey.services.hold_slot import Room, hold_slot
from survey.services.read_wave import admission_of
from survey.services.receive_submission import WaveNotTaking, receive_submission
from survey.web.languages import set_page_language
from survey.web.office import office
from survey.web.page_token import PageToken
from survey.web.problem_texts import problems_json
from survey.web.resident.device import count_form
from survey.web.resident.incoming import FORM_TYPES, Action, Incoming, read_form, read_json
from survey.web.resident.page import form_page, served_page
from survey.web.resident.proof import with_proof, work_for_page, work_json
from survey.web.security import whole_body
from survey.web.text_size import set_large_text

R = TypeVar("R", bound=BaseResponse)
Receive = Callable[[Submission], Receipt]
ThanksUrl = Callable[[Receipt], str]

_STATUS = {Outcome.STORED: 201, Outcome.REPEATED: 200, Outcome.CONFLICT: 409}


def through_the_door(submission: Submission) -> Receipt:
    """What becomes of a submission that nothing but the wave admits."""
    return receive_submission(office().door, submission)


def open_form(point: Point) -> Response:
    """The questionnaire of a point, with a fresh token."""
    now = office().now()
    wave, admission = admission_of(office().db, point.wave_id, now)
    if admission is not Admission.OPEN:
        # In the grace, forms that were opened before still arrive; new ones are not given out.
        return _not_taking(admission)
    questionnaire = office().catalogue.questionnaire(wave.questionnaire_code, wave.questionnaire_version)
    asked = work_for_page(point, now)
    token = PageToken(uuid4(), point.code, questionnaire.code, questionnaire.version, now, asked)
    return served_page(point, token)


def take_form(point: Point, thanks_url: ThanksUrl, receive: Receive = through_the_door) -> BaseResponse:
    """One filled form. 303 or 201 stored, 200 repeated, 409 other content under a known id, 422 something is wrong."""
    body = whole_body()
    if request.is_json:
        return _take_json(point, read_json(point, body), thanks_url, receive)
    if request.mimetype not in FORM_TYPES:
        abort(415)
    incoming = read_form(point, request.form, request.files)
    if request.accept_mimetypes.best == "application/json" and incoming.ends:
        return _take_json(point, incoming, thanks_url, receive)
    set_page_language(incoming.language)
    set_large_text(incoming.large)
    if incoming.action is Action.SHOW or incoming.problems:
        return form_page(point, incoming)
    if incoming.action is Action.NEXT:
        return _go_on(point, incoming)
    return _take_page(point, incoming, thanks_url, receive)


def _go_on(point: Point, incoming: Incoming) -> Response:
    """The rest of the form, for a browser without our script; or what is in the way."""
    try:
        room = hold_slot(office().door, incoming.knock(office().now()))
    except Invalid as refused:
        return form_page(point, replace(incoming, stage="entry", problems=refused.problems))
    except WaveNotTaking as refused:
        return _not_taking(refused.admission)
    return form_page(point, replace(incoming, stage="entry") if room is Room.INELIGIBLE else incoming, room)


def _take_page(point: Point, incoming: Incoming, thanks_url: ThanksUrl, receive: Receive) -> BaseResponse:
    incoming = with_proof(point, incoming)
    if incoming.problems:
        return form_page(point, incoming)
    try:
        receipt = receive(incoming.submission(office().now()))
    except Invalid as refused:
        return form_page(point, incoming.with_problems(refused.problems))
    except WaveNotTaking as refused:
        return _not_taking(refused.admission)
    if receipt.outcome is Outcome.CONFLICT:
        return Response(render_template("resident/conflict.html"), status=409)
    return _counted(redirect(thanks_url(receipt), code=303), point, receipt)


def _take_json(point: Point, incoming: Incoming, thanks_url: ThanksUrl, receive: Receive) -> Response:
    set_page_language(incoming.language)
    set_large_text(incoming.large)
    incoming = incoming if incoming.problems else with_proof(point, incoming)
    if incoming.problems:
        return refused_json(incoming.problems, work=work_json(incoming))
    try:
        receipt = receive(incoming.submission(office().now()))
    except Invalid as refused:
        return refused_json(refused.problems)
    except WaveNotTaking as refused:
        return refused_json((Problem(f"wave_{refused.admission.value}", "wave"),), status=410)
    response = jsonify(_receipt_json(receipt) | {"thanks": thanks_url(receipt)})
    response.status_code = _STATUS[receipt.outcome]
    return _counted(response, point, receipt)


def _receipt_json(receipt: Receipt) -> dict[str, str]:
    return {
        "id": str(receipt.submission_id),
        "receipt": receipt.code,
        "outcome": receipt.outcome.value,
        "disposition": receipt.disposition.value,
    }


def _counted(response: R, point: Point, receipt: Receipt) -> R:
    """The device counts what was stored, and so does the point."""
    if receipt.outcome is Outcome.STORED:
        office().pressure.note(point.code)
    if receipt.outcome is not Outcome.CONFLICT:
        count_form(response, point, receipt.outcome)
    return response


def refused_json(
    problems: tuple[Problem, ...], status: int = 422, work: Mapping[str, object] | None = None
) -> Response:
    """Problems for a program, and what work is missing."""
    response = jsonify({"problems": problems_json(problems)} | ({"work": work} if work else {}))
    response.status_code = status
    return response


def _not_taking(admission: Admission) -> Response:
    return Response(render_template("resident/not_taking.html", too_early=admission is Admission.NOT_YET), status=410)
