"""Headers on every response, and what is refused before a view sees it."""

from flask import Flask, Response, abort, request

from survey.web.office import office
from survey.web.resident.page import inline_style_hash

# What no page here does, so that nothing that might creep into one can do it either. The list is short: it travels with
# every page. A tablet alone notes its place, in waves that ask for it.
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=()"
TABLET_PERMISSIONS = PERMISSIONS.replace("geolocation=()", "geolocation=(self)")
TWO_YEARS = 2 * 365 * 24 * 3600  # seconds; what browsers ask before they take a host into their own lists


def init_app(app: Flask) -> None:
    """Guard every request and response."""
    app.before_request(_refuse_packed_bodies)
    app.after_request(_add_headers)


def whole_body() -> bytes:
    """The body of this request, if all of it came; else 400 or 413.

    A phone that loses the network in mid-sentence leaves a form that reads like a whole one with other answers, and
    neither the server nor Flask objects: where the server ends the stream, they take what is there.
    """
    body = request.get_data()
    if request.content_length is None:
        if len(body) == request.max_content_length:
            abort(413)  # there may have been more
    elif len(body) < request.content_length:
        abort(400)
    return body


def _refuse_packed_bodies() -> None:
    # We never unpack a body, so a small one can't become a large one.
    if request.headers.get("Content-Encoding", "identity") != "identity":
        abort(415)


def _add_headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    if request.blueprint == "assets":
        return response  # the rest is said by the page that loads them; on a slow network each line counts
    headers.setdefault(
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
        f"style-src 'self' {inline_style_hash()}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    )
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Permissions-Policy", TABLET_PERMISSIONS if request.path.startswith("/tablet") else PERMISSIONS)
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if office().settings.https:
        headers.setdefault("Strict-Transport-Security", f"max-age={TWO_YEARS}")
    return response
