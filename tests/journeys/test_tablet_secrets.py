"""Who takes a tablet home finds no answer on it: not in any file of the browser's profile, whatever the browser packed
it into, and not in an app that somebody has left signed in.

The answers are such as stand in no questionnaire: a sentence and a number that were typed.
"""

import base64
import json
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.sync_api import Playwright, expect
from sqlalchemy import select
from sqlmodel import col

from survey.tables.wave_key import WaveKeyRow
from tests.browser import BrowserErrors
from tests.field import AREA, CHINA, questionnaire_text
from tests.journeys.tablet_browser import Handset, bring_home, new_handset, open_office
from tests.journeys.volunteer import Volunteer

FINISHED = "第七码头的苍鹭数了四百只灯笼 heron-lantern-quay"
UNFINISHED = "磨坊后面的水獭藏着三把铜钥匙 otter-copper-keys"
REFUSED = "told_not_to"
NUMBER = 730_194_628
ANSWERS: dict[str, object] = {
    "age": "18-34",
    "sex": "F",
    "home": AREA,
    "parks": "dissatisfied",
    "activities": ["cleaning"],
    "times": NUMBER,
    "comment": FINISHED,
}

STORES = ["assignments", "device", "drafts", "outbox", "roster", "sent", "turns"]
ENTRY = {"id", "wave", "key", "sealed", "digest", "made", "sequence", "assignment", "state", "problems"}
SESSION_MS = 4_000  # the browser writes down what it would need to open its tabs again only after a while
_URL = bytes.maketrans(b"+/", b"-_")

# All keys and values of both databases as text (bytes as Latin-1), and what else the app's origin stores.
_EVERYTHING = """async () => {
  const answer = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  let keys = 0;
  const written = (_, value) => {
    if (value instanceof CryptoKey) keys += 1;
    const bytes = value instanceof ArrayBuffer ? new Uint8Array(value) : value;
    return ArrayBuffer.isView(bytes) ? String.fromCharCode(...bytes) : value;
  };
  const second = await navigator.storageBuckets.open("second-copy");
  const stores = {};
  const parts = [];
  for (const factory of [indexedDB, second.indexedDB]) {
    const database = await answer(factory.open("minsheng"));
    for (const name of database.objectStoreNames) {
      const all = await answer(database.transaction(name).objectStore(name).getAll());
      stores[name] = (stores[name] ?? 0) + all.length;
      parts.push(all, await answer(database.transaction(name).objectStore(name).getAllKeys()));
    }
    database.close();
  }
  const text = new TextEncoder().encode(JSON.stringify(parts, written));
  const others = [...Object.keys(localStorage), document.cookie, ...Object.keys(sessionStorage)];
  const lists = [indexedDB.databases(), second.indexedDB.databases(), navigator.storageBuckets.keys()];
  const databases = (await Promise.all(lists)).flat().map((each) => each.name ?? each);
  return {
    stores,
    keys,
    text: btoa(Array.from(text, (byte) => String.fromCharCode(byte)).join("")),
    others: [...others, ...databases].filter((name) => !["", "minsheng", "second-copy", "saved"].includes(name)),
  };
}"""

Needles = dict[str, bytes]


@pytest.fixture
def go_out(
    playwright: Playwright, sqlite_url: str, tmp_path: Path, browser_errors: BrowserErrors
) -> Iterator[Callable[..., Handset]]:
    """A tablet at its point without a network; its office serves the app in this state: `go_out("wsgi:app")`."""
    with ExitStack() as ends:

        def make(application: str = "wsgi:app") -> Handset:
            until = f"{datetime.now(CHINA) + timedelta(days=90):%Y-%m-%d}"
            text = questionnaire_text(valid_until=until).replace("maximum: 365", "maximum: 999999999")
            opened = open_office(sqlite_url, tmp_path, protocol={"every": 1}, questionnaire=text)
            office = ends.enter_context(opened)
            if application != "wsgi:app":
                office.stop()
                office.start(application)
            handset = ends.enter_context(new_handset(playwright, tmp_path / "profile", office, browser_errors))
            handset.start().open().ready()
            handset.context.set_offline(True)
            return handset

        yield make


# --- what is looked for, and where ------------------------------------------------------------------------------


def needles() -> Needles:
    """The answers as a browser may write them down."""
    sentences = {"finished": FINISHED, "unfinished": UNFINISHED}
    parts = {f"{name} {part}": part for name, text in sentences.items() for part in text.split(" ")}
    found = {f"{name} as UTF-8": part.encode() for name, part in parts.items()}
    found |= {f"{name} as UTF-16": part.encode("utf-16-le") for name, part in parts.items()}
    found |= {f"{name} as JSON": json.dumps(part)[1:-1].encode() for name, part in parts.items()}
    found |= {"number as text": str(NUMBER).encode(), "number as UTF-16": str(NUMBER).encode("utf-16-le")}
    found |= {"number as a double": struct.pack("<d", NUMBER), "number of V8": b"I" + _varint(2 * NUMBER)}
    found |= {"a reason": b'"reason":"' + REFUSED.encode()}
    return found


