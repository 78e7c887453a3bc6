"""The pictures of the READMEs, taken from a demonstration: `make screenshots` makes them again in docs/images.

Each is the first screen of a page, in the language of the README that shows it.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from survey.db import Database, migrate
from survey.services.demonstration import ACCOUNTS, build_demonstration
from survey.services.list_points import list_points
from tests import browser, machine

IMAGES = browser.REPOSITORY / "docs" / "images"
SECRET = "a key for pictures, as long as a key has to be"
WIDE: dict[str, Any] = browser.DESK | {"viewport": {"width": 1280, "height": 900}}
NARROW: dict[str, Any] = browser.PHONE | {"device_scale_factor": 1}
LANGUAGES = {"": "en-GB", ".zh-CN": "zh-CN"}  # ending of a picture's name -> the browser's language
WAVE = "demo-3"  # the one in the field
COLOURS = 128  # enough for flat areas and smoothed letters, and a third of the bytes


def take(name: str, page: Page) -> None:
    """Keep what the screen shows, in few colours."""
    shot = Image.open(BytesIO(page.screenshot()))
    path = IMAGES / f"{name}.png"
    shot.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.relative_to(browser.REPOSITORY)}: {path.stat().st_size // 1024} kB")


def take_all(chromium: Browser, url: str, form: str) -> None:
    """The wave's page at the desk and the residents' form, in both languages."""
    name, _, password = next(account for account in ACCOUNTS if account[1] == "analyst")
    for ending, locale in LANGUAGES.items():
        desk = chromium.new_context(**WIDE | {"locale": locale}).new_page()
        desk.goto(f"{url}/desk/waves/{WAVE}")
        desk.locator("#name").fill(name)
        desk.locator("#password").fill(password)
        desk.keyboard.press("Enter")
        desk.locator("#rates").wait_for()
        take(f"desk-wave{ending}", desk)
        phone = chromium.new_context(**NARROW | {"locale": locale}).new_page()
        phone.goto(form)
        take(f"resident-form{ending}", phone)


@contextmanager
def demonstration(folder: Path) -> Iterator[tuple[str, str]]:
    """A server on a fresh demonstration: its address, and that of a form."""
    database = f"sqlite:///{folder}/demonstration.sqlite"
    migrate(database)
    db = Database(database)
    build_demonstration(db, SECRET, datetime.now(UTC), _tell)
    told = {"DATABASE_URL": database, "MINSHENG_HOME": str(folder), "SECRET_KEY": SECRET}
    with browser.gunicorn(folder / "gunicorn.log", told) as server:
        yield server.url, list_points(db, server.url, WAVE)[0].url
    db.close()


def _tell(what: str, done: int, of: int) -> None:
    if done == of:
        print(f"{what}: {of} answers", flush=True)


def main() -> int:
    """Take all pictures; needs a browser and a Chinese font."""
    missing = [part.name for part in (machine.BROWSER, machine.CHINESE_FONT) if part.find() is None]
    if missing:
        print(f"missing: {', '.join(missing)}", file=sys.stderr)
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        demonstration(Path(folder)) as (url, form),
        sync_playwright() as playwright,
    ):
        chromium = browser.launch(playwright)
        take_all(chromium, url, form)
        chromium.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
