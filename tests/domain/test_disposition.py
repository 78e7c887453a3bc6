"""Dispositions: each way to leave a form or an approach has one, and each has one place in AAPOR's rates."""

import itertools

import pytest

from survey.domain.disposition import AAPOR, REASONS, Disposition, Finish, disposition_of, partial_symbol

SYMBOLS = {"I", "P", "R", "NC", "O", "UH", "UO", "NE"}


def test_every_way_to_end_has_a_disposition_whatever_is_known_of_eligibility() -> None:
    for finish, eligible in itertools.product(Finish, (True, False, None)):
        assert disposition_of(finish, eligible) in Disposition


@pytest.mark.parametrize(
    ("finish", "eligible", "expected"),
    [
        (Finish.FINISHED, True, Disposition.COMPLETE),
        (Finish.FINISHED, False, Disposition.INELIGIBLE),
        (Finish.FINISHED, None, Disposition.PARTIAL),
        (Finish.BROKEN_OFF, True, Disposition.PARTIAL),
        (Finish.BROKEN_OFF, False, Disposition.INELIGIBLE),
        (Finish.REFUSED, True, Disposition.REFUSED),
        (Finish.REFUSED, None, Disposition.REFUSED),
        (Finish.NOT_ELIGIBLE, True, Disposition.INELIGIBLE),
        (Finish.LANGUAGE, None, Disposition.LANGUAGE),
        (Finish.CELL_FULL, True, Disposition.CELL_FULL),
        (Finish.NOT_REACHED, None, Disposition.NON_CONTACT),
    ],
)
def test_what_an_ending_becomes(finish: Finish, eligible: bool | None, expected: Disposition) -> None:
    assert disposition_of(finish, eligible) is expected


def test_every_disposition_has_one_symbol_but_partial_ones_and_copies() -> None:
    assert set(AAPOR) == set(Disposition) - {Disposition.PARTIAL, Disposition.DUPLICATE}
    assert set(AAPOR.values()) <= SYMBOLS
    assert [disposition for disposition, symbol in AAPOR.items() if symbol == "I"] == [Disposition.COMPLETE]


@pytest.mark.parametrize(
    ("answered", "asked", "symbol"), [(0, 0, "R"), (0, 7, "R"), (3, 7, "R"), (4, 8, "P"), (4, 7, "P"), (7, 7, "P")]
)
def test_a_break_off_is_partial_from_half_of_the_questions_on(answered: int, asked: int, symbol: str) -> None:
    assert partial_symbol(answered, asked) == symbol


def test_reasons_belong_to_ways_to_end_and_are_short_enough_to_keep() -> None:
    assert set(REASONS) <= set(Finish)
    assert all(1 <= len(reason) <= 16 and reason.isascii() for reasons in REASONS.values() for reason in reasons)
