"""The fictional city, its truth, and whether samples drawn from it are what they are declared to be."""

import csv
import io

import numpy as np
import pandas as pd
import pytest

from analysis.demonstration_city import BANDS, CITY_CODE, SEXES, SOURCE, SYNTHETIC, City, demonstration_city
from analysis.simulate import Level, Spread, Truth, draw_truth
from analysis.simulated_answers import Question, draw_answers
from analysis.simulated_fieldwork import (
    Crew,
    SelfSelection,
    collection_points,
    intercept_sample,
    latent_correlation,
    open_qr_rate,
    open_qr_sample,
    quota_targets,
)
from tests.reference_data import frames_folder

SEED = 20261


@pytest.fixture(scope="module")
def city() -> City:
    return demonstration_city(np.random.default_rng(SEED))


@pytest.fixture(scope="module")
def truth(city: City) -> Truth:
    return draw_truth(city, np.random.default_rng(SEED + 1))


@pytest.fixture(scope="module")
def points(city: City) -> pd.DataFrame:
    return collection_points(city, np.random.default_rng(SEED + 2))


def _population(city: City, level: str, sex: str = "", band: str = "") -> "pd.Series[int]":
    codes = city.areas.loc[city.areas["level"] == level, "code"]
    table = city.population
    chosen = table[table["area_code"].isin(codes) & (table["sex"] == sex) & (table["age_band"] == band)]
    return chosen.set_index("area_code")["population"]


# The city


def test_the_city_has_the_promised_areas_each_under_its_parent(city: City) -> None:
    assert city.areas.groupby("level").size().to_dict() == {"city": 1, "district": 6, "street": 40, "community": 240}
    lengths = {"city": 6, "district": 6, "street": 9, "community": 12}
    assert (city.areas["code"].str.len() == city.areas["level"].map(lengths)).all()
    above = {"district": "city", "street": "district", "community": "street"}
    levels = city.areas.set_index("code")["level"]
    below = city.areas[city.areas["level"] != "city"]
    assert (below["parent_code"].map(levels) == below["level"].map(above)).all()
    deep = below[below["level"].isin(["street", "community"])]
    assert all(code.startswith(parent) for code, parent in zip(deep["code"], deep["parent_code"], strict=True))


def test_codes_follow_the_national_rule_for_streets_and_towns(city: City) -> None:
    streets = city.areas[city.areas["level"] == "street"]
    third = streets["code"].str[6:].astype(int)
    assert (third.between(1, 99) == streets["name_zh"].str.endswith("街道")).all()
    assert (third.between(100, 199) == streets["name_zh"].str.endswith("镇")).all()


def test_the_city_says_it_is_fictional_and_uses_no_provinces_code(city: City) -> None:
    assert city.areas["code"].str.startswith("99").all()  # provinces end at 82
    first = city.areas.iloc[0]
    assert "虚构" in first["name_zh"]
    assert "fictional" in first["name_en"]
    assert city.population["source"].str.contains("fictional").all()


def test_names_are_unlike_one_another_and_unlike_the_real_frames(city: City) -> None:
    for column in ("code", "name_zh", "name_en"):
        assert city.areas[column].is_unique
        assert (city.areas[column] != "").all()
    real = {
        row["name_zh"].removesuffix("居委会").removesuffix("委会")
        for path in frames_folder().glob("*/areas.csv")
        for row in csv.DictReader(io.StringIO(path.read_text()))
    }
    assert not real & set(city.areas["name_zh"])


def test_every_published_sum_holds(city: City) -> None:
    for level in ("city", "district"):
        total = _population(city, level)
        by_sex = [_population(city, level, sex) for sex in SEXES]
        assert (pd.concat(by_sex, axis=1).sum(axis=1) == total).all()
        for sex, own in zip(SEXES, by_sex, strict=True):
            by_band = [_population(city, level, sex, band) for band in BANDS]
            assert (pd.concat(by_band, axis=1).sum(axis=1) == own).all()
    whole = int(_population(city, "city").iloc[0])
    for level in ("district", "street", "community"):
        assert int(_population(city, level).sum()) == whole
    streets, districts = _population(city, "street"), _population(city, "district")
    assert (streets.groupby(streets.index.str[:6]).sum() == districts).all()
    homes = _population(city, "community")
    assert (homes.groupby(homes.index.str[:9]).sum() == streets).all()


def test_only_neighbourhood_totals_are_labelled_synthetic(city: City) -> None:
    longest = city.population["area_code"].str.len() == 12
    assert set(city.population.loc[longest, "source"]) == {SYNTHETIC}
    assert set(city.population.loc[~longest, "source"]) == {SOURCE}


def test_the_columns_are_those_of_the_real_frame_files(city: City) -> None:
    for name, table in (("areas.csv", city.areas), ("population.csv", city.population)):
        with (frames_folder() / "guangan" / name).open() as file:
            assert next(csv.reader(file)) == list(table.columns)


