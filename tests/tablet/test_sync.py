"""That every answer of the server, and of whoever else answers in its place, leaves the outbox as it must.

Only a receipt that names the record and its bytes takes it out; everything else costs a repetition of the same bytes.
"""

import hashlib
from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from tests.tablet.conftest import Device
from tests.tablet.street import MOODS, A, Street

RECEIPTS = {"well": "stored", "conflict": "conflict"}
KEPT = sorted(MOODS - set(RECEIPTS) - {"refusing", "held", "upset"})
pytestmark = pytest.mark.usefixtures("rough_network")


def all_bytes(street: Street) -> dict[str, set[str]]:
    """All the bytes that were ever sent under each id."""
    sent: dict[str, set[str]] = {}
    for record in street.received:
        sent.setdefault(record["id"], set()).add(record["sealed"])
    return sent


@pytest.mark.parametrize("mood", RECEIPTS)
def test_a_receipt_takes_the_record_out(device: Device, street: Street, mood: str) -> None:
    made = device.load().keep(3)
    street.mood = mood
    assert device.sync()["sent"] == 3
    assert device.states() == []
    assert {(one["id"], one["digest"]) for one in device.sent()} == {(one["id"], one["digest"]) for one in made}
    assert {one["outcome"] for one in device.sent()} == {RECEIPTS[mood]}
    assert all(one["digest"] == hashlib.sha256(one["sealed"].encode()).hexdigest() for one in made)
    assert street.opened(made[0]["id"])["answers"] == {"q1": "a"} if mood == "well" else True


def test_a_refused_record_is_kept_with_its_problems_and_not_sent_again_by_itself(
    device: Device, street: Street
) -> None:
    device.load().keep(2)
    street.mood = "refusing"
    told = device.sync()
    assert (told["sent"], told["refused"], told["left"]) == (0, 2, 0)
    assert device.states() == ["refused", "refused"]
    assert device.run("return (await m.outbox.entries(db))[0].problems[0].code") == "unreadable"
    street.mood = "well"
    assert device.sync()["sent"] == 0
    device.run("await m.outbox.tryAgain(db)")
    assert device.sync()["sent"] == 2
    assert all(len(each) == 1 for each in all_bytes(street).values())


def kept_then_sent(device: Device, street: Street, mood: str) -> list[str]:
    """What is wrong after an answer that is no receipt, and after the server's next, good one."""
    complaints = []
    made = device.keep(2)
    street.mood = mood
    device.sync()
    if device.states() != ["frozen", "frozen"] or device.sent():
        complaints.append(f"{mood}: {device.states()}, acknowledged {len(device.sent())}")
    street.mood = "well"
    device.sync()
    if device.states() or sorted(one["id"] for one in device.sent()) != sorted(one["id"] for one in made):
        complaints.append(f"{mood}: not sent when the server was well")
    if any(street.records.get(one["id"]) != [one["sealed"]] for one in made):
        complaints.append(f"{mood}: not stored once, as the bytes it was")
    if any(all_bytes(street)[one["id"]] != {one["sealed"]} for one in made):
        complaints.append(f"{mood}: sent again as other bytes")
    return complaints


@pytest.mark.parametrize("mood", KEPT)
def test_any_other_answer_keeps_the_records_and_the_same_bytes_are_sent_again(
    device: Device, street: Street, mood: str
) -> None:
    assert kept_then_sent(device.load(), street, mood) == []


def test_a_network_that_is_not_there_keeps_them_too(device: Device, street: Street, context: BrowserContext) -> None:
    device.load().keep(2)
    context.set_offline(True)
    assert device.sync()["left"] == 2
    context.set_offline(False)
    assert device.sync()["sent"] == 2


FAULTS = [
    ("any answer erases", "const receipt = receiptFor(entry, results);", "const receipt = {};", "other json"),
    ("any receipt will do", "const receipt = receiptFor(entry, results);", "const receipt = results[0];", "wrong id"),
    ("the digest is not looked at", " && result.digest === digest;", ";", "wrong digest"),
    ("the id is not looked at", "result?.id === id && result.digest", "result?.digest", "wrong id"),
    ("any status is a receipt", "names(result) && RECEIPTS.includes(result.status)", "names(result)", "wrong status"),
    ("it is frozen when it has arrived", 'putAs(parts, entry, "frozen")', "void 0", "busy"),
]


