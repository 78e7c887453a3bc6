"""Estimates, held by identities that any correct one must satisfy."""

from collections.abc import Callable
from dataclasses import astuple
from math import inf, isnan, sqrt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.association import association
from analysis.design import Design, Floats, declare
from analysis.design_effect import kish_deff
from analysis.estimate import (
    MOSTLY,
    Estimate,
    difference,
    evidence,
    factor_mean,
    mean,
    partition,
    proportion,
    ratio,
    total,
)
from analysis.intervals import Method, effective_n, t_quantile, wilson_ends
from analysis.measure import measure
from analysis.notes import NOTES
from analysis.planned_effect import PLANNING
from analysis.replicates import Replicates
from tests.analysis.samples import clustered


def of(sample: pd.DataFrame, weights: str | None = "w") -> Design:
    return declare(sample, ids=["point"], strata="district", weights=weights, nest=True)


def close(one: Estimate, other: Estimate) -> None:
    for field in ("value", "se", "df", "lower", "upper"):
        assert getattr(one, field) == pytest.approx(getattr(other, field), rel=1e-10, nan_ok=True), field


def test_the_mean_of_a_simple_random_sample_is_the_textbook_one() -> None:
    y = np.array([3.0, 5.0, 6.0, 10.0])
    found = mean(declare(pd.DataFrame({"y": y})), y)
    assert found.value == 6.0
    assert found.se == pytest.approx(y.std(ddof=1) / sqrt(4))
    assert (found.df, found.n) == (3, 4)
    assert found.deff == pytest.approx(1.0)


def test_a_domain_mean_is_the_ratio_of_two_totals() -> None:
    sample = clustered()
    women = (sample["sex"] == "F").to_numpy()
    by_domain = mean(of(sample), sample["score"], women)
    by_ratio = ratio(of(sample), sample["score"] * women, women.astype(float))
    assert by_domain.value == pytest.approx(by_ratio.value, rel=1e-12)
    assert by_domain.se == pytest.approx(by_ratio.se, rel=1e-12)


def test_a_missing_answer_is_a_domain_and_not_a_dropped_row() -> None:
    sample = clustered()
    answered = sample["aware"].notna().to_numpy()
    close(mean(of(sample), sample["aware"]), mean(of(sample), sample["aware"].fillna(0), answered))
    # In a sample without the rows, a point where nobody answered would not be known to have been visited.
    sample.loc[sample["point"] == "P0", "aware"] = np.nan
    kept = sample[sample["aware"].notna()].reset_index(drop=True)
    assert mean(of(sample), sample["aware"]).se != pytest.approx(mean(of(kept), kept["aware"]).se, rel=1e-3)


def relabelled(sample: pd.DataFrame) -> pd.DataFrame:
    return sample.assign(district=sample["district"].map({"D0": "z", "D1": "3", "D2": "q", "D3": "a"}))


def shuffled(sample: pd.DataFrame) -> pd.DataFrame:
    return sample.sample(frac=1, random_state=3).reset_index(drop=True)


