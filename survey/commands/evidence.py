"""`evidence`: what is unusual about the forms of a wave, written down so that the office can file it.

The figures are computed from rows that are never changed. The file names the moment of the last answer that stands in
it, and its digest is printed, so that a filed copy can be told from a changed one.
"""

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

from analysis.quality import listing, point_statistics
from analysis.quality.findings import LEVEL
from survey.commands.command import Answer, command, lines, named, opened
from survey.config import VERSION
from survey.services.catalogue import Catalogue
from survey.services.review_quality import QualityReview, review_quality


def add(commands: Any) -> None:
    """The command."""
    parser = command(commands, "evidence", _evidence, _show, "signs of stuffing and made-up interviews, to be filed")
    parser.add_argument("code", metavar="WAVE")
    parser.add_argument("--output", type=Path, metavar="FILE.json", help="write it there, and print its digest")


def _evidence(options: argparse.Namespace) -> Answer:
    with named(f"wave {options.code}"), opened() as db:
        document = _document(options.code, review_quality(db, Catalogue(db), options.code))
    if options.output is None:
        return document
    written = json.dumps(document, ensure_ascii=False, indent=1).encode()
    options.output.write_bytes(written)
    return {
        "file": str(options.output),
        "sha256": hashlib.sha256(written).hexdigest(),
        "data_until": document["data_until"],
    }


def _document(code: str, found: QualityReview) -> dict[str, Any]:
    points = [
        {"number": (point := found.points[str(each["point"])]).number, "mode": point.mode, **each}
        for each in point_statistics.documents(found.statistics)
    ]
    return {
        "wave": code,
        "data_until": None if found.data_until is None else found.data_until.isoformat(),
        "code_version": VERSION,
        "interviews": found.interviews,
        "interviews_not_looked_at": found.other,
        "window_minutes": point_statistics.WINDOW,
        "busy_device_forms": point_statistics.MANY,
        "points": points,
        "review": listing.document(found.review, (), LEVEL),
    }


def _show(answer: Answer) -> str:
    if "sha256" in answer:
        return lines(answer)
    points = [
        f"point {each['number']}: {each['forms']} forms, at most {each['most_in_window']} in ten minutes, "
        f"{each['identical']} identical"
        for each in answer["points"]
    ]
    listed = [f"{each['kind']} {each['unit']}: q {each['q']:.2g}" for each in answer["review"]["list"]]
    return "\n".join([f"data until: {answer['data_until']}", *points, *(listed or ["nothing stands out"])])
