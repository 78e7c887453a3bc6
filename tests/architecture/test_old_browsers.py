"""The resident's page works on a browser of 2019, and what would break it is found."""

import pytest

from survey.web.resident.page import inline_style
from tests.architecture.old_browsers import ENHANCEMENTS, NEWER, asks_too_much

OUTLINE = ":focus{outline:3px solid}:focus:not(:focus-visible){outline:0}"


def test_the_resident_s_styles_need_nothing_that_a_browser_of_2019_lacks() -> None:
    assert asks_too_much(inline_style()) == []


@pytest.mark.parametrize(
    ("planted", "complaint"),
    [
        ("#progress{position:fixed;inset:0 auto auto 0}", "uses inset"),
        (".tools{display:flex;gap:8px}", "uses gap"),
        ("label:has(input:checked){border-color:red}", "uses :has()"),
        (".hidden{clip-path:inset(50%)}", "uses clip-path"),
        ("p{width:min(30em,100%)}", "uses min(), max() and clamp()"),
        ("p{margin-inline-start:1em}", "uses logical properties"),
        (":focus-visible{outline:3px solid}", "uses :focus-visible"),
        (":focus:not(:focus-visible){outline:0}", "uses :focus-visible"),
        ("p{overflow-wrap:anywhere}", "uses overflow-wrap: anywhere"),
        ("main{min-height:100dvh}", "uses dynamic units"),
        ("p:not(.a,.b){color:red}", "uses a list in :not()"),
    ],
)
def test_a_planted_feature_is_found(planted: str, complaint: str) -> None:
    assert asks_too_much(planted) == [complaint]


@pytest.mark.parametrize(
    "sound", [OUTLINE, "p{color-scheme:dark;text-autospace:normal}", "p{max-width:1em;min-height:2em;top:0}"]
)
def test_what_has_a_fallback_or_is_only_an_enhancement_passes(sound: str) -> None:
    assert asks_too_much(sound) == []


def test_every_enhancement_is_a_known_feature() -> None:
    assert ENHANCEMENTS.keys() <= NEWER.keys()
