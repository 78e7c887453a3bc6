"""The resident's form at a poster's address: GET shows it, POST takes it, and a thanks page ends it."""

from flask import Blueprint, Response, abort, render_template, url_for
from werkzeug.wrappers import Response as BaseResponse

from survey.domain.fieldwork import Point
from survey.domain.submission import CODE_ALPHABET, Receipt
from survey.services.catalogue import NotFound
from survey.web.guessing import guard_poster, note_failure
from survey.web.languages import page_language
from survey.web.office import office
from survey.web.resident.room import tell_room
from survey.web.resident.taking import open_form, take_form
from survey.web.resident.thanks import read_thanks, write_thanks
from survey.web.text_size import large_text

_CODE_LETTERS = frozenset(CODE_ALPHABET)  # anything else need not be looked for, and may upset a database

blueprint = Blueprint("resident", __name__)


@blueprint.get("/r/<code>")
def form(code: str) -> Response:
    """The questionnaire of a collection point, with a fresh token."""
    return open_form(_point(code))


@blueprint.post("/r/<code>")
def submit(code: str) -> BaseResponse:
    """One filled form, or one to be shown again."""
    point = _point(code)

    def thanks_url(receipt: Receipt) -> str:
        written = write_thanks(office().settings.secret_key, point.code, receipt.code, receipt.disposition)
        size = "large" if large_text() else None
        return url_for(".thanks", code=code, receipt=written, lang=page_language(), size=size)

    return take_form(point, thanks_url)


@blueprint.post("/r/<code>/room")
def room(code: str) -> Response:
    """Whether there is room for who answers so."""
    return tell_room(_point(code))


@blueprint.get("/r/<code>/thanks/<receipt>")
def thanks(code: str, receipt: str) -> str:
    """What a resident is left with: a receipt without answers."""
    told = read_thanks(office().settings.secret_key, _point(code).code, receipt)
    if told is None:
        abort(404)
    return render_template("resident/thanks.html", receipt_code=told[0], disposition=told[1])


def _point(code: str) -> Point:
    """The poster of this code. Whatever is wrong with a code, the answer is the same."""
    guard_poster(code)
    try:
        if not _CODE_LETTERS.issuperset(code):
            raise NotFound(code)
        return office().catalogue.poster(code)
    except NotFound:
        note_failure()
        abort(404)
