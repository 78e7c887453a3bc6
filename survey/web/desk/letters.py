"""The letters of a wave: how many went out and were answered, making them, and letting a batch's codes lead nowhere.

The codes stand once, in the answer to the form that asked for them. That form carries a number of its own, so that
whoever sends it twice is told so, and no second batch is made.
"""

import secrets
from uuid import UUID, uuid4

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from survey.domain.letters import FEWEST_LETTERS
from survey.domain.problems import Invalid, Problem
from survey.services.catalogue import NotFound
from survey.services.make_letters import AlreadyMade, WaveLetters, letters_of_wave, make_letters, void_letters
from survey.web.desk.access import current_account, roles
from survey.web.desk.letters_view import LettersView
from survey.web.desk.sign_in import problem_of_field
from survey.web.languages import translate
from survey.web.letter_page import Sheet, letters_html, read_contact, read_sheet
from survey.web.office import office

blueprint = Blueprint("desk_letters", __name__, url_prefix="/desk/waves/<wave>/letters")


@blueprint.get("")
@roles("organiser", "analyst")
def show(wave: str) -> str:
    """The batches in numbers, and the form for more."""
    return _page(_letters(wave), {})


@blueprint.post("")
@roles("organiser")
def make(wave: str) -> BaseResponse:
    """201 with the letters, which are never shown again; 409 where this form has made them; 422 naming each field."""
    found, form = _letters(wave), request.form
    try:
        sheet, contact = read_sheet(form.get("size", "")), read_contact(form.get("contact", ""))
        made = make_letters(
            office().db,
            office().settings.secret_key,
            wave,
            [_number(text, "point") for text in form.getlist("point")],
            _number(form.get("letters", ""), "letters"),
            _request_id(form.get("request", "")),
            current_account().id,
            office().now(),
            secrets.randbelow,
        )
    except Invalid as refused:
        return BaseResponse(_page(found, problem_of_field(refused)), 422, mimetype="text/html")
    except AlreadyMade:
        text = translate(
            "These letters have been made already. Their codes were shown once and are kept nowhere. If the pages are "
            "lost, void the batch and make new letters."
        )
        return BaseResponse(_page(_letters(wave), {"request": text}), 409, mimetype="text/html")
    page = letters_html(
        found.wave,
        office().catalogue.questionnaire(found.wave.questionnaire_code, found.wave.questionnaire_version),
        made,
        public_url=office().settings.public_url,
        sheet=sheet,
        contact=contact,
    )
    return BaseResponse(page, 201, mimetype="text/html")


@blueprint.post("/<uuid:batch>/void")
@roles("organiser")
def void(wave: str, batch: UUID) -> BaseResponse:
    """303 voided, 422 the number of its letters was not typed."""
    found = _letters(wave)
    known = next((each for each in found.batches if each.id == batch), None)
    if known is None:
        abort(404)
    if request.form.get("confirm", "").strip() != str(known.letters):
        wrong = translate("The batch was not voided: type the number of its letters to confirm.")
        return BaseResponse(_page(found, {f"confirm-{batch}": wrong}), 422, mimetype="text/html")
    try:
        void_letters(office().db, wave, batch, office().now())
        flash(translate("The codes of this batch lead nowhere now. Answers that came with them stay."))
    except NotFound:
        flash(translate("This batch had been voided before."), "error")
    return redirect(url_for(".show", wave=wave), code=303)


@blueprint.get("/<uuid:batch>/void")
@roles("organiser")
def back(wave: str, batch: UUID) -> BaseResponse:  # noqa: ARG001 (the address has it)
    """Where a reload or another language leads after a refusal."""
    return redirect(url_for(".show", wave=wave))


def _letters(wave: str) -> WaveLetters:
    try:
        return letters_of_wave(office().db, wave)
    except NotFound:
        abort(404)


def _number(text: str, field: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        code = "letter_points" if field == "point" else "letter_count_unread"
        raise Invalid([Problem(code, field)])
    return int(text)


def _request_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return uuid4()


def _page(found: WaveLetters, problems: dict[str, str]) -> str:
    return render_template(
        "desk/letters.html",
        view=LettersView(found, office().catalogue.frame(found.wave.frame_id)),
        problems=problems,
        form=request.form,
        request_id=uuid4(),
        sheets=tuple(Sheet),
        fewest=FEWEST_LETTERS,
    )
