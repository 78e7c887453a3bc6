"""Which texts the interface shows, and what is wrong with their Chinese. Each check takes a folder and returns its
complaints.

The texts are what templates and Python code mark for translation, and the sentences of CATALOGUES.
"""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter

import polib
from jinja2 import Environment

CATALOGUE = "survey/translations/zh_Hans.po"
CATALOGUES = {"MESSAGES", "NOTES", "GAP_NOTES", "MODEL_NOTES"}
MARKERS = {"translate", "N_", "_"}
# What stays as it is in a Chinese sentence; words of our own file formats stand in quotation marks.
NAMES = {"CSV", "YAML", "JSON", "UTF-8", "UTF-16", "GBK", "UTC", "A4", "Wilson", "areas.csv", "population.csv"}
NAMES |= {"n", "t", "M", "F", "PIN", "UUID", "A5", "PDF"}
NAMES |= {"Elliott", "Valliant", "Chen", "Li", "Wu"}  # who a method is named after
BARE = {"n", "PNG", "SVG", "YAML"}  # the same in both languages, so it may stand in a template as it is
SAID_ALOUD = {"alt", "title", "aria-label", "placeholder"}

HAN = r"[\u3400-\u9fff]"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|%|(?<!\{)\{\w+\}")
QUOTED = re.compile(r"“[^”]*”")
LATIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
MANNERS = {
    re.compile("[你妳]"): "says 你; residents and staff are 您",
    re.compile("[!！]"): "raises its voice",
    re.compile(rf"{HAN}[,.;:?()\"']|[,.;:?()\"']{HAN}"): "has half-width punctuation beside a Chinese character",
    re.compile(rf"{HAN} | {HAN}"): "has a space beside a Chinese character",
    re.compile(r"\.\.\.|。。"): "has dots for an ellipsis",
}


def template_environment() -> Environment:
    """Templates as the application reads them, without their words."""
    environment = Environment(extensions=["jinja2.ext.i18n"], trim_blocks=True, lstrip_blocks=True)
    environment.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    return environment


def template_texts(root: Path) -> dict[str, str | None]:
    """Text -> its plural or None, of the templates."""
    texts: dict[str, str | None] = {}
    environment = template_environment()
    for path in sorted((root / "templates").rglob("*.html")):
        for _, function, found in environment.extract_translations(path.read_text("utf-8")):  # type: ignore[attr-defined]
            parts = found if isinstance(found, tuple) else (found,)
            if parts[0] is not None:
                texts[parts[0]] = (parts[1] if "n" in function else None) or texts.get(parts[0])
    return texts


def python_texts(root: Path) -> set[str]:
    """The texts marked in Python code, and every sentence of CATALOGUES."""
    return {text for tree in _modules(root) for text in (*marked(tree), *_messages(tree))}


def _modules(root: Path) -> Iterator[ast.Module]:
    for path in [
        *sorted((root / "survey").rglob("*.py")),
        *sorted((root / "analysis").glob("*.py")),
        *(root / "analysis/quality").glob("findings.py"),
    ]:
        yield ast.parse(path.read_text("utf-8"), str(path))


def _calls(tree: ast.Module) -> Iterator[ast.expr]:
    """What is given to a marker."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            called = node.func
            name = (
                called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
            )
            if name in MARKERS:
                yield node.args[0]


def marked(tree: ast.Module) -> Iterator[str]:
    """The texts that a module marks for translation."""
    for given in _calls(tree):
        if isinstance(given, ast.Constant) and isinstance(given.value, str):
            yield given.value


def _messages(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) in CATALOGUES and node.value is not None:
            yield from ast.literal_eval(node.value).values()


def _texts(root: Path) -> dict[str, str | None]:
    return dict.fromkeys(python_texts(root)) | template_texts(root)


def _translations(root: Path) -> list[tuple[str, str]]:
    """(English, Chinese) of every entry."""
    return [(entry.msgid, _chinese(entry)) for entry in polib.pofile(str(root / CATALOGUE)) if not entry.obsolete]


def _chinese(entry: polib.POEntry) -> str:
    return str(entry.msgstr_plural.get(0, "") if entry.msgid_plural else entry.msgstr)


def texts_are_looked_up_whole(root: Path) -> list[str]:
    """A text with values already in it is in no catalogue: values are filled in after the translation."""
    return [
        f"{ast.unparse(given)} is marked for translation with its values in it"
        for tree in _modules(root)
        for given in _calls(tree)
        if isinstance(given, ast.JoinedStr)
    ]


def every_text_is_translated(root: Path) -> list[str]:
    """Every text has its Chinese, and its plural is the catalogue's."""
    entries = {entry.msgid: entry for entry in polib.pofile(str(root / CATALOGUE)) if not entry.obsolete}
    complaints = []
    for text, plural in _texts(root).items():
        entry = entries.get(text)
        if entry is None or not _chinese(entry).strip() or entry.fuzzy:
            complaints.append(f"“{text}” has no Chinese")
        elif (entry.msgid_plural or None) != plural:
            complaints.append(f"“{text}” has another plural in the catalogue")
    return complaints


def no_translation_is_left_over(root: Path) -> list[str]:
    """Every translation is of a text that is still shown, once."""
    texts, translated = _texts(root), [english for english, _ in _translations(root)]
    twice = sorted({english for english in translated if translated.count(english) > 1})
    return [f"“{english}” is shown nowhere" for english in translated if english not in texts] + [
        f"“{english}” is translated twice" for english in twice
    ]


def placeholders_agree(root: Path) -> list[str]:
    """Both languages have the same values to fill in, and say %% where the English does."""
    complaints = []
    for english, chinese in _translations(root):
        wanted, found = set(PLACEHOLDER.findall(english)), set(PLACEHOLDER.findall(chinese))
        if wanted != found:
            complaints.append(f"“{chinese}” has {sorted(found)}, the English has {sorted(wanted)}")
        elif "{" in english and _fields(english) != _fields(chinese):
            complaints.append(f"“{chinese}” has unbalanced braces")
    return complaints


def _fields(text: str) -> set[str | None] | None:
    try:
        return {field for _, field, _, _ in Formatter().parse(text)} | {None}
    except ValueError:
        return None


def chinese_minds_its_manners(root: Path) -> list[str]:
    """Full-width punctuation, 您, a calm voice, no spaces between scripts (the browser sets those)."""
    complaints = []
    for _, chinese in _translations(root):
        # What is filled in, and words of our file formats in quotation marks, are read like Chinese words.
        read = PLACEHOLDER.sub("字", QUOTED.sub(lambda quoted: _word(quoted[0]), chinese))
        complaints += [f"“{chinese}” {what}" for pattern, what in MANNERS.items() if pattern.search(read)]
    return complaints


def _word(quoted: str) -> str:
    return quoted if re.search(HAN, quoted) else "字"


def no_english_is_left(root: Path) -> list[str]:
    """The Chinese has no English words but names, and in quotation marks what a file must say."""
    complaints = []
    for english, chinese in _translations(root):
        quoted = " ".join(QUOTED.findall(chinese))
        plain = PLACEHOLDER.sub(" ", QUOTED.sub(" ", chinese))
        foreign = [word for word in LATIN.findall(plain) if word not in NAMES]
        foreign += [word for word in LATIN.findall(quoted) if word not in english]
        complaints += [f"“{chinese}” says {word}" for word in foreign]
    return complaints


def templates_say_nothing_of_their_own(root: Path) -> list[str]:
    """Whatever a template shows is marked for translation: no words or half-width punctuation between its tags."""
    environment = template_environment()
    complaints = []
    for path in sorted((root / "templates").rglob("*.html")):
        tokens = environment.lex(path.read_text("utf-8"))
        page = _Shown()
        page.feed("".join(value for _, kind, value in tokens if kind == "data"))
        complaints += [f"{path.relative_to(root)} says “{text}” in one language only" for text in page.texts]
    return complaints


class _Shown(HTMLParser):
    """Collects what a reader sees or hears."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._hidden = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden = tag in {"script", "style"}
        for name, value in attrs:
            if name in SAID_ALOUD and value:
                self._say(value)

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._say(data)

    def _say(self, text: str) -> None:
        text = " ".join(text.split())
        if set(re.findall(r"[^\W\d_]+", text)) - BARE or re.search("[,;:?!]", text):
            self.texts.append(text)
