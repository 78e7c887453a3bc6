"""Who is at risk, as an analyst reads it; the sure list; and what would settle the others."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from analysis.design import Floats
from analysis.planning.adaptive import Losses
from analysis.planning.inputs import PlanError
from analysis.risk import FlagKind
from analysis.small_area.areas import AreaError, Source
from analysis.small_area.estimate import SmallAreaEstimates, estimate
from analysis.small_area.flags import Cells, FlagRules, flags, joint_sure_list, posteriors, sure_list
from tests.small_area.samples import areas_of, imaginary

TARGET = 0.6


@pytest.fixture(scope="module")
def found() -> SmallAreaEstimates:
    """Five neighbourhoods of one district: low, near the target, high, few answers, none."""
    return estimate(areas_of([8, 22, 36, 2, 0], [40, 40, 40, 4, 0]), TARGET)


def with_chances(found: SmallAreaEstimates, below: Floats) -> SmallAreaEstimates:
    return replace(found, below=below, names=tuple(f"N{i}" for i in range(len(below))))


def test_an_analyst_reads_who_is_at_risk_who_is_safe_and_why(found: SmallAreaEstimates) -> None:
    low, near, high, few, none = flags(found).areas
    assert (low.kind, high.kind) == (FlagKind.AT_RISK, FlagKind.SAFE)
    assert {near.kind, few.kind, none.kind} == {FlagKind.UNCERTAIN}
    assert low.reason.code == "likely_below"
    assert dict(low.reason.params) == {"below": low.below, "target": TARGET, "bound": 0.8}
    assert high.reason.code == "likely_at_target"
    assert (low.interviews, high.interviews) == (0, 0)
    assert few.reason.code == "to_be_settled"
    assert few.interviews
    assert few.settled >= 0.5
    assert (few.source, few.share, few.n) == (Source.INTERVIEWS, 0.5, 4)
    assert (none.source, none.n) == (Source.PREDICTION, 0)
    assert np.isnan(none.share)


def test_what_would_settle_an_area_is_told_by_cell(found: SmallAreaEstimates) -> None:
    cells = {"3": Cells({"women": 4}, {"women": 500, "men": 500})}
    few = flags(found, cells=cells).areas[3]
    assert few.interviews
    asked = dict(few.cells)
    assert sum(asked.values()) == few.interviews
    # Four women were asked and no man: men come first.
    assert abs(4 + asked["women"] - asked["men"]) <= 1
    assert flags(found).areas[3].cells == ()


def test_an_area_that_no_number_of_interviews_settles_says_so(found: SmallAreaEstimates) -> None:
    near = flags(found, FlagRules(chance=0.95, most=20)).areas[1]
    assert near.interviews is None
    assert near.reason.code == "near_target"
    assert dict(near.reason.params)["most"] == 20


def test_clustered_further_interviews_settle_less(found: SmallAreaEstimates) -> None:
    single, clustered = (flags(found, deff=deff).areas[3].interviews for deff in (1.0, 2.0))
    assert single
    assert clustered
    assert clustered == 2 * single


def test_the_planning_of_interviews_starts_from_the_chances_of_the_flags(found: SmallAreaEstimates) -> None:
    assert posteriors(found).at_risk == pytest.approx(found.below, abs=1e-6)
    # Where the chance is near 0 or 1, nothing is planned, and the mean need not agree.
    assert posteriors(found).means[[1, 3, 4]] == pytest.approx(found.mean[[1, 3, 4]], abs=0.02)


def test_screening_is_at_the_cut_of_the_losses(found: SmallAreaEstimates) -> None:
    chances = with_chances(found, np.array([0.31, 0.29, 0.51, 0.49, 0.0]))
    assert [each.screened for each in flags(chances).areas] == [True, False, True, True, False]
    even = FlagRules(losses=Losses(1.0, 1.0))
    assert [each.screened for each in flags(chances, even).areas] == [False, False, True, False, False]


def test_the_sure_list_is_the_largest_that_keeps_its_level(found: SmallAreaEstimates) -> None:
    chances = with_chances(found, np.array([0.7, 0.99, 0.2, 0.95, 0.85]))
    sure = sure_list(chances, 0.1)
    # Means of 1 - P: .01, .03, .07, .1275
    assert sure.entries == ("N1", "N3", "N4")
    assert sure.below == (0.99, 0.95, 0.85)
    assert sure.false_alarms == pytest.approx(0.21)
    assert sure.share == pytest.approx(0.07)
    assert sure.missed == pytest.approx(0.9)
    assert [each.sure for each in flags(chances).areas] == [False, True, False, True, True]


def test_a_list_that_no_area_belongs_on_is_empty(found: SmallAreaEstimates) -> None:
    sure = sure_list(with_chances(found, np.array([0.5, 0.2, 0.1, 0.0, 0.88])), 0.1)
    assert (sure.entries, sure.share) == ((), 0.0)
    assert sure.missed == pytest.approx(1.68)


def test_several_indicators_have_one_list_that_keeps_its_level_over_all(found: SmallAreaEstimates) -> None:
    aware = with_chances(found, np.array([0.99, 0.5, 0.1, 0.1, 0.1]))
    satisfied = with_chances(found, np.array([0.82, 0.98, 0.1, 0.1, 0.1]))
    joint = joint_sure_list({"aware": aware, "satisfied": satisfied}, 0.1)
    assert joint.entries == (("aware", "N0"), ("satisfied", "N1"), ("satisfied", "N0"))
    assert joint.of == 10
    # What is sure elsewhere lends its share of false alarms to the list of all.
    assert sure_list(satisfied, 0.09).entries == ("N1",)


def realised(list_of: Callable[[SmallAreaEstimates], tuple[str, ...]]) -> tuple[int, int]:
    """False alarms and length of a list over cities of known truth."""
    rng = np.random.default_rng(31)
    false = length = 0
    for _ in range(6):
        areas, truth = imaginary(rng, 150, 10, asked=(5, 25))
        listed = list_of(estimate(areas, 0.5, points=64))
        place = {name: i for i, name in enumerate(areas.names)}
        false += sum(bool(truth[place[name]] >= 0.5) for name in listed)
        length += len(listed)
    return false, length


def test_false_alarms_on_the_sure_list_stay_within_what_it_states() -> None:
    false, length = realised(lambda each: sure_list(each).entries)
    assert length > 60
    # Two standard errors of a share of a tenth.
    assert false / length < 0.1 + 2 * np.sqrt(0.09 / length)


def test_a_list_by_the_raw_share_alone_is_caught() -> None:
    """One minus the chance of an area by itself, no other area considered: its list is longer and full of alarms."""

    def alone(each: SmallAreaEstimates) -> tuple[str, ...]:
        data = each.posterior.data
        back = np.argsort(data.order)
        share = (data.yes / data.n)[back]
        deviation = np.sqrt(0.25 / data.n)[back]
        chance = 0.5 + 0.5 * np.tanh((0.5 - share) / deviation)
        return sure_list(replace(each, below=chance)).entries

    false, length = realised(alone)
    assert not false / length < 0.1 + 2 * np.sqrt(0.09 / length)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda _: FlagRules(at_risk=80), "at_risk: 80 is not between 0 and 1"),
        (lambda _: FlagRules(at_risk=0.2, safe=0.3), "safe: 0.3 is not below at_risk, 0.2"),
        (lambda _: FlagRules(most=0), "most: 0 further interviews"),
        (lambda each: sure_list(each, 10), "fdr: 10 is not between 0 and 1"),
        (lambda each: joint_sure_list({}), "There is no indicator"),
        (lambda each: flags(each, cells={"9": Cells({}, {})}), "cells: 9 is no area"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    ask: Callable[[SmallAreaEstimates], object], said: str, found: SmallAreaEstimates
) -> None:
    with pytest.raises(AreaError, match=said):
        ask(found)


def test_a_design_effect_below_one_interview_is_refused(found: SmallAreaEstimates) -> None:
    with pytest.raises(PlanError, match="design effect"):
        flags(found, deff=0.0)
