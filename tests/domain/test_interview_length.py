"""Lengths of interviews, and when a volunteer's stand apart: not for few, nor for small differences, nor by luck."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.domain.interview_length import APART, FEWEST, Apart, lengths_of, stands_apart

MS = st.integers(1, 3_600_000)


def interviews(seed: int, count: int, median: float = 150_000, spread: float = 0.35) -> list[int]:
    """Lengths as people have them: most near the median, a few long."""
    source = random.Random(seed)
    return [round(median * source.lognormvariate(0, spread)) for _ in range(count)]


def beside(own: list[int], others: list[int]) -> Apart | None:
    """Whether somebody stands apart from these others."""
    return stands_apart(own, sorted([*own, *others]))


@given(st.lists(MS, min_size=1, max_size=80))
def test_the_distribution_is_numpy_s(elapsed: list[int]) -> None:
    lengths = lengths_of(elapsed)
    assert lengths is not None
    assert (lengths.n, lengths.shortest) == (len(elapsed), min(elapsed))
    assert lengths.median == pytest.approx(np.median(elapsed))
    if len(elapsed) < FEWEST:
        assert lengths.tenth is lengths.ninetieth is None
    else:
        assert (lengths.tenth, lengths.ninetieth) == pytest.approx(tuple(np.quantile(elapsed, [0.1, 0.9])))


def test_without_interviews_there_is_no_length() -> None:
    assert lengths_of([]) is None


def test_somebody_who_is_far_quicker_than_the_others_beside() -> None:
    others = interviews(1, 90)
    found = beside(interviews(2, 20, median=60_000), others)
    assert found is not None
    assert found.shorter
    assert (found.n, found.others) == (20, np.median(others))
    assert found.count >= 18
    slow = beside(interviews(3, 20, median=400_000), others)
    assert slow is not None
    assert not slow.shorter


def test_few_interviews_say_nothing_however_short() -> None:
    assert beside([1_000] * (FEWEST - 1), interviews(1, 90)) is None
    assert beside(interviews(2, 20, median=60_000), interviews(1, FEWEST - 1)) is None


def test_a_difference_that_is_sure_but_small_is_not_set_off() -> None:
    assert beside(interviews(4, 2_000, median=135_000), interviews(5, 2_000)) is None


def test_equal_lengths_stand_nowhere() -> None:
    assert beside([100_000] * 50, [100_000] * 50) is None


def test_a_volunteer_like_all_the_others_is_hardly_ever_set_off() -> None:
    others = interviews(6, 400)
    found = [beside(interviews(seed, 15), others) for seed in range(100, 1_100)]
    assert sum(each is not None for each in found) <= 5  # 1,000 draws; APART promises about one
    assert APART == 0.001


@given(st.lists(MS, min_size=10, max_size=40), st.lists(MS, min_size=10, max_size=40))
def test_what_is_said_can_be_counted(own: list[int], others: list[int]) -> None:
    found = beside(own, others)
    if found is not None:
        side = [each < found.others if found.shorter else each > found.others for each in own]
        assert (sum(side), len(own)) == (found.count, found.n)
        assert 2 * found.count > found.n
