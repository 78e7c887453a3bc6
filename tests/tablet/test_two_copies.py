"""The tablet's memory lies in two databases, and either of them is enough: what one lacks comes from the other."""

from typing import Any

import pytest

from tests.tablet.conftest import Device
from tests.tablet.street import B, Street

# `two` is the memory, `first` and `second` are its copies by themselves; content(db) is everything in one of them.
_BEGIN = """
  const release = document.querySelector("link").href.match(/[0-9a-f]{16}/)[0];
  const { openTwoCopies } = await import(`/static/${release}/tablet/two_copies.mjs`);
  const bucket = await navigator.storageBuckets?.open("second-copy");
  const first = db;
  const second = bucket && (await m.database.openDatabase(bucket.indexedDB));
  const two = await openTwoCopies();
  const content = async (one) => JSON.stringify(await one.write(async ({ stores, keys, all }) => {
    const found = {};
    for (const store of stores) found[store] = [await keys(store), await all(store)];
    return found;
  }));
  const even = async () => (await content(first)) === (await content(second));
"""
_WRITES = """
  await two.write(({ put }) => { put("turns", "t1", { passed: 1 }); put("device", "current", { turn: "t1" }); });
  await two.write(({ put, remove }) => {
    put("turns", "t2", { box: Uint8Array.of(1, 2) });
    remove("device", "current");
  });
"""


def run(device: Device, script: str, given: object = None) -> Any:
    """What the script returns, in a page that has just been opened."""
    return device.load().run(_BEGIN + script, given)


def test_what_is_written_is_in_both(device: Device) -> None:
    assert run(device, f"{_WRITES} return [await even(), await second.read('turns', 't2')]")[0] is True
    assert run(device, "return [await even(), (await second.all('turns')).length]") == [True, 2]


def test_a_change_that_fails_is_in_neither(device: Device) -> None:
    fails = "two.write(({ put }) => { put('turns', 't3', {}); throw new Error('no'); }).catch(() => 'failed')"
    assert run(device, f"{_WRITES} return [await {fails}, await even(), (await two.all('turns')).length]") == [
        "failed",
        True,
        2,
    ]


@pytest.mark.parametrize("lost", ["indexedDB", "bucket.indexedDB"])
def test_a_copy_that_was_thrown_away_is_made_again(device: Device, lost: str) -> None:
    run(device, _WRITES)
    device.page.goto("about:blank")  # nobody has it open
    device.load(path="/tablet/?lang=en")
    device.run(
        f"""
        db.close();
        const bucket = await navigator.storageBuckets.open("second-copy");
        await new Promise((gone) => ({lost}.deleteDatabase("minsheng").onsuccess = gone));
        """
    )
    assert run(device, "return [await even(), (await first.all('turns')).length]") == [True, 2]


def test_a_second_copy_that_fell_behind_is_made_anew_by_the_next_write(device: Device) -> None:
    behind = "await second.write(({ put, remove }) => { remove('turns', 't2'); put('device', 'writes', 1); });"
    again = "await two.write(({ put }) => put('turns', 't4', {}));"
    both = f"const before = await even(); {again} return [before, await even(), (await second.all('turns')).length]"
    assert run(device, f"{_WRITES} {behind} {both}") == [False, True, 3]


def test_an_app_that_had_one_copy_gets_the_other(device: Device) -> None:
    device.load().keep(3)
    run(device, "await two.write(({ put }) => put('turns', 't1', {}))")
    assert run(device, "return [await even(), (await second.all('outbox')).length]") == [True, 3]


def test_writes_that_do_not_wait_for_each_other_leave_both_even(device: Device) -> None:
    at_once = (
        "await Promise.all([...Array(30).keys()].map((n) => two.write(({ put }) => put('turns', `t${n % 7}`, { n }))));"
    )
    assert run(device, f"{at_once} return [await even(), (await second.read('turns', 't1')).n]") == [True, 29]


def test_a_full_disk_lets_records_go_from_both(device: Device, street: Street) -> None:
    device.page.goto(f"{street.url}/tablet/")
    session = device.page.context.new_cdp_session(device.page)
    session.send("Storage.overrideQuotaForOrigin", {"origin": street.url, "quotaSize": 400_000})
    fill = """
      let ended = "written";
      for (let n = 0; ended === "written"; n += 1) {
        const change = ({ put }) => put("outbox", [`${n}`, "d"], crypto.getRandomValues(new Uint8Array(20_000)));
        ended = await two.write(change).then(() => "written", (error) => error.name);
      }
      const keys = await two.write(({ keys }) => keys("outbox"));
      for (const key of keys) await two.write(({ remove }) => remove("outbox", key));
      return [ended, keys.length > 2, (await first.all("outbox")).length, (await second.all("outbox")).length];
    """
    assert run(device, fill) == ["StorageFull", True, 0, 0]


def test_a_browser_without_buckets_has_one_copy(device: Device) -> None:
    device.page.add_init_script("Object.defineProperty(Navigator.prototype, 'storageBuckets', { value: undefined })")
    assert run(device, f"{_WRITES} return [second, (await first.all('turns')).length]") == [None, 2]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("if (ofSecond > (ofFirst ?? -1)) await copy(second, first);", "if (false) ;"),
        ("last = last.then(() => follow(first, second, done)).catch(() => {});", "last = null;"),
        ("if (puts) noted(", "if (false) noted("),
    ],
)
def test_a_planted_fault_is_found(device: Device, street: Street, old: str, new: str) -> None:
    street.plant(B, "tablet/two_copies.mjs", old, new)
    street.release = B
    with pytest.raises(AssertionError):
        test_a_copy_that_was_thrown_away_is_made_again(device, "indexedDB")
