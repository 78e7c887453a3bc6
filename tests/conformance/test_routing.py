"""Routing is decided twice, in Python and in the browser: one table of cases and many random ones compare the two."""

import json
import random
import subprocess
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from survey.domain.routing import All, Any_, AtLeast, AtMost, Condition, Is, Not, Routing
from tests import machine
from tests.questionnaires.instruments import tiny

HERE = Path(__file__).parent
MODULE = HERE.parents[1] / "survey" / "static" / "instrument" / "routing.mjs"
TABLE = json.loads((HERE / "routing.json").read_text("utf-8"))
CASES = [pytest.param(case, id=case["name"]) for case in TABLE["cases"]]

Case = dict[str, Any]


def decided_by_node(cases: list[Case], module: Path = MODULE) -> list[Case]:
    """What routing.mjs decides of {table, answers}."""
    node = machine.need(machine.NODE)
    given = json.dumps({"module": str(module), "cases": cases})
    run = subprocess.run(
        [node, HERE / "routing.mjs"], input=given, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    told: list[Case] = json.loads(run.stdout)
    return told


def decided_by_python(routing: Routing, answers: dict[str, object]) -> Case:
    return {"asked": list(routing.asked(answers)), "eligible": routing.eligible(answers)}


@pytest.mark.parametrize("name", list(TABLE["instruments"]))
def test_the_routing_tables_in_the_file_are_those_of_the_instruments(name: str) -> None:
    assert TABLE["instruments"][name] == tiny(name).routing.to_json()


@pytest.mark.parametrize("case", CASES)
def test_python_asks_what_the_table_says(case: Case) -> None:
    routing = tiny(case["instrument"]).routing
    assert decided_by_python(routing, case["answers"]) == {"asked": case["asked"], "eligible": case["eligible"]}


def test_the_browser_asks_what_the_table_says() -> None:
    cases = TABLE["cases"]
    told = decided_by_node(
        [{"table": TABLE["instruments"][case["instrument"]], "answers": case["answers"]} for case in cases]
    )
    for case, one in zip(cases, told, strict=True):
        assert one == {"asked": case["asked"], "eligible": case["eligible"]}, case["name"]


# --- random trees -----------------------------------------------------------------------------------------------

CODES = ("a", "b", "c")


def random_condition(rng: random.Random, items: list[str], depth: int = 0) -> Condition:
    """Any condition over these items, whether or not anybody would write it."""
    kind = rng.choice(("is", "is", "least", "most") if depth > 3 else ("is", "least", "most", "all", "any", "not"))
    if kind == "is":
        return Is(rng.choice(items), frozenset(rng.sample(CODES, rng.randint(1, 2))))
    if kind in ("least", "most"):
        return (AtLeast if kind == "least" else AtMost)(rng.choice(items), rng.randint(-1, 3))
    if kind == "not":
        return Not(random_condition(rng, items, depth + 1))
    parts = tuple(random_condition(rng, items, depth + 1) for _ in range(rng.randint(1, 3)))
    return All(parts) if kind == "all" else Any_(parts)


def random_routing(rng: random.Random) -> Routing:
    """Up to eight items, most with conditions on earlier ones, and perhaps an eligibility."""
    # every object of the browser's language has something called constructor
    names = ["constructor", *(f"q{n}" for n in range(rng.randint(0, 7)))]
    conditions: dict[str, Condition | None] = {}
    for position, name in enumerate(names):
        conditions[name] = random_condition(rng, names[:position]) if position and rng.random() < 0.7 else None
    screening = rng.randint(1, len(names))
    eligibility = random_condition(rng, names[:screening]) if rng.random() < 0.6 else None
    return Routing(MappingProxyType(conditions), eligibility, screening)


def random_answers(rng: random.Random, routing: Routing) -> dict[str, object]:
    """Answers of every kind, also to items that are not asked, and also none."""
    values: list[object] = ["a", "b", "c", "", 0, 1, 3, -1, True, None, [], ["a"], ["b", "c"], ["d", 1], {"a": 1}, "1"]
    return {code: rng.choice(values) for code in routing.conditions if rng.random() < 0.8}


def random_pairs(count: int) -> list[tuple[Routing, dict[str, object]]]:
    rng = random.Random(20261121)
    routings = [random_routing(rng) for _ in range(count)]
    return [(routing, random_answers(rng, routing)) for routing in routings]


def differences(pairs: list[tuple[Routing, dict[str, object]]], module: Path = MODULE) -> int:
    """In how many cases the browser's half decides otherwise than Python's."""
    told = decided_by_node([{"table": routing.to_json(), "answers": answers} for routing, answers in pairs], module)
    return sum(decided_by_python(routing, answers) != one for (routing, answers), one in zip(pairs, told, strict=True))


def test_python_and_the_browser_agree_on_random_conditions_and_answers() -> None:
    assert differences(random_pairs(3000)) == 0


MUTATIONS = [
    ("at most takes in one more", "answer <= condition.at_most", "answer <= condition.at_most + 1"),
    ("at least leaves its limit out", "answer >= condition.at_least", "answer > condition.at_least"),
    ("all is any", "combine(condition.all, answers, missing, false)", "combine(condition.all, answers, missing, true)"),
    ("not of the unknown is true", "held === null ? null : !held", "!held"),
    ("stale answers count", "holds(condition, known)) continue", "holds(condition, answers)) continue"),
    ("nobody is screened out", "isEligible(table, known) === false", "false"),
    ("the unknown are screened out", "isEligible(table, known) === false", "isEligible(table, known) !== true"),
    ("only the first of several answers counts", "[].concat(answer).some(", "[].concat(answer).slice(0, 1).some("),
    ("what every object has is an answer", "own && answers[code] !== undefined", "answers[code] !== undefined"),
    ("digits as text are a number", "!Number.isInteger(answer)", "!Number.isInteger(+answer)"),
]


@pytest.mark.parametrize(("old", "new"), [one[1:] for one in MUTATIONS], ids=[one[0] for one in MUTATIONS])
def test_a_planted_difference_is_found(tmp_path: Path, old: str, new: str) -> None:
    source = MODULE.read_text("utf-8")
    assert old in source
    planted = tmp_path / "routing.mjs"
    planted.write_text(source.replace(old, new), "utf-8")
    assert differences(random_pairs(3000), planted) > 0


def test_the_browsers_half_is_small_and_depends_on_nothing() -> None:
    source = MODULE.read_text("utf-8")
    assert len(source.encode()) < 4_000
    assert "import" not in source
