"""The residents' questionnaire keeps the rules it was written by."""

import re

import pytest

from survey.domain.questionnaire import Item, ItemType, Mark
from tests.questionnaires.instruments import civic

QUESTIONNAIRE = civic()
SCREENING = list(QUESTIONNAIRE.items)[: QUESTIONNAIRE.routing.screening]
SUBSTANTIVE = [item for item in QUESTIONNAIRE.items.values() if item.code not in SCREENING and item.code != "area"]
CHOICES = [item for item in SUBSTANTIVE if item.categories]
SCALES = [item for item in SUBSTANTIVE if item.type is ItemType.SCALE]
ATTITUDES = [item for item in SCALES if len(item.substantive) == 5]
TEXTS = [
    (language, text)
    for item in QUESTIONNAIRE.items.values()
    for texts in (item.text, item.hint or {}, *(category.text for category in item.categories))
    for language, text in texts.items()
]


def by_code(item: Item) -> str:
    return item.code


def test_it_has_at_least_22_substantive_items_and_not_more_than_28_items() -> None:
    assert len(SUBSTANTIVE) >= 22
    assert len(QUESTIONNAIRE.items) <= 28


def test_eligibility_strata_and_area_come_first_and_the_indicators_next() -> None:
    rates = [indicator.items[0] for indicator in QUESTIONNAIRE.indicators]
    assert list(QUESTIONNAIRE.items)[:8] == ["age", "residence", "sex", "area", *rates]
    assert [indicator.code for indicator in QUESTIONNAIRE.indicators] == [
        "awareness",
        "participation",
        "support",
        "satisfaction",
    ]


@pytest.mark.parametrize("item", CHOICES, ids=by_code)
def test_whoever_does_not_know_can_say_so(item: Item) -> None:
    assert item.categories[-1].mark is not None
    assert [category.mark for category in item.categories].count(Mark.DONT_KNOW) == 1


@pytest.mark.parametrize("item", ATTITUDES, ids=by_code)
def test_a_scale_of_attitudes_has_a_middle_and_two_steps_on_each_side(item: Item) -> None:
    assert item.substantive[2].code in ("neutral", "sometimes")


@pytest.mark.parametrize("item", [item for item in ATTITUDES if item.substantive[2].code == "neutral"], ids=by_code)
def test_a_scale_of_attitudes_says_the_same_on_both_sides(item: Item) -> None:
    first, second, _, fourth, fifth = (category.text["zh-Hans"] for category in item.substantive)
    assert first.startswith("非常")
    assert fifth.startswith("非常")
    assert second == first.replace("非常", "比较")
    assert fourth == fifth.replace("非常", "比较")


def test_nobody_is_addressed_familiarly_or_with_slogans() -> None:
    assert [text for _, text in TEXTS if re.search("[你!！]", text)] == []


def test_english_texts_have_no_chinese_in_them_and_chinese_texts_have_some() -> None:
    han = re.compile("[一-鿿]")
    assert [text for language, text in TEXTS if bool(han.search(text)) is (language == "en")] == []


def test_neither_title_nor_introduction_names_the_campaign() -> None:
    before = [*QUESTIONNAIRE.title.values(), *QUESTIONNAIRE.introduction.values(), QUESTIONNAIRE.legal.issued_by]
    before += [text for item in list(QUESTIONNAIRE.items.values())[:4] for text in item.text.values()]
    assert [text for text in before if re.search("文明|创建|civilized|campaign", text, re.IGNORECASE)] == []


@pytest.mark.parametrize("item", SUBSTANTIVE, ids=by_code)
def test_what_may_have_happened_has_a_period(item: Item) -> None:
    text = item.text["zh-Hans"]
    happened = re.search("参加过|见到|遇到|办过|投放", text)
    assert not happened or re.search("过去(12个月|一个月|一周)", text)


def test_the_longest_way_through_it_takes_less_than_three_minutes() -> None:
    """400 characters a minute, a text that was just read is not read again, two seconds to choose and touch."""
    items = [item for item in QUESTIONNAIRE.items.values() if item.required]
    read = {item.text["zh-Hans"] + (item.hint or {}).get("zh-Hans", "") for item in items}
    read |= {category.text["zh-Hans"] for item in items for category in item.categories}
    assert len("".join(read)) / 400 * 60 + 2 * len(items) < 180
