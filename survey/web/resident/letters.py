"""The form behind a letter's code: GET shows it and spends nothing, the first POST uses the code up, a thanks page ends
it, and for some hours the same household may answer anew.

Whatever was typed that is no code of ours is answered alike. The change key travels in a cookie of this code's own
addresses and stands on the thanks page, which knows nothing of the code; no address and no log ever holds the key.
"""

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
from survey.web.languages import interface_languages, set_page_language
from survey.web.office import office
from survey.web.resident.incoming import ACTION
from survey.web.resident.letter_thanks import letter_thanks_url, show_key
from survey.web.resident.taking import Receive, open_form, refused_json, take_form
from survey.web.text_size import remember_text_size, set_large_text

KEY_COOKIE = "change"
_SHOW = "show:"
_EXAMPLE = "ABCDEFGHJKMNPQ"  # what a code looks like, in an empty field

blueprint = Blueprint("letters", __name__, url_prefix="/c")


@blueprint.get("", strict_slashes=False)
def show() -> str:
    """Where somebody types the code of their letter."""
    return _code_page()


@blueprint.post("")
def find() -> BaseResponse:
    """303 to the form of a code, 404 for whatever else was typed. Language and size change what is shown, as in the
    form."""
    typed, wish = request.form.get("code", ""), request.form.get(ACTION, "")
    if wish.startswith(_SHOW):
        return _shown_so(wish.removeprefix(_SHOW), typed)
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


def _take(code: str, letter: Letter, receive: Receive) -> BaseResponse:
    sent: list[tuple[Receipt, str | None]] = []

    def noted(submission: Submission) -> Receipt:
        receipt = receive(submission)
        sent.append((receipt, _living_key(letter, receipt)))
        return receipt

    def thanks_url(receipt: Receipt) -> str:
        return letter_thanks_url(receipt, letter.replace_hours if sent[-1][1] else 0)

    try:
        response = take_form(letter.point, thanks_url, noted)
    except CodeUsed:
        if _key() is not None:
            note_failure()
        if _wants_json():
            return refused_json((Problem("letter_used", "code"),), status=410)
        return _used(code, letter)
    for receipt, key in sent:
        if key is not None:
            show_key(response, receipt, key)
            _with_key(response, code, letter, key)
    return response


def _living_key(letter: Letter, receipt: Receipt) -> str | None:
    """The change key that goes with a receipt, where it opens an answer: that of an answer which was replaced since is
    dead, and must not take the place of the living one."""
    made = change_key(office().settings.secret_key, receipt.submission_id)
    living = receipt.outcome is not Outcome.CONFLICT and may_change(office().door, letter, made, office().now())
    return made if living else None


def _code_page(typed: str = "", *, unknown: bool = False) -> str:
    return render_template(
        "resident/code.html", unknown=unknown, typed=typed, example=shown(_EXAMPLE), languages=interface_languages()
    )


def _shown_so(wish: str, typed: str) -> BaseResponse:
    """The page for a code in the language or size that was pressed, with what was typed so far."""
    sizes = {"large": True, "normal": False}
    if wish in sizes:
        set_large_text(sizes[wish])
    else:
        set_page_language(wish)
    response = Response(_code_page(typed))
    if wish in sizes:
        remember_text_size(response)
    return response


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
    return Response(_code_page(typed, unknown=True), 404)


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
