"""No column and no moment leads from a letter's code to its answer, and the codes' rows have no order of use."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from survey.domain.letters import code_digest, shown
from survey.queries import letters
from survey.services.answer_letter import answer_letter, find_letter
from tests.field import CHINA, Field, valid_answers
from tests.letters import answer, letters_plan, print_letters, table


@pytest.fixture
def posted(new_field: Callable[..., Field]) -> Field:
    """A wave that sends letters."""
    return new_field(plan=letters_plan())


def answer_thirty(field: Field) -> tuple[list[str], list[UUID]]:
    """30 of 40 letters are answered in an order of chance's own. (codes as spent, ids of the answers in that order)"""
    codes = print_letters(field, 40)
    chosen = sorted(codes, key=lambda code: hashlib.sha256(code.encode()).digest())[:30]
    ids = []
    for number, code in enumerate(chosen):
        field.clock.forward(minutes=7)
        parks = ("satisfied", "neutral", "dissatisfied")[number % 3]
        ids.append(answer(field, code, parks=parks, comment=f"意见{number}").submission_id)
    return chosen, ids


def test_nothing_stored_leads_from_a_code_to_its_answer(posted: Field) -> None:
    spent, ids = answer_thirty(posted)
    rows, secret = table(posted.db, "letter_code"), posted.settings.secret_key
    assert {tuple(sorted(row)) for row in rows} == {("batch_id", "digest", "spent")}
    responses = table(posted.db, "response", "ORDER BY id")
    everything = str([table(posted.db, name) for name in tables(posted)])
    for code in spent:
        assert code not in everything
        assert shown(code) not in everything
        assert hashlib.sha256(code.encode()).hexdigest() not in everything
    digests = {code_digest(secret, code) for code in spent}
    assert {row["digest"] for row in rows if row["spent"]} == digests
    assert not any(digest in str(row) for row in responses for digest in digests)
    code_rows = str(table(posted.db, "letter_code") + table(posted.db, "letter_batch"))
    assert not any(part in code_rows for submission in ids for part in (str(submission), submission.hex))
    # All 30 answers came in the same 3.5 hours: of each only the day is kept.
    moments = {row["received_at"] for row in posted.rows()}
    assert {moment.astimezone(CHINA).time().isoformat() for moment in moments} == {"00:00:00"}
    assert {row["received_at"] - row["opened_at"] for row in posted.rows()} == {timedelta(minutes=5)}


def test_how_long_an_answer_took_is_kept_in_whole_seconds(posted: Field) -> None:
    (code, *_) = print_letters(posted)
    posted.clock.forward(microseconds=123_456)
    letter = find_letter(posted.door, code)
    opened = posted.clock.now - timedelta(seconds=61, microseconds=654_321)
    form = posted.submission(valid_answers(), point_code=letter.point.code, opened_at=opened)
    answer_letter(posted.door, letter, form)
    (row,) = posted.rows()
    assert row["received_at"] - row["opened_at"] == timedelta(seconds=62)


def test_the_place_of_a_used_code_says_nothing_of_when_it_was_used(posted: Field) -> None:
    spent, _ = answer_thirty(posted)
    secret, place = posted.settings.secret_key, "digest" if posted.db.is_sqlite else "ctid"
    lying = [str(row["digest"]) for row in table(posted.db, "letter_code", f"ORDER BY {place}")]
    told = [lying.index(code_digest(secret, code)) for code in spent]
    assert told not in (sorted(told), sorted(told, reverse=True))
    if posted.db.is_sqlite:
        assert [str(row["digest"]) for row in table(posted.db, "letter_code")] == sorted(lying)
    else:
        assert len({row["xmin"] for row in table_with_writers(posted)}) == 1  # the last use wrote them all


def table_with_writers(field: Field) -> list[dict[str, Any]]:
    """The rows of letter_code with PostgreSQL's own note of who wrote them."""
    with field.db.reading() as connection:
        return [dict(row) for row in connection.execute(text("SELECT xmin::text, digest FROM letter_code")).mappings()]


def test_a_code_that_is_written_alone_is_found_by_its_place(posted: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    if posted.db.is_sqlite:
        pytest.skip("SQLite writes these rows in place")

    def alone(connection: Any, batch_id: UUID, digest: str) -> bool:
        statement = text("UPDATE letter_code SET spent = true WHERE digest = :digest AND NOT spent")
        return bool(connection.execute(statement, {"digest": digest}).rowcount)

    monkeypatch.setattr(letters, "spend_code", alone)
    spent, _ = answer_thirty(posted)
    writers = {row["digest"]: int(row["xmin"]) for row in table_with_writers(posted)}
    told = [writers[code_digest(posted.settings.secret_key, code)] for code in spent]
    assert told == sorted(told)
    assert len(set(told)) == 30


def tables(field: Field) -> list[str]:
    """Every table there is."""
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        if field.db.is_sqlite
        else "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
    )
    with field.db.reading() as connection:
        return [str(name) for name in connection.execute(text(query)).scalars()]
