"""The page that ends an answer to a letter: a receipt, and for some minutes the key to answer anew.

Its address knows nothing of the letter's code, so that no line of a log and no entry of a browser's history holds the
code and the receipt together. The change key comes along in a cookie that belongs to these pages alone.
"""

from functools import lru_cache

from flask import Blueprint, Response, abort, render_template, request, url_for
from itsdangerous import BadData, URLSafeSerializer
from werkzeug.wrappers import Response as BaseResponse

from survey.domain.disposition import Disposition
from survey.domain.letters import shown
from survey.domain.submission import Receipt
from survey.web.languages import page_language
from survey.web.office import office
from survey.web.text_size import large_text

KEY_COOKIE = "shown"
_MINUTES = 15  # for which the change key can be looked at

blueprint = Blueprint("letter_thanks", __name__, url_prefix="/c/thanks")


def letter_thanks_url(receipt: Receipt, hours: int) -> str:
    """Where the receipt of a letter's answer is shown; `hours`: for how long the answer may be replaced."""
    written = _signed("thanks for a letter").dumps([receipt.code, receipt.disposition.value, hours])
    size = "large" if large_text() else None
    return url_for("letter_thanks.show", receipt=written, lang=page_language(), size=size)


def show_key(response: BaseResponse, receipt: Receipt, key: str) -> None:
    """Let the page of this receipt, and of no other, show the change key for some minutes."""
    response.set_cookie(
        KEY_COOKIE,
        _signed("key beside a receipt").dumps([receipt.code, key]),
        path="/c/thanks",
        max_age=_MINUTES * 60,
        secure=office().settings.https,
        httponly=True,
        samesite="Lax",
    )


@blueprint.get("/<receipt>")
def show(receipt: str) -> Response:
    """What a resident is left with."""
    try:
        receipt_code, disposition, hours = _signed("thanks for a letter").loads(receipt)
    except BadData:
        abort(404)
    key = _key_beside(receipt_code)
    page = render_template(
        "resident/code_thanks.html",
        receipt_code=receipt_code,
        disposition=Disposition(disposition),
        key=key and shown(key),
        hours=hours,
        minutes=_MINUTES,
    )
    response = Response(page)
    response.headers["Cache-Control"] = "no-store"
    return response


def _key_beside(receipt_code: str) -> str | None:
    try:
        receipt, key = _signed("key beside a receipt").loads(request.cookies.get(KEY_COOKIE, ""))
    except BadData:
        return None
    return str(key) if receipt == receipt_code else None


def _signed(purpose: str) -> URLSafeSerializer:
    return _serializer(office().settings.secret_key, purpose)


@lru_cache(maxsize=8)
def _serializer(secret: str, purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt=purpose)
