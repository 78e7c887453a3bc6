"""That the comparison with the server finds every record that one side has and the other has not."""

import random
from pathlib import Path
from typing import Any

import pytest

from tests.tablet.node import MODULES, in_node, planted

SCRIPT = "return given.map(({ sent, outbox, server }) => modules.comparison.compare(sent, outbox, server))"
Pair = tuple[str, str]


def expected(sent: set[Pair], outbox: set[Pair], server: set[Pair]) -> dict[str, Any]:
    lists = {"missing": sent - server, "unknown": server - sent - outbox, "unsent": outbox - server}
    ids = {name: sorted(record for record, _ in pairs) for name, pairs in lists.items()}
    return {"equal": not any(ids.values()), **ids}


def differences(folder: Path = MODULES) -> int:
    """In how many random states of the two sides the comparison is not what it is by definition."""
    rng = random.Random(409)
    states: list[tuple[set[Pair], set[Pair], set[Pair]]] = []
    for _ in range(400):
        # few ids and digests, so that the same id with other bytes is frequent
        here, there = ({(f"id{rng.randrange(4)}", f"d{rng.randrange(2)}") for _ in range(4)} for _ in range(2))
        outbox = {pair for pair in here if rng.random() < rng.choice([0, 0.3])}
        states.append((here - outbox, outbox, here - outbox if rng.random() < 0.3 else there))
    given = [
        {
            "sent": [{"id": id_, "digest": digest} for id_, digest in sorted(sent)],
            "outbox": [{"id": id_, "digest": digest} for id_, digest in sorted(outbox)],
            "server": sorted(server),
        }
        for sent, outbox, server in states
    ]
    told = in_node("comparison", SCRIPT, given, folder)
    for one in told:
        one |= {name: sorted(one[name]) for name in ("missing", "unknown", "unsent")}
    assert 50 < sum(expected(*state)["equal"] for state in states) < 350
    return sum(one != expected(*state) for one, state in zip(told, states, strict=True))


def test_missing_unknown_and_unsent_are_what_their_names_say() -> None:
    assert differences() == 0


FAULTS = [
    ("other bytes under the same id pass", "`${id} ${digest}`", "id"),
    ("what the server has too much is no matter", "!missing.length && !unknown.length", "!missing.length"),
    ("what is still here is unknown", "[...sent, ...outbox].map", "[...sent].map"),
]


@pytest.mark.parametrize(("old", "new"), [one[1:] for one in FAULTS], ids=[one[0] for one in FAULTS])
def test_a_planted_fault_is_found(tmp_path: Path, old: str, new: str) -> None:
    assert differences(planted(tmp_path, "comparison.mjs", old, new)) > 0
