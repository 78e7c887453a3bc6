"""The command line: `python -m survey …`. Reads arguments, calls one service, prints.

Every command that lists or reports takes --json. Exit status: 0 done, 1 refused (with every reason), 2 wrong usage.
"""

import argparse
import getpass
import json
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from survey.config import Settings, SettingsError, read_settings
from survey.db import Database, migrate
from survey.domain.account import Account, Role
from survey.domain.fieldwork import Wave
from survey.domain.problems import Invalid, Problem
from survey.domain.questionnaire import parse_questionnaire
from survey.domain.wave import WaveState
from survey.services.accounts import (
    add_account,
    disable_account,
    enable_account,
    find_account,
    list_accounts,
    set_password,
)
from survey.services.catalogue import Catalogue, NotFound
from survey.services.demonstration import ACCOUNTS, Progress, build_demonstration
from survey.services.import_frame import import_frame
from survey.services.installation import is_demonstration
from survey.services.list_points import list_points
from survey.services.move_wave import close_wave, open_wave
from survey.services.plan_wave import plan_wave
from survey.services.publish_questionnaire import publish_questionnaire
from survey.services.read_wave import frame_list, wave_list
from survey.services.recount import recount
from survey.services.start import prepare
from survey.web.office import utc_now
from survey.yaml_source import read_yaml

Answer = Mapping[str, Any]
ROOT = Path(__file__).parent.parent


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        answer = options.run(options)
    except Invalid as refused:
        return _refused(options, refused.problems)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    except NotFound as missing:
        print(f"there is no {missing}", file=sys.stderr)
        return 1
    except FileNotFoundError as missing:
        print(f"{missing.filename}: there is no such file", file=sys.stderr)
        return 1
    if answer is not None:
        print(json.dumps(answer, ensure_ascii=False, indent=2) if options.json else options.show(answer))
    return 0


def _refused(options: argparse.Namespace, problems: tuple[Problem, ...]) -> int:
    if options.json:
        rows = [
            {"file": each.file, "line": each.line, "field": each.field, "code": each.code, "message": each.message()}
            for each in problems
        ]
        print(json.dumps({"problems": rows}, ensure_ascii=False, indent=2))
    else:
        for problem in problems:
            print(problem, file=sys.stderr)
        print(f"Refused: {len(problems)} problem(s); nothing was changed.", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m survey", description="Minsheng 民声, a survey platform")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    _command(commands, "init", _init, _lines, "make or upgrade the database")

    _command(commands, "demo", _demo, _lines, "fill an empty database with the demonstration city")
    _command(commands, "run", _run, _lines, "start the server; a new database gets the demonstration first")

    frame = _group(commands, "frame", "the sampling frame")
    adding = _command(frame, "import", _frame_import, _show_frame, "import areas and population")
    adding.add_argument("areas", type=Path, metavar="AREAS.csv")
    adding.add_argument("population", type=Path, metavar="POPULATION.csv")
    adding.add_argument("--date", type=date.fromisoformat, default=date(2020, 11, 1), help="reference date")
    _command(frame, "list", _frame_list, _lines, "list the imported frames")

    questionnaire = _group(commands, "questionnaire", "questionnaires")
    for name, run, about in (
        ("check", _questionnaire_check, "check a file and change nothing"),
        ("publish", _questionnaire_publish, "publish a version, for good"),
    ):
        _command(questionnaire, name, run, _lines, about).add_argument("file", type=Path)

    wave = _group(commands, "wave", "waves")
    planning = _command(wave, "plan", _wave_plan, _show_wave, "make a draft from a plan")
    planning.add_argument("file", type=Path, metavar="PLAN.yaml")
    planning.add_argument("--frame", type=int, help="frame number; the newest if left out")
    for name, run, about in (
        ("open", _wave_open, "let a draft take answers"),
        ("close", _wave_close, "close an open wave now"),
    ):
        _command(wave, name, run, _show_wave, about).add_argument("code")

    points = _group(commands, "points", "collection points")
    _command(points, "list", _points_list, _show_points, "codes and addresses").add_argument("code", metavar="WAVE")

    account = _group(commands, "account", "staff accounts; a password is asked for, or read from standard input")
    adding = _command(account, "add", _account_add, _lines, "add an account")
    adding.add_argument("name", metavar="NAME")
    adding.add_argument("--role", required=True, choices=[role.value for role in Role])
    _command(account, "list", _account_list, _show_accounts, "list the accounts")
    for name, run, about in (
        ("disable", _account_disable, "close an account and end its sessions"),
        ("enable", _account_enable, "open a disabled account again"),
        ("password", _account_password, "give an account a new password and end its sessions"),
    ):
        _command(account, name, run, _lines, about).add_argument("name", metavar="NAME")

    _command(commands, "recount", _recount, _lines, "prove the quota counters")
    return parser


def _group(commands: Any, name: str, about: str) -> Any:
    return commands.add_parser(name, help=about).add_subparsers(required=True, metavar="COMMAND")


def _command(
    commands: Any,
    name: str,
    run: Callable[[argparse.Namespace], Answer | None],
    show: Callable[[Answer], str],
    about: str,
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=about, description=about)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run, show=show)
    return parser


def _database() -> Database:
    settings = read_settings()
    migrate(settings.database_url)
    return Database(settings.database_url)


def _settings() -> Settings:
    return read_settings()


def _init(_: argparse.Namespace) -> Answer:
    migrate(read_settings().database_url)
    return {"database": "ready"}


def _demo(options: argparse.Namespace) -> Answer:
    settings = read_settings()
    migrate(settings.database_url)
    made = build_demonstration(Database(settings.database_url), settings.secret_key, utc_now(), _progress(options))
    return {"waves": list(made.waves), "accounts": {name: password for name, _, password in ACCOUNTS}}


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
        for name, role, password in ACCOUNTS:
            yield f"Account   {name} / {password}   ({role}; exists in this demonstration only)"


