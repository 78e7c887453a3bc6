"""That a tablet without an answer comes back ever later, never all at once, and not before the server wants it."""

import random
from itertools import pairwise
from pathlib import Path

import pytest

from tests.tablet.node import SHARED, in_node, planted

# a chance, and the server's Retry-After in ms; null is a success in between
Step = tuple[float, int] | None
SCRIPT = """
  return given.map((steps) => {
    let chance;
    const waits = modules.backoff.backoff(() => chance);
    return steps.map((step) => {
      if (step === null) return waits.reset() ?? null;
      chance = step[0];
      return waits.next(step[1]);
    });
  });
"""


def sequences() -> list[list[Step]]:
    rng = random.Random(9180)

    def step() -> Step:
        return None if rng.random() < 0.08 else (rng.random(), rng.choice([0, 0, 0, 1_000, 45_000, 900_000]))

    return [[step() for _ in range(rng.randint(1, 25))] for _ in range(300)]


def complaints(folder: Path = SHARED) -> list[str]:
    """What is wrong with the waits, for many sequences of failures and successes."""
    found = []
    given = sequences()
    for steps, waits in zip(given, in_node("backoff", SCRIPT, given, folder), strict=True):
        delay = 2_000
        for step, wait in zip(steps, waits, strict=True):
            if step is None:
                delay = 2_000
                continue
            if wait < step[1]:
                found.append("earlier than the server wants")
            if step[1] == 0 and not delay / 2 <= wait <= delay:
                found.append("outside of what chance may do")
            delay = min(2 * delay, 300_000)
    return found


def test_waits_double_from_two_seconds_to_five_minutes_and_begin_anew_after_a_success() -> None:
    assert complaints() == []


def test_tablets_that_failed_at_the_same_moment_come_back_at_different_ones() -> None:
    chances: list[list[Step]] = [[(n / 50, retry_after)] for n in range(50) for retry_after in (0, 5_000)]
    waits = sorted(wait for [wait] in in_node("backoff", SCRIPT, chances, SHARED))
    assert all(one < other for one, other in pairwise(waits))


FAULTS = [
    ("it never doubles", "delay = Math.min(2 * delay, LONGEST);", ""),
    ("it doubles for ever", "Math.min(2 * delay, LONGEST)", "2 * delay"),
    ("a success is forgotten", "      delay = FIRST;", ""),
    ("the server is asked before its time", "retryAfter * (1 + random() / 4)", "0"),
]


@pytest.mark.parametrize(("old", "new"), [one[1:] for one in FAULTS], ids=[one[0] for one in FAULTS])
def test_a_planted_fault_is_found(tmp_path: Path, old: str, new: str) -> None:
    assert complaints(planted(tmp_path, "backoff.mjs", old, new, SHARED))
