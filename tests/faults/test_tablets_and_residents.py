"""Tablets that were offline and residents at the posters want the same slots: none of a cell is given twice, nothing is
lost, nothing is stored twice; also when the server's workers are killed meanwhile."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

from survey.services.recount import recount
from survey.services.tablets import new_enrolment
from tests.browser import Server
from tests.faults.clients import send_all
from tests.faults.test_killed_workers import PRELOADED, Killer
from tests.faults.test_simultaneous_posts import posting
from tests.field import Field, valid_answers
from tests.services.outing import shift_now
from tests.tablet_client import Json, Tablet, over_network

TABLETS, RESIDENTS, EACH = 4, 200, 36
WANTED = 50  # in a cell
# Everybody is of one of two kinds, so that 100 slots meet more than three times as many people.
KINDS: tuple[dict[str, object], ...] = ({"sex": "F", "age": "18-34"}, {"sex": "M", "age": "55+"})
PATIENCE = 180.0  # seconds after which the test gives up; a tablet tries for days


@dataclass
class Afternoon:
    """What one tablet made and what it was told in the end."""

    tablet: Tablet
    within: set[str] = field(default_factory=set)  # interviews for which it had a slot
    told: dict[str, Json] = field(default_factory=dict)
    made: int = 0


def go_out(server: Server, field: Field, number: int) -> Afternoon:
    """Enrol, take an assignment: from here on the tablet is offline."""
    now = datetime.now(UTC)
    tablet = Tablet(over_network(server.url, timeout=30), lambda: datetime.now(UTC))
    code = new_enrolment(field.db, f"平板 {number}", now).code
    insist(lambda: tablet.enrol(code))
    assignment = str(uuid4())
    insist(lambda: tablet.take(field.point.code, shift_now(field), assignment))
    return Afternoon(tablet)


def insist(ask: Callable[[], tuple[int, Json]]) -> Json:
    """Ask until the server has answered."""
    give_up = time.monotonic() + PATIENCE
    status, told = ask()
    while status in {0, 503} and time.monotonic() < give_up:
        time.sleep(random.uniform(0.01, 0.1))
        status, told = ask()
    assert status in {200, 201}, (status, told)
    return told


def interviews(afternoon: Afternoon, chance: random.Random) -> list[Json]:
    """An afternoon's interviews, sealed: as many as there are slots of their kind, and more than that."""
    tablet, records = afternoon.tablet, []
    left = {(cell["items"]["sex"], cell["items"]["age"]): cell["slots"] for cell in tablet.outing["grant"]["cells"]}
    for _ in range(EACH):
        kind = chance.choice(KINDS)
        record = tablet.record(valid_answers(**kind))
        records.append(record)
        if left[kind["sex"], kind["age"]] > 0:
            left[kind["sex"], kind["age"]] -= 1
            afternoon.within.add(record["id"])
    records += [tablet.record({}, finish=finish) for finish in ("refused", "not_reached", "language") for _ in range(3)]
    afternoon.made = len(records)
    return records


def bring_home(afternoon: Afternoon, records: list[Json], chance: random.Random) -> None:
    """Send everything in batches of any size, the oldest first; some answers are lost and the batch is sent again."""
    position = 0
    while position < len(records):
        batch = records[position : position + chance.randint(1, 20)]
        told = insist(partial(afternoon.tablet.send_all, *batch))
        if chance.random() < 0.3:
            told = insist(partial(afternoon.tablet.send_all, *batch))
        for result in told["results"]:
            afternoon.told[result["id"]] = result
        position += len(batch)
    unused = {str(cell): free for cell, free in afternoon.tablet.free.items()}
    insist(lambda: afternoon.tablet.slots(returned=unused, ended=True))


def an_evening(server: Server, field: Field, seed: int) -> list[str]:
    """Everything at once. Returns what is wrong afterwards."""
    before = {row["id"] for row in field.rows()}
    chances = [random.Random(seed * 100 + number) for number in range(TABLETS)]
    with ThreadPoolExecutor(TABLETS) as threads:
        afternoons = list(threads.map(lambda number: go_out(server, field, seed * 10 + number), range(TABLETS)))
        work = [interviews(each, chance) for each, chance in zip(afternoons, chances, strict=True)]
        forms = [posting(field, valid_answers(**KINDS[number % 2]), uuid4()) for number in range(RESIDENTS)]
        residents: list[Any] = []
        posters = threading.Thread(target=lambda: residents.extend(send_all(server.url, forms, until_taken=True)))
        posters.start()
        list(threads.map(bring_home, afternoons, work, chances))
        posters.join()
    rows = [row for row in field.rows() if row["id"] not in before]
    stored = {str(row["id"]): row["disposition"] for row in rows}
    wrong = []
    if len(stored) != len(rows) or len(rows) != RESIDENTS + sum(each.made for each in afternoons):
        wrong.append(f"{len(rows)} rows")
    for afternoon in afternoons:
        lost = [record_id for record_id in afternoon.told if record_id not in stored]
        wrong += [f"{len(lost)} acknowledged records are not stored"] if lost else []
        unkept = Counter(stored.get(record_id) for record_id in afternoon.within) - Counter(
            {"complete": len(afternoon.within)}
        )
        wrong += [f"interviews with a slot became {dict(unkept)}"] if unkept else []
    complete = Counter(row["cell_id"] for row in field.rows() if row["disposition"] == "complete")
    exceeded = {cell: count for cell, count in complete.items() if count > WANTED}
    wrong += [f"cells exceeded: {exceeded}"] if exceeded else []
    wrong += [f"{len(recount(field.db)[1])} counters are wrong"] if recount(field.db)[1] else []
    if {one.status for one in residents} - {200, 201}:
        wrong.append(f"residents were told {Counter(one.status for one in residents)}")
    return wrong


def test_four_tablets_and_two_hundred_residents_never_exceed_a_cell(field: Field, serve: Callable[..., Server]) -> None:
    server = serve(field.settings.database_url)
    assert an_evening(server, field, seed=1) == []
    full = [cell for cell in field.cells().values() if cell.completed == WANTED]
    assert len(full) == len(KINDS), "the two cells that everybody belongs to are exactly full"
    assert all(cell.granted == 0 for cell in field.cells().values()), "at the end of the shift nothing is held back"
    assert field.copies() == []


def test_what_tablets_bring_is_stored_once_while_workers_are_killed(field: Field, serve: Callable[..., Server]) -> None:
    server = serve(field.settings.database_url, **PRELOADED)
    killer = Killer(server, seed=3)
    killer.start()
    try:
        wrong = an_evening(server, field, seed=2)
    finally:
        killer.stop()
    assert killer.killed >= 3, "the workers were hardly disturbed"
    assert wrong == []


def test_grants_on_trust_are_found(sqlite_field: Field, serve: Callable[..., Server]) -> None:
    server = serve(sqlite_field.settings.database_url, "tests.faults.planted:grants_on_trust()")
    wrong = an_evening(server, sqlite_field, seed=3)
    assert any("exceeded" in each for each in wrong), wrong
    assert any("counters" in each for each in wrong), wrong