def _progress(options: argparse.Namespace) -> Progress:
    def tell(what: str, done: int, of: int) -> None:
        if not options.json:
            print(f"\rdemonstration: {what} {done}/{of} answers  ", end="", file=sys.stderr, flush=True)

    return tell


def _frame_import(options: argparse.Namespace) -> Answer:
    imported = import_frame(
        _database(),
        options.areas.read_bytes(),
        options.population.read_bytes(),
        options.date,
        utc_now(),
        (options.areas.name, options.population.name),
    )
    return {
        "frame": imported.frame_id,
        "already_known": imported.already_known,
        "report": imported.report.to_dict(),
    }


def _frame_list(_: argparse.Namespace) -> Answer:
    return {
        "frames": [
            {"frame": entry.id, "city": entry.city_code, "date": entry.reference_date.isoformat()}
            for entry in frame_list(_database())
        ]
    }


def _questionnaire_check(options: argparse.Namespace) -> Answer:
    found = parse_questionnaire(read_yaml(options.file.read_bytes(), options.file.name))
    return {"questionnaire": f"{found.code}/{found.version}", "items": len(found.items), "digest": found.digest}


def _questionnaire_publish(options: argparse.Namespace) -> Answer:
    published = publish_questionnaire(_database(), options.file.read_bytes(), options.file.name, utc_now())
    found = published.questionnaire
    return {
        "questionnaire": f"{found.code}/{found.version}",
        "digest": found.digest,
        "already_known": published.already_known,
    }


def _wave_plan(options: argparse.Namespace) -> Answer:
    db = _database()
    document = read_yaml(options.file.read_bytes(), options.file.name)
    frame_id = options.frame
    if frame_id is None:
        entries = frame_list(db)
        if not entries:
            raise Invalid([Problem("frame_none", "frame")])
        frame_id = entries[-1].id
    planned = plan_wave(db, Catalogue(db), document, frame_id, utc_now(), secrets.randbelow)
    return _wave(planned.wave) | {"notes": [note.message() for note in planned.notes]}


def _wave_open(options: argparse.Namespace) -> Answer:
    return _wave(open_wave(_database(), options.code))


def _wave_close(options: argparse.Namespace) -> Answer:
    return _wave(close_wave(_database(), options.code, utc_now()))


def _wave(wave: Wave) -> dict[str, Any]:
    return {
        "wave": wave.code,
        "state": wave.state.value,
        "questionnaire": f"{wave.questionnaire_code}/{wave.questionnaire_version}",
        "opens": wave.opens_at.isoformat(),
        "closes": wave.closes_at.isoformat(),
    }


def _points_list(options: argparse.Namespace) -> Answer:
    found = list_points(_database(), _settings().public_url, options.code)
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


def _account_add(options: argparse.Namespace) -> Answer:
    return _account(add_account(_database(), options.name, options.role, _password(), utc_now()))


def _account_list(_: argparse.Namespace) -> Answer:
    return {
        "accounts": [
            _account(each.account)
            | {"disabled": each.disabled, "demonstration": each.demonstration, "added": each.created_at.isoformat()}
            for each in list_accounts(_database())
        ]
    }


def _account_disable(options: argparse.Namespace) -> Answer:
    db = _database()
    account = find_account(db, options.name)
    disable_account(db, account.id)
    return _account(account) | {"disabled": True}


def _account_enable(options: argparse.Namespace) -> Answer:
    db = _database()
    account = find_account(db, options.name)
    enable_account(db, account.id)
    return _account(account) | {"disabled": False}


def _account_password(options: argparse.Namespace) -> Answer:
    db = _database()
    account = find_account(db, options.name)
    set_password(db, account.id, _password())
    return _account(account) | {"password": "changed"}


def _account(account: Account) -> dict[str, Any]:
    return {"account": account.id, "name": account.name, "role": account.role.value}


def _password() -> str:
    """A password as no process list or shell history shows it: typed twice, or the first line of what is piped in."""
    if not sys.stdin.isatty():
        return sys.stdin.buffer.readline().decode("utf-8", "surrogateescape").rstrip("\r\n")
    typed = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != typed:
        raise Invalid([Problem("password_different", "password")])
    return typed


def _recount(_: argparse.Namespace) -> Answer:
    checked, miscounts = recount(_database())
    if miscounts:
        raise Invalid(
            Problem(
                "cell_miscounted",
                f"cell {each.cell_id}",
                (("wave", each.wave), ("completed", str(each.completed)), ("rows", str(each.rows))),
            )
            for each in miscounts
        )
    return {"cells": checked, "miscounted": 0}


def _lines(answer: Answer) -> str:
    return "\n".join(f"{name}: {value}" for name, value in answer.items())


def _show_wave(answer: Answer) -> str:
    notes = [f"note: {note}" for note in answer.get("notes", ())]
    return "\n".join([_lines({name: value for name, value in answer.items() if name != "notes"}), *notes])


def _show_points(answer: Answer) -> str:
    return "\n".join(
        f"{point['number']:>5}  {point['code']}  {point['url']}  {point['area']} {point['place']} {point['mode']}"
        for point in answer["points"]
    )


def _show_accounts(answer: Answer) -> str:
    return "\n".join(
        f"{each['account']:>5}  {each['role']:<9}  {each['name']}" + ("  (disabled)" if each["disabled"] else "")
        for each in answer["accounts"]
    )


def _show_frame(answer: Answer) -> str:
    report = answer["report"]
    lines = [f"frame {answer['frame']}" + (" (already known; nothing was added)" if answer["already_known"] else "")]
    lines += [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in report.items()]
    return "\n".join(lines)
