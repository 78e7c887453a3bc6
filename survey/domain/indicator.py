"""What one person's answers say about an indicator, and which quota cell the person belongs to.

An indicator of format 1 has one item. Its outcome is 1 when the answer is one of the counted categories and 0 when it
is another one. A marked answer is 0 when the base rule takes it in and outside the base otherwise. Whoever was not
asked, or was asked and left it open, is outside the base: that is item nonresponse, which the analysis reports.
"""

from survey.domain.questionnaire import Indicator, Mark, Questionnaire, StratumQuestion
from survey.domain.reachability import can_hold
from survey.domain.routing import All, Answers, Is


def outcome(indicator: Indicator, questionnaire: Questionnaire, answers: Answers) -> float | None:
    """1.0 counted, 0.0 in the base but not counted, None outside the base. `answers` are checked answers."""
    (code,) = indicator.items
    answer = answers.get(code)
    if answer is None:
        return None
    if answer in indicator.counted:
        return 1.0
    mark = next((category.mark for category in questionnaire.items[code].categories if category.code == answer), None)
    outside = (mark is Mark.DONT_KNOW and not indicator.base.dont_know) or (
        mark is Mark.REFUSED and not indicator.base.refused
    )
    return None if outside else 0.0


def stratum_values(questionnaire: Questionnaire, answers: Answers) -> tuple[tuple[str, str], ...] | None:
    """(dimension, category) for each stratum question; None when one was not answered with an unmarked category."""
    values = []
    for stratum in questionnaire.strata:
        answer = answers.get(stratum.item)
        if answer not in {category.code for category in questionnaire.items[stratum.item].substantive}:
            return None
        values.append((stratum.dimension, str(answer)))
    return tuple(values)


def stratum_categories(questionnaire: Questionnaire, stratum: StratumQuestion) -> tuple[str, ...]:
    """The categories that an eligible person can have: the values of the quota cells, in questionnaire order."""
    codes = (category.code for category in questionnaire.items[stratum.item].substantive)
    return tuple(code for code in codes if _eligible_with(questionnaire, Is(stratum.item, frozenset((code,)))))


def _eligible_with(questionnaire: Questionnaire, answer: Is) -> bool:
    if questionnaire.eligibility is None:
        return True
    return can_hold(All((questionnaire.eligibility, answer)), questionnaire.items) is not False
