"""Is our answer R's, within the tolerance that R's arithmetic allows?

Reads R's "expected" and ours, and says where they differ. What R cannot say (a share of exactly 0 or 1, a variance of
zero) is no target and is left out; so are three accidents of R's arithmetic: its "logit" with one degree of freedom or
on replicate weights, a likelihood end of which R finds only half, and design effects that divide by rounding noise.
"""

from collections.abc import Iterator, Mapping
from math import isclose
from typing import Any

# Fields by their last name; everything else is compared at DEFAULT.
DEFAULT = 1e-9
RELATIVE = {"logit": 1e-7, "likelihood": 1e-4}
INTERVALS = ("logit", "likelihood", "asin", "beta", "mean", "xlogit", "wilson", "full_df")
IGNORED = ("r_warnings", "errors", "file")
NOISE = 1e20


def differences(expected: Any, answer: Any, tolerance: float = DEFAULT, path: str = "") -> Iterator[str]:
    """One line for every field of `expected` that `answer` does not match."""
    if isinstance(expected, Mapping):
        yield from _of_mapping(expected, answer, tolerance, path)
    elif isinstance(expected, list):
        if not isinstance(answer, list) or len(expected) != len(answer):
            yield f"{path}: {answer!r} is not a list of {len(expected)}"
            return
        for place, (left, right) in enumerate(zip(expected, answer, strict=True)):
            yield from differences(left, right, tolerance, f"{path}/{place}")
    elif not _same(expected, answer, tolerance):
        yield f"{path}: {expected!r} expected, {answer!r} found"


def _of_mapping(expected: Mapping[str, Any], answer: Any, tolerance: float, path: str) -> Iterator[str]:
    if not isinstance(answer, Mapping):
        yield f"{path}: {answer!r} is no mapping"
        return
    if "error" in expected:
        if not answer.get("error"):
            yield f"{path}: R refuses ({expected['error']}), we answer"
        return
    for key, value in expected.items():
        if _no_target(key, value, expected):
            continue
        if key not in answer:
            yield f"{path}/{key}: missing"
        elif key == "se" and _negligible(expected, value) and _negligible(expected, answer[key]):
            continue
        else:
            loosest = max(tolerance, RELATIVE.get(key, tolerance))
            yield from differences(value, answer[key], loosest, f"{path}/{key}")


def _no_target(key: str, value: Any, expected: Mapping[str, Any]) -> bool:
    if key in IGNORED:
        return True
    if (expected.get("degenerate") or expected.get("zero_variance")) and key in INTERVALS:
        return True
    if key in {"logit", "likelihood"}:
        half_found = None in value and value != [None, None]
        return half_found or (key == "logit" and (expected.get("df") == 1 or None in value))
    return key.startswith("deff") and isinstance(value, float) and abs(value) > NOISE


def _negligible(expected: Mapping[str, Any], se: Any) -> bool:
    """A standard error that is rounding noise beside its estimate."""
    estimate = expected.get("est")
    if isinstance(se, list) and isinstance(estimate, list):
        return all(part <= 1e-7 * abs(est) for part, est in zip(se, estimate, strict=True))
    if not isinstance(se, (int, float)) or not isinstance(estimate, (int, float)):
        return False
    return se <= 1e-7 * abs(estimate)


def _same(expected: Any, answer: Any, relative: float) -> bool:
    if isinstance(expected, bool) or not isinstance(expected, (int, float)):
        return bool(expected == answer)
    if not isinstance(answer, (int, float)) or isinstance(answer, bool):
        return False
    return isclose(expected, answer, rel_tol=relative, abs_tol=1e-10)
