"""JSON as strangers send it: one object, each name once, nothing that JSON does not have."""

import json

from survey.domain.problems import Problem


def read_object(body: bytes | str, field: str) -> tuple[dict[str, object], tuple[Problem, ...]]:
    """The object, or an empty one and what is wrong, named by `field`."""
    try:
        text = body.decode("utf-8") if isinstance(body, bytes) else body
        content = json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return {}, (Problem("not_json", field),)
    if not isinstance(content, dict):
        return {}, (Problem("not_an_object", field),)
    return content, ()


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a name stands twice")
    return content


def _no_constant(name: str) -> float:
    raise ValueError(name)  # NaN and Infinity are not JSON
