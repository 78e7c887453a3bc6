"""Until when a questionnaire may be asked: the last day of its approval (有效期至), by the clock of the wave's plan.

The Statistics Law lets anybody turn a form down whose day is past. What counts is when the form was opened: an
interview that was held in time and arrives within the wave's grace is not thrown away.
"""

from datetime import datetime

from survey.domain.questionnaire import LegalHeader
from survey.domain.wave import WavePlan


def may_be_asked(legal: LegalHeader, plan: WavePlan, opened_at: datetime) -> bool:
    """Whether a form opened at this (aware) moment was still approved."""
    return opened_at.astimezone(plan.closes_at.tzinfo).date() <= legal.valid_until
