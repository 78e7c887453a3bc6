"""What the documents say about the code: commands and files that they name. Each check takes a folder."""

import argparse
import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from survey.cli import parser

# Inline code, and whole lines of fenced blocks; a fenced block may hold a prompt-free command behind a path or a pipe.
FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
COMMAND = re.compile(r"python -m survey\b(.*)")
MODULE = re.compile(r"python -m (\w+(?: [a-z]+)*)")
MADE = re.compile(r"^(?:[A-Z]+=\S+ )*make ([a-z]+)")
FILE = re.compile(r"([\w./-]*[\w-]\.(?:py|mjs|js|css|html|json|yaml|po|toml|csv|md))(?:: ?(\w+))?")
ROOTS = ("", "survey", "docs")  # the documents name the application's files from survey/ on


def _documents(root: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted([*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("*/README.md")]):
        yield path, path.read_text("utf-8")


def _code(text: str) -> Iterator[str]:
    """Every piece of code of a document: the lines of its fences without comments, and what stands in backticks."""
    for block in FENCE.findall(text):
        yield from (line.partition(" #")[0].strip() for line in block.splitlines())
    yield from _inline(text)


def _inline(text: str) -> Iterator[str]:
    """What stands in backticks; a line may end within."""
    yield from (code.replace("\n", " ") for code in INLINE.findall(FENCE.sub("", text)))


def commands_exist(root: Path) -> list[str]:
    """Every `python -m survey …` of a document is understood by the command line, with its options."""
    return [
        f"{path.relative_to(root)}: {said}"
        for path, text in _documents(root)
        for code in _code(text)
        for arguments in COMMAND.findall(code)
        if (said := _misunderstood(arguments))
    ]


def _misunderstood(arguments: str) -> str:
    """What the command line has against these arguments; nothing where it takes them."""
    words = shlex.split(re.split(r"[|;&]", arguments)[0])
    if not words or "…" in words:
        return ""
    errors = io.StringIO()
    try:
        with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(errors):
            parser().parse_args(words)
    except SystemExit:
        return errors.getvalue().strip().splitlines()[-1]
    return ""


def every_command_is_documented(root: Path) -> list[str]:
    """Some document shows each command at least once."""
    shown = {arguments.strip() for _, text in _documents(root) for c in _code(text) for arguments in COMMAND.findall(c)}
    return [
        f"no document shows python -m survey {command}"
        for command in _commands(parser())
        if not any(each == command or each.startswith(f"{command} ") for each in shown)
    ]


def _commands(of: argparse.ArgumentParser) -> Iterator[str]:
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                deeper = list(_commands(below))
                yield from (f"{name} {each}" for each in deeper) if deeper else (name,)


def made_targets_exist(root: Path) -> list[str]:
    """Every `make …` of a document is a target of the Makefile."""
    makefile = root / "Makefile"
    targets = set(re.findall(r"^([a-z]+):", makefile.read_text("utf-8") if makefile.exists() else "", re.MULTILINE))
    return [
        f"{path.relative_to(root)} names make {target}"
        for path, text in _documents(root)
        for code in _code(text)
        for target in MADE.findall(code)
        if target not in targets
    ]


def readmes_name_the_same_modules(root: Path) -> list[str]:
    """Both languages show the same `python -m …` commands."""
    named = {
        name: {found for code in _code((root / name).read_text("utf-8")) for found in MODULE.findall(code)}
        for name in ("README.md", "README.zh-CN.md")
        if (root / name).exists()
    }
    different = len(set(map(frozenset, named.values()))) > 1
    return [f"the READMEs show different commands: {named}"] if different else []


def named_files_exist(root: Path) -> list[str]:
    """Every `path/like.py` in backticks exists, and `path/like.py: name` has that name in it."""
    complaints = []
    for path, text in _documents(root):
        for code in _inline(text):
            found = FILE.fullmatch(code)
            if found is None or not ("/" in found[1] or found[1].endswith(".py")) or found[1].split("/")[0].isupper():
                continue
            places = [place for base in (*ROOTS, path.parent) if (place := root / base / found[1]).is_file()]
            if not places:
                complaints.append(f"{path.relative_to(root)} names {found[1]}")
            elif found[2] and not any(re.search(rf"\b{found[2]}\b", place.read_text("utf-8")) for place in places):
                complaints.append(f"{path.relative_to(root)} names {found[2]} of {found[1]}")
    return complaints
