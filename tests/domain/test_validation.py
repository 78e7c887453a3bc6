"""Which answers are accepted, through both doors, and that nothing anybody sends raises an exception."""

import json
import random
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survey.domain.questionnaire import Item, ItemType, Questionnaire, questionnaire_from_json
from survey.domain.validation import Answer, answers_from_form, check_answers, form_fields
from tests.questionnaires.instruments import civic, tiny

AREAS = frozenset({"510101001001", "510101001002"})
CIVIC = civic()
INSTRUMENTS = ["one", "several", "scale", "integer", "text", "area", "show_if", "eligibility", "strata", "indicators"]


def told(questionnaire: Questionnaire, raw: Mapping[str, object], **kwargs: bool) -> list[tuple[str, str]]:
    """The problems of these answers, as (field, code)."""
    checked = check_answers(questionnaire, raw, AREAS, **kwargs)
    assert all(problem.message() for problem in checked.problems)
    return [(problem.field, problem.code) for problem in checked.problems]


class Form:
    """A posted form: several values by name, as browsers send them."""

    def __init__(self, **fields: str | list[str]) -> None:
        self.fields = {name: [value] if isinstance(value, str) else value for name, value in fields.items()}

    def getlist(self, name: str) -> list[str]:
        return self.fields.get(name, [])


def random_person(questionnaire: Questionnaire, rng: random.Random) -> dict[str, Answer]:
    """Answers of somebody who answers what is asked, and nothing else."""
    answers: dict[str, Answer] = {}
    for code, item in questionnaire.items.items():
        if code not in questionnaire.routing.asked(answers) or (not item.required and rng.random() < 0.5):
            continue
        answers[code] = random_answer(item, rng)
    return answers


def random_answer(item: Item, rng: random.Random) -> Answer:
    if item.type is ItemType.AREA:
        return rng.choice(sorted(AREAS))
    if item.type is ItemType.OPEN_TEXT:
        return "灯不亮。\nThe lamp is out."[: item.max_length]
    if item.type is ItemType.SEVERAL:
        together = [category.code for category in item.categories if not category.exclusive]
        alone = [category.code for category in item.categories if category.exclusive]
        if alone and rng.random() < 0.3:
            return (rng.choice(alone),)
        chosen = rng.sample(together, rng.randint(1, len(together)))
        return tuple(sorted(chosen, key=together.index))
    if item.minimum is not None and item.maximum is not None and (not item.categories or rng.random() < 0.7):
        return rng.randint(item.minimum, item.maximum)
    return rng.choice(item.categories).code


# --- each type ---------------------------------------------------------------------------------------------------

ONE, LIST_OF_ONE = "answer_unknown_category", "answer_one_only"


