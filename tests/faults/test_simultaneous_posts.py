"""Many phones at once, several server processes: no cell is exceeded, no form is lost, none is stored twice."""

import json
from collections import Counter
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from survey.services.recount import recount
from tests.browser import Server
from tests.faults.clients import Posting, Told, send_all
from tests.field import Field, valid_answers

WANTED, ELIGIBLE = 50, 400
FORMS, AT_ONCE = 40, 20
ROUNDS = 5  # in which a planted fault must show


def posting(field: Field, answers: dict[str, object], submission_id: UUID) -> Posting:
    """A form, ready to send."""
    body = json.dumps({"token": field.token(submission_id), "answers": answers}).encode()
    return Posting(str(submission_id), f"/r/{field.point.code}", body)


def fill_a_cell(server: Server, field: Field, **who: object) -> list[str]:
    """400 people of one kind answer while 50 are wanted. Returns what is wrong afterwards."""
    forms = [posting(field, valid_answers(**who), uuid4()) for _ in range(ELIGIBLE)]
    told = send_all(server.url, forms)
    assert server.process.is_running(), "somebody else ended the server"
    ids = {form.id for form in forms}
    stored = Counter(row["disposition"] for row in field.rows() if str(row["id"]) in ids)
    wrong = [f"status {status}" for status in {one.status for one in told} - {201}]
    if stored != {"complete": WANTED, "over_quota": ELIGIBLE - WANTED}:
        wrong.append(f"stored {dict(stored)}")
    if Counter(one.disposition for one in told) != stored:
        wrong.append("people were told something else than was stored")
    return wrong


def repeat_forms(server: Server, field: Field, **who: object) -> list[str]:
    """40 people whose form is sent 20 times in the same moment. Returns what is wrong afterwards."""
    ids = [uuid4() for _ in range(FORMS)]
    forms = [posting(field, valid_answers(**who), submission_id) for submission_id in ids for _ in range(AT_ONCE)]
    told = send_all(server.url, forms)
    assert server.process.is_running(), "somebody else ended the server"
    wrong = [f"status {status}" for status in {one.status for one in told} - {200, 201}]
    firsts = Counter(one.id for one in told if one.status == 201)
    if set(firsts.values()) != {1} or len(firsts) != FORMS:
        wrong.append(f"{len(firsts)} of {FORMS} were told once that they are the first")
    if any(len(receipts) != 1 for receipts in receipts_of(told).values()):
        wrong.append("one form got several receipts")
    stored = [row["id"] for row in field.rows() if row["id"] in ids]
    if sorted(stored) != sorted(ids):
        wrong.append(f"{len(stored)} rows for {FORMS} forms")
    return wrong


def receipts_of(told: list[Told]) -> dict[str, set[str]]:
    """The receipts that each form got."""
    receipts: dict[str, set[str]] = {}
    for one in told:
        receipts.setdefault(one.id, set()).add(one.receipt)
    return receipts


def test_a_cell_is_filled_exactly_and_a_form_sent_twenty_times_is_one(
    field: Field, serve: Callable[..., Server]
) -> None:
    server = serve(field.settings.database_url)
    assert fill_a_cell(server, field) == []
    assert repeat_forms(server, field, sex="M") == []
    assert recount(field.db) == (6, [])
    assert field.copies() == []


def test_other_content_sent_twenty_times_at_once_is_one_copy(field: Field, serve: Callable[..., Server]) -> None:
    server = serve(field.settings.database_url)
    submission_id = uuid4()
    forms = [
        posting(field, valid_answers(parks=parks), submission_id)
        for _ in range(AT_ONCE)
        for parks in ("satisfied", "neutral", "dissatisfied")
    ]
    told = send_all(server.url, forms)
    assert {one.status for one in told} == {200, 201, 409}
    assert (len(field.rows()), len(field.copies())) == (1, 2)


@pytest.mark.parametrize(("fault", "check"), [("count_then_insert", fill_a_cell), ("check_then_insert", repeat_forms)])
def test_a_planted_race_is_found(
    field: Field, serve: Callable[..., Server], fault: str, check: Callable[..., list[str]]
) -> None:
    server = serve(field.settings.database_url, f"tests.faults.planted:{fault}()")
    kinds = ({"sex": sex, "age": age} for age in ("18-34", "35-54", "55+") for sex in ("F", "M"))
    assert any(check(server, field, **who) for _, who in zip(range(ROUNDS), kinds, strict=False))
