"""`tablet list`, `tablet enrol`, `tablet revoke` and `tablet rescue`."""

import argparse
from pathlib import Path
from typing import Any
from uuid import UUID

from survey.commands.command import Answer, command, group, lines, opened
from survey.config import read_settings
from survey.domain.submission import Outcome
from survey.services.catalogue import Catalogue
from survey.services.import_rescue import LARGEST_FILE, import_rescue
from survey.services.receive_submission import Door
from survey.services.tablets import enrolment_url, list_tablets, new_enrolment, revoke_tablet
from survey.web.office import utc_now


def add(commands: Any) -> None:
    """The commands of volunteers' tablets."""
    tablet = group(commands, "tablet", "volunteers' tablets")
    command(tablet, "list", _list, _show_list, "list the tablets, and the codes that wait for one")
    about = "make a code that enrols one tablet, once; it is shown only now"
    command(tablet, "enrol", _enrol, lines, about).add_argument("label", metavar="LABEL")
    about = "take a tablet's access away, for good; what it holds stays on it"
    command(tablet, "revoke", _revoke, lines, about).add_argument("id", type=UUID, metavar="ID")
    about = "bring in the file of a tablet that could not send any more"
    command(tablet, "rescue", _rescue, _show_rescue, about).add_argument("file", type=Path, metavar="FILE")


def _list(_: argparse.Namespace) -> Answer:
    with opened() as db:
        tablets, waiting = list_tablets(db, utc_now())
    return {
        "tablets": [
            {
                "tablet": str(each.id),
                "label": each.label,
                "enrolled": each.enrolled_at.isoformat(),
                "revoked": None if each.revoked_at is None else each.revoked_at.isoformat(),
                "seen": None if each.last_seen_at is None else each.last_seen_at.isoformat(),
                "unsent": each.unsent,
                "refused": each.refused,
                "clock_offset_ms": each.clock_offset_ms,
            }
            for each in tablets
        ],
        "waiting": [{"label": each.label, "expires": each.expires_at.isoformat()} for each in waiting],
    }


def _enrol(options: argparse.Namespace) -> Answer:
    with opened() as db:
        made = new_enrolment(db, options.label, utc_now())
    return {
        "label": made.label,
        "code": made.code,
        "url": enrolment_url(read_settings().public_url, made.code),
        "expires": made.expires_at.isoformat(),
    }


def _revoke(options: argparse.Namespace) -> Answer:
    with opened() as db:
        revoke_tablet(db, options.id, utc_now())
    return {"tablet": str(options.id), "state": "revoked"}


def _rescue(options: argparse.Namespace) -> Answer:
    with options.file.open("rb") as file:
        content = file.read(LARGEST_FILE + 1)
    with opened() as db:
        rescued = import_rescue(Door(db, Catalogue(db), read_settings().secret_key), content, utc_now())
    return {
        "tablet": str(rescued.device.id),
        "label": rescued.device.label,
        "records": rescued.records,
        "new": rescued.outcomes[Outcome.STORED],
        "known": rescued.outcomes[Outcome.REPEATED],
        "beside": rescued.outcomes[Outcome.CONFLICT],
        "refused": [
            {"record": number, "field": each.field, "code": each.code, "message": each.message()}
            for number, problems in sorted(rescued.refused.items())
            for each in problems
        ],
    }


def _show_list(answer: Answer) -> str:
    shown = [
        f"{each['tablet']}  {each['label']}  unsent {each['unsent']}, refused {each['refused']}"
        + ("  (revoked)" if each["revoked"] else "")
        for each in answer["tablets"]
    ]
    return "\n".join([*shown, *(f"waiting until {each['expires']}  {each['label']}" for each in answer["waiting"])])


def _show_rescue(answer: Answer) -> str:
    counts = lines({name: value for name, value in answer.items() if name != "refused"})
    refused = [f"record {each['record']}: {each['field']}: {each['message']}" for each in answer["refused"]]
    return "\n".join([counts, f"refused: {len({each['record'] for each in answer['refused']})}", *refused])