def test_adults_are_whole_people_and_those_of_18_and_19_are_two_fifths_of_their_band(city: City) -> None:
    everyone = city.people(("0-17", "18-34", "35-59", "60+"))
    assert (everyone[:, :, 1:] == everyone[:, :, 1:].round()).all()
    assert everyone.sum() == pytest.approx(city.counts.sum(), abs=1e-6)
    young = city.people(("18-19",))[:, :, 0]
    assert (young * 5 == city.counts[:, :, BANDS.index("15-19")] * 2).all()


def test_the_same_seed_gives_the_same_city_truth_and_sample() -> None:
    def once(seed: int) -> tuple[City, Truth, pd.DataFrame, pd.DataFrame]:
        rng = np.random.default_rng(seed)
        city = demonstration_city(rng)
        truth = draw_truth(city, rng)
        points = collection_points(city, rng)
        met = intercept_sample(truth, points, quota_targets(truth, 300), rng)
        return city, truth, met, open_qr_sample(truth, points, 100, rng)

    first, again, other = once(7), once(7), once(8)
    pd.testing.assert_frame_equal(first[0].areas, again[0].areas)
    pd.testing.assert_frame_equal(first[0].population, again[0].population)
    assert (first[1].rates == again[1].rates).all()
    pd.testing.assert_frame_equal(first[2], again[2])
    pd.testing.assert_frame_equal(first[3], again[3])
    assert not first[0].areas.equals(other[0].areas)


# The truth


def test_the_true_rate_of_a_larger_area_is_the_mean_of_its_parts_weighted_by_adults(truth: Truth) -> None:
    size = truth.margins.groupby("district")["population"].sum()
    parts = sum(size[code] * truth.rate("awareness", code, wave=1) for code in truth.city.districts)
    assert truth.rate("awareness", wave=1) == pytest.approx(parts / size.sum(), rel=1e-12)
    groups = truth.margins.groupby(["sex", "age_band"], as_index=False)["population"].sum()
    rates = [truth.rate("support", sex=row.sex, age_group=row.age_band) for row in groups.itertuples()]
    by_group = np.average(rates, weights=groups["population"])
    assert truth.rate("support") == pytest.approx(by_group, rel=1e-12)


def test_without_spread_every_rate_is_its_level_and_drifts_as_declared(city: City) -> None:
    still = Spread(district=0, neighbourhood=0, age=0, sex=0, wave=0)
    rng = np.random.default_rng(SEED)
    truth = draw_truth(city, rng, levels=(Level("awareness", 0.8, 0.5),), waves=2, spread=still)
    assert truth.rates[0] == pytest.approx(0.8)
    odds = truth.rates[1] / (1 - truth.rates[1])
    assert odds == pytest.approx(4 * np.exp(0.5))


def test_an_unknown_area_has_no_rate(truth: Truth) -> None:
    with pytest.raises(KeyError, match="990199"):
        truth.rate("awareness", "990199")


# Fieldwork


def test_quota_targets_sum_exactly_to_what_was_asked(truth: Truth) -> None:
    assert quota_targets(truth, 1000).sum() == 1000
    each = {code: 50 + turn for turn, code in enumerate(truth.city.districts)}
    assert quota_targets(truth, each).groupby(level=0).sum().to_dict() == each


def test_no_cell_is_overfilled_and_nearly_all_are_filled(truth: Truth, points: pd.DataFrame) -> None:
    targets = quota_targets(truth, 2400)
    met = intercept_sample(truth, points, targets, np.random.default_rng(SEED))
    done = met[met["disposition"] == "complete"].groupby(["district", "sex", "age_band"], observed=False).size()
    assert (done <= targets).all()
    assert done.sum() > 0.95 * 2400


def test_every_approach_has_an_outcome_and_only_interviews_have_answers(truth: Truth, points: pd.DataFrame) -> None:
    met = intercept_sample(truth, points, quota_targets(truth, 1200), np.random.default_rng(SEED))
    assert set(met["disposition"]) == {"complete", "partial", "refused", "ineligible", "over_quota"}
    interviewed = met["disposition"].isin(["complete", "over_quota"])
    assert met.loc[interviewed, list(truth.indicators)].isin([0.0, 1.0]).all(axis=None)
    assert met.loc[~interviewed, list(truth.indicators)].isna().all(axis=None)
    assert met.loc[met["disposition"] == "ineligible", "neighbourhood"].isna().all()
    assert met["minute"].is_monotonic_increasing
    assert (met["minute"] % 1440).between(8 * 60, 20 * 60).all()
    refused = (met["disposition"] == "refused").mean()
    assert refused == pytest.approx(Crew().refused, abs=0.04)