def _varint(number: int) -> bytes:
    packed = bytearray()
    while number > 127:
        packed.append(number & 127 | 128)
        number >>= 7
    return bytes([*packed, number])


def found_in(profile: Path, wanted: Needles) -> list[str]:
    """Which answer lies in which file, in the clear or packed."""
    found = []
    for path in sorted(profile.rglob("*")):
        if path.is_file() and not path.is_symlink():
            whole = b"\0".join(layers(path))
            found += [f"{name} in {path.relative_to(profile)}" for name, needle in wanted.items() if needle in whole]
    return found


def layers(path: Path) -> list[bytes]:
    """A file as it is, and everything in it that was cut up or packed, as it was before."""
    raw = path.read_bytes()
    found = [raw, *_inflated(raw)]
    if path.suffix == ".log":
        found.append(_log(raw))
    if path.suffix in {".ldb", ".sst"}:
        found += _table(raw)
    return found + [value for layer in found for value in _packed_values(layer)]


def _inflated(raw: bytes) -> Iterator[bytes]:
    for start in re.finditer(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]", raw):
        with suppress(zlib.error):
            yield zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(raw[start.start() :])


def _log(raw: bytes) -> bytes:
    """The records of a LevelDB log: it cuts them up into blocks of 32 kB."""
    joined = bytearray()
    for start in range(0, len(raw), 32_768):
        block, at = raw[start : start + 32_768], 0
        while at + 7 <= len(block):
            (length,) = struct.unpack_from("<H", block, at + 4)
            joined += block[at + 7 : at + 7 + length]
            at += 7 + length
    return bytes(joined)


def _table(raw: bytes) -> list[bytes]:
    """The blocks of a LevelDB table, as its index names them."""
    footer = raw[-48:]
    _, at = _number(footer, 0)
    _, at = _number(footer, at)
    index = _block(raw, *_handle(footer, at))
    found, at = [index], 0
    (restarts,) = struct.unpack_from("<I", index, len(index) - 4)
    while at < len(index) - 4 * (restarts + 1):
        _, at = _number(index, at)
        key, at = _number(index, at)
        value, at = _number(index, at)
        found.append(_block(raw, *_handle(index, at + key)))
        at += key + value
    return found


def _handle(data: bytes, at: int) -> tuple[int, int]:
    offset, at = _number(data, at)
    return offset, _number(data, at)[0]


def _block(raw: bytes, offset: int, length: int) -> bytes:
    content, packed = raw[offset : offset + length], raw[offset + length]
    return unsnapped(content) if packed else content


def _packed_values(layer: bytes) -> Iterator[bytes]:
    """IndexedDB packs larger values before the database sees them, behind these three bytes."""
    for start in re.finditer(rb"\xff\x11\x02", layer):
        with suppress(IndexError):
            yield unsnapped(layer[start.end() :])


def unsnapped(packed: bytes) -> bytes:
    """What Snappy has packed."""
    length, at = _number(packed, 0)
    made = bytearray()
    while len(made) < length:
        tag = packed[at]
        kind, size, at = tag & 3, tag >> 2, at + 1
        if kind == 0:
            more = max(size - 59, 0)
            size = int.from_bytes(packed[at : at + more], "little") if more else size
            made += packed[at + more : at + more + size + 1]
            at += more + size + 1
            continue
        if kind == 1:
            size, back, at = (size & 7) + 3, tag >> 5 << 8 | packed[at], at + 1
        else:
            width = 2 if kind == 2 else 4
            back, at = int.from_bytes(packed[at : at + width], "little"), at + width
        for _ in range(size + 1):
            made.append(made[-back])
    return bytes(made)


