"""The form behind a letter's code: GET shows it and spends nothing, the first POST uses the code up, a thanks page ends
it, and for some hours the same household may answer anew.

Whatever was typed that is no code of ours is answered alike. The change key travels in a cookie of this code's own
addresses and stands on the thanks page; no address and no log ever holds it.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from survey.domain.letters import KEY_LENGTH, change_key, read_typed, shown
from survey.domain.problems import Problem
from survey.domain.submission import Outcome, Receipt, Submission
from survey.services.answer_letter import (
    CodeState,
    CodeUsed,
    Letter,
    answer_anew,
    answer_letter,
    find_letter,
    may_change,
)
from survey.services.catalogue import NotFound
from survey.web.guessing import guard_guess, limit_reached, note_failure
from survey.web.languages import page_language
from survey.web.office import office
from survey.web.resident.taking import Receive, open_form, refused_json, take_form
from survey.web.resident.thanks import read_thanks, write_thanks
from survey.web.text_size import large_text

KEY_COOKIE = "change"
_EXAMPLE = "ABCDEFGHJKMNPQ"  # what a code looks like, in an empty field

blueprint = Blueprint("letters", __name__, url_prefix="/c")


@blueprint.get("")
def show() -> str:
    """Where somebody types the code of their letter."""
    return render_template("resident/code.html", unknown=False, typed="", example=shown(_EXAMPLE))


@blueprint.post("")
def find() -> BaseResponse:
    """303 to the form of a code, 404 for whatever else was typed."""
    typed = request.form.get("code", "")
    code = read_typed(typed)
    if _letter(code) is None:
        return _unknown(typed)
    return redirect(url_for(".form", code=code, **_looks()), code=303)


@blueprint.get("/<code>")
def form(code: str) -> BaseResponse:
    """The questionnaire of the letter; 410 where it has been answered, 404 for what is no code of ours."""
    read = read_typed(code)
    if read is not None and read != code:
        return redirect(url_for(".form", code=read, **_looks()), code=302)
    letter = _letter(read)
    if letter is None:
        return _unknown()
    return open_form(letter.point) if letter.state is CodeState.FRESH else _used(code, letter)


@blueprint.post("/<code>")
def submit(code: str) -> BaseResponse:
    """One filled form. Exactly one uses the code up; the same form again gets the same receipt."""
    letter = _letter(code)
    if letter is None:
        return _unknown()
    return _take(code, letter, partial(answer_letter, office().door, letter))


@blueprint.get("/<code>/again")
def again(code: str) -> BaseResponse:
    """The questionnaire once more, for whoever holds the change key."""
    letter = _letter(code)
    if letter is None:
        return _unknown()
    if letter.state is CodeState.FRESH:
        return redirect(url_for(".form", code=code, **_looks()), code=303)
    return open_form(letter.point) if _holds_key(letter) else _used(code, letter)


@blueprint.post("/<code>/again")
def resubmit(code: str) -> BaseResponse:
    """One filled form in the place of an earlier one."""
    letter = _letter(code)
    if letter is None:
        return _unknown()
    if _key() is not None:
        guard_guess()
    return _take(code, letter, partial(answer_anew, office().door, letter, _key()))


@blueprint.post("/<code>/key")
def key(code: str) -> BaseResponse:
    """303 to the form for whoever typed a change key that opens an answer; else the page again."""
    letter = _letter(code)
    if letter is None:
        return _unknown()
    typed = read_typed(request.form.get("key", ""), KEY_LENGTH)
    if typed is None:
        return _used(code, letter, wrong_key=True)
    guard_guess()
    if not _fits(letter, typed):
        return _used(code, letter, wrong_key=True)
    return _with_key(redirect(url_for(".again", code=code, **_looks()), code=303), code, letter, typed)


@blueprint.get("/<code>/thanks/<receipt>")
def thanks(code: str, receipt: str) -> BaseResponse:
    """What a resident is left with: a receipt without answers, and the key to answer anew."""
    letter = _letter(code)
    told = None if letter is None else read_thanks(office().settings.secret_key, letter.point.code, receipt)
    if letter is None or told is None:
        return _unknown()
    held = _key() if _holds_key(letter) else None
    page = render_template(
        "resident/code_thanks.html",
        receipt_code=told[0],
        disposition=told[1],
        code=code,
        key=held and shown(held),
        hours=letter.replace_hours,
    )
    response = Response(page)
    response.headers["Cache-Control"] = "no-store"
    return response


def _take(code: str, letter: Letter, receive: Receive) -> BaseResponse:
    receipts: list[Receipt] = []

    def noted(submission: Submission) -> Receipt:
        receipts.append(receive(submission))
        return receipts[-1]

    try:
        response = take_form(letter.point, _thanks_url(code, letter), noted)
    except CodeUsed:
        if _key() is not None:
            note_failure()
        if _wants_json():
            return refused_json((Problem("letter_used", "code"),), status=410)
        return _used(code, letter)
    for receipt in receipts:
        made = change_key(office().settings.secret_key, receipt.submission_id)
        # The repeat of an answer that was replaced must not put its dead key in the place of the living one.
        if receipt.outcome is not Outcome.CONFLICT and may_change(office().door, letter, made, office().now()):
            return _with_key(response, code, letter, made)
    return response


def _thanks_url(code: str, letter: Letter) -> Callable[[Receipt], str]:
    def thanks_url(receipt: Receipt) -> str:
        written = write_thanks(office().settings.secret_key, letter.point.code, receipt.code, receipt.disposition)
        size = "large" if large_text() else None
        return url_for(".thanks", code=code, receipt=written, lang=page_language(), size=size)

    return thanks_url


def _looks() -> dict[str, Any]:
    """The language and size that this request's address asks for, to go on with."""
    return {name: request.args.get(name) for name in ("lang", "size")}


