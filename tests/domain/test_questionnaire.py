"""Which documents are questionnaires: every instrument is, every planted fault has its line, nothing is lost."""

import json
import re
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from survey.domain.problems import MESSAGES, Invalid
from survey.domain.questionnaire import (
    BaseRule,
    Indicator,
    Item,
    ItemType,
    LegalHeader,
    Mark,
    Questionnaire,
    ResponseCategory,
    Section,
    StratumQuestion,
    questionnaire_from_json,
    text_in,
)
from survey.domain.routing import All, Any_, AtLeast, AtMost, Condition, Is, Not
from survey.yaml_source import read_yaml
from tests.questionnaires.instruments import PUBLISHED, TINY, civic, instrument_files, parse_text, tiny

SCHEMA = jsonschema.Draft202012Validator(json.loads((PUBLISHED / "questionnaire.schema.json").read_text("utf-8")))
FILES = instrument_files()
DOMAIN = PUBLISHED.parent / "survey" / "domain"


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_every_instrument_is_a_questionnaire_and_fits_the_schema(path: Path) -> None:
    text = path.read_text("utf-8")
    questionnaire = parse_text(text, path.name)
    assert [error.message for error in SCHEMA.iter_errors(read_yaml(text, path.name).tree)] == []
    assert [error.message for error in SCHEMA.iter_errors(json.loads(questionnaire.to_json()))] == []
    again = questionnaire_from_json(questionnaire.to_json())
    assert again == questionnaire
    assert parts(again) == parts(questionnaire)


def parts(questionnaire: Questionnaire) -> dict[str, object]:
    """All it is made of: two are equal by their JSON, which alone would not show what the JSON leaves out."""
    return {field.name: getattr(questionnaire, field.name) for field in fields(questionnaire)}


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_every_instrument_reads_the_same_in_the_strictest_reader(path: Path) -> None:
    text = path.read_text("utf-8")
    plain = yaml.load(text, Loader=yaml.BaseLoader)
    assert as_text(read_yaml(text, path.name).tree) == as_text(plain)