def doubled_with_half_weights(sample: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([sample, sample], ignore_index=True).assign(w=lambda rows: rows["w"] / 2)


@pytest.mark.parametrize("change", [relabelled, shuffled, doubled_with_half_weights])
def test_what_does_not_matter_changes_nothing(change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    sample = clustered()
    other = change(sample)
    close(mean(of(sample), sample["score"]), mean(of(other), other["score"]))
    close(total(of(sample), sample["score"]), total(of(other), other["score"]))


@settings(max_examples=25, deadline=None)
@given(scale=st.floats(0.01, 1000), shift=st.floats(-100, 100), seed=st.integers(0, 1000))
def test_a_mean_moves_with_its_variable_and_not_with_the_size_of_the_weights(
    scale: float, shift: float, seed: int
) -> None:
    sample = clustered(seed)
    one = mean(of(sample), sample["score"])
    other = mean(of(sample.assign(w=sample["w"] * scale)), sample["score"] * scale + shift)
    assert other.value == pytest.approx(one.value * scale + shift, rel=1e-9, abs=1e-9)
    assert other.se == pytest.approx(one.se * scale, rel=1e-7)


def test_a_total_with_a_census_has_no_variance() -> None:
    sample = clustered().assign(N=5)
    design = declare(sample, ids=["point"], strata="district", fpc=["N"], nest=True)
    assert total(design, sample["score"]).se == 0


def test_with_very_large_populations_the_correction_vanishes() -> None:
    sample = clustered().assign(N=10**9)
    finite = declare(sample, ids=["point"], strata="district", weights="w", fpc=["N"], nest=True)
    assert mean(finite, sample["score"]).se == pytest.approx(mean(of(sample), sample["score"]).se, rel=1e-6)


def test_a_share_is_a_mean() -> None:
    sample = clustered()
    share, plain = proportion(of(sample), sample["aware"]), mean(of(sample), sample["aware"])
    assert (share.value, share.se, share.df) == pytest.approx((plain.value, plain.se, plain.df))
    assert 0 <= share.lower < share.value < share.upper <= 1


def test_a_share_of_something_else_than_0_and_1_is_refused() -> None:
    sample = clustered()
    with pytest.raises(ValueError, match="Recode"):
        proportion(of(sample), sample["score"])


def test_a_constant_answer_still_has_an_interval_and_says_why() -> None:
    sample = clustered().assign(aware=1.0)
    found = proportion(of(sample), sample["aware"])
    assert (found.value, found.variance, found.upper) == (1.0, 0.0, 1.0)
    plan = evidence(of(sample), measure(of(sample), sample["aware"])).planned
    assert plan is not None
    assert found.n_effective == pytest.approx(len(sample) / plan.deff)
    assert found.lower < 1
    assert (found.notes, found.planned) == (("all_answers_agree", "deff_planned"), 1.0)


def test_the_default_interval_says_what_it_rests_on() -> None:
    sample = clustered()
    found = proportion(of(sample), sample["aware"])
    assert 0 < found.planned < 1
    assert found.interval_df != found.df
    t = t_quantile(0.975, found.interval_df)
    assert (found.lower, found.upper) == pytest.approx(wilson_ends(found.value, found.n_effective, t))
    assert ("deff_planned" in found.notes) == (found.planned >= MOSTLY)
    other = proportion(of(sample), sample["aware"], method=Method.KORN_GRAUBARD)
    assert (other.planned, other.interval_df) == (0, other.df)
    assert "deff_planned" not in other.notes


def test_points_that_do_not_differ_are_not_taken_for_proof_that_they_never_do() -> None:
    points = pd.DataFrame({"point": np.repeat(np.arange(12), 10), "y": np.tile([1.0, 0.0], 60)})
    found = proportion(declare(points, ids=["point"]), points["y"])
    assert found.variance == 0
    assert "zero_variance" in found.notes
    assert found.n_effective == pytest.approx(120 / max(1, found.planned * (1 + 9 * PLANNING.icc)))


def test_a_ratio_that_cannot_be_said_says_why() -> None:
    sample = clustered()
    nothing = ratio(of(sample), sample["score"], np.zeros(len(sample)))
    assert nothing.notes == ("zero_denominator",)
    assert isnan(nothing.lower)
    assert ratio(of(sample), sample["score"], np.full(len(sample), np.nan)).notes == ("no_answers",)
    point = ((sample["district"] == "D0") & (sample["point"] == "P0")).to_numpy()
    assert ratio(of(sample), sample["score"], np.ones(len(sample)), point).notes == ("no_degrees_of_freedom",)
    assert ratio(of(sample), sample["score"], np.ones(len(sample))).notes == ()


def test_one_interview_has_a_share_and_no_interval() -> None:
    for y in (np.array([1.0]), np.array([0.0])):
        found = proportion(declare(pd.DataFrame({"y": y}), lonely="adjust"), y)
        assert (found.value, found.n, found.df, found.basis) == (y[0], 1, 0, "none")
        assert isnan(found.lower)
        assert isnan(found.upper)
        assert found.notes == ("no_degrees_of_freedom", "all_answers_agree")


def test_replicate_weights_know_no_points_so_that_the_design_effect_is_their_own() -> None:
    sample = clustered()
    rng = np.random.default_rng(2)
    weights = rng.exponential(size=(len(sample), 30)) * sample["w"].to_numpy()[:, None]
    design = of(sample).with_replicates(Replicates(weights, 1 / 30, np.ones(30)))
    known = evidence(design, measure(design, sample["aware"]))
    assert known.planned is None
    found = proportion(design, sample["aware"])
    assert found.planned == 0
    assert found.n_effective == pytest.approx(effective_n(known.p, known.v, known.n))


def test_a_domain_within_one_point_has_no_interval_and_says_why() -> None:
    sample = clustered()
    inside = ((sample["district"] == "D1") & (sample["point"] == "P2")).to_numpy()
    found = proportion(of(sample), sample["aware"], inside)
    assert isnan(found.lower)
    assert found.basis == "none"
    assert "no_degrees_of_freedom" in found.notes


def test_an_empty_domain_is_an_estimate_of_nothing() -> None:
    sample = clustered()
    found = proportion(of(sample), sample["aware"], np.zeros(len(sample), dtype=bool))
    assert (found.n, found.basis, found.notes) == (0, "none", ("no_answers",))
    assert isnan(found.value)
    assert isnan(mean(of(sample), sample["aware"], np.zeros(len(sample), dtype=bool)).value)


def test_rows_of_weight_zero_do_not_count() -> None:
    sample = clustered()
    sample.loc[sample["point"] == "P1", "w"] = 0.0
    found = mean(of(sample), sample["score"])
    assert found.n == int((sample["w"] > 0).sum())
    assert found.df == 4 * 4 - 4
    variable = measure(of(sample), sample["score"])
    assert variable.rows.sum() == len(sample)
    together = partition(of(sample), variable, np.zeros(len(sample), dtype=np.intp), 1)[0]
    assert (together.df, together.v) == pytest.approx((found.df, found.variance))


def test_shares_of_a_factor_add_up_and_have_no_variance_together() -> None:
    sample = clustered()
    shares = factor_mean(of(sample), sample["age_band"])
    assert shares.levels == ("18-34", "35-59", "60+")
    assert shares.value.sum() == pytest.approx(1)
    assert shares.covariance.sum() == pytest.approx(0, abs=1e-15)
    young = proportion(of(sample), (sample["age_band"] == "18-34").astype(float))
    assert shares.covariance[0, 0] == pytest.approx(young.variance)


def test_a_difference_of_domains_counts_the_points_they_share() -> None:
    sample = clustered()
    women, men = ((sample["sex"] == sex).to_numpy() for sex in "FM")
    found = difference(of(sample), sample["score"], women, men)
    assert found.value == pytest.approx(found.b - found.a)
    assert found.variance == pytest.approx(found.se_a**2 + found.se_b**2 - 2 * found.covariance)
    assert found.covariance != 0
    assert found.lower < found.value < found.upper


def test_a_difference_of_a_domain_with_itself_is_exactly_nothing() -> None:
    sample = clustered()
    women = (sample["sex"] == "F").to_numpy()
    found = difference(of(sample), sample["score"], women, women)
    assert found.value == 0.0
    assert found.se == pytest.approx(0.0, abs=1e-9)


def test_without_a_design_the_test_of_association_is_pearsons() -> None:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"a": rng.choice(["x", "y"], 200), "b": rng.choice(["1", "2", "3"], 200)})
    table = pd.crosstab(frame["a"], frame["b"]).to_numpy(float)
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / 200
    found = association(declare(frame), frame["a"], frame["b"])
    assert found.pearson == pytest.approx(float(((table - expected) ** 2 / expected).sum()))
    assert found.pearson_df == 2
    assert 0 < found.f_p_value < 1


