"""The language of a page, and its words.

English is the source text; the other languages stand in catalogues. A page's language is what was asked for in the
address or form, else what the staff member chose, else what the browser prefers, else Chinese. Staff choose between
the shipped languages; residents are offered those that both their questionnaire and the interface have.
"""

import gettext
from collections.abc import Collection, Mapping

from flask import Flask, current_app, g, request, session

from survey.web.catalogues import DEFAULT, Language, all_languages, shipped_languages

LANGUAGES: Mapping[str, str] = {code: language.name for code, language in shipped_languages().items()}

_STAFF = ("desk", "tablet")  # how the blueprints of the staff's pages begin


def interface_languages() -> Mapping[str, Language]:
    """Every language of the interface."""
    languages: Mapping[str, Language] = current_app.extensions["languages"]
    return languages


def offered_languages(questionnaire_languages: Collection[str]) -> Mapping[str, str]:
    """Code -> own name of the languages in which a questionnaire can be shown whole."""
    return {code: language.name for code, language in interface_languages().items() if code in questionnaire_languages}


def words(language: str) -> gettext.NullTranslations:
    """The words of a language."""
    return interface_languages()[language].words


def right_to_left(language: str) -> bool:
    """Whether a language is written from right to left."""
    return interface_languages()[language].right_to_left


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
        staff = (request.blueprint or "").startswith(_STAFF)
        g.language = _chosen(LANGUAGES if staff else interface_languages())
    language: str = g.language
    return language


def set_page_language(language: str) -> None:
    """Let the rest of this request speak another language; unknown ones are ignored."""
    if language in interface_languages():
        g.language = language


def choose_language(questionnaire_languages: Collection[str]) -> str:
    """Let the rest of this request speak the language a resident wants most of those a questionnaire is offered in."""
    g.language = _chosen(offered_languages(questionnaire_languages) or LANGUAGES)
    return page_language()


def _chosen(offered: Collection[str]) -> str:
    for wish in (request.args.get("lang"), session.get("language")):
        if wish in offered:
            return str(wish)
    for tag, quality in request.accept_languages:  # the browser's wishes, the dearest first
        alike = [code for code in offered if _same(code, tag)] or [code for code in offered if _akin(code, tag)]
        if quality and alike:
            return alike[0]
    return DEFAULT if DEFAULT in offered else next(iter(offered))


def _same(code: str, tag: str) -> bool:
    return code.lower() == tag.lower()


def _akin(code: str, tag: str) -> bool:
    """Whether two tags begin with the same language, as zh-CN and zh-Hans do."""
    return _same(code.partition("-")[0], tag.partition("-")[0])


def text_of(text: Mapping[str, str] | None, language: str | None = None) -> str:
    """A text that data brings in several languages, in the page's one or the first it has."""
    if not text:
        return ""
    return text.get(language or page_language()) or next(iter(text.values()))


def init_app(app: Flask, translations: str = "") -> None:
    """Give templates their words; `translations` is the office's folder of catalogues."""
    app.extensions["languages"] = all_languages(translations)
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(translate, _plural, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.globals |= {
        "page_language": page_language,
        "right_to_left": right_to_left,
        "LANGUAGES": LANGUAGES,
        "offered_languages": offered_languages,
        "text_of": text_of,
    }
