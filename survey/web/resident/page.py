"""The form as a page: rendered once per point, language and size while empty, anew where something is filled in."""

import base64
import hashlib
import re
import threading
from functools import cache

from flask import Response, current_app, render_template, request
from markupsafe import Markup

from survey.domain.fieldwork import Point
from survey.domain.questionnaire import Questionnaire
from survey.services.hold_slot import Room
from survey.web.assets import asset_text
from survey.web.form_page import FormPage, areas_around, entry_length, frame_id
from survey.web.languages import choose_language, page_language, set_page_language
from survey.web.office import office
from survey.web.page_token import PageToken, write_token
from survey.web.precompressed import PrecompressedPage
from survey.web.resident.incoming import ACTION, Incoming
from survey.web.text_size import large_text, remember_text_size, set_large_text

_PLACEHOLDER = Markup("@@token@@")
_SIZES = {"show:large", "show:normal"}  # the switch was pressed
_MOST_PAGES = 512  # kept in memory per process; beyond that the oldest go
_pages: dict[tuple[object, ...], PrecompressedPage] = {}
_keeping = threading.Lock()


def served_page(point: Point, token: PageToken) -> Response:
    """The empty form with a fresh token."""
    language = choose_language(_questionnaire(token).languages)
    key = (token.questionnaire_code, token.questionnaire_version, point.code, language, large_text(), work_bits(token))
    page = _pages.get(key)
    if page is None or current_app.debug:
        text = re.sub(r"\n\s*<", "<", _render_empty(point, token, language))  # every byte is waited for
        page = PrecompressedPage.of(text, _PLACEHOLDER)
        with _keeping:
            if len(_pages) >= _MOST_PAGES:
                _pages.pop(next(iter(_pages)))
            _pages[key] = page
    return _private(_packed(page, _token_field(token).encode()))


def _packed(page: PrecompressedPage, text: bytes) -> Response:
    """The page around this text in the smallest shape that the browser takes."""
    accepted = request.accept_encodings
    packed = page.brotlied(text) if accepted["br"] else None
    encoding = "br"
    if packed is None and accepted["gzip"]:
        packed, encoding = page.gzipped(text), "gzip"
    if packed is None:
        return Response(page.plain(text), mimetype="text/html")
    response = Response(packed, mimetype="text/html")
    response.headers["Content-Encoding"] = encoding
    return response


def form_page(point: Point, incoming: Incoming, room: Room | None = None) -> Response:
    """The form with what was filled in, what is wrong with it, and whether there is room."""
    set_page_language(incoming.language)
    set_large_text(incoming.large)
    questionnaire = _questionnaire(incoming.token)
    page = FormPage(
        questionnaire=questionnaire,
        language=incoming.language,
        point=point,
        area=incoming.area,
        frame_id=frame_id(point),
        token=_token_field(incoming.token),
        answers=incoming.filled,
        problems=incoming.problems,
        guardian=incoming.guardian,
        entry=entry_length(questionnaire, point),
        stage=incoming.stage,
        room="" if room in {None, Room.UNKNOWN} else str(room),
        work=work_bits(incoming.token),
    )
    status = 422 if incoming.problems else 200
    response = _private(Response(_render(page), status=status, mimetype="text/html"))
    if request.form.get(ACTION) in _SIZES:
        remember_text_size(response)
    return response


def _render_empty(point: Point, token: PageToken, language: str) -> str:
    questionnaire = _questionnaire(token)
    entry = entry_length(questionnaire, point)
    page = FormPage(
        questionnaire=questionnaire,
        language=language,
        point=point,
        area=areas_around(questionnaire, point),
        frame_id=frame_id(point),
        token=_PLACEHOLDER,
        entry=entry,
        stage="entry" if entry else "whole",
        work=work_bits(token),
    )
    return _render(page)


def work_bits(token: PageToken) -> int:
    """How much work the page of this token asks for; 0 = none."""
    return 0 if token.asked is None else token.asked.bits


def _render(page: FormPage) -> str:
    return render_template("resident/form.html", page=page)


def _questionnaire(token: PageToken) -> Questionnaire:
    return office().catalogue.questionnaire(token.questionnaire_code, token.questionnaire_version)


def _token_field(token: PageToken) -> Markup:
    """The token, and beside it the id that an acknowledgement has to name before the page's script believes it."""
    written = write_token(office().settings.secret_key, token)
    field = Markup('<input type="hidden" name="_token" value="{}" data-id="{}" form="form">')
    return field.format(written, token.submission_id)


def _private(response: Response) -> Response:
    # The token makes each copy of the page somebody's own. The phone itself may keep it for the way back: who returns
    # from the thanks page, or from the browser's page about a lost network, finds the same form with the same token:
    # also where a cookie has come meanwhile, so the page does not vary by cookies; anybody else asks the server anyway.
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept-Encoding, Accept-Language"
    response.headers["Content-Language"] = page_language()
    return response


@cache
def inline_style() -> str:
    """The form's stylesheet. It stands in the page: on a slow network a second request costs more than its bytes."""
    return (asset_text("css/tokens.css") + asset_text("css/resident.css")).strip()


@cache
def inline_style_hash() -> str:
    """The source expression that lets this stylesheet, and no other, stand in a page."""
    digest = hashlib.sha256(inline_style().encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
