"""`questionnaire check` and `questionnaire publish`."""

import argparse
from pathlib import Path
from typing import Any

from survey.commands.command import Answer, command, group, lines, opened
from survey.services.publish_questionnaire import check_questionnaire, publish_questionnaire
from survey.web.office import utc_now


def add(commands: Any) -> None:
    """The commands of questionnaires."""
    questionnaire = group(commands, "questionnaire", "questionnaires")
    for name, run, about in (
        ("check", _check, "check a file and change nothing"),
        ("publish", _publish, "publish a version, for good"),
    ):
        command(questionnaire, name, run, lines, about).add_argument("file", type=Path, metavar="FILE")


def _check(options: argparse.Namespace) -> Answer:
    found = check_questionnaire(options.file.read_bytes(), options.file.name)
    return {"questionnaire": f"{found.code}/{found.version}", "items": len(found.items), "digest": found.digest}


def _publish(options: argparse.Namespace) -> Answer:
    text = options.file.read_bytes()
    with opened() as db:
        published = publish_questionnaire(db, text, options.file.name, utc_now())
    found = published.questionnaire
    return {
        "questionnaire": f"{found.code}/{found.version}",
        "digest": found.digest,
        "already_known": published.already_known,
    }
