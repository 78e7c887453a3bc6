"""Every page that anybody may open: its headers, and that it brings nothing from elsewhere and no style of its own."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from survey.web.resident.page import inline_style, inline_style_hash
from tests.browser import REPOSITORY
from tests.field import Field, as_form, token_in, valid_answers

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    f"style-src 'self' {inline_style_hash()}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
}
PUBLIC_FOLDERS = ("resident", "layouts/public.html", "components/items.html", "errors")
FOREIGN = re.compile(r"""(?:https?:)?//(?!www\.w3\.org)[\w.-]+\.\w""")
STYLED = re.compile(r"""\sstyle\s*=|\son\w+\s*=\s*["']|javascript:""", re.IGNORECASE)
INLINE = re.compile(r"<(style|script)\b([^>]*)>(.*?)</\1>", re.DOTALL)


def public_pages(client: FlaskClient, field: Field) -> Iterator[tuple[str, TestResponse]]:
    """Each kind of page that a resident may meet."""
    path = f"/r/{field.point.code}"
    for language in ("zh-Hans", "en"):
        form = client.get(f"{path}?lang={language}")
        yield "form", form
        shown = as_form({}, token_in(form.text), "show:large") | {"_language": language}
        yield "large form", client.post(path, data=shown)
        yield "refused form", client.post(path, data=as_form({}, token_in(form.text)) | {"_language": language})
        sent = client.post(path, data=as_form(valid_answers(), token_in(form.text)) | {"_language": language})
        yield "sent", sent
        yield "thanks", client.get(sent.headers["Location"])
        yield "conflict", client.post(path, data=as_form(valid_answers(times=9), token_in(form.text)))
    yield "not found", client.get("/r/22222222222222")
    yield "nothing there", client.get("/nothing")
    yield "wrong method", client.put(path)
    yield "wrong kind", client.post(path, data="x", content_type="text/plain")
    yield "too large", client.post(path, data=b"x" * 70_000, content_type="application/json")
    yield "foreign host", client.get(path, headers={"Host": "evil"})
    field.clock.forward(days=60)
    yield "closed", client.get(path)


def test_every_public_page_has_the_headers_and_nothing_inline_or_foreign(field: Field) -> None:
    seen = {}
    for name, page in public_pages(field.app.test_client(), field):
        seen[name] = page.status_code
        assert {header: page.headers.get(header) for header in HEADERS} == HEADERS, name
        assert "Strict-Transport-Security" not in page.headers
        assert complaints(page.text) == [], name
    assert seen == {
        "form": 200,
        "large form": 200,
        "refused form": 422,
        "sent": 303,
        "thanks": 200,
        "conflict": 409,
        "not found": 404,
        "nothing there": 404,
        "wrong method": 405,
        "wrong kind": 415,
        "too large": 413,
        "foreign host": 400,
        "closed": 410,
    }


def complaints(text: str) -> list[str]:
    """What of a page a strict policy would not let through, or would bring from elsewhere."""
    found = FOREIGN.findall(text) + STYLED.findall(INLINE.sub("", text))
    for kind, attributes, content in INLINE.findall(text):
        if kind == "style" and content != inline_style():
            found.append("another stylesheet")
        if kind == "script" and content.strip() and "application/json" not in attributes:
            found.append("an inline script")
    return found


@pytest.mark.parametrize(
    "planted",
    [
        '<p style="color: red">',
        "<style>p { color: red }</style>",
        "<script>go()</script>",
        '<a href="javascript:go()">',
        '<button onclick="go()">',
        '<img src="//cdn.example.com/a.png">',
        '<script src="https://cdn.example.com/a.js"></script>',
    ],
)
def test_what_does_not_belong_in_a_page_is_found(planted: str) -> None:
    assert complaints(f"<html><body>{planted}</body></html>")


def test_no_public_template_has_a_style_or_a_handler_of_its_own() -> None:
    templates = REPOSITORY / "templates"
    paths = [path for name in PUBLIC_FOLDERS for path in files_of(templates / name)]
    assert len(paths) >= 7
    for path in paths:
        assert STYLED.findall(path.read_text("utf-8")) == [], path


def test_no_script_or_stylesheet_of_residents_names_another_host() -> None:
    static = REPOSITORY / "survey" / "static"
    paths = [*files_of(static / "resident"), *files_of(static / "instrument"), static / "css/tokens.css"]
    for path in (*paths, static / "css/resident.css"):
        assert FOREIGN.findall(path.read_text("utf-8")) == [], path


def files_of(path: Path) -> list[Path]:
    return sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]


def test_over_tls_browsers_are_told_to_stay_with_it(new_field: Callable[..., Field]) -> None:
    field = new_field(public_url="https://localhost")
    page = field.app.test_client().get(f"/r/{field.point.code}")
    assert page.headers["Strict-Transport-Security"] == "max-age=63072000"


def test_a_tablet_alone_may_note_its_place(field: Field) -> None:
    assert "geolocation=(self)" in field.app.test_client().get("/tablet").headers["Permissions-Policy"]


@pytest.mark.parametrize(("language", "sentence"), [("en", "too large"), ("zh-CN", "过大")])
def test_a_body_that_is_too_large_is_told_so_in_the_language_of_the_page(
    field: Field, language: str, sentence: str
) -> None:
    kind = "application/x-www-form-urlencoded"
    told = field.app.test_client().post(
        f"/r/{field.point.code}", data=b"a=" + b"x" * 65_536, content_type=kind, headers={"Accept-Language": language}
    )
    assert (told.status_code, sentence in told.text) == (413, True), told.text
