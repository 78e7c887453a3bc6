"""What became of a visit to the form or of an approach in the street: the disposition of a submission.

`complete` alone counts towards a quota and stands in the estimates. Nothing finished is thrown away: when the cell is
full it is kept as `over_quota`, when it comes after the grace as `too_late`, when other content comes under a known id
as `duplicate`.

AAPOR (Standard Definitions, 9th edition, 2016) sorts final dispositions into symbols from which its outcome rates are
made. Volunteers approach people who look as if they belonged to the population, so whoever could not be screened is
presumed eligible: refusals, people not reached and people whose language nobody spoke stand in the denominators, which
makes the response rates lower bounds. Who was turned away because a cell was full is not eligible (4.8), and so is who
was interviewed beyond it: I is exactly what the quota cells have counted.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Finish(StrEnum):
    """How the form was left, or what came of an approach that did not get as far."""

    FINISHED = "finished"
    BROKEN_OFF = "broken_off"
    REFUSED = "refused"
    NOT_ELIGIBLE = "not_eligible"
    LANGUAGE = "language"
    CELL_FULL = "cell_full"
    NOT_REACHED = "not_reached"


class Disposition(StrEnum):
    """The outcome that is recorded."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    INELIGIBLE = "ineligible"
    REFUSED = "refused"
    NON_CONTACT = "non_contact"
    LANGUAGE = "language"
    CELL_FULL = "cell_full"
    OVER_QUOTA = "over_quota"
    TOO_LATE = "too_late"
    DUPLICATE = "duplicate"


# what a resident can say
FORM_FINISHES = frozenset({Finish.FINISHED, Finish.BROKEN_OFF, Finish.REFUSED, Finish.CELL_FULL})

REASONS: Mapping[Finish, tuple[str, ...]] = MappingProxyType(
    {
        Finish.REFUSED: ("no_time", "not_interested", "distrust", "told_not_to", "other"),
        Finish.NOT_ELIGIBLE: ("not_resident", "under_age", "asked_before", "other"),
        Finish.BROKEN_OFF: ("no_time", "interrupted", "objected", "other"),
    }
)

# Of a duplicate the first copy is the case; a partial interview is P or R by how far it came, see `partial_symbol`.
AAPOR: Mapping[Disposition, str] = MappingProxyType(
    {
        Disposition.COMPLETE: "I",
        Disposition.REFUSED: "R",
        Disposition.NON_CONTACT: "NC",
        Disposition.LANGUAGE: "O",
        Disposition.INELIGIBLE: "NE",
        Disposition.CELL_FULL: "NE",
        Disposition.OVER_QUOTA: "NE",
        Disposition.TOO_LATE: "NE",
    }
)

_WITHOUT_INTERVIEW = {
    Finish.REFUSED: Disposition.REFUSED,
    Finish.NOT_ELIGIBLE: Disposition.INELIGIBLE,
    Finish.LANGUAGE: Disposition.LANGUAGE,
    Finish.CELL_FULL: Disposition.CELL_FULL,
    Finish.NOT_REACHED: Disposition.NON_CONTACT,
}


def disposition_of(finish: Finish, eligible: bool | None) -> Disposition:
    """The disposition before the quota is asked. `eligible` None: the eligibility questions were not answered."""
    if finish in _WITHOUT_INTERVIEW:
        return _WITHOUT_INTERVIEW[finish]
    if eligible is False:
        return Disposition.INELIGIBLE
    if finish is Finish.BROKEN_OFF or eligible is None:
        return Disposition.PARTIAL
    return Disposition.COMPLETE


def partial_symbol(answered: int, asked: int) -> str:
    """AAPOR's symbol of an interview that did not end: P with at least half of what was asked answered, else R, a
    break-off (Standard Definitions 2016, "partial or break-off with sufficient information")."""
    return "P" if asked and 2 * answered >= asked else "R"