def as_text(tree: Any) -> object:
    """The tree with every value as text, but for numbers: 0.9 is 0.90."""
    if isinstance(tree, dict):
        return {key: as_text(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [as_text(value) for value in tree]
    if isinstance(tree, bool):
        return str(tree).lower()
    return float(tree) if re.fullmatch(r"-?[0-9.]+", str(tree)) else tree


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA.schema)


def test_the_digest_depends_on_what_is_said_and_not_on_how_it_is_written() -> None:
    text = (TINY / "one.yaml").read_text("utf-8")
    rewritten = "# a comment\n" + text.replace(
        "{code: refused, text: {en: Prefer not to say}, mark: refused}",
        ('{mark: "refused", text: {en: "Prefer not to say"}, code: refused}'),
    )
    assert rewritten.count("\n") == text.count("\n") + 1
    assert parse_text(rewritten).digest == parse_text(text).digest
    assert parse_text(text.replace("Prefer not to say", "I'd rather not say")).digest != parse_text(text).digest


def test_is_with_one_code_and_in_with_one_code_are_the_same_questionnaire() -> None:
    text = (TINY / "show_if.yaml").read_text("utf-8")
    assert parse_text(text.replace("is: often", "in: [often]")) == parse_text(text)


def test_a_limit_on_both_sides_is_two_conditions() -> None:
    assert tiny("show_if").items["season_ticket"].show_if == All((AtLeast("trips", 10), AtMost("trips", 50)))


def test_a_mark_among_several_answers_is_always_exclusive() -> None:
    exclusive = [category.code for category in tiny("several").items["shops"].categories if category.exclusive]
    assert exclusive == ["none", "dont_know"]


def test_a_text_falls_back_to_the_first_language() -> None:
    title = tiny("languages").title
    assert text_in(title, "en") == "Trying out languages"
    assert text_in(title, "fr") == text_in(title, "zh-Hans") == "试用多种语言"


def test_the_legal_header_has_its_four_parts() -> None:
    assert tiny("one").legal == LegalHeader("Test 1", "Test office", "Test 1/2026", date(2027, 12, 31))


def test_the_area_item_is_found() -> None:
    home = tiny("area").area_item
    assert home is not None
    assert home.code == "home"
    assert tiny("one").area_item is None


# --- planted faults ---------------------------------------------------------------------------------------------

FAULTS = yaml.safe_load((TINY / "broken" / "faults.yaml").read_text("utf-8"))


def planted(fault: dict[str, Any]) -> tuple[str, int]:
    """The text of the broken instrument and the line that its refusal should name."""
    sound = (TINY / f"{fault['instrument']}.yaml").read_text("utf-8")
    assert fault["replace"] in sound
    broken = sound.replace(fault["replace"], fault["by"], 1)
    lines = broken.splitlines()
    if "line" in fault:
        return broken, fault["line"]
    if "told_at" in fault:
        return broken, next(number for number, line in enumerate(lines, 1) if fault["told_at"] in line)
    pairs = zip(lines, sound.splitlines(), strict=False)
    return broken, next(number for number, (new, old) in enumerate(pairs, 1) if new != old)


@pytest.mark.parametrize("fault", FAULTS, ids=[fault["what"] for fault in FAULTS])
def test_a_planted_fault_is_refused_with_its_line_and_a_way_out(fault: dict[str, Any]) -> None:
    text, line = planted(fault)
    with pytest.raises(Invalid) as refusal:
        parse_text(text, "form.yaml")
    told = [(problem.code, problem.line) for problem in refusal.value.problems]
    assert (fault["code"], line) in told, str(refusal.value)
    assert all(str(problem).startswith("form.yaml:") for problem in refusal.value.problems)


@pytest.mark.parametrize("fault", FAULTS, ids=[fault["what"] for fault in FAULTS])
def test_the_schema_sees_the_faults_that_a_schema_can_see(fault: dict[str, Any]) -> None:
    text, _ = planted(fault)
    assert bool(list(SCHEMA.iter_errors(read_yaml(text, "form.yaml").tree))) is fault["schema"]


def test_every_sentence_about_questionnaires_is_said_of_some_planted_fault() -> None:
    sources = [
        (DOMAIN / name).read_text("utf-8")
        for name in ("document.py", "questionnaire.py", "questionnaire_language.py", "condition_language.py")
    ]
    sentences = {code for source in sources for code in re.findall(r'"((?:questionnaire|document)_\w+)"', source)}
    assert sentences <= MESSAGES.keys()
    assert sentences - {fault["code"] for fault in FAULTS} == {"questionnaire_not_json", "questionnaire_too_many_items"}


def test_all_faults_of_a_file_are_told_at_once_in_the_order_of_its_lines() -> None:
    text = (TINY / "show_if.yaml").read_text("utf-8")
    text = text.replace("type: several", "type: many").replace("at_least: 10", "at_least: ten")
    text = text.replace("{item: bus, is: never}", "{item: buss, is: never}").replace("max_length: 100", "max_length: 0")
    with pytest.raises(Invalid) as refusal:
        parse_text(text)
    problems = refusal.value.problems
    assert {"document_not_known", "document_not_integer", "document_out_of_range"} < {one.code for one in problems}
    assert [one.line for one in problems] == sorted(one.line or 0 for one in problems)


def test_an_item_whose_own_condition_is_wrong_does_not_make_others_look_unreachable() -> None:
    text = (
        (TINY / "show_if.yaml").read_text("utf-8").replace("{item: bus, in: [often, seldom]}", "{item: bas, is: often}")
    )
    with pytest.raises(Invalid) as refusal:
        parse_text(text)
    assert [one.code for one in refusal.value.problems] == ["questionnaire_unknown_item_nearest"]


def test_within_the_screening_an_item_may_be_for_people_who_turn_out_not_to_be_eligible() -> None:
    text = (TINY / "strata.yaml").read_text("utf-8")
    item = "      - code: guardian\n        type: text\n        max_length: 9\n        text: {en: With whom}\n"
    item += "        show_if: {item: age, is: under_18}\n"
    inside = text.replace("      - code: sex\n", item + "      - code: sex\n")
    assert parse_text(inside).routing.asked({"age": "under_18"}) == ("age", "guardian")
    behind = text.replace("      - code: home\n", item + "      - code: home\n")
    with pytest.raises(Invalid) as refusal:
        parse_text(behind)
    assert [problem.code for problem in refusal.value.problems] == ["questionnaire_unreachable"]


def test_a_file_of_very_many_items_is_refused_before_anything_slow() -> None:
    text = (TINY / "text.yaml").read_text("utf-8")
    first = text.index("      - code")
    many = text[:first] + "".join(text[first:].replace("code: comment", f"code: c{n}") for n in range(301))
    with pytest.raises(Invalid) as refusal:
        parse_text(many)
    assert [problem.code for problem in refusal.value.problems] == ["questionnaire_too_many_items"]


def test_an_item_without_its_limits_does_not_make_others_look_unreachable() -> None:
    text = (TINY / "show_if.yaml").read_text("utf-8").replace("        maximum: 100\n", "")
    with pytest.raises(Invalid) as refusal:
        parse_text(text)
    assert [one.code for one in refusal.value.problems] == ["document_missing_key"]


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 60_000, '{"format": NaN}', '"\\ud800"', "1"])
def test_what_is_not_a_stored_questionnaire_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        questionnaire_from_json(text)


# --- questionnaires that nobody wrote ---------------------------------------------------------------------------

LANGUAGES = ("zh-Hans", "en")
WORDS = st.sampled_from(
    ["yes", "民声 a: b", "- x", "# 1", "0", "null", "'", '"q"', "{a}", "*a", "a\n\tb", "😀", "9:30"]
)
TEXTS = st.fixed_dictionaries(dict.fromkeys(LANGUAGES, WORDS))
CODES = st.sampled_from(["M", "F", "18-34", "55+", "yes", "no", "0", "a_b", "dont_know", "x" * 40])
NOT_FOR_ANYBODY = {"questionnaire_unreachable", "questionnaire_nobody_eligible"}


