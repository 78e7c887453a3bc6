"""How volunteers approach people: what a plan says under `intercept`, from a file or from the desk's form."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.domain.document import Document
from survey.domain.problems import Invalid
from survey.domain.protocol import DEFAULT_PROTOCOL, OBSERVABLE, Protocol
from survey.domain.wave import WavePlan
from survey.domain.wave_json import plan_from_json, plan_to_json
from survey.domain.wave_plan import parse_plan
from survey.yaml_source import read_yaml
from tests.domain.test_wave_plan import ADULTS, FRAME, PLAN, parse, refusal

INTERCEPT_LINE = PLAN.count("\n") + 1
FULL = "intercept: {every: 7, slots: 30, grant_hours: 24, observe: [age_band], place: true}\n"


def with_intercept(text: str) -> str:
    """A plan that is right but, perhaps, for these lines at its end."""
    return PLAN + text


def from_form(intercept: Mapping[str, object]) -> WavePlan:
    """The plan as the desk sends it: numbers as they were typed."""
    tree = read_yaml(PLAN, "plan.yaml").tree
    assert isinstance(tree, dict)
    return parse_plan(Document("", tree | {"intercept": intercept}, {}), ADULTS, FRAME)


def test_a_plan_says_how_people_are_approached() -> None:
    assert parse(with_intercept(FULL)).protocol == Protocol(7, 30, 24, ("age_band",), place=True)


@pytest.mark.parametrize("text", ["", "intercept: {}\n", "intercept: {every: 5}\n"])
def test_what_a_plan_leaves_out_is_as_usual(text: str) -> None:
    assert parse(with_intercept(text)).protocol == DEFAULT_PROTOCOL == Protocol(5, 20, 12, OBSERVABLE, place=False)


def test_nothing_need_be_noted_of_those_who_refuse() -> None:
    assert parse(with_intercept("intercept: {observe: []}\n")).protocol.observe == ()


def test_what_is_noted_has_one_order_and_stands_once() -> None:
    text = "intercept: {observe: [age_band, sex, age_band]}\n"
    assert parse(with_intercept(text)).protocol.observe == ("sex", "age_band")


def test_the_form_of_the_desk_sends_its_numbers_as_text() -> None:
    sent = {"every": " 8", "slots": "15", "grant_hours": "0", "observe": ["sex"], "place": False}
    assert from_form(sent).protocol == Protocol(8, 15, 0, ("sex",), place=False)


FAULTS = [
    ("intercept: 5", "intercept", "document_not_mapping"),
    ("intercept: [every]", "intercept", "document_not_mapping"),
    ("intercept: {evry: 5}", "intercept.evry", "document_unknown_key_nearest"),
    ("intercept: {weight: 5}", "intercept.weight", "document_unknown_key"),
    ("intercept: {every: null}", "intercept.every", "document_empty"),
    ("intercept: {every: 0}", "intercept.every", "wave_count"),
    ("intercept: {every: 1001}", "intercept.every", "wave_count"),
    ("intercept: {every: 2.5}", "intercept.every", "wave_count"),
    ("intercept: {every: true}", "intercept.every", "wave_count"),
    ("intercept: {every: '５'}", "intercept.every", "wave_count"),
    ("intercept: {slots: 0}", "intercept.slots", "wave_count"),
    ("intercept: {slots: 501}", "intercept.slots", "wave_count"),
    ("intercept: {slots: [20]}", "intercept.slots", "wave_count"),
    ("intercept: {grant_hours: -1}", "intercept.grant_hours", "wave_count"),
    ("intercept: {grant_hours: 241}", "intercept.grant_hours", "wave_count"),
    ("intercept: {observe: sex}", "intercept.observe", "document_not_list"),
    ("intercept: {observe: [sex, income]}", "intercept.observe[2]", "document_not_known"),
    ("intercept: {observe: [5]}", "intercept.observe[1]", "document_quote_it"),
    ("intercept: {place: 1}", "intercept.place", "document_not_boolean"),
    ("intercept: {place: 'yes'}", "intercept.place", "document_not_boolean"),
]


@pytest.mark.parametrize(("text", "field", "code"), FAULTS)
def test_every_fault_is_named_with_its_field_and_line(text: str, field: str, code: str) -> None:
    assert refusal(with_intercept(text + "\n")) == [(INTERCEPT_LINE, field, code)]


def test_all_faults_are_named_at_once() -> None:
    text = "intercept:\n  every: 0\n  slots: none at all\n  observe: [hair]\n  place: maybe\n"
    assert refusal(with_intercept(text)) == [
        (INTERCEPT_LINE + 1, "intercept.every", "wave_count"),
        (INTERCEPT_LINE + 2, "intercept.slots", "wave_count"),
        (INTERCEPT_LINE + 3, "intercept.observe[1]", "document_not_known"),
        (INTERCEPT_LINE + 4, "intercept.place", "document_not_boolean"),
    ]


@pytest.mark.parametrize("typed", ["", " ", "five", "5.0", "1e3", "9" * 30, "1_0", "-5"])
def test_a_number_of_the_form_that_is_none_is_named(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        from_form({"every": typed})
    assert [(problem.field, problem.code) for problem in refused.value.problems] == [("intercept.every", "wave_count")]


protocols = st.builds(
    Protocol,
    every=st.integers(1, 1000),
    slots=st.integers(1, 500),
    grant_hours=st.integers(0, 240),
    observe=st.sampled_from([(), ("sex",), ("age_band",), OBSERVABLE]),
    place=st.booleans(),
)


@given(protocols)
def test_a_protocol_is_kept_with_its_wave_and_read_back(protocol: Protocol) -> None:
    asked = {name: getattr(protocol, name) for name in Protocol.__slots__} | {"observe": list(protocol.observe)}
    plan = from_form(asked)
    assert plan.protocol == protocol
    assert plan_from_json(plan_to_json(plan)) == plan


def test_a_plan_that_was_kept_before_there_were_tablets_is_read_as_usual() -> None:
    tree = json.loads(plan_to_json(parse(with_intercept(FULL))))
    assert tree.pop("intercept")["every"] == 7
    assert plan_from_json(json.dumps(tree)).protocol == DEFAULT_PROTOCOL
