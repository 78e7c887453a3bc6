"""The test of association: what has no weight is not among the levels."""

import numpy as np
import pandas as pd
import pytest

from analysis.association import association
from analysis.design import declare
from tests.analysis.samples import clustered


def test_a_level_that_only_rows_of_weight_zero_have_changes_nothing() -> None:
    sample = clustered()
    weightless = sample.head(3).assign(age_band="unheard of", w=0.0)
    more = pd.concat([sample, weightless], ignore_index=True)
    plain, other = (
        association(
            declare(rows, ids="point", strata="district", weights="w", nest=True), rows["sex"], rows["age_band"]
        )
        for rows in (sample, more)
    )
    assert other.n == plain.n
    assert (other.f, other.f_df1, other.pearson) == pytest.approx((plain.f, plain.f_df1, plain.pearson))


def test_two_levels_are_needed_among_those_who_answered() -> None:
    sample = clustered()
    with pytest.raises(ValueError, match="at least two levels"):
        association(declare(sample), sample["sex"], np.where(sample["score"].notna(), "all", "none"))
