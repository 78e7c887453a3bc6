"""A short questionnaire with strata questions, for plans and quotas over the frames of this folder."""

from datetime import date

from survey.domain.questionnaire import (
    Item,
    ItemType,
    LegalHeader,
    Mark,
    Questionnaire,
    ResponseCategory,
    Section,
    StratumQuestion,
)
from survey.domain.routing import Condition, Is, Not

ADULTS_ONLY = Not(Is("q_age", frozenset({"under_18"})))
AGES = ("under_18", "18-34", "35-54", "55+")


def questionnaire(
    *,
    ages: tuple[str, ...] = AGES,
    sexes: tuple[str, ...] = ("M", "F"),
    others: tuple[str, ...] = (),
    strata: tuple[str, ...] = ("sex", "age_band"),
    eligibility: Condition | None = ADULTS_ONLY,
) -> Questionnaire:
    """Strata questions of sex, age and, with `others`, of household registration (dimension `hukou`)."""
    items = {
        "sex": _one("q_sex", sexes),
        "age_band": _one("q_age", ages),
        "hukou": _one("q_hukou", others),
    }
    dimensions = (*strata, "hukou") if others else strata
    text = {"zh-Hans": "题", "en": "Text"}
    return Questionnaire(
        code="civic",
        version=1,
        languages=("zh-Hans", "en"),
        title=text,
        introduction=text,
        legal=LegalHeader("创测1号", "创文办", "创统制〔2026〕1号", date(2026, 12, 31)),
        sections=(Section("about", text, tuple(items[dimension] for dimension in dimensions)),),
        eligibility=eligibility,
        strata=tuple(StratumQuestion(dimension, items[dimension].code) for dimension in dimensions),
    )


def _one(code: str, categories: tuple[str, ...]) -> Item:
    text = {"zh-Hans": "题", "en": "Text"}
    return Item(
        code,
        ItemType.ONE,
        text,
        categories=(
            *(ResponseCategory(category, text) for category in categories),
            ResponseCategory("refused", text, Mark.REFUSED),
        ),
    )
