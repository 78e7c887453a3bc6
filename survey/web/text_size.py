"""Large or standard text on residents' pages: what this request asks for, else what the phone remembers."""

from flask import Response, g, request

from survey.web.office import office

_COOKIE = "size"
_A_YEAR = 365 * 24 * 60 * 60


def large_text() -> bool:
    """Whether this request's page is in large text."""
    if "large_text" not in g:
        g.large_text = (request.args.get("size") or request.cookies.get(_COOKIE)) == "large"
    large: bool = g.large_text
    return large


def set_large_text(large: bool) -> None:
    """Let the rest of this request be in large text, or not."""
    g.large_text = large


def remember_text_size(response: Response) -> None:
    """Let the phone remember the size of this page. It remembers the large one only; the standard one needs nothing."""
    if large_text():
        secure = office().settings.https
        response.set_cookie(_COOKIE, "large", max_age=_A_YEAR, samesite="Lax", httponly=True, secure=secure)
    else:
        response.delete_cookie(_COOKIE, samesite="Lax")
