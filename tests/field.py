"""An opened wave in a fresh database, made through the real services, and people who answer.

The wave runs over the two counties of tests/frames with the short questionnaire of field.yaml. Its times are around
NOW, the moment at which the frozen clock starts; with the clock of the real server, pass the real time.
"""

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import cached_property
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Connection, select
from sqlmodel import col

from survey.app import create_app
from survey.config import Settings
from survey.db import Database
from survey.domain.disposition import Finish
from survey.domain.fieldwork import Point, QuotaCell
from survey.domain.questionnaire import ItemType, Questionnaire
from survey.domain.quota import CellKey
from survey.domain.submission import Receipt, Submission
from survey.domain.wave import Mode
from survey.queries import quotas, waves
from survey.services.catalogue import Catalogue
from survey.services.import_frame import import_frame
from survey.services.move_wave import open_wave
from survey.services.plan_wave import plan_wave
from survey.services.publish_questionnaire import publish_questionnaire
from survey.services.receive_submission import Door, receive_submission
from survey.tables.response import ConflictCopy, ResponseRow
from survey.web.office import Office
from survey.web.page_token import PageToken, write_token
from survey.yaml_source import read_yaml
from tests.frames import excerpt
from tests.frames.excerpt import HUAYING, YUECHI

CHINA = timezone(timedelta(hours=8))
NOW = datetime(2026, 11, 2, 9, 30, tzinfo=CHINA)
SECRET = "a key for tests, as long as a key has to be"
WAVE = "2026-11"
STREET, HUAYING_STREET = "511621001", "511681001"
HUAYING_AREA = "511681001001"
AREA, AREAS = "511621001001", tuple(f"51162100100{number}" for number in range(1, 6))
OTHER_STREET_AREA = "511621101"  # a town whose neighbourhoods are not listed stands for itself

_TEXT = (Path(__file__).parent / "field.yaml").read_text("utf-8")
_VALID_UNTIL = re.compile(r"(valid_until: )[0-9-]{10}")


