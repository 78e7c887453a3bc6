"""Whatever the tallies: numbers, in order, without a warning, and more yes never means a lower rate."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.small_area import beta_binomial, fay_herriot, logistic_normal
from analysis.small_area.areas import Areas
from analysis.small_area.change import changes
from analysis.small_area.draws import draw
from analysis.small_area.estimate import estimate
from analysis.small_area.over_time import estimate_waves
from tests.small_area.samples import areas_of

SIZES = st.sampled_from([0, 0, 1, 2, 3, 7, 20, 40, 1000, 1_000_000])


@st.composite
def tallies(draw: st.DrawFn, most: int = 7) -> Areas:
    """Arbitrary areas: empty, of one answer, all yes, all no, a million; whole or effective numbers."""
    count = draw(st.integers(1, most))
    n = [draw(SIZES) for _ in range(count)]
    shares = [draw(st.sampled_from([0.0, 0.0, 1.0, 1.0, 0.5, 0.03, 0.8])) for _ in n]
    whole = draw(st.booleans())
    yes = [round(share * each) if whole else share * each for share, each in zip(shares, n, strict=True)]
    design_effect = 1 if whole else draw(st.sampled_from([1.0, 1.7, 3.1]))
    district = [draw(st.sampled_from(["a", "b", "c"])) for _ in n]
    x = [draw(st.sampled_from([-1.0, 0.0, 0.5, 100.0])) for _ in n] if draw(st.booleans()) else None
    return areas_of([y / design_effect for y in yes], [each / design_effect for each in n], district, x)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(areas=tallies(), target=st.sampled_from([0.01, 0.5, 0.75, 0.99]))
def test_any_tallies_have_an_estimate(areas: Areas, target: float) -> None:
    found = estimate(areas, target)
    for values in (found.mean, found.sd, found.lower, found.upper, found.below):
        assert np.isfinite(values).all()
    # Rounding at a million answers of one kind leaves ends and mean alike.
    assert (found.lower <= found.mean + 1e-9).all()
    assert (found.mean <= found.upper + 1e-9).all()
    assert ((found.lower >= 0) & (found.upper <= 1) & (found.below >= 0) & (found.below <= 1)).all()
    drawn = draw(found, 16, np.random.default_rng(1))
    assert np.isfinite(drawn).all()
    assert ((drawn >= 0) & (drawn <= 1)).all()


@settings(max_examples=15, deadline=None, derandomize=True)
@given(areas=tallies(5), data=st.data())
def test_more_yes_in_an_area_never_lowers_its_rate(areas: Areas, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(areas.names) - 1))
    means = []
    for share in (0.0, 0.3, 0.9, 1.0):
        yes = areas.yes.copy()
        yes[place] = share * areas.n[place]
        found = estimate(Areas(areas.names, areas.district, areas.districts, yes, areas.n, areas.covariates,
                               areas.covariate_names), 0.5)  # fmt: skip
        means.append(float(found.mean[place]))
    steps = np.diff(means)
    # Without interviews nothing changes; otherwise the points that stand for the parameters leave a small error.
    assert (steps >= (-1e-12 if areas.n[place] == 0 else -2e-3)).all()


@settings(max_examples=30, deadline=None, derandomize=True)
@given(areas=tallies())
def test_the_other_models_answer_or_say_why_not(areas: Areas) -> None:
    plain = Areas(areas.names, areas.district, areas.districts, areas.yes, areas.n, areas.covariates[:, :0])
    counted = beta_binomial.fit(plain, 0.5)
    assert np.isfinite(counted.mean).all() or counted.notes
    for scale in (fay_herriot.arcsine, fay_herriot.logit):
        found = scale(plain)
        assert np.isfinite(found.share).all() or found.notes == ("too_few_areas",)
    fitted = logistic_normal.fit(plain, nested=False)
    given_fit = logistic_normal.empirical_bayes(plain, fitted, 0.5)
    assert np.isfinite(given_fit.mean).all() or fitted.notes == ("all_answers_agree",)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(first=tallies(4), data=st.data())
def test_any_two_waves_have_a_change(first: Areas, data: st.DataObject) -> None:
    n = np.array([data.draw(SIZES) for _ in first.names], dtype=float)
    yes = np.round(n * data.draw(st.sampled_from([0.0, 0.4, 1.0])))
    second = Areas(first.names, first.district, first.districts, yes, n, first.covariates, first.covariate_names)
    found = estimate_waves([first, second], 0.5, np.random.default_rng(1), size=50, points=32)
    assert np.isfinite(found.draws).all()
    assert all(each.lower <= each.mean <= each.upper for each in changes(found).areas)


def test_a_thousand_areas_alike_are_answered() -> None:
    found = estimate(areas_of([10] * 1000, [20] * 1000, [str(i % 20) for i in range(1000)]), 0.4, points=64)
    assert found.mean == pytest.approx(np.full(1000, 0.5), abs=0.01)
    assert found.sd.max() < 0.06
