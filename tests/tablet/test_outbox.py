"""That a record which was said to be saved is in the outbox until it is undone in time or acknowledged."""

import json
from typing import Any

import pytest

from tests.tablet.conftest import Device
from tests.tablet.street import SUITE, A, B, Street

pytestmark = pytest.mark.usefixtures("rough_network")

# keep one record with this id, made at this time
_ONE = """
  const record = { format: 1, id: given.id ?? crypto.randomUUID(), sequence: given.at, answers: { q1: given.answer } };
  const entry = await m.outbox.seal(record, given.assignment, given.at);
  await m.outbox.keep(db, entry, given.also ? ({ put }) => put("device", "passed", given.also) : undefined);
  return entry.id;
"""

_REMOVE = """
  await db.write(async ({ all, remove }) => {
    for (const entry of await all("outbox", given)) remove("outbox", m.outbox.keyOf(entry));
  });
"""


def keep(device: Device, **given: object) -> str:
    """One record more; its id."""
    made: str = device.run(_ONE, {"at": 1, "answer": "a", "assignment": device.street.assignment()} | given)
    return made


def counts(device: Device) -> dict[str, int]:
    """How many records are in which state."""
    told: dict[str, int] = device.run("return m.outbox.counts(db)")
    return told


def undo(device: Device, record: str) -> bool:
    """Whether it could be undone."""
    undone: bool = device.run("return m.outbox.undo(db, given)", record)
    return undone


def test_a_record_may_be_undone_until_the_next_one(device: Device) -> None:
    first = keep(device.load(), at=1)
    second = keep(device, at=2)
    assert device.states() == ["waiting", "held"]
    assert not undo(device, first)
    assert undo(device, second)
    assert not undo(device, second)
    assert counts(device) == {"unsent": 1, "held": 0, "refused": 0}


def test_or_for_ten_seconds_by_whatever_clock(device: Device) -> None:
    device.load()
    for later, state in ((9_999, "held"), (10_000, "waiting"), (-9_999, "held"), (-86_400_000, "waiting")):
        record = keep(device, at=100_000_000)
        device.run("await m.outbox.release(db, given)", 100_000_000 + later)
        assert device.states() == [state], later
        device.run(_REMOVE, record)


def test_or_until_the_app_starts_again(device: Device) -> None:
    keep(device.load())
    device.run("await m.outbox.release(db, 1, { all: true })")
    assert device.states() == ["waiting"]


def test_nothing_is_sent_that_may_still_be_undone(device: Device, street: Street) -> None:
    keep(device.load(), at=2**40)
    told = device.run("return m.sync.syncOnce(db, device, { now: () => 2 ** 40 + 9_999 })")
    assert (told["sent"], street.received) == (0, [])
    told = device.run("return m.sync.syncOnce(db, device, { now: () => 2 ** 40 + 10_000 })")
    assert told["sent"] == 1


def test_what_belongs_to_a_record_is_saved_and_undone_with_it(device: Device) -> None:
    record = keep(device.load(), also=17)
    assert device.run("return db.read('device', 'passed')") == 17
    script = "return m.outbox.undo(db, given, ({ put }) => put('device', 'passed', 16))"
    assert device.run(script, record) is True
    assert device.run(script.replace("16", "15"), record) is False
    assert device.run("return db.read('device', 'passed')") == 16


def answers_after_two_taps(device: Device, street: Street) -> list[Any]:
    """A double tap seals the same record twice; what then arrives at the server."""
    record = keep(device, answer="first tap")
    keep(device, answer="second tap", id=record)
    assert len(device.states()) == 1
    device.run("await m.outbox.release(db, 0, { all: true })")
    device.sync()
    return [street.opened(record)["answers"]["q1"], len(street.records[record])]


def test_a_double_tap_is_one_record(device: Device, street: Street) -> None:
    assert answers_after_two_taps(device.load(), street) == ["second tap", 1]


def test_the_same_entry_twice_is_one_record_even_if_it_is_being_sent(device: Device, street: Street) -> None:
    script = """
      window.entry = await m.outbox.seal({ id: crypto.randomUUID(), sequence: 1 }, given, 1);
      await m.outbox.keep(db, entry);
      await m.outbox.release(db, 1, { all: true });
    """
    device.load().run(script, street.assignment())
    street.mood = "busy"
    device.sync()
    device.run("await m.outbox.keep(db, entry)")
    assert device.states() == ["frozen"]


