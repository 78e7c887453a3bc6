"""`account add`, `list`, `disable`, `enable`, `password` and `pin`."""

import argparse
import getpass
import sys
from typing import Any

from survey.commands.command import Answer, command, group, lines, opened
from survey.domain.account import Account, Role
from survey.domain.problems import Invalid, Problem
from survey.services.accounts import (
    add_account,
    disable_account,
    enable_account,
    find_account,
    list_accounts,
    set_password,
)
from survey.services.volunteer_pins import set_pin
from survey.web.office import utc_now


def add(commands: Any) -> None:
    """The commands of staff accounts."""
    account = group(commands, "account", "staff accounts; a password or PIN is asked for, or read from standard input")
    adding = command(account, "add", _add, lines, "add an account")
    adding.add_argument("name", metavar="NAME")
    adding.add_argument("--role", required=True, choices=[role.value for role in Role])
    command(account, "list", _list, _show_list, "list the accounts")
    for name, run, about in (
        ("disable", _disable, "close an account and end its sessions"),
        ("enable", _enable, "open a disabled account again"),
        ("password", _new_password, "give an account a new password and end its sessions"),
        ("pin", _new_pin, "give a volunteer a PIN for tablets"),
    ):
        command(account, name, run, lines, about).add_argument("name", metavar="NAME")


def _add(options: argparse.Namespace) -> Answer:
    password = _password()
    with opened() as db:
        return _account(add_account(db, options.name, options.role, password, utc_now()))


def _list(_: argparse.Namespace) -> Answer:
    with opened() as db:
        records = list_accounts(db)
    return {
        "accounts": [
            _account(each.account)
            | {"disabled": each.disabled, "demonstration": each.demonstration, "added": each.created_at.isoformat()}
            for each in records
        ]
    }


def _disable(options: argparse.Namespace) -> Answer:
    with opened() as db:
        account = find_account(db, options.name)
        disable_account(db, account.id)
    return _account(account) | {"disabled": True}


def _enable(options: argparse.Namespace) -> Answer:
    with opened() as db:
        account = find_account(db, options.name)
        enable_account(db, account.id)
    return _account(account) | {"disabled": False}


def _new_password(options: argparse.Namespace) -> Answer:
    with opened() as db:
        account = find_account(db, options.name)
        set_password(db, account.id, _password())
    return _account(account) | {"password": "changed"}


def _new_pin(options: argparse.Namespace) -> Answer:
    with opened() as db:
        account = find_account(db, options.name)
        set_pin(db, account.id, _password("PIN"))
    return _account(account) | {"pin": "changed"}


def _account(account: Account) -> dict[str, Any]:
    return {"account": account.id, "name": account.name, "role": account.role.value}


def _password(what: str = "Password") -> str:
    """What no process list or shell history shows: typed twice, or the first line of what is piped in."""
    if not sys.stdin.isatty():
        return sys.stdin.buffer.readline().decode("utf-8", "surrogateescape").rstrip("\r\n")
    typed = getpass.getpass(f"{what}: ")
    if getpass.getpass("Once more: ") != typed:
        raise Invalid([Problem(f"{what.lower()}_different", what.lower())])
    return typed


def _show_list(answer: Answer) -> str:
    return "\n".join(
        f"{each['account']:>5}  {each['role']:<9}  {each['name']}" + ("  (disabled)" if each["disabled"] else "")
        for each in answer["accounts"]
    )
