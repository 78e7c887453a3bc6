"""That the comparison with the server finds what one side has and the other has not, by cases stated one by one."""

from pathlib import Path

import pytest

from tests.tablet.node import MODULES, in_node, planted

SCRIPT = "return given.map(({ sent, outbox, server }) => modules.comparison.compare(sent, outbox, server))"
HERE, OTHER = "digest of the bytes here", "digest of other bytes"

# What the tablet was told when it sent the record a ("outbox": it has not been sent), the digest that the server has of
# it (None: it has no such record), and what the comparison says of it.
CASES: list[tuple[str, str | None, str]] = [
    ("stored", HERE, "equal"),
    ("stored", None, "missing"),
    ("stored", OTHER, "missing"),
    ("repeated", HERE, "equal"),
    ("repeated", None, "missing"),
    ("repeated", OTHER, "equal"),
    ("conflict", HERE, "equal"),
    ("conflict", None, "missing"),
    ("conflict", OTHER, "equal"),
    ("outbox", HERE, "equal"),
    ("outbox", None, "unsent"),
    ("outbox", OTHER, "unsent"),
    ("never", HERE, "unknown"),
    ("never", None, "equal"),
]


def verdicts(folder: Path = MODULES) -> list[str]:
    """What is said in each case; beside the record a there is always one that both sides have."""
    common = {"id": "z", "digest": "z", "outcome": "stored"}
    given = []
    for told, there, _ in CASES:
        entry = {"id": "a", "digest": HERE, "outcome": told}
        given.append(
            {
                "sent": [common] + ([entry] if told in {"stored", "repeated", "conflict"} else []),
                "outbox": [entry | {"outcome": None}] if told == "outbox" else [],
                "server": [["z", "z"]] + ([["a", there]] if there else []),
            }
        )
    said = []
    for one in in_node("comparison", SCRIPT, given, folder):
        equal = one.pop("equal")
        wrong = [name for name, ids in one.items() if ids]
        assert all(ids in ([], ["a"]) for ids in one.values()), "never the one that both have"
        said.append(" ".join(wrong or ["equal"]) if equal is (not wrong) else "contradicts itself")
    return said


def test_each_case_is_what_it_is_called() -> None:
    assert list(zip(CASES, verdicts(), strict=True)) == [(case, case[2]) for case in CASES]


def test_a_record_that_was_sealed_anew_and_sent_again_is_one_record() -> None:
    sent = [{"id": "a", "digest": digest, "outcome": told} for digest, told in ((HERE, "stored"), (OTHER, "conflict"))]
    given = [{"sent": sent, "outbox": [], "server": server} for server in ([["a", HERE]], [])]
    there, gone = in_node("comparison", SCRIPT, given)
    assert there["equal"]
    assert gone == {"equal": False, "missing": ["a"], "unknown": [], "unsent": []}


FAULTS = [
    ("what came later must match too", '["repeated", "conflict"]', "[]"),
    ("a conflict is missing", '["repeated", "conflict"]', '["repeated"]'),
    ("other bytes under the same id pass", "there.get(id) === digest", "there.has(id)"),
    (
        "what came later is there in any case",
        "(CAME_LATER.includes(outcome) && there.has(id))",
        "CAME_LATER.includes(outcome)",
    ),
    ("what the server has too much is no matter", "!missing.length && !unknown.length", "!missing.length"),
    ("what is still here is unknown", "[...sent, ...outbox].map", "[...sent].map"),
]


@pytest.mark.parametrize(("old", "new"), [one[1:] for one in FAULTS], ids=[one[0] for one in FAULTS])
def test_a_planted_fault_is_found(tmp_path: Path, old: str, new: str) -> None:
    assert verdicts(planted(tmp_path, "comparison.mjs", old, new)) != [case[2] for case in CASES]
