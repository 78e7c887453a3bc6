"""Pseudo-weights for open answers: R's fits, hand calculations, the jackknife, and what the model cannot bridge."""

from math import isnan

import numpy as np
import pandas as pd
import pytest

import analysis.pseudo_weights
from analysis.calibration import PostStratified
from analysis.columns import ColumnsError, Indicator
from analysis.design import Floats
from analysis.intervals import t_quantile, wilson_ends
from analysis.mode_simulation import ACTIVE, ANSWER, REFERENCE, SCENARIOS, draw, town
from analysis.modes import MODES, OPEN_QR, mode
from analysis.notes import NOTES
from analysis.overlap import covariates, overlap
from analysis.propensity import Logistic, Propensity, PropensityError, fit, inverse_chance
from analysis.pseudo_weights import MODEL_NOTES, PseudoRules, PseudoWeighted, Weighted, pseudo_weighted, weigh
from analysis.rates import HEADLINE_MODE, SELF_SELECTED_MODES, wave_rates
from analysis.two_samples import tally_by
from analysis.wave_tally import wave_tally
from survey.domain.wave import Mode as DomainMode
from tests.analysis.mode_cases import AWARE, people, two_modes

MODELS = tuple(Propensity)


def weights_of(rows: pd.DataFrame, model: Propensity, population: pd.DataFrame | None = None, **rules: int) -> Weighted:
    """With the common question `active`."""
    known = people() if population is None else population
    reduced = tally_by(rows, [AWARE], ["active"])
    return weigh(reduced, known, "intercept", asked=["active"], model=model, rules=PseudoRules(**rules))


def share_of(rows: pd.DataFrame, model: Propensity) -> PseudoWeighted:
    return pseudo_weighted(weights_of(rows, model), "aware")


# R 4.2 on `two_modes()`. Reference weights d: the cell's people over its interviews. Elliott & Valliant: glm(open ~
# district + sex + age_band + active, binomial, weights = 1 for the open sample and d). Chen, Li & Wu: the same with
# cbind(open, people - open) by cell, people the sums of d. Then weights exp(-eta) and 1 + exp(-eta), post-stratified.
R_THETA = {
    Propensity.ELLIOTT_VALLIANT: {
        "(Intercept)": -4.782718032812480,
        "district D1": -0.471845670337152,
        "sex M": -0.610071853256467,
        "age_band 45+": -0.160166938033112,
        "active yes": 1.222264807862699,
    },
    Propensity.CHEN_LI_WU: {
        "(Intercept)": -4.770489317737838,
        "district D1": -0.477553889952947,
        "sex M": -0.619842273293193,
        "age_band 45+": -0.161267004677261,
        "active yes": 1.235497110280198,
    },
}
R_SHARE = {Propensity.ELLIOTT_VALLIANT: 0.540265815553313, Propensity.CHEN_LI_WU: 0.540243087012565}
R_RANGE = (0.275388974014776, 3.29889710223447)  # Chen, Li & Wu's weights over their mean
R_N_EFFECTIVE = 134.169722245574  # (sum w)^2 / sum w^2 of the same


def coefficients(weighted: Weighted) -> dict[str, float]:
    """As R has them, whichever level is the first here."""
    theta = dict(zip(weighted.covariates.names, weighted.propensity.theta.tolist(), strict=True))
    first = {"district": "D1", "sex": "M", "age_band": "45+", "active": "yes"}
    turned = {f"{part.name} {first[part.name]}": part for part in weighted.covariates.parts}
    found = {"(Intercept)": theta["(Intercept)"]}
    for name, part in turned.items():
        if name in theta:
            found[name] = theta[name]
        else:
            found[name] = -theta[f"{part.name} {part.levels[1]}"]
            found["(Intercept)"] -= found[name]
    return found


@pytest.mark.parametrize("model", MODELS)
def test_the_propensity_and_the_weighted_share_are_those_of_r(model: Propensity) -> None:
    weighted = weights_of(two_modes(), model)
    found = coefficients(weighted)
    for name, theta in R_THETA[model].items():
        assert found[name] == pytest.approx(theta, rel=1e-8), name
    estimate = pseudo_weighted(weighted, "aware").estimate
    assert estimate.value == pytest.approx(R_SHARE[model], rel=1e-9)
    if model is Propensity.CHEN_LI_WU:
        assert (weighted.overlap.smallest, weighted.overlap.largest) == pytest.approx(R_RANGE, rel=1e-8)
        assert weighted.overlap.n_effective == pytest.approx(R_N_EFFECTIVE, rel=1e-9)