@dataclass(slots=True)
class Clock:
    """A clock that stands still until it is set."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)


def settings(database_url: str, **changes: Any) -> Settings:
    """The settings of a test, with changes."""
    made = Settings(
        database_url=database_url,
        secret_key=SECRET,
        public_url="http://localhost",
        session_hours=8,
        token_hours=72,
        max_body_bytes=65_536,
    )
    return replace(made, **changes)


def questionnaire_text(version: int = 1, *, text: str = _TEXT, valid_until: str = "2026-12-31") -> str:
    """The YAML of the short questionnaire, or of another, in this version."""
    text = re.sub(r"(?m)^version: \d+$", f"version: {version}", text)
    return _VALID_UNTIL.sub(rf"\g<1>{valid_until}", text)


def plan_text(
    now: datetime = NOW,
    *,
    samples: Mapping[Mode, int] | None = None,
    closes_after: timedelta = timedelta(days=20),
    questionnaire: tuple[str, int] = ("field", 1),
    points: Iterable[tuple[str, str, Mode]] = (),
    districts: Iterable[str] = (YUECHI, HUAYING),
    code: str = WAVE,
) -> str:
    """The YAML of a plan that opened yesterday. Each cell of a sample of 12 n in two districts gets n."""
    each = samples or {Mode.INTERCEPT: 60, Mode.OPEN_QR: 24}
    listed = tuple(points) or tuple(
        (area, place, mode)
        for mode in each
        for area, place in ((STREET, "square"), (AREA, "market"), (HUAYING_STREET, "station"))
        if area[:6] in districts
    )
    lines = [
        f"wave: {code}",
        "title: {zh-Hans: 试调查, en: Trial wave}",
        f"questionnaire: {{code: {questionnaire[0]}, version: {questionnaire[1]}}}",
        f"opens: '{now - timedelta(days=1):%Y-%m-%dT%H:%M:%S+08:00}'",
        f"closes: '{now + closes_after:%Y-%m-%dT%H:%M:%S+08:00}'",
        "grace_hours: 48",
        "within: equal",
        f"districts: [{', '.join(repr(district) for district in districts)}]",
        "samples:",
        *(f"  - {{mode: {mode.value}, n: {n}, allocation: equal}}" for mode, n in each.items()),
        "points:",
        *(f"  - {{area: '{area}', place: {place}, mode: {mode.value}}}" for area, place, mode in listed),
    ]
    return "\n".join(lines)


@dataclass(repr=False)  # no slots: the application is kept in the instance
class Field:
    """An opened wave and what a test needs to work in it."""

    settings: Settings
    clock: Clock
    points: Mapping[Mode, list[Point]]
    wave_id: int
    questionnaire: Questionnaire
    db: Database
    catalogue: Catalogue

    def __repr__(self) -> str:
        return f"Field({self.settings.database_url!r})"  # the whole of it would fill the page of any failure

    @property
    def point(self) -> Point:
        """The first poster of the intercept sample."""
        return self.points[Mode.INTERCEPT][0]

    @property
    def door(self) -> Door:
        """The submission door."""
        return Door(self.db, self.catalogue, self.settings.secret_key)

    @cached_property
    def app(self) -> Flask:
        """The application, made for those who want a page."""
        return quick_app(self.settings, self.clock)

    def close(self) -> None:
        """Close this process's connections."""
        self.db.close()
        if "app" in vars(self):
            cast(Office, self.app.extensions["minsheng"]).db.close()

    def token(self, submission_id: UUID | None = None, **changes: Any) -> str:
        """A page's token as the server would write it now."""
        made = PageToken(
            submission_id or uuid4(),
            self.point.code,
            self.questionnaire.code,
            self.questionnaire.version,
            self.clock.now,
        )
        return write_token(self.settings.secret_key, replace(made, **changes))

    def submission(self, answers: Mapping[str, object], **changes: Any) -> Submission:
        """A finished form at the first point, sent five minutes after it was opened."""
        made = Submission(
            id=uuid4(),
            point_code=self.point.code,
            questionnaire_code=self.questionnaire.code,
            questionnaire_version=self.questionnaire.version,
            language="zh-Hans",
            finish=Finish.FINISHED,
            answers=answers,
            opened_at=self.clock.now - timedelta(minutes=5),
            received_at=self.clock.now,
        )
        return replace(made, **changes)

    def receive(self, answers: Mapping[str, object], **changes: Any) -> Receipt:
        """Send one form through the door."""
        return receive_submission(self.door, self.submission(answers, **changes))

    def rows(self) -> list[dict[str, Any]]:
        """Every response, in no order."""
        return _all(self.db, ResponseRow)

    def row(self, submission_id: UUID) -> dict[str, Any]:
        """The one response of this id."""
        (row,) = [row for row in self.rows() if row["id"] == submission_id]
        return row

    def copies(self) -> list[dict[str, Any]]:
        """Every conflict copy."""
        return _all(self.db, ConflictCopy)

    def cells(self) -> dict[CellKey, QuotaCell]:
        """The quota cells as they stand."""
        with self.db.reading() as connection:
            return {cell.key: cell for cell in quotas.cells_of_wave(connection, self.wave_id)}

    def cell(
        self, *, sex: str = "F", age: str = "18-34", district: str = YUECHI, mode: Mode = Mode.INTERCEPT
    ) -> QuotaCell:
        """One quota cell as it stands."""
        return self.cells()[CellKey(mode.value, district, (("sex", sex), ("age_band", age)))]


