"""What one person's answers say about a rate."""

from dataclasses import replace

import pytest

from survey.domain.indicator import outcome
from survey.domain.questionnaire import BaseRule, Indicator
from tests.questionnaires.instruments import tiny

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
