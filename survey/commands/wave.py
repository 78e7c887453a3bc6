"""`wave plan`, `wave open`, `wave supersede`, `wave close`, `points list` and `recount`."""

import argparse
import secrets
from pathlib import Path
from typing import Any

from survey.commands.command import Answer, command, group, lines, named, opened
from survey.config import read_settings
from survey.db import Database
from survey.domain.fieldwork import Wave
from survey.domain.problems import Invalid, Problem
from survey.services.catalogue import Catalogue, NotFound
from survey.services.list_points import list_points
from survey.services.move_wave import close_wave, open_wave
from survey.services.plan_wave import plan_wave
from survey.services.read_wave import frame_list
from survey.services.recount import Miscount, recount
from survey.services.supersede_questionnaire import supersede_questionnaire
from survey.web.office import utc_now
from survey.yaml_source import read_yaml


def add(commands: Any) -> None:
    """The commands of waves, their points and their counters."""
    wave = group(commands, "wave", "waves")
    planning = command(wave, "plan", _plan, _show_wave, "make a draft from a plan")
    planning.add_argument("file", type=Path, metavar="PLAN.yaml")
    planning.add_argument("--frame", type=int, metavar="NUMBER", help="frame number; the newest if left out")
    for name, run, about in (
        ("open", _open, "let a draft take answers"),
        ("close", _close, "close an open wave now"),
    ):
        command(wave, name, run, _show_wave, about).add_argument("code", metavar="WAVE")
    about = "give a wave a later version of its questionnaire"
    superseding = command(wave, "supersede", _supersede, _show_wave, about)
    superseding.add_argument("code", metavar="WAVE")
    superseding.add_argument("version", type=int, metavar="VERSION")
    points = group(commands, "points", "collection points")
    command(points, "list", _points, _show_points, "codes and addresses").add_argument("code", metavar="WAVE")
    command(commands, "recount", _recount, lines, "prove the quota counters")


def _plan(options: argparse.Namespace) -> Answer:
    document = read_yaml(options.file.read_bytes(), options.file.name)
    with opened() as db:
        frame = _frame(db, options.frame)
        planned = plan_wave(db, Catalogue(db), document, frame, utc_now(), secrets.randbelow)
    return _wave(planned.wave) | {"notes": [note.message() for note in planned.notes]}


def _frame(db: Database, wanted: int | None) -> int:
    known = [entry.id for entry in frame_list(db)]
    if not known:
        raise Invalid([Problem("frame_none", "frame")])
    if wanted is not None and wanted not in known:
        raise NotFound(f"frame {wanted}")
    return known[-1] if wanted is None else wanted


def _open(options: argparse.Namespace) -> Answer:
    with named(f"wave {options.code}"), opened() as db:
        return _wave(open_wave(db, options.code))


def _close(options: argparse.Namespace) -> Answer:
    with named(f"wave {options.code}"), opened() as db:
        return _wave(close_wave(db, options.code, utc_now()))


def _supersede(options: argparse.Namespace) -> Answer:
    with named(f"wave {options.code}"), opened() as db:
        return _wave(supersede_questionnaire(db, Catalogue(db), options.code, options.version))


def _wave(wave: Wave) -> dict[str, Any]:
    return {
        "wave": wave.code,
        "state": wave.state.value,
        "questionnaire": f"{wave.questionnaire_code}/{wave.questionnaire_version}",
        "opens": wave.opens_at.isoformat(),
        "closes": wave.closes_at.isoformat(),
    }


def _points(options: argparse.Namespace) -> Answer:
    with named(f"wave {options.code}"), opened() as db:
        found = list_points(db, read_settings().public_url, options.code)
    return {
        "points": [
            {
                "number": each.point.number,
                "code": each.point.code,
                "url": each.url,
                "area": each.point.area_code,
                "place": each.point.place_type,
                "mode": each.point.mode,
            }
            for each in found
        ]
    }


def _recount(_: argparse.Namespace) -> Answer:
    with opened() as db:
        checked, miscounts = recount(db, utc_now())
    if miscounts:
        raise Invalid(
            Problem(
                "cell_miscounted",
                f"cell {each.cell_id}",
                tuple((name, str(getattr(each, name))) for name in Miscount.__slots__ if name != "cell_id"),
            )
            for each in miscounts
        )
    return {"cells": checked, "miscounted": 0}


def _show_wave(answer: Answer) -> str:
    notes = [f"note: {note}" for note in answer.get("notes", ())]
    return "\n".join([lines({name: value for name, value in answer.items() if name != "notes"}), *notes])


def _show_points(answer: Answer) -> str:
    return "\n".join(
        f"{point['number']:>5}  {point['code']}  {point['url']}  {point['area']} {point['place']} {point['mode']}"
        for point in answer["points"]
    )
