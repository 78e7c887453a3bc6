"""What one person's answers say about a rate, and which quota cell the person belongs to."""

from dataclasses import replace

import pytest

from survey.domain.indicator import outcome, stratum_categories, stratum_values
from survey.domain.questionnaire import BaseRule, Indicator
from tests.questionnaires.instruments import civic, tiny

QUESTIONNAIRE = tiny("indicators")
RIDING, SATISFACTION = QUESTIONNAIRE.indicators


@pytest.mark.parametrize(
    ("indicator", "answers", "expected"),
    [
        (RIDING, {"bus": "often"}, 1.0),
        (RIDING, {"bus": "never"}, 0.0),
        (RIDING, {"bus": "dont_know"}, 0.0),
        (RIDING, {"bus": "refused"}, None),
        (RIDING, {}, None),
        (SATISFACTION, {"bus": "often", "content": "satisfied"}, 1.0),
        (SATISFACTION, {"bus": "often", "content": "neutral"}, 0.0),
        (SATISFACTION, {"bus": "often", "content": "dont_know"}, None),
        (SATISFACTION, {"bus": "often"}, None),
        (SATISFACTION, {"bus": "never"}, None),
    ],
)
def test_an_answer_counts_is_in_the_base_or_is_outside(
    indicator: Indicator, answers: dict[str, object], expected: float | None
) -> None:
    assert outcome(indicator, QUESTIONNAIRE, answers) == expected


@pytest.mark.parametrize("dont_know", [True, False])
@pytest.mark.parametrize("refused", [True, False])
def test_the_base_rule_alone_decides_about_marked_answers(dont_know: bool, refused: bool) -> None:
    indicator = replace(RIDING, base=BaseRule(dont_know, refused))
    assert outcome(indicator, QUESTIONNAIRE, {"bus": "dont_know"}) == (0.0 if dont_know else None)
    assert outcome(indicator, QUESTIONNAIRE, {"bus": "refused"}) == (0.0 if refused else None)
    assert outcome(indicator, QUESTIONNAIRE, {"bus": "often"}) == 1.0


def test_a_rival_definition_reads_the_same_answers_otherwise() -> None:
    middle_counts = replace(SATISFACTION, counted=SATISFACTION.counted | {"neutral"})
    assert outcome(middle_counts, QUESTIONNAIRE, {"content": "neutral"}) == 1.0


def test_a_quota_cell_is_the_answers_to_the_stratum_questions() -> None:
    questionnaire = tiny("strata")
    assert stratum_values(questionnaire, {"age": "60+", "sex": "F"}) == (("sex", "F"), ("age_band", "60+"))
    assert stratum_values(questionnaire, {"age": "60+", "sex": "refused"}) is None
    assert stratum_values(questionnaire, {"age": "60+"}) is None
    assert stratum_values(tiny("one"), {"bus": "yes"}) == ()


def test_cells_are_only_for_the_eligible() -> None:
    sex, age = civic().strata
    assert stratum_categories(civic(), sex) == ("M", "F")
    assert stratum_categories(civic(), age) == ("18-34", "35-54", "55+")


def test_a_marked_category_is_no_cell() -> None:
    sex, _ = tiny("strata").strata
    assert stratum_categories(tiny("strata"), sex) == ("M", "F")


def test_without_eligibility_every_unmarked_category_is_a_cell() -> None:
    questionnaire = tiny("strata")
    everybody = replace(questionnaire, eligibility=None)
    assert stratum_categories(everybody, questionnaire.strata[1]) == ("under_18", "18-59", "60+")
