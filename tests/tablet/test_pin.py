"""That a PIN is recognised without a network, that it alone opens its owner's drafts, and that guessing gets slow."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tests.tablet.node import MODULES, in_node, planted

SALT = bytes(range(16))
ITERATIONS = 1_000  # the rule is the same for 600,000


def derived(pin: str, info: bytes) -> bytes:
    master = hashlib.pbkdf2_hmac("sha256", pin.encode(), SALT, ITERATIONS, 32)
    return HKDF(hashes.SHA256(), 32, salt=None, info=info).derive(master)


def volunteer(pin: str) -> dict[str, Any]:
    verifier = hashlib.sha256(derived(pin, b"minsheng verifier")).hexdigest()
    return {"id": 3, "name": "李", "salt": SALT.hex(), "iterations": ITERATIONS, "verifier": verifier}


def recognised(pin: str, typed: str) -> bool:
    given = {"volunteer": volunteer(pin), "typed": typed}
    ok = in_node("pin", "return (await modules.pin.unlock(given.volunteer, given.typed)).ok", given)
    assert isinstance(ok, bool)
    return ok


def test_the_right_pin_opens_however_its_digits_were_typed() -> None:
    assert recognised("042917", "042917")
    assert recognised("042917", " ０４２９１７ ")


@pytest.mark.parametrize("typed", ["042918", "42917", "0429170", "", "04291a", "０４２９１８"])
def test_any_other_does_not(typed: str) -> None:
    assert not recognised("042917", typed)


def test_a_draft_is_encrypted_as_agreed_and_opens_again() -> None:
    script = """
      const { draftKey } = await modules.pin.unlock(given.volunteer, "314159");
      const box = await modules.pin.encryptDraft(draftKey, given.content);
      const opened = await modules.pin.decryptDraft(draftKey, box);
      return { box: modules.bytes.toHex(box), opened, extractable: draftKey.extractable };
    """
    content = {"q1": "a", "q9": "他说：好"}
    told = in_node("pin bytes", script, {"volunteer": volunteer("314159"), "content": content})
    assert told["opened"] == content
    assert told["extractable"] is False
    box = bytes.fromhex(told["box"])
    clear = AESGCM(derived("314159", b"minsheng draft")).decrypt(box[:12], box[12:], None)
    assert clear.decode() == '{"q1":"a","q9":"他说：好"}'


def test_nobody_elses_key_opens_a_draft() -> None:
    script = """
      const mine = await modules.pin.unlock(given[0], "111111");
      const theirs = await modules.pin.unlock(given[1], "222222");
      const box = await modules.pin.encryptDraft(mine.draftKey, { q1: "a" });
      return modules.pin.decryptDraft(theirs.draftKey, box).then(() => "opened", () => "closed");
    """
    assert in_node("pin", script, [volunteer("111111"), volunteer("222222")]) == "closed"


def waits(folder: Path = MODULES) -> list[int]:
    told = in_node("pin", "return given.map(modules.pin.waitAfter)", list(range(14)), folder)
    assert isinstance(told, list)
    return told


def test_five_guesses_are_free_and_then_the_waits_double_to_five_minutes() -> None:
    seconds = [0] * 5 + [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert waits() == [1000 * each for each in seconds]


def test_waits_that_never_end_would_be_found(tmp_path: Path) -> None:
    assert waits(planted(tmp_path, "pin.mjs", "FREE_GUESSES), LONGEST_WAIT", "FREE_GUESSES), Infinity")) != waits()
