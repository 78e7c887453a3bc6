"""A page that is compressed once is, with any token in it, what it would be uncompressed."""

import gzip

import brotli
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from survey.web.precompressed import PrecompressedPage
from tests.field import Field, token_in

PLACE = "@@here@@"
PARTS = st.text(st.characters(codec="utf-8"), max_size=400).filter(lambda text: "@" not in text)
VALUES = st.binary(min_size=2, max_size=300)


@given(before=PARTS, after=PARTS, values=st.lists(VALUES, min_size=1, max_size=4))
def test_every_copy_unpacks_to_the_plain_page(before: str, after: str, values: list[bytes]) -> None:
    page = PrecompressedPage.of(before + PLACE + after, PLACE)
    for value in values:
        plain = before.encode() + value + after.encode()
        assert page.plain(value) == plain
        assert gzip.decompress(page.gzipped(value)) == plain
        packed = page.brotlied(value)
        assert packed is None or brotli.decompress(packed) == plain


def test_a_value_of_another_length_gets_a_page_of_its_own() -> None:
    text = "居民问卷。请按实际情况选择。" * 40
    page = PrecompressedPage.of(f'<input value="{PLACE}{text}', PLACE)
    packed = {value: page.brotlied(value) for value in (b'abcdefgh">', b'abcdefghij">')}
    for value, stream in packed.items():
        assert stream is not None
        assert brotli.decompress(stream).endswith(value + text.encode())
    short, long = packed
    planted = (packed[long] or b"").replace(long, short)  # one page for every length
    assert not _unpacks_to(planted, '<input value="abcdefgh">' + text)


def test_a_browser_gets_the_form_in_the_smallest_shape_it_takes(field: Field) -> None:
    client: FlaskClient = field.app.test_client()
    address, sizes = f"/r/{field.point.code}", {}
    for accepted, unpack in (("gzip, br", brotli.decompress), ("gzip", gzip.decompress), ("", bytes)):
        answer = client.get(address, headers={"Accept-Encoding": accepted})
        assert token_in(unpack(answer.data).decode())
        sizes[answer.headers.get("Content-Encoding")] = len(answer.data)
    assert sizes["br"] < sizes["gzip"] < sizes[None]


def _unpacks_to(packed: bytes, text: str) -> bool:
    try:
        return bool(brotli.decompress(packed) == text.encode())
    except brotli.error:
        return False
