"""The table that a page embeds holds what its scripts decide by, and nothing that could not stand in a page."""

import json
import re

import pytest

from survey.domain.instrument_table import instrument_table
from survey.domain.questionnaire import Questionnaire
from tests.questionnaires.instruments import civic, instrument_files, parse_text, tiny

EVERY = [pytest.param(parse_text(path.read_text("utf-8")), id=path.stem) for path in instrument_files()]


def test_a_table_says_of_each_type_what_its_answers_are_checked_by() -> None:
    expected: dict[str, dict[str, object]] = {
        "one": {
            "bus": {
                "type": "one",
                "required": True,
                "categories": [
                    {"code": "yes"},
                    {"code": "no"},
                    {"code": "dont_know", "mark": "dont_know"},
                    {"code": "refused", "mark": "refused"},
                ],
            }
        },
        "several": {
            "shops": {
                "type": "several",
                "required": True,
                "categories": [
                    {"code": "market"},
                    {"code": "supermarket"},
                    {"code": "online"},
                    {"code": "none", "exclusive": True},
                    {"code": "dont_know", "mark": "dont_know", "exclusive": True},
                ],
            }
        },
        "integer": {
            "household": {"type": "integer", "required": True, "minimum": 1, "maximum": 20},
            "trips": {
                "type": "integer",
                "required": False,
                "categories": [{"code": "dont_know", "mark": "dont_know"}],
                "minimum": 0,
                "maximum": 200,
            },
        },
        "text": {"comment": {"type": "text", "required": False, "max_length": 20}},
        "area": {"home": {"type": "area", "required": True}},
    }
    assert {name: instrument_table(tiny(name))["items"] for name in expected} == expected


def test_a_table_names_the_items_whose_answers_make_the_quota_cell() -> None:
    assert instrument_table(tiny("strata"))["strata"] == [
        {"dimension": "sex", "item": "sex"},
        {"dimension": "age_band", "item": "age"},
    ]
    assert instrument_table(tiny("one"))["strata"] == []


@pytest.mark.parametrize("questionnaire", EVERY)
def test_a_table_routes_as_its_questionnaire_and_keeps_the_order_of_the_items(questionnaire: Questionnaire) -> None:
    table = json.loads(json.dumps(instrument_table(questionnaire)))
    assert table["routing"] == questionnaire.routing.to_json()
    assert list(table["items"]) == list(table["routing"]["items"]) == list(questionnaire.items)


@pytest.mark.parametrize("questionnaire", EVERY)
def test_a_table_can_stand_in_a_script_element_as_it_is(questionnaire: Questionnaire) -> None:
    assert re.fullmatch(
        r'[A-Za-z0-9_+\-{}\[\]:,"]+', json.dumps(instrument_table(questionnaire), separators=(",", ":"))
    )


def test_the_table_of_the_residents_questionnaire_is_a_small_part_of_its_page() -> None:
    assert len(json.dumps(instrument_table(civic()), separators=(",", ":"))) < 10_000
