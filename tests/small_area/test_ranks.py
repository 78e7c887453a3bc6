"""Places with their intervals, and what cannot be told apart."""

from collections.abc import Callable
from dataclasses import fields

import numpy as np
import pytest

from analysis.design import Floats
from analysis.small_area import ranks as ranks_module
from analysis.small_area.areas import AreaError
from analysis.small_area.draws import draw
from analysis.small_area.estimate import SmallAreaEstimates, estimate
from analysis.small_area.ranks import AreaRank, Ranks, ranks
from tests.small_area.samples import areas_of, imaginary


@pytest.fixture(scope="module")
def three() -> SmallAreaEstimates:
    return estimate(areas_of([300, 200, 100], [400, 400, 400]), 0.5)


def fixed(rates: list[list[float]]) -> Floats:
    """Draws given by hand, (draws, areas)."""
    return np.array(rates)


def test_an_analyst_reads_places_that_are_sure(three: SmallAreaEstimates) -> None:
    rng = np.random.default_rng(1)
    found = ranks(three, draw(three, 500, rng), rng)
    assert [(each.name, each.lower, each.upper) for each in found.areas] == [("0", 1, 1), ("1", 2, 2), ("2", 3, 3)]
    assert [each.last for each in found.areas] == [0.0, 0.0, 1.0]
    assert [each.tied for each in found.areas] == [(1, 1), (2, 2), (3, 3)]
    assert [(band.first, band.last, band.names) for band in found.bands] == [
        (1, 1, ("0",)),
        (2, 2, ("1",)),
        (3, 3, ("2",)),
    ]


def test_the_expected_place_is_one_and_the_chances_that_others_are_higher(three: SmallAreaEstimates) -> None:
    """The identity of Laird & Louis (1989)."""
    drawn = np.random.default_rng(2).random((400, 3))
    found = {each.name: each.expected for each in ranks(three, drawn, np.random.default_rng(3)).areas}
    for i in range(3):
        higher = sum((drawn[:, j] > drawn[:, i]).mean() for j in range(3) if j != i)
        assert found[str(i)] == pytest.approx(1 + higher)


def test_places_add_up_and_the_last_k_are_k(three: SmallAreaEstimates) -> None:
    drawn = np.round(np.random.default_rng(4).random((300, 3)), 1)  # with many ties
    found = ranks(three, drawn, np.random.default_rng(5), k=2)
    assert sum(each.expected for each in found.areas) == pytest.approx(6)
    assert sum(each.last for each in found.areas) == pytest.approx(2)


def test_areas_that_are_alike_share_all_places_by_lot(three: SmallAreaEstimates) -> None:
    found = ranks(three, np.full((3000, 3), 0.5), np.random.default_rng(6))
    assert [each.expected for each in found.areas] == pytest.approx([2, 2, 2], abs=0.06)
    assert {(each.lower, each.upper, each.tied) for each in found.areas} == {(1, 3, (1, 3))}
    assert [(band.first, band.last) for band in found.bands] == [(1, 3)]


def test_a_band_ends_where_two_of_its_areas_are_told_apart(three: SmallAreaEstimates) -> None:
    # 0 over 1 in 8 of 10 draws, 1 over 2 in 8 of 10, 0 over 2 in all: neighbours are tied, the ends are not.
    drawn = fixed([[0.9, 0.5, 0.3]] * 6 + [[0.5, 0.9, 0.3]] * 2 + [[0.9, 0.3, 0.5]] * 2)
    found = ranks(three, drawn, np.random.default_rng(7), sure=0.9)
    assert [(band.first, band.last) for band in found.bands] == [(1, 1), (2, 3)]
    # The cut falls between two that are not told apart, and each area's own range says so.
    assert [each.tied for each in found.areas] == [(1, 2), (1, 3), (2, 3)]
    strict = ranks(three, drawn, np.random.default_rng(7), sure=0.75)
    assert [(band.first, band.last) for band in strict.bands] == [(1, 1), (2, 2), (3, 3)]


def imaginary_ranks(seed: int) -> tuple[Ranks, Floats]:
    rng = np.random.default_rng(seed)
    areas, truth = imaginary(rng, 100, 8, asked=(5, 25))
    found = estimate(areas, 0.5, points=64)
    place = np.argsort(np.argsort(-truth)) + 1
    by_name = dict(zip(areas.names, place.tolist(), strict=True))
    given = ranks(found, draw(found, 1000, rng), rng)
    return given, np.array([by_name[each.name] for each in given.areas])


def test_intervals_of_places_hold_the_true_places() -> None:
    held, told = [], []
    for seed in (41, 42, 43, 44):
        found, truth = imaginary_ranks(seed)
        held += [each.lower <= place <= each.upper for each, place in zip(found.areas, truth.tolist(), strict=True)]
        told.append(np.array([each.last for each in found.areas])[truth > 90].sum())
    # 400 places of 4 cities; places of a city depend on each other, so the bound is wider than the binomial's 2 points.
    assert 0.92 <= np.mean(held) <= 0.995
    # The ten last have a good part of the ten chances in each city, and not all of them.
    assert 2.5 < np.mean(told) < 9


def test_most_places_of_100_neighbourhoods_are_not_known() -> None:
    found, _ = imaginary_ranks(45)
    assert np.median([each.upper - each.lower for each in found.areas]) > 30
    assert len(found.bands) < 12
    assert sum(band.last - band.first + 1 for band in found.bands) == 100


def test_plugging_in_each_areas_mean_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Places of the posterior means, as if they were known, do not hold the true ones."""
    right = ranks_module.places

    def plugged(drawn: Floats, rng: np.random.Generator) -> object:
        return right(np.tile(drawn.mean(axis=0), (len(drawn), 1)), rng)

    monkeypatch.setattr(ranks_module, "places", plugged)
    found, truth = imaginary_ranks(41)
    held = [each.lower <= place <= each.upper for each, place in zip(found.areas, truth.tolist(), strict=True)]
    assert np.mean(held) < 0.5


def test_no_place_comes_without_its_interval() -> None:
    assert {"expected", "lower", "upper"} <= {each.name for each in fields(AreaRank)}
    public = {name for name, value in vars(ranks_module).items() if callable(value) and not name.startswith("_")}
    made_here = {name for name in public if getattr(ranks_module, name).__module__ == ranks_module.__name__}
    # `places` gives whole draws of places, from which no single one can be taken for the place.
    assert made_here == {"AreaRank", "TieBand", "Ranks", "ranks", "places"}


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda each, rng: ranks(each, np.zeros((5, 2)), rng), "draws of 2 areas and estimates of 3"),
        (lambda each, rng: ranks(each, np.zeros((0, 3)), rng), "There are no draws"),
        (lambda each, rng: ranks(each, np.zeros((5, 3)), rng, k=4), "k: 4 of 3 areas"),
        (lambda each, rng: ranks(each, np.zeros((5, 3)), rng, sure=95), "sure: 95 is not between"),
        (lambda each, rng: ranks(each, np.zeros((5, 3)), rng, level=0.1), "level: 0.1 is not between"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    ask: Callable[[SmallAreaEstimates, np.random.Generator], object], said: str, three: SmallAreaEstimates
) -> None:
    with pytest.raises(AreaError, match=said):
        ask(three, np.random.default_rng(1))
