"""The cookie by which a browser is known again: where an account signed in before, strangers' guesses do not slow it.

It holds a random number and the numbers of the accounts, signed. It does not sign anybody in.
"""

import secrets
from datetime import timedelta

from flask import request
from itsdangerous import BadData, URLSafeSerializer
from werkzeug.wrappers import Response as BaseResponse

from survey.domain.account import Account, Device
from survey.web.office import office

COOKIE = "minsheng_browser"
KEPT = timedelta(days=365)


def known_device() -> Device | None:
    """The browser of this request, if it was here before and within a year."""
    try:
        device_id, accounts, issued = _serializer().loads(request.cookies.get(COOKIE, ""))
        if office().now().timestamp() - issued > KEPT.total_seconds():
            return None
        return Device(str(device_id), frozenset(int(each) for each in accounts))
    except (BadData, TypeError, ValueError):
        return None


def remember_device(response: BaseResponse, account: Account) -> None:
    """Let this browser be known to the account from now on."""
    device = (known_device() or Device(secrets.token_hex(16), frozenset())).with_account(account.id)
    value = _serializer().dumps([device.id, sorted(device.accounts), int(office().now().timestamp())])
    response.set_cookie(
        COOKIE,
        value,
        max_age=KEPT,
        path="/desk",
        secure=office().settings.https,
        httponly=True,
        samesite="Lax",
    )


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(office().settings.secret_key, salt="browser")
