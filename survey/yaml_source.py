"""YAML text in, a `Document` out: which YAML is accepted, and what a bare word means.

Accepted is the part of YAML that reads the same to every program and every author: mappings with text keys, lists,
text, plain decimal numbers, true, false and null. Refused, with file and line: tags, anchors and aliases, repeated
keys, several documents, bare words that YAML readers disagree on (yes, on, 010, 1_000, 9:30), files over 1 MB,
anything nested deeper than 40. Dates stay text: the reader of the field knows what it should be.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from survey.domain.document import UNREADABLE, Document, Path, shown
from survey.domain.problems import Invalid, Problem

LARGEST = 1_000_000  # bytes
DEEPEST = 40

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,14})")
_DECIMAL = re.compile(r"-?[0-9]{0,15}\.[0-9]{1,15}")
# what YAML 1.1, YAML 1.2 and people read differently; sexagesimal numbers included (9:30 is 570 in YAML 1.1)
_DISPUTED = re.compile(
    r"yes|no|on|off|true|false|null|[-+]?\.(inf|nan)|[-+]?0[box]?[0-9a-f_]+|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"
    r"|[-+]?[0-9][0-9_]*(\.[0-9_]*)?(e[-+]?[0-9]+)?|[-+]?\.[0-9][0-9_]*(e[-+]?[0-9]+)?",
    re.IGNORECASE,
)
_WORDS: dict[str, object] = {"": None, "~": None, "null": None, "true": True, "false": False}


def read_yaml(text: str | bytes, file: str) -> Document:
    """Read one YAML document; bytes must be UTF-8. Raises `Invalid` naming `file` and the lines."""
    if isinstance(text, bytes):
        text = _decoded(text, file)
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > LARGEST:
        raise Invalid([Problem("yaml_too_large", "file", (("limit", str(LARGEST)),), None, file)])
    if found := UNREADABLE.search(text.replace("\r\n", "\n")):
        line = text.count("\n", 0, found.start()) + 1
        raise Invalid([Problem("unreadable_text", "file", (), line, file)])
    building = _Building(file)
    try:
        building.read(yaml.parse(text.removeprefix("\ufeff"), Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = shown(error.problem or error.context or "not YAML")
        line = mark.line + 1 if mark else 1
        building.problems.append(Problem("yaml_syntax", "file", (("reason", reason),), line, file))
    except yaml.YAMLError:
        building.problems.append(Problem("yaml_syntax", "file", (("reason", "not YAML"),), 1, file))
    if building.problems:
        raise Invalid(building.problems)
    return Document(file, building.tree, building.lines)


def _decoded(data: bytes, file: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Invalid([Problem("yaml_not_utf8", "file", (), line, file)]) from None


class _TooDeep(Exception):
    """The rest of the file is not read."""


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not been read yet. `key` is the key that waits for its value."""

    path: Path
    value: dict[str, object] | list[object]
    key: str | None = None
    key_line: int = 0
    waiting: bool = False
    skipped: int = 0  # names for values whose key was refused


@dataclass(slots=True)
class _Building:
    """Builds the tree from the parser's events, without recursion, so that no nesting can exhaust the stack."""

    file: str
    tree: object = None
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)

    def read(self, events: Iterator[yaml.Event]) -> None:
        documents = 0
        try:
            for event in events:
                assert event.start_mark is not None
                line = event.start_mark.line + 1
                if isinstance(event, yaml.DocumentStartEvent):
                    documents += 1
                    if documents > 1:
                        self._wrong("yaml_several_documents", line)
                        return
                elif isinstance(event, yaml.AliasEvent):
                    self._wrong("yaml_alias", line)
                    self._place(None, line)
                elif isinstance(event, yaml.ScalarEvent):
                    self._refuse_extras(event, line)
                    self._scalar(event, line)
                elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                    self._refuse_extras(event, line)
                    self._open({} if isinstance(event, yaml.MappingStartEvent) else [], line)
                elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                    self.stack.pop()
        except _TooDeep:
            return
        if not documents:
            self._wrong("yaml_empty", 1)

    def _wrong(self, code: str, line: int, **params: str) -> None:
        self.problems.append(Problem(code, "file", tuple(params.items()), line, self.file))

    def _refuse_extras(self, event: yaml.NodeEvent, line: int) -> None:
        if event.anchor is not None:
            self._wrong("yaml_alias", line)
        tag = getattr(event, "tag", None)
        if tag is not None and tag != "!":
            self._wrong("yaml_tag", line, tag=shown(tag))

    def _open(self, value: dict[str, object] | list[object], line: int) -> None:
        if len(self.stack) >= DEEPEST:
            self._wrong("yaml_too_deep", line, limit=str(DEEPEST))
            raise _TooDeep
        self.stack.append(_Open(self._place(value, line), value))

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        text = event.value
        value: object = text
        if UNREADABLE.search(text):
            self._wrong("unreadable_text", line)
            value = ""
        elif event.implicit[0]:
            value = self._bare(text, line)
        self._place(value, line)

    def _bare(self, text: str, line: int) -> object:
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.fullmatch(text):
            return int(text)
        if _DECIMAL.fullmatch(text):
            return float(text)
        if _DISPUTED.fullmatch(text):
            self._wrong("yaml_disputed_word", line, value=shown(text))
        return text

    def _place(self, value: object, line: int) -> Path:
        """Put a value where the file has it and return its path."""
        if not self.stack:
            self.tree = value
            self.lines[()] = line
            return ()
        around = self.stack[-1]
        if isinstance(around.value, list):
            path = (*around.path, len(around.value))
            around.value.append(value)
            self.lines[path] = line
            return path
        if not around.waiting:
            return self._key(around, value, line)
        around.waiting = False
        assert around.key is not None
        path = (*around.path, around.key)
        around.value[around.key] = value
        self.lines[path] = around.key_line
        return path

    def _key(self, around: _Open, key: object, line: int) -> Path:
        assert isinstance(around.value, dict)
        around.waiting, around.key_line = True, line
        if isinstance(key, str) and key and key not in around.value:
            around.key = key
            return around.path
        if isinstance(key, str) and key:
            first = self.lines[(*around.path, key)]
            self._wrong("yaml_duplicate_key", line, key=shown(key), first=str(first))
        else:
            self._wrong("yaml_key_not_text", line, key=shown(str(key).lower()))
        around.skipped += 1
        around.key = f"?{around.skipped}"
        return (*around.path, around.key)
