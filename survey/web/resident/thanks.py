"""The address of a thanks page: the receipt and what became of the answers, signed so that it can't be made up."""

from functools import cache

from itsdangerous import BadData, URLSafeSerializer

from survey.domain.disposition import Disposition


def write_thanks(secret: str, receipt_code: str, disposition: Disposition) -> str:
    """The last part of the address."""
    return _serializer(secret).dumps([receipt_code, disposition.value])


def read_thanks(secret: str, text: str) -> tuple[str, Disposition] | None:
    """The receipt and disposition behind an address; None where it is not one of ours."""
    try:
        receipt_code, disposition = _serializer(secret).loads(text)
        return str(receipt_code), Disposition(disposition)
    except (BadData, ValueError, TypeError):
        return None


@cache
def _serializer(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="thanks")
