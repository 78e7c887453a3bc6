"""Calibrated weights, estimates and standard errors are those of R, and a wrong residual would show."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.calibration import PostStratified, Raked, Regressed, calibrate, margin, poststratify, rake
from analysis.design import Design, Floats, declare
from analysis.estimate import mean, total
from analysis.replicates import Replicates
from tests.analysis.samples import fixed

# R survey 4.1-1 on the rows of samples.fixed: sum of squared weights, smallest, largest, then mean of y, its standard
# error, and that of the total; svydesign(~point, weights = ~w), as.svrepdesign(type = "JK1"), postStratify(~sex),
# rake(~sex, ~age), calibrate(~sex + x) with epsilon = 1e-13.
R = {
    "post-stratified": (
        952.973093830227,
        1.23287671232877,
        8.93617021276596,
        45.9921694355387,
        2.86205112680413,
        429.30766902062,
    ),
    "raked": (
        874.420822605648,
        1.58245116691106,
        7.86727331725882,
        45.559674319867,
        2.74203317978212,
        411.304976967319,
    ),
    "linear": (
        676.504717099118,
        0.79054719498774,
        8.48342293692318,
        46.1206040908198,
        2.70200032034379,
        337.750040042974,
    ),
    "linear within bounds": (
        677.273710457372,
        0.85,
        8.55604109546525,
        46.1487779256008,
        2.7052548911303,
        338.156861391287,
    ),
    "multiplicative": (
        675.354943462845,
        0.80972126664882,
        8.50344677384084,
        46.096500700797,
        2.69766860081987,
        337.208575102484,
    ),
    "multiplicative within bounds": (
        677.593838221491,
        0.85,
        8.59025206657303,
        46.1373724502487,
        2.70241722709547,
        337.802153386966,
    ),
    "logit": (
        676.602724484253,
        0.816655585077943,
        8.53600961307387,
        46.1158060449617,
        2.70263684428379,
        337.829605535484,
    ),
    "post-stratified, then linear": (
        964.496301672468,
        1.07646381054653,
        9.61072269757554,
        46.094536553041,
        2.70744442990151,
        408.580893874686,
    ),
    "linear, then raked": (
        888.123565979824,
        1.29346195246756,
        8.61404850768889,
        45.6924162354292,
        2.60529902041299,
        390.460794381832,
    ),
    "jackknife: post-stratified": (
        952.973093830227,
        1.23287671232877,
        8.93617021276596,
        45.9921694355387,
        2.9606192140729,
        444.092882110934,
    ),
    "jackknife: raked": (
        874.420822605648,
        1.58245116691106,
        7.86727331725882,
        45.559674319867,
        3.1169127341494,
        467.53691012241,
    ),
    "jackknife: linear": (
        676.504717099118,
        0.79054719498774,
        8.48342293692318,
        46.1206040908198,
        2.88187223588106,
        360.234029485133,
    ),
    "jackknife: multiplicative": (
        675.354943462845,
        0.80972126664882,
        8.50344677384084,
        46.096500700797,
        2.9212970489681,
        365.16213112098,
    ),
    "jackknife: logit": (
        676.602724484253,
        0.816655585077943,
        8.53600961307387,
        46.1158060449617,
        2.86979218091387,
        358.724022614242,
    ),
    "jackknife: post-stratified, then linear": (
        964.496301672468,
        1.07646381054653,
        9.61072269757554,
        46.094536553041,
        2.89800090995629,
        434.700136493443,
    ),
    "jackknife: linear, then raked": (
        888.123565979824,
        1.29346195246756,
        8.6140485076889,
        45.6924162354292,
        3.02691785973095,
        454.037678959643,
    ),
}
SEXES = pd.DataFrame({"sex": ["F", "M"], "population": [60.0, 90.0]})
AGES = pd.DataFrame({"age": ["middle", "old", "young"], "population": [65.0, 45.0, 40.0]})


def jackknifed(design: Design) -> Design:
    unit = design.stages[0].unit
    n = design.stages[0].units
    weights = np.stack([design.weights * (unit != left) * n / (n - 1) for left in range(n)], axis=1)
    return design.with_replicates(Replicates(weights, scale=(n - 1) / n, rscales=np.ones(n)))


def as_in_r() -> Iterator[tuple[str, Design]]:
    sample = fixed()
    x = np.column_stack([np.ones(30), sample["sex"] == "M", sample["x"]]).astype(float)
    totals = np.array([125.0, 70, 4000])
    sexes, ages = margin(sample, SEXES), margin(sample, AGES)
    plain = declare(sample, ids=["point"], weights="w")
    for kind, design in (("", plain), ("jackknife: ", jackknifed(plain))):
        strata, linear = poststratify(design, sexes), calibrate(design, x, totals)
        yield f"{kind}post-stratified", strata
        yield f"{kind}raked", rake(design, [sexes, ages])
        yield f"{kind}linear", linear
        yield f"{kind}multiplicative", calibrate(design, x, totals, distance="raking")
        yield f"{kind}logit", calibrate(design, x, totals, distance="logit", bounds=(0.7, 1.5))
        yield f"{kind}post-stratified, then linear", calibrate(strata, x[:, [0, 2]], np.array([150.0, 4800]))
        yield f"{kind}linear, then raked", rake(linear, [sexes, ages])
    yield "linear within bounds", calibrate(plain, x, totals, bounds=(0.85, 1.3))
    yield "multiplicative within bounds", calibrate(plain, x, totals, distance="raking", bounds=(0.85, 1.3))


def seen(design: Design) -> tuple[float, ...]:
    y = fixed()["y"]
    w = design.weights
    return (float(w @ w), w.min(), w.max(), mean(design, y).value, mean(design, y).se, total(design, y).se)


def unlike_r() -> list[str]:
    return [name for name, design in as_in_r() if seen(design) != pytest.approx(R[name], rel=1e-9)]


def test_every_kind_of_calibration_agrees_with_r() -> None:
    assert {name for name, _ in as_in_r()} == set(R)
    assert unlike_r() == []


def test_residuals_that_forget_the_weights_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PostStratified, "residuals", lambda step, z: z - z.mean(axis=0))
    assert "post-stratified" in unlike_r()


def test_residuals_with_the_basis_of_unweighted_rows_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def unweighted(step: Regressed, influence: Floats) -> Floats:
        basis = np.linalg.qr(step.basis / step.scale[:, None])[0]
        return influence - basis @ (basis.T @ influence)

    monkeypatch.setattr(Regressed, "residuals", unweighted)
    assert {"linear", "logit", "multiplicative within bounds"} <= set(unlike_r())


def test_raking_residuals_of_the_last_margin_only_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Raked.residuals
    monkeypatch.setattr(Raked, "residuals", lambda step, z: right(replace(step, margins=step.margins[-1:]), z))
    assert {"raked", "linear, then raked"} <= set(unlike_r())


def test_replicates_that_skip_the_calibration_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "analysis.calibration.after_step", lambda design, weights, step, again: design.reweighted(weights, step, again)
    )
    assert {"jackknife: post-stratified", "jackknife: linear"} <= set(unlike_r())
