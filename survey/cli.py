"""The command line: `python -m survey …`. Reads arguments, runs one command of survey/commands, prints its answer.

Every command takes --json; then what was refused is JSON too. Exit status: 0 done, 1 refused (with every reason),
2 wrong usage.
"""

import argparse
import json
import sys
from typing import Any

from sqlalchemy.exc import OperationalError

from survey.commands import account, evidence, frame, letters, questionnaire, server, tablet, wave
from survey.config import SettingsError
from survey.db import Unavailable
from survey.domain.problems import Invalid
from survey.services.catalogue import NotFound


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns the exit status."""
    options = parser().parse_args(arguments)
    try:
        answer = options.run(options)
    except Invalid as refused:
        rows = [
            {"file": each.file, "line": each.line, "field": each.field, "code": each.code, "message": each.message()}
            for each in refused.problems
        ]
        sentences = [*map(str, refused.problems), f"Refused: {len(rows)} problem(s); nothing was changed."]
        return _refused(options, rows, sentences)
    except SettingsError as error:
        return _failed(options, "settings", str(error))
    except NotFound as missing:
        return _failed(options, "not_found", f"There is no {missing}.")
    except (Unavailable, OperationalError):
        return _failed(options, "unavailable", "The database does not answer. See DATABASE_URL, and whether it runs.")
    except OSError as error:
        return _failed(options, "file", f"{error.filename}: {error.strerror}")
    if answer is not None:
        print(json.dumps(answer, ensure_ascii=False, indent=2) if options.json else options.show(answer))
    return 0


def parser() -> argparse.ArgumentParser:
    """Every command with its arguments."""
    made = argparse.ArgumentParser(prog="python -m survey", description="Minsheng 民声, a survey platform")
    commands = made.add_subparsers(required=True, metavar="COMMAND")
    for part in (server, frame, questionnaire, wave, evidence, letters, account, tablet):
        part.add(commands)
    return made


def _failed(options: argparse.Namespace, code: str, sentence: str) -> int:
    return _refused(options, [{"code": code, "message": sentence}], [sentence])


def _refused(options: argparse.Namespace, rows: list[dict[str, Any]], sentences: list[str]) -> int:
    if options.json:
        print(json.dumps({"problems": rows}, ensure_ascii=False, indent=2))
    else:
        print("\n".join(sentences), file=sys.stderr)
    return 1
