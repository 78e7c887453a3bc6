"""A resident in front of the form: what is asked now, and answering it by tapping, as a finger would."""

from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests import browser
from tests.field import AREA

ENGLISH: dict[str, Any] = browser.PHONE | {"locale": "en-GB"}


class Resident:
    """The form on somebody's phone. `page` may run scripts or not."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def item(self, code: str) -> Locator:
        """One question with its control."""
        return self.page.locator(f'fieldset[id="{code}"]')

    def asked(self) -> list[str]:
        """The codes of the questions that are shown now."""
        fieldsets = self.page.locator("fieldset.item")
        codes: list[str] = fieldsets.evaluate_all(
            "all => all.filter((one) => one.checkVisibility()).map((one) => one.id)"
        )
        return codes

    def tap(self, item: str, *categories: str) -> None:
        """Tap the rows of categories, named by their codes."""
        for category in categories:
            self.item(item).locator(f'label:has(input[value="{category}"])').tap()

    def choose_home(self, item: str, *, district: str = "", street: str = "", neighbourhood: str = "") -> None:
        """Choose in the lists of areas by name; what is left empty stays as it is."""
        for part, name in ((f"{item}__district", district), (f"{item}__street", street), (item, neighbourhood)):
            if name:
                self.page.locator(f'select[name="{part}"]').select_option(label=name)

    def chosen(self, item: str) -> list[str]:
        """The values that are chosen of a question with categories."""
        values: list[str] = self.item(item).locator("input:checked").evaluate_all("all => all.map((one) => one.value)")
        return values

    def answer_everything(self, taps: Mapping[str, str | tuple[str, ...]], typed: Mapping[str, str]) -> list[str]:
        """Answer question after question as they appear: by `taps` (codes) or `typed`, else the first category.

        Returns the codes in the order in which they were answered. An area is the first of its list.
        """
        answered: list[str] = []
        while remaining := [code for code in self.asked() if code not in answered]:
            code = remaining[0]
            if code in typed:
                self.item(code).locator("input, textarea").first.fill(typed[code])
            elif code in taps:
                wanted = taps[code]
                self.tap(code, *((wanted,) if isinstance(wanted, str) else wanted))
            elif self.item(code).get_attribute("data-type") == "area":
                self.page.locator(f'select[name="{code}"]').select_option(index=1)
            elif self.item(code).get_attribute("data-type") != "text":
                self.item(code).locator("label").first.tap()
            answered.append(code)
        return answered

    @property
    def progress(self) -> float:
        """How far the line at the top of the page is, from 0 to 1."""
        width: str = self.page.locator("#progress").evaluate("line => line.style.width")
        return float(width.removesuffix("%")) / 100

    def send(self) -> None:
        """Press the button at the end."""
        self.page.locator("#rest .primary").tap()

    def receipt(self) -> str:
        """The receipt of the thanks page."""
        shown = self.page.locator(".receipt")
        expect(shown).to_be_visible()
        return shown.inner_text()


def enter(resident: Resident) -> None:
    """Answer the first screen of the short questionnaire, which brings the rest."""
    resident.tap("age", "18-34")
    resident.tap("sex", "F")
    resident.choose_home("home", neighbourhood=neighbourhood(resident.page))


def fill_in(resident: Resident) -> None:
    """Everything but the comment."""
    enter(resident)
    resident.tap("parks", "satisfied")
    if resident.chosen("activities") != ["none"]:
        resident.tap("activities", "none")


def neighbourhood(page: Page) -> str:
    """The name of the first neighbourhood of the poster's street."""
    return page.locator(f'select[name="home"] option[value="{AREA}"]').inner_text()