def _number(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            return value, at


def private_key(handset: Handset) -> Needles:
    """The wave's private key, in the forms in which it could have been carried."""
    with handset.office.field.db.reading() as connection:
        (der,) = connection.execute(select(col(WaveKeyRow.private))).scalars()
    key = serialization.load_der_private_key(der, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    secret = key.private_numbers().private_value.to_bytes(32, "big")
    text = base64.b64encode(secret)[:40]
    forms = {"raw": secret, "hex": secret.hex().encode(), "base64": text, "base64url": text.translate(_URL)}
    return {f"private key, {name}": form for name, form in forms.items()}


# --- a day with the tablet --------------------------------------------------------------------------------------


def an_interview_under_way(volunteer: Volunteer) -> None:
    """Up to a sentence that was typed and kept."""
    volunteer.begin()
    volunteer.answer_all(ANSWERS | {"comment": UNFINISHED})
    volunteer.wait_for_draft()
    volunteer.page.wait_for_timeout(SESSION_MS)


def a_finished_one_and_one_under_way(handset: Handset) -> Volunteer:
    """Somebody refuses, somebody is interviewed, and somebody is in the middle."""
    volunteer = Volunteer(handset.page, handset.office)
    volunteer.refuse(REFUSED, sex="M")
    volunteer.interview(ANSWERS)
    an_interview_under_way(volunteer)
    return volunteer


def test_no_file_of_the_profile_has_an_answer_in_the_clear(go_out: Callable[..., Handset]) -> None:
    handset = go_out()
    a_finished_one_and_one_under_way(handset)
    handset.close()
    wanted = needles() | private_key(handset)
    assert found_in(handset.profile, wanted) == [], "after the browser was closed"
    volunteer = handset.start(offline=True).open()
    volunteer.sign_in()
    handset.page.locator("#go-on").tap()
    expect(volunteer.item("comment").locator("textarea")).to_have_value(UNFINISHED)
    volunteer.answer("comment", text=f"{UNFINISHED}!")
    volunteer.wait_for_draft()
    handset.page.wait_for_timeout(SESSION_MS)
    handset.kill()
    assert found_in(handset.profile, wanted) == [], "after the browser was killed in an interview"

    handset.start().open().sign_in()
    handset.page.locator("#go-on").tap()
    volunteer = Volunteer(handset.page, handset.office)
    expect(volunteer.item("comment").locator("textarea")).to_have_value(f"{UNFINISHED}!")
    volunteer.finish()
    volunteer.at("street")
    handset.close()
    handset.start().open().sign_in()
    bring_home(handset)
    comments = [row["answers"].get("comment") for row in handset.office.records()]
    assert comments == [None, FINISHED, f"{UNFINISHED}!"], "that is what was typed"
    handset.close()
    assert found_in(handset.profile, wanted) == [], "after everything was sent"


@pytest.mark.parametrize("fault", ["drafts_in_the_clear", "forms_that_are_remembered"])
def test_an_answer_in_the_clear_would_be_found(fault: str, go_out: Callable[..., Handset]) -> None:
    handset = go_out(f"tests.journeys.planted_tablet:{fault}()")
    an_interview_under_way(Volunteer(handset.page, handset.office))
    handset.kill()
    assert found_in(handset.profile, needles()) != []


@pytest.mark.parametrize("pack", ["deflate", "snappy"])
def test_an_answer_would_be_found_in_what_a_browser_packs(pack: str, tmp_path: Path) -> None:
    text = f"{FINISHED} ".encode() * 50
    (tmp_path / "packed").write_bytes(b"x" * 100 + (zlib.compress(text) if pack == "deflate" else _snapped(text)))
    assert [each.partition(" as ")[0] for each in found_in(tmp_path, needles())] != []


def _snapped(text: bytes) -> bytes:
    """Two thirds of it as Snappy would write it: a literal, and a copy of what was written before."""
    unit = text[:60]
    copied = bytes([(60 - 1) << 2 | 2]) + struct.pack("<H", 60)
    return b"\xff\x11\x02" + _varint(180) + bytes([59 << 2]) + unit + copied * 2


# --- an app that was left signed in -----------------------------------------------------------------------------


def test_a_tablet_that_is_left_signed_in_shows_no_finished_interview(go_out: Callable[..., Handset]) -> None:
    handset = go_out()
    volunteer = a_finished_one_and_one_under_way(handset)
    page = handset.page
    page.locator("[data-break]").tap()
    page.locator('[data-reason="other"]:visible').tap()
    volunteer.at("street")
    for screen in ("street", "box"):
        volunteer.at(screen)
        shown = page.locator("html").inner_html()
        assert [part for text in (FINISHED, UNFINISHED) for part in text.split(" ") if part in shown] == []
        assert str(NUMBER) not in shown
        if screen == "street":
            page.locator("#to-box").tap()
    everything = page.evaluate(_EVERYTHING)
    assert sorted(everything["stores"]) == STORES
    wanted = needles() | private_key(handset)
    assert [name for name, needle in wanted.items() if needle in base64.b64decode(everything["text"])] == []
    assert everything["keys"] == 0, "no key lies in the database"
    assert everything["others"] == [], "nor anything anywhere else"
    assert everything["stores"]["drafts"] == 0
    assert len(handset.all("outbox")) == 3
    for entry in handset.all("outbox"):
        assert set(entry) == ENTRY
        assert len(base64.b64decode(entry["sealed"], validate=True)) > 65


def test_a_finished_interview_in_the_clear_would_be_found_in_the_database(go_out: Callable[..., Handset]) -> None:
    handset = go_out("tests.journeys.planted_tablet:records_with_their_content()")
    Volunteer(handset.page, handset.office).interview(ANSWERS)
    text = base64.b64decode(handset.page.evaluate(_EVERYTHING)["text"])
    assert needles()["finished heron-lantern-quay as UTF-8"] in text
    handset.kill()
    assert found_in(handset.profile, needles()) != []
