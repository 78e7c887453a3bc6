"""Answers are checked twice, in Python and in the browser: one table of cases and many random ones compare the two.

In the table (validation.json) a problem is [field, code] or [field, code, params]; a case is finished, and has the
areas at the top, where it does not say otherwise. Answers stand there as JSON.stringify writes them, for that is how
they are sent; `numbers` says what becomes of other ways to write a number. Random cases write numbers in any way, and
Python judges what the browser would send.
"""

import json
import random
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from survey.domain.instrument_table import instrument_table
from survey.domain.questionnaire import (
    Item,
    ItemType,
    Mark,
    Questionnaire,
    ResponseCategory,
    Section,
    questionnaire_from_json,
)
from survey.domain.validation import check_answers
from tests import machine
from tests.conformance.test_routing import random_condition
from tests.questionnaires.instruments import civic, instrument_files, parse_text, tiny

HERE = Path(__file__).parent
MODULE = HERE.parents[1] / "survey" / "static" / "instrument" / "validation.mjs"
TABLE = json.loads((HERE / "validation.json").read_text("utf-8"))

Decision = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """Answers to check, as JSON text."""

    questionnaire: Questionnaire
    answers: str
    areas: tuple[str, ...] = tuple(TABLE["areas"])
    finished: bool = True


def decided_by_python(case: Case, sent: str | None = None) -> Decision:
    checked = check_answers(
        case.questionnaire, json.loads(sent or case.answers), frozenset(case.areas), finished=case.finished
    )
    problems = [
        {"field": problem.field, "code": problem.code, "params": dict(problem.params)} for problem in checked.problems
    ]
    return {"answers": dict(checked.answers), "problems": problems}


def for_node(cases: list[Case]) -> str:
    """The cases as validation.mjs beside this file reads them; the table of each instrument stands there once."""
    numbers: dict[Questionnaire, int] = {}
    told = []
    for case in cases:
        table = numbers.setdefault(case.questionnaire, len(numbers))
        told.append({"table": table, "answers": case.answers, "areas": case.areas, "finished": case.finished})
    return json.dumps({"tables": [instrument_table(questionnaire) for questionnaire in numbers], "cases": told})


