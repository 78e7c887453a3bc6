"""When an item is to be answered, said in words: for pages where no script shows and hides items."""

from survey.domain.questionnaire import Questionnaire, text_in
from survey.domain.routing import All, Any_, AtLeast, AtMost, Condition, Is, Not
from survey.web.languages import words


def condition_in_words(questionnaire: Questionnaire, item: str, language: str) -> str:
    """One sentence part, such as «question 5 is "often" or "now and then"»; empty where the item is always asked."""
    condition = questionnaire.items[item].show_if
    return "" if condition is None else _said(questionnaire, condition, language)


def _said(questionnaire: Questionnaire, condition: Condition, language: str) -> str:
    _ = words(language).gettext
    match condition:
        case Is(item, codes):
            chosen = [
                _("“{answer}”").format(answer=text_in(category.text, language))
                for category in questionnaire.items[item].categories
                if category.code in codes
            ]
            return _("question {number} is answered {answers}").format(
                number=_number(questionnaire, item), answers=_(" or ").join(chosen)
            )
        case AtLeast(item, n):
            return _("the number in question {number} is {n} or more").format(number=_number(questionnaire, item), n=n)
        case AtMost(item, n):
            return _("the number in question {number} is {n} or less").format(number=_number(questionnaire, item), n=n)
        case All(parts):
            return _(" and ").join(_said(questionnaire, part, language) for part in parts)
        case Any_(parts):
            return _(" or ").join(_said(questionnaire, part, language) for part in parts)
        case Not(part):
            return _("it is not so that {condition}").format(condition=_said(questionnaire, part, language))
    raise TypeError(condition)


def _number(questionnaire: Questionnaire, item: str) -> int:
    return list(questionnaire.items).index(item) + 1