def test_swapped_models_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    other = {Propensity.CHEN_LI_WU: Propensity.ELLIOTT_VALLIANT, Propensity.ELLIOTT_VALLIANT: Propensity.CHEN_LI_WU}
    monkeypatch.setattr(analysis.pseudo_weights, "fit", lambda model, *given: fit(other[model], *given))
    for model in MODELS:
        assert coefficients(weights_of(two_modes(), model)) != pytest.approx(R_THETA[model], rel=1e-4)


def test_weights_that_forget_the_reference_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        analysis.pseudo_weights, "inverse_chance", lambda _model, eta: (np.ones_like(eta), np.zeros_like(eta))
    )
    assert share_of(two_modes(), Propensity.CHEN_LI_WU).estimate.value != pytest.approx(
        R_SHARE[Propensity.CHEN_LI_WU], rel=1e-3
    )


@pytest.mark.parametrize("model", MODELS)
def test_with_every_group_a_parameter_both_models_give_the_open_sample_the_people_of_the_reference(
    model: Propensity,
) -> None:
    # Two groups: 20 and 30 open answers where the reference stands for 1,000 and 500 people: 50 and 16.67 each.
    x = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    is_open = np.array([True, True, False, False])
    found = fit(model, x, ("(Intercept)", "group b"), np.array([20.0, 30.0, 1000.0, 500.0]), is_open)
    inverse, _ = inverse_chance(model, found.eta)
    assert inverse[:2] == pytest.approx([50, 500 / 30], rel=1e-10)


@pytest.mark.parametrize("model", MODELS)
def test_the_slope_of_a_weight_is_the_derivative_of_its_logarithm(model: Propensity) -> None:
    eta, step = np.linspace(-6, 1, 8), 1e-6
    upper, lower = (np.log(inverse_chance(model, eta + side * step)[0]) for side in (1, -1))
    assert inverse_chance(model, eta)[1] == pytest.approx((upper - lower) / (2 * step), rel=1e-6)


def decided_by_the_question() -> pd.DataFrame:
    """Answers that hang on the common question, and a small reference sample: its uncertainty is most of all."""
    rows = two_modes()
    rows["aware"] = np.where(rows.index % 5 == 0, 0.0, rows["active"].eq("yes"))
    return rows[rows["mode"].eq("open_qr") | (rows.index % 3 == 0)].reset_index(drop=True)


def jackknife(rows: pd.DataFrame, model: Propensity) -> float:
    """Everything estimated anew without each point in turn (Wolter 2007, section 4.5)."""
    variance = 0.0
    for _, part in rows.groupby(["mode", "district"]):
        points = part["point"].unique()
        shares = np.array([share_of(rows[rows["point"].ne(u)], model).estimate.value for u in points])
        variance += (len(points) - 1) / len(points) * float(((shares - shares.mean()) ** 2).sum())
    return variance


@pytest.mark.parametrize("model", MODELS)
def test_the_variance_is_that_of_the_jackknife_over_the_points_of_both_samples(model: Propensity) -> None:
    rows = decided_by_the_question()
    assert share_of(rows, model).estimate.variance == pytest.approx(jackknife(rows, model), rel=0.03)


def test_a_variance_that_takes_the_propensity_for_known_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = decided_by_the_question()
    honest = share_of(rows, Propensity.CHEN_LI_WU).estimate.variance

    def known(_self: Weighted, influence: Floats) -> Floats:
        return PostStratified(_self.group, _self.weights).residuals(influence[:, None])[:, 0]

    monkeypatch.setattr(Weighted, "linearised", known)
    assert share_of(rows, Propensity.CHEN_LI_WU).estimate.variance < honest / 10