def run_node(given: str, module: Path = MODULE) -> list[tuple[str, Decision]]:
    """The answers as the browser sends them, and what the module decides of them."""
    node = machine.need(machine.NODE)
    command = [str(node), str(HERE / "validation.mjs"), str(module)]
    run = subprocess.run(command, input=given, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    return [(one.pop("sent"), one) for one in json.loads(run.stdout)]


def decided_by_node(cases: list[Case]) -> list[tuple[str, Decision]]:
    return run_node(for_node(cases))


def exact(decision: Decision) -> str:
    """A decision to compare: here 1 is not true, and the order of answers and problems counts."""
    return json.dumps(decision)


# --- the table --------------------------------------------------------------------------------------------------


def inherited() -> Questionnaire:
    """The instrument show_if, with names that every object of the browser's language has."""
    text = tiny("show_if").to_json()
    for old, new in (
        ('"bus"', '"constructor"'),
        ('"often"', '"toString"'),
        ('"code":"dont_know"', '"code":"valueOf"'),
    ):
        text = text.replace(old, new)
    return questionnaire_from_json(text)


@cache
def instrument(name: str) -> Questionnaire:
    others: dict[str, Callable[[], Questionnaire]] = {
        "civic": civic,
        "field": lambda: parse_text((HERE.parent / "field.yaml").read_text("utf-8")),
        "inherited": inherited,
    }
    return others[name]() if name in others else tiny(name)


def case_of_row(row: Decision) -> Case:
    return Case(
        instrument(row["instrument"]),
        json.dumps(row["answers"]),
        tuple(row.get("areas", TABLE["areas"])),
        row.get("finished", True),
    )


def expected_of_row(row: Decision) -> Decision:
    problems = [(*problem, {})[:3] for problem in row["problems"]]
    return {
        "answers": row["accepted"],
        "problems": [{"field": field, "code": code, "params": params} for field, code, params in problems],
    }


@pytest.mark.parametrize("row", [pytest.param(row, id=row["name"]) for row in TABLE["cases"]])
def test_python_accepts_what_the_table_says(row: Decision) -> None:
    assert exact(decided_by_python(case_of_row(row))) == exact(expected_of_row(row))


def test_the_browser_accepts_what_the_table_says() -> None:
    told = decided_by_node([case_of_row(row) for row in TABLE["cases"]])
    for row, (_, decision) in zip(TABLE["cases"], told, strict=True):
        assert exact(decision) == exact(expected_of_row(row)), row["name"]


def test_the_table_holds_answers_as_they_are_sent() -> None:
    told = decided_by_node([case_of_row(row) for row in TABLE["cases"]])
    for row, (sent, _) in zip(TABLE["cases"], told, strict=True):
        assert json.dumps(json.loads(sent)) == json.dumps(row["answers"]), row["name"]


def test_every_instrument_has_a_case_and_every_case_a_name_of_its_own() -> None:
    published = {"civic" if path.parent.name == "civic" else path.stem for path in instrument_files()}
    assert {row["instrument"] for row in TABLE["cases"]} == {*published, "field", "inherited"}
    assert [name for name, count in Counter(row["name"] for row in TABLE["cases"]).items() if count > 1] == []


def test_a_number_counts_as_the_browser_sends_it() -> None:
    rows = TABLE["numbers"]
    cases = [Case(instrument("integer"), f'{{"household":3,"trips":{row["written"]}}}') for row in rows]
    for row, case, (sent, decision) in zip(rows, cases, decided_by_node(cases), strict=True):
        assert sent == f'{{"household":3,"trips":{row["sent"]}}}'
        assert exact(decision) == exact(decided_by_python(case, sent)), row
        assert [problem["code"] for problem in decision["problems"]] == ([row["problem"]] if row["problem"] else [])


def test_a_number_that_would_be_sent_as_null_is_no_answer() -> None:
    [(sent, decision)] = decided_by_node([Case(instrument("integer"), '{"household": 1e400}')])
    assert sent == '{"household":null}'
    assert [problem["code"] for problem in decision["problems"]] == ["answer_not_number"]


def test_every_character_of_the_basic_plane_is_taken_alike() -> None:
    texts = [f"{chr(code)}a{chr(code)}" for code in range(0x10000)] + [f"a{chr(code)}b" for code in range(0x10000)]
    cases = [Case(instrument("text"), json.dumps({"comment": text})) for text in texts]
    told = decided_by_node(cases)
    different = [case.answers for case, (_, one) in zip(cases, told, strict=True) if one != decided_by_python(case)]
    assert different == []


# --- random instruments and answers ------------------------------------------------------------------------------

# every object of the browser's language has a constructor, and assigning to __proto__ makes no answer
CODES = ("a", "b", "c", "constructor", "__proto__")
AREAS: list[str] = TABLE["areas"]
TIDY = ["a", "灯", "\U0001f600", "\r\n", " ", "\t", "\n", "\u3000"]
MESSY = [*TIDY, "\r", "\x1c", "\x1f", "\x85", "\xa0", "\u200b", "\ufeff", "\x00", "\x7f", "\ud800", "\udc00", "\ufffe"]
NAMES = ["weight", "", "12", "3", "constructor", "__proto__", "toString", "\ud800x", "a\x00\xa0 b\u200b", "\U0001f600"]
NAMES += ["y" * 60, "y" * 61, "灯" * 100, *(f"x{number}" for number in range(20))]
JUNK: list[object] = [
    None,
    True,
    False,
    "",
    "a",
    "d",
    "1",
    "toString",
    "\x00",
    0,
    1,
    -1,
    1.0,
    -0.0,
    2.5,
    10**20,
    10**30,
]
JUNK += [[], ["a"], ["a", "a"], ["d", "a"], ["a", "b", "c", "constructor"], ["d"] * 9, [["a"]], [{}], [None], [1, "a"]]
JUNK += [{}, {"a": 1}, {"__proto__": "a"}, {"length": 1}, [AREAS[0]]]
TEMPLATE = tiny("one")


def random_item(rng: random.Random, code: str, earlier: list[str]) -> Item:
    kind = rng.choice(list(ItemType))
    show_if = random_condition(rng, earlier) if earlier and rng.random() < 0.6 else None
    item = Item(code, kind, {}, required=rng.random() < 0.7, show_if=show_if)
    if kind is ItemType.INTEGER:
        lowest = rng.randint(-1, 1)
        marks = (ResponseCategory(rng.choice(CODES), {}, Mark.DONT_KNOW),)
        item = replace(item, minimum=lowest, maximum=lowest + rng.randint(0, 4))
        return replace(item, categories=marks) if rng.random() < 0.5 else item
    if kind is ItemType.OPEN_TEXT:
        return replace(item, max_length=rng.randint(1, 8))
    if kind is ItemType.AREA:
        return item
    several = kind is ItemType.SEVERAL
    codes = rng.sample(CODES, rng.randint(2, 4))
    return replace(
        item, categories=tuple(ResponseCategory(one, {}, exclusive=several and rng.random() < 0.3) for one in codes)
    )


def random_questionnaire(rng: random.Random) -> Questionnaire:
    """Up to eight items, most with conditions on earlier ones, and perhaps an eligibility."""
    names = ["constructor", "__proto__", *(f"q{number}" for number in range(rng.randint(0, 6)))]
    rng.shuffle(names)
    items = tuple(random_item(rng, name, names[:position]) for position, name in enumerate(names))
    screening = names[: rng.randint(1, len(names))]
    eligibility = random_condition(rng, screening) if rng.random() < 0.6 else None
    return replace(TEMPLATE, sections=(Section("all", {}, items),), eligibility=eligibility)


def random_answer(rng: random.Random, item: Item, messy: bool) -> object:
    """Something that may be an answer to this item; of messy people, now and then something that cannot be one."""
    codes = [category.code for category in item.categories]
    if messy and rng.random() < 0.2:
        return rng.choice(JUNK)
    if item.type is ItemType.OPEN_TEXT:
        return "".join(rng.choices(MESSY if messy else TIDY, k=rng.randint(0, 7)))
    if item.type is ItemType.AREA:
        return rng.choice(AREAS)
    if item.type is ItemType.SEVERAL:
        return rng.choices(codes, k=rng.randint(1, 3) if messy else 1)
    if item.minimum is not None and item.maximum is not None and (not codes or rng.random() < 0.7):
        return rng.randint(item.minimum - messy, item.maximum + messy)
    return rng.choice(codes)


def random_answers(rng: random.Random, questionnaire: Questionnaire) -> object:
    """Answers to what is asked; of messy people also to what is not, to what there is not, and no answers at all."""
    messy = rng.random() < 0.7
    if messy and rng.random() < 0.01:
        return rng.choice([[], ["a"], "a", 1, True])
    missing, stale = rng.choice([(0, 0), (0.15, 0.2), (0.15, 1)]) if messy else (0, 0)
    told = {
        code: random_answer(rng, item, messy) for code, item in questionnaire.items.items() if rng.random() >= missing
    }
    asked = questionnaire.routing.asked(told)
    answers = {code: answer for code, answer in told.items() if code in asked or rng.random() < stale}
    for name in rng.sample(NAMES, rng.choice([0, 0, 1, 3, 25]) if messy else 0):
        answers.setdefault(name, rng.choice(JUNK))
    return dict(rng.sample(list(answers.items()), len(answers)))


@cache
def random_cases() -> tuple[list[Case], str]:
    """Many cases, and the same for node."""
    rng = random.Random(20261126)
    cases = [
        Case(one, json.dumps(random_answers(rng, one)), tuple(AREAS[: rng.randint(1, 2)]), rng.random() < 0.7)
        for one in [random_questionnaire(rng) for _ in range(1500)]
        for _ in range(3)
    ]
    return cases, for_node(cases)


@cache
def random_decisions() -> list[str]:
    """What Python decides of the random cases as the browser sends them."""
    cases, given = random_cases()
    return [exact(decided_by_python(case, sent)) for case, (sent, _) in zip(cases, run_node(given), strict=True)]


def differences(module: Path = MODULE) -> list[str]:
    """The random cases of which the browser's half decides otherwise than Python's."""
    cases, given = random_cases()
    told = zip(cases, random_decisions(), run_node(given, module), strict=True)
    return [case.answers for case, decision, (_, one) in told if exact(one) != decision]


def test_python_and_the_browser_agree_on_random_instruments_and_answers() -> None:
    assert differences() == []


def test_the_random_cases_meet_every_problem_and_many_people_without_any() -> None:
    decisions = [json.loads(decision) for decision in random_decisions()]
    met = Counter(problem["code"] for decision in decisions for problem in decision["problems"])
    assert set(met) == {problem[1] for row in TABLE["cases"] for problem in row["problems"]}
    assert min(met.values()) >= 20
    assert sum(not decision["problems"] and len(decision["answers"]) > 2 for decision in decisions) >= 300


ASKED = "condition === null || unsure || holds(condition, answers)"
MUTATIONS = [
    ("a break-off must be whole", "item.required && finished && !unsure", "item.required && !unsure"),
    ("everything is required", "item.required && finished && !unsure", "finished && !unsure"),
    ("what may not be asked is required", "item.required && finished && !unsure", "item.required && finished"),
    ("what may be asked is refused", ASKED, "condition === null || holds(condition, answers)"),
    ("stale answers count", ASKED, "condition === null || unsure || holds(condition, given)"),
    ("everybody is asked everything", ASKED, "true"),
    ("what is not asked is dropped in silence", "if (value !== null) problems", "if (false) problems"),
    ("null is an answer", "if (value !== null) problems", "if (values.has(code)) problems"),
    ("doubt does not spread", "if (refused || unsure) broken", "if (refused) broken"),
    ("a missing answer leaves no doubt", "if (refused || unsure)", "if ((value && refused) || unsure)"),
    ("the screening is one longer", "position === table.routing.screening", "position === table.routing.screening + 1"),
    ("nobody is screened out", "isEligible(table.routing, answers) === false", "false"),
    ("the unknown are screened out", "answers) === false", "answers) !== true"),
    ("zero and no text are unanswered", "values.has(code) ? values.get(code) : null", "values.get(code) || null"),
    ("what every object has is an answer", "values.has(code) ? values.get(code) : null", "given[code] ?? null"),
    ("an answer can get lost in a prototype", "Object.create(null)", "{}"),
    ("doubt does not come through any", "condition.all || condition.any ||", "condition.all ||"),
    ("doubt does not come through not", "(condition.not && [condition.not])", "(condition.not && [])"),
    ("a list is answers", "|| Array.isArray(given)", ""),
    ("a list of one is its only code", "code === value", "code == value"),
    ("a list is an unknown category", 'Array.isArray(value) ? "answer_one_only" :', ""),
    ("a code is a list", 'if (!Array.isArray(value)) return refuse("answer_not_list")', "value = [value].flat()"),
    ("a list may have any length", "value.length > categories.length", "false"),
    ("a list must leave one out", "value.length > categories.length", "value.length >= categories.length"),
    ("unknown categories are dropped", "!value.every((one) => offers(categories, one))", "false"),
    ("a repeated answer counts once", "chosen.length < value.length", "false"),
    ("nothing is exclusive", "chosen.some(({ exclusive }) => exclusive)", "false"),
    ("an exclusive answer may not stand alone", "chosen.length > 1 &&", ""),
    ("several answers stay as they were sent", "chosen.map(({ code }) => code)", "value"),
    ("an empty list is an answer", "return chosen.length ?", "return true ?"),
    ("the lowest number is left out", "minimum <= value", "minimum < value"),
    ("the highest number is left out", "value <= maximum", "value < maximum"),
    ("the lower limit is the upper", "low: String(minimum)", "low: String(maximum)"),
    ("the limits are numbers", "low: String(minimum)", "low: minimum"),
    ("a fraction is a number", "Number.isInteger(value)", "Number.isFinite(value)"),
    ("digits as text are a number", "Number.isInteger(value)", "Number.isInteger(+value)"),
    ("a number with an exponent is a number", "&& Math.abs(value) < 1e21", ""),
    ("a mark can be given where there is none", "Array.isArray(value) && categories.length", "Array.isArray(value)"),
    ("no item with a number has marks", "categories = [], minimum", "marks: categories = [], minimum"),
    ("anything is text", 'if (typeof value !== "string") return refuse("not_text")', "value = String(value)"),
    ("line ends stay", r'value.replace(/\r\n/g, "\n")', "value"),
    ("only the first line end is taken", r"/\r\n/g", r"/\r\n/"),
    ("a carriage return is a line end", r"/\r\n/g", r"/\r\n?/g"),
    ("space is what trim() says", "strip(value.replace", "(text => text.trim())(value.replace"),
    ("the end is not stripped", "end -= 1;", "break;"),
    ("characters are halves of pairs", "[...told].length", "told.length"),
    ("space at the edges counts", "[...told].length", "[...value].length"),
    ("a text may be one longer", "length > longest", "length > longest + 1"),
    ("a text must be shorter", "length > longest", "length >= longest"),
    ("the limit is a number", "limit: String(longest)", "limit: longest"),
    ("whole pairs are unreadable", r"\ufffe\uffff]/u;", r"\ufffe\uffff]/;"),
    ("a carriage return is readable", r"\x0b-\x1f\x7f", r"\x0e-\x1f\x7f"),
    ("an empty text is an answer", "told || null", "told"),
    ("an area may stand in a list", 'typeof value === "string" && isArea(value)', "isArea(value)"),
    ("every area will do", 'typeof value === "string" && isArea(value)', 'typeof value === "string"'),
    ("unknown fields pass", "problems.push(...unknown", "[].push(...unknown"),
    ("what every object has is a known field", "!known.has(name)", "!(name in table.items)"),
    ("one unknown field too many is named", "MOST_UNKNOWN = 20", "MOST_UNKNOWN = 21"),
    ("a name is shown too long", "SHOWN = 60", "SHOWN = 61"),
    ("a name is cut in silence", "…`", "`"),
    ("half a pair is shown as it came", "name.replace(HALF,", "name.replace(/[]/,"),
    ("what cannot be printed is shown", 'UNPRINTABLE.test(letter) ? "\\ufffd" : letter', "letter"),
    ("a space cannot be printed", 'letter !== " " && ', ""),
]


@pytest.mark.parametrize(("old", "new"), [one[1:] for one in MUTATIONS], ids=[one[0] for one in MUTATIONS])
def test_a_planted_difference_is_found(tmp_path: Path, old: str, new: str) -> None:
    source = MODULE.read_text("utf-8")
    assert old in source
    shutil.copy(MODULE.with_name("routing.mjs"), tmp_path)
    planted = tmp_path / "validation.mjs"
    planted.write_text(source.replace(old, new), "utf-8")
    assert differences(planted)


def test_the_browsers_half_is_small_and_depends_on_the_routing_alone() -> None:
    source = MODULE.read_text("utf-8")
    assert len(source.encode()) < 7_000
    assert [line for line in source.splitlines() if "import" in line] == [
        'import { holds, isEligible } from "./routing.mjs";'
    ]
    assert "document" not in source
