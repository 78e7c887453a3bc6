"""The form as a page: rendered once per point, language and size while empty, anew where something is filled in."""

import base64
import hashlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from flask import Response, current_app, render_template, request

from survey.domain.fieldwork import Point
from survey.domain.problems import Problem
from survey.domain.questionnaire import Questionnaire, text_in
from survey.web.assets import asset_text
from survey.web.languages import page_language, set_page_language
from survey.web.office import office
from survey.web.page_token import PageToken, write_token
from survey.web.precompressed import PrecompressedPage
from survey.web.resident.area_choice import AreaChoice
from survey.web.resident.incoming import Incoming
from survey.web.resident.routing_words import condition_in_words

_PLACEHOLDER = "@@token@@"
_MOST_PAGES = 512  # kept in memory per process; beyond that the oldest go
_pages: dict[tuple[object, ...], PrecompressedPage] = {}
_keeping = threading.Lock()


@dataclass(frozen=True, slots=True)
class FormPage:
    """What the form's template shows. `problems` are in page order; `answers` are as given."""

    questionnaire: Questionnaire
    language: str
    token: str
    point: Point
    large: bool
    area: AreaChoice | None
    frame_id: int
    answers: Mapping[str, object]
    problems: tuple[Problem, ...]

    def problem_of(self, item: str) -> Problem | None:
        """The first problem of an item."""
        return next((problem for problem in self.problems if problem.field == item), None)

    def number(self, item: str) -> int:
        """The item's place in the questionnaire, from 1."""
        return list(self.questionnaire.items).index(item) + 1

    def typed(self, item: str) -> str:
        """What was typed into an item's field; a chosen category is not typed."""
        answer = self.answers.get(item)
        if not isinstance(answer, str | int):
            return ""
        codes = {category.code for category in self.questionnaire.items[item].categories}
        return "" if answer in codes else str(answer)

    def chosen(self, item: str, category: str) -> bool:
        """Whether a category of an item was chosen."""
        answer = self.answers.get(item)
        return answer == category or (isinstance(answer, list | tuple) and category in answer)

    def text(self, text: Mapping[str, str]) -> str:
        """A text of the questionnaire in the page's language."""
        return text_in(text, self.language)

    def condition(self, item: str) -> str:
        """When the item is to be answered, in words, for a page without JavaScript."""
        return condition_in_words(self.questionnaire, item, self.language)

    @property
    def routing_json(self) -> str:
        """The table the page's script routes by."""
        return json.dumps(self.questionnaire.routing.to_json(), separators=(",", ":"))


def served_page(point: Point, token: PageToken, language: str, *, large: bool) -> Response:
    """The empty form with a fresh token."""
    key = (token.questionnaire_code, token.questionnaire_version, point.code, language, large)
    page = _pages.get(key)
    if page is None or current_app.debug:
        page = PrecompressedPage.of(_render_empty(point, token, language, large), _PLACEHOLDER)
        with _keeping:
            if len(_pages) >= _MOST_PAGES:
                _pages.pop(next(iter(_pages)))
            _pages[key] = page
    text = write_token(office().settings.secret_key, token).encode()
    if request.accept_encodings["gzip"]:
        response = Response(page.gzipped(text), mimetype="text/html")
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = Response(page.plain(text), mimetype="text/html")
    return _private(response)


def form_page(point: Point, incoming: Incoming) -> Response:
    """The form with what was filled in, and what is wrong with it."""
    set_page_language(incoming.language)
    page = FormPage(
        questionnaire=_questionnaire(incoming.token),
        language=incoming.language,
        token=write_token(office().settings.secret_key, incoming.token),
        point=point,
        large=incoming.large,
        area=incoming.area,
        frame_id=_frame_id(point),
        answers=incoming.filled,
        problems=incoming.problems,
    )
    status = 422 if incoming.problems else 200
    return _private(Response(_render(page), status=status, mimetype="text/html"))


def _render_empty(point: Point, token: PageToken, language: str, large: bool) -> str:
    questionnaire = _questionnaire(token)
    area = None
    if questionnaire.area_item is not None:
        area = AreaChoice.of_area(office().catalogue.ground(point.wave_id), point.area_code)
    return _render(FormPage(questionnaire, language, _PLACEHOLDER, point, large, area, _frame_id(point), {}, ()))


def _render(page: FormPage) -> str:
    return render_template("resident/form.html", page=page)


def _frame_id(point: Point) -> int:
    return office().catalogue.ground(point.wave_id).frame_id


def _questionnaire(token: PageToken) -> Questionnaire:
    return office().catalogue.questionnaire(token.questionnaire_code, token.questionnaire_version)


def _private(response: Response) -> Response:
    # The token makes each copy of the page somebody's own. The phone itself may keep it for the way back: who returns
    # from the thanks page, or from the browser's page about a lost network, finds the same form with the same token.
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept-Encoding, Accept-Language"
    response.headers["Content-Language"] = page_language()
    return response


@cache
def inline_style() -> str:
    """The form's stylesheet. It stands in the page: on a slow network a second request costs more than its bytes."""
    return asset_text("css/tokens.css") + asset_text("css/resident.css")


@cache
def inline_style_hash() -> str:
    """The source expression that lets this stylesheet, and no other, stand in a page."""
    digest = hashlib.sha256(inline_style().encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
