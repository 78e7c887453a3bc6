"""The gap between open answers and a reference sample: R's numbers, identities, and what cannot be tested."""

from math import isnan
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr, ndtri

import analysis.gap_tests
from analysis.association import association
from analysis.calibration import margin, poststratify
from analysis.columns import ColumnsError, Indicator
from analysis.demonstration_city import demonstration_city
from analysis.design import Floats, declare
from analysis.estimate import difference, proportion
from analysis.gap_tests import holm, joint_test, spread
from analysis.mode_gap import GAP_NOTES, GapRules, ModeGap, mode_gap
from analysis.simulate import draw_truth
from analysis.simulated_fieldwork import (
    ENGAGEMENT,
    SelfSelection,
    collection_points,
    intercept_sample,
    open_qr_sample,
    quota_targets,
)
from analysis.wave_tally import wave_tally
from tests.analysis.mode_cases import AWARE, people, two_modes


def gap_of(rows: pd.DataFrame, population: pd.DataFrame | None = None, **rules: Any) -> ModeGap:
    known = people() if population is None else population
    return mode_gap(wave_tally(rows, [AWARE]), known, "aware", "intercept", rules=GapRules(**rules))


def complete(**kind: bool) -> pd.DataFrame:
    """The rows of the small wave without a missing answer."""
    rows = two_modes(**kind)
    return rows[rows["aware"].notna()].reset_index(drop=True)


# R survey 4.1-1 on `two_modes()`: svydesign(ids = ~point, strata = ~mode:district, nest = TRUE), the answered as a
# domain, m = svyglm(aware ~ cell * open): the gap and its standard error in each cell, Wald's statistic of all eight
# (regTermTest, F · k) and of the seven interactions, and svycontrast with the population's shares.
R_GAPS = {
    "D0 × F × 18-44": (-0.0986622073578594, 0.0832039563153551),
    "D0 × F × 45+": (0.0966183574879229, 0.1510642702764302),
    "D0 × M × 18-44": (0.1837037037037027, 0.1664711365844903),
    "D0 × M × 45+": (-0.0367892976588631, 0.1688552230277892),
    "D1 × F × 18-44": (0.0973084886128359, 0.1880589635800112),
    "D1 × F × 45+": (0.0629370629370628, 0.1169780310477194),
    "D1 × M × 18-44": (-0.0017241379310347, 0.1587207177247532),
    "D1 × M × 45+": (0.0731225296442685, 0.1170601185833766),
}
R_WALD, R_WALD_EQUAL, R_AVERAGE, R_DF = (
    3.79087146904597,
    7 * 0.51900495703567,
    (0.0492583937810131, 0.0537912249217101),
    20,
)


def unlike_r() -> list[str]:
    """What differs from R's numbers."""
    found = gap_of(two_modes())
    pairs = {"average": (found.average.value, R_AVERAGE[0]), "average se": (found.average.se, R_AVERAGE[1])}
    for gap in found.strata:
        pairs |= {gap.label: (gap.value, R_GAPS[gap.label][0]), f"{gap.label} se": (gap.se, R_GAPS[gap.label][1])}
    for name, test, wald in (("wald", found.anywhere, R_WALD), ("equal", found.heterogeneity, R_WALD_EQUAL)):
        pairs[name] = test.wald_f * test.rank * R_DF / test.wald_df2, wald
    pairs["df"] = found.average.df, R_DF
    return [name for name, (ours, theirs) in pairs.items() if ours != pytest.approx(theirs, rel=1e-9)]


def test_gaps_standard_errors_and_walds_statistic_are_those_of_r() -> None:
    assert unlike_r() == []


def test_points_that_are_forgotten_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.two_samples.declare", lambda cells, **given: declare(cells, **given | {"ids": None}))
    assert "average se" in unlike_r()


def test_strata_that_mix_the_modes_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "analysis.two_samples.declare", lambda cells, **given: declare(cells, **given | {"strata": "district"})
    )
    assert {"df", "average se"} <= set(unlike_r())


def test_a_statistic_that_ignores_the_covariance_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = analysis.gap_tests._wald
    monkeypatch.setattr(
        analysis.gap_tests, "_wald", lambda gap, covariance, df: right(gap, np.diag(np.diag(covariance)), df)
    )
    assert {"wald", "equal"} <= set(unlike_r())


