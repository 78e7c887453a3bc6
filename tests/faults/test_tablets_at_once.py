"""The same tablet twice in one moment, and late tablets beside the release of expired slots: no error, nothing twice,
and no two transactions that wait for each other."""

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from survey.db import Database
from survey.queries import grants, responses
from survey.services.accounts import add_account
from survey.services.receive_submission import check_submission
from survey.services.recount import recount
from survey.services.release_slots import release_slots
from tests.field import Field, open_field, valid_answers
from tests.services.outing import enrolled, out, shift_now
from tests.tablet_client import Tablet, through

AT_ONCE, ROUNDS = 6, 8
KINDS = [(sex, age) for sex in "FM" for age in ("18-34", "35-54", "55+")]


@pytest.fixture
def field(database_url: str) -> Iterator[Field]:
    """A wave by the clock of the test, on each engine."""
    field = open_field(database_url)
    yield field
    field.close()


def at_once(*asks: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(len(asks)) as threads:
        return [each.result() for each in [threads.submit(ask) for ask in asks]]


def twin(tablet: Tablet, field: Field) -> Tablet:
    """The same tablet on another connection."""
    return Tablet(through(field.app), field.clock, id=tablet.id, secret=tablet.secret, outing=tablet.outing)


def test_an_assignment_asked_for_many_times_at_once_is_taken_once(field: Field) -> None:
    tablet = enrolled(field)
    for _ in range(ROUNDS):
        before = sum(cell.granted for cell in field.cells().values())
        assignment = str(uuid4())
        asks = [twin(tablet, field) for _ in range(AT_ONCE)]
        told = at_once(*(partial(each.take, field.point.code, shift_now(field), assignment) for each in asks))
        assert sorted(status for status, _ in told) == [200] * (AT_ONCE - 1) + [201]
        assert len({str(body["grant"]["cells"]) for _, body in told}) == 1
        assert sum(cell.granted for cell in field.cells().values()) - before <= 20
    assert recount(field.db)[1] == []


def test_a_turn_told_many_times_at_once_is_one_turn(field: Field) -> None:
    li = add_account(field.db, "李雷", "volunteer", "a long password for the tests", field.clock.now)
    tablet = out(field)
    turn = {"id": str(uuid4()), "assignment": tablet.outing["id"], "volunteer": li.id, "ended": None, "passed": 3}
    turn["began"] = field.clock.now.isoformat()
    asks = [twin(tablet, field) for _ in range(AT_ONCE)]
    told = at_once(*(partial(each.ask, "POST", "/turns", {"turns": [turn]}) for each in asks))
    assert {status for status, _ in told} == {200}
    with field.db.reading() as connection:
        assert len(grants.turns_of_wave(connection, field.wave_id)) == 1


def test_records_the_end_of_the_shift_and_the_release_of_slots_never_wait_for_each_other(field: Field) -> None:
    tablets = [out(field, f"平板 {number}") for number in range(3)]
    records = [
        [tablet.record(valid_answers(sex=sex, age=age)) for sex, age in KINDS for _ in range(4)] for tablet in tablets
    ]
    field.clock.forward(hours=16)  # every grant has expired, and a release may come at any moment
    elsewhere = Database(field.settings.database_url)
    asks: list[Callable[[], Any]] = []
    for tablet, own in zip(tablets, records, strict=True):
        returned = {str(cell): 1 for cell in tablet.free}
        asks += [
            partial(twin(tablet, field).send_all, *own),
            partial(twin(tablet, field).send_all, *reversed(own)),
            partial(twin(tablet, field).slots, returned=returned, ended=True),
            partial(release_slots, elsewhere, field.clock.now + timedelta(seconds=1)),
        ]
    with contextlib.closing(elsewhere):
        told = at_once(*asks)
    assert {each[0] for each in told if isinstance(each, tuple)} == {200}
    assert len(field.rows()) == sum(map(len, records))
    assert all(cell.completed <= cell.target for cell in field.cells().values())
    assert recount(field.db)[1] == []


def test_two_batches_with_the_same_records_in_opposite_orders_do_not_wait_for_each_other(field: Field) -> None:
    first, second = (
        check_submission(field.door, field.submission(valid_answers(), id=UUID(int=number))).response
        for number in (1, 2)
    )
    elsewhere = Database(field.settings.database_url)

    def the_other_way_round() -> set[UUID]:
        with elsewhere.writing() as connection:
            return responses.insert_responses(connection, [second, first])

    with contextlib.closing(elsewhere), ThreadPoolExecutor(1) as thread:
        with field.db.writing() as connection:
            assert responses.insert_responses(connection, [first]) == {first.id}
            waiting = thread.submit(the_other_way_round)
            with contextlib.suppress(TimeoutError):
                waiting.result(timeout=0.5)  # it waits for `first`, and must not hold `second` meanwhile
            assert responses.insert_responses(connection, [second]) == {second.id}
        assert waiting.result(timeout=10) == set()
    assert len(field.rows()) == 2