@pytest.mark.parametrize(
    ("name", "raw", "problem"),
    [
        ("one", {"bus": "yes"}, None),
        ("one", {"bus": "dont_know"}, None),
        ("one", {"bus": "maybe"}, ONE),
        ("one", {"bus": ""}, ONE),
        ("one", {"bus": {}}, ONE),
        ("one", {"bus": True}, ONE),
        ("one", {"bus": 1}, ONE),
        ("one", {"bus": ["yes"]}, LIST_OF_ONE),
        ("one", {"bus": "yes\x00"}, ONE),
        ("one", {"bus": "\ud800"}, ONE),
        ("one", {"bus": None}, "answer_missing"),
        ("one", {}, "answer_missing"),
        ("scale", {"lighting": "neutral"}, None),
        ("scale", {"lighting": "2"}, ONE),
        ("several", {"shops": ["online", "market"]}, None),
        ("several", {"shops": ["none"]}, None),
        ("several", {"shops": []}, "answer_missing"),
        ("several", {"shops": ["none", "market"]}, "answer_exclusive"),
        ("several", {"shops": ["dont_know", "market"]}, "answer_exclusive"),
        ("several", {"shops": ["market", "market"]}, "answer_repeated"),
        ("several", {"shops": ["market"] * 100_000}, "answer_repeated"),
        ("several", {"shops": ["bazaar"]}, ONE),
        ("several", {"shops": [["market"]]}, ONE),
        ("several", {"shops": [{}]}, ONE),
        ("several", {"shops": [1]}, ONE),
        ("several", {"shops": "market"}, "answer_not_list"),
        ("several", {"shops": {"market": True}}, "answer_not_list"),
        ("integer", {"household": 1}, None),
        ("integer", {"household": 20}, None),
        ("integer", {"household": 0}, "answer_number_range"),
        ("integer", {"household": 21}, "answer_number_range"),
        ("integer", {"household": 10**400}, "answer_number_range"),
        ("integer", {"household": True}, "answer_not_number"),
        ("integer", {"household": 3.0}, "answer_not_number"),
        ("integer", {"household": float("nan")}, "answer_not_number"),
        ("integer", {"household": float("inf")}, "answer_not_number"),
        ("integer", {"household": "3"}, "answer_not_number"),
        ("integer", {"household": "１２"}, "answer_not_number"),
        ("integer", {"household": "dont_know"}, "answer_not_number"),
        ("integer", {"household": [3]}, "answer_not_number"),
        ("integer", {"household": {}}, "answer_not_number"),
        ("integer", {"household": 3, "trips": "dont_know"}, None),
        ("integer", {"household": 3, "trips": [4, "dont_know"]}, "answer_number_and_mark"),
        ("text", {"comment": "灯不亮。"}, None),
        ("text", {"comment": "a" * 20}, None),
        ("text", {"comment": "a" * 21}, "answer_too_long"),
        ("text", {"comment": "\U0001f600" * 20}, None),
        ("text", {"comment": "a\x00b"}, "unreadable_text"),
        ("text", {"comment": "a\ud800b"}, "unreadable_text"),
        ("text", {"comment": "a\x1bb"}, "unreadable_text"),
        ("text", {"comment": 1}, "not_text"),
        ("text", {"comment": ["a"]}, "not_text"),
        ("text", {"comment": "   "}, None),
        ("area", {"home": "510101001001"}, None),
        ("area", {"home": "510101001009"}, "answer_area_unknown"),
        ("area", {"home": 510101001001}, "answer_area_unknown"),
        ("area", {"home": ["510101001001"]}, "answer_area_unknown"),
        ("area", {"home": {}}, "answer_area_unknown"),
    ],
)
def test_an_answer_is_accepted_or_refused_by_name(name: str, raw: dict[str, object], problem: str | None) -> None:
    assert [code for _, code in told(tiny(name), raw)] == ([] if problem is None else [problem])


def test_text_is_kept_without_the_spaces_around_it_and_with_simple_line_ends() -> None:
    checked = check_answers(tiny("text"), {"comment": "  one\r\ntwo\n "}, AREAS)
    assert checked.answers == {"comment": "one\ntwo"}


def test_several_answers_are_kept_in_the_order_of_the_questionnaire() -> None:
    checked = check_answers(tiny("several"), {"shops": ["online", "market"]}, AREAS)
    assert checked.answers == {"shops": ("market", "online")}


def test_answers_are_kept_in_the_order_of_the_questionnaire() -> None:
    person = random_person(CIVIC, random.Random(1))
    checked = check_answers(CIVIC, dict(reversed(person.items())), AREAS)
    assert list(checked.answers) == [code for code in CIVIC.items if code in person]


# --- the way through ---------------------------------------------------------------------------------------------


def test_an_answer_to_an_item_that_was_not_asked_is_a_problem() -> None:
    assert told(tiny("show_if"), {"bus": "never", "lines": ["red"]}) == [("lines", "answer_not_asked")]


def test_who_is_not_eligible_need_not_answer_what_follows_and_may_not() -> None:
    questionnaire = tiny("eligibility")
    assert told(questionnaire, {"age": "under_18", "resident": "here"}) == []
    assert told(questionnaire, {"age": "under_18", "resident": "here", "lighting": "lit"}) == [
        ("lighting", "answer_not_asked")
    ]


def test_behind_a_wrong_answer_nothing_is_required_and_nothing_refused() -> None:
    questionnaire = tiny("show_if")
    assert told(questionnaire, {"bus": "daily"}) == [("bus", ONE)]
    assert told(questionnaire, {"bus": "daily", "lines": ["red"], "trips": 3}) == [("bus", ONE)]
    assert told(questionnaire, {"lines": ["red"]}) == [("bus", "answer_missing")]


