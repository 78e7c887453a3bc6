"""What became of a visit to the form: the disposition of a submission.

`complete` alone counts towards a quota and stands in the estimates. Nothing finished is thrown away: when the cell is
full it is kept as `over_quota`, when other content comes under a known id it is kept as `duplicate`.
"""

from enum import StrEnum


class Finish(StrEnum):
    """How the respondent left the form."""

    FINISHED = "finished"
    BROKEN_OFF = "broken_off"
    REFUSED = "refused"


class Disposition(StrEnum):
    """The outcome that is recorded."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    INELIGIBLE = "ineligible"
    REFUSED = "refused"
    OVER_QUOTA = "over_quota"
    DUPLICATE = "duplicate"


def disposition_of(finish: Finish, eligible: bool | None) -> Disposition:
    """The disposition before the quota is asked. `eligible` None: the eligibility questions were not answered."""
    if finish is Finish.REFUSED:
        return Disposition.REFUSED
    if eligible is False:
        return Disposition.INELIGIBLE
    if finish is Finish.BROKEN_OFF or eligible is None:
        return Disposition.PARTIAL
    return Disposition.COMPLETE