def test_most_people_are_met_near_their_home(truth: Truth, points: pd.DataFrame) -> None:
    met = intercept_sample(truth, points, quota_targets(truth, 6000), np.random.default_rng(SEED))
    met = met[met["disposition"] == "complete"]
    at = points["neighbourhood"].to_numpy(dtype=str)[met["point"]]
    home = met["neighbourhood"].astype(str)
    assert 0.35 < (home == at).mean() < 0.65
    assert (home.str[:9] == [code[:9] for code in at]).mean() > 0.65
    assert (home.str[:6] == [code[:6] for code in at]).mean() > 0.9


def test_outcomes_occur_as_often_as_the_truth_says_cell_by_cell(truth: Truth, points: pd.DataFrame) -> None:
    met = intercept_sample(
        truth, points, quota_targets(truth, 200_000), np.random.default_rng(SEED), crew=Crew(icc=0.0)
    )
    met = met[met["disposition"] == "complete"]
    numbers = {
        "neighbourhood": truth.city.neighbourhoods["code"].tolist(),
        "sex": list(SEXES),
        "age_band": list(truth.age_groups),
    }
    at = tuple(met[name].astype(str).map(codes.index).to_numpy() for name, codes in numbers.items())
    for i, code in enumerate(truth.indicators):
        expected = truth.rates[0, i][at]
        error = np.sqrt((expected * (1 - expected)).sum())
        assert abs(met[code].sum() - expected.sum()) < 4 * error
        # and not only in all: each cell's standardised error is about standard normal
        table = pd.DataFrame(
            {"y": met[code].to_numpy(), "p": expected, "cell": np.ravel_multi_index(at, truth.people.shape)}
        )
        sums = table.assign(v=table["p"] * (1 - table["p"])).groupby("cell").sum()
        sums = sums[sums["v"] > 5]
        spread = (((sums["y"] - sums["p"]) ** 2) / sums["v"]).mean()
        assert spread == pytest.approx(1, abs=5 * np.sqrt(2 / len(sums)))


def _icc(outcome: "pd.Series[float]", point: "pd.Series[int]") -> float:
    """The analysis-of-variance estimator of the intraclass correlation (Donner 1986)."""
    groups = outcome.groupby(point)
    size = groups.size()
    within = ((outcome - groups.transform("mean")) ** 2).sum() / (len(outcome) - len(size))
    between = (size * (groups.mean() - outcome.mean()) ** 2).sum() / (len(size) - 1)
    usual = (len(outcome) - (size**2).sum() / len(outcome)) / (len(size) - 1)
    return float((between - within) / (between + (usual - 1) * within))


@pytest.mark.parametrize("declared", [0.0, 0.04, 0.10])
def test_people_met_at_one_point_are_as_alike_as_declared(city: City, declared: float) -> None:
    still = Spread(district=0, neighbourhood=0, age=0, sex=0, wave=0)
    rng = np.random.default_rng(SEED)
    levels = tuple(Level(f"at_{rate}", rate) for rate in (0.2, 0.5, 0.9))
    truth = draw_truth(city, rng, levels=levels, spread=still)
    points = collection_points(city, rng, per_district=28)
    points = pd.concat([points] * 12, ignore_index=True)  # 2016 points: the ICC itself has a wide sampling error
    met = intercept_sample(truth, points, quota_targets(truth, 60_000), rng, crew=Crew(icc=declared))
    met = met[met["disposition"] == "complete"]
    for level in levels:
        assert _icc(met[level.code], met["point"]) == pytest.approx(declared, abs=0.012)
        assert met[level.code].mean() == pytest.approx(level.rate, abs=0.02)


def test_the_latent_correlation_at_one_half_is_the_known_sine() -> None:
    # P(both) = 1/4 + asin(r) / (2 pi) at p = 1/2, so icc = 2 asin(r) / pi (Sheppard 1899)
    for icc in (0.03, 0.2):
        assert latent_correlation(np.array([0.5]), icc)[0] == pytest.approx(np.sin(np.pi * icc / 2), abs=1e-6)


def test_open_qr_rates_tend_to_the_declared_biased_rate(truth: Truth, points: pd.DataFrame) -> None:
    selection = SelfSelection(engagement=0.5)
    sample = open_qr_sample(truth, points, 200_000, np.random.default_rng(SEED), wave=2, selection=selection)
    for code in truth.indicators:
        expected = open_qr_rate(truth, points, code, wave=2, selection=selection)
        assert sample[code].mean() == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 180_000))
        assert expected - truth.rate(code, wave=2) > 0.01


