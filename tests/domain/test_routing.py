"""What a condition says about answers, and which conditions nobody can fulfil."""

import pytest

from survey.domain.questionnaire import Item
from survey.domain.reachability import MOST_WAYS, can_hold
from survey.domain.routing import All, Any_, AtLeast, AtMost, Condition, Is, Not, asked_items, evaluate, is_eligible
from tests.questionnaires.instruments import civic, parse_text, tiny

OFTEN = Is("bus", frozenset({"often"}))
NEVER = Is("bus", frozenset({"never"}))


@pytest.mark.parametrize(
    ("condition", "answers", "held"),
    [
        (OFTEN, {"bus": "often"}, True),
        (OFTEN, {"bus": "never"}, False),
        (OFTEN, {}, False),
        (Not(OFTEN), {}, True),
        (OFTEN, {"bus": ("seldom", "often")}, True),
        (AtLeast("trips", 3), {"trips": 3}, True),
        (AtLeast("trips", 3), {"trips": "dont_know"}, False),
        (AtMost("trips", 3), {"trips": "dont_know"}, False),
        (AtMost("trips", 3), {"trips": True}, False),
        (All((OFTEN, Not(NEVER))), {"bus": "often"}, True),
        (Any_((OFTEN, NEVER)), {"bus": "seldom"}, False),
    ],
)
def test_a_condition_holds_or_not(condition: Condition, answers: dict[str, object], held: bool) -> None:
    assert evaluate(condition, answers) is held


def test_what_is_not_known_matters_only_where_it_decides() -> None:
    known, unknown = Is("a", frozenset("x")), Is("b", frozenset("x"))
    assert All((known, unknown)).holds({"a": "y"}, missing=None) is False
    assert All((known, unknown)).holds({"a": "x"}, missing=None) is None
    assert Any_((unknown, known)).holds({"a": "x"}, missing=None) is True
    assert Any_((unknown, known)).holds({"a": "y"}, missing=None) is None
    assert Not(unknown).holds({}, missing=None) is None


def test_eligibility_is_unknown_until_the_answers_decide_it() -> None:
    questionnaire = civic()
    assert is_eligible(questionnaire, {}) is None
    assert is_eligible(questionnaire, {"age": "55+"}) is None
    assert is_eligible(questionnaire, {"age": "55+", "residence": "half_year_or_more"}) is True
    assert is_eligible(questionnaire, {"age": "under_18"}) is False
    assert is_eligible(tiny("one"), {}) is True


def test_who_is_not_eligible_is_asked_age_residence_and_sex_but_not_where_they_live() -> None:
    assert asked_items(civic(), {"age": "under_18", "area": "510000000001"}) == ("age", "residence", "sex")


def test_a_resident_who_took_part_is_asked_in_what_and_how_often() -> None:
    asked = asked_items(civic(), {"campaign_part": "sometimes"})
    assert {"activities", "activity_count"} <= set(asked)
    assert not {"activities", "activity_count"} & set(asked_items(civic(), {"campaign_part": "never"}))


def items_of(text: str) -> dict[str, Item]:
    return dict(tiny(text).items)


@pytest.mark.parametrize(
    ("condition", "possible"),
    [
        (All((OFTEN, NEVER)), False),
        (Any_((OFTEN, NEVER)), True),
        (All((Not(OFTEN), Not(NEVER))), True),
        (All((NEVER, Is("lines", frozenset({"red"})))), False),
        (All((NEVER, Not(Is("lines", frozenset({"red"}))))), True),
        (All((Is("lines", frozenset({"red"})), Is("lines", frozenset({"blue"})))), True),
        (All((Is("lines", frozenset({"red"})), Is("lines", frozenset({"none"})))), False),
        (All((Not(AtMost("trips", 7)), Not(AtLeast("trips", 9)), AtLeast("trips", 0))), True),
        (All((Not(AtMost("trips", 7)), Not(AtLeast("trips", 8)), AtLeast("trips", 0))), False),
        (All((AtLeast("trips", 5), Not(AtLeast("trips", 6)))), True),
        (AtMost("trips", 0), True),
        (AtLeast("trips", 100), True),
        (AtLeast("trips", 101), False),
        (AtMost("trips", -1), False),
        (All((AtLeast("trips", 7), AtMost("trips", 7))), True),
        (All((AtLeast("trips", 8), AtMost("trips", 7))), False),
        (All((AtLeast("trips", 8), Is("trips", frozenset({"dont_know"})))), False),
        (All((Not(AtLeast("trips", 8)), Not(AtMost("trips", 7)), Not(Is("trips", frozenset({"dont_know"}))), OFTEN,
              Not(Is("lines", frozenset({"none"}))))), False),
        (All((Not(Is("season_ticket", frozenset({"yes", "no"}))), AtLeast("trips", 20), AtMost("trips", 30))), True),
    ],
)  # fmt: skip
def test_whether_a_condition_can_hold_for_anybody(condition: Condition, possible: bool) -> None:
    assert can_hold(condition, items_of("show_if")) is possible


def test_too_many_ways_of_answering_are_left_open() -> None:
    items = items_of("show_if")
    many = "".join(f'          - {{code: c{n}, text: {{en: "{n}"}}}}\n' for n in range(20))
    assert MOST_WAYS < 2**20
    text = f"""format: 1
code: many
version: 1
languages: [en]
title: {{en: Many}}
introduction: {{en: Many}}
legal: {{form_number: a, issued_by: a, approval_number: a, valid_until: 2027-12-31}}
sections:
  - code: all
    title: {{en: All}}
    items:
      - code: many
        type: several
        text: {{en: Which?}}
        categories:
{many}"""
    every = All(tuple(Is("many", frozenset({f"c{n}"})) for n in range(20)))
    assert can_hold(every, parse_text(text).items) is None
    assert can_hold(OFTEN, items) is True
