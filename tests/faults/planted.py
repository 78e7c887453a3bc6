"""Servers with one fault each, to prove that the tests of this folder find it: `tests.faults.planted:NAME()`.

SQLite's writers wait for one another from BEGIN to COMMIT, which hides the two races below. So they look in a
transaction of their own before they write, as a careless programmer would.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any
from uuid import UUID

from flask import Flask, Response, request
from sqlalchemy import event, func, insert, select
from sqlmodel import col

from survey.app import create_app
from survey.config import read_settings
from survey.db import Database
from survey.domain.disposition import Disposition
from survey.domain.submission import Outcome, Receipt, Submission, content_digest, receipt_code
from survey.queries import grants, quotas, responses
from survey.queries.responses import NewResponse
from survey.services import receive_submission as service
from survey.services.receive_submission import Door
from survey.tables.quota import QuotaCellRow
from survey.tables.response import ResponseRow
from survey.web.resident import taking


def _swap(module: ModuleType, name: str, fault: Callable[..., object]) -> None:
    getattr(module, name)  # a fault of a name that nobody uses any more would plant nothing
    setattr(module, name, fault)


def count_then_insert() -> Flask:
    """The quota asks how many there are, and then inserts."""
    database = Database(read_settings().database_url)
    checked: Callable[..., NewResponse] = service._response

    def counted_before(*parts: Any) -> NewResponse:
        response = checked(*parts)
        with database.reading() as connection:
            wanted = connection.scalar(select(col(QuotaCellRow.target)).where(col(QuotaCellRow.id) == response.cell_id))
            complete = connection.scalar(
                select(func.count()).where(
                    col(ResponseRow.cell_id) == response.cell_id,
                    col(ResponseRow.disposition) == Disposition.COMPLETE.value,
                )
            )
        full = complete is not None and wanted is not None and complete >= wanted
        return replace(response, disposition=Disposition.OVER_QUOTA) if full else response

    _swap(service, "_response", counted_before)
    _swap(quotas, "take_slot", lambda _connection, _cell_id: True)
    return create_app(read_settings())


def grants_on_trust() -> Flask:
    """Who says that an interview was made under a grant is believed: no slot is looked for."""

    def believed(_connection: object, _assignment_id: object, _cell_id: int, wanted: int) -> int:
        return wanted

    _swap(grants, "use_slots", believed)
    _swap(grants, "count_used", lambda *_: None)
    return create_app(read_settings())


def check_then_insert() -> Flask:
    """The id is looked up, and then inserted."""
    database = Database(read_settings().database_url)
    original = service.receive_submission

    def looked_up_before(door: Door, submission: Submission) -> Receipt:
        with database.reading() as connection:
            known = responses.stored_response(connection, submission.id)
        if known is None:
            return original(door, submission)
        code = receipt_code(door.secret, submission.id)
        return Receipt(submission.id, code, Outcome.REPEATED, known[1], known[0])

    def plain_insert(connection: Any, new: Sequence[NewResponse]) -> set[UUID]:
        rows = [{name: getattr(response, name) for name in NewResponse.__slots__} for response in new]
        connection.execute(insert(ResponseRow), rows)
        return {response.id for response in new}

    _swap(responses, "insert_responses", plain_insert)
    _swap(taking, "receive_submission", looked_up_before)
    return create_app(read_settings())


def acknowledge_before_commit() -> Flask:
    """The sender is thanked while a thread is still storing."""
    original = service.receive_submission

    def store_later(door: Door, submission: Submission) -> None:
        time.sleep(0.03)
        original(door, submission)

    def thanked_before(door: Door, submission: Submission) -> Receipt:
        threading.Thread(target=store_later, args=(door, submission)).start()
        digest = content_digest(submission.answers, submission.finish)
        code = receipt_code(door.secret, submission.id)
        return Receipt(submission.id, code, Outcome.STORED, Disposition.COMPLETE, digest)

    _swap(taking, "receive_submission", thanked_before)
    return create_app(read_settings())


def names_the_path() -> Flask:
    """Each answer is noted in the log, with what was asked for."""
    app = create_app(read_settings())

    @app.after_request
    def note(response: Response) -> Response:
        app.logger.warning("%s %s: %d", request.method, request.full_path, response.status_code)
        return response

    return app


def commit_without_sync() -> Flask:
    """SQLite is told that it need not wait for the disk."""
    app = create_app(read_settings())

    @event.listens_for(app.extensions["minsheng"].db.engine, "connect")
    def relax(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA synchronous=NORMAL").close()

    return app
