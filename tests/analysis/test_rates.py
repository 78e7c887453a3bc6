"""The rates of a wave: which are there, what they rest on, and that they are the estimates of the library."""

from dataclasses import replace
from math import isfinite, isnan, sqrt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.calibration import margin, poststratify
from analysis.columns import RESERVED_COLUMNS, ColumnsError, Indicator
from analysis.design import declare
from analysis.estimate import Estimate, proportion
from analysis.intervals import t_quantile, wilson_ends
from analysis.notes import NOTES
from analysis.rates import LeftOut, RateRules, WaveRates, beside, rates_of_tally, wave_rates
from analysis.wave_tally import wave_tally
from tests.analysis.samples import margins, margins_by, wave, with_reasons

INDICATORS = (
    Indicator("aware", 0.75, {"en": "Awareness", "zh-Hans": "知晓率"}),
    Indicator("satisfied", 0.8, {"en": "Satisfaction", "zh-Hans": "满意率"}),
)


def found(rates: WaveRates, *place: str) -> Estimate:
    estimate = rates.get(*place)
    assert estimate is not None
    return estimate


def test_a_rate_is_the_post_stratified_share_of_its_mode_with_the_variance_of_residuals() -> None:
    rows = wave()
    part = rows[rows["mode"] == "intercept"].reset_index(drop=True)
    design = declare(part, ids=["point"], strata="district", nest=True)
    design = poststratify(design, margin(part, margins()))
    rates = wave_rates(rows, margins(), INDICATORS)
    everyone = np.ones(len(part), dtype=bool)
    places = {("city", "city"): everyone}
    places |= {
        (kind, code): (part[kind] == code).to_numpy()
        for kind, code in (("district", "D2"), ("sex", "F"), ("age_band", "60+"))
    }
    for place, domain in places.items():
        expected = proportion(design, part["aware"], domain)
        estimate = found(rates, "aware", "intercept", *place)
        for field in ("value", "se", "df", "n", "n_effective", "lower", "upper", "deff"):
            assert getattr(estimate, field) == pytest.approx(getattr(expected, field), rel=1e-9), (place, field)
        assert (estimate.basis, estimate.interval) == ("design", "wilson")


def test_a_point_is_one_unit_also_for_those_who_live_in_another_district() -> None:
    rows = wave()
    rows["stratum"] = rows["district"]
    moved = np.arange(len(rows)) % 4 == 0
    rows.loc[moved, "district"] = rows.loc[moved, "district"].map({"D0": "D1", "D1": "D2", "D2": "D3", "D3": "D0"})
    part = rows[rows["mode"] == "intercept"].reset_index(drop=True)
    design = declare(part, ids=["point"], strata="stratum", nest=True)
    design = poststratify(design, margin(part, margins()))
    expected = proportion(design, part["aware"], (part["district"] == "D2").to_numpy())
    estimate = found(wave_rates(rows, margins(), INDICATORS), "aware", "intercept", "district", "D2")
    assert (estimate.value, estimate.se, estimate.df) == pytest.approx((expected.value, expected.se, expected.df))
    split = wave_rates(rows.drop(columns="stratum"), margins(), INDICATORS)
    assert (
        found(split, "aware", "intercept").df > found(wave_rates(rows, margins(), INDICATORS), "aware", "intercept").df
    )


