"""That an interview under way survives everything but its own end, and opens only with its volunteer's PIN."""

import hashlib
import json
from typing import Any

from tests.tablet.conftest import Device
from tests.tablet.street import A, Street

SALT = "000102030405060708090a0b0c0d0e0f"
# a key for each volunteer, and a draft of an interview with so many answers
_KEYS = """
  const key = async (pin) => {
    const material = await crypto.subtle.digest("SHA-256", m.bytes.utf8(pin));
    return crypto.subtle.importKey("raw", material, "AES-GCM", false, ["encrypt", "decrypt"]);
  };
  window.mine = await key("mine");
  window.theirs = await key("theirs");
  window.draftOf = async (record, answers) => {
    const content = { format: 1, id: record, sequence: 4, finish: "broken_off", answers };
    const partial = await m.outbox.seal(content, given, 5);
    return { turn: "turn-1", assignment: given.id, content: { answers, note: "秘密" }, partial };
  };
"""
RECORD = "6f0d7c4e-1111-4000-8000-000000000001"


def begun(device: Device, release: str = A) -> Device:
    """A tablet whose volunteer is in the middle of an interview."""
    device.load(release=release).run(_KEYS, device.street.assignment())
    assert draft(device, q1="a") is True
    return device


def draft(device: Device, **answers: str) -> bool:
    """One more answer was given; whether the draft was written."""
    script = "return m.drafts.keepDraft(db, mine, await draftOf(given.record, given.answers))"
    written: bool = device.run(script, {"record": RECORD, "answers": answers})
    return written


def opened(device: Device, key: str = "mine") -> Any:
    """The draft's content, or "closed" for a key that is not its own."""
    script = f"return m.drafts.openDraft(db, 'turn-1', {key}).then((draft) => draft?.content ?? null, () => 'closed')"
    return device.run(script)


def finish(device: Device) -> None:
    """The interview ends: its record goes to the outbox and its draft goes."""
    script = """
      const record = { format: 1, id: given.record, sequence: 4, finish: "finished", answers: { q1: "a", q2: "b" } };
      const entry = await m.outbox.seal(record, given.assignment, 6);
      await m.outbox.keep(db, entry, ({ remove }) => remove("drafts", "turn-1"));
    """
    device.run(script, {"record": RECORD, "assignment": device.street.assignment()})


def send(device: Device) -> None:
    """All that can be sent is sent."""
    device.run("await m.outbox.release(db, 0, { all: true }); await m.sync.syncOnce(db, device)")


def test_a_draft_opens_with_its_own_key_only(device: Device) -> None:
    begun(device)
    assert opened(device) == {"answers": {"q1": "a"}, "note": "秘密"}
    assert opened(device, "theirs") == "closed"


def test_a_draft_lies_on_the_tablet_in_nothing_that_can_be_read(device: Device) -> None:
    begun(device)
    script = """
      const { box, ...rest } = await db.read("drafts", "turn-1");
      return JSON.stringify(rest) + new TextDecoder().decode(box);
    """
    assert "秘密" not in device.run(script)


def test_no_draft_is_null(device: Device) -> None:
    assert opened(begun(device)) is not None
    device.run("await m.drafts.eraseDraft(db, 'turn-1')")
    assert opened(device) is None
    assert device.run("return m.drafts.breakOff(db, 'turn-1')") is False


def answer_that_stayed(device: Device) -> str:
    """Two answers in quick succession, of which the first takes much longer to encrypt."""
    script = """
      const drafts = [await draftOf("quick", { q1: "first" }), await draftOf("quick", { q1: "last" })];
      const { encrypt } = SubtleCrypto.prototype;
      let wait = 300;
      SubtleCrypto.prototype.encrypt = async function (...parts) {
        const waited = wait;
        wait = 0;
        await new Promise((go) => setTimeout(go, waited));
        return encrypt.apply(this, parts);
      };
      await Promise.all(drafts.map((draft) => m.drafts.keepDraft(db, mine, draft)));
    """
    begun(device).run(script)
    stayed: str = opened(device)["answers"]["q1"]
    return stayed


def test_of_two_answers_in_quick_succession_the_last_stays(device: Device) -> None:
    assert answer_that_stayed(device) == "last"


def test_where_nobody_can_open_it_the_record_goes_out_as_broken_off(device: Device, street: Street) -> None:
    begun(device)
    draft(device, q1="a", q2="b")
    assert device.run("return m.drafts.breakOff(db, 'turn-1', ({ put }) => put('device', 'n', 1))") is True
    assert (opened(device), device.states()) == (None, ["waiting"])
    send(device)
    assert street.opened(RECORD)["finish"] == "broken_off"
    assert street.opened(RECORD)["answers"] == {"q1": "a", "q2": "b"}


def test_finishing_takes_the_draft_out_in_the_same_moment(device: Device, street: Street) -> None:
    finish(begun(device))
    assert (opened(device), device.states()) == (None, ["held"])
    send(device)
    assert street.opened(RECORD)["finish"] == "finished"


def test_a_late_draft_of_a_finished_interview_is_not_written(device: Device, street: Street) -> None:
    finish(begun(device))
    assert draft(device, q1="late") is False
    send(device)
    assert draft(device, q1="later still") is False
    assert opened(device) is None
    assert len(street.records[RECORD]) == 1


def test_an_interview_that_was_broken_off_and_finished_after_all_is_finished(device: Device, street: Street) -> None:
    begun(device).run("await m.drafts.breakOff(db, 'turn-1')")
    finish(device)
    send(device)
    assert street.opened(RECORD)["finish"] == "finished"
    assert len(street.records[RECORD]) == 1


def test_late_drafts_would_be_found(device: Device, street: Street) -> None:
    street.plant(A, "tablet/drafts.mjs", "if (stores.flat().length) return false;", "")
    finish(begun(device))
    assert draft(device, q1="late") is True


def test_drafts_in_disorder_would_be_found(device: Device, street: Street) -> None:
    street.plant(A, "tablet/drafts.mjs", "last.then(write)", "write()")
    assert answer_that_stayed(device) == "first"


def test_the_digest_of_a_partial_is_that_of_its_bytes(device: Device) -> None:
    begun(device)
    [partial] = device.run("return (await db.all('drafts')).map(({ partial }) => partial)")
    assert partial["digest"] == hashlib.sha256(partial["sealed"].encode()).hexdigest()
    assert json.dumps(partial)  # plain data
