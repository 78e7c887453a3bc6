"""That each k-th passer-by is approached after a random start: everybody has the same chance."""

from collections import Counter
from pathlib import Path

import pytest

from tests.tablet.node import MODULES, in_node, planted

# Who is approached among the first 200 who pass, for each k and each of its starts.
SCRIPT = """
  const { begin, step, isTurn, until } = modules.interval;
  return given.map(([every, chance]) => {
    let state = begin(every, () => chance);
    const approached = [];
    let foretold = true;
    while (state.passed < 200) {
      const ahead = until(state, every);
      state = step(state, every);
      if (isTurn(state)) approached.push(state.passed);
      foretold &&= (ahead === 1) === isTurn(state);
    }
    return { approached, foretold };
  });
"""


def complaints(folder: Path = MODULES) -> list[str]:
    cases = [(every, (start + 0.5) / every) for every in (1, 2, 3, 5, 7, 12) for start in range(every)]
    told = in_node("interval", SCRIPT, cases, folder)
    found = []
    chances: dict[int, Counter[int]] = {every: Counter() for every, _ in cases}
    for (every, _), one in zip(cases, told, strict=True):
        approached = one["approached"]
        if approached != list(range(approached[0], 201, every)) or approached[0] > every:
            found.append(f"not each {every}th: {approached[:5]}")
        if not one["foretold"]:
            found.append("it was not said how many more pass")
        chances[every].update(approached)
    for every, times in chances.items():
        if set(times.values()) != {1} or len(times) != 200:
            found.append(f"with k = {every} some have another chance")
    return found


def test_each_kth_is_approached_and_everybody_has_the_same_chance() -> None:
    assert complaints() == []


FAULTS = [
    ("always the first", "1 + Math.floor(random() * every)", "1"),
    ("never the last", "1 + Math.floor(random() * every)", "1 + Math.floor(random() * (every - 1))"),
    ("one too late", "passed + every : next", "passed + every + 1 : next"),
]


@pytest.mark.parametrize(("old", "new"), [one[1:] for one in FAULTS], ids=[one[0] for one in FAULTS])
def test_a_planted_fault_is_found(tmp_path: Path, old: str, new: str) -> None:
    assert complaints(planted(tmp_path, "interval.mjs", old, new))
