"""What the resident's styles ask of a browser: all must work on one of 2019 (Chromium 66, iOS 12), as WeChat had.

A newer feature may stand there only if nothing is lost where it is not understood; ENHANCEMENTS says why. A check takes
the text of a stylesheet and returns its complaints.
"""

import re

# What a browser of 2019 does not understand, and since when the others do.
NEWER = {
    "inset": r"(?<![\w-])inset\s*:",  # Chromium 87, iOS 14.5
    "gap": r"(?<![\w-])(row-|column-)?gap\s*:",  # between flex items: Chromium 84, iOS 14.5
    "aspect-ratio": r"(?<![\w-])aspect-ratio\s*:",  # Chromium 88, iOS 15
    "clip-path": r"(?<![\w-])clip-path\s*:",  # as a function: Chromium 88 and iOS 13 for all elements
    "place-items and the like": r"(?<![\w-])place-(items|content|self)\s*:",
    "logical properties": r"(?<![\w-])(margin|padding|border|inset)-(inline|block)\b",  # Chromium 69 to 87
    "overflow: clip": r"overflow(-[xy])?\s*:\s*clip",
    "overflow-wrap: anywhere": r"overflow-wrap\s*:\s*anywhere",  # Chromium 80, iOS 15.4
    "min(), max() and clamp()": r"(?<![\w-])(min|max|clamp)\(",  # Chromium 79, iOS 13.4
    "dynamic units": r"\d(dvh|svh|lvh|dvw|svw|lvw|cqw|cqi)\b",
    ":has()": r":has\(",
    ":is() and :where()": r":(is|where)\(",
    ":focus-visible": r":focus-visible",
    "a list in :not()": r":not\([^()]*,",
    "nesting": r"[{;]\s*&",
    "layers and containers": r"@(layer|container|property|scope|supports)\b",
    "color functions": r"(?<![\w-])(color-mix|oklch|lab|lch|light-dark)\(",
    "color-scheme": r"(?<![\w-])color-scheme\s*:",
    "accent-color": r"(?<![\w-])accent-color\s*:",
    "text-autospace": r"(?<![\w-])text-autospace\s*:",
    "scroll-margin": r"(?<![\w-])scroll-margin",
    "prefers-color-scheme": r"prefers-color-scheme",
}
# Without it, what?
ENHANCEMENTS = {
    "color-scheme": "form controls keep their light look",
    "accent-color": "a chosen box keeps the browser's own colour",
    "text-autospace": "Han and Latin letters stand closer",
    "scroll-margin": "a question that is jumped to stands at the very edge",
    "prefers-color-scheme": "the page is light",
}
# Selectors that may be lost whole, each beside a rule that does without.
FALLBACKS = {
    ":focus:not(:focus-visible)": ":focus{outline:3px",
    "label input:focus:not(:focus-visible)": "label input:focus",
}


def asks_too_much(style: str) -> list[str]:
    """The newer features that stand in a stylesheet without a fallback."""
    told = style
    for newer, older in FALLBACKS.items():
        if older in style.replace(newer, ""):
            told = told.replace(newer, "")
    return [f"uses {name}" for name, pattern in NEWER.items() if name not in ENHANCEMENTS and re.search(pattern, told)]