def test_people_from_outside_count_for_nothing_but_their_points_were_visited() -> None:
    rows = wave()
    rows["stratum"] = rows["district"]
    rows.loc[::7, ["district", "neighbourhood", "street"]] = "elsewhere"
    rows.loc[rows["point"] == "P00", "district"] = "elsewhere"
    rates = wave_rates(rows, margins(), INDICATORS)
    part = rows[rows["mode"] == "intercept"].reset_index(drop=True)
    inside = part["district"] != "elsewhere"
    cells = margin(part[inside], margins())
    design = declare(part, ids=["point"], strata="stratum", nest=True)
    whole = replace(cells, group=np.full(len(part), 24), population=np.append(cells.population, 0.0))
    whole.group[inside.to_numpy()] = cells.group
    expected = proportion(poststratify(design, replace(whole, labels=(*cells.labels, "elsewhere"))), part["satisfied"])
    estimate = found(rates, "satisfied", "intercept")
    assert (estimate.value, estimate.se, estimate.n) == pytest.approx((expected.value, expected.se, int(inside.sum())))
    assert estimate.df == expected.df == 19 - 4
    assert "interviews_outside" in estimate.notes
    assert rates.get("satisfied", "intercept", "neighbourhood", "elsewhere") is None


def test_modes_are_never_pooled() -> None:
    rows = wave()
    alone = wave_rates(rows[rows["mode"] == "intercept"], margins(), INDICATORS)
    together = wave_rates(rows, margins(), INDICATORS)
    for rate in alone:
        other = found(together, rate.indicator, rate.mode, rate.domain_kind, rate.domain)
        assert (other.value, other.lower) == pytest.approx((rate.estimate.value, rate.estimate.lower), nan_ok=True)


def test_self_selected_answers_have_a_modelled_interval() -> None:
    rates = wave_rates(wave(), margins(), INDICATORS)
    bases = {rate.estimate.basis for rate in rates if rate.mode == "open_qr"}
    assert bases <= {"modelled", "none"}
    assert "self_selected" in found(rates, "aware", "open_qr").notes
    assert "modelled" not in {rate.estimate.basis for rate in rates if rate.mode == "intercept"}


def test_a_domain_within_one_point_borrows_the_design_effect_of_its_district() -> None:
    rows = wave()
    rows = rows[rows["mode"] == "intercept"].reset_index(drop=True)
    rows["neighbourhood"] = rows["point"].str.replace("P", "N")  # everyone lives where they were asked
    rates = wave_rates(rows, margins(), INDICATORS)
    district = found(rates, "aware", "intercept", "district", "D1")
    estimate = found(rates, "aware", "intercept", "neighbourhood", "N12")
    assert estimate.basis == "borrowed_deff"
    assert "deff_of_district" in estimate.notes
    assert estimate.n_effective == pytest.approx(estimate.n / estimate.deff)
    t = t_quantile(0.975, district.interval_df)
    assert (estimate.lower, estimate.upper) == wilson_ends(estimate.value, estimate.n_effective, t)
    assert estimate.se == pytest.approx(sqrt(estimate.value * (1 - estimate.value) / estimate.n_effective))


def test_a_borrowed_design_effect_grows_with_the_interviews_at_the_point() -> None:
    rows = wave()
    rows = rows[(rows["mode"] == "intercept") & ((rows["point"] != "P12") | (np.arange(len(rows)) % 4 == 0))]
    rows = rows.assign(neighbourhood=rows["point"].str.replace("P", "N"))
    rates = wave_rates(rows, margins(), INDICATORS)
    few, many = (found(rates, "aware", "intercept", "neighbourhood", code) for code in ("N12", "N11"))
    district = found(rates, "aware", "intercept", "district", "D1")
    assert few.n < many.n / 2
    assert few.deff < many.deff
    assert few.deff < district.n / district.n_effective


def test_a_borrowed_design_effect_is_at_least_1() -> None:
    rates = wave_rates(wave(points=4), margins(), INDICATORS)
    borrowed = [rate.estimate for rate in rates if rate.estimate.basis == "borrowed_deff"]
    assert borrowed
    assert all(estimate.deff >= 1 and estimate.n_effective <= estimate.n for estimate in borrowed)


def test_a_district_with_one_point_borrows_from_the_city() -> None:
    rows = wave()
    rows = rows[(rows["district"] != "D3") | (rows["point"] == "P30")]
    estimate = found(wave_rates(rows, margins(), INDICATORS), "aware", "intercept", "district", "D3")
    assert estimate.basis == "borrowed_deff"
    assert "deff_of_city" in estimate.notes


