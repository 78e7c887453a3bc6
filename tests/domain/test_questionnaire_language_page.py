"""What the page on the questionnaire language says is what the program does."""

import json
import re
from typing import Any

import pytest
import yaml

from survey.domain.problems import Invalid
from survey.domain.questionnaire import ItemType, Questionnaire
from survey.domain.routing import evaluate
from survey.domain.validation import check_answers, form_fields
from tests.questionnaires.instruments import PUBLISHED, TINY, parse_text, tiny

PAGE = (PUBLISHED.parent / "docs" / "questionnaire-language.md").read_text("utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
YAML_BLOCKS = [text for kind, text in BLOCKS if kind == "yaml"]
WHOLE = [text for text in YAML_BLOCKS if text.startswith("format:")]
PARTS = [text for text in YAML_BLOCKS if not text.startswith("format:")]
SCHEMA = json.loads((PUBLISHED / "questionnaire.schema.json").read_text("utf-8"))


def rows(first_column: str) -> list[list[str]]:
    """The rows of the table whose first heading is this, without their code marks."""
    table = re.search(rf"^\| {first_column} \|.*\n\|[-| ]+\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert table is not None
    return [[cell.strip() for cell in row.strip("| ").split("|")] for row in table.group(1).strip().split("\n")]


def test_the_whole_example_is_a_questionnaire() -> None:
    questionnaire = parse_text(WHOLE[0])
    assert list(questionnaire.items) == ["age", "rides", "waiting"]
    assert questionnaire.routing.asked({"age": "under_18"}) == ("age",)


def test_the_broken_example_is_refused_in_the_words_of_the_page() -> None:
    with pytest.raises(Invalid) as refusal:
        parse_text(WHOLE[1], "broken.yaml")
    (answer,) = [text for kind, text in BLOCKS if kind == "text"]
    assert str(refusal.value) == answer.strip()


@pytest.mark.parametrize("part", PARTS)
def test_each_part_shown_stands_in_an_instrument_that_is_tested(part: str) -> None:
    shown = yaml.safe_load(part)
    assert any(shown_in(shown, yaml.safe_load(path.read_text("utf-8"))) for path in TINY.glob("*.yaml"))


def shown_in(shown: Any, instrument: dict[str, Any]) -> bool:
    """Whether items, or parts of the whole, stand in an instrument."""
    if isinstance(shown, list):
        items = [item for section in instrument["sections"] for item in section["items"]]
        return all(one in items for one in shown)
    return all(stands_in(value, instrument.get(key)) for key, value in shown.items())


def stands_in(shown: Any, whole: Any) -> bool:
    return all(one in whole for one in shown) if isinstance(shown, list) and whole else bool(shown == whole)


@pytest.mark.parametrize(("condition", "answers", "holds"), rows("condition"))
def test_each_condition_holds_as_the_table_says(condition: str, answers: str, holds: str) -> None:
    text = (TINY / "show_if.yaml").read_text("utf-8")
    text += "      - code: last\n        type: area\n        text: {en: Where?}\n        show_if: " + condition.strip(
        "`"
    )
    parsed = parse_text(text).items["last"].show_if
    assert parsed is not None
    assert evaluate(parsed, json.loads(answers.strip("`"))) is (holds == "yes")


def instrument_with(codes: list[str]) -> Questionnaire:
    names = ("one", "several", "integer", "text", "area")
    return next(one for one in map(tiny, names) if set(codes) <= set(one.items))


@pytest.mark.parametrize(("kind", "answers", "fields"), rows(r"type \| JSON"))
def test_each_answer_is_accepted_and_each_form_field_known(kind: str, answers: str, fields: str) -> None:
    raw = json.loads(answers.strip("`"))
    questionnaire = instrument_with(list(raw))
    assert check_answers(questionnaire, raw, {"510101001001"}).problems == ()
    assert set(re.findall(r"`(\w+)`", fields)) <= form_fields(questionnaire)


def test_every_type_and_every_key_of_the_schema_is_explained() -> None:
    told = set(re.findall(r"`(\w+)[`:]", PAGE))
    assert {kind.value for kind in ItemType} <= told
    keys = set(SCHEMA["properties"]) | set(SCHEMA["properties"]["legal"]["properties"])
    for definition in SCHEMA["$defs"].values():
        keys |= set(definition.get("properties", ()))
    for choice in SCHEMA["$defs"]["condition"]["oneOf"]:
        keys |= set(choice["properties"])
    assert keys - told == {"item", "dimension"}  # explained by example
