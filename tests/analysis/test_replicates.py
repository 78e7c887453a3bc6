"""Replicate weights: the jackknife of a mean is its linearised variance, and broken weights are refused."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.design import DesignError, Floats, declare
from analysis.estimate import mean, total
from analysis.replicates import Replicates
from tests.analysis.samples import clustered


def jackknife() -> tuple[Replicates, Floats]:
    sample = clustered()
    design = declare(sample, ids=["point"], strata="district", weights="w", nest=True)
    stage = design.stages[0]
    columns = []
    for unit, stratum in enumerate(stage.stratum_of_unit):
        n = stage.sampled[stratum]
        boost = np.where(stage.stratum == stratum, n / (n - 1), 1.0)
        columns.append(design.weights * np.where(stage.unit == unit, 0.0, boost))
    rscales = np.array([(n - 1) / n for n in stage.sampled[stage.stratum_of_unit]])
    return Replicates(np.stack(columns, axis=1), 1.0, rscales, mse=True), sample["score"].to_numpy()


def test_the_stratified_jackknife_of_a_total_is_its_linearised_variance() -> None:
    replicates, score = jackknife()
    design = declare(clustered(), ids=["point"], strata="district", weights="w", nest=True)
    linear, replicated = total(design, score), total(design.with_replicates(replicates), score)
    assert replicated.value == pytest.approx(linear.value)
    assert replicated.se == pytest.approx(linear.se, rel=1e-10)


def test_the_stratified_jackknife_of_a_mean_is_close_to_its_linearised_variance() -> None:
    replicates, score = jackknife()
    design = declare(clustered(), ids=["point"], strata="district", weights="w", nest=True)
    linear, replicated = mean(design, score), mean(design.with_replicates(replicates), score)
    assert replicated.se == pytest.approx(linear.se, rel=0.05)
    assert replicated.df == 16  # rank of the weights less one


def test_degrees_of_freedom_that_are_given_are_those_of_the_full_sample_only() -> None:
    replicates, score = jackknife()
    design = declare(clustered(), weights="w").with_replicates(replace(replicates, df=12))
    half = np.arange(len(score)) % 2 == 0
    assert mean(design, score).df == 12
    assert mean(design, score, half).df == 16


def test_replicates_that_do_not_come_from_the_weights_are_refused() -> None:
    replicates, score = jackknife()
    sample = clustered()
    sample.loc[0, "w"] = 0.0
    with pytest.raises(DesignError, match="weight 0"):
        mean(declare(sample, weights="w").with_replicates(replicates), score)


def test_a_scale_is_needed_for_every_replicate() -> None:
    with pytest.raises(DesignError, match="rscales"):
        Replicates(np.ones((3, 2)), 1.0, np.ones(3))