def test_a_test_of_association_needs_two_levels_of_each() -> None:
    sample = clustered().assign(one="x")
    with pytest.raises(ValueError, match="two levels"):
        association(of(sample), sample["sex"], sample["one"])


@pytest.mark.parametrize("lonely", ["adjust", "average"])
@pytest.mark.parametrize("with_lonely_stratum", [False, True])
def test_a_partition_is_its_domains_one_by_one(lonely: str, with_lonely_stratum: bool) -> None:
    sample = clustered()
    if with_lonely_stratum:
        sample = sample[(sample["district"] != "D2") | (sample["point"] == "P0")].reset_index(drop=True)
    design = declare(
        sample, ids=["point"], strata="district", weights="w", nest=True, lonely=lonely, lonely_domains=True
    )
    codes, domains = pd.factorize(sample["sex"] + sample["age_band"])
    codes[::7] = -1
    variable = measure(design, sample["aware"])
    together = partition(design, variable, np.asarray(codes, dtype=np.intp), len(domains))
    for d, found in enumerate(together):
        alone = evidence(design, variable.within(codes == d))
        assert (found.p, found.v, found.n, found.df) == pytest.approx((alone.p, alone.v, alone.n, alone.df), rel=1e-10)
        assert found.planned is not None
        assert alone.planned is not None
        assert astuple(found.planned) == pytest.approx(astuple(alone.planned), rel=1e-10)


