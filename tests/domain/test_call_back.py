"""The draw of call-backs: the right share, the same whoever draws in whatever order, and nothing can be foreseen."""

import math
import random
from collections.abc import Callable
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.domain.call_back import SHARE, is_drawn

Draw = Callable[[str, UUID, Fraction], bool]
IDS = st.lists(st.uuids(), max_size=60)
SECRETS = st.text(min_size=1, max_size=60)


def many_ids(seed: int, count: int = 20_000) -> list[UUID]:
    """As tablets make them: version 4, at random."""
    source = random.Random(seed)
    return [UUID(int=source.getrandbits(128), version=4) for _ in range(count)]


def share_is_right(draw: Draw, share: Fraction = SHARE) -> bool:
    """Whether the drawn part of 20,000 ids lies within five standard errors of the share."""
    ids = many_ids(7)
    drawn = sum(draw("a secret", each, share) for each in ids)
    return abs(drawn - float(share) * len(ids)) < 5 * math.sqrt(share * (1 - share) * len(ids))


@pytest.mark.parametrize("share", [SHARE, Fraction(1, 4), Fraction(1, 100)])
def test_the_share_is_right(share: Fraction) -> None:
    assert share_is_right(is_drawn, share)


def test_a_draw_that_takes_too_many_or_always_the_same_is_found() -> None:
    assert not share_is_right(lambda secret, each, share: is_drawn(secret, each, 2 * share))
    assert not share_is_right(lambda _, each, share: each.int % 256 < 32)  # an eighth


@given(SECRETS, IDS, st.randoms())
def test_order_and_company_make_no_difference(secret: str, ids: list[UUID], source: random.Random) -> None:
    drawn = {each for each in ids if is_drawn(secret, each)}
    mixed = source.sample(ids, len(ids))
    assert {each for each in mixed if is_drawn(secret, each)} == drawn
    some = mixed[: len(mixed) // 2]
    assert {each for each in some if is_drawn(secret, each)} == drawn & set(some)


@given(SECRETS, st.uuids(), st.fractions(0, 1), st.fractions(0, 1))
def test_a_larger_share_draws_what_a_smaller_one_does(secret: str, one: UUID, a: Fraction, b: Fraction) -> None:
    assert is_drawn(secret, one, min(a, b)) <= is_drawn(secret, one, max(a, b))
    assert is_drawn(secret, one, Fraction(1))
    assert not is_drawn(secret, one, Fraction(0))


def test_who_does_not_know_the_secret_cannot_tell_what_is_drawn() -> None:
    # Of the ids that one secret draws, another draws its usual share: knowing the one says nothing about the other.
    drawn = [each for each in many_ids(11) if is_drawn("one secret", each)]
    also = sum(is_drawn("another secret", each) for each in drawn)
    assert abs(also - float(SHARE) * len(drawn)) < 5 * math.sqrt(SHARE * (1 - SHARE) * len(drawn))


def test_neighbouring_ids_are_drawn_apart() -> None:
    # A tablet that counted its ids up could not stay clear of the draw.
    start = many_ids(13, 1)[0].int
    drawn = sum(is_drawn("a secret", UUID(int=start + step)) for step in range(5_000))
    assert abs(drawn - 500) < 5 * math.sqrt(5_000 * 0.09)