def test_without_selection_open_qr_is_not_biased_but_by_where_posters_hang(city: City) -> None:
    still = Spread(district=0, neighbourhood=0, age=0, sex=0, wave=0)
    truth = draw_truth(city, np.random.default_rng(SEED), spread=still)
    points = collection_points(city, np.random.default_rng(SEED))
    for code in truth.indicators:
        selected = open_qr_rate(truth, points, code, selection=SelfSelection(engagement=0.0))
        assert selected == pytest.approx(truth.rate(code), rel=1e-12)


def test_those_who_scan_are_younger_and_more_often_women(truth: Truth, points: pd.DataFrame) -> None:
    sample = open_qr_sample(truth, points, 20_000, np.random.default_rng(SEED))
    adults = truth.margins
    women = adults.loc[adults["sex"] == "F", "population"].sum() / adults["population"].sum()
    young = adults.loc[adults["age_band"] == "18-34", "population"].sum() / adults["population"].sum()
    assert (sample["sex"] == "F").mean() > women + 0.03
    assert (sample["age_band"] == "18-34").mean() > young + 0.1


# Answers


@pytest.fixture(scope="module")
def people(truth: Truth, points: pd.DataFrame) -> pd.DataFrame:
    return intercept_sample(truth, points, quota_targets(truth, 12_000), np.random.default_rng(SEED))


def test_an_indicator_item_says_what_the_person_thinks_but_for_dont_know(people: pd.DataFrame) -> None:
    question = Question(
        "q1",
        ("well", "a little", "no"),
        (0.3, 0.5, 0.2),
        indicator="awareness",
        counted=frozenset({"well", "a little"}),
        dont_know="dk",
        dont_know_rate=0.06,
    )
    answers = draw_answers(people, [question], np.random.default_rng(SEED))["q1"]
    whole = people["disposition"] == "complete"
    known = whole & (answers != "dk")
    assert (answers[known].isin(["well", "a little"]) == (people.loc[known, "awareness"] == 1)).all()
    assert (answers[whole] == "dk").mean() == pytest.approx(0.06, abs=0.01)
    counted = answers[known & (people["awareness"] == 1)]
    assert (counted == "well").mean() == pytest.approx(3 / 8, abs=0.02)


def test_opinions_have_their_shares_and_lean_on_the_persons_favour(people: pd.DataFrame) -> None:
    question = Question("q", ("5", "4", "3", "2", "1"), (0.3, 0.35, 0.2, 0.1, 0.05), pull=0.6)
    answers = draw_answers(people, [question], np.random.default_rng(SEED))["q"]
    careful = (people["disposition"] == "complete") & (people["manner"] == "careful")
    shares = answers[careful].value_counts(normalize=True)
    assert [shares[code] for code in question.categories] == pytest.approx(question.shares, abs=0.05)
    scores = answers[careful].astype(int)
    assert np.corrcoef(scores, people.loc[careful, "favour"])[0, 1] == pytest.approx(0.57, abs=0.05)


def test_straight_liners_tick_the_first_opinion_every_time(people: pd.DataFrame) -> None:
    questions = [Question(f"q{i}", ("5", "4", "3"), pull=0.5) for i in range(5)]
    answers = draw_answers(people, questions, np.random.default_rng(SEED))
    straight = (people["manner"] == "straight_lining") & (people["disposition"] == "complete")
    assert straight.sum() > 100
    assert (answers[straight] == "5").all(axis=None)


def test_the_hasty_take_a_quarter_of_the_time(people: pd.DataFrame) -> None:
    whole = people[people["disposition"] == "complete"]
    medians = whole.groupby("manner", observed=True)["seconds"].median()
    assert medians["hasty"] / medians["careful"] == pytest.approx(0.25, abs=0.05)


def test_what_was_not_asked_has_no_answer(people: pd.DataFrame) -> None:
    questions = [
        Question("sex", column="sex", renamed={"F": "woman", "M": "man"}),
        Question("took_part", ("yes", "no"), indicator="participation", counted=frozenset({"yes"})),
        Question("how_often", ("often", "once"), asked_if=("took_part", frozenset({"yes"}))),
    ]
    answers = draw_answers(people, questions, np.random.default_rng(SEED))
    whole = people["disposition"] == "complete"
    assert (answers.loc[whole, "sex"] == people.loc[whole, "sex"].map({"F": "woman", "M": "man"})).all()
    assert (answers.loc[whole, "how_often"].notna() == (answers.loc[whole, "took_part"] == "yes")).all()
    nobody = people["disposition"].isin(["refused", "ineligible"])
    assert answers[nobody].isna().all(axis=None)
    broken_off = answers[people["disposition"] == "partial"]
    assert broken_off["sex"].notna().all()
    assert 0 < broken_off["took_part"].isna().mean() < 1


def test_the_city_code_is_the_whole_city(truth: Truth) -> None:
    everyone = (truth.people * truth.rates[0, 0]).sum() / truth.people.sum()
    assert truth.rate("awareness", CITY_CODE) == pytest.approx(everyone, rel=1e-12)
