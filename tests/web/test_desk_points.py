"""The page of points: what hangs is a poster, what a volunteer shows says so on the sheet itself."""

import re

import pytest

from survey.domain.account import Role
from survey.domain.wave import Mode
from survey.services.accounts import add_account
from tests.field import NOW, WAVE, Field
from tests.web.desk import PASSWORD, Desk

SHEET = re.compile(r'<article class="poster" data-mode="(\w+)">(.*?)</article>', re.DOTALL)
ON_SCREEN = re.compile(r'<(p|span) class="no-print".*?</\1>', re.DOTALL)
WORDS = {
    "en": (
        "show this code to the person you have approached",
        "Do not hang it up",
        "Volunteers' sheet, point",
        "Poster",
    ),
    "zh-Hans": ("由您当面出示给被拦访的居民扫描", "请勿张贴", "志愿者出示页", "号海报"),
}


@pytest.fixture
def office(field: Field, quick_hashing: None) -> Desk:
    people = {role.value: add_account(field.db, role.value, role.value, PASSWORD, NOW) for role in Role}
    return Desk(field.app, field.db, field.clock, people)


@pytest.mark.parametrize("language", sorted(WORDS))
def test_a_sheet_of_an_intercept_point_says_in_print_that_it_is_shown_and_not_hung_up(
    field: Field, office: Desk, language: str
) -> None:
    shown, not_hung, sheet, poster = WORDS[language]
    page = office.signed_in().get(f"/desk/waves/{WAVE}/points", language=language).text.replace("&#39;", "'")
    printed = [(mode, ON_SCREEN.sub("", text)) for mode, text in SHEET.findall(page)]
    assert len(printed) == sum(len(field.points[mode]) for mode in (Mode.INTERCEPT, Mode.OPEN_QR))
    for mode, text in printed:
        found = [word in text for word in (shown, not_hung, sheet, poster)]
        assert found == ([True, True, True, False] if mode == Mode.INTERCEPT else [False, False, False, True])
