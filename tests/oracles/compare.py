"""Is our answer R's, within the tolerance that R's arithmetic allows?

Reads R's "expected" and ours, and says where they differ. What R cannot say (a share of exactly 0 or 1, a zero variance)
is no target and is left out; so is R's own "logit" where its arithmetic is known to break (one degree of freedom,
replicate weights).
"""

from collections.abc import Iterator, Mapping
from math import isclose
from typing import Any

# Fields by their last name; everything else is compared at DEFAULT.
DEFAULT = 1e-9
RELATIVE = {"logit": 1e-7, "likelihood": 1e-4}
INTERVALS = ("logit", "likelihood", "asin", "beta", "mean", "xlogit", "wilson", "full_df")
IGNORED = ("r_warnings", "errors", "file")


def differences(
    expected: Any, answer: Any, *, weights_tolerance: float | None = None, logit: bool = True, path: str = ""
) -> Iterator[str]:
    """One line for every field of `expected` that `answer` does not match."""
    if isinstance(expected, Mapping):
        if "error" in expected:
            if not (isinstance(answer, Mapping) and answer.get("error")):
                yield f"{path}: R refuses ({expected['error']}), we answer"
            return
        if not isinstance(answer, Mapping):
            yield f"{path}: {answer!r} is no mapping"
            return
        for key, value in expected.items():
            if _no_target(key, expected, logit):
                continue
            if key not in answer:
                yield f"{path}/{key}: missing"
                continue
            tolerance = {"weights_tolerance": weights_tolerance, "logit": logit}
            if key == "level" and value != answer[key]:
                yield f"{path}/{key}: {value} is not {answer[key]}"
            elif key == "se" and not isinstance(value, list):
                yield from _standard_error(expected, answer, f"{path}/se", weights_tolerance)
            else:
                yield from differences(value, answer[key], path=f"{path}/{key}", **tolerance)
    elif isinstance(expected, list):
        if not isinstance(answer, list) or len(expected) != len(answer):
            yield f"{path}: {answer!r} is not a list of {len(expected)}"
            return
        for place, (left, right) in enumerate(zip(expected, answer, strict=True)):
            yield from differences(
                left, right, weights_tolerance=weights_tolerance, logit=logit, path=f"{path}/{place}"
            )
    elif not _same(expected, answer, _tolerance(path, weights_tolerance)):
        yield f"{path}: {expected!r} expected, {answer!r} found"


def _no_target(key: str, expected: Mapping[str, Any], logit: bool) -> bool:
    if key in IGNORED:
        return True
    if (expected.get("degenerate") or expected.get("zero_variance")) and key in INTERVALS:
        return True
    return key == "logit" and (not logit or expected.get("df") == 1 or None in expected["logit"])


def _tolerance(path: str, weights_tolerance: float | None) -> float:
    if weights_tolerance is not None:
        return weights_tolerance
    for name, relative in RELATIVE.items():
        if f"/{name}/" in f"{path}/":
            return relative
    return DEFAULT


def _standard_error(
    expected: Mapping[str, Any], answer: Mapping[str, Any], path: str, weights_tolerance: float | None
) -> Iterator[str]:
    ours, theirs = answer.get("se"), expected["se"]
    negligible = 1e-7 * abs(expected["est"] or 0.0)
    if theirs is not None and ours is not None and theirs <= negligible and ours <= negligible:
        return
    if not _same(theirs, ours, _tolerance(path, weights_tolerance)):
        yield f"{path}: {theirs!r} expected, {ours!r} found"


def _same(expected: Any, answer: Any, relative: float) -> bool:
    if isinstance(expected, bool) or not isinstance(expected, (int, float)):
        return bool(expected == answer)
    if not isinstance(answer, (int, float)) or isinstance(answer, bool):
        return False
    return isclose(expected, answer, rel_tol=relative, abs_tol=1e-10)
