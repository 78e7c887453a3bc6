"""The language of the desk: chosen once, kept in the session."""

from flask import Blueprint, redirect, request, session, url_for
from werkzeug.wrappers import Response

from survey.web.desk.access import local_path
from survey.web.languages import LANGUAGES

blueprint = Blueprint("desk_language", __name__, url_prefix="/desk/language")


@blueprint.post("")
def choose() -> Response:
    """Remember a language and go back."""
    language = request.form.get("language")
    if language in LANGUAGES:
        session["language"] = language
    return redirect(local_path(request.form.get("next")) or url_for("desk_waves.list_waves"), code=303)