def test_kish_measures_the_unevenness_of_weights() -> None:
    sample = clustered()
    assert kish_deff(measure(of(sample, None), sample["score"])) == pytest.approx(1)
    w = sample["w"].to_numpy()
    assert kish_deff(measure(of(sample), sample["score"])) == pytest.approx(len(w) * (w**2).sum() / w.sum() ** 2)


def test_every_note_that_is_given_has_a_meaning() -> None:
    sample = clustered()
    nobody = np.zeros(len(sample), dtype=bool)
    one_point = ((sample["district"] == "D1") & (sample["point"] == "P2")).to_numpy()
    for domain in (nobody, one_point, None):
        for method in Method:
            assert set(proportion(of(sample), sample["aware"], domain, method).notes) <= set(NOTES)


def coverage(method: Method, p: float, df_used: Callable[[float], float] = lambda df: df) -> float:
    """How often the interval holds the truth: 400 samples of 24 points of 10, correlation within points about 0.05."""
    rng = np.random.default_rng(11)
    hits = 0
    for _ in range(400):
        inside = rng.beta(p * 19, (1 - p) * 19, 24)
        y: Floats = (rng.random((24, 10)) < inside[:, None]).astype(float).ravel()
        frame = pd.DataFrame({"district": np.arange(240) // 60, "point": np.arange(240) // 10})
        found = proportion(declare(frame, ids=["point"], strata="district"), y, method=method)
        hits += found.lower <= p <= found.upper
    return hits / 400


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
def test_the_default_interval_holds_the_truth_as_often_as_it_says(p: float) -> None:
    assert coverage(Method.WILSON, p) >= 0.93


def test_an_interval_that_ignores_the_points_misses_too_often() -> None:
    """The check above can fail: with every row its own unit the interval is too short."""
    rng = np.random.default_rng(11)
    hits = 0
    for _ in range(400):
        inside = rng.beta(0.2 * 4, 0.8 * 4, 24)
        y = (rng.random((24, 10)) < inside[:, None]).astype(float).ravel()
        found = proportion(declare(pd.DataFrame({"y": y})), y)
        hits += found.lower <= 0.2 <= found.upper
    assert hits / 400 < 0.85


def test_infinite_degrees_of_freedom_mean_the_normal_quantile() -> None:
    assert t_quantile(0.975, inf) == pytest.approx(1.959963984540054)