def test_residuals_without_the_adjustment_for_leverage_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a wave where some points are much of a post-stratum, as in `mode_simulation`."""
    reduced = draw(town(), SCENARIOS[2], np.random.default_rng(3))
    weighted = weigh(reduced, town().population, REFERENCE, asked=[ACTIVE])
    adjusted = pseudo_weighted(weighted, ANSWER).estimate.variance
    monkeypatch.setattr(Weighted, "_leverage", lambda self: np.ones(len(self.weights)))
    plain = pseudo_weighted(weighted, ANSWER).estimate.variance
    cells = reduced.cells
    jackknifed = 0.0
    for _, part in cells.groupby(["mode", "stratum"], observed=True):
        left = [reduced.where(cells["unit"].ne(unit)) for unit in part["unit"].unique()]
        shares = np.array(
            [
                pseudo_weighted(weigh(each, town().population, REFERENCE, asked=[ACTIVE]), ANSWER).estimate.value
                for each in left
            ]
        )
        jackknifed += (len(left) - 1) / len(left) * float(((shares - shares.mean()) ** 2).sum())
    assert adjusted == pytest.approx(jackknifed, rel=0.03)
    assert plain < 0.96 * jackknifed


def test_without_a_common_question_the_result_is_the_ordinary_modelled_rate() -> None:
    rows = two_modes()
    weighted = weigh(wave_tally(rows, [AWARE]), people(), "intercept")
    found = pseudo_weighted(weighted, "aware").estimate
    ordinary = wave_rates(rows, people(), [AWARE]).get("aware", OPEN_QR)
    assert ordinary is not None
    assert found.value == pytest.approx(ordinary.value, rel=1e-12)
    # Apart from the adjustment for leverage.
    assert found.variance == pytest.approx(ordinary.variance, rel=0.05)
    assert "no_common_question" in found.notes
    assert ordinary.basis == found.basis == "modelled"


@pytest.mark.parametrize("model", MODELS)
def test_the_weights_meet_the_population_and_draw_the_samples_together(model: Propensity) -> None:
    weighted = weights_of(two_modes(), model)
    cells, side = weighted.samples.cells, weighted.samples.open
    held = cells.assign(w=weighted.weights)[side].groupby(["district", "sex", "age_band"])["w"].sum()
    assert held.to_numpy() == pytest.approx(people()["population"].to_numpy())
    spread = weighted.overlap
    assert spread.worst_before > 0.4
    assert spread.worst_after < 0.05
    active = next(each for each in spread.balance if (each.covariate, each.level) == ("active", "yes"))
    assert active.open_share > active.weighted_share
    assert active.weighted_share == pytest.approx(active.reference_share, abs=0.03)
    assert "unbalanced" not in weighted.notes


def test_a_result_carries_what_it_rests_on() -> None:
    found = share_of(two_modes(), Propensity.CHEN_LI_WU)
    rows = two_modes()
    assert found.covariates == ("district", "sex", "age_band", "active")
    assert (found.reference, found.n_reference) == ("intercept", rows["mode"].eq("intercept").sum())
    assert found.estimate.n == rows[rows["mode"].eq("open_qr")]["aware"].notna().sum()
    assert found.estimate.basis == "modelled"
    assert found.estimate.n_effective < found.estimate.n
    assert 0 < found.estimate.lower < found.estimate.value < found.estimate.upper < 1
    assert found.estimate.df == 10
    assert "chen_li_wu" in found.method
    assert {*found.estimate.notes} <= {*NOTES, *MODEL_NOTES}


def test_a_level_that_one_sample_hardly_has_is_pooled_and_named() -> None:
    rows = two_modes()
    rows["active"] = rows["active"].where(rows.index > 2, "now and then")
    weighted = weights_of(rows, Propensity.CHEN_LI_WU)
    assert weighted.overlap.pooled == ("active: now and then",)
    assert "pooled_levels" in weighted.notes
    assert "active now and then" not in weighted.covariates.names


def test_people_nobody_like_whom_answered_are_counted() -> None:
    rows = two_modes()
    gone = rows["mode"].eq("open_qr") & rows["sex"].eq("F") & rows["active"].eq("no") & rows["age_band"].eq("45+")
    weighted = weights_of(rows[~gone], Propensity.CHEN_LI_WU)
    inside = rows["mode"].eq("intercept")
    like = inside & rows["sex"].eq("F") & rows["active"].eq("no") & rows["age_band"].eq("45+")
    sizes = people().set_index(["district", "sex", "age_band"])["population"]
    cell = rows.loc[inside].groupby(["district", "sex", "age_band"]).size()
    lost = rows.loc[like].groupby(["district", "sex", "age_band"]).size()
    expected = (lost / cell * sizes).sum() / sizes.sum()
    assert weighted.overlap.outside_support == pytest.approx(expected, rel=1e-9)
    assert "outside_support" in weighted.notes


@pytest.mark.parametrize("model", MODELS)
def test_open_answers_that_stand_for_nobody_are_refused_with_the_way_out(model: Propensity) -> None:
    rows = two_modes()
    rows.loc[rows["mode"].eq("open_qr"), "district"] = "elsewhere"
    with pytest.raises(ColumnsError, match="No open answer is from a group that the population counts") as refused:
        weights_of(rows, model)
    assert isinstance(refused.value, PropensityError)  # whoever goes on without a model needs no other handling
    found = covariates(pd.DataFrame({"sex": ["F", "M"]}), ["sex"], np.ones(2), np.array([False, True]), 0)
    with pytest.raises(ColumnsError, match="No open answer"):
        overlap(found, np.ones(2), np.array([1.0, 0.0]), np.array([False, True]))


def test_samples_that_a_question_separates_are_refused_with_the_way_out() -> None:
    rows = two_modes()
    rows["active"] = np.where(rows["mode"].eq("open_qr"), "yes", "no")
    with pytest.raises(PropensityError, match=r"infinity along active .*drop it or merge"):
        weights_of(rows, Propensity.CHEN_LI_WU, min_level=0)


def test_more_open_answers_than_people_are_refused_by_the_model_that_cannot_have_them() -> None:
    few = people().assign(population=lambda cells: cells["population"] / 200)
    with pytest.raises(PropensityError, match="larger than the open sample"):
        weights_of(two_modes(), Propensity.CHEN_LI_WU, few)
    # Odds have no upper end.
    assert weights_of(two_modes(), Propensity.ELLIOTT_VALLIANT, few).overlap.worst_after < 0.1


def test_where_all_answers_agree_the_interval_says_so() -> None:
    rows = two_modes().assign(aware=1.0)
    found = share_of(rows, Propensity.CHEN_LI_WU).estimate
    assert (found.value, found.upper) == (1.0, 1.0)
    # Fewer than the answers: unequal weights cost even where nothing else can be seen.
    assert wilson_ends(1.0, found.n, t_quantile(0.975, found.df))[0] > found.lower > 0.9
    assert {"all_answers_agree", "deff_of_weights"} <= set(found.notes)
    assert found.n == rows["mode"].eq("open_qr").sum()


def test_nobody_answered_an_indicator_and_it_has_no_rate() -> None:
    rows = two_modes()
    found = share_of(rows.assign(aware=rows["aware"].mask(rows["mode"].eq("open_qr"))), Propensity.CHEN_LI_WU).estimate
    assert isnan(found.value)
    assert found.basis == "none"
    assert "no_answers" in found.notes


def test_what_is_missing_is_named() -> None:
    rows = two_modes()
    with pytest.raises(ColumnsError, match="no column education"):
        tally_by(rows, [AWARE], ["education"])
    with pytest.raises(ColumnsError, match="not by education"):
        weigh(wave_tally(rows, [AWARE]), people(), "intercept", asked=["education"])
    with pytest.raises(ColumnsError, match="no indicator happy"):
        pseudo_weighted(weights_of(rows, Propensity.CHEN_LI_WU), "happy")
    with pytest.raises(ColumnsError, match=r"aware is an indicator\. .* under another name"):
        tally_by(rows, [AWARE], ["aware"])


def test_the_answers_to_another_indicator_may_be_the_common_question() -> None:
    rows = two_modes().rename(columns={"active": "kind"})
    rows["active"] = rows["kind"].eq("yes").astype(float)
    other = Indicator("active", 0.5, {"en": "Active", "zh-Hans": "活跃"})
    weighted = weigh(tally_by(rows, [AWARE, other], ["kind"]), people(), "intercept", asked=["kind"])
    assert pseudo_weighted(weighted, "aware").estimate.value == pytest.approx(R_SHARE[Propensity.CHEN_LI_WU], rel=1e-9)
    # An indicator that is its own covariate is the reference sample's rate, nearly.
    reference = wave_rates(rows, people(), [other]).get("active", "intercept")
    assert reference is not None
    assert pseudo_weighted(weighted, "active").estimate.value == pytest.approx(reference.value, abs=0.03)


def test_rows_in_any_order_make_the_same_tally_by_the_common_question() -> None:
    rows = two_modes()
    counts = tally_by(rows, [AWARE], ["active"]).cells.groupby(["mode", "active"])["n"].sum()
    assert counts.to_dict() == rows.groupby(["mode", "active"]).size().to_dict()


def test_every_mode_of_the_application_has_its_basis() -> None:
    assert {each.code for each in MODES} == {each.value for each in DomainMode}
    assert {each.code for each in MODES if each.basis == "modelled"} == SELF_SELECTED_MODES
    assert all(each.headline == (each.basis == "design") for each in MODES)
    assert mode(HEADLINE_MODE).headline
    assert all(each.assumes.endswith(".") for each in MODES)
    with pytest.raises(KeyError, match=r"There is no mode fax\. The modes are intercept"):
        mode("fax")


def test_at_the_maximum_the_scores_of_both_samples_cancel() -> None:
    for model in MODELS:
        fitted: Logistic = weights_of(two_modes(), model).propensity
        assert fitted.scores.sum(axis=0) == pytest.approx(np.zeros(5), abs=1e-7)