def test_a_city_with_one_point_has_only_the_weights_to_go_by_and_says_so() -> None:
    rows = wave()
    rows = rows[rows["point"] == "P00"]
    estimate = found(wave_rates(rows, margins(), INDICATORS), "aware", "intercept")
    assert estimate.basis == "borrowed_deff"
    assert {"deff_of_weights", "districts_without_interviews"} <= set(estimate.notes)


def test_a_wave_without_answers_has_rates_without_numbers() -> None:
    rates = wave_rates(wave().iloc[:0], margins(), INDICATORS)
    assert {rate.mode for rate in rates} == {"intercept"}
    assert {(rate.estimate.n, rate.estimate.basis) for rate in rates} == {(0, "none")}
    assert {rate.domain_kind for rate in rates} == {"city", "district", "sex", "age_band"}
    assert all(isnan(rate.estimate.lower) for rate in rates)


def test_a_single_interview_is_a_rate_with_a_wide_interval() -> None:
    estimate = found(wave_rates(wave().iloc[:1], margins(), INDICATORS), "satisfied", "intercept")
    assert estimate.n == 1
    assert estimate.upper - estimate.lower > 0.7


def test_an_indicator_that_nobody_was_asked_is_an_estimate_of_nothing() -> None:
    rates = wave_rates(wave().assign(aware=np.nan), margins(), INDICATORS)
    assert found(rates, "aware", "intercept").n == 0
    assert found(rates, "satisfied", "intercept").n > 0


def test_without_a_population_the_rates_are_unweighted_and_say_so() -> None:
    rows = wave()
    estimate = found(wave_rates(rows, None, INDICATORS), "satisfied", "intercept")
    assert estimate.value == pytest.approx(rows.loc[rows["mode"] == "intercept", "satisfied"].mean())
    assert "unweighted" in estimate.notes


def test_domains_are_listed_where_nobody_answered_if_they_are_expected() -> None:
    rates = wave_rates(wave(), margins(5), INDICATORS, expected={"neighbourhood": ["N99"]})
    assert found(rates, "aware", "intercept", "neighbourhood", "N99").n == 0
    assert found(rates, "aware", "intercept", "district", "D4").n == 0
    assert "districts_without_interviews" in found(rates, "aware", "intercept").notes


@pytest.mark.parametrize("dropped", [("sex",), ("age_band",), ("sex", "age_band")], ids="-".join)
@pytest.mark.parametrize("how", ["missing in every line", "no such column"])
def test_a_dimension_that_nobody_asks_makes_neither_post_strata_nor_domains(dropped: tuple[str, ...], how: str) -> None:
    kept = [name for name in ("district", "sex", "age_band") if name not in dropped]
    population = margins_by(*kept)
    rows = wave().drop(columns=list(dropped))
    part = rows[rows["mode"] == "intercept"].reset_index(drop=True)
    design = poststratify(declare(part, ids=["point"], strata="district", nest=True), margin(part, population))
    expected = proportion(design, part["aware"])
    if how == "missing in every line":
        rows[list(dropped)] = None
        population[list(dropped)] = None
    rates = wave_rates(rows, population, INDICATORS)
    estimate = found(rates, "aware", "intercept")
    assert (estimate.value, estimate.se) == pytest.approx((expected.value, expected.se), rel=1e-9)
    assert not {rate.domain_kind for rate in rates} & set(dropped)
    assert {rate.domain_kind for rate in rates} >= {"city", *kept}
    assert rates.weighted_by == tuple(kept)
    assert rates.merges["intercept"] == ()


def test_a_group_that_the_population_does_not_know_is_still_a_domain() -> None:
    population = margins_by("district")
    assert found(wave_rates(wave(), population, INDICATORS), "aware", "intercept", "sex", "F").n > 0


