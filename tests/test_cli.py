"""The command line, each command on a database of its own, as an organiser's script would use it."""

import io
import json
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from survey.cli import main
from survey.config import read_settings
from survey.db import Database
from survey.domain.submission import CODE_ALPHABET
from survey.services.accounts import list_accounts
from survey.services.installation import is_demonstration
from tests.browser import REPOSITORY
from tests.field import CHINA, plan_text, questionnaire_text

FRAMES = REPOSITORY / "tests" / "frames"
AREAS, POPULATION = str(FRAMES / "areas.csv"), str(FRAMES / "population.csv")
PASSWORD = "seven green bicycles"
PUBLIC_URL = "https://survey.example.org"
SETTINGS = (
    *("DATABASE_URL", "SECRET_KEY", "HOST", "PORT", "DEMONSTRATION"),
    *("SESSION_HOURS", "IDLE_MINUTES", "TOKEN_HOURS", "MAX_BODY_BYTES"),
)


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, read as JSON."""
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture(autouse=True)
def _office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder of its own, and none of this machine's settings."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MINSHENG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PUBLIC_URL", PUBLIC_URL)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command: `run("account", "add", "王芳", typed="a password")`."""

    def command(*arguments: str, typed: str = "") -> Ran:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(typed.encode("utf-8"))))
        capsys.readouterr()
        status = main(list(arguments))
        written = capsys.readouterr()
        return Ran(status, written.out, written.err)

    return command


@pytest.fixture
def planned(run: Run, tmp_path: Path) -> Run:
    """A database with a frame, a questionnaire and a draft that may be opened now."""
    now = datetime.now(UTC).astimezone(CHINA)
    questionnaire, plan = tmp_path / "field.yaml", tmp_path / "plan.yaml"
    questionnaire.write_text(questionnaire_text(valid_until=f"{now + timedelta(days=400):%Y-%m-%d}"), "utf-8")
    plan.write_text(plan_text(now), "utf-8")
    assert run("frame", "import", AREAS, POPULATION).status == 0
    assert run("questionnaire", "publish", str(questionnaire)).status == 0
    assert run("wave", "plan", str(plan)).status == 0
    return run


def database_file(tmp_path: Path) -> Path:
    return tmp_path / "home" / "minsheng.db"