@pytest.mark.parametrize(("old", "new", "mood"), [one[1:] for one in FAULTS], ids=[one[0] for one in FAULTS])
def test_a_planted_fault_is_found(device: Device, street: Street, old: str, new: str, mood: str) -> None:
    street.plant(A, "tablet/sync.mjs", old, new)
    assert kept_then_sent(device.load(), street, mood) != []


def test_the_servers_wish_to_be_left_alone_is_told(device: Device, street: Street) -> None:
    device.load().keep(1)
    street.mood = "busy"
    told = device.sync()
    assert (told["retryAfter"], told["left"]) == (7_000, 1)
    street.mood = "revoked"
    assert device.sync()["problem"] == "device_revoked"


def test_batches_are_small_and_the_oldest_go_first(device: Device, street: Street) -> None:
    made = device.load().keep(45)
    assert device.sync()["sent"] == 45
    assert [record["id"] for record in street.received] == [one["id"] for one in made]
    assert street.requests.count(("POST", "/tablet/submissions/batch")) == 3


def test_one_record_that_upsets_the_server_does_not_stop_the_others(device: Device, street: Street) -> None:
    made = device.load().keep(8)
    street.records["poison"] = [made[2]["sealed"]]
    street.mood = "upset"
    told = device.sync()
    assert (told["sent"], told["left"]) == (7, 1)
    assert device.states() == ["frozen"]


def test_a_record_under_a_known_id_is_sent_too_and_the_server_decides(device: Device, street: Street) -> None:
    [first] = device.load().keep(1)
    device.sync()
    script = """
      const record = { format: 1, id: given.id, sequence: 1, finish: "broken_off", answers: {} };
      await m.outbox.keep(db, await m.outbox.seal(record, given.assignment, 0));
      await m.outbox.release(db, 0, { all: true });
    """
    device.run(script, {"id": first["id"], "assignment": street.assignment()})
    assert device.sync()["sent"] == 1
    assert sorted(one["outcome"] for one in device.sent()) == ["conflict", "stored"]
    assert len(street.records[first["id"]]) == 2


@pytest.mark.parametrize("locks", [True, False], ids=["with locks", "without locks"])
def test_two_tabs_that_send_at_once_lose_nothing(
    device: Device, street: Street, context: BrowserContext, locks: bool
) -> None:
    made = device.load().keep(60)
    other = Device(context.new_page(), street).load()
    script = "return m.sync.syncOnce(db, device, given ? {} : { locks: null })"
    street.mood = "held"
    device.start(script, locks)
    assert street.arrived.wait(10)  # the first tab is in the middle of it
    other.start(script, locks)
    if locks:
        assert other.finish()["busy"]
    street.held.set()
    results: list[dict[str, Any]] = [tab.finish() for tab in (device, other)]
    assert [one["busy"] for one in results].count(True) == (1 if locks else 0)
    assert device.states() == []
    assert street.records == {one["id"]: [one["sealed"]] for one in made}
    assert len(device.sent()) == 60
    if locks:
        assert len(street.received) == 60  # nothing was sent twice


TURN = {"id": "t1", "assignment": "a1", "volunteer": 3, "began": "2026-11-26T06:00:00.000Z", "ended": None, "passed": 7}


def test_turns_are_told_until_the_server_has_their_last_state(device: Device, street: Street) -> None:
    put = "await db.write(({ put }) => void put('turns', given.id, given))"
    device.load().run(put, TURN | {"unsent": True})
    device.sync()
    assert street.turns == {"t1": TURN}
    assert device.run("return (await db.read('turns', 't1')).unsent") is False
    device.run(put, TURN | {"unsent": True, "passed": 9, "ended": "2026-11-26T08:00:00.000Z"})
    device.sync()
    assert street.turns["t1"]["passed"] == 9
    requests = len(street.requests)
    device.sync()
    assert len(street.requests) == requests  # there was nothing to say


def test_a_turn_that_the_server_does_not_take_holds_up_neither_the_others_nor_the_records(
    device: Device, street: Street
) -> None:
    device.load().keep(1)
    for number, assignment in enumerate(("a1", "foreign", "a1")):
        turn = TURN | {"id": f"t{number}", "assignment": assignment, "unsent": True}
        device.run("await db.write(({ put }) => void put('turns', given.id, given))", turn)
    assert device.sync()["sent"] == 1
    assert set(street.turns) == {"t0", "t2"}
    assert device.run("return (await db.all('turns')).map(({ unsent }) => unsent)") == [False, True, False]
