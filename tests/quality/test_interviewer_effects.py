"""The variance share is lme4's, its interval holds the truth, and the shrunken effects are Henderson's."""

import numpy as np
import pandas as pd
import pytest

from analysis.quality.answers import Codes, Floats
from analysis.quality.findings import Finding, Silence
from analysis.quality.interviewer_effects import effects_of, interviewer_effects, variance_shares
from tests.quality.waves import answers_of, of, p_values, wave

# R 4.2, lme4 1.1-31: lmer(y ~ factor(place) + (1 | volunteer), REML = TRUE) on `known()`.
VOLUNTEER_VARIANCE, REST_VARIANCE = 0.316768843, 0.787484105
SHRUNKEN = (0.40964492, -0.31781072, -0.00695064, -0.70811129, 0.31954117, 0.07051538, 0.79933869, -0.56616752)


def known() -> tuple[Floats, Codes, Codes]:
    """96 interviews of eight volunteers at six places, by formula: y, volunteer, place."""
    i = np.arange(96)
    volunteer, place = i % 8, (i // 8 + (i % 8) // 3) % 6
    effect = np.array([0.6, -0.4, 0.1, -0.7, 0.3, 0.0, 0.9, -0.5])
    y = np.round(np.sin(1.7 * i) + 0.5 * np.cos(0.3 * i * i) + 0.4 * place + effect[volunteer], 6)
    return y, volunteer.astype(np.int64), place.astype(np.int64)


def test_variance_share_and_shrunken_effects_are_those_of_lme4() -> None:
    effects = effects_of("y", *known(), 8)
    total = VOLUNTEER_VARIANCE + REST_VARIANCE
    assert effects.share.value == pytest.approx(VOLUNTEER_VARIANCE / total, rel=1e-6)
    assert effects.effect * np.sqrt(total) == pytest.approx(SHRUNKEN, rel=1e-5, abs=1e-7)


def test_the_posterior_variance_is_from_hendersons_equations() -> None:
    """The inverse of the mixed model equations, written out (Henderson 1975, Biometrics 31:423-447)."""
    y, volunteer, place = known()
    z, x = np.eye(8)[volunteer], np.eye(6)[place]
    ratio = REST_VARIANCE / VOLUNTEER_VARIANCE
    left = np.block([[x.T @ x, x.T @ z], [z.T @ x, z.T @ z + ratio * np.eye(8)]])
    variance = REST_VARIANCE * np.diag(np.linalg.inv(left))[6:]
    sd = effects_of("y", y, volunteer, place, 8).posterior_sd * np.sqrt(VOLUNTEER_VARIANCE + REST_VARIANCE)
    assert sd == pytest.approx(np.sqrt(variance), rel=1e-5)


@pytest.mark.parametrize("truth", [0.0, 0.05, 0.3])
def test_the_interval_holds_the_true_share_in_95_of_100_waves(truth: float) -> None:
    rng = np.random.default_rng(1)
    volunteer = np.repeat(np.arange(15, dtype=np.int64), 20)
    held = 0
    for _ in range(200):
        place = rng.integers(0, 6, 300)
        own = rng.normal(0, np.sqrt(truth), 15)[volunteer]
        share = effects_of("y", own + rng.normal(0, np.sqrt(1 - truth), 300) + place, volunteer, place, 15).share
        held += share.lower <= truth <= share.upper
    # exact under normal errors: 0.95 ± 3 × 0.0154; a true 0 is held by 97.5 %, as only the upper tail can fail
    assert 0.903 < held / 200 <= 1


def test_places_are_taken_out_before_volunteers_are_charged() -> None:
    """The planted fault is to leave the places in: volunteers who stay at one place would carry what it is like."""
    rng = np.random.default_rng(2)
    volunteer = np.repeat(np.arange(20, dtype=np.int64), 30)
    place = np.where(rng.random(600) < 0.8, volunteer % 5, rng.integers(0, 5, 600))
    y = rng.normal(size=600) + 1.5 * (place == 0)
    taken_out = effects_of("y", y, volunteer, place, 20)
    left_in = effects_of("y", y, volunteer, np.zeros_like(place), 20)
    assert taken_out.share.value < 0.05
    assert left_in.share.value > 0.15
    assert np.nanmax(taken_out.beyond) < 0.05
    assert np.nanmax(left_in.beyond) > 0.9


def leaning(frame: pd.DataFrame, volunteer: str) -> pd.DataFrame:
    """A volunteer who hears the best answer to the first question where others hear any."""
    return frame.assign(q1=frame["q1"].mask(frame["volunteer"] == volunteer, "a"))


def test_a_volunteer_far_out_on_one_item_is_found_with_the_item() -> None:
    frame = leaning(wave(np.random.default_rng(3), voice=0.15, place=0.3), "V11")
    found = interviewer_effects(answers_of(frame))
    guilty = of(found, "V11")
    assert guilty.measure == "effect:q1"
    assert guilty.posterior > 0.9
    assert guilty.q_value < 0.05
    assert guilty.size < -0.5
    others = [each for each in found if isinstance(each, Finding) and each.unit != "V11"]
    assert all(each.q_value > 0.05 for each in others)


def test_ordinary_differences_between_volunteers_alarm_nobody() -> None:
    rng = np.random.default_rng(4)
    found = [each for _ in range(6) for each in interviewer_effects(answers_of(wave(rng, voice=0.2)))]
    assert np.mean(p_values(tuple(found)) <= 0.05) < 0.05 + 3 * 0.02
    assert all(each.q_value > 0.05 for each in found if isinstance(each, Finding))


def test_every_item_has_its_variance_share() -> None:
    shares = variance_shares(answers_of(wave(np.random.default_rng(5), voice=0.6, items=4)))
    assert [share.item for share in shares] == ["q1", "q2", "q3", "q4"]
    assert all(0 <= share.lower <= share.value <= share.upper < 1 for share in shares)
    assert all(share.lower > 0.03 for share in shares)


def test_without_places_nothing_can_be_said() -> None:
    frame = wave(np.random.default_rng(6), volunteers=3, points=2, each=4).drop(columns=["point", "neighbourhood"])
    (silence,) = interviewer_effects(answers_of(frame))
    assert isinstance(silence, Silence)
    assert silence.note == "no_sites"
    assert variance_shares(answers_of(frame)) == ()