def test_records_of_several_waves_lie_side_by_side_and_open_with_their_own_info(device: Device, street: Street) -> None:
    records = [keep(device.load(), at=1), keep(device, at=2, assignment=street.assignment() | {"wave": "q1-2027"})]
    device.run("await m.outbox.release(db, 0, { all: true })")
    device.sync()
    assert [record["wave"] for record in street.received] == ["q4-2026", "q1-2027"]
    sealed = device.run("return m.bytes.toHex(m.bytes.fromBase64(given))", street.records[records[1]][0])
    info = f"minsheng record q1-2027 {records[1]}".encode()
    assert json.loads(SUITE.decrypt(bytes.fromhex(sealed), street.key, info))["id"] == records[1]


def test_an_entry_shows_nothing_of_what_was_answered(device: Device) -> None:
    keep(device.load(), answer="秘密")
    [entry] = device.run("return m.outbox.entries(db)")
    assert set(entry) == {
        "id",
        "wave",
        "key",
        "sealed",
        "digest",
        "made",
        "sequence",
        "assignment",
        "state",
        "problems",
    }
    assert "秘密" not in json.dumps(entry, ensure_ascii=False)


# --- the rescue file and the comparison ----------------------------------------------------------------------------


def test_the_rescue_file_has_every_record_in_whatever_state_and_nothing_else(device: Device, street: Street) -> None:
    identity = {"device": "dd", "label": "平板 3", "secret": "s"}
    device.load().run("await db.write(({ put }) => void put('device', 'identity', given))", identity)
    for mood in ("refusing", "busy"):
        device.keep(1)
        street.mood = mood
        device.sync()
    keep(device, at=2_000_000)
    keep(device, at=2_000_001)
    states = device.states()
    assert sorted(states) == ["frozen", "held", "refused", "waiting"]
    text = device.run("return m.rescue.rescueFile(db)")
    told = json.loads(text)
    assert {name: value for name, value in told.items() if name != "records"} == {
        "format": "minsheng-rescue-1",
        "device": "dd",
        "label": "平板 3",
    }
    entries = device.run("return m.outbox.entries(db)")
    fields = ("id", "wave", "key", "sealed")
    assert told["records"] == [{name: entry[name] for name in fields} for entry in entries]
    assert device.states() == states  # taking a copy changes nothing


def test_the_files_name_says_whose_it_is_and_when(device: Device) -> None:
    device.load()
    name = "return m.rescue.rescueName(given, Date.parse('2026-11-26T08:09:10Z'))"
    assert device.run(name, "平板 3/a") == "minsheng-rescue-平板-3-a-202611260809.json"
    assert device.run(name, None) == "minsheng-rescue--202611260809.json"


def test_after_a_day_both_sides_agree(device: Device, street: Street) -> None:
    device.load().keep(4)
    device.sync()
    compare = "return m.comparison.compare(await db.all('sent'), await db.all('outbox'), given)"
    theirs = [[one["id"], one["digest"]] for one in device.sent()]
    assert device.run(compare, theirs) == {"equal": True, "missing": [], "unknown": [], "unsent": []}
    assert device.run(compare, theirs[1:])["missing"] == [theirs[0][0]]


def test_records_that_could_be_undone_while_they_are_sent_would_be_found(device: Device, street: Street) -> None:
    street.release = B
    fault = '(all || Math.abs(now - entry.made) >= HOLD_MS)) putAs(parts, entry, "waiting");'
    street.plant(B, "tablet/outbox.mjs", fault, 'true) putAs(parts, entry, "waiting");')
    keep(device.load(), at=2**40)
    device.run("await m.sync.syncOnce(db, device, { now: () => 2 ** 40 + 1 })")
    assert street.received != []


def test_a_double_tap_that_became_two_records_would_be_found(device: Device, street: Street) -> None:
    fault = "if (earlier.id === entry.id) parts.remove("
    street.plant(A, "tablet/outbox.mjs", fault, "if (false) parts.remove(")
    keep(device.load(), id="twice")
    keep(device, id="twice")
    assert len(device.states()) == 2