def test_behind_an_item_that_may_or_may_not_have_been_asked_nothing_is_refused_either() -> None:
    assert told(tiny("show_if"), {"bus": "daily", "lines": ["red"], "season_ticket": "yes"}) == [("bus", ONE)]


def test_behind_a_wrong_answer_answers_are_still_checked() -> None:
    assert told(tiny("show_if"), {"bus": "daily", "lines": ["pink"]}) == [("bus", ONE), ("lines", ONE)]


def test_an_interview_that_was_broken_off_need_not_be_whole_but_must_be_right() -> None:
    questionnaire = tiny("show_if")
    assert told(questionnaire, {"bus": "often"}, finished=False) == []
    assert told(questionnaire, {"bus": "daily"}, finished=False) == [("bus", ONE)]
    assert told(questionnaire, {"bus": "never", "trips": 1}, finished=False) == [("trips", "answer_not_asked")]
    assert told(questionnaire, {"bus": "often"}) == [("lines", "answer_missing")]  # whether trips is asked is open
    assert told(questionnaire, {"bus": "often", "lines": ["red"]}) == [("trips", "answer_missing")]


def test_fields_that_are_not_items_are_named_and_only_so_many_of_them() -> None:
    assert told(tiny("one"), {"bus": "yes", "weight": 3}) == [("weight", "unknown_field")]
    many = {"bus": "yes", **{f"x{n}\ud800" + "y" * 1000: 1 for n in range(1000)}}
    problems = check_answers(tiny("one"), many, AREAS).problems
    assert len(problems) == 20
    json.dumps([problem.field for problem in problems], ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize("raw", [[], "bus=yes", None, 3])
def test_answers_that_are_not_an_object_are_a_problem(raw: Any) -> None:
    assert told(tiny("one"), raw) == [("answers", "answers_not_mapping")]


def test_an_answer_that_was_accepted_is_valid_even_if_others_are_not() -> None:
    checked = check_answers(tiny("integer"), {"household": 99, "trips": 4}, AREAS)
    assert checked.answers == {"trips": 4}
    assert [problem.field for problem in checked.problems] == ["household"]


# --- forms -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "raw"),
    [
        ({"household": "3"}, {"household": 3}),
        ({"household": "１２"}, {"household": 12}),
        ({"household": " 3 "}, {"household": 3}),
        ({"household": "-3"}, {"household": -3}),
        ({"household": "007"}, {"household": 7}),
        ({"household": "3.5"}, {"household": "3.5"}),
        ({"household": "1_000"}, {"household": "1_000"}),
        ({"household": "٣"}, {"household": "٣"}),
        ({"household": "三"}, {"household": "三"}),
        ({"household": "9" * 5000}, {"household": "9" * 40}),
        ({"household": "", "trips": ""}, {}),
        ({"trips__mark": "dont_know", "trips": ""}, {"trips": "dont_know"}),
        ({"trips__mark": "dont_know", "trips": "4"}, {"trips": ["dont_know", 4]}),
        ({"trips": ["4", "5"]}, {"trips": [4, 5]}),
    ],
)
def test_numbers_are_read_from_a_form_as_people_type_them(
    fields: dict[str, str | list[str]], raw: dict[str, object]
) -> None:
    assert answers_from_form(tiny("integer"), Form(**fields).getlist) == raw


def test_a_number_and_dont_know_together_are_refused() -> None:
    raw = answers_from_form(tiny("integer"), Form(household="1", trips="4", trips__mark="dont_know").getlist)
    assert told(tiny("integer"), raw) == [("trips", "answer_number_and_mark")]


def test_two_radio_buttons_at_once_are_refused() -> None:
    raw = answers_from_form(tiny("one"), Form(bus=["yes", "no"]).getlist)
    assert told(tiny("one"), raw) == [("bus", LIST_OF_ONE)]


def test_ticked_boxes_are_several_answers_and_no_box_is_none() -> None:
    assert answers_from_form(tiny("several"), Form(shops=["market", "online", "market"]).getlist) == {
        "shops": ["market", "online"]
    }
    assert answers_from_form(tiny("several"), Form().getlist) == {}


