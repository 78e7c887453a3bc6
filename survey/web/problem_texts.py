"""Problems in the page's language."""

from collections.abc import Iterable

from survey.domain.problems import Problem
from survey.web.languages import translate


def problem_text(problem: Problem) -> str:
    """One sentence that says what is wrong and the way out."""
    return problem.message(translate)


def problems_json(problems: Iterable[Problem]) -> list[dict[str, str | int | None]]:
    """Problems for a program: field, code, line and the sentence."""
    return [
        {"field": problem.field, "code": problem.code, "line": problem.line, "message": problem_text(problem)}
        for problem in problems
    ]