def _letter(code: str | None) -> Letter | None:
    try:
        return find_letter(office().door, code)
    except NotFound:
        return None


def _unknown(typed: str = "") -> Response:
    """The same for a code that was never made, that was voided, and for what looks like none; 429 after too many.

    The limit comes after the look: whoever holds a letter is let in while others guess. Nobody guesses 69 bits.
    """
    guard_guess()
    note_failure()
    if _wants_json():
        abort(404)
    return Response(render_template("resident/code.html", unknown=True, typed=typed, example=shown(_EXAMPLE)), 404)


def _wants_json() -> bool:
    return request.is_json or request.accept_mimetypes.best == "application/json"


def _used(code: str, letter: Letter, *, wrong_key: bool = False) -> Response:
    page = render_template(
        "resident/code_used.html",
        code=code,
        hours=letter.replace_hours,
        held=not wrong_key and _holds_key(letter),
        wrong_key=wrong_key,
        example=shown(_EXAMPLE[:KEY_LENGTH]),
    )
    response = Response(page, 422 if wrong_key else 410)
    response.headers["Cache-Control"] = "no-store"
    return response


def _key() -> str | None:
    return read_typed(request.cookies.get(KEY_COOKIE, ""), KEY_LENGTH)


def _holds_key(letter: Letter) -> bool:
    """Whether this phone's cookie opens an answer. While too many guess it is not looked at: who holds a letter reads
    what became of it all the same."""
    return letter.replace_hours > 0 and not limit_reached() and _fits(letter, _key())


def _fits(letter: Letter, key: str | None) -> bool:
    """Whether a change key opens an answer. Keys are short enough to be tried, so heed the limit first."""
    if key is None:
        return False
    if not may_change(office().door, letter, key, office().now()):
        note_failure()
        return False
    return True


def _with_key(response: BaseResponse, code: str, letter: Letter, made: str) -> BaseResponse:
    response.set_cookie(
        KEY_COOKIE,
        made,
        path=url_for(".form", code=code),
        max_age=(letter.replace_hours + 24) * 3600,
        secure=office().settings.https,
        httponly=True,
        samesite="Lax",
    )
    return response
