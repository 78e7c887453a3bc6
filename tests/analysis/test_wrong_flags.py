"""How often a flag is wrong: simulated waves of a city whose true rates are known, with people met at chosen points.

The simulated crew meets those who pass by, fills quotas and loses some to refusal; nothing in the estimates knows how
the truth was made. A flag is wrong where it says at risk and the true rate reaches the target, or safe and it does not.
`docs/methods.md` quotes the bounds that are tested here.
"""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from analysis.columns import Indicator
from analysis.demonstration_city import CITY_CODE, demonstration_city
from analysis.estimate import Estimate
from analysis.rates import wave_rates
from analysis.risk import FlagKind, flag
from analysis.simulate import draw_truth
from analysis.simulated_fieldwork import collection_points, intercept_sample, quota_targets

WAVES = 20
KINDS = ("city", "district", "street", "neighbourhood")
DECIDED = {FlagKind.AT_RISK, FlagKind.SAFE}


def bold(estimate: Estimate) -> Estimate:
    """The planted fault: intervals half as wide, as if there were four times as many answers."""
    value = estimate.value
    return replace(estimate, lower=(value + estimate.lower) / 2, upper=(value + estimate.upper) / 2)


@pytest.fixture(scope="module")
def verdicts() -> Counter[tuple[str, str, str]]:
    """(how, kind of domain, "judged" | "flagged" | "wrong") over waves of 2400 interviews.

    Each wave has a truth and points of its own. The target is what the city reaches, so that everything lies near it.
    """
    found: Counter[tuple[str, str, str]] = Counter()
    city = demonstration_city(np.random.default_rng(1))
    for seed in range(WAVES):
        rng = np.random.default_rng([2, seed])
        truth = draw_truth(city, rng)
        points = collection_points(city, rng)
        met = intercept_sample(truth, points, quota_targets(truth, 2400), rng)
        met = met.assign(stratum=met["point"].map(points["neighbourhood"].str[:6]))
        targets = {code: round(truth.rate(code), 2) for code in truth.indicators}
        indicators = [Indicator(code, target, {}) for code, target in targets.items()]
        for rate in wave_rates(met[met["disposition"] == "complete"], truth.margins, indicators):
            if rate.domain_kind not in KINDS:
                continue
            target = targets[rate.indicator]
            area = CITY_CODE if rate.domain_kind == "city" else rate.domain
            reached = truth.rate(rate.indicator, area) >= target
            for how, estimate in (("ours", rate.estimate), ("bold", bold(rate.estimate))):
                kind = flag(estimate, target).kind
                found[how, rate.domain_kind, "judged"] += 1
                found[how, rate.domain_kind, "flagged"] += kind in DECIDED
                found[how, rate.domain_kind, "wrong"] += kind in DECIDED and reached == (kind is FlagKind.AT_RISK)
    return found


def test_of_a_hundred_areas_fewer_than_three_have_a_wrong_flag(verdicts: Counter[tuple[str, str, str]]) -> None:
    for kind in KINDS[1:]:
        assert verdicts["ours", kind, "wrong"] < 0.03 * verdicts["ours", kind, "judged"], kind
        assert verdicts["ours", kind, "flagged"] > 0, kind


def test_of_a_hundred_flags_of_areas_fewer_than_fifteen_are_wrong(verdicts: Counter[tuple[str, str, str]]) -> None:
    wrong = sum(verdicts["ours", kind, "wrong"] for kind in KINDS)
    assert wrong < 0.15 * sum(verdicts["ours", kind, "flagged"] for kind in KINDS)


def test_bolder_intervals_would_be_seen(verdicts: Counter[tuple[str, str, str]]) -> None:
    assert verdicts["bold", "district", "wrong"] > 0.04 * verdicts["bold", "district", "judged"]
    wrong = sum(verdicts["bold", kind, "wrong"] for kind in KINDS)
    assert wrong > 0.2 * sum(verdicts["bold", kind, "flagged"] for kind in KINDS)
