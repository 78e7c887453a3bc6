"""The proof that the outcomes of the fieldwork and the quota counters tell the same story.

Three counts that are made in different places must agree, to the last one: interviews by their disposition, interviews
as the quota cells have counted them, and everything that was stored of the mode.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Of one mode: `interviews` is I, `completed` the sum over its cells, `approaches` everything that was stored,
    `outcomes` the sum over AAPOR's symbols."""

    mode: str
    interviews: int
    completed: int
    approaches: int
    outcomes: int

    @property
    def interviews_agree(self) -> bool:
        return self.interviews == self.completed

    @property
    def approaches_agree(self) -> bool:
        return self.approaches == self.outcomes

    @property
    def agrees(self) -> bool:
        return self.interviews_agree and self.approaches_agree
