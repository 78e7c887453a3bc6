"""The first load of the civic form on a weak phone: what comes over the wire, and when one can read and answer.

Chromium with a CPU slowed four times behind 400 kbit/s and 400 ms, as its own developer tools do it. «Bytes» counts
heads and bodies of every answer until the page rests. Then the same with every address but the page's own cut off:
whether it can be read and answered from the first answer alone.
"""

import statistics
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, sync_playwright

from tests import browser
from tests.civic_field import civic_field
from tests.field import SECRET

ROUNDS = 5
NETWORK = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}  # bytes/s
SLOWER = 4
MOST_BYTES, MOST_REQUESTS = 10_240, 3
PAGES: Mapping[str, Mapping[str, Any]] = {
    "zh-Hans": {"locale": "zh-CN"},
    "zh-Hans, large": {"locale": "zh-CN", "query": "?size=large"},
    "en": {"locale": "en-GB"},
}
# Milliseconds since the navigation began: the first paint of text, and the last script there.
_MOMENTS = """() => new Promise((resolve) => {
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  const script = Math.max(0, ...performance.getEntriesByType("resource").map((one) => one.responseEnd));
  resolve([paint ? paint.startTime : NaN, script]);
})"""


class Meter:
    """Counts what a page loads."""

    def __init__(self, page: Page) -> None:
        self.bytes = 0
        self.addresses: list[str] = []
        session: CDPSession = page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", self._asked)
        session.on("Network.loadingFinished", self._came)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", NETWORK)
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})

    def _asked(self, event: dict[str, Any]) -> None:
        if event["request"]["url"].startswith("http"):
            self.addresses.append(event["request"]["url"])

    def _came(self, event: dict[str, Any]) -> None:
        self.bytes += int(event["encodedDataLength"])


def _context(chromium: Browser, options: Mapping[str, Any]) -> BrowserContext:
    return chromium.new_context(**browser.PHONE | {"locale": options["locale"]})


def load(chromium: Browser, address: str, options: Mapping[str, Any]) -> tuple[int, list[str], list[float]]:
    """(bytes, addresses, moments) of one first load."""
    context = _context(chromium, options)
    page = context.new_page()
    meter = Meter(page)
    page.goto(address + options.get("query", ""), wait_until="networkidle")
    moments: list[float] = page.evaluate(_MOMENTS)
    context.close()
    return meter.bytes, meter.addresses, moments


def readable_alone(chromium: Browser, address: str, options: Mapping[str, Any]) -> bool:
    """Whether the first question can be read and answered when nothing but the page itself arrives."""
    context = _context(chromium, options)
    page = context.new_page()
    page.route("**/*", lambda route: route.continue_() if route.request.is_navigation_request() else route.abort())
    page.goto(address + options.get("query", ""))
    row = page.locator("fieldset.item label").first
    row.tap()
    answered = page.locator("fieldset.item input:checked").count() == 1
    context.close()
    return answered


def main() -> None:
    """One line a page; ends with an error where the limits do not hold."""
    wrong = []
    with TemporaryDirectory(prefix="minsheng-first-load-") as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'load.db'}"
        field = civic_field(url)
        told = {"DATABASE_URL": url, "SECRET_KEY": SECRET, "MINSHENG_HOME": str(folder)}
        with browser.gunicorn(folder / "load.log", told) as server, sync_playwright() as playwright:
            chromium = browser.launch(playwright)
            address = f"{server.url}/r/{field.point.code}"
            print(f"{'page':<16}{'requests':>9}{'bytes':>8}{'readable':>10}{'script':>8}   alone")
            for page, options in PAGES.items():
                rounds = [load(chromium, address, options) for _ in range(ROUNDS + 1)][1:]  # the first one warms up
                size = max(size for size, _, _ in rounds)
                addresses = rounds[0][1]
                columns = zip(*(moments for _, _, moments in rounds), strict=True)
                readable, script = (statistics.median(column) for column in columns)
                alone = readable_alone(chromium, address, options)
                print(
                    f"{page:<16}{len(addresses):>9}{size:>8}{readable:>7.0f} ms{script:>5.0f} ms"
                    f"   {'answerable' if alone else 'NOT answerable'}"
                )
                if size > MOST_BYTES or len(addresses) > MOST_REQUESTS or not alone:
                    wrong.append(page)
                wrong += [address for address in addresses if not address.startswith(server.url)]
            chromium.close()
        field.close()
    if wrong:
        sys.exit(f"over the limits of {MOST_REQUESTS} requests and {MOST_BYTES} bytes: {wrong}")
