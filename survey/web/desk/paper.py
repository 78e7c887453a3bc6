"""Paper at the desk: sheets to print for a point, and typing in what came back on them."""

import secrets
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from survey.config import OFFICE_ZONE
from survey.domain.disposition import Finish
from survey.domain.fieldwork import Point, Wave
from survey.domain.paper import MOST_COPIES, mark_letter
from survey.domain.problems import Invalid, Problem
from survey.domain.submission import Outcome, Receipt
from survey.services.catalogue import NotFound
from survey.services.enter_paper import (
    Sheet,
    area_names,
    enter_sheet,
    filled_in_on,
    find_sheet,
    paper_points,
    print_sheets,
)
from survey.services.receive_submission import WaveNotTaking
from survey.web.desk.access import roles
from survey.web.desk.words import DISPOSITIONS
from survey.web.form_page import FormPage, frame_id
from survey.web.languages import LANGUAGES, page_language, set_page_language, translate
from survey.web.office import office
from survey.web.resident.incoming import GUARDIAN

blueprint = Blueprint("desk_paper", __name__, url_prefix="/desk/waves/<code>/paper")

_FINISH = {"store": Finish.FINISHED, "incomplete": Finish.BROKEN_OFF}


@blueprint.get("")
@roles("organiser", "analyst")
def show(code: str) -> str:
    """Choose a point and how many sheets."""
    return _chooser(code)


@blueprint.get("/sheets")
@roles("organiser", "analyst")
def sheets(code: str) -> BaseResponse:
    """The sheets, ready to print. Each opening makes new serials."""
    copies = request.args.get("copies", "")
    set_page_language(request.args.get("language", ""))
    try:
        questionnaire, point, serials = print_sheets(
            office().door,
            code,
            request.args.get("point", ""),
            int(copies) if copies.isascii() and copies.isdigit() and len(copies) < 4 else 0,
            secrets.randbelow,
        )
    except NotFound:
        abort(404)
    except Invalid as refused:
        return Response(_chooser(code, refused.problems), status=422)
    page = FormPage(questionnaire, page_language(), point, None, frame_id(point))
    return Response(render_template("desk/paper_sheets.html", page=page, serials=serials, mark_letter=mark_letter))


@blueprint.get("/entry")
@roles("organiser", "analyst")
def entry(code: str) -> BaseResponse:
    """Which sheet; with a serial, the sheet itself to type in."""
    if "serial" not in request.args:
        return Response(_start(code, request.args.get("day", "")))
    try:
        sheet, _ = _sheet(code, request.args.get("serial", ""), request.args.get("day", ""))
    except Invalid as refused:
        return Response(_start(code, request.args.get("day", ""), refused.problems), status=422)
    return Response(_typing(sheet, {}, request.args["day"], _language(request.args.get("language", ""))))


@blueprint.post("/entry")
@roles("organiser", "analyst")
def enter(code: str) -> BaseResponse:
    """Keep a sheet; or show it again with what is wrong, nothing lost."""
    form = request.form
    day, language = form.get("_day", ""), _language(form.get("_language", ""))
    try:
        sheet, opened_at = _sheet(code, form.get("_serial", ""), day)
    except Invalid as refused:
        return Response(_start(code, day, refused.problems), status=422)
    typed = {item: form.get(f"item-{item}", "") for item in sheet.questionnaire.items}
    guardian = GUARDIAN in form
    finish = _FINISH.get(form.get("_action", "store"), Finish.FINISHED)
    try:
        receipt = enter_sheet(
            office().door, sheet, typed, opened_at, language, finish, office().now(), guardian=guardian
        )
    except Invalid as refused:
        return Response(_typing(sheet, typed, day, language, refused.problems, guardian=guardian), status=422)
    except WaveNotTaking as refused:
        problem = Problem(f"wave_{refused.admission.value}", "serial")
        return Response(_typing(sheet, typed, day, language, (problem,), guardian=guardian), status=410)
    flash(_told(sheet, receipt))
    return redirect(url_for(".entry", code=code, day=day, language=language), code=303)


def _told(sheet: Sheet, receipt: Receipt) -> str:
    if receipt.outcome is Outcome.REPEATED:
        told = translate("{serial} had been entered already, with the same answers. It counts once.")
    elif receipt.outcome is Outcome.CONFLICT:
        told = translate(
            "{serial} had been entered already with other answers. The first ones count; these are kept beside them. "
            "Look at the sheet again."
        )
    else:
        told = translate("{serial} is stored: {disposition}.")
    return told.format(serial=sheet.text, disposition=translate(DISPOSITIONS[receipt.disposition]))


def _sheet(code: str, serial: str, day: str) -> tuple[Sheet, datetime]:
    try:
        sheet = find_sheet(office().door, code, serial)
    except NotFound:
        abort(404)
    return sheet, filled_in_on(sheet, day, office().now())


def _language(wish: str) -> str:
    return wish if wish in LANGUAGES else page_language()


def _chooser(code: str, problems: tuple[Problem, ...] = ()) -> str:
    wave, points = _wave(code)
    return render_template(
        "desk/paper.html",
        wave=wave,
        points=points,
        most=MOST_COPIES,
        frame=office().catalogue.frame(wave.frame_id),
        questionnaire=office().catalogue.questionnaire(wave.questionnaire_code, wave.questionnaire_version),
        problems=problems,
    )


def _start(code: str, day: str, problems: tuple[Problem, ...] = ()) -> str:
    wave, _ = _wave(code)
    return render_template(
        "desk/paper_entry.html",
        wave=wave,
        day=day or office().now().astimezone(ZoneInfo(OFFICE_ZONE)).date().isoformat(),
        serial=request.values.get("serial", ""),
        language=_language(request.values.get("language", "")),
        problems={problem.field: problem for problem in problems},
        sheet=None,
    )


def _typing(
    sheet: Sheet,
    typed: dict[str, str],
    day: str,
    language: str,
    problems: tuple[Problem, ...] = (),
    *,
    guardian: bool = False,
) -> str:
    page = FormPage(sheet.questionnaire, page_language(), sheet.point, None, frame_id(sheet.point), problems=problems)
    return render_template(
        "desk/paper_entry.html",
        wave=sheet.wave,
        day=day,
        language=language,
        sheet=sheet,
        page=page,
        typed=typed,
        guardian=guardian,
        problems={problem.field: problem for problem in problems},
        areas=area_names(sheet.ground) if sheet.questionnaire.area_item else (),
        mark_letter=mark_letter,
    )


def _wave(code: str) -> tuple[Wave, list[Point]]:
    try:
        return paper_points(office().door, code)
    except NotFound:
        abort(404)
