"""The command `quality`: the checks on a file of interviews, or how well they do in waves of known honesty."""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.quality import listing, scenario_table
from analysis.quality.answers import AnswersError, checked_answers, items_of_json
from analysis.quality.findings import LEVEL
from analysis.quality.interviewer_effects import variance_shares
from analysis.quality.review import review
from analysis.table_file import read_csv


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("file", type=Path, nargs="?", help="interviews as CSV, one a row")
    parser.add_argument("--items", type=Path, help="JSON: a list of items with code, categories, scale, dont_know …")
    parser.add_argument("--level", type=float, default=LEVEL, help="false discovery rate of the list (%(default)s)")
    parser.add_argument("--scenarios", action="store_true", help="found and false alarms in waves of known honesty")
    parser.add_argument("--seed", type=int, default=scenario_table.SEED, help="of the random numbers (%(default)s)")
    parser.add_argument(
        "--repeats", type=int, default=scenario_table.REPEATS, help="waves of each scenario (%(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, not a table")


def answer(chosen: argparse.Namespace) -> str:
    """The text to print. Raises AnswersError and TableError."""
    if chosen.seed < 0 or chosen.repeats < 1:
        raise AnswersError("--seed is 0 or more, --repeats 1 or more.")
    if not 0 < chosen.level < 1:
        raise AnswersError(f"--level {chosen.level:g} is no share between 0 and 1.")
    if chosen.scenarios:
        rows = scenario_table.rows(chosen.seed, chosen.repeats)
        return _json(scenario_table.documents(rows)) if chosen.json else scenario_table.table(rows)
    if chosen.file is None or chosen.items is None:
        raise AnswersError("Give a CSV file of interviews and --items, or --scenarios.")
    try:
        # Codes are text, and an empty cell alone is missing: a category may be called NA.
        frame = read_csv(chosen.file, dtype=str)
        document = json.loads(chosen.items.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, pd.errors.ParserError) as problem:
        raise AnswersError(f"The files cannot be read: {problem}") from problem
    except pd.errors.EmptyDataError as problem:
        raise AnswersError(f"{chosen.file} is empty. It needs a line of column names.") from problem
    answers = checked_answers(frame, items_of_json(document))
    found, shares = review(answers, np.random.default_rng(chosen.seed)), variance_shares(answers)
    if chosen.json:
        return _json(listing.document(found, shares, chosen.level))
    return listing.table(found, shares, chosen.level)


def _json(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