def test_the_steps_to_an_area_are_not_its_answer() -> None:
    form = Form(home__district="510101", home__street="510101001", home="510101001001")
    assert answers_from_form(tiny("area"), form.getlist) == {"home": "510101001001"}
    assert answers_from_form(tiny("area"), Form(home__district="510101", home="").getlist) == {}


def test_without_javascript_answers_to_items_no_longer_asked_are_dropped() -> None:
    form = Form(bus="never", lines=["red"], trips="20", season_ticket="yes", reason="Too far")
    raw = answers_from_form(tiny("show_if"), form.getlist)
    assert raw == {"bus": "never", "reason": "Too far"}
    assert told(tiny("show_if"), raw) == []


def test_without_javascript_the_ineligible_may_have_gone_on_and_only_the_screening_is_kept() -> None:
    form = Form(age="under_18", residence="half_year_or_more", sex="F", area="510101001001", campaign_known="know")
    raw = answers_from_form(CIVIC, form.getlist)
    assert raw == {"age": "under_18", "residence": "half_year_or_more", "sex": "F"}
    assert told(CIVIC, raw) == []


def test_the_fields_of_a_form_are_known_by_name() -> None:
    assert form_fields(tiny("integer")) == {"household", "trips", "trips__mark"}
    assert form_fields(tiny("area")) == {"home", "home__district", "home__street"}


# --- everybody and everything ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*INSTRUMENTS, "civic"])
def test_whoever_answers_what_is_asked_is_accepted_through_both_doors(name: str) -> None:
    questionnaire = CIVIC if name == "civic" else tiny(name)
    rng = random.Random(7)
    for _ in range(100):
        person = random_person(questionnaire, rng)
        as_json = json.loads(json.dumps(person))
        checked = check_answers(questionnaire, as_json, AREAS)
        assert checked.problems == ()
        assert checked.answers == person
        form = Form(**{code: as_form(value) for code, value in person.items()})
        assert answers_from_form(questionnaire, form.getlist) == as_json


def as_form(value: Answer) -> str | list[str]:
    return list(value) if isinstance(value, tuple) else str(value)


NAMES = [*CIVIC.items, *(name + "__mark" for name in ("activity_count", "age")), "weight", "", "\ud800"]
CODES = sorted({category.code for item in CIVIC.items.values() for category in item.categories})
VALUES = st.recursive(
    st.sampled_from([*CODES, *sorted(AREAS), "", "\x00", "\ud800", "１２", "1e999"])
    | st.integers(-2, 400)
    | st.none()
    | st.booleans()
    | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "age"]), inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(NAMES), VALUES), st.booleans())
@settings(max_examples=200, deadline=None)
def test_nothing_sent_raises_and_what_is_accepted_is_accepted_again(raw: dict[str, object], finished: bool) -> None:
    checked = check_answers(CIVIC, raw, AREAS, finished=finished)
    assert set(checked.answers) <= set(CIVIC.items)
    for problem in checked.problems:
        f"{problem.field} {problem.message()}".encode()
    again = check_answers(CIVIC, json.loads(json.dumps(checked.answers)), AREAS, finished=False)
    behind = {problem.field for problem in again.problems}
    assert {problem.code for problem in again.problems} <= {"answer_not_asked"}
    assert all(again.answers[code] == answer for code, answer in checked.answers.items() if code not in behind)


@given(
    st.dictionaries(
        st.sampled_from(NAMES), st.lists(st.sampled_from([*CODES, "", "１２", "\ud800", "a\x00"]), max_size=3)
    )
)
@settings(max_examples=200, deadline=None)
def test_no_form_raises_and_what_is_not_asked_is_never_a_problem(fields: dict[str, list[str]]) -> None:
    raw = answers_from_form(CIVIC, lambda name: fields.get(name, []))
    checked = check_answers(CIVIC, raw, AREAS)
    assert not {problem.code for problem in checked.problems} & {"answer_not_asked", "unknown_field"}


def test_two_questionnaires_that_differ_in_one_category_are_checked_apart() -> None:
    first = tiny("one")
    second = questionnaire_from_json(first.to_json().replace('"code":"refused"', '"code":"declined"'))
    assert told(first, {"bus": "refused"}) == []
    assert told(second, {"bus": "refused"}) == [("bus", ONE)]
    assert told(second, {"bus": "declined"}) == []
