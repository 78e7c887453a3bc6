"""How volunteers approach people in a wave, as its plan says under `intercept`.

`every` is k of "every k-th passer-by"; `slots` the most interviews that one assignment is granted at a time; a grant
ends `grant_hours` after its shift, so that the evening's transfer still counts in it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from survey.domain.document import Path, Reading

OBSERVABLE = ("sex", "age_band")


@dataclass(frozen=True, slots=True)
class Protocol:
    """The rules of the street."""

    every: int = 5
    slots: int = 20
    grant_hours: int = 12
    observe: tuple[str, ...] = OBSERVABLE  # what a volunteer notes of somebody who refuses, as far as it can be seen
    place: bool = False  # whether tablets may, with the volunteer's consent, note a cell of about a kilometre


DEFAULT_PROTOCOL = Protocol()

_BOUNDS = {"every": (1, 1000), "slots": (1, 500), "grant_hours": (0, 240)}


Count = Callable[[Path, object, int, int], int | None]


def read_protocol(reading: Reading, path: Path, value: object, count: Count) -> Protocol:
    """The protocol that a plan gives, what it leaves out by default; problems are noted in `reading`.

    `count` reads a whole number as plans write it.
    """
    if value is None:
        return DEFAULT_PROTOCOL
    given: Mapping[str, object] = reading.mapping(path, value, (), (*_BOUNDS, "observe", "place")) or {}
    parts: dict[str, object] = {}
    for key, (low, high) in _BOUNDS.items():
        if given.get(key) is not None:
            number = count((*path, key), given[key], low, high)
            parts |= {} if number is None else {key: number}
    if given.get("observe") is not None:
        seen = [
            reading.choice(below, entry, {name: name for name in OBSERVABLE})
            for below, entry in reading.entries((*path, "observe"), given["observe"], least=0)
        ]
        parts["observe"] = tuple(name for name in OBSERVABLE if name in seen)
    if given.get("place") is not None:
        parts["place"] = bool(reading.boolean((*path, "place"), given["place"]))
    return Protocol(**parts)  # type: ignore[arg-type]  # each part was read by its own reader
