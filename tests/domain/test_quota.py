"""That quota cells follow the allocation, the census and the shares of a plan, and always add up."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.domain.allocation import Allocation
from survey.domain.frame import Area, Frame, Level, PopulationCount
from survey.domain.margins import eligible_codes, population_by_cell
from survey.domain.problems import Invalid
from survey.domain.questionnaire import Questionnaire
from survey.domain.quota import CellKey, cell_of, district_sizes, quota_cells
from survey.domain.wave import Mode, SamplePlan, WavePlan, Within
from tests.frames import excerpt
from tests.frames.excerpt import HUAYING, YUECHI
from tests.frames.instrument import questionnaire
from tests.questionnaires.instruments import civic, tiny

FRAME = excerpt.frame()
ADULTS = questionnaire()


def plan(*samples: SamplePlan, within: Within = Within.POPULATION) -> WavePlan:
    return WavePlan(
        code="q1",
        title={},
        questionnaire_code="civic",
        questionnaire_version=1,
        opens_at=datetime(2026, 3, 2, tzinfo=UTC),
        closes_at=datetime(2026, 3, 9, tzinfo=UTC),
        grace=timedelta(hours=72),
        districts=(YUECHI, HUAYING),
        samples=samples or (SamplePlan(Mode.INTERCEPT, 500, Allocation.PROPORTIONAL),),
        points=(),
        within=within,
    )


def targets(one: WavePlan, instrument: Questionnaire = ADULTS, frame: Frame = FRAME) -> dict[CellKey, int]:
    return {cell.key: cell.target for cell in quota_cells(one, instrument, frame)}


def refusal(one: WavePlan, instrument: Questionnaire = ADULTS, frame: Frame = FRAME) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        quota_cells(one, instrument, frame)
    assert all("{" not in problem.message() for problem in refused.value.problems)
    return [(problem.field, problem.code) for problem in refused.value.problems]


def without(frame: Frame, *figures: tuple[str, str | None, str | None]) -> Frame:
    kept = [count for count in frame.population if (count.area_code, count.sex, count.age_band) not in figures]
    assert len(kept) == len(frame.population) - len(figures)
    return Frame(frame.areas, tuple(kept), frame.reference_date)


def test_a_cell_is_mode_by_district_by_sex_by_age_and_nobody_under_age_has_one() -> None:
    cells = targets(plan())
    assert len(cells) == 2 * 2 * 3
    assert CellKey("intercept", YUECHI, (("sex", "F"), ("age_band", "18-34"))) in cells
    assert {value for key in cells for _, value in key.values} == {"M", "F", "18-34", "35-54", "55+"}


@given(st.integers(0, 5000), st.sampled_from([Allocation.EQUAL, Allocation.PROPORTIONAL, Allocation.POWER]))
def test_the_cells_of_each_mode_add_up_to_its_sample(n: int, rule: Allocation) -> None:
    two = plan(SamplePlan(Mode.INTERCEPT, n, rule), SamplePlan(Mode.OPEN_QR, 700, Allocation.EQUAL))
    sums: Counter[str] = Counter()
    for key, target in targets(two).items():
        sums[key.mode] += target
    assert (sums["intercept"], sums["open_qr"]) == (n, 700)


def test_districts_are_sized_by_the_people_who_are_eligible() -> None:
    margins = population_by_cell(FRAME, (YUECHI, HUAYING), ADULTS)
    adults = {code: sum(row.population for row in margins.rows if row.district == code) for code in (YUECHI, HUAYING)}
    sizes = district_sizes(plan(), plan().samples[0], ADULTS, FRAME)
    assert sizes[YUECHI] == round(500 * adults[YUECHI] / sum(adults.values()))
    assert sum(sizes.values()) == 500


def test_within_a_district_cells_are_proportional_to_sex_and_age() -> None:
    cells = targets(plan(SamplePlan(Mode.HOUSEHOLD, 1000, Allocation.FIXED, {YUECHI: 600, HUAYING: 400})))
    margins = population_by_cell(FRAME, (YUECHI,), ADULTS).rows
    for row in margins:
        exact = 600 * row.population / sum(other.population for other in margins)
        key = CellKey("household", YUECHI, (("sex", row.sex or ""), ("age_band", row.age_band or "")))
        assert abs(cells[key] - exact) < 1


def test_margins_add_up_to_the_published_bands_and_tell_the_split() -> None:
    margins = population_by_cell(FRAME, (YUECHI,), ADULTS)
    men = {row.age_band: row.population for row in margins.rows if row.sex == "M"}
    published = {
        count.age_band: count.population for count in FRAME.population if count.sex == "M" and count.area_code == YUECHI
    }
    young = published["20-24"] + published["25-29"] + published["30-34"]
    assert men["18-34"] == pytest.approx(young + published["15-19"] * 0.4)
    assert men["35-54"] == sum(published[band] for band in ("35-39", "40-44", "45-49", "50-54"))
    assert men["55+"] == sum(published[band] for band in ("55-59", "60-64", "65-69", "70-74", "75-79", "80-84", "85+"))
    (note,) = margins.notes
    assert dict(note.params) == {"band": "15-19", "category": "18-34", "share": "2/5"}


def test_categories_that_follow_the_published_bands_need_no_split() -> None:
    children = questionnaire(ages=("0-14", "15-59", "60+"), eligibility=None)
    margins = population_by_cell(FRAME, (YUECHI,), children)
    assert margins.notes == ()
    assert sum(row.population for row in margins.rows) == FRAME.population_of(YUECHI)


def test_a_questionnaire_without_strata_has_one_cell_a_district() -> None:
    cells = targets(plan(), questionnaire(strata=()))
    assert [key.values for key in cells] == [(), ()]
    assert [row.population for row in population_by_cell(FRAME, (YUECHI,), questionnaire(strata=())).rows] == [742747]


def test_a_questionnaire_may_ask_only_the_sex() -> None:
    rows = population_by_cell(FRAME, (YUECHI,), questionnaire(strata=("sex",), eligibility=None)).rows
    assert [(row.sex, row.age_band) for row in rows] == [("M", None), ("F", None)]
    assert sum(row.population for row in rows) == 742747


def test_other_strata_questions_are_split_equally_unless_the_plan_gives_shares() -> None:
    three = questionnaire(others=("local", "migrant"))
    equal = plan(SamplePlan(Mode.INTERCEPT, 1200, Allocation.EQUAL))
    shared = replace(equal, shares={"hukou": {"local": Fraction(3, 4), "migrant": Fraction(1, 4)}})
    found = []
    for one in (equal, shared):
        sums: Counter[str] = Counter()
        for key, target in targets(one, three).items():
            sums[dict(key.values)["hukou"]] += target
        found.append(sums)
    assert abs(found[0]["local"] - 600) <= 6
    assert abs(found[1]["local"] - 900) <= 6
    assert sum(found[1].values()) == 1200


def test_a_missing_figure_is_named_with_the_way_out() -> None:
    frame = without(FRAME, (HUAYING, "F", "40-44"))
    with pytest.raises(Invalid) as refused:
        quota_cells(plan(), ADULTS, frame)
    (problem,) = refused.value.problems
    assert (problem.field, problem.code) == ("within", "margins_no_figure")
    assert "F 35-54" in problem.message()
    assert "华蓥市" in problem.message()
    assert "within: equal" in problem.message()


def test_within_equal_needs_no_figures_by_sex_and_age() -> None:
    ages = {(count.area_code, count.sex, count.age_band) for count in FRAME.population if count.age_band}
    frame = without(FRAME, *ages)
    cells = targets(plan(SamplePlan(Mode.INTERCEPT, 120, Allocation.EQUAL), within=Within.EQUAL), frame=frame)
    assert set(cells.values()) == {10}
    by_people = targets(plan(within=Within.EQUAL), frame=frame)
    expected = round(500 * 742747 / (742747 + 272332))
    assert sum(target for key, target in by_people.items() if key.district == YUECHI) == expected


def test_a_district_without_any_figure_can_still_have_an_equal_or_fixed_allocation() -> None:
    counts = tuple(count for count in FRAME.population if count.area_code != HUAYING)
    frame = Frame(FRAME.areas, counts, FRAME.reference_date)
    assert refusal(plan(within=Within.EQUAL), frame=frame) == [("samples[1].allocation", "quota_no_population")]
    fixed = SamplePlan(Mode.INTERCEPT, 60, Allocation.FIXED, {YUECHI: 36, HUAYING: 24})
    assert sum(targets(plan(fixed, within=Within.EQUAL), frame=frame).values()) == 60


def test_a_fixed_allocation_that_does_not_add_up_is_refused_at_its_sample() -> None:
    wrong = SamplePlan(Mode.SAMPLED, 61, Allocation.FIXED, {YUECHI: 36, HUAYING: 24})
    assert refusal(plan(SamplePlan(Mode.INTERCEPT, 5, Allocation.EQUAL), wrong)) == [
        ("samples[2].fixed", "allocation_fixed_sum")
    ]


@pytest.mark.parametrize(
    ("instrument", "code"),
    [
        (questionnaire(ages=("young", "old"), eligibility=None), "margins_age_code"),
        (questionnaire(ages=("18-34", "30+"), eligibility=None), "margins_age_overlap"),
        (questionnaire(ages=("18-69", "70-89"), eligibility=None), "margins_no_figure"),
        (questionnaire(sexes=("M", "F", "X")), "margins_sex_code"),
        (questionnaire(ages=("under_18",)), "quota_no_category"),
    ],
)
def test_strata_questions_the_census_cannot_answer_are_refused(instrument: Questionnaire, code: str) -> None:
    assert {found for _, found in refusal(plan(), instrument)} == {code}


def test_a_district_where_nobody_lives_is_refused() -> None:
    areas = {
        "511600": Area("511600", None, Level.CITY, "市", ""),
        YUECHI: Area(YUECHI, "511600", Level.DISTRICT, "甲", ""),
        HUAYING: Area(HUAYING, "511600", Level.DISTRICT, "乙", ""),
    }
    counts = [PopulationCount(YUECHI, sex, "15+", 10, "") for sex in ("M", "F")]
    counts += [PopulationCount(HUAYING, sex, "15+", 0, "") for sex in ("M", "F")]
    everyone = questionnaire(ages=("15+", "under_15"), eligibility=None)
    sample = SamplePlan(Mode.INTERCEPT, 10, Allocation.EQUAL)
    frame = Frame(areas, tuple(counts), date(2020, 11, 1))
    assert refusal(plan(sample), everyone, frame) == [("within", "margins_age_code")]
    assert refusal(plan(sample), questionnaire(ages=("15+",), eligibility=None), frame) == [
        ("within", "quota_no_people")
    ]


def test_answers_fall_into_the_cell_of_their_categories() -> None:
    answers = {"q_sex": "F", "q_age": "35-54"}
    key = cell_of(ADULTS, Mode.INTERCEPT, YUECHI, answers)
    assert key in targets(plan())
    assert key == CellKey("intercept", YUECHI, (("sex", "F"), ("age_band", "35-54")))


@pytest.mark.parametrize(
    "answers", [{"q_sex": "F"}, {"q_sex": "refused", "q_age": "35-54"}, {"q_sex": "F", "q_age": "under_18"}, {}]
)
def test_answers_that_leave_the_cell_open_have_none(answers: dict[str, str]) -> None:
    assert cell_of(ADULTS, Mode.INTERCEPT, YUECHI, answers) is None


def test_the_tiny_instrument_s_cells_are_its_strata_answers_and_only_unmarked_ones() -> None:
    strata = tiny("strata")
    answered = cell_of(strata, Mode.INTERCEPT, YUECHI, {"age": "60+", "sex": "F"})
    assert answered is not None
    assert answered.values == (("sex", "F"), ("age_band", "60+"))
    assert cell_of(strata, Mode.INTERCEPT, YUECHI, {"age": "60+", "sex": "refused"}) is None
    assert cell_of(strata, Mode.INTERCEPT, YUECHI, {"age": "60+"}) is None
    assert cell_of(tiny("one"), Mode.INTERCEPT, YUECHI, {"bus": "yes"}) == CellKey(Mode.INTERCEPT, YUECHI, ())


def test_cells_are_only_for_the_eligible() -> None:
    assert eligible_codes(civic()) == {"sex": ("M", "F"), "age_band": ("18-34", "35-54", "55+")}
    assert eligible_codes(tiny("strata"))["sex"] == ("M", "F")
    everybody = replace(tiny("strata"), eligibility=None)
    assert eligible_codes(everybody)["age_band"] == ("under_18", "18-59", "60+")