def test_a_dimension_that_only_some_lines_of_the_population_have_is_refused() -> None:
    population = margins()
    population.loc[0, "sex"] = None
    with pytest.raises(ColumnsError, match="empty"):
        wave_rates(wave(), population, INDICATORS)


def test_people_of_unknown_age_or_street_still_count_for_the_city() -> None:
    rows = wave()
    rows.loc[::10, ["age_band", "street", "neighbourhood"]] = None
    rates = wave_rates(rows, margins(), INDICATORS)
    n = int((rows["mode"] == "intercept").sum())
    assert found(rates, "satisfied", "intercept").n == n
    assert sum(rate.estimate.n for rate in rates if rate.domain_kind == "street" and rate.mode == "intercept") < 2 * n


def test_rates_come_from_the_sum_of_tallies_of_parts() -> None:
    rows = wave()
    rows.loc[::10, "street"] = None
    rows = with_reasons(rows)
    parts = wave_tally(rows.iloc[::2], INDICATORS) + wave_tally(rows.iloc[1::2], INDICATORS)
    whole = wave_rates(rows, margins(), INDICATORS)
    left_out = {(rate.indicator, rate.mode, rate.domain_kind, rate.domain): rate.left_out for rate in whole}
    for rate in rates_of_tally(parts, margins(), INDICATORS):
        other = found(whole, rate.indicator, rate.mode, rate.domain_kind, rate.domain)
        for field in ("value", "se", "lower", "upper", "n"):
            assert getattr(rate.estimate, field) == pytest.approx(getattr(other, field), rel=1e-9, nan_ok=True)
        assert rate.left_out == left_out[rate.indicator, rate.mode, rate.domain_kind, rate.domain]


def test_no_number_is_without_its_interval_or_a_reason() -> None:
    for rate in wave_rates(wave(n=80), margins(), INDICATORS):
        estimate = rate.estimate
        assert set(estimate.notes) <= set(NOTES)
        if estimate.basis == "none":
            assert estimate.notes
        else:
            assert isfinite(estimate.lower)
            assert 0 <= estimate.lower <= estimate.value <= estimate.upper <= 1


def test_fewer_degrees_of_freedom_may_be_accepted_by_rule() -> None:
    rows = wave(points=2)
    careful = wave_rates(rows, margins(), INDICATORS)
    bold = wave_rates(rows, margins(), INDICATORS, rules=RateRules(min_df=1))
    place = ("aware", "intercept", "district", "D0")
    assert (found(careful, *place).basis, found(bold, *place).basis) == ("borrowed_deff", "design")
    assert found(bold, *place).df == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"district": None}, "district has missing values"),
        ({"aware": 2.0}, "aware holds 2"),
    ],
)
def test_rows_that_break_the_contract_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ColumnsError, match=message):
        wave_rates(wave().assign(**change), margins(), INDICATORS)


def test_answers_left_out_of_the_base_are_counted_beside_the_rate_of_the_city_and_of_districts() -> None:
    rows = with_reasons(wave())
    rates = wave_rates(rows, margins(), INDICATORS)
    part = rows[rows["mode"] == "intercept"]
    for kind, code, inside in (("city", "city", part), ("district", "D2", part[part["district"] == "D2"])):
        reasons = inside["aware:missing"].value_counts()
        rate = next(r for r in rates if (r.mode, r.domain_kind, r.domain) == ("intercept", kind, code))
        assert rate.left_out == LeftOut(reasons["dont_know"], reasons["refused"])
        assert rate.estimate.n + reasons.sum() == len(inside)
    elsewhere = {rate.left_out for rate in rates if rate.indicator == "satisfied" or rate.domain_kind == "street"}
    assert elsewhere == {None}


def test_people_from_outside_are_not_counted_among_those_left_out() -> None:
    rows = with_reasons(wave())
    inside = wave_rates(rows, margins(3), INDICATORS).rates[0].left_out
    kept = rows[rows["district"] != "D3"]
    assert inside == wave_rates(kept, margins(3), INDICATORS).rates[0].left_out is not None


