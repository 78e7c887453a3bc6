"""The language of a page, and its words.

English is the source text; the Chinese stands in translations/zh_Hans.po. A page's language is what was asked for in
the address or form, else what the staff member chose, else what the browser prefers, else Chinese.
"""

import gettext
import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import polib
from flask import Flask, g, request, session

DEFAULT = "zh-Hans"
LANGUAGES: Mapping[str, str] = {"zh-Hans": "中文", "en": "English"}

_FOLDER = Path(__file__).parent.parent / "translations"


@cache
def words(language: str) -> gettext.NullTranslations:
    """The words of a language."""
    if language == "en":
        return gettext.NullTranslations()
    catalogue = polib.pofile(str(_FOLDER / f"{language.replace('-', '_')}.po"))
    return gettext.GNUTranslations(io.BytesIO(catalogue.to_binary()))


def translate(text: str) -> str:
    """`text` in the language of this request's page."""
    return words(page_language()).gettext(text) if text else ""


def _plural(one: str, many: str, number: int) -> str:
    return words(page_language()).ngettext(one, many, number)


def N_(text: str) -> str:  # noqa: N802 (gettext's own name for a text that is translated where it is shown)
    """Mark a text for translation."""
    return text


def page_language() -> str:
    """The language of this request's page."""
    if "language" not in g:
        g.language = _chosen()
    language: str = g.language
    return language


def set_page_language(language: str) -> None:
    """Let the rest of this request speak another language; unknown ones are ignored."""
    if language in LANGUAGES:
        g.language = language


def _chosen() -> str:
    for wish in (request.args.get("lang"), session.get("language")):
        if wish in LANGUAGES:
            return str(wish)
    best = request.accept_languages.best_match(["zh-Hans", "zh-CN", "zh", "en"], default=DEFAULT)
    return "en" if best == "en" else DEFAULT


def text_of(text: Mapping[str, str] | None, language: str | None = None) -> str:
    """A text that data brings in several languages, in the page's one or the first it has."""
    if not text:
        return ""
    return text.get(language or page_language()) or next(iter(text.values()))


def init_app(app: Flask) -> None:
    """Give templates their words."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(translate, _plural, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.globals |= {"page_language": page_language, "LANGUAGES": LANGUAGES, "text_of": text_of}
