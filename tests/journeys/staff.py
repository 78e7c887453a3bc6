"""Somebody of the office at the desk: signing in, and reading what the pages show."""

from playwright.sync_api import Page

PASSWORD = "a long password for the tests"


def sign_in(page: Page, url: str, name: str, password: str = PASSWORD) -> None:
    """Through the sign-in page, to where the account begins."""
    page.goto(f"{url}/desk/")
    page.locator("#name").fill(name)
    page.locator("#password").fill(password)
    page.locator("main button.primary").click()


def speak(page: Page, language: str) -> None:
    """Switch the desk to a language with the button in its head; nothing where it speaks it already."""
    if page.locator("html").get_attribute("lang") != language:
        page.locator(f'.tools button[lang="{language}"]').click()
        page.wait_for_selector(f'html[lang="{language}"]', state="attached")
