"""What can be wrong with what people send us: one catalogue, one shape.

A problem names its field (an item, a column, a setting), and where it came from a file, the line. Its sentence says
the way out. The sentences here are the English source texts; the page's language is chosen where they are shown.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

MESSAGES: dict[str, str] = {
    # any input
    "not_text": "This must be text.",
    "unreadable_text": "This text contains characters that cannot be stored. Type it again.",
    "too_large": "What was sent is too large.",
    "unknown_field": "There is no field of this name here. Remove it.",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong. `code` is a key of MESSAGES; `params` fill its sentence."""

    code: str
    field: str
    params: tuple[tuple[str, str], ...] = ()
    line: int | None = None
    file: str | None = None

    def message(self, translate: Callable[[str], str] = str) -> str:
        """The sentence for a reader, in the language that `translate` speaks."""
        return translate(MESSAGES[self.code]).format(**dict(self.params))

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        return f"{where + ': ' if where else ''}{self.field}: {self.message()}"


class Invalid(Exception):
    """Input that was refused as a whole; nothing of it was kept."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        assert self.problems, "a refusal names at least one problem"
        super().__init__("\n".join(str(problem) for problem in self.problems))
