"""Where our answers to a small-area case differ from R's."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from analysis.small_area import reference

# What describes how an answer was made; lme4's log-likelihood with several nodes lacks a constant.
NOT_COMPARED = {"call", "note", "mc_note", "versions", "stan", "draws", "seconds", "max_rhat", "min_neff"}
LOOSE = 1e-6
TIGHT = {"eb_exact": 1e-8, "fh_arcsine_reml": 1e-8, "fh_logit_reml": 1e-8}


def failures(case: Path, threshold: float, tight: Mapping[str, float]) -> list[str]:
    """One line for every number that is not R's. tight: tolerances of some methods, beside max(1, |expected|)."""
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    answer = reference.answer(reference.read_case(case, threshold))
    # Through text, as an outside program would read it.
    ours = json.loads(json.dumps(answer, allow_nan=False))
    found = []
    for name, part in expected.items():
        if name not in NOT_COMPARED:
            found += [f"{name}{line}" for line in differences(part, ours[name], tight.get(name, LOOSE))]
    return found


def differences(expected: Any, answer: Any, tolerance: float, path: str = "") -> Iterator[str]:
    """Areas are compared by their names."""
    if isinstance(expected, Mapping):
        for key, value in expected.items():
            if key not in NOT_COMPARED:
                yield from differences(value, answer[key], tolerance, f"{path}/{key}")
    elif isinstance(expected, list):
        by_name = {row["nbhd"]: row for row in answer}
        for row in expected:
            yield from differences(row, by_name[row["nbhd"]], tolerance, f"{path}/{row['nbhd']}")
    elif isinstance(expected, str) or expected is None or answer is None:
        if expected != answer:
            yield f"{path}: {expected!r} expected, {answer!r} found"
    elif not abs(expected - answer) <= tolerance * max(1.0, abs(expected)):
        yield f"{path}: {expected!r} expected, {answer!r} found"
