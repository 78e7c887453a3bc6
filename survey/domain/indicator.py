"""What one person's answers say about an indicator.

An indicator of format 1 has one item. Its outcome is 1 when the answer is one of the counted categories and 0 when it
is another one. A marked answer is 0 when the base rule takes it in and outside the base otherwise. Whoever was not
asked, or was asked and left it open, is outside the base: that is item nonresponse, which the analysis reports.
"""

from survey.domain.questionnaire import Indicator, ItemType, Mark, Questionnaire
from survey.domain.routing import Answers


def why_missing(indicator: Indicator, questionnaire: Questionnaire, answers: Answers) -> str | None:
    """Why there is no outcome: the answer's mark, "unanswered" or "not_asked"; None where there is one."""
    if outcome(indicator, questionnaire, answers) is not None:
        return None
    (code,) = indicator.items
    answer = answers.get(code)
    if answer is None:
        return "unanswered" if code in questionnaire.routing.asked(answers) else "not_asked"
    marks = {category.code: category.mark for category in questionnaire.items[code].categories}
    mark = marks[str(answer)]
    return None if mark is None else mark.value


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


def about_people(questionnaire: Questionnaire) -> tuple[str, ...]:
    """The single-choice items that everybody is asked before the first indicator and that are no strata: what is known
    of people beyond what the census knows.
    """
    measured = {item for indicator in questionnaire.indicators for item in indicator.items}
    strata = {stratum.item for stratum in questionnaire.strata}
    found = []
    for code, item in questionnaire.items.items():
        if code in measured:
            break
        if item.type is ItemType.ONE and item.show_if is None and code not in strata:
            found.append(code)
    return tuple(found)
