"""The measures of looks.py, on pages with planted faults."""

import pytest
from playwright.sync_api import Page

from tests.journeys.looks import breaches, overflow, small_targets, text_sizes

GOOD = """<!doctype html><html lang="en"><head><title>Good</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{margin:0;font-size:20px}button{min-height:60px;min-width:60px;font:inherit}.hidden{position:absolute}</style></head>
<body><main><h1>Good</h1><p>Text</p><button>Press</button></main></body></html>"""


def test_a_page_without_faults_passes_every_measure(phone: Page) -> None:
    phone.set_content(GOOD)
    assert breaches(phone) == ""
    assert min(text_sizes(phone)) == 20
    assert small_targets(phone, 60) == []
    assert overflow(phone) == 0


@pytest.mark.parametrize(
    ("planted", "rule"),
    [
        ('<p style="color:#999;background:#fff">faint</p>', "color-contrast"),
        ('<input name="nameless">', "label"),
        ('<img src="data:,">', "image-alt"),
    ],
)
def test_breaches_of_accessibility_are_found(phone: Page, planted: str, rule: str) -> None:
    phone.set_content(GOOD.replace("<p>Text</p>", planted))
    assert f" {rule}: " in breaches(phone)
    assert f" {rule}: " in breaches(phone, rule)


def test_small_letters_small_targets_and_wide_parts_are_found(phone: Page) -> None:
    planted = (
        '<p style="font-size:12px">tiny</p><a href="#">link</a><div hidden style="font-size:5px">unseen</div>'
        '<div style="width:900px">wide</div>'
    )
    phone.set_content(GOOD.replace("<p>Text</p>", planted))
    assert text_sizes(phone)[12.0] == "tiny"
    assert 5.0 not in text_sizes(phone)
    assert ["link" in html for _, html in small_targets(phone, 48)] == [True]
    assert overflow(phone) > 0