def test_where_both_modes_answer_alike_every_statistic_is_zero() -> None:
    rows = complete()
    part = rows[rows["mode"] == "intercept"]
    twin = part.assign(mode="open_qr", point="poster " + part["point"])
    found = gap_of(pd.concat([part, twin], ignore_index=True))
    assert {gap.value for gap in found.strata} == {0.0}
    assert (found.average.value, found.anywhere.f, found.anywhere.wald_f, found.spread) == (0, 0, 0, 0)
    assert found.heterogeneity.f == pytest.approx(0, abs=1e-12)
    assert {gap.holm for gap in found.strata} == {1.0}
    assert (found.average.p_value, found.anywhere.p_value) == (1, 1)


def test_the_average_gap_is_the_difference_of_the_post_stratified_shares() -> None:
    rows = complete()
    rows["joint"] = rows["mode"] + rows["district"]
    design = declare(rows, ids=["point"], strata="joint")
    twice = pd.concat([people().assign(mode=mode) for mode in ("intercept", "open_qr")])
    design = poststratify(design, margin(rows, twice))
    is_open = rows["mode"].eq("open_qr").to_numpy()
    expected = difference(design, rows["aware"], ~is_open, is_open)
    average = gap_of(rows).average
    assert (average.reference_share, average.open_share) == pytest.approx((expected.a, expected.b), rel=1e-12)
    for field in ("value", "se", "df", "lower", "upper"):
        assert getattr(average, field) == pytest.approx(getattr(expected, field), rel=1e-9), field


def test_in_districts_where_the_modes_share_their_points_the_gap_keeps_their_covariance() -> None:
    rows = complete(same_points=True)
    design = poststratify(
        declare(rows, ids=["point"], strata="district"),
        margin(rows, pd.concat([people().assign(mode=mode) for mode in ("intercept", "open_qr")])),
    )
    is_open = rows["mode"].eq("open_qr").to_numpy()
    expected = difference(design, rows["aware"], ~is_open, is_open)
    found = gap_of(rows)
    assert found.average.se == pytest.approx(expected.se, rel=1e-9)
    assert expected.covariance != 0
    assert (found.average.df, found.notes[0]) == (10, "same_points")
    # One point more by one mode, and the samples are taken as independent there.
    extra = rows.assign(point=rows["point"].where(rows.index > 0, "P elsewhere"))
    assert gap_of(extra).average.df > 10


