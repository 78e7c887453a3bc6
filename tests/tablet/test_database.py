"""That what the tablet's memory has promised is on the disk: whole, strictly, and through a change of release."""

import pytest
from playwright.sync_api import BrowserContext

from tests.tablet.conftest import Device
from tests.tablet.street import A, B, Street

_WATCH = """(() => {
  window.asked = [];
  const { transaction } = IDBDatabase.prototype;
  IDBDatabase.prototype.transaction = function (stores, mode = "readonly", options = {}) {
    if (mode === "readwrite") asked.push(options.durability ?? "default");
    return transaction.call(this, stores, mode, options);
  };
})()"""


def durabilities(device: Device) -> set[str]:
    """What every writing transaction of an ordinary hour asked for."""
    device.page.add_init_script(_WATCH)
    device.load().keep(3)
    device.sync()
    device.run("await m.drafts.eraseDraft(db, 't1')")
    asked: list[str] = device.page.evaluate("asked")
    assert len(asked) > 5
    return set(asked)


def test_every_write_asks_for_strict_durability(device: Device) -> None:
    assert durabilities(device) == {"strict"}


def test_a_weaker_durability_would_be_found(device: Device, street: Street) -> None:
    street.plant(A, "tablet/database.mjs", '{ durability: "strict" }', '{ durability: "relaxed" }')
    assert durabilities(device) == {"relaxed"}


UNFINISHED = {
    "it throws": "put('turns', 't1', {}); throw new Error('no')",
    "a value cannot be stored": "put('turns', 't1', {}); put('turns', 't2', () => {})",
    "a key is none": "put('turns', 't1', {}); put('turns', null, {})",
    "it waits for something else": "put('turns', 't1', {}); await new Promise((go) => setTimeout(go, 50))",
    "it reads and then waits for something else": (
        "await get('turns', 't1'); put('turns', 't1', {}); await new Promise((go) => setTimeout(go, 50))"
    ),
}


def outcome(device: Device, change: str) -> list[object]:
    """How a write of this change ended, and what it left behind."""
    script = f"""
      const ended = await db.write(async ({{ get, put }}) => {{ {change} }}).then(() => "written", () => "failed");
      return [ended, (await db.all("turns")).length];
    """
    told: list[object] = device.run(script)
    return told


@pytest.mark.parametrize("change", UNFINISHED.values(), ids=UNFINISHED.keys())
def test_a_change_is_written_whole_or_not_at_all(device: Device, change: str) -> None:
    assert outcome(device.load(), change) == ["failed", 0]


def test_a_change_that_is_written_at_once_could_be_half_written(device: Device, street: Street) -> None:
    at_once = "put: (store, key, value) => transaction.objectStore(store).put(value, key),"
    later = "put: (store, key, value) => writes.push(() => transaction.objectStore(store).put(value, key)),"
    street.plant(A, "tablet/database.mjs", later, at_once)
    assert outcome(device.load(), UNFINISHED["it waits for something else"]) != ["failed", 0]


def test_a_change_reads_and_writes_in_one_go_against_another_tab(device: Device, context: BrowserContext) -> None:
    other = Device(context.new_page(), device.street)
    script = """
      const up = async ({ get, put }) => put("device", "n", ((await get("device", "n")) ?? 0) + 1);
      for (let times = 0; times < 40; times++) await db.write(up);
    """
    for tab in (device.load(), other.load()):
        tab.start(script)
    for tab in (device, other):
        tab.finish()
    assert device.run("return db.read('device', 'n')") == 80


# --- the next release --------------------------------------------------------------------------------------------

_END = "database.createObjectStore(store);\n  },\n];"
_ADDS = _END.replace("];", '  (database) => database.createObjectStore("later"),\n];')
_LOSES = _END.replace(
    "];", '  (database) => [database.deleteObjectStore("outbox"), database.createObjectStore("outbox")],\n];'
)


def upgraded(device: Device, street: Street, context: BrowserContext, step: str) -> tuple[Device, list[dict[str, str]]]:
    """A tab of the next release, whose database has one step more, beside an old one with unsent records."""
    made = device.load().keep(5)
    street.release = B
    street.plant(B, "tablet/database.mjs", _END, step)
    return Device(context.new_page(), street).load(), made


def test_an_upgrade_keeps_unsent_records_and_sends_them(
    device: Device, street: Street, context: BrowserContext
) -> None:
    new, made = upgraded(device, street, context, _ADDS)
    assert new.states() == ["waiting"] * 5
    assert new.run("return db.all('later')") == []
    new.sync()
    assert street.records == {one["id"]: [one["sealed"]] for one in made}


