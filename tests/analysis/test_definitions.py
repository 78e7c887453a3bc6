"""Rival definitions of one item: the numbers that each gives, the identities between them, the same design for all."""

from dataclasses import replace
from math import isnan

import numpy as np
import pandas as pd
import pytest

from analysis.calibration import margin, poststratify
from analysis.columns import ColumnsError, Indicator
from analysis.definitions import DEFINITIONS, Scale, rival_definitions
from analysis.design import declare
from analysis.estimate import Estimate, mean
from analysis.rates import RateRules, wave_rates
from tests.analysis.samples import margins, wave

FIVE = ("very_satisfied", "fairly_satisfied", "so_so", "fairly_dissatisfied", "very_dissatisfied")
MARKS = {"dont_know": True, "refused": False}
SCALE = Scale(FIVE, MARKS)


def answered(seed: int = 1) -> pd.DataFrame:
    """A wave with an item of five categories, don't know, refused, and people who were not asked."""
    rows = wave(seed)
    rng = np.random.default_rng(seed)
    codes = np.array([*FIVE, "dont_know", "refused", None], dtype=object)
    rows["item"] = rng.choice(codes, len(rows), p=[0.3, 0.25, 0.15, 0.1, 0.05, 0.08, 0.03, 0.04])
    return rows


def by_definition(
    rows: pd.DataFrame,
    scale: Scale = SCALE,
    *,
    population: pd.DataFrame | None = None,
    mode: str = "intercept",
    place: tuple[str, str] = ("city", "city"),
) -> dict[str, Estimate]:
    found = rival_definitions(rows, "item", scale, population)
    return {f.definition: f.estimate for f in found if (f.mode, f.domain_kind, f.domain) == (mode, *place)}


def one_of_each(counts: dict[str, int]) -> pd.DataFrame:
    """Interviews by hand, dealt in turn to ten points of one district."""
    codes = [code for code, count in counts.items() for _ in range(count)]
    place = np.arange(len(codes)) % 10
    return pd.DataFrame(
        {
            "mode": "intercept",
            "district": "D",
            "street": "S",
            "neighbourhood": "N",
            "point": [f"P{each}" for each in place],
            "sex": "F",
            "age_band": "18+",
            "item": codes,
        }
    )


def test_the_numbers_of_a_hundred_answers_worked_by_hand() -> None:
    rows = one_of_each(dict(zip(FIVE, (10, 20, 30, 25, 15), strict=True)))
    found = by_definition(rows)
    assert list(found) == ["top_box", "top_two", "middle_counted", "mean_score"] == list(DEFINITIONS)
    values = {code: estimate.value for code, estimate in found.items()}
    assert values == pytest.approx({"top_box": 0.1, "top_two": 0.3, "middle_counted": 0.6, "mean_score": 46.25})
    assert {code: e.interval for code, e in found.items() if code != "mean_score"} == dict.fromkeys(
        ("top_box", "top_two", "middle_counted"), "wilson"
    )
    assert found["mean_score"].interval == "t"


def test_a_mark_in_the_base_lowers_the_shares_and_has_no_score() -> None:
    rows = one_of_each({**dict(zip(FIVE, (10, 20, 30, 25, 15), strict=True)), "dont_know": 20, "refused": 5})
    inside = by_definition(rows)
    outside = by_definition(rows, replace(SCALE, marks=dict.fromkeys(MARKS, False)))
    assert {code: estimate.n for code, estimate in inside.items()} == {
        "top_box": 120,
        "top_two": 120,
        "middle_counted": 120,
        "mean_score": 100,
    }
    assert inside["top_two"].value == pytest.approx(30 / 120)
    assert outside["top_two"].value == pytest.approx(30 / 100)
    assert inside["mean_score"] == outside["mean_score"]
    assert inside["mean_score"].value == pytest.approx(46.25)


@pytest.mark.parametrize("place", [("city", "city"), ("district", "D2")])
@pytest.mark.parametrize("population", [margins(), None], ids=["weighted", "unweighted"])
def test_a_share_is_the_rate_of_the_indicator_that_counts_its_categories(
    place: tuple[str, str], population: pd.DataFrame | None
) -> None:
    rows = answered()
    counted = {"top_box": FIVE[:1], "top_two": FIVE[:2], "middle_counted": FIVE[:3]}
    for mode in ("intercept", "open_qr"):
        found = by_definition(rows, population=population, mode=mode, place=place)
        for code, categories in counted.items():
            base = rows["item"].isin([*FIVE, "dont_know"])
            by_hand = rows.assign(rate=np.where(base, rows["item"].isin(categories), np.nan))
            rates = wave_rates(by_hand, population, [Indicator("rate", 0.8, {"en": code})])
            assert found[code] == rates.get("rate", mode, *place), (mode, code)


@pytest.mark.parametrize("place", [("city", "city"), ("district", "D2")])
def test_the_mean_score_is_the_post_stratified_mean_of_the_rows(place: tuple[str, str]) -> None:
    rows = answered()
    part = rows[rows["mode"] == "intercept"].reset_index(drop=True)
    design = poststratify(declare(part, ids=["point"], strata="district", nest=True), margin(part, margins()))
    scores = part["item"].map(dict(zip(FIVE, (100.0, 75.0, 50.0, 25.0, 0.0), strict=True)))
    domain = np.ones(len(part), dtype=bool) if place[0] == "city" else (part["district"] == place[1]).to_numpy()
    expected = mean(design, scores.to_numpy(np.float64), domain)
    found = by_definition(rows, population=margins(), place=place)["mean_score"]
    for name in ("value", "se", "df", "n", "n_effective", "lower", "upper", "deff"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-9), name
    assert (found.basis, found.interval, found.level) == ("design", "t", 0.95)
    # Without the post-strata it would be another number, and this comparison would show it.
    blind = mean(declare(part, ids=["point"], strata="district", nest=True), scores.to_numpy(np.float64), domain)
    assert blind.se != pytest.approx(found.se, rel=1e-3)