class _Compiled(BytecodeCache):
    """Templates as this process has compiled them before: what depends on their text is a part of the key."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Jinja asks for the code of one."""
        code = self._code.get((bucket.key, bucket.checksum))
        if code is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Jinja has compiled one."""
        self._code[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


def quick_app(made: Settings, clock: Clock) -> Flask:
    """The application; what takes it longest, its templates, is compiled once for all tests."""
    app = create_app(made, clock)
    app.jinja_env.bytecode_cache = _COMPILED
    return app


def open_field(
    database_url: str,
    *,
    plan: str | None = None,
    questionnaire: str | None = None,
    now: datetime = NOW,
    opened: bool = True,
    **changes: Any,
) -> Field:
    """Import the frame, publish the questionnaire, plan the wave and open it. `changes` are to the settings."""
    made = settings(database_url, **changes)
    clock = Clock(now)
    db = Database(database_url)
    catalogue = Catalogue(db)
    frame = import_frame(db, excerpt.areas_csv(), excerpt.population_csv(), excerpt.REFERENCE_DATE, now)
    text = questionnaire or questionnaire_text()
    published = publish_questionnaire(db, text, "field.yaml", now).questionnaire
    plan = plan or plan_text(now, questionnaire=(published.code, published.version))
    planned = plan_wave(db, catalogue, read_yaml(plan, "plan.yaml"), frame.frame_id, now, secrets.randbelow)
    if opened:
        open_wave(db, planned.wave.code)
    with db.reading() as connection:
        points = waves.points_of_wave(connection, planned.wave.id)
    return Field(
        settings=made,
        clock=clock,
        points={mode: [point for point in points if point.mode == mode.value] for mode in Mode},
        wave_id=planned.wave.id,
        questionnaire=published,
        db=db,
        catalogue=catalogue,
    )


def open_field_now(database_url: str, **plan: Any) -> Field:
    """A wave that is open by the real clock, for a real server; `plan` is what `plan_text` takes."""
    now = datetime.now(CHINA)
    text = questionnaire_text(valid_until=f"{now + timedelta(days=400):%Y-%m-%d}")
    return open_field(database_url, now=now, questionnaire=text, plan=plan_text(now, **plan))


def valid_answers(
    *, sex: object = "F", age: object = "18-34", area: object = AREA, **others: object
) -> dict[str, object]:
    """A complete and eligible person's answers to the short questionnaire; `others` change or (None) remove one."""
    answers: dict[str, object] = {
        "age": age,
        "sex": sex,
        "home": area,
        "parks": "satisfied",
        "activities": ["cleaning", "traffic"],
        "times": 3,
        "comment": "树多一点",
    }
    answers |= others
    return {code: answer for code, answer in answers.items() if answer is not None}


def first_answers(questionnaire: Questionnaire, area: str = AREA, **chosen: object) -> dict[str, object]:
    """A complete person's answers to any questionnaire: what is chosen, else the first category, the lowest number."""
    answers: dict[str, object] = {}
    for code, item in questionnaire.items.items():
        if code not in questionnaire.routing.asked(answers):
            continue
        if code in chosen:
            answers[code] = chosen[code]
        elif item.type is ItemType.AREA:
            answers[code] = area
        elif item.type is ItemType.INTEGER:
            answers[code] = item.minimum
        elif item.type is ItemType.SEVERAL:
            answers[code] = [item.categories[0].code]
        elif item.type is not ItemType.OPEN_TEXT:
            answers[code] = item.categories[0].code
    return answers


def as_form(answers: Mapping[str, object], token: str, action: str = "send", **others: object) -> dict[str, object]:
    """The fields a browser posts for these answers."""
    fields: dict[str, object] = {"_token": token, "_language": "en", "_action": action}
    fields |= {code: answer if isinstance(answer, list) else str(answer) for code, answer in answers.items()}
    return fields | others


def token_in(page: str) -> str:
    """The token that a served form carries."""
    found = re.search(r'name="_token" value="([^"]+)"', page)
    assert found, page[:500]
    return found[1]


def _all(db: Database, table: type[ResponseRow] | type[ConflictCopy]) -> list[dict[str, Any]]:
    def read(connection: Connection) -> list[dict[str, Any]]:
        columns = [col(getattr(table, name)) for name in table.model_fields]
        return [dict(row) for row in connection.execute(select(*columns)).mappings()]

    with db.reading() as connection:
        return read(connection)
