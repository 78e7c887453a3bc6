"""Domains in which all answers agree: no variance can be seen there, and the interval must not take that for none."""

import numpy as np
import pandas as pd
import pytest

from analysis.estimate import Estimate
from analysis.intervals import Method, t_quantile, wilson_ends
from analysis.rates import RateRules, WaveRates, wave_rates
from tests.analysis.samples import margins, margins_by, wave
from tests.analysis.test_rates import INDICATORS, found


def agreeing(kind: str, code: str) -> tuple[Estimate, WaveRates]:
    """The estimate of a domain with many points in which everyone says yes, and the rates of its wave."""
    rows = wave(n=1600)
    rows.loc[rows[kind] == code, "aware"] = 1.0
    rates = wave_rates(rows, margins(), INDICATORS)
    return found(rates, "aware", "intercept", kind, code), rates


@pytest.mark.parametrize(
    ("kind", "code", "lender"), [("neighbourhood", "N11", "deff_of_district"), ("district", "D1", "deff_of_city")]
)
def test_where_all_answers_agree_the_lender_speaks_if_it_is_more_careful_than_the_plan(
    kind: str, code: str, lender: str
) -> None:
    estimate, _ = agreeing(kind, code)
    assert (estimate.value, estimate.df) == (1, 4)
    assert {lender, "all_answers_agree"} <= set(estimate.notes)
    assert estimate.n_effective == pytest.approx(estimate.n / estimate.deff)
    assert (estimate.lower, estimate.upper) == wilson_ends(1.0, estimate.n_effective, t_quantile(0.975, 4))


def test_the_more_points_agree_the_more_they_are_worth() -> None:
    district, _ = agreeing("district", "D1")
    city = found(wave_rates(wave(n=1600).assign(aware=1.0), margins(), INDICATORS), "aware", "intercept")
    assert {"deff_planned", "all_answers_agree"} <= set(city.notes)
    assert city.lower > district.lower


def test_a_method_without_a_plan_borrows_where_all_answers_agree() -> None:
    rows = wave(n=1600)
    rows.loc[rows["district"] == "D1", "aware"] = 1.0
    rates = wave_rates(rows, margins(), INDICATORS, rules=RateRules(method=Method.KORN_GRAUBARD))
    estimate = found(rates, "aware", "intercept", "district", "D1")
    assert {"deff_of_city", "all_answers_agree"} <= set(estimate.notes)
    assert estimate.n_effective < estimate.n


def near_agreement(truth: float, *, borrowing: bool) -> float:
    """How often the interval of a neighbourhood holds a truth near 1, over 60 waves whose points are unlike."""
    rng = np.random.default_rng(5)
    held = []
    for _ in range(60):
        chance = rng.beta(truth * 2, (1 - truth) * 2, (4, 4))  # by point, with an intra-class correlation of 1/3
        district, unit = rng.integers(0, 4, 1600), rng.integers(0, 4, 1600)
        rows = pd.DataFrame(
            {
                "mode": "intercept",
                "district": [f"D{d}" for d in district],
                "street": [f"S{d}" for d in district],
                "neighbourhood": [f"N{d}{h}" for d, h in zip(district, rng.integers(0, 2, 1600), strict=True)],
                "point": [f"{d}{u}" for d, u in zip(district, unit, strict=True)],
                "aware": (rng.random(1600) < chance[district, unit]).astype(float),
            }
        )
        for rate in wave_rates(rows, margins_by("district"), INDICATORS[:1]):
            known = rate.estimate
            if rate.domain_kind == "neighbourhood":
                lower = known.lower
                if known.value == 1 and not borrowing:
                    lower, _ = wilson_ends(1.0, known.n, t_quantile(0.975, known.df))
                held.append(lower <= truth <= known.upper)
    return float(np.mean(held))


def test_near_agreement_an_interval_holds_the_truth_also_where_points_are_unlike() -> None:
    assert near_agreement(0.95, borrowing=True) >= 0.95


def test_taking_agreeing_answers_for_as_many_independent_ones_would_be_seen() -> None:
    assert near_agreement(0.95, borrowing=False) < 0.85
