"""Who may see a page of the desk: sessions, roles, and what protects the desk's forms.

A session is a signed cookie that names an account and the number of its sessions; the account is read at every
request, so disabling it or changing its password ends its sessions at once. Residents' forms carry a page token in
place of a session; everything here keeps to the addresses under /desk.
"""

import functools
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, abort, redirect, render_template, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.wrappers import Response as BaseResponse

from survey.db import Unavailable
from survey.domain.account import Account, Role, SessionLimits
from survey.services.installation import is_demonstration
from survey.services.sign_in import SignedIn, account_of_session
from survey.web.languages import N_, translate
from survey.web.office import office

P = ParamSpec("P")
R = TypeVar("R")

ROLE_NAMES = {Role.ORGANISER: N_("Organiser"), Role.ANALYST: N_("Analyst"), Role.VOLUNTEER: N_("Volunteer")}
HOME = {Role.VOLUNTEER: "/desk/account"}  # volunteers work on the tablet; of the desk they see their own account
UPLOAD_BYTES = 16 * 2**20  # of an organiser's file; a frame of a city is below 1 MB
SEEN_EVERY = timedelta(minutes=1)  # a sign of life is written down no oftener

security_log = logging.getLogger("survey.security")


class Staff(UserMixin):  # type: ignore[misc]  # flask-login ships no types
    """The account of a session, in the shape that flask-login passes around."""

    def __init__(self, signed_in: SignedIn) -> None:
        self.account = signed_in.account
        self._session_number = signed_in.session_number

    def get_id(self) -> str:
        """What the session says about who it belongs to."""
        return f"{self.account.id}.{self._session_number}"


def roles(*allowed: str) -> Callable[[Callable[P, R]], Callable[P, R | BaseResponse]]:
    """A view for accounts of these roles. Others get 403; who is not signed in is sent to the sign-in page."""
    known = frozenset(Role(role) for role in allowed)

    def guard(view: Callable[P, R]) -> Callable[P, R | BaseResponse]:
        @functools.wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R | BaseResponse:
            account = account_or_none()
            if account is None:
                wish = request.full_path.rstrip("?") if request.method == "GET" else None
                return redirect(url_for("desk_sign_in.show", next=wish))
            if account.role not in known:
                abort(403)
            return view(*args, **kwargs)

        guarded.roles = known  # type: ignore[attr-defined]  # a test reads which views are guarded
        return guarded

    return guard


def current_account() -> Account:
    """Who is signed in. Only for views under `roles`."""
    account = account_or_none()
    assert account is not None, "the view is not under @roles"
    return account


def account_or_none() -> Account | None:
    """Who is signed in, if anybody is."""
    return current_user.account if isinstance(current_user._get_current_object(), Staff) else None


def home(account: Account) -> str:
    """Where an account begins."""
    return HOME.get(account.role, "/desk/")


def local_path(wish: str | None) -> str | None:
    """The path on this server that somebody wishes to go to next; None for whatever a browser might take elsewhere."""
    if not wish or not wish.startswith("/") or wish.startswith("//") or len(wish) > 1000:
        return None
    # Browsers read \ as / and leave out tabs and line ends, so /\evil and /<tab>/evil are //evil to them.
    if "\\" in wish or not wish.isprintable() or urlsplit(wish).netloc:
        return None
    return wish


def role_name(role: str) -> str:
    """A role in the page's language."""
    return translate(ROLE_NAMES[Role(role)])


def begin_session(signed_in: SignedIn) -> None:
    """Start a session. Nothing of the one before stays but the language, so a planted session gains nothing."""
    _clear_session()
    session["began_at"] = session["seen_at"] = int(office().now().timestamp())
    login_user(Staff(signed_in))
    session.pop("_id", None)  # flask-login's digest of the caller's address, which we do not want even in a cookie


def end_session() -> None:
    """Sign out."""
    _clear_session()


def init_app(app: Flask) -> None:
    """Set up sessions, and the protection of every form under /desk."""
    settings = app.extensions["minsheng"].settings
    app.config.update(
        SESSION_COOKIE_NAME="minsheng",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.https,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=settings.session_hours),
        WTF_CSRF_CHECK_DEFAULT=False,  # residents' forms have no session; _check_form covers the desk
        WTF_CSRF_TIME_LIMIT=None,  # a form is good for as long as its session
        WTF_CSRF_SSL_STRICT=False,  # would want a Referer, which our pages tell browsers not to send
    )
    manager = LoginManager()
    manager.session_protection = None  # it compares addresses, and a phone's address changes in mid-session
    manager.user_loader(_load)
    # Not manager.init_app: that reads the session of every response, also of residents' pages, for a cookie that
    # remembers people beyond their session, which we do not offer.
    app.login_manager = manager  # type: ignore[attr-defined]  # flask-login looks for it there
    csrf = CSRFProtect(app)
    app.before_request(functools.partial(_check_form, csrf))
    app.after_request(_keep_private)
    app.context_processor(_desk_context)
    app.register_error_handler(CSRFError, _form_not_ours)
    app.jinja_env.globals["role_name"] = role_name
    _write_security_log()


def _load(session_id: str) -> Staff | None:
    try:
        began, seen = (datetime.fromtimestamp(session[name], UTC) for name in ("began_at", "seen_at"))
        account_id, number = (int(part) for part in session_id.split("."))
    except (KeyError, ValueError):
        return None
    now, settings = office().now(), office().settings
    limits = SessionLimits(timedelta(hours=settings.session_hours), timedelta(minutes=settings.idle_minutes))
    if limits.over(began, seen, now):
        return None
    account = account_of_session(office().db, account_id, number)
    if account is None:
        return None
    if now - seen >= SEEN_EVERY:
        session["seen_at"] = int(now.timestamp())
    return Staff(SignedIn(account, number))


def _clear_session() -> None:
    language = session.get("language")
    session.clear()
    if language is not None:
        session["language"] = language


def _on_desk() -> bool:
    return request.path == "/desk" or request.path.startswith("/desk/")


def _check_form(csrf: Any) -> None:
    if not _on_desk():
        return
    account = account_or_none()
    if account is not None and account.role is Role.ORGANISER:
        # Before the form is read, which looking for its token does. The second bounds the reader's buffer as well,
        # and so the part of a file that is in it.
        request.max_content_length = request.max_form_memory_size = UPLOAD_BYTES
    csrf.protect()


def _form_not_ours(_: CSRFError) -> Response:
    text = translate("This form is too old or comes from elsewhere. Nothing was changed; open the page again.")
    return Response(render_template("errors/error.html", status=400, text=text), status=400)


def _keep_private(response: Response) -> Response:
    if _on_desk():
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _desk_context() -> dict[str, object]:
    if not _on_desk():
        return {}
    try:
        return {"account": account_or_none(), "is_demonstration": is_demonstration(office().db)}
    except Unavailable:
        return {"account": None, "is_demonstration": False}  # the page that says so must still be shown


class _StandardError(logging.Handler):
    """Writes to whatever standard error is at the moment."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr, flush=True)


def _write_security_log() -> None:
    """Sign-ins must be on record. They name the account's number and nothing else: no name, address or path."""
    security_log.setLevel(logging.INFO)
    if not security_log.handlers:
        handler = _StandardError()
        handler.setFormatter(logging.Formatter("%(asctime)s security: %(message)s"))
        security_log.addHandler(handler)
