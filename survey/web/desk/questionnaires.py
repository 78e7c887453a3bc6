"""Questionnaires: the published versions, and publishing another."""

from flask import Blueprint, Response, flash, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from survey.domain.problems import Invalid, Problem
from survey.services.publish_questionnaire import publish_questionnaire
from survey.services.read_wave import questionnaire_list
from survey.web.desk.access import roles
from survey.web.languages import translate
from survey.web.office import office

blueprint = Blueprint("desk_questionnaires", __name__, url_prefix="/desk/questionnaires")


@blueprint.get("")
@roles("organiser", "analyst")
def show() -> str:
    """What is published, and the form for another version."""
    return _page()


@blueprint.post("")
@roles("organiser")
def publish() -> BaseResponse:
    """Check a file and publish it, for good."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return Response(_page((Problem("file_missing", "file"),)), status=422)
    try:
        published = publish_questionnaire(office().db, file.read(), file.filename[:80], office().now())
    except Invalid as refused:
        return Response(_page(refused.problems), status=422)
    if published.already_known:
        flash(translate("Exactly this version had been published before; nothing was added."))
    else:
        flash(translate("The version has been published and never changes again."))
    return Response(_page(), status=200 if published.already_known else 201)


def _page(problems: tuple[Problem, ...] = ()) -> str:
    versions = questionnaire_list(office().db)
    found = [(office().catalogue.questionnaire(code, version), moment) for code, version, _, moment in versions]
    return render_template("desk/questionnaires.html", published=found, problems=problems)
