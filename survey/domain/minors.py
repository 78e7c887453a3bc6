"""Children under 14: how an instrument says that it knows of them, and that nothing of theirs is kept unasked.

The law lets nobody keep what a child under 14 says without a guardian's consent (PIPL, articles 28 and 31). `refuse`:
such a child is not asked, and only the visit is kept. `guardian`, for pupils' instruments: answers are kept if a
guardian agreed.
"""

from collections.abc import Callable, Mapping

from survey.domain.condition_language import ConditionReading
from survey.domain.questionnaire import Consent, Item, ItemType, Minors, Questionnaire, Text
from survey.domain.reachability import can_hold
from survey.domain.routing import All, Answers, Condition, Is

_CONSENTS = {consent.value: consent for consent in Consent}


def is_unasked_child(questionnaire: Questionnaire, answers: Answers, *, guardian: bool) -> bool:
    """Whether these are answers of a child under 14 that nobody may keep. `guardian`: whether one agreed."""
    minors = questionnaire.minors
    answer = None if minors is None else answers.get(minors.item)
    if minors is None or not isinstance(answer, str) or answer not in minors.categories:
        return False
    return not (guardian and minors.consent is Consent.GUARDIAN)


def lacks_consent(questionnaire: Questionnaire, answers: Answers, *, guardian: bool) -> bool:
    """Whether a box that was overlooked would cost a pupil's answers, so that the form is to be looked at again."""
    minors = questionnaire.minors
    pupils = minors is not None and minors.consent is Consent.GUARDIAN
    return pupils and is_unasked_child(questionnaire, answers, guardian=guardian)


def read_minors(
    conditions: ConditionReading,
    value: object,
    items: Mapping[str, Item],
    eligibility: Condition | None,
    text: Callable[[tuple[str, ...], object], Text],
) -> Minors | None:
    """What stands under `minors`; None where nothing does or it is wrong. `text` reads one in every language."""
    if value is None:
        return None
    reading = conditions.reading
    told = reading.mapping(("minors",), value, ("item", "categories", "consent"), ("statement",))
    if told is None or None in (told.get("item"), told.get("categories"), told.get("consent")):
        return None
    item = conditions.item(("minors", "item"), told["item"], items)
    consent = reading.choice(("minors", "consent"), told["consent"], _CONSENTS)
    if item is None or consent is None:
        return None
    if item.type is not ItemType.ONE or not item.required or item.show_if is not None:
        reading.wrong(("minors", "item"), "questionnaire_minors_item", item=item.code)
        return None
    entries = reading.entries(("minors", "categories"), told["categories"])
    found = [conditions.category(path, entry, item) for path, entry in entries]
    codes = frozenset(code for code in found if code is not None)
    asked = Is(item.code, codes)
    if consent is Consent.REFUSE and can_hold(All((eligibility, asked)) if eligibility else asked, items) is not False:
        reading.wrong(("minors", "categories"), "questionnaire_minors_eligible", item=item.code)
    if (told.get("statement") is None) is (consent is Consent.GUARDIAN):
        reading.wrong(("minors",), "questionnaire_minors_statement")
    statement = None if told.get("statement") is None else text(("minors", "statement"), told["statement"])
    return Minors(item.code, codes, consent, statement)
