"""That what the tablet seals is HPKE as the RFC has it, and opens with the server's key and nothing else."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.tablet.node import MODULES, in_node, planted

VECTOR: dict[str, str] = json.loads((Path(__file__).parent / "hpke_vector.json").read_text("utf-8"))
SUITE = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
INFO = "minsheng record q4-2026 0b9c"
SEAL_VECTOR = """
  const bytes = Object.fromEntries(Object.entries(given).map(([name, hex]) => [name, modules.bytes.fromHex(hex)]));
  const { pkEm, skEm } = bytes;
  const [x, y, d] = [pkEm.slice(1, 33), pkEm.slice(33), skEm].map((part) => Buffer.from(part).toString("base64url"));
  const jwk = { kty: "EC", crv: "P-256", x, y, d };
  const curve = { name: "ECDH", namedCurve: "P-256" };
  const privateKey = await crypto.subtle.importKey("jwk", jwk, curve, false, ["deriveBits"]);
  const publicKey = await crypto.subtle.importKey("raw", pkEm, curve, true, []);
  const sealed = await modules.seal.sealWith({ privateKey, publicKey }, bytes.pkRm, bytes.info, bytes.pt, bytes.aad);
  return modules.bytes.toHex(sealed);
"""


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def public_text(key: ec.EllipticCurvePrivateKey) -> str:
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.b64encode(point).decode()


def sealed_by_the_tablet(key: ec.EllipticCurvePrivateKey, *texts: str, folder: Path = MODULES) -> list[bytes]:
    given: dict[str, Any] = {"key": public_text(key), "info": INFO, "texts": texts}
    script = "return Promise.all(given.texts.map((text) => modules.seal.sealTo(given.key, given.info, text)))"
    return [base64.b64decode(text) for text in in_node("seal", script, given, folder)]


def sealed_vector(folder: Path = MODULES) -> str:
    hexes = {name: value for name, value in VECTOR.items() if name != "source"}
    return str(in_node("seal bytes", SEAL_VECTOR, hexes, folder))


def test_the_vector_of_the_rfc_comes_out() -> None:
    assert sealed_vector() == VECTOR["pkEm"] + VECTOR["ct"]


def test_the_server_opens_what_the_tablet_sealed() -> None:
    key = new_key()
    texts = ["", "{}", '{"q9":"字迹,\\u0000 и эмодзи 🙂"}', "长" * 20_000]
    for text, sealed in zip(texts, sealed_by_the_tablet(key, *texts), strict=True):
        assert SUITE.decrypt(sealed, key, INFO.encode()).decode() == text


def test_the_same_text_is_sealed_anew_each_time() -> None:
    first, second = sealed_by_the_tablet(new_key(), "twice", "twice")
    assert first[:65] != second[:65]
    assert first != second


@pytest.mark.parametrize("what", ["another key", "another record", "a changed byte"])
def test_nothing_else_opens_it(what: str) -> None:
    key = new_key()
    [sealed] = sealed_by_the_tablet(key, "secret")
    if what == "a changed byte":
        sealed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    info = b"minsheng record q4-2026 0b9d" if what == "another record" else INFO.encode()
    with pytest.raises(InvalidTag):
        SUITE.decrypt(sealed, new_key() if what == "another key" else key, info)


def test_the_digest_is_that_of_the_text() -> None:
    assert in_node("seal", "return modules.seal.digestOf(given)", "AbC+/=") == hashlib.sha256(b"AbC+/=").hexdigest()


FAULTS = [
    ("the wrong cipher", "0x00, 0x01, 0x00, 0x02))", "0x00, 0x01, 0x00, 0x01))"),
    ("another label", '"shared_secret"', '"shared secret"'),
    ("a context without the recipient", "joined(enc, recipient)", "joined(enc, enc)"),
    ("no info", '"info_hash", info', '"info_hash", NOTHING'),
    ("the parts the other way round", "joined(enc, sealed)", "joined(sealed, enc)"),
]


@pytest.mark.parametrize(("old", "new"), [one[1:] for one in FAULTS], ids=[one[0] for one in FAULTS])
def test_a_planted_fault_changes_what_comes_out(tmp_path: Path, old: str, new: str) -> None:
    assert sealed_vector(planted(tmp_path, "seal.mjs", old, new)) != VECTOR["pkEm"] + VECTOR["ct"]
