"""What can be measured of a page's looks: accessibility by axe, sizes of text and targets, and whether it fits."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

# The size of every text that is shown, and the shorter side of everything that can be pressed.
_TEXT_SIZES = """() => {
  const found = {};
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || !parent.checkVisibility() || parent.closest("script, style, .hidden")) continue;
    const size = parseFloat(getComputedStyle(parent).fontSize);
    found[size] ??= text.slice(0, 40);
  }
  return found;
}"""
_TARGETS = """() => [...document.querySelectorAll("a, button, label, select, textarea, summary, input")]
  .filter((element) => element.checkVisibility() && !element.closest(".hidden"))
  .filter((element) => !(element.tagName === "INPUT" && element.closest("label")))
  .filter((element) => !(element.tagName === "LABEL" && element.querySelector("select")))
  .map((element) => {
    const box = element.getBoundingClientRect();
    return [Math.min(box.width, box.height), element.outerHTML.slice(0, 120)];
  })"""


def breaches(page: Page, *rules: str) -> str:
    """Every rule of axe (or of these rules) that the page breaks, with the elements; empty where it breaks none."""
    options: dict[str, object] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = {"type": "rule", "values": list(rules)}
        options["rules"] = {rule: {"enabled": True} for rule in rules}  # also what axe itself leaves out
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    results: dict[str, Any] = page.evaluate("options => axe.run(options)", options)
    return "\n".join(
        f"{page.url}: {each['id']}: {node['target']} {node['html'][:160]}"
        for each in results["violations"]
        for node in each["nodes"]
    )


def text_sizes(page: Page) -> dict[float, str]:
    """The font sizes of all shown text in pixels, each with an example."""
    return {float(size): text for size, text in page.evaluate(_TEXT_SIZES).items()}


def small_targets(page: Page, least: float) -> list[tuple[float, str]]:
    """What can be pressed and is narrower or lower than `least` pixels."""
    return [(size, html) for size, html in page.evaluate(_TARGETS) if size < least - 0.01]


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    wide: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide
