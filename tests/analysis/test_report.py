"""The report of a wave: complete, honest, and silent about what may not be shown."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from analysis.columns import Indicator
from analysis.rates import wave_rates
from analysis.report import WaveReport, gravity, wave_report
from analysis.risk import FlagKind
from tests.analysis.samples import margins, wave, with_reasons

INDICATORS = (Indicator("aware", 0.75, {"en": "Awareness", "zh-Hans": "知晓率"}),)
UNTIL = datetime(2026, 5, 1, 12, tzinfo=UTC)


def made(rows: pd.DataFrame | None = None, **more: Any) -> WaveReport:
    return wave_report(
        wave_rates(wave(n=500) if rows is None else rows, margins(5), INDICATORS),
        INDICATORS,
        wave="2026-05",
        data_until=UNTIL,
        code_version="1.2.3",
        responses={"intercept": {"complete": 400, "refused": 90}},
        **more,
    )


def test_the_json_says_what_the_numbers_rest_on() -> None:
    document = json.loads(made().to_json())
    assert (document["wave"], document["code_version"]) == ("2026-05", "1.2.3")
    assert document["data_until"] == "2026-05-01T12:00:00+00:00"
    assert document["responses"]["intercept"]["refused"] == 90
    assert document["methods"]["rates.method"] == "wilson"
    assert document["merges"]["intercept"] == [
        {"code": "no_interviews", "district": "D4", "sex": None, "age_band": None, "into": None}
    ]
    city = next(rate for rate in document["rates"] if rate["domain_kind"] == "city")
    assert set(city["estimate"]) >= {"value", "lower", "upper", "n", "interval", "basis", "deff", "notes"}
    assert city["flag"] in {"at_risk", "uncertain", "safe"}
    assert city["reason"]["code"]


def test_withheld_numbers_leave_no_trace() -> None:
    report = made()
    withheld = [rate for rate in json.loads(report.to_json())["rates"] if rate["withheld"]]
    assert withheld
    for rate in withheld:
        assert rate["withheld"] in {"too_few", "complementary"}
        assert set(rate) == {"indicator", "mode", "domain_kind", "domain", "target", "withheld", "flag"}
    small = [judged for judged in report.rates if judged.rate.estimate.n < 10]
    assert len(withheld) >= len(small) > 0


def test_answers_left_out_of_the_base_stand_beside_a_rate_that_is_shown() -> None:
    document = json.loads(made(rows=with_reasons(wave(n=500))).to_json())
    city = next(rate for rate in document["rates"] if rate["domain_kind"] == "city" and rate["mode"] == "intercept")
    assert city["left_out"]["dont_know"] > city["left_out"]["refused"] > 0
    assert not any("left_out" in rate for rate in document["rates"] if rate["withheld"])
    assert json.loads(made().to_json())["rates"][0]["left_out"] is None


def test_the_wave_before_stands_beside_it_but_not_its_withheld_numbers() -> None:
    earlier = wave_rates(wave(seed=2, n=160), margins(5), INDICATORS)
    report = made(previous=earlier, previous_wave="2026-04")
    assert report.previous_wave == "2026-04"
    changes = [judged.change for judged in report.rates if judged.change is not None]
    assert changes
    assert all(change.before is not None and change.before.estimate.n >= 10 for change in changes)
    city = next(rate for rate in json.loads(report.to_json())["rates"] if rate["domain_kind"] == "city")
    assert set(city["change"]) == {"difference", "se", "lower", "upper"}


def test_the_same_report_is_the_same_text() -> None:
    assert made().to_json() == made().to_json()


def test_the_gravest_come_first_and_only_those_at_risk_are_ranked() -> None:
    report = made(previous=None)
    intercept = [judged for judged in report.rates if judged.rate.mode == "intercept"]
    risky = [
        replace(one, rate=replace(one.rate, domain=name, estimate=replace(one.rate.estimate, value=value, upper=upper)))
        for one, name, value, upper in zip(intercept, "ab", (0.1, 0.3), (0.7, 0.6), strict=False)
    ]
    risky = [replace(one, flag=replace(one.flag, kind=FlagKind.AT_RISK)) for one in risky]
    unclear = [
        replace(one, rate=replace(one.rate, domain=name), flag=replace(one.flag, kind=kind))
        for one, name, kind in zip(
            sorted(intercept, key=lambda one: -one.rate.estimate.n)[:3],
            "zyx",
            (FlagKind.UNCERTAIN, FlagKind.SAFE, FlagKind.UNCERTAIN),
            strict=True,
        )
    ]
    order = [judged.rate.domain for judged in sorted([*unclear, *risky], key=gravity)]
    assert order == ["b", "a", "x", "z", "y"]


def test_self_selected_answers_come_in_order_of_name() -> None:
    chosen = [judged for judged in made().rates if judged.rate.estimate.basis == "modelled"]
    names = [judged.rate.domain for judged in sorted(chosen, key=gravity)]
    assert names == sorted(names)
    assert gravity(chosen[0], "named") == (0, 0.0, "named")
