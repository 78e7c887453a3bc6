"""Replicates drawn from a design: R's numbers, identities, the linearised variance, refusals with the way out."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis import drawn_replicates
from analysis.calibration import calibrate, margin, poststratify, rake
from analysis.design import Design, DesignError, Floats, LonelyStrata, declare
from analysis.drawn_replicates import Kind, draw_replicates
from analysis.estimate import mean, ratio, total
from analysis.hadamard import hadamard
from tests.analysis.samples import clustered


def made(**more: Any) -> pd.DataFrame:
    """Twelve rows in 2, 3 and 2 units of three strata: small enough to type into R."""
    frame = pd.DataFrame(
        {
            "h": list("aaaaabbbbbbccc"),
            "u": [1, 1, 2, 2, 2, 3, 3, 4, 5, 5, 5, 6, 6, 7],
            "w": [2.0, 3, 2, 4, 1, 5, 5, 6, 2, 2, 3, 7, 1, 2],
            "y": [1.0, 4, 2, 8, 5, 7, 1, 3, 9, 2, 6, 5, 3, 4],
            "x": [2.0, 1, 3, 2, 2, 5, 1, 4, 3, 2, 2, 1, 2, 3],
            "N": [4] * 5 + [9] * 6 + [2] * 3,
        }
    )
    return frame.assign(M=frame["N"] + 3).assign(**more)


def of(frame: pd.DataFrame, **more: Any) -> Design:
    return declare(frame, ids=["u"], strata="h", weights="w", **more)


def two_a_stratum() -> pd.DataFrame:
    sample = clustered(strata=6)
    return sample[sample["point"].isin(["P0", "P1"])].reset_index(drop=True)


def nested(sample: pd.DataFrame, **more: Any) -> Design:
    return declare(sample, ids=["point"], strata="district", weights="w", nest=True, **more)


# R survey 4.1-1, svydesign(~u, strata=~h, weights=~w, fpc=...), as.svrepdesign(type="JKn" or "JK1"), options as given:
# the standard errors of svytotal(~y) and svyratio(~y, ~x), degf, sum of rscales, scale.
R_FIELDS = ("id", "type", "strata", "fpc", "mse", "lonely", "total", "ratio", "df", "scale", "rscales")
R_ROWS: list[tuple[Any, ...]] = [
    ("unstratified", "JK1", False, "", False, "fail", 38.2143079662, 0.425929397757, 6, 0.857142857143, 7),
    ("unstratified, mse", "JK1", False, "", True, "fail", 38.2143079662, 0.426657928832, 6, 0.857142857143, 7),
    ("stratified", "JKn", True, "", False, "fail", 45.9673797382, 0.379349485442, 4, 1, 4),
    ("stratified, mse", "JKn", True, "", True, "fail", 45.9673797382, 0.379369376508, 4, 1, 4),
    ("a stratum taken whole", "JKn", True, "N", False, "fail", 26.2138640163, 0.244928075831, 3, 1, 1.83333333333),
    ("a single unit, remove", "JKn", True, "", False, "remove", 37.2021504755, 0.422186963681, 3, 1, 3),
    ("a single unit, adjust", "JKn", True, "", False, "adjust", 56.7603800264, 0.422781413506, 4, 1, 3.66666666667),
    ("a single unit, average", "JKn", True, "", False, "average", 40.7529140062, 0.462482646985, 3, 1.2, 3),
    (
        "a single unit, adjust, fpc",
        "JKn",
        True,
        "M",
        False,
        "adjust",
        51.5426109228,
        0.350963845191,
        4,
        1,
        2.76666666667,
    ),
    ("a single unit, average, mse", "JKn", True, "", True, "average", 40.7529140062, 0.462675492072, 3, 1.2, 3),
]
R_ANSWERS = [dict(zip(R_FIELDS, row, strict=True)) for row in R_ROWS]


@pytest.mark.parametrize("case", R_ANSWERS, ids=lambda case: case["id"])
def test_a_drawn_jackknife_is_the_one_of_r(case: dict[str, Any]) -> None:
    frame = lonely_rows() if "single" in case["id"] else made()
    design = declare(
        frame,
        ids=["u"],
        strata="h" if case["strata"] else None,
        weights="w",
        fpc=[case["fpc"]] if case["fpc"] else None,
        lonely=case["lonely"],
    )
    drawn = draw_replicates(design, case["type"], mse=case["mse"])
    assert drawn.replicates is not None
    found = {
        "total": total(drawn, frame["y"]).se,
        "ratio": ratio(drawn, frame["y"], frame["x"]).se,
        "df": drawn.replicates.df,
        "scale": drawn.replicates.scale,
        "rscales": drawn.replicates.rscales.sum(),
    }
    assert found == pytest.approx({name: case[name] for name in found}, rel=1e-10)


@pytest.mark.parametrize("kind", ["BRR", "Fay"])
def test_half_samples_give_a_total_its_linearised_variance(kind: str) -> None:
    sample = two_a_stratum()
    design = nested(sample)
    drawn = draw_replicates(design, kind, rho=0.4 if kind == "Fay" else None)
    linear = total(design, sample["score"])
    assert total(drawn, sample["score"]).se == pytest.approx(linear.se, rel=1e-12)
    assert total(drawn, sample["score"], (sample["sex"] == "F").to_numpy()).se == pytest.approx(
        total(design, sample["score"], (sample["sex"] == "F").to_numpy()).se, rel=1e-12
    )
    assert mean(drawn, sample["score"]).se == pytest.approx(mean(design, sample["score"]).se, rel=0.1)
    assert drawn.replicates is not None
    assert drawn.replicates.df == 6
    # The mean of balanced half-samples is the full-sample total, so both ways to centre are the same.
    drawn_mse = draw_replicates(design, kind, rho=0.4 if kind == "Fay" else None, mse=True)
    assert total(drawn_mse, sample["score"]).se == pytest.approx(linear.se, rel=1e-12)


def test_strata_of_four_units_are_split_into_pairs_in_the_order_of_the_rows() -> None:
    frame = pd.DataFrame({"u": [9, 7, 8, 6], "h": "a", "k": 1.0}).assign(y=[1.0, 2.0, 5.0, 9.0])
    both = pd.concat([frame, frame.assign(h="b", u=frame["u"] + 10)], ignore_index=True)
    design = declare(both, ids=["u"], strata="h", weights="k")
    # Pairs (1, 2) and (5, 9) in each stratum: the variance is the sum of the squared differences.
    assert total(draw_replicates(design, "BRR"), both["y"]).variance == pytest.approx(2 * (1 + 16))


@pytest.mark.parametrize(("least", "order"), [(2, 4), (5, 8), (9, 12), (13, 16), (26, 28), (49, 56), (101, 104)])
def test_a_hadamard_matrix_has_orthogonal_rows_of_ones(least: int, order: int) -> None:
    found = hadamard(least)
    assert found.shape == (order, order)
    assert (np.abs(found) == 1).all()
    assert (found[0] == 1).all()
    assert (found @ found.T == order * np.eye(order)).all()


@pytest.mark.parametrize("kind", ["bootstrap", "subbootstrap"])
@pytest.mark.parametrize("calibrated", [False, True])
def test_a_bootstrap_comes_to_the_linearised_variance(kind: str, calibrated: bool) -> None:
    sample = clustered(strata=3, points=12)
    design = nested(sample)
    if calibrated:
        people = pd.DataFrame({"sex": ["F", "M"], "population": [900.0, 1500.0]})
        design = poststratify(design, margin(sample, people))
    drawn = draw_replicates(design, kind, rng=np.random.default_rng(3), count=1500)
    # 1500 replicates know a standard error to some 2 %; the ratio's curvature adds about as much.
    assert mean(drawn, sample["score"]).se == pytest.approx(mean(design, sample["score"]).se, rel=0.08)
    assert total(drawn, sample["score"]).se == pytest.approx(total(design, sample["score"]).se, rel=0.08)


def test_the_bootstrap_resamples_whole_units_as_often_as_there_are() -> None:
    design = of(made())
    drawn = draw_replicates(design, "bootstrap", rng=np.random.default_rng(1), count=40)
    assert drawn.replicates is not None
    times = drawn.replicates.factors(design.weights)
    unit = design.stages[0].unit
    first = np.unique(unit, return_index=True)[1]
    assert (times == times[first][unit]).all()
    for stratum in range(3):
        inside = design.stages[0].stratum_of_unit == stratum
        assert (times[first][inside].sum(axis=0) == inside.sum()).all()
    assert drawn.replicates.scale == pytest.approx(2.25 / (1.25 * 39))  # 2.25 is the harmonic mean of 2, 3 and 2


def test_a_bootstrap_from_a_stratum_taken_whole_does_not_vary_there() -> None:
    frame = made()
    drawn = draw_replicates(of(frame, fpc=["N"]), "bootstrap", rng=np.random.default_rng(1), count=30)
    taken_whole = (frame["h"] == "c").to_numpy()
    assert total(drawn, frame["y"], taken_whole).se == 0
    assert total(drawn, frame["y"], ~taken_whole).se > 0


def test_replicates_come_from_the_first_stage_and_carry_its_correction() -> None:
    frame = made(pupil=range(14), M=20)
    one, two = of(frame, fpc=["N"]), declare(frame, ids=["u", "pupil"], strata="h", weights="w", fpc=["N", "M"])
    first, second = (total(draw_replicates(design, "JKn"), frame["y"]).se for design in (one, two))
    assert first == pytest.approx(second, rel=1e-12)
    assert first == pytest.approx(total(one, frame["y"]).se, rel=1e-12)


def as_it_is(design: Design, _sample: pd.DataFrame) -> Design:
    return design


def poststratified(design: Design, sample: pd.DataFrame) -> Design:
    people = pd.DataFrame({"sex": ["F", "M"], "population": [900.0, 1500.0]})
    return poststratify(design, margin(sample, people))


def raked(design: Design, sample: pd.DataFrame) -> Design:
    ages = pd.DataFrame({"age_band": ["18-34", "35-59", "60+"], "population": [800.0, 900.0, 700.0]})
    sexes = pd.DataFrame({"sex": ["F", "M"], "population": [900.0, 1500.0]})
    return rake(design, [margin(sample, ages), margin(sample, sexes)])


def regressed(design: Design, sample: pd.DataFrame) -> Design:
    x = np.column_stack([np.ones(len(sample)), sample["sex"] == "F"]).astype(float)
    return calibrate(design, x, np.array([2400.0, 900.0]), distance="logit", bounds=(0.2, 8.0))


def twice(design: Design, sample: pd.DataFrame) -> Design:
    return regressed(raked(design, sample), sample)


@pytest.mark.parametrize("step", [as_it_is, poststratified, raked, regressed, twice])
def test_drawing_and_calibrating_may_come_in_either_order(step: Any) -> None:
    sample = clustered()
    drawn_first = step(draw_replicates(nested(sample), "JKn"), sample)
    drawn_last = draw_replicates(step(nested(sample), sample), "JKn")
    assert drawn_first.replicates is not None
    assert drawn_last.replicates is not None
    assert np.allclose(drawn_last.replicates.weights, drawn_first.replicates.weights, rtol=1e-10)
    assert total(drawn_last, sample["score"]).se == pytest.approx(total(drawn_first, sample["score"]).se, rel=1e-9)


@pytest.mark.parametrize("step", [poststratified, raked, regressed])
def test_every_replicate_of_a_calibrated_design_meets_the_totals(step: Any) -> None:
    sample = clustered()
    drawn = draw_replicates(step(nested(sample), sample), "JKn")
    assert drawn.replicates is not None
    women = (sample["sex"] == "F").to_numpy()
    assert drawn.replicates.weights[women].sum(axis=0) == pytest.approx(np.full(drawn.replicates.weights.shape[1], 900))
    assert total(drawn, women.astype(float)).se == pytest.approx(0, abs=1e-6)


def lonely_rows() -> pd.DataFrame:
    return made().drop(index=[2, 3, 4]).reset_index(drop=True)


REFUSED: list[tuple[str, pd.DataFrame, dict[str, Any], dict[str, Any], str]] = [
    ("JK1", made(), {}, {}, r"JK1 is for designs without strata.*a, b.*JKn"),
    ("BRR", made(), {}, {}, r"b has an odd one.*JKn or a bootstrap, or merge"),
    ("BRR", made(h="a").iloc[:11], {}, {}, r"a has an odd one"),
    (
        "BRR",
        made(h="a", u=[1, 1, 2, 2, 2, 3, 3, 4, 4, 4, 4, 3, 3, 4]),
        {},
        {},
        r"one stratum of 4 units.*declare strata",
    ),
    ("jackknife", made(), {}, {}, r"no replicates called jackknife.*JK1, JKn, BRR, Fay, bootstrap, subbootstrap"),
    ("Fay", two_a_stratum(), {}, {}, r"needs rho"),
    ("BRR", two_a_stratum(), {}, {"rho": 0.3}, r"only Fay's, needs rho"),
    ("bootstrap", made(), {}, {}, r"random generator \(rng\)"),
    ("bootstrap", made(), {}, {"rng": np.random.default_rng(1), "count": 1}, r"at least 2 replicates"),
    ("JKn", lonely_rows(), {}, {}, r"Stratum a at stage 1.*Merge"),
    ("bootstrap", lonely_rows(), {}, {"rng": np.random.default_rng(1)}, r"Stratum a at stage 1.*Merge"),
    ("bootstrap", lonely_rows(), {"lonely": "adjust"}, {"rng": np.random.default_rng(1)}, r"single unit of a.*JKn"),
    ("JKn", made(N=[2] * 5 + [3] * 6 + [2] * 3), {"fpc": ["N"]}, {}, r"No stratum has a unit.*a, b, c.*declared"),
]


@pytest.mark.parametrize(("kind", "frame", "declared", "asked", "message"), REFUSED)
def test_a_design_that_does_not_suit_is_refused_with_the_way_out(
    kind: str, frame: pd.DataFrame, declared: dict[str, Any], asked: dict[str, Any], message: str
) -> None:
    design = of(frame, **declared) if "u" in frame else nested(frame, **declared)
    with pytest.raises(DesignError, match=message):
        draw_replicates(design, kind, **asked)


def test_a_single_unit_is_named_to_programs_too() -> None:
    with pytest.raises(LonelyStrata) as found:
        draw_replicates(of(lonely_rows()), Kind.JKN)
    assert (found.value.strata, found.value.stage) == (("a",), 1)


def test_replicates_are_not_drawn_from_replicates() -> None:
    drawn = draw_replicates(of(made()), "JKn")
    with pytest.raises(DesignError, match="already"):
        draw_replicates(drawn, "JKn")


def test_weights_that_were_changed_by_hand_are_noticed() -> None:
    sample = clustered()
    design = poststratified(nested(sample), sample)
    with pytest.raises(DesignError, match=r"cannot be done over.*Draw the replicates first"):
        draw_replicates(replace(design, weights=design.weights.clip(max=30.0)), "JKn")


def test_a_post_stratum_that_one_replicate_would_lose_is_refused_naming_the_stratum() -> None:
    frame = made(cell=["rare"] * 2 + ["common"] * 12)
    people = pd.DataFrame({"cell": ["rare", "common"], "population": [10.0, 90.0]})
    design = poststratify(of(frame), margin(frame, people))
    with pytest.raises(DesignError, match=r"units of a, a group of the calibration.*Collapse.*Fay"):
        draw_replicates(design, "JKn")


def differs_from_r(case: dict[str, Any]) -> bool:
    try:
        test_a_drawn_jackknife_is_the_one_of_r(case)
    except AssertionError:
        return True
    return False


def test_a_forgotten_finite_population_correction_of_a_jackknife_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn_replicates, "_correction", lambda stage: np.ones(stage.strata))
    assert [case["id"] for case in R_ANSWERS if differs_from_r(case)] == [
        "a stratum taken whole",
        "a single unit, adjust, fpc",
    ]


def test_replicates_that_drop_a_unit_without_making_up_for_it_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = drawn_replicates._final_weights

    def unboosted(design: Design, multipliers: Floats) -> Floats:
        return right(design, np.minimum(multipliers, 1.0))

    monkeypatch.setattr(drawn_replicates, "_final_weights", unboosted)
    assert all(differs_from_r(case) for case in R_ANSWERS)


def test_a_hadamard_matrix_with_its_first_row_in_use_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn_replicates, "hadamard", lambda least: np.roll(hadamard(least), 1, axis=0))
    with pytest.raises(AssertionError):
        test_half_samples_give_a_total_its_linearised_variance("BRR")
