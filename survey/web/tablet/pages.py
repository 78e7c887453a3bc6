"""The pages of the volunteer's app, and what a tablet keeps to work without a network.

They hold no data of people, so they need no authorization: a new tablet loads the app before anybody knows it, and the
service worker renews it without a key. A tablet stays on one release: all pages name the digest of their files.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from flask import Blueprint, Response, abort, jsonify, render_template, request, url_for
from jinja2.utils import htmlsafe_json_dumps

from survey.domain.frame import Frame, Level
from survey.domain.instrument_table import instrument_table
from survey.domain.problems import MESSAGES
from survey.domain.submission import CODE_ALPHABET
from survey.services.catalogue import NotFound
from survey.services.read_wave import wave_of_point
from survey.web.area_names import area_name
from survey.web.assets import asset_url, static_digest
from survey.web.form_page import FormPage, areas_around, frame_id
from survey.web.languages import LANGUAGES, page_language, translate
from survey.web.office import office

blueprint = Blueprint("tablet_pages", __name__)

_CODE_LETTERS = frozenset(CODE_ALPHABET)  # anything else need not be looked for, and may upset a database
_STATIC = Path(__file__).parents[2] / "static"
_FOLDERS = ("instrument", "tablet")
_STYLES = ("css/tokens.css", "css/tablet.css")
_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; style-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_WORKER = 'import {{ serve }} from "{module}";\nserve(self, {settings});\n'


@blueprint.after_request
def _guard(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Cache-Control"] = "no-cache"
    if response.mimetype == "text/html":
        response.headers["Vary"] = "Accept-Language"
        response.headers["Content-Language"] = page_language()
    return response


@blueprint.get("/tablet/")
def app() -> str:
    """The app: one document, so that the key of a draft never leaves its memory."""
    return render_template("tablet/app.html", release=static_digest())


@blueprint.get("/tablet/interview/<code>")
def interview(code: str) -> str:
    """The questionnaire of a point, as the app puts it into itself; `version` names one that the wave had earlier."""
    if not _CODE_LETTERS.issuperset(code):
        abort(404)
    try:
        point = office().catalogue.point(code)
    except NotFound:
        abort(404)
    wave = wave_of_point(office().db, point)
    version = request.args.get("version", wave.questionnaire_version, type=int)
    if not 1 <= version <= wave.questionnaire_version:
        abort(404)
    try:
        questionnaire = office().catalogue.questionnaire(wave.questionnaire_code, version)
    except NotFound:
        abort(404)
    page = FormPage(questionnaire, page_language(), point, areas_around(questionnaire, point), frame_id(point))
    sentences = {code: translate(text) for code, text in MESSAGES.items() if code in _ANSWER_PROBLEMS}
    return render_template(
        "tablet/interview.html",
        page=page,
        instrument=htmlsafe_json_dumps(instrument_table(questionnaire)),  # in the order of the items
        sentences=htmlsafe_json_dumps(sentences),
        release=static_digest(),
    )


# What validation.mjs may say of an answer.
_ANSWER_PROBLEMS = {code for code in MESSAGES if code.startswith("answer_")} | {"not_text", "unreadable_text"}


@blueprint.get("/tablet/areas/<int(max=999_999_999):frame>.json")
def areas(frame: int) -> Response:
    """`{code: [[code, Chinese name, English name or ""], …]}`: the list of /areas/<frame>/<code>.json of every area
    that a person may choose before the last list."""
    try:
        found = office().catalogue.frame(frame)
    except NotFound:
        abort(404)
    return jsonify(dict(_lists(found)))


def _lists(frame: Frame) -> Iterator[tuple[str, list[list[str]]]]:
    for code, area in frame.areas.items():
        last = area.level is Level.COMMUNITY and frame.street_of(code) is not None
        if area.level is not Level.GRID and not last:
            below = [one for one in frame.children(code) if one.level is not Level.GRID] or [area]
            yield code, [[one.code, area_name(one, "zh-Hans"), area_name(one, "en")] for one in below]


@blueprint.get("/tablet/worker.mjs")
def worker() -> Response:
    """The service worker of this release: which files belong to it."""
    names = (*_STYLES, *(path.relative_to(_STATIC).as_posix() for folder in _FOLDERS for path in _files(folder)))
    settings = {
        "digest": static_digest(),
        "shell": [url_for(".app", lang=code) for code in LANGUAGES]
        + [url_for(".manifest", lang=code) for code in LANGUAGES],
        "assets": [asset_url(name) for name in names],
    }
    text = _WORKER.format(module=asset_url("tablet/worker.mjs"), settings=json.dumps(settings))
    return Response(text, mimetype="text/javascript")


def _files(folder: str) -> list[Path]:
    return sorted(path for path in (_STATIC / folder).rglob("*") if path.is_file())


@blueprint.get("/tablet/manifest.webmanifest")
def manifest() -> Response:
    """How the app calls itself where it is installed."""
    content = {
        "name": translate("Minsheng"),
        "short_name": translate("Minsheng"),
        "lang": page_language(),
        "id": url_for(".app"),
        "start_url": url_for(".app", lang=page_language()),
        "scope": url_for(".app"),
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#0b5fa5",
        "icons": [
            {"src": asset_url(f"tablet/icon-{side}.png"), "sizes": f"{side}x{side}", "type": "image/png"}
            for side in (192, 512)
        ],
    }
    return Response(json.dumps(content, ensure_ascii=False), mimetype="application/manifest+json")
