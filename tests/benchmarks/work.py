"""The work that a weak phone does while a point is under attack: how long until its number is found, and how long the
page meanwhile waits for a turn.

Chromium with a CPU slowed four times, as its own developer tools do it. Each challenge is a real page's token, solved
by the page's own script in a page that has just been opened; the server's check says whether the number will do. Luck
decides how many tries it takes, so beside what was seen stands what 95 % are to be expected from the tries a second.
"""

import math
import statistics
import sys
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from playwright.sync_api import Page, sync_playwright

from survey.domain.stuffing import EASIEST, HARDEST, WorkAsked, zero_bits
from survey.web.page_token import PageToken, write_token
from tests import browser
from tests.field import SECRET

BITS = range(EASIEST, HARDEST + 1)
SOLUTIONS = 30  # of each
SLOWER = 4
PATIENCE = 5.0  # seconds of which 95 % of phones may need less
ADDRESS = "http://work.example"
SCRIPT = browser.REPOSITORY / "survey/static/resident/work.mjs"
# Seconds until the number is there, and the longest time between two turns of whatever else the page has to do.
_SOLVE = """async ([token, bits]) => {
  const { solve } = await import("/work.mjs");
  let [turn, longest, solved] = [performance.now(), 0, false];
  const take = () => {
    longest = Math.max(longest, performance.now() - turn);
    turn = performance.now();
    if (!solved) setTimeout(take, 0);
  };
  setTimeout(take, 0);
  const began = performance.now();
  const number = await solve(token, bits);
  const seconds = (performance.now() - began) / 1000;
  solved = true;
  return [number, seconds, longest];
}"""


def challenge(bits: int) -> str:
    """The token of a page that asks for so many bits."""
    now = datetime.now(UTC)
    return write_token(SECRET, PageToken(uuid4(), "7G4K9QX2MPWB3D", "civic", 1, now, WorkAsked(bits, now)))


def solution(page: Page, bits: int) -> tuple[int, float, float]:
    """(tries, seconds, longest wait in milliseconds) of one challenge on a page that has just been opened."""
    page.goto(ADDRESS)
    token = challenge(bits)
    number, seconds, longest = page.evaluate(_SOLVE, [token, bits])
    if zero_bits(token, number) < bits:
        sys.exit(f"{number} is no solution of {token} with {bits} bits")
    return int(number) + 1, seconds, longest


def _serve(page: Page) -> None:
    """The script as the server would give it, beside an empty page."""
    answers: dict[str, Any] = {"/": {"content_type": "text/html", "body": "<!doctype html><title>work</title>"}}
    answers["/work.mjs"] = {"content_type": "text/javascript", "body": SCRIPT.read_text("utf-8")}
    page.route(f"{ADDRESS}/**", lambda route: route.fulfill(**answers[route.request.url.removeprefix(ADDRESS)]))


def main() -> None:
    """One line for each number of bits; ends with an error where the hardest work takes too long."""
    with sync_playwright() as playwright:
        chromium = browser.launch(playwright)
        page = chromium.new_context(**browser.PHONE).new_page()
        _serve(page)
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        print(f"{'bits':>4}{'tries/s':>9}{'median':>10}{'95 %':>10}{'expected':>10}{'longest without a turn':>25}")
        slowest = 0.0
        for bits in BITS:
            found = [solution(page, bits) for _ in range(SOLUTIONS)]
            tries, seconds, turns = zip(*found, strict=True)
            most = statistics.quantiles(seconds, n=20, method="inclusive")[-1]
            pace = sum(tries) / sum(seconds)
            expected = 2**bits * math.log(20) / pace
            times = "".join(f"{each:>8.2f} s" for each in (statistics.median(seconds), most, expected))
            print(f"{bits:>4}{pace:>9.0f}{times}{max(turns):>22.0f} ms", flush=True)
            slowest = max(slowest, expected)
        chromium.close()
    if slowest > PATIENCE:
        sys.exit(f"one phone in twenty works longer than {PATIENCE:.0f} s")
