"""The address of a thanks page: the receipt and what became of the answers, signed for its point, so that it can't be
made up or carried elsewhere."""

from functools import lru_cache

from itsdangerous import BadData, URLSafeSerializer

from survey.domain.disposition import Disposition


def write_thanks(secret: str, point_code: str, receipt_code: str, disposition: Disposition) -> str:
    """The last part of the address."""
    return _serializer(secret, point_code).dumps([receipt_code, disposition.value])


def read_thanks(secret: str, point_code: str, text: str) -> tuple[str, Disposition] | None:
    """The receipt and disposition behind an address; None where it is not one of ours."""
    try:
        receipt_code, disposition = _serializer(secret, point_code).loads(text)
        return str(receipt_code), Disposition(disposition)
    except (BadData, ValueError, TypeError):
        return None


@lru_cache(maxsize=512)
def _serializer(secret: str, point_code: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt=f"thanks at {point_code}")
