"""What a design is, and that a wrong one is refused with the way out."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.design import Design, DesignError, Lonely, LonelyStrata, declare
from analysis.estimate import mean, total
from tests.analysis.samples import clustered


def test_unit_codes_that_repeat_across_strata_are_refused_unless_nested() -> None:
    sample = clustered()
    with pytest.raises(DesignError, match=r"D0, D1, D2, D3.*nest=True"):
        declare(sample, ids=["point"], strata="district")
    assert declare(sample, ids=["point"], strata="district", nest=True).stages[0].units == 20


def test_without_ids_every_row_is_its_own_unit() -> None:
    sample = clustered()
    assert declare(sample).stages[0].units == len(sample)


def test_weights_come_from_the_sampling_fractions_of_every_stage() -> None:
    sample = pd.DataFrame({"school": [1, 1, 2, 2], "pupil": [1, 2, 3, 4], "schools": [10] * 4, "pupils": [6, 6, 8, 8]})
    design = declare(sample, ids=["school", "pupil"], fpc=["schools", "pupils"])
    assert design.weights.tolist() == [15.0, 15.0, 20.0, 20.0]


def test_a_missing_column_is_named() -> None:
    with pytest.raises(DesignError, match="no column site"):
        declare(clustered(), ids=["site"])


def test_a_gap_in_the_design_is_refused() -> None:
    sample = clustered()
    sample.loc[3, "district"] = None
    with pytest.raises(DesignError, match=r"district has missing values.*only outcomes and domains"):
        declare(sample, strata="district")


def test_negative_weights_are_refused() -> None:
    with pytest.raises(DesignError, match="negative"):
        declare(clustered().assign(w=-1.0), weights="w")


def test_a_population_smaller_than_the_sample_is_refused_naming_the_stratum() -> None:
    sample = clustered().assign(N=3)
    with pytest.raises(DesignError, match=r"stage 1 in D0, D1, D2, D3.*not fractions"):
        declare(sample, ids=["point"], strata="district", fpc=["N"], nest=True)


def test_a_population_that_varies_within_a_stratum_is_refused() -> None:
    sample = clustered().assign(N=range(100, 100 + len(clustered())))
    with pytest.raises(DesignError, match="varies within D0"):
        declare(sample, strata="district", fpc=["N"])


def lonely_sample(lonely: str) -> tuple[pd.DataFrame, Design]:
    sample = clustered()
    sample = sample[(sample["district"] != "D2") | (sample["point"] == "P0")].reset_index(drop=True)
    return sample, declare(sample, ids=["point"], strata="district", weights="w", nest=True, lonely=lonely)


def test_a_stratum_with_one_unit_is_refused_by_name_with_the_ways_out() -> None:
    sample, design = lonely_sample("fail")
    with pytest.raises(
        LonelyStrata, match=r"Stratum D2 at stage 1.*Merge.*adjust.*average.*certainty.*remove"
    ) as found:
        mean(design, sample["score"])
    assert found.value.strata == ("D2",)


def test_a_domain_that_does_not_meet_the_lonely_stratum_is_estimated() -> None:
    sample, design = lonely_sample("fail")
    assert mean(design, sample["score"], (sample["district"] == "D1").to_numpy()).se > 0


def test_the_ways_out_of_lonely_strata_are_ordered_from_bold_to_careful() -> None:
    errors = {}
    for lonely in (Lonely.REMOVE, Lonely.CERTAINTY, Lonely.ADJUST, Lonely.AVERAGE):
        sample, design = lonely_sample(lonely)
        errors[lonely] = mean(design, sample["score"]).se
    assert errors[Lonely.REMOVE] == errors[Lonely.CERTAINTY]
    assert errors[Lonely.REMOVE] < errors[Lonely.AVERAGE]
    assert errors[Lonely.REMOVE] < errors[Lonely.ADJUST]


def test_a_lonely_unit_that_is_the_whole_stratum_is_no_fault() -> None:
    sample, _ = lonely_sample("fail")
    sample["N"] = sample["district"].map({"D0": 9, "D1": 9, "D2": 1, "D3": 9})
    design = declare(sample, ids=["point"], strata="district", weights="w", fpc=["N"], nest=True)
    assert mean(design, sample["score"]).se > 0


def test_a_lonely_unit_at_the_second_stage_is_named_by_its_codes() -> None:
    sample = pd.DataFrame(
        {"d": "A", "school": [1, 1, 2], "pupil": [1, 2, 3], "schools": 10, "pupils": 6, "y": [1.0, 2.0, 4.0]}
    )
    design = declare(sample, ids=["school", "pupil"], strata="d", fpc=["schools", "pupils"])
    with pytest.raises(LonelyStrata, match="Stratum A / 2 at stage 2"):
        mean(design, sample["y"])


def test_one_column_may_be_named_without_a_list() -> None:
    sample = clustered().assign(N=9)
    one = declare(sample, ids="point", strata="district", weights="w", fpc="N", nest=True)
    listed = declare(sample, ids=["point"], strata="district", weights="w", fpc=["N"], nest=True)
    assert mean(one, sample["score"]) == mean(listed, sample["score"])


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"weights": "sex"}, "Column sex holds '[FM]', which is not a number"),
        ({"fpc": "sex"}, "Column sex holds '[FM]', which is not a number"),
        ({"lonely": "ignore"}, "lonely='ignore' is not known. Choose one of fail, remove, certainty, adjust, average"),
        ({"ids": ["point"], "fpc": ["n", "n"]}, "fpc names 2 stages but ids name 1"),
        ({"ids": ["point"], "strata": "district"}, r"unit code of point \(P0, P1, P2, P3, P4\).*D0, D1, D2, D3"),
    ],
)
def test_a_wrong_column_is_named_with_the_way_out(declared: dict[str, Any], message: str) -> None:
    with pytest.raises(DesignError, match=message):
        declare(clustered().assign(n=1000), **declared)


def test_a_frame_without_rows_is_no_sample() -> None:
    with pytest.raises(DesignError, match="no rows"):
        declare(clustered().iloc[:0])


def test_lonely_strata_of_a_domain_only_are_refused_where_only_it_meets_them() -> None:
    sample, _ = lonely_sample("fail")
    adjusted = declare(
        sample, ids="point", strata="district", weights="w", nest=True, lonely="adjust", lonely_domains=True
    )
    plain = declare(sample, ids="point", strata="district", weights="w", nest=True, lonely="adjust")
    one_point = (sample["point"] == "P0").to_numpy()
    # Of each district the domain holds one point: its distance from the mean of all is more than from its own mean.
    assert total(adjusted, sample["score"], one_point).se != pytest.approx(
        total(plain, sample["score"], one_point).se, rel=1e-3
    )


def test_a_unit_taken_whole_of_which_a_domain_holds_one_is_not_lonely() -> None:
    sample = pd.DataFrame(
        {
            "school": [1, 1, 2, 2, 3, 3],
            "pupil": range(6),
            "schools": 10,
            "pupils": [2, 2, 6, 6, 6, 6],
            "y": [1.0, 2.0, 4.0, 3.0, 7.0, 5.0],
        }
    )
    # The domain holds one of the two pupils of school 1, which were all there are.
    inside = np.array([True, False, True, True, True, True])
    careful, plain = (
        declare(sample, ids=["school", "pupil"], fpc=["schools", "pupils"], lonely="average", lonely_domains=domains)
        for domains in (True, False)
    )
    assert mean(careful, sample["y"], inside).se == pytest.approx(mean(plain, sample["y"], inside).se)
