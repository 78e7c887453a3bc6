"""How samples are shared out: exactly, by the stated rule, and always alike."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.domain.allocation import LARGEST_SAMPLE, Allocation, allocate
from survey.domain.problems import Invalid

SIZES = st.dictionaries(st.integers(0, 99), st.integers(0, 10**7), min_size=1, max_size=30)
BY_SIZE = [Allocation.PROPORTIONAL, Allocation.POWER]


def refusal(*args: object, **more: object) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        allocate(*args, **more)  # type: ignore[arg-type]
    assert all("{" not in problem.message() for problem in refused.value.problems)
    return [(problem.field, problem.code) for problem in refused.value.problems]


@given(st.integers(0, 10**5), SIZES, st.sampled_from([Allocation.EQUAL, *BY_SIZE]))
def test_parts_are_whole_never_negative_and_add_up_to_n(n: int, sizes: dict[int, int], rule: Allocation) -> None:
    if rule is not Allocation.EQUAL and not any(sizes.values()):
        sizes[0] = 1
    parts = allocate(n, sizes, rule)
    assert list(parts) == list(sizes)
    assert sum(parts.values()) == n
    assert all(type(part) is int and part >= 0 for part in parts.values())


@given(st.integers(0, 10**5), SIZES)
def test_no_part_is_an_interview_or_more_away_from_its_exact_share(n: int, sizes: dict[int, int]) -> None:
    sizes[0] = 1
    for key, part in allocate(n, sizes, Allocation.PROPORTIONAL).items():
        assert abs(part - Fraction(n * sizes[key], sum(sizes.values()))) < 1


@given(st.integers(0, 10**4), SIZES, st.sampled_from([Allocation.EQUAL, *BY_SIZE]))
def test_a_larger_size_never_gets_less(n: int, sizes: dict[int, int], rule: Allocation) -> None:
    sizes[0] = 1
    parts = allocate(n, sizes, rule)
    by_size = sorted(sizes, key=lambda key: sizes[key])
    got = [parts[key] for key in by_size]
    assert all(
        got[i] <= got[j] for i in range(len(got)) for j in range(i, len(got)) if sizes[by_size[i]] < sizes[by_size[j]]
    )


@given(st.integers(0, 10**4), st.sets(st.integers(1, 10**7), min_size=1, max_size=30), st.data())
def test_the_order_of_unequal_sizes_does_not_matter(n: int, sizes: set[int], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(sorted(sizes)))
    parts = allocate(n, {size: size for size in shuffled}, Allocation.PROPORTIONAL)
    assert parts == allocate(n, {size: size for size in sorted(sizes)}, Allocation.PROPORTIONAL)


def test_known_allocations() -> None:
    sizes = {"large": 900, "middle": 90, "small": 10, "nobody": 0}
    assert allocate(100, sizes, Allocation.EQUAL) == {"large": 25, "middle": 25, "small": 25, "nobody": 25}
    assert allocate(100, sizes, Allocation.PROPORTIONAL) == {"large": 90, "middle": 9, "small": 1, "nobody": 0}
    # square roots: 30, 9.487, 3.162
    assert allocate(100, sizes, Allocation.POWER) == {"large": 70, "middle": 22, "small": 8, "nobody": 0}


def test_ties_go_to_the_key_that_comes_first() -> None:
    assert allocate(5, dict.fromkeys("abc", 7), Allocation.PROPORTIONAL) == {"a": 2, "b": 2, "c": 1}
    assert allocate(2, dict.fromkeys("cba", 7), Allocation.EQUAL) == {"c": 1, "b": 1, "a": 0}


def test_equal_remainders_go_to_the_larger_size() -> None:
    assert allocate(2, {"small": 1, "large": 3}, Allocation.PROPORTIONAL) == {"small": 0, "large": 2}


def test_fewer_interviews_than_cells_leave_cells_empty() -> None:
    assert sum(allocate(3, dict.fromkeys(range(10), 5), Allocation.PROPORTIONAL).values()) == 3


def test_the_power_rule_runs_from_equal_to_proportional() -> None:
    sizes = {"a": 700, "b": 200, "c": 100}
    assert allocate(90, sizes, Allocation.POWER, power=Fraction(0)) == allocate(90, sizes, Allocation.EQUAL)
    assert allocate(90, sizes, Allocation.POWER, power=Fraction(1)) == allocate(90, sizes, Allocation.PROPORTIONAL)


def test_sizes_may_be_fractions() -> None:
    assert allocate(10, {"a": Fraction(2, 5), "b": Fraction(3, 5)}, Allocation.PROPORTIONAL) == {"a": 4, "b": 6}


@pytest.mark.parametrize("n", ["１２", "1_000", "12", True, -1, 1.0, None, LARGEST_SAMPLE + 1, float("nan")])
def test_an_n_that_is_not_a_whole_number_is_refused(n: object) -> None:
    assert refusal(n, {"a": 1}, Allocation.EQUAL) == [("n", "allocation_n")]


@pytest.mark.parametrize("size", ["１２", "1_000", True, -1, 1.5, None])
def test_a_size_that_is_not_a_number_of_people_is_refused(size: object) -> None:
    assert refusal(10, {"a": 1, "b": size}, Allocation.EQUAL) == [("sizes", "allocation_size")]


def test_nothing_to_share_out_over_is_refused() -> None:
    assert refusal(10, {}, Allocation.EQUAL) == [("sizes", "allocation_nothing")]
    assert refusal(10, {"a": 0}, Allocation.PROPORTIONAL) == [("sizes", "allocation_no_size")]
    assert allocate(0, {"a": 0}, Allocation.PROPORTIONAL) == {"a": 0}


@pytest.mark.parametrize("power", [Fraction(-1, 2), Fraction(3, 2)])
def test_a_power_outside_0_to_1_is_refused(power: Fraction) -> None:
    assert refusal(10, {"a": 1}, Allocation.POWER, power=power) == [("power", "allocation_power")]


def test_fixed_numbers_are_taken_as_they_are() -> None:
    assert allocate(10, {"a": 0, "b": 5}, Allocation.FIXED, fixed={"b": 3, "a": 7}) == {"a": 7, "b": 3}


@pytest.mark.parametrize(
    ("fixed", "code"),
    [
        ({"a": 10}, "allocation_fixed_missing"),
        ({"a": 5, "b": 5, "c": 0}, "allocation_fixed_unknown"),
        ({"a": 5, "b": 6}, "allocation_fixed_sum"),
        ({"a": "１２", "b": 5}, "allocation_fixed_value"),
        ({"a": True, "b": 9}, "allocation_fixed_value"),
        ({"a": -1, "b": 11}, "allocation_fixed_value"),
    ],
)
def test_fixed_numbers_that_do_not_fit_are_refused(fixed: dict[str, object], code: str) -> None:
    assert refusal(10, {"a": 1, "b": 1}, Allocation.FIXED, fixed=fixed) == [("fixed", code)]
