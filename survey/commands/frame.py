"""`frame import` and `frame list`."""

import argparse
import json
from datetime import date
from pathlib import Path
from typing import Any

from survey.commands.command import Answer, command, group, opened
from survey.services.import_frame import import_frame
from survey.services.read_wave import frame_list
from survey.web.office import utc_now


def add(commands: Any) -> None:
    """The commands of the sampling frame."""
    frame = group(commands, "frame", "the sampling frame")
    adding = command(frame, "import", _import, _show_import, "import areas and population")
    adding.add_argument("areas", type=Path, metavar="AREAS.csv")
    adding.add_argument("population", type=Path, metavar="POPULATION.csv")
    adding.add_argument("--date", type=date.fromisoformat, default=date(2020, 11, 1), help="reference date")
    command(frame, "list", _list, _show_list, "list the imported frames")


def _import(options: argparse.Namespace) -> Answer:
    areas, population = options.areas.read_bytes(), options.population.read_bytes()
    names = (options.areas.name, options.population.name)
    with opened() as db:
        imported = import_frame(db, areas, population, options.date, utc_now(), names)
    return {
        "frame": imported.frame_id,
        "already_known": imported.already_known,
        "report": imported.report.to_dict(),
    }


def _list(_: argparse.Namespace) -> Answer:
    with opened() as db:
        entries = frame_list(db)
    return {
        "frames": [
            {"frame": entry.id, "city": entry.city_code, "date": entry.reference_date.isoformat()} for entry in entries
        ]
    }


def _show_import(answer: Answer) -> str:
    report = answer["report"]
    shown = [f"frame {answer['frame']}" + (" (already known; nothing was added)" if answer["already_known"] else "")]
    shown += [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in report.items()]
    return "\n".join(shown)


def _show_list(answer: Answer) -> str:
    return "\n".join(f"{each['frame']:>5}  {each['city']}  {each['date']}" for each in answer["frames"])
