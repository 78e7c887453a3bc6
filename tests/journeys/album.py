"""Pictures of the pages that the journeys visit, for somebody to look at: kept in the folder that SCREENSHOTS names."""

import os
from pathlib import Path

from playwright.sync_api import Page

SIZES = {"phone": {"width": 390, "height": 844}, "screen": {"width": 1280, "height": 800}}


def keep(page: Page, name: str) -> None:
    """A picture of the whole page at the size of a phone and of a screen; nothing where no folder is named."""
    if folder := os.environ.get("SCREENSHOTS"):
        before = page.viewport_size
        for size, viewport in SIZES.items():
            page.set_viewport_size(viewport)  # type: ignore[arg-type]
            page.screenshot(path=Path(folder) / f"{name}-{size}.png", full_page=True)
        if before is not None:
            page.set_viewport_size(before)
