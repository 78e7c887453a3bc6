"""What every command is made of: a function that gives an answer, and one that shows it to people.

An answer is a mapping that is printed as it stands under --json. `opened` is the database of the settings.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from survey.config import read_settings
from survey.db import Database, migrate
from survey.services.catalogue import NotFound

Answer = Mapping[str, Any]


def group(commands: Any, name: str, about: str) -> Any:
    """A command that is followed by another: `frame` of `frame import`."""
    return commands.add_parser(name, help=about, description=about).add_subparsers(required=True, metavar="COMMAND")


def command(
    commands: Any,
    name: str,
    run: Callable[[argparse.Namespace], Answer | None],
    show: Callable[[Answer], str],
    about: str,
) -> argparse.ArgumentParser:
    """One command, to which its arguments are added."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=about, description=about)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run, show=show)
    return parser


@contextmanager
def opened() -> Iterator[Database]:
    """The database that the settings name, brought to its newest shape; closed afterwards."""
    url = read_settings().database_url
    migrate(url)
    db = Database(url)
    try:
        yield db
    finally:
        db.close()


@contextmanager
def named(what: str) -> Iterator[None]:
    """Says in full what was not found: `wave 2026-q1`."""
    try:
        yield
    except NotFound:
        raise NotFound(what) from None


def lines(answer: Answer) -> str:
    """Name and value, one a line."""
    return "\n".join(f"{name}: {value}" for name, value in answer.items())
