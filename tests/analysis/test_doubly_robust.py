"""The doubly robust rate: R's number, the jackknife, and that one right model is enough."""

from math import isnan

import numpy as np
import pandas as pd
import pytest

from analysis.columns import ColumnsError
from analysis.doubly_robust import DoublyRobust, doubly_robust
from analysis.notes import NOTES
from analysis.propensity import Logistic, Propensity, logistic
from analysis.pseudo_weights import MODEL_NOTES, pseudo_weighted, weigh
from analysis.two_samples import tally_by
from tests.analysis.mode_cases import AWARE, people, two_modes
from tests.analysis.test_pseudo_weights import decided_by_the_question

# R 4.2 on `two_modes()`, Chen, Li & Wu's weights as in test_pseudo_weights. glm(aware ~ district + sex + age_band +
# active, binomial) among the open answers with 5 artificial ones, spread evenly over them, of which a share
# (yes + 0.5)/(n + 1) are "yes"; the mean prediction under the reference weights among those who answered there, and
# the weighted mean of the residuals.
R_SHARE, R_PREDICTION, R_CORRECTION = 0.547336322389792, 0.544936020518231, 0.00240030187156144


def robust(
    rows: pd.DataFrame,
    asked: tuple[str, ...] = ("active",),
    predictors: tuple[str, ...] | None = None,
    model: Propensity = Propensity.CHEN_LI_WU,
) -> DoublyRobust:
    weighted = weigh(tally_by(rows, [AWARE], ["active"]), people(), "intercept", asked=asked, model=model)
    return doubly_robust(weighted, "aware", predictors)


def test_the_rate_is_that_of_r() -> None:
    found = robust(two_modes())
    assert found.estimate.value == pytest.approx(R_SHARE, rel=1e-9)
    assert found.prediction == pytest.approx(R_PREDICTION, rel=1e-9)
    assert found.correction == pytest.approx(R_CORRECTION, rel=1e-7)


def test_a_prediction_that_is_not_corrected_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = robust(two_modes()).estimate.value
    monkeypatch.setattr("analysis.doubly_robust.expit", lambda eta: np.full_like(eta, 0.3))
    # Any constant prediction gives the pseudo-weighted share back; without the correction it would give 0.3.
    found = robust(two_modes())
    assert found.prediction == pytest.approx(0.3)
    assert found.estimate.value == pytest.approx(0.540243087012565, rel=1e-9)
    assert found.estimate.value != pytest.approx(right, rel=1e-3)


def jackknife(rows: pd.DataFrame, predictors: tuple[str, ...] | None = None) -> float:
    """Everything estimated anew without each point in turn (Wolter 2007, section 4.5)."""
    variance = 0.0
    for _, part in rows.groupby(["mode", "district"]):
        points = part["point"].unique()
        shares = np.array([robust(rows[rows["point"].ne(u)], predictors=predictors).estimate.value for u in points])
        variance += (len(points) - 1) / len(points) * float(((shares - shares.mean()) ** 2).sum())
    return variance


def test_the_variance_is_that_of_the_jackknife_over_the_points_of_both_samples() -> None:
    rows = decided_by_the_question()
    assert robust(rows).estimate.variance == pytest.approx(jackknife(rows), rel=0.03)


def test_the_variance_holds_as_well_where_the_prediction_lacks_the_question() -> None:
    rows = decided_by_the_question()
    assert robust(rows, predictors=()).estimate.variance == pytest.approx(jackknife(rows, predictors=()), rel=0.03)


def test_a_variance_that_takes_the_prediction_for_known_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    # With the propensity ignorant of the question, the prediction carries the rate and its error counts.
    rows = decided_by_the_question()
    honest = robust(rows, asked=(), predictors=("active",)).estimate.variance

    def known(*given: object, **more: object) -> Logistic:
        fitted = logistic(*given, **more)  # type: ignore[arg-type]  # passed on as it came
        return Logistic(fitted.theta, fitted.eta, fitted.scores * 0, fitted.bread)

    monkeypatch.setattr("analysis.doubly_robust.logistic", known)
    assert robust(rows, asked=(), predictors=("active",)).estimate.variance != pytest.approx(honest, rel=0.03)


def test_one_model_that_knows_the_question_is_enough() -> None:
    """Who is active decides what is answered and who answers; each model in turn is not told."""
    rows = decided_by_the_question()
    both = robust(rows).estimate.value
    assert robust(rows, asked=(), predictors=("active",)).estimate.value == pytest.approx(both, abs=0.02)
    assert robust(rows, asked=("active",), predictors=()).estimate.value == pytest.approx(both, abs=0.03)
    ignorant = robust(rows, asked=(), predictors=()).estimate.value
    assert ignorant > both + 0.15


def test_where_answers_have_nothing_to_do_with_the_covariates_the_rate_is_the_pseudo_weighted_one() -> None:
    rows = two_modes()
    rows["aware"] = rows.groupby(["mode", "district", "sex", "age_band", "active"]).cumcount() % 2
    weighted = weigh(tally_by(rows, [AWARE], ["active"]), people(), "intercept", asked=["active"])
    expected = pseudo_weighted(weighted, "aware").estimate
    assert doubly_robust(weighted, "aware").estimate.value == pytest.approx(expected.value, abs=0.02)


def test_the_answers_of_the_reference_sample_play_no_part() -> None:
    rows = two_modes()
    turned = rows["aware"].where(rows["mode"].eq("open_qr"), 1 - rows["aware"])
    assert robust(rows.assign(aware=turned)).estimate == robust(rows).estimate


def test_a_result_carries_what_it_rests_on() -> None:
    found = robust(two_modes(), predictors=())
    assert found.covariates == ("district", "sex", "age_band", "active")
    assert found.predictors == ("district", "sex", "age_band")
    assert found.estimate.basis == "modelled"
    assert found.estimate.value == pytest.approx(found.prediction + found.correction)
    assert found.estimate.lower < found.estimate.value < found.estimate.upper
    assert "self_selected" in found.estimate.notes
    assert {*found.estimate.notes} <= {*NOTES, *MODEL_NOTES}
    assert "doubly robust" in found.method


@pytest.mark.parametrize("answer", [0.0, 1.0])
def test_where_all_answers_agree_so_does_the_rate(answer: float) -> None:
    found = robust(two_modes().assign(aware=answer)).estimate
    assert found.value == answer
    assert found.lower < found.upper
    assert "all_answers_agree" in found.notes


def test_a_group_whose_answers_all_agree_does_not_run_to_infinity() -> None:
    rows = two_modes()
    found = robust(rows.assign(aware=rows["aware"].mask(rows["active"].eq("yes"), 1.0))).estimate
    assert 0.6 < found.value < 1
    assert found.se > 0


def test_nobody_answered_an_indicator_and_it_has_no_rate() -> None:
    rows = two_modes()
    found = robust(rows.assign(aware=rows["aware"].mask(rows["mode"].eq("open_qr")))).estimate
    assert isnan(found.value)
    assert "no_answers" in found.notes


def test_an_indicator_that_the_reference_sample_was_not_asked_has_no_rate_and_says_so() -> None:
    rows = two_modes()
    found = robust(rows.assign(aware=rows["aware"].mask(rows["mode"].eq("intercept")))).estimate
    assert isnan(found.value)
    assert "no_reference_answers" in found.notes


def test_a_predictor_that_is_not_in_the_tally_is_named() -> None:
    with pytest.raises(ColumnsError, match="not by education"):
        robust(two_modes(), predictors=("education",))
