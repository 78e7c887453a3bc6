"""An upgrade keeps every row: a database of an earlier shape, filled, brought to the newest one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlmodel import SQLModel

import survey.tables.all  # noqa: F401  (fills SQLModel.metadata)
from survey.db import MIGRATIONS, Database, migrate
from tests import postgresql


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/old.sqlite"
        return
    databases: postgresql.Databases = request.getfixturevalue("postgresql_databases")
    with databases.fresh() as url:
        db = Database(url)
        with db.writing() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        db.close()
        yield url


def to_shape(url: str, revision: str) -> Database:
    """The database in an earlier shape."""
    db = Database(url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with db.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    return db


ROWS = """
INSERT INTO questionnaire_version VALUES ('q', 1, 'd', '{}', '2026-01-01');
INSERT INTO frame_version VALUES (1, '99', '2026-01-01', 'f', '2026-01-01');
INSERT INTO wave VALUES (1, 'w', 'open', 'q', 1, 1, '{}', '2026-01-01', '2026-02-01', 0, '2026-01-01');
INSERT INTO point VALUES ('PQ', 1, 1, '9901', '99', 'square', 'intercept');
INSERT INTO quota_cell VALUES (1, 1, 'intercept', '99', 'sex=F', 5, 1, 0);
INSERT INTO quota_event VALUES (1, 1, 'opened', 5, '2026-01-01');
INSERT INTO account VALUES (1, '王芳', 'volunteer', 'h', false, 0, false, '2026-01-01')
"""
RESPONSE = (
    "INSERT INTO response (id, wave_id, point_code, mode, questionnaire_code, questionnaire_version, disposition, "
    "late, superseded, cell_id, area_code, language, answers, content_digest, opened_at, received_at) "
    "VALUES (:id, 1, 'PQ', 'intercept', 'q', 1, :disposition, false, false, 1, '9901', 'en', "
    ":answers, 'digest', '2026-01-01', '2026-01-01')"
)


def test_responses_of_the_first_shape_are_kept_by_the_next_which_takes_more_dispositions(empty_url: str) -> None:
    db = to_shape(empty_url, "0001")
    one, two, three = ("0" * 31 + digit for digit in "123")
    with db.writing() as connection:
        for row in ROWS.split(";"):
            connection.execute(text(row))
        for number, disposition in ((one, "complete"), (two, "over_quota")):
            connection.execute(text(RESPONSE), {"id": number, "disposition": disposition, "answers": '{"q": ["a", 1]}'})
    db.close()
    migrate(empty_url)
    after = Database(empty_url)
    with after.writing() as connection:
        kept = connection.execute(text("SELECT disposition, cell_id, language FROM response ORDER BY id")).all()
        assert [tuple(row) for row in kept] == [("complete", 1, "en"), ("over_quota", 1, "en")]
        assert set(connection.execute(text("SELECT channel FROM response")).scalars()) == {"web"}
        connection.execute(text(RESPONSE), {"id": three, "disposition": "non_contact", "answers": "{}"})
        assert connection.scalar(text("SELECT pin_salt FROM account")) is None
        if after.is_sqlite:
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
            assert connection.scalar(text("PRAGMA integrity_check")) == "ok"
    after.close()


def test_the_newest_shape_is_that_of_the_tables(database_url: str) -> None:
    db = Database(database_url)
    with db.reading() as connection:
        found = compare_metadata(MigrationContext.configure(connection), SQLModel.metadata)
    db.close()
    # A text without a limit is the same to both databases under either name.
    assert [each for each in found if not (isinstance(each, list) and each[0][0] == "modify_type")] == []