def one_stratum(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(district="D0", sex="F", age_band="18-44", street="S0", neighbourhood="N0")


def test_with_one_post_stratum_all_tests_are_the_same() -> None:
    population = people().iloc[:1]
    found = gap_of(one_stratum(complete()), population)
    t = found.average.value / found.average.se
    for f in (found.anywhere.f, found.anywhere.wald_f):
        assert f == pytest.approx(t**2, rel=1e-12)
    for p in (found.strata[0].p_value, found.strata[0].holm, found.anywhere.p_value, found.anywhere.wald_p_value):
        assert p == pytest.approx(found.average.p_value, rel=1e-9)
    assert isnan(found.spread)


def test_with_one_post_stratum_and_a_small_gap_the_test_is_rao_and_scotts_test_of_association() -> None:
    rows = one_stratum(complete())
    design = declare(rows.assign(joint=rows["mode"]), ids=["point"], strata="joint")
    expected = association(design, rows["mode"], rows["aware"])
    found = gap_of(rows, people().iloc[:1]).anywhere
    # Pearson's statistic and the design effects are taken at slightly different shares: equal at first order.
    assert found.f == pytest.approx(expected.f, rel=0.02)
    assert (found.df1, found.df2) == pytest.approx((expected.f_df1, expected.f_df2))


def test_relabelling_districts_and_points_changes_nothing() -> None:
    rows, population = two_modes(), people()
    names = {"D0": "Z", "D1": "A"}
    moved = rows.assign(district=rows["district"].map(names), point=rows["point"].str[::-1]).iloc[::-1]
    again = gap_of(moved, population.assign(district=population["district"].map(names)))
    once = gap_of(rows)
    assert again.average.se == pytest.approx(once.average.se, rel=1e-12)
    assert again.anywhere.p_value == pytest.approx(once.anywhere.p_value, rel=1e-9)
    assert again.spread == pytest.approx(once.spread, rel=1e-9)


def test_thin_post_strata_are_merged_and_named() -> None:
    rows = two_modes()
    thin = rows["mode"].eq("open_qr") & rows["district"].eq("D0") & rows["sex"].eq("F") & rows["age_band"].eq("45+")
    found = gap_of(rows[~thin | (np.arange(len(rows)) % 5 == 0)])
    assert [(merge.code, merge.age_band, merge.into) for merge in found.merges] == [("age_bands", "45+", "18-44")]
    assert found.strata[0].label == "D0 × F"
    assert found.strata[0].people == people()["population"][:2].sum()
    assert (found.covered, len(found.strata), found.anywhere.rank) == (1, 7, 7)


def test_what_stays_too_thin_is_not_tested_and_says_so() -> None:
    rows = two_modes()
    gone = rows["mode"].eq("open_qr") & rows["district"].eq("D0") & (np.arange(len(rows)) % 20 != 0)
    found = gap_of(rows[~gone])
    untested = [gap for gap in found.strata if gap.notes == ("too_few_answers",)]
    assert [gap.label for gap in untested] == ["D0"]
    assert all(isnan(number) for gap in untested for number in (gap.value, gap.se, gap.p_value, gap.holm))
    assert untested[0].n_open < 10 <= untested[0].n_reference
    sizes = people().groupby("district")["population"].sum()
    assert found.covered == pytest.approx(sizes["D1"] / sizes.sum())
    assert found.notes[0] == "untested_people"


def test_a_mode_with_a_single_point_in_a_post_stratum_is_not_tested_there() -> None:
    rows = two_modes()
    lone = rows["mode"].eq("open_qr") & rows["district"].eq("D0")
    found = gap_of(rows.assign(point=rows["point"].mask(lone, "the only poster")))
    assert {gap.notes for gap in found.strata if gap.label.startswith("D0")} == {("too_few_points",)}
    assert {gap.notes for gap in found.strata if gap.label.startswith("D1")} == {()}


def test_without_degrees_of_freedom_there_are_gaps_but_no_tests() -> None:
    rows = two_modes()
    found = gap_of(rows.assign(stratum=rows["point"]))
    assert {gap.notes for gap in found.strata} == {("no_degrees_of_freedom",)}
    assert "no_degrees_of_freedom" in found.notes
    assert found.average.notes == ("no_degrees_of_freedom",)
    assert found.average.value == pytest.approx(R_AVERAGE[0])
    p_values = (found.average.p_value, found.anywhere.p_value, found.anywhere.wald_p_value, found.strata[0].p_value)
    assert all(isnan(p) for p in p_values)


def test_without_any_post_stratum_to_test_nothing_is_said() -> None:
    found = gap_of(two_modes(), min_n=1000)
    numbers = (found.average.value, found.average.p_value, found.anywhere.p_value, found.heterogeneity.f, found.spread)
    assert all(isnan(number) for number in numbers)
    assert found.covered == 0


def reference_variance(rows: pd.DataFrame, place: "pd.Series[bool]") -> float:
    """Of the reference's share in a post-stratum, over its own points."""
    part = rows[rows["mode"].eq("intercept")].reset_index(drop=True)
    inside = place[rows["mode"].eq("intercept")].to_numpy()
    return proportion(declare(part, ids=["point"], strata="district"), part["aware"], inside).variance


def test_a_mode_whose_answers_all_agree_is_not_taken_for_certain() -> None:
    rows = two_modes()
    place = rows["district"].eq("D0") & rows["sex"].eq("F") & rows["age_band"].eq("18-44")
    certain = gap_of(rows.assign(aware=rows["aware"].mask(place & rows["mode"].eq("open_qr"), 1.0))).strata[0]
    assert (certain.open_share, certain.notes) == (1.0, ("borrowed_spread",))
    # The reference's variance and that of the common share, at least as for a simple random sample.
    common = (certain.n_open + 12) / (certain.n_open + certain.n_reference)
    own = gap_of(rows).strata[0]
    lent = certain.se**2 - reference_variance(rows, place)
    assert certain.n_reference * certain.reference_share == 12
    assert lent >= common * (1 - common) / certain.n_open
    assert own.notes == ()
    found = gap_of(rows.assign(aware=rows["aware"].mask(place, 1.0)))
    assert found.strata[0].notes == ("all_answers_agree",)
    assert (found.strata[0].value, found.anywhere.rank) == (0.0, 7)
    assert isnan(found.strata[0].p_value)


def test_answers_without_a_known_group_are_in_no_post_stratum() -> None:
    rows = two_modes()
    found = gap_of(rows.assign(sex=rows["sex"].mask(rows.index < 20, None)))
    assert "left_out" in found.notes
    assert sum(gap.n_open + gap.n_reference for gap in found.strata) == rows["aware"][20:].notna().sum()


def test_a_population_without_sex_makes_post_strata_of_the_rest() -> None:
    population = people().groupby(["district", "age_band"])[["population"]].sum().reset_index()
    assert [gap.label for gap in gap_of(two_modes(), population).strata] == [
        "D0 × 18-44", "D0 × 45+", "D1 × 18-44", "D1 × 45+"
    ]  # fmt: skip


def test_what_is_missing_is_named() -> None:
    rows = two_modes()
    with pytest.raises(ColumnsError, match="no indicator happy"):
        mode_gap(wave_tally(rows, [AWARE]), people(), "happy", "intercept")
    with pytest.raises(ColumnsError, match="mode never holds household"):
        mode_gap(wave_tally(rows, [AWARE]), people(), "aware", "household")
    with pytest.raises(ColumnsError, match="mode never holds open_qr"):
        gap_of(rows[rows["mode"] == "intercept"])


def test_every_note_has_a_meaning() -> None:
    found = gap_of(two_modes(same_points=True))
    assert {*found.notes, *(note for gap in found.strata for note in gap.notes)} <= set(GAP_NOTES)


def test_holm_is_rs_p_adjust() -> None:
    # What R gives for the method "holm" of these.
    found = holm(np.array([0.01, 0.04, np.nan, 0.03, 0.005]))
    assert found.tolist() == pytest.approx([0.03, 0.06, np.nan, 0.06, 0.02], nan_ok=True)
    assert holm(np.array([0.6, 0.7])).tolist() == [1.0, 1.0]


def rejections(k: int, df: int, shift: float) -> tuple[float, float]:
    """How often Rao-Scott's and Wald's test reject at 5 % for normal differences with a covariance estimated on df."""
    rng = np.random.default_rng(7)
    true = np.diag(np.linspace(1, 3, k)) + 0.3
    root = np.linalg.cholesky(true)
    rejected: Floats = np.zeros(2)
    for _ in range(1500):
        noise = root @ rng.standard_normal((k, df))
        seen = root @ rng.standard_normal(k) + shift
        test = joint_test(seen, noise @ noise.T / df, np.ones(k), df)
        rejected += [test.p_value < 0.05, test.wald_p_value < 0.05]
    return float(rejected[0] / 1500), float(rejected[1] / 1500)


def test_both_tests_reject_at_their_level_where_there_is_no_gap_and_more_often_where_there_is_one() -> None:
    # 1,500 repeats: a rate of 5 % is met within 1.7 points, three standard errors.
    rao_scott, wald = rejections(6, 24, 0.0)
    assert rao_scott == pytest.approx(0.05, abs=0.017)
    assert wald == pytest.approx(0.05, abs=0.017)
    assert min(rejections(6, 24, 3.0)) > 0.5


def test_walds_test_falls_silent_where_there_are_too_few_degrees_of_freedom() -> None:
    for df in (5, 4):
        test = joint_test(np.ones(6), np.eye(6), np.ones(6), df)
        assert isnan(test.wald_p_value)
        # Rao-Scott's statistic is their mean square here, on 6 and 6 · df degrees of freedom.
        assert (test.f, test.df1, test.df2) == pytest.approx((1, 6, 6 * df))
    assert not isnan(joint_test(np.ones(6), np.eye(6), np.ones(6), 6).wald_p_value)


def test_the_spread_of_gaps_is_what_chance_does_not_explain() -> None:
    weight = np.array([0.5, 0.5])
    # Gaps of ±0.1 around their mean; each deviation has variance 0.002: 0.01 - 0.002.
    assert spread(np.array([0.3, 0.1]), np.diag([0.004, 0.004]), weight) == pytest.approx(np.sqrt(0.008))
    assert spread(np.array([0.3, 0.1]), np.diag([0.04, 0.04]), weight) == 0


@pytest.mark.parametrize("seed", range(4))
def test_in_the_demonstration_city_the_gap_is_what_its_open_answers_are_known_to_be_off_by(seed: int) -> None:
    """The engaged scan posters and are more content: within every cell a rate of Φ(z) is answered as Φ(z + λκ)."""
    rng = np.random.default_rng(seed)
    city = demonstration_city(rng)
    truth = draw_truth(city, rng)
    points = collection_points(city, rng)
    met = intercept_sample(truth, points, quota_targets(truth, 1600), rng)
    rows = pd.concat([met, open_qr_sample(truth, points, 1600, rng)], ignore_index=True)
    rows = rows[rows["disposition"].eq("complete")]
    rows = rows.assign(mode=rows["mode"].astype(str), stratum=rows["point"].map(points["neighbourhood"].str[:6]))
    satisfied = Indicator("satisfaction", 0.85, {"en": "Satisfaction", "zh-Hans": "满意率"})
    gap = mode_gap(wave_tally(rows, [satisfied]), truth.margins, "satisfaction", "intercept").average
    rates = truth.rates[0, truth.indicators.index("satisfaction")]
    lifted = ndtr(ndtri(rates) + ENGAGEMENT * SelfSelection().engagement)
    expected = float((truth.people * (lifted - rates)).sum() / truth.people.sum())
    assert gap.p_value < 0.05
    assert gap.lower < expected < gap.upper
