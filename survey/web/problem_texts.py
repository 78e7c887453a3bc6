"""Problems in the page's language."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from survey.domain.problems import Problem
from survey.web.desk.words import MODES, PLACES, STATES
from survey.web.languages import translate

# What a code means, for readers; authors of files need the code itself, so both are shown.
_MEANINGS: Mapping[str, Mapping[str, str]] = {"mode": MODES, "place": PLACES, "state": STATES}


def problem_text(problem: Problem) -> str:
    """One sentence that says what is wrong and the way out."""
    told = tuple((name, _with_meaning(name, value)) for name, value in problem.params)
    return replace(problem, params=told).message(translate)


def _with_meaning(name: str, value: str) -> str:
    meaning = _MEANINGS.get(name, {}).get(value)
    return value if meaning is None else f"{translate(meaning)} {value}"


def problems_json(problems: Iterable[Problem]) -> list[dict[str, str | int | None]]:
    """Problems for a program: field, code, line and the sentence."""
    return [
        {"field": problem.field, "code": problem.code, "line": problem.line, "message": problem_text(problem)}
        for problem in problems
    ]
