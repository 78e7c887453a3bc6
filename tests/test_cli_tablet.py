"""The command line's part of tablets, on each engine: codes, the list, taking access away, rescue files, PINs."""

import io
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from survey.cli import main
from survey.domain.submission import CODE_ALPHABET
from survey.services.tablets import CODE_LASTS
from survey.services.volunteer_pins import roster
from tests.field import Field, open_field_now, valid_answers
from tests.tablet_client import Tablet, through
from tests.test_cli import PASSWORD, PUBLIC_URL, SETTINGS, Ran, Run

PIN = "493817"


@pytest.fixture
def field(database_url: str) -> Iterator[Field]:
    """A wave that is open by the real clock."""
    opened = open_field_now(database_url)
    yield opened
    opened.close()


@pytest.fixture
def run(field: Field, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on the wave's database: `run("tablet", "list")`."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    told = {
        "DATABASE_URL": field.settings.database_url,
        "MINSHENG_HOME": str(tmp_path),
        "PUBLIC_URL": PUBLIC_URL,
        "SECRET_KEY": field.settings.secret_key,
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)

    def command(*arguments: str, typed: str = "") -> Ran:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(typed.encode("utf-8"))))
        capsys.readouterr()
        status = main(list(arguments))
        written = capsys.readouterr()
        return Ran(status, written.out, written.err)

    return command


@pytest.fixture
def tablet(field: Field, run: Run) -> Tablet:
    """A tablet that was enrolled with a code from the command line and has taken an assignment."""
    made = Tablet(through(field.app), field.clock)
    assert made.enrol(run("tablet", "enrol", "平板 1", "--json").json["code"])[0] == 201
    made.take(field.point.code, made.ask("GET", "/offers")[1]["shifts"][0]["code"])
    return made


def only(listed: Ran) -> dict[str, Any]:
    """The one tablet of a list."""
    (found,) = listed.json["tablets"]
    return dict(found)


def test_a_code_is_printed_with_the_address_it_leads_to_and_its_end(run: Run, field: Field) -> None:
    made = run("tablet", "enrol", " 平板 １ ", "--json").json
    assert set(made) == {"label", "code", "url", "expires"}
    assert re.fullmatch(f"[{CODE_ALPHABET}]{{14}}", made["code"])
    assert (made["label"], made["url"]) == ("平板 1", f"{PUBLIC_URL}/tablet/#enrol={made['code']}")
    left = datetime.fromisoformat(made["expires"]) - field.clock.now
    assert timedelta(0) < left < CODE_LASTS + timedelta(minutes=5)
    listed = run("tablet", "list")
    assert made["code"] not in listed.out + run("tablet", "list", "--json").out
    assert listed.out == f"waiting until {made['expires']}  平板 1\n"
    shown = run("tablet", "enrol", "平板 2").out
    assert re.search(rf"^url: {PUBLIC_URL}/tablet/#enrol=\w{{14}}$", shown, re.MULTILINE)


def test_a_label_that_is_taken_is_refused(run: Run, tablet: Tablet) -> None:
    refused = run("tablet", "enrol", "平板 1", "--json")
    assert (refused.status, [each["code"] for each in refused.json["problems"]]) == (1, ["device_label_taken"])


def test_tablets_are_listed_with_what_they_hold(run: Run, tablet: Tablet) -> None:
    tablet.ask("POST", "/ping", {"nonce": "n", "unsent": 4, "refused": 1})
    found = only(run("tablet", "list", "--json"))
    assert (found["tablet"], found["label"], found["unsent"], found["refused"]) == (tablet.id, "平板 1", 4, 1)
    assert found["revoked"] is None
    assert found["clock_offset_ms"] in {0, 1}  # the header has whole milliseconds
    assert found["seen"] >= found["enrolled"]
    assert run("tablet", "list").out == f"{tablet.id}  平板 1  unsent 4, refused 1\n"


def test_a_tablet_loses_its_access_by_its_id(run: Run, tablet: Tablet) -> None:
    assert run("tablet", "revoke", tablet.id, "--json").json == {"tablet": tablet.id, "state": "revoked"}
    assert tablet.ask("GET", "/offers")[0] == 403
    assert only(run("tablet", "list", "--json"))["revoked"]
    assert run("tablet", "list").out.endswith("(revoked)\n")
    unknown = str(uuid4())
    assert run("tablet", "revoke", unknown) == Ran(1, "", f"There is no tablet {unknown}.\n")
    with pytest.raises(SystemExit) as ended:
        run("tablet", "revoke", "平板 1")
    assert ended.value.code == 2


def test_a_rescue_file_is_brought_in(run: Run, tablet: Tablet, field: Field, tmp_path: Path) -> None:
    record = tablet.record(valid_answers())
    tree = {"format": "minsheng-rescue-1", "device": tablet.id, "label": "平板 1", "records": [record, {}]}
    file = tmp_path / "rescue.json"
    file.write_text(json.dumps(tree), "utf-8")
    told = run("tablet", "rescue", str(file), "--json").json
    assert [(each["record"], each["code"]) for each in told.pop("refused")] == [(2, "record_envelope")]
    assert told == {"tablet": tablet.id, "label": "平板 1", "records": 2, "new": 1, "known": 0, "beside": 0}
    shown = run("tablet", "rescue", str(file)).out
    assert "new: 0\nknown: 1\nbeside: 0\nrefused: 1\nrecord 2: record: " in shown
    assert [row["disposition"] for row in field.rows()] == ["complete"]


def test_what_is_no_rescue_file_is_refused(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("hello", "utf-8")
    refused = run("tablet", "rescue", str(file), "--json")
    assert (refused.status, [each["code"] for each in refused.json["problems"]]) == (1, ["rescue_file"])
    assert run("tablet", "rescue", "nowhere.json") == Ran(1, "", "nowhere.json: No such file or directory\n")


def test_a_volunteer_gets_a_pin_from_standard_input_and_nobody_sees_it(run: Run, field: Field) -> None:
    for name, role in (("李伟", "volunteer"), ("王芳", "organiser")):
        run("account", "add", name, "--role", role, typed=PASSWORD)
    for shape in ((), ("--json",)):
        ran = run("account", "pin", "李伟", *shape, typed=f"{PIN}\nnot this\n")
        assert ran.status == 0
        assert PIN not in ran.out + ran.err
    assert run("account", "pin", "李伟", "--json", typed=PIN).json["pin"] == "changed"
    assert [volunteer.name for volunteer in roster(field.db)] == ["李伟"]
    for name, pin, code in (("李伟", "12345", "pin_digits"), ("王芳", PIN, "pin_volunteers_only")):
        refused = run("account", "pin", name, "--json", typed=pin)
        assert (refused.status, [each["code"] for each in refused.json["problems"]]) == (1, [code])
    assert run("account", "pin", "nobody", typed=PIN) == Ran(1, "", "There is no account nobody.\n")
