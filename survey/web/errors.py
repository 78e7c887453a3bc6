"""What is shown when a request can't be answered: what happened, what is safe, what to do."""

import logging
import traceback
from types import TracebackType

from flask import Flask, Response, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from survey.db import Unavailable
from survey.web.languages import N_, translate

log = logging.getLogger(__name__)

TEXTS = {
    400: N_("This request could not be understood."),
    403: N_("This page is not open to your account."),
    404: N_("There is nothing at this address."),
    405: N_("This address does not take that kind of request."),
    413: N_("What was sent is too large."),
    415: N_("This kind of content is not taken here."),
    429: N_("Too many attempts. Wait a little and try again."),
    500: N_("Something went wrong on our side. Nothing you sent was kept; please try again later."),
    503: N_("We can't store anything just now. Nothing was kept; please send it again in a moment."),
}


def init_app(app: Flask) -> None:
    """Answer errors with pages, or with JSON where a program asked."""
    app.log_exception = _log_exception  # type: ignore[method-assign]  # Flask's own names the path
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Unavailable, _unavailable)


def _log_exception(
    exc_info: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
) -> None:
    """Say where a fault is. The request's path and the exception's message may hold codes or answers: left out."""
    kind, _, trace = exc_info
    where = "".join(traceback.format_tb(trace))
    log.error("unhandled %s\n%s", kind.__qualname__ if kind else "error", where)


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    response = _answer(status)
    for name, value in error.get_headers():
        if name not in {"Content-Type", "Content-Length"}:
            response.headers[name] = value
    return response


def _unavailable(error: Unavailable) -> Response:
    log.warning("database unavailable: %s", str(error).partition("\n")[0])
    response = _answer(503)
    response.headers["Retry-After"] = "2"
    return response


def _answer(status: int) -> Response:
    text = translate(TEXTS.get(status, TEXTS[400 if status < 500 else 500]))
    if request.is_json or request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        response = jsonify(problems=[{"field": "request", "code": f"http_{status}", "message": text}])
    else:
        response = Response(render_template("errors/error.html", status=status, text=text), mimetype="text/html")
    response.status_code = status
    return response