def test_init_makes_the_database_and_may_be_repeated(run: Run, tmp_path: Path) -> None:
    for _ in range(2):
        assert run("init", "--json").json == {"database": "ready"}
    assert run("init").out == "database: ready\n"
    with sqlite3.connect(database_file(tmp_path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_real_office_is_set_up_without_a_demonstration(run: Run) -> None:
    run("init")
    run("account", "add", "王芳", "--role", "organiser", typed=PASSWORD)
    db = Database(read_settings().database_url)
    assert not is_demonstration(db)
    assert [record.account.name for record in list_accounts(db)] == ["王芳"]
    db.close()
    refused = run("demo", "--json")
    assert refused.status == 1
    assert [problem["code"] for problem in refused.json["problems"]] == ["demonstration_not_empty"]


def test_a_frame_is_imported_once_and_listed(run: Run) -> None:
    first = run("frame", "import", AREAS, POPULATION, "--json").json
    assert (first["frame"], first["already_known"]) == (1, False)
    assert first["report"]["areas"]["district"] == 2
    again = run("frame", "import", AREAS, POPULATION)
    assert again.out.startswith("frame 1 (already known; nothing was added)\n")
    assert run("frame", "list", "--json").json == {"frames": [{"frame": 1, "city": "511600", "date": "2020-11-01"}]}
    assert run("frame", "list").out.split() == ["1", "511600", "2020-11-01"]


def test_a_frame_has_the_reference_date_that_is_given(run: Run) -> None:
    run("frame", "import", AREAS, POPULATION, "--date", "2030-11-01")
    assert run("frame", "list", "--json").json["frames"][0]["date"] == "2030-11-01"
    with pytest.raises(SystemExit) as ended:
        run("frame", "import", AREAS, POPULATION, "--date", "2030-13-01")
    assert ended.value.code == 2


def test_a_broken_frame_is_refused_with_file_line_and_column_and_changes_nothing(run: Run, tmp_path: Path) -> None:
    rows = (FRAMES / "areas.csv").read_text("utf-8").splitlines()
    rows[2] = rows[2].replace("district", "village")
    broken = tmp_path / "broken.csv"
    broken.write_text("\n".join(rows), "utf-8")
    refused = run("frame", "import", str(broken), POPULATION)
    assert (refused.status, refused.out) == (1, "")
    assert "broken.csv:3: level: " in refused.err
    assert refused.err.endswith("nothing was changed.\n")
    listed = run("frame", "import", str(broken), POPULATION, "--json")
    assert listed.status == 1
    assert ("broken.csv", 3, "level") in {
        (each["file"], each["line"], each["field"]) for each in listed.json["problems"]
    }
    assert run("frame", "list", "--json").json == {"frames": []}


def test_a_questionnaire_is_checked_without_being_published(run: Run, tmp_path: Path) -> None:
    file = str(REPOSITORY / "questionnaires" / "civic" / "1.yaml")
    checked = run("questionnaire", "check", file, "--json").json
    assert checked["questionnaire"] == "civic/1"
    assert not database_file(tmp_path).exists()
    published = run("questionnaire", "publish", file, "--json").json
    assert published == {"questionnaire": "civic/1", "digest": checked["digest"], "already_known": False}
    assert run("questionnaire", "publish", file, "--json").json["already_known"] is True


def test_a_questionnaire_with_a_fault_is_refused_with_its_line(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "faulty.yaml"
    file.write_text(questionnaire_text().replace("type: one", "type: two", 1), "utf-8")
    for command in ("check", "publish"):
        refused = run("questionnaire", command, str(file))
        assert (refused.status, refused.out) == (1, "")
        assert re.search(r"^faulty\.yaml:\d+: sections\[1\]", refused.err)


def test_a_published_version_does_not_change(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "field.yaml"
    file.write_text(questionnaire_text(), "utf-8")
    assert run("questionnaire", "publish", str(file)).status == 0
    file.write_text(questionnaire_text(valid_until="2026-12-30"), "utf-8")
    refused = run("questionnaire", "publish", str(file), "--json")
    assert [problem["code"] for problem in refused.json["problems"]] == ["version_published"]


def test_a_wave_is_planned_opened_and_closed(planned: Run) -> None:
    assert planned("wave", "open", "2026-11", "--json").json["state"] == "open"
    refused = planned("wave", "open", "2026-11", "--json")
    assert refused.status == 1
    assert refused.json["problems"]
    closed = planned("wave", "close", "2026-11", "--json").json
    assert (closed["wave"], closed["state"], closed["questionnaire"]) == ("2026-11", "closed", "field/1")
    assert datetime.fromisoformat(closed["closes"]) <= datetime.now(UTC)


def test_planning_shows_the_draft_with_its_notes(planned: Run, tmp_path: Path) -> None:
    again = planned("wave", "plan", str(tmp_path / "plan.yaml"), "--json").json
    assert again["state"] == "draft"
    assert again["notes"]
    shown = planned("wave", "plan", str(tmp_path / "plan.yaml")).out
    assert "state: draft\n" in shown
    assert f"note: {again['notes'][0]}" in shown


def test_a_plan_needs_a_frame(run: Run, tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(plan_text(), "utf-8")
    assert [each["code"] for each in run("wave", "plan", str(plan), "--json").json["problems"]] == ["frame_none"]
    run("frame", "import", AREAS, POPULATION)
    for number in ("2", "9" * 30):
        assert run("wave", "plan", str(plan), "--frame", number).err == f"There is no frame {number}.\n"


def test_points_have_codes_that_cannot_be_guessed_and_addresses_from_the_setting_alone(planned: Run) -> None:
    points = planned("points", "list", "2026-11", "--json").json["points"]
    assert len(points) == len({point["code"] for point in points}) == 6
    for point in points:
        assert len(point["code"]) >= 12
        assert set(point["code"]) <= set(CODE_ALPHABET)
        assert point["url"] == f"{PUBLIC_URL}/r/{point['code']}"
    assert len(set(CODE_ALPHABET)) == 31
    lines = planned("points", "list", "2026-11").out.splitlines()
    assert [line.split()[1] for line in lines] == [point["code"] for point in points]


def test_recount_proves_the_counters_and_finds_a_planted_miscount(planned: Run, tmp_path: Path) -> None:
    proved = planned("recount", "--json")
    assert proved.status == 0
    assert proved.json["miscounted"] == 0
    assert proved.json["cells"] > 0
    with sqlite3.connect(database_file(tmp_path)) as connection:
        connection.execute("UPDATE quota_cell SET completed = completed + 1 WHERE id = 1")
    connection.close()
    found = planned("recount", "--json")
    assert found.status == 1
    assert [(each["code"], each["field"]) for each in found.json["problems"]] == [("cell_miscounted", "cell 1")]
    assert "2026-11" in planned("recount").err


def test_accounts_are_added_with_a_password_from_standard_input_and_listed(run: Run) -> None:
    added = run("account", "add", "王芳", "--role", "organiser", "--json", typed=f"{PASSWORD}\nnot this\n")
    assert added.json == {"account": 1, "name": "王芳", "role": "organiser"}
    (listed,) = run("account", "list", "--json").json["accounts"]
    assert (listed["name"], listed["disabled"], listed["demonstration"]) == ("王芳", False, False)
    assert run("account", "list").out.split() == ["1", "organiser", "王芳"]


def test_passwords_are_printed_nowhere(run: Run) -> None:
    for command in (("add", "王芳", "--role", "organiser"), ("password", "王芳"), ("list",)):
        for shape in ((), ("--json",)):
            ran = run("account", *command, *shape, typed=PASSWORD)
            assert PASSWORD not in ran.out + ran.err


def test_a_bad_account_is_refused_with_every_reason(run: Run) -> None:
    refused = run("account", "add", "x", "--role", "analyst", "--json", typed="short")
    assert refused.status == 1
    assert {each["field"] for each in refused.json["problems"]} == {"name", "password"}
    assert run("account", "list", "--json").json == {"accounts": []}


def test_accounts_are_disabled_and_enabled_but_never_the_last_organiser(run: Run) -> None:
    for name in ("王芳", "李伟"):
        run("account", "add", name, "--role", "organiser", typed=PASSWORD)
    assert run("account", "disable", "王芳", "--json").json["disabled"] is True
    assert "王芳  (disabled)" in run("account", "list").out
    refused = run("account", "disable", "李伟", "--json")
    assert [each["code"] for each in refused.json["problems"]] == ["account_last_organiser"]
    assert run("account", "enable", "王芳", "--json").json["disabled"] is False
    assert run("account", "disable", "李伟").status == 0


def test_an_account_gets_a_new_password(run: Run) -> None:
    run("account", "add", "王芳", "--role", "organiser", typed=PASSWORD)
    before = kept_password()
    assert run("account", "password", "王芳", typed="short").status == 1
    assert kept_password() == before
    assert run("account", "password", "王芳", "--json", typed="nine blue umbrellas").json["password"] == "changed"
    assert kept_password() != before


def kept_password() -> str:
    db = Database(read_settings().database_url)
    (record,) = list_accounts(db)
    db.close()
    return record.password_hash


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("wave", "open", "2031-01"), "There is no wave 2031-01."),
        (("wave", "close", "2031-01"), "There is no wave 2031-01."),
        (("points", "list", "2031-01"), "There is no wave 2031-01."),
        (("account", "disable", "nobody"), "There is no account nobody."),
        (("account", "enable", "nobody"), "There is no account nobody."),
        (("account", "password", "nobody"), "There is no account nobody."),
        (("frame", "import", "nowhere.csv", POPULATION), "nowhere.csv: No such file or directory"),
        (("frame", "import", str(FRAMES), POPULATION), f"{FRAMES}: Is a directory"),
        (("questionnaire", "check", "nowhere.yaml"), "nowhere.yaml: No such file or directory"),
        (("wave", "plan", "nowhere.yaml"), "nowhere.yaml: No such file or directory"),
    ],
)
def test_what_does_not_exist_is_said_in_one_sentence(run: Run, arguments: tuple[str, ...], sentence: str) -> None:
    assert run(*arguments) == Ran(1, "", f"{sentence}\n")
    told = run(*arguments, "--json")
    assert (told.status, told.err) == (1, "")
    assert [each["message"] for each in told.json["problems"]] == [sentence]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://survey@localhost/survey"),
        ("DATABASE_URL", "sqlite://"),
        ("SECRET_KEY", "short"),
        ("PUBLIC_URL", "survey.example.org"),
        ("SESSION_HOURS", "0"),
        ("IDLE_MINUTES", "soon"),
        ("TOKEN_HOURS", "-1"),
        ("MAX_BODY_BYTES", "1e9"),
        ("DEMONSTRATION", "yes"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_in_one_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    refused = run("recount")
    assert (refused.status, refused.out) == (1, "")
    assert re.fullmatch(rf"{name} must [^\n]+\n", refused.err)
    assert [each["code"] for each in run("recount", "--json").json["problems"]] == ["settings"]


@pytest.mark.parametrize("command", [("init",), ("recount",), ("account", "list"), ("run",)])
def test_a_database_that_does_not_answer_is_said_in_one_sentence(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql:///survey?host={tmp_path}")
    refused = run(*command)
    assert (refused.status, refused.out, refused.err.count("\n")) == (1, "", 1)
    assert "DATABASE_URL" in refused.err


def test_a_fault_of_ours_is_not_taken_for_a_refusal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("a mistake in the program")

    monkeypatch.setattr("survey.commands.wave.recount", broken)
    with pytest.raises(KeyError):
        run("recount")