@pytest.mark.parametrize(("reason", "message"), [("forgot", "holds forgot"), ("refused", "where there is an outcome")])
def test_a_reason_is_one_of_four_and_only_for_what_is_missing(reason: str, message: str) -> None:
    with pytest.raises(ColumnsError, match=message):
        wave_rates(wave().assign(**{"aware:missing": reason}), margins(), INDICATORS)


def test_the_columns_of_a_tally_that_are_no_indicators_are_reserved() -> None:
    cells = wave_tally(with_reasons(wave()), INDICATORS).cells
    assert {name for name in cells.columns if ":" not in name} <= RESERVED_COLUMNS
    assert {"mode", "stratum", "unit", "n", "w", "population", "sex", "age_band"} <= RESERVED_COLUMNS


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ColumnsError, match="no column point"):
        wave_rates(wave().drop(columns="point"), margins(), INDICATORS)


def test_a_target_is_a_share() -> None:
    with pytest.raises(ColumnsError, match="share"):
        Indicator("aware", 75, {})


def test_a_wave_beside_the_one_before_shows_the_change_with_its_interval() -> None:
    now, before = wave_rates(wave(1), margins(), INDICATORS), wave_rates(wave(2), margins(), INDICATORS)
    change = next(c for c in beside(now, before) if c.now.domain_kind == "city" and c.now.mode == "intercept")
    assert change.before is not None
    a, b = change.before.estimate, change.now.estimate
    assert change.difference == pytest.approx(b.value - a.value)
    assert change.se == pytest.approx(sqrt(a.variance + b.variance))
    assert change.lower < change.difference < change.upper


def test_two_waves_that_all_agree_may_still_differ() -> None:
    rows = wave(1).assign(aware=1.0)
    now, before = wave_rates(rows, margins(), INDICATORS), wave_rates(rows, margins(), INDICATORS)
    change = next(c for c in beside(now, before) if (c.now.domain_kind, c.now.indicator) == ("city", "aware"))
    assert change.before is not None
    down = change.before.estimate.upper - change.before.estimate.lower
    assert (change.difference, change.lower, change.upper) == pytest.approx((0, -down, down))
    assert change.se > 0


def test_a_rate_that_was_not_there_before_has_no_change() -> None:
    now = wave_rates(wave(1), margins(), INDICATORS)
    assert all(isnan(change.difference) and change.before is None for change in beside(now, replace(now, rates=())))


def coverage(mistake: bool) -> float:
    """How often the district's interval holds the truth, over 150 waves of 24 points with correlated answers."""
    rng = np.random.default_rng(8)
    hits = 0
    population = margins(2)
    for _ in range(150):
        share = rng.beta(0.7 * 12, 0.3 * 12, (2, 12))
        district, point = np.repeat([0, 1], 120), np.tile(np.repeat(np.arange(12), 10), 2)
        answers = (rng.random(240) < share[district, point]).astype(float)
        unit = np.arange(240) if mistake else point
        rows = pd.DataFrame(
            {
                "mode": "intercept",
                "district": [f"D{d}" for d in district],
                "street": "S",
                "neighbourhood": "N",
                "point": [f"{u}" for u in unit],
                "sex": rng.choice(["F", "M"], 240),
                "age_band": rng.choice(["18-34", "35-59", "60+"], 240),
                "aware": answers,
            }
        )
        estimate = found(wave_rates(rows, population, INDICATORS[:1]), "aware", "intercept", "district", "D1")
        hits += estimate.lower <= 0.7 <= estimate.upper
    return hits / 150


def test_the_interval_of_a_district_holds_the_truth_as_often_as_it_says() -> None:
    assert coverage(mistake=False) >= 0.91


def test_taking_every_interview_for_its_own_point_would_be_seen() -> None:
    assert coverage(mistake=True) < 0.90
