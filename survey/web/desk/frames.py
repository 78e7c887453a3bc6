"""Sampling frames: their list, and the import of a new one."""

import re
from datetime import date

from flask import Blueprint, Response, flash, render_template, request
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as BaseResponse

from survey.domain.problems import Invalid, Problem
from survey.services.import_frame import ImportedFrame, import_frame
from survey.services.read_wave import frame_list
from survey.web.desk.access import roles
from survey.web.languages import translate
from survey.web.office import office

blueprint = Blueprint("desk_frames", __name__, url_prefix="/desk/frames")


@blueprint.get("")
@roles("organiser", "analyst")
def show() -> str:
    """The frames that are there, and the form for another."""
    return _page()


@blueprint.post("")
@roles("organiser")
def add() -> BaseResponse:
    """Import two files: the whole of them, or nothing."""
    try:
        imported = _import()
    except Invalid as refused:
        return Response(_page(problems=refused.problems), status=422)
    done = translate("These files had been imported before; nothing was added.")
    if not imported.already_known:
        done = translate("The frame has been imported.")
    flash(done)
    if not imported.report.discrepancies:
        flash(translate("Every sum that could be checked holds."))
    return Response(_page(imported=imported), status=200 if imported.already_known else 201)


def _import() -> ImportedFrame:
    areas, population = request.files.get("areas"), request.files.get("population")
    problems = [
        Problem("file_missing", name)
        for name, file in (("areas", areas), ("population", population))
        if file is None or not file.filename
    ]
    day = _day(request.form.get("date", ""))
    if day is None or day > office().now().date():
        problems.append(Problem("date_wrong", "date"))
    if problems:
        raise Invalid(problems)
    assert day is not None
    assert areas is not None
    assert population is not None
    names = (_name(areas), _name(population))
    return import_frame(office().db, areas.read(), population.read(), day, office().now(), names)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) else None
    except ValueError:
        return None


def _name(file: FileStorage) -> str:
    return (file.filename or "")[:80]


def _page(problems: tuple[Problem, ...] = (), imported: ImportedFrame | None = None) -> str:
    entries = frame_list(office().db)
    cities = {entry.id: office().catalogue.frame(entry.id).city for entry in entries}
    return render_template(
        "desk/frames.html",
        frames=entries,
        cities=cities,
        problems=problems,
        imported=imported,
        date=request.form.get("date", ""),
    )