def test_an_upgrade_that_loses_records_would_be_found(device: Device, street: Street, context: BrowserContext) -> None:
    new, _ = upgraded(device, street, context, _LOSES)
    assert new.states() == []


def test_the_old_tab_is_told_and_writes_no_more(device: Device, street: Street, context: BrowserContext) -> None:
    upgraded(device, street, context, _ADDS)
    assert device.page.evaluate("window.outdated") is True
    script = "return db.write(({ put }) => void put('turns', 't1', {})).then(() => 'written', (error) => error.name)"
    assert device.run(script) == "Outdated"
    assert device.run("return m.database.openDatabase().catch((error) => error.name)") == "Outdated"


# --- a full disk -------------------------------------------------------------------------------------------------


@pytest.fixture
def small(device: Device, street: Street) -> Device:
    """A tablet whose browser has room for very little, and two records in it."""
    device.page.goto(f"{street.url}/tablet/")
    session = device.page.context.new_cdp_session(device.page)
    session.send("Storage.overrideQuotaForOrigin", {"origin": street.url, "quotaSize": 400_000})
    device.load().keep(2)
    return device


# Interviews of all sizes until not even a very short one finds room.
_FILL = """
  const said = [];
  for (const letters of [60_000, 10_000, 1_000, 10, 10, 10]) {
    for (let ended = "written"; ended === "written" && said.length < 1000; ) {
      const record = { format: 1, id: crypto.randomUUID(), sequence: said.length, q9: "x".repeat(letters) };
      const entry = await m.outbox.seal(record, given, 0);
      const also = ({ put }) => put("device", "last", record.id);
      ended = await m.outbox.keep(db, entry, also).then(() => "written", (error) => error.name);
      said.push([record.id, ended]);
    }
  }
  await m.outbox.release(db, 0, { all: true }).catch(() => {});
  return said;
"""


def filled(device: Device, street: Street) -> tuple[set[str], set[str], str]:
    """The disk is full: which interviews were said to be saved, which not, and with what error."""
    said: list[tuple[str, str]] = device.run(_FILL, street.assignment())
    [error] = {ended for _, ended in said} - {"written"}
    return {id_ for id_, ended in said if ended == "written"}, {id_ for id_, ended in said if ended == error}, error


def test_a_full_disk_is_named_and_everything_older_stays(small: Device, street: Street) -> None:
    saved, failed, error = filled(small, street)
    assert error == "StorageFull"
    kept = set(small.run("return (await m.outbox.entries(db)).map(({ id }) => id)"))
    assert saved <= kept
    assert not failed & kept
    assert small.run("return db.read('device', 'last')") in saved  # what belongs to a record fails with it


def test_a_full_disk_does_not_keep_the_outbox_from_emptying(small: Device, street: Street) -> None:
    saved, *_ = filled(small, street)
    for _ in range(2):
        small.sync()
    assert saved <= set(street.records)
    assert all(len(each) == 1 for each in street.records.values())
    assert small.states() == []


def test_an_outbox_that_is_stuck_on_a_full_disk_would_be_found(small: Device, street: Street) -> None:
    street.release = B  # the files of A are in the browser's cache
    street.plant(B, "tablet/sync.mjs", 'if (error.name !== "StorageFull") throw error;', "throw error;")
    small.load()
    filled(small, street)
    assert small.run("return m.sync.syncOnce(db, device).catch((error) => error.name)") == "StorageFull"
    assert small.states() != []


def test_whether_there_is_room_for_a_shift_is_found_out(small: Device) -> None:
    assert small.run("return m.persistence.hasRoom(db, 100_000)") is True
    assert small.run("return m.persistence.hasRoom(db)") is False
    assert small.run("return db.read('device', 'room')") is None


def test_the_room_is_told(device: Device) -> None:
    told = device.load().run("return m.persistence.persist()")
    assert told["quota"] > 1_000_000
    assert told["low"] is False
    assert isinstance(told["persisted"], bool)


def test_a_browser_that_says_nothing_about_room_is_taken_at_its_word(device: Device) -> None:
    nothing = {"persisted": False, "quota": None, "usage": None, "low": False}
    assert device.load().run("return m.persistence.persist({})") == nothing
    assert device.run("return m.persistence.persist(null)") == nothing
