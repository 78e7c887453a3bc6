"""That a tablet never interviews without a slot in hand, finds the right cell, and gives back what it did not use."""

import random
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.tablet.node import MODULES, in_node, planted

ENDS = "2026-11-26T10:30:00+00:00"
EXPIRES = datetime.fromisoformat(ENDS).timestamp() * 1000
GRANT: dict[str, Any] = {
    "expires_at": ENDS,
    "cells": [
        {"cell": 11, "district": "511621", "items": {"sex": "F", "age": "18-34"}, "slots": 3, "returned": 0},
        {"cell": 12, "district": "511621", "items": {"sex": "M", "age": "18-34"}, "slots": 5, "returned": 2},
        {"cell": 21, "district": "511681", "items": {"sex": "F", "age": "18-34"}, "slots": 1, "returned": 1},
    ],
}


def remaining(used: dict[str, int], now: float, offset: float | None, grant: object = GRANT) -> dict[str, int]:
    given = {"grant": grant, "used": used, "now": now, "offset": offset}
    script = "return modules.grant.remaining(given.grant, given.used, given.now, given.offset)"
    left: dict[str, int] = in_node("grant", script, given)
    return left


def test_slots_are_left_that_were_neither_used_nor_returned() -> None:
    assert remaining({"11": 2}, EXPIRES - 1, 0) == {"11": 1, "12": 3, "21": 0}


@pytest.mark.parametrize(
    ("now", "offset", "counts"),
    [
        (EXPIRES - 1, None, True),
        (EXPIRES, None, False),
        (EXPIRES - 400 * 86_400_000, 400 * 86_400_000, False),  # a clock that is 400 days late
        (EXPIRES + 86_400_000, -2 * 86_400_000, True),
    ],
)
def test_a_grant_ends_by_the_servers_clock(now: float, offset: float | None, counts: bool) -> None:
    assert any(remaining({}, now, offset).values()) is counts


def test_a_grant_without_a_time_one_can_read_gives_nothing() -> None:
    assert not any(remaining({}, 0, 0, GRANT | {"expires_at": "soon"}).values())


@pytest.mark.parametrize(
    ("answers", "district", "cell"),
    [
        ({"sex": "F", "age": "18-34", "q1": "a"}, "511621", 11),
        ({"sex": "M", "age": "18-34"}, "511621", 12),
        ({"sex": "F", "age": "18-34"}, "511681", 21),
        ({"sex": "F"}, "511621", None),
        ({"sex": "F", "age": None}, "511621", None),
        ({"sex": "F", "age": "55+"}, "511621", None),
        ({"sex": "F", "age": "18-34"}, "511623", None),
        ({"sex": "F", "age": "18-34"}, None, None),
    ],
)
def test_a_persons_cell_follows_from_district_and_strata(
    answers: object, district: str | None, cell: int | None
) -> None:
    given = {"grant": GRANT, "answers": answers, "district": district}
    assert in_node("grant", "return modules.grant.cellOf(given.grant, given.answers, given.district)", given) == cell


def ended_shifts(folder: Path = MODULES) -> list[str]:
    """Shifts of a hundred approaches that interview whenever a slot is left; what is wrong at their ends."""
    script = """
      return given.map(({ grant, approaches }) => {
        const used = {};
        for (const { cell, now } of approaches) {
          if (modules.grant.remaining(grant, used, now, 0)[cell] > 0) used[cell] = (used[cell] ?? 0) + 1;
        }
        return { used, returned: modules.grant.unusedReturns(grant, used) };
      });
    """
    rng = random.Random(511621)
    given: list[dict[str, Any]] = []
    for _ in range(100):
        slots = [rng.randint(0, 20) for _ in range(6)]
        cells = [{"cell": n, "slots": of, "returned": rng.randint(0, of)} for n, of in enumerate(slots)]
        approaches = [{"cell": rng.randrange(6), "now": EXPIRES - 90 + n} for n in range(100)]
        given.append({"grant": {"expires_at": ENDS, "cells": cells}, "approaches": approaches})
    found = []
    for shift, told in zip(given, in_node("grant", script, given, folder), strict=True):
        in_time = [approach["cell"] for approach in shift["approaches"] if approach["now"] < EXPIRES]
        for cell in shift["grant"]["cells"]:
            used = told["used"].get(str(cell["cell"]), 0)
            if used != min(in_time.count(cell["cell"]), cell["slots"] - cell["returned"]):
                found.append("more or fewer interviews than slots")
            if used + told["returned"][str(cell["cell"])] != cell["slots"]:
                found.append("used and returned do not add up to the slots")
    return found


def test_no_shift_uses_more_than_it_was_granted_and_all_else_goes_back() -> None:
    assert ended_shifts() == []


FAULTS = [
    ("one more than granted", "(used[cell] ?? 0), 0)", "(used[cell] ?? 0) + 1, 0)"),
    ("what was returned is used", "slots - returned - (used", "slots - (used"),
    ("a grant lasts for ever", "!(now + (offset ?? 0) < Date.parse(grant.expires_at))", "false"),
    ("nothing goes back", "Math.max(slots - (used[cell] ?? 0), returned)", "returned"),
]


@pytest.mark.parametrize(("old", "new"), [one[1:] for one in FAULTS], ids=[one[0] for one in FAULTS])
def test_a_planted_fault_is_found(tmp_path: Path, old: str, new: str) -> None:
    assert ended_shifts(planted(tmp_path, "grant.mjs", old, new))
