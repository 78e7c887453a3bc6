"""The work that a page's script does: what it finds is what the server asks for, whatever the token's length."""

import hashlib
from pathlib import Path

import pytest

from survey.domain.stuffing import HARDEST, LONGEST_NUMBER, zero_bits
from tests.tablet.node import STATIC, in_node

RESIDENT = STATIC / "resident"
SOLVE = "return Promise.all(given.map(([token, bits]) => modules.work.solve(token, bits)));"


def test_the_number_that_is_found_has_the_bits_at_every_length_of_the_token() -> None:
    asked = [("t" * length, 8) for length in range(1, 140)]
    for (token, bits), number in zip(asked, in_node("work", SOLVE, asked, RESIDENT), strict=True):
        assert zero_bits(token, number) >= bits
        assert len(number) <= LONGEST_NUMBER


def test_the_hardest_work_is_found_too() -> None:
    token = "WyIwMTlhYmMiLCJYWVoiLCJjaXZpYyIsMSwxNzY0MTUwMDAwLDE4LDE3NjQxNTAwMDBd.abcdefghijklmnopqrstuvwxyz1"
    (number,) = in_node("work", SOLVE, [[token, HARDEST]], RESIDENT)
    assert hashlib.sha256(f"{token}:{number}".encode()).hexdigest().startswith("0000")


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('"0".repeat(BLOCK - over) : ""', '"" : ""'),
        ("last[place >> 2] -= 9 * one", "last[place >> 2] -= 0"),
        ("(text.length + DIGITS) * 8", "text.length * 8"),
    ],
    ids=["runs over the block", "carries nothing", "wrong length"],
)
def test_planted_faults_find_numbers_that_the_server_does_not_take(right: str, wrong: str, tmp_path: Path) -> None:
    text = (RESIDENT / "work.mjs").read_text("utf-8")
    assert text.count(right) == 1
    (tmp_path / "work.mjs").write_text(text.replace(right, wrong), "utf-8")
    asked = [("t" * length, 8) for length in range(1, 140, 7)]
    found = in_node("work", SOLVE, asked, tmp_path)
    assert any(zero_bits(token, number) < 8 for (token, _), number in zip(asked, found, strict=True))
