"""Domains by several columns at once: the same numbers as one by one, every row in a domain, and honest comparisons."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import analysis.estimate
from analysis import domains
from analysis.calibration import margin, poststratify
from analysis.design import Design, LonelyStrata, declare
from analysis.domains import DomainError, by
from analysis.drawn_replicates import draw_replicates
from analysis.estimate import Estimate, difference, mean, proportion, ratio, total
from tests.analysis.samples import clustered


def gappy(seed: int = 1) -> pd.DataFrame:
    """Some do not say their sex, and a few scores are missing."""
    sample = clustered(seed)
    rng = np.random.default_rng(seed)
    sample.loc[rng.random(len(sample)) < 0.1, "sex"] = None
    sample.loc[rng.random(len(sample)) < 0.1, "score"] = np.nan
    return sample.assign(tries=rng.integers(1, 5, len(sample)))


def of(sample: pd.DataFrame, **more: Any) -> Design:
    return declare(sample, ids=["point"], strata="district", weights="w", nest=True, **more)


def two_stages(sample: pd.DataFrame) -> Design:
    numbered = sample.assign(row=range(len(sample)), N=9, M=40)
    return declare(numbered, ids=["point", "row"], strata="district", weights="w", fpc=["N", "M"], nest=True)


def with_a_lonely_point(sample: pd.DataFrame) -> pd.DataFrame:
    return sample[(sample["district"] != "D2") | (sample["point"] == "P0")].reset_index(drop=True)


def poststratified(sample: pd.DataFrame) -> Design:
    ages = pd.DataFrame({"age_band": ["18-34", "35-59", "60+"], "population": [800.0, 900.0, 700.0]})
    return poststratify(of(sample), margin(sample, ages))


def replicated(sample: pd.DataFrame) -> Design:
    return draw_replicates(of(sample), "JKn")


DESIGNS: dict[str, tuple[Callable[[pd.DataFrame], Design], pd.DataFrame]] = {
    "one stage": (of, gappy()),
    "every row by itself": (lambda sample: declare(sample, weights="w"), gappy()),
    "two stages": (two_stages, gappy()),
    "lonely, adjusted": (
        lambda sample: of(sample, lonely="adjust", lonely_domains=True),
        with_a_lonely_point(gappy()),
    ),
    "lonely, averaged": (lambda sample: of(sample, lonely="average"), with_a_lonely_point(gappy())),
    "post-stratified": (poststratified, gappy()),
    "replicates": (replicated, gappy()),
}


def one_by_one(design: Design, sample: pd.DataFrame, kind: str, inside: np.ndarray[Any, Any]) -> Estimate:
    if kind == "ratio":
        return ratio(design, sample["score"], sample["tries"], inside)
    if kind == "proportion":
        return proportion(design, sample["aware"], inside)
    return (mean if kind == "mean" else total)(design, sample["score"], inside)


FIELDS = ("value", "se", "variance", "df", "n", "n_effective", "lower", "upper", "deff")


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("kind", ["mean", "total", "proportion", "ratio"])
def test_all_domains_at_once_are_what_each_is_by_itself(name: str, kind: Any) -> None:
    make, sample = DESIGNS[name]
    design = make(sample)
    found = by(
        design,
        sample,
        ["sex", "age_band"],
        "aware" if kind == "proportion" else "score",
        kind,
        denominator="tries" if kind == "ratio" else None,
    )
    assert len(found.results) == 9  # three with unknown sex
    for one in found.results:
        sex, age = one.levels
        own = sample["sex"].isna() if sex is None else sample["sex"] == sex
        alone = one_by_one(design, sample, kind, (own & (sample["age_band"] == age)).to_numpy())
        for field in FIELDS:
            assert getattr(one.estimate, field) == pytest.approx(getattr(alone, field), rel=1e-9, nan_ok=True), field
        assert (one.estimate.basis, one.estimate.interval) == (alone.basis, alone.interval)
        if kind != "ratio":  # a single ratio carries no notes
            assert one.estimate.notes == alone.notes


def test_domains_come_in_the_order_of_their_levels_and_missing_last() -> None:
    sample = gappy()
    found = by(of(sample), sample, ["sex", "age_band"], "score")
    assert [one.levels for one in found.results][2:7] == [
        ("F", "60+"),
        ("M", "18-34"),
        ("M", "35-59"),
        ("M", "60+"),
        (None, "18-34"),
    ]
    shuffled = sample.sample(frac=1, random_state=4).reset_index(drop=True)
    assert [one.levels for one in by(of(shuffled), shuffled, ["sex", "age_band"], "score").results] == [
        one.levels for one in found.results
    ]
    assert found.of(None, "60+").n > 0


def test_no_row_is_dropped() -> None:
    sample = gappy()
    totals = by(of(sample), sample, ["sex", "age_band"], sample["score"].fillna(0), "total")
    whole = total(of(sample), sample["score"])
    assert sum(one.estimate.value for one in totals.results) == pytest.approx(whole.value)
    # The total of all is the contrast with every coefficient 1, and has the variance of the whole.
    together = totals.contrast({one.levels: 1.0 for one in totals.results})
    assert together.se == pytest.approx(total(of(sample), sample["score"].fillna(0)).se, rel=1e-9)


def test_a_domain_in_which_nobody_answered_is_there_and_says_so() -> None:
    sample = gappy()
    sample.loc[sample["age_band"] == "60+", "score"] = np.nan
    found = by(of(sample), sample, "age_band", "score").of("60+")
    assert (found.n, found.notes, found.basis) == (0, ("no_answers",), "none")
    assert np.isnan([found.value, found.se, found.lower]).all()


@pytest.mark.parametrize("name", DESIGNS)
def test_a_difference_is_the_one_of_two_domains_with_their_covariance(name: str) -> None:
    make, sample = DESIGNS[name]
    design = make(sample)
    found = by(design, sample, "age_band", "score").difference("18-34", "60+")
    a, b = ((sample["age_band"] == level).to_numpy() for level in ("18-34", "60+"))
    alone = difference(design, sample["score"], a, b)
    for field in ("value", "se", "variance", "df", "n", "lower", "upper"):
        assert getattr(found, field) == pytest.approx(getattr(alone, field), rel=1e-9), field
    assert found.covariance[0, 1] == pytest.approx(alone.covariance, rel=1e-8, abs=1e-12)


def test_a_change_between_waves_at_the_same_points_has_their_covariance() -> None:
    first = clustered(strata=4, points=8)
    # The same points a wave later: what made a point differ from others still does.
    second = first.assign(score=first["score"] + 3 + np.random.default_rng(2).normal(0, 2, len(first)))
    both = pd.concat([first.assign(wave=1), second.assign(wave=2)], ignore_index=True)
    waves = by(of(both), both, "wave", "score")
    change = waves.difference(1, 2)
    assert change.value == pytest.approx(waves.of(2).value - waves.of(1).value)
    as_if_independent = waves.of(1).variance + waves.of(2).variance
    assert change.variance < 0.3 * as_if_independent
    assert change.df == 4 * 8 - 4
    apart = both.assign(point=both["point"] + both["wave"].astype(str))
    independent = by(of(apart.assign(district=apart["district"] + apart["wave"].astype(str))), apart, "wave", "score")
    assert independent.difference(1, 2).variance == pytest.approx(as_if_independent, rel=1e-9)


def test_the_change_of_a_gap_is_a_contrast_of_four_domains() -> None:
    sample = gappy()
    found = by(of(sample), sample, ["district", "sex"], "score")
    gap = found.contrast({("D0", "F"): 1, ("D0", "M"): -1, ("D1", "F"): -1, ("D1", "M"): 1})
    d0, d1 = found.difference(("D0", "M"), ("D0", "F")), found.difference(("D1", "M"), ("D1", "F"))
    assert gap.value == pytest.approx(d0.value - d1.value)
    # Districts are strata here, so what happens in one says nothing about the other.
    assert gap.variance == pytest.approx(d0.variance + d1.variance, rel=1e-9)
    assert gap.df == d0.df + d1.df


def test_the_covariance_matrix_holds_the_variances_and_is_symmetric() -> None:
    sample = gappy()
    found = by(of(sample), sample, "age_band", "aware", "proportion")
    v = found.covariance()
    assert np.diag(v) == pytest.approx([one.estimate.variance for one in found.results])
    assert (v == v.T).all()
    assert found.covariance(["60+", "18-34"])[0, 1] == pytest.approx(v[2, 0])


def test_domains_make_a_table() -> None:
    sample = gappy()
    table = by(of(sample), sample, ["sex"], "aware", "proportion").table()
    assert list(table["sex"])[:2] == ["F", "M"]
    assert list(table.columns[:3]) == ["sex", "value", "se"]
    assert len(table) == 3


def test_single_units_are_refused_where_the_design_says_so() -> None:
    sample = with_a_lonely_point(gappy())
    with pytest.raises(LonelyStrata, match="D2"):
        by(of(sample), sample, "age_band", "score")
    only_others = sample.assign(score=sample["score"].where(sample["district"] != "D2"))
    assert by(of(only_others), only_others, "age_band", "score").of("60+").se > 0


def test_what_is_not_there_is_named_with_what_is() -> None:
    sample = gappy()
    design = of(sample)
    with pytest.raises(DomainError, match=r"no column town\. The columns are district"):
        by(design, sample, ["town"], "score")
    with pytest.raises(DomainError, match="no column happiness"):
        by(design, sample, "sex", "happiness")
    with pytest.raises(DomainError, match="district holds something that is not a number"):
        by(design, sample, "sex", "district")
    with pytest.raises(DomainError, match=r"no domain \('X',\) of sex\. There are \('F',\)"):
        by(design, sample, "sex", "score").of("X")
    with pytest.raises(DomainError, match="needs a denominator"):
        by(design, sample, "sex", "score", "ratio")
    with pytest.raises(DomainError, match=r"Recode it, or ask for a mean"):
        by(design, sample, "sex", "score", "proportion")
    with pytest.raises(DomainError, match="10 rows and the design"):
        by(design, sample.iloc[:10], "sex", "score")
    with pytest.raises(DomainError, match="compared with itself"):
        by(design, sample, "sex", "score").difference("F", "F")
    with pytest.raises(DomainError, match="at least one domain"):
        by(design, sample, "sex", "score").contrast({})


def test_a_covariance_left_out_of_a_difference_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = analysis.estimate.ratios

    def apart(*given: Any) -> Any:
        result = right(*given)
        result.covariance[~np.eye(len(result.value), dtype=bool)] = 0.0
        return result

    monkeypatch.setattr("analysis.domains.ratios", apart)
    with pytest.raises(AssertionError):
        test_a_difference_is_the_one_of_two_domains_with_their_covariance("one stage")
    with pytest.raises(AssertionError):
        test_a_change_between_waves_at_the_same_points_has_their_covariance()


def test_degrees_of_freedom_of_the_whole_sample_in_each_domain_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domains, "_degrees_of_freedom", lambda _design, _code, count, _observed: np.full(count, 16.0))
    with pytest.raises(AssertionError):
        test_all_domains_at_once_are_what_each_is_by_itself("every row by itself", "mean")