def test_the_mean_score_of_three_categories_is_the_average_of_two_shares() -> None:
    rows = answered()
    rows["item"] = rows["item"].where(rows["item"].isin(FIVE[:3]))
    found = by_definition(rows, Scale(FIVE[:3]), population=margins())
    assert found["mean_score"].value == pytest.approx(50 * (found["top_box"].value + found["top_two"].value))


def test_the_mean_score_of_two_categories_is_the_share_of_the_better_one() -> None:
    rows = answered()
    rows["item"] = rows["item"].where(rows["item"].isin(FIVE[:2]))
    found = by_definition(rows, Scale(FIVE[:2]), population=margins())
    assert list(found) == ["top_box", "mean_score"]
    assert found["mean_score"].value == pytest.approx(100 * found["top_box"].value)
    assert found["mean_score"].se == pytest.approx(100 * found["top_box"].se)


def test_a_scale_turned_round_turns_the_score_round() -> None:
    rows = answered()
    forward = by_definition(rows, population=margins())
    backward = by_definition(rows, Scale(FIVE[::-1], MARKS), population=margins())
    assert backward["mean_score"].value == pytest.approx(100 - forward["mean_score"].value)
    assert backward["mean_score"].se == pytest.approx(forward["mean_score"].se)
    assert backward["top_box"].value != pytest.approx(forward["top_box"].value)


def test_the_more_categories_count_the_higher_the_share() -> None:
    for rival in (by_definition(answered(seed), population=margins()) for seed in range(5)):
        assert rival["top_box"].value <= rival["top_two"].value <= rival["middle_counted"].value


def test_of_three_categories_the_best_two_are_those_down_to_the_middle_and_stand_once() -> None:
    assert list(Scale(FIVE[:3]).counted) == ["top_box", "top_two"]


def test_an_even_scale_has_no_middle() -> None:
    assert list(Scale(FIVE[:4]).counted) == ["top_box", "top_two"]
    assert Scale(("1", "2", "3", "4", "5", "6", "7")).counted["middle_counted"] == ("1", "2", "3", "4")


def test_self_selected_answers_and_missing_populations_say_so_for_every_definition() -> None:
    rows = answered()
    for estimate in by_definition(rows, mode="open_qr").values():
        assert estimate.basis == "modelled"
        assert {"self_selected", "unweighted"} <= set(estimate.notes)
    for estimate in by_definition(rows, population=margins()).values():
        assert estimate.basis == "design"
        assert estimate.notes == ()


def test_the_city_says_which_districts_it_does_not_speak_for() -> None:
    found = by_definition(answered(), population=margins(5))
    assert all("districts_without_interviews" in estimate.notes for estimate in found.values())
    nobody = by_definition(answered(), population=margins(5), place=("district", "D4"))
    assert {estimate.n for estimate in nobody.values()} == {0}
    assert all(isnan(estimate.value) and estimate.basis == "none" for estimate in nobody.values())


def test_a_wave_without_interviews_has_every_definition_and_no_number() -> None:
    found = by_definition(answered().iloc[:0], population=margins())
    assert list(found) == list(DEFINITIONS)
    for estimate in found.values():
        assert isnan(estimate.value)
        assert (estimate.basis, estimate.notes, estimate.level) == ("none", ("no_answers",), 0.95)


def test_an_item_that_nobody_answered_has_no_number() -> None:
    found = by_definition(answered().assign(item=None), population=margins())
    assert all(estimate.n == 0 and isnan(estimate.value) for estimate in found.values())


def test_the_rules_of_the_rates_hold_here_too() -> None:
    found = rival_definitions(answered(), "item", SCALE, margins(), kinds=("sex",), rules=RateRules(level=0.9))
    assert {each.estimate.level for each in found} == {0.9}
    assert {(each.domain_kind, each.domain) for each in found} == {("sex", "F"), ("sex", "M")}


def test_the_definitions_of_a_domain_stand_together() -> None:
    found = rival_definitions(answered(), "item", SCALE, margins())
    places = [(each.mode, each.domain_kind, each.domain) for each in found]
    assert places[::4] == list(dict.fromkeys(places))
    assert len(places) == 4 * len(set(places))


def test_a_code_that_the_scale_does_not_list_is_refused_by_name() -> None:
    rows = answered()
    rows.loc[3, "item"] = "excellent"
    with pytest.raises(ColumnsError, match="Column item holds excellent"):
        rival_definitions(rows, "item", SCALE, None)
    with pytest.raises(ColumnsError, match="no column question"):
        rival_definitions(rows, "question", SCALE, None)


def test_an_impossible_scale_is_refused() -> None:
    with pytest.raises(ColumnsError, match="lists so_so twice"):
        Scale(("good", "so_so", "so_so"))
    with pytest.raises(ColumnsError, match="lists refused twice"):
        Scale(("good", "bad", "refused"), {"refused": True})
    with pytest.raises(ColumnsError, match="at least two categories"):
        Scale(("good",), {"bad": True})