@st.composite
def items(draw: st.DrawFn, code: str, earlier: list[Item]) -> Item:
    """An item of any type, sometimes with a condition on earlier ones."""
    kind = draw(st.sampled_from([one for one in ItemType if one is not ItemType.AREA]))
    codes = draw(st.lists(CODES, min_size=2, max_size=4, unique=True))
    categories: tuple[ResponseCategory, ...] = ()
    if kind in (ItemType.ONE, ItemType.SCALE):
        categories = tuple(ResponseCategory(one, draw(TEXTS)) for one in codes)
        categories += (ResponseCategory("dk", draw(TEXTS), Mark.DONT_KNOW),) if "dk" not in codes else ()
    elif kind is ItemType.SEVERAL:
        categories = tuple(ResponseCategory(one, draw(TEXTS), None, draw(st.booleans())) for one in codes)
    elif kind is ItemType.INTEGER and draw(st.booleans()):
        categories = (ResponseCategory("dk", draw(TEXTS), Mark.DONT_KNOW),)
    number = kind is ItemType.INTEGER
    return Item(
        code=code,
        type=kind,
        text=draw(TEXTS),
        hint=draw(st.none() | TEXTS),
        categories=categories,
        required=draw(st.booleans()),
        show_if=draw(st.none() | conditions(earlier))
        if any(one.categories or one.maximum for one in earlier)
        else None,
        minimum=0 if number else None,
        maximum=draw(st.integers(1, 50)) if number else None,
        max_length=draw(st.integers(1, 2000)) if kind is ItemType.OPEN_TEXT else None,
    )


def conditions(earlier: list[Item]) -> st.SearchStrategy[Condition]:
    """Conditions on earlier items that have categories or numbers."""
    atoms: list[st.SearchStrategy[Condition]] = []
    for item in earlier:
        if item.categories:
            codes = st.sampled_from([category.code for category in item.categories])
            atoms.append(st.builds(Is, st.just(item.code), st.frozensets(codes, min_size=1)))
        if item.maximum:
            atoms.append(st.builds(AtLeast, st.just(item.code), st.integers(0, item.maximum)))
            atoms.append(st.builds(AtMost, st.just(item.code), st.integers(0, item.maximum)))
    return st.recursive(
        st.one_of(atoms),
        lambda inner: (
            st.builds(Not, inner)
            | st.builds(All, st.lists(inner, min_size=1, max_size=3).map(tuple))
            | st.builds(Any_, st.lists(inner, min_size=1, max_size=3).map(tuple))
        ),
        max_leaves=4,
    )


@st.composite
def questionnaires(draw: st.DrawFn) -> Questionnaire:
    """A questionnaire of any make; a condition in it may be one that nobody can fulfil."""
    person = Item(
        "person", ItemType.ONE, draw(TEXTS), None, tuple(ResponseCategory(c, draw(TEXTS)) for c in ("M", "F"))
    )
    asked = [person]
    for position in range(draw(st.integers(0, 6))):
        asked.append(draw(items(f"q{position}", asked)))
    cut = draw(st.integers(1, len(asked)))
    parts = [tuple(asked[:cut]), tuple(asked[cut:])]
    rates = [item for item in asked if item.type in (ItemType.ONE, ItemType.SCALE)]
    return Questionnaire(
        code="random",
        version=draw(st.integers(1, 99)),
        languages=LANGUAGES,
        title=draw(TEXTS),
        introduction=draw(TEXTS),
        legal=LegalHeader(draw(WORDS), draw(WORDS), draw(WORDS), draw(st.dates(date(1000, 1, 1)))),
        sections=tuple(Section(f"s{n}", draw(TEXTS), part) for n, part in enumerate(parts) if part),
        eligibility=draw(st.none() | conditions([person])),
        strata=(StratumQuestion("sex", "person"),) if draw(st.booleans()) else (),
        indicators=tuple(
            Indicator(
                f"rate_{item.code}",
                draw(TEXTS),
                (item.code,),
                draw(st.frozensets(st.sampled_from([one.code for one in item.substantive]), min_size=1)),
                BaseRule(draw(st.booleans()), draw(st.booleans())),
                draw(st.floats(0.01, 1)),
            )
            for item in rates
        ),
    )


@given(questionnaires())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_of_a_questionnaire_is_lost_in_its_canonical_json(questionnaire: Questionnaire) -> None:
    text = questionnaire.to_json()
    try:
        again = questionnaire_from_json(text)
    except Invalid as refusal:
        assert {problem.code for problem in refusal.problems} <= NOT_FOR_ANYBODY  # noqa: PT017 (either is right)
        return
    assert parts(again) == parts(questionnaire)
    assert (again.to_json(), again.digest, hash(again)) == (text, questionnaire.digest, hash(questionnaire))
    assert [error.message for error in SCHEMA.iter_errors(json.loads(text))] == []


def test_the_round_trip_would_notice_a_part_that_the_canonical_json_forgets() -> None:
    questionnaire = civic()
    forgetful = json.loads(questionnaire.to_json())
    del forgetful["sections"][2]["items"][0]["hint"]
    assert parts(questionnaire_from_json(json.dumps(forgetful))) != parts(questionnaire)
