"""The modes of a survey as data: what the intervals of each rest on, and what a reader has to assume.

Intervals of a design treat the points of a mode as drawn within their districts; those of a model rest on a sentence
about people who were never drawn. The distinction is that of AAPOR (2013), Report of the Task Force on Non-Probability
Sampling, section 2: a margin of error belongs to the former alone.
"""

from dataclasses import dataclass
from typing import Literal

OPEN_QR = "open_qr"


@dataclass(frozen=True, slots=True)
class Mode:
    """One way of collecting answers.

    basis: what its intervals rest on. headline: whether its rates may stand for the city. title, assumes: English
    source texts, a name and a sentence.
    """

    code: str
    title: str
    basis: Literal["design", "modelled"]
    headline: bool
    assumes: str


MODES: tuple[Mode, ...] = (
    Mode(
        "intercept",
        "Street intercept",
        "design",
        True,
        "Within district, sex and age band, the people met at the points are like those who never pass there.",
    ),
    Mode(
        "household",
        "Household visit",
        "design",
        True,
        "The households were drawn at random, and those who were not reached or refused are like those who answered.",
    ),
    Mode(
        "sampled",
        "Letter with a code",
        "design",
        True,
        "The invited people were drawn at random, and those who did not use their code are like those who did.",
    ),
    Mode(
        OPEN_QR,
        "Open QR code",
        "modelled",
        False,
        "Within district, sex and age band, people who chose themselves to answer are like those who did not.",
    ),
)


def mode(code: str) -> Mode:
    """The mode of a code. Raises KeyError with the codes that exist."""
    for known in MODES:
        if known.code == code:
            return known
    raise KeyError(f"There is no mode {code}. The modes are {', '.join(known.code for known in MODES)}.")
