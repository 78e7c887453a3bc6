"""Making the database, filling it with the demonstration, and starting the server."""

import argparse
import os
import sys
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from survey.commands.command import Answer, command, lines, opened
from survey.config import Settings, read_settings
from survey.db import Database, migrate
from survey.domain.wave import WaveState
from survey.services.demonstration import ACCOUNTS, PIN, Progress, build_demonstration
from survey.services.installation import is_demonstration
from survey.services.list_points import list_points
from survey.services.read_wave import wave_list
from survey.services.start import prepare
from survey.services.tablets import CODE_LASTS, enrolment_url, list_tablets, new_enrolment
from survey.web.office import utc_now

ROOT = Path(__file__).parents[2]


def add(commands: Any) -> None:
    """`init`, `demo` and `run`."""
    command(commands, "init", _init, lines, "make or upgrade the database")
    command(commands, "demo", _demo, _show_demonstration, "fill an empty database with the demonstration city")
    command(commands, "run", _run, lines, "start the server; a new database gets the demonstration first")


def _init(_: argparse.Namespace) -> Answer:
    migrate(read_settings().database_url)
    return {"database": "ready"}


def _demo(options: argparse.Namespace) -> Answer:
    with opened() as db:
        made = build_demonstration(db, read_settings().secret_key, utc_now(), _progress(options))
    accounts = [{"name": name, "role": role, "password": password} for name, role, password in ACCOUNTS]
    return {"waves": list(made.waves), "accounts": accounts}


def _run(options: argparse.Namespace) -> None:
    """Make the database ready, say where everything is, and become gunicorn."""
    settings = read_settings()
    if prepare(settings, utc_now(), _progress(options)):
        print(file=sys.stderr)
    db = Database(settings.database_url)
    for line in _addresses(db, settings):
        print(line)
    db.close()
    sys.stdout.flush()
    gunicorn = [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "gunicorn.conf.py"), "wsgi:app"]
    os.chdir(ROOT)
    os.execv(sys.executable, gunicorn)  # noqa: S606 (a fixed command; there is no shell)


def _addresses(db: Database, settings: Settings) -> Iterator[str]:
    yield f"Desk      {settings.public_url}/desk/"
    for wave in wave_list(db):
        if wave.state is WaveState.OPEN:
            points = list_points(db, settings.public_url, wave.code)
            yield from (f"Resident  {each.url}   (wave {wave.code}, point {each.point.number})" for each in points[:1])
    if is_demonstration(db):
        yield _tablet(db, settings)
        for name, role, password in ACCOUNTS:
            yield f"Account   {name} / {password}   ({role}; exists in this demonstration only)"


def _tablet(db: Database, settings: Settings) -> str:
    """Where a browser becomes a tablet of the demonstration; elsewhere organisers make the codes at the desk."""
    now = utc_now()
    tablets, waiting = list_tablets(db, now)
    known = {tablet.label for tablet in tablets} | {enrolment.label for enrolment in waiting}
    label = next(label for number in count(1) if (label := f"试用平板 {number}") not in known)
    code = new_enrolment(db, label, now).code
    minutes = CODE_LASTS // timedelta(minutes=1)
    url = enrolment_url(settings.public_url, code)
    return f"Tablet    {url}   (once, within {minutes} minutes; the volunteer's PIN is {PIN})"


def _progress(options: argparse.Namespace) -> Progress:
    def tell(what: str, done: int, of: int) -> None:
        if not options.json:
            print(f"\rdemonstration: {what} {done}/{of} answers  ", end="", file=sys.stderr, flush=True)

    return tell


def _show_demonstration(answer: Answer) -> str:
    waves = [f"wave: {code}" for code in answer["waves"]]
    accounts = [f"account: {each['name']} / {each['password']} ({each['role']})" for each in answer["accounts"]]
    return "\n".join(["", *waves, *accounts])
