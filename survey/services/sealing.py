"""The envelope that keeps a record unreadable from the tablet to here: HPKE, RFC 9180, in base mode.

DHKEM(P-256, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM: what every browser's WebCrypto has. The tablet knows the wave's
public key only. The wave and the record's id are bound into the envelope, so it cannot be passed off as another's.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

_SUITE = hpke.Suite(hpke.KEM.P256, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


class NotSealedForUs(Exception):
    """The envelope does not open: another key, another record, or damaged."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """`public`: an uncompressed point of P-256, 65 bytes; `private`: PKCS #8 in DER."""

    public: bytes
    private: bytes


def new_key_pair() -> KeyPair:
    """A key pair of a new wave."""
    private = ec.generate_private_key(ec.SECP256R1())
    return KeyPair(
        private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
        private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
    )


def open_sealed(sealed: str, private: bytes, wave_code: str, record_id: str) -> str:
    """The text in an envelope. Raises NotSealedForUs."""
    try:
        envelope = base64.b64decode(sealed, validate=True)
        text: bytes = _SUITE.decrypt(envelope, _key(private), _info(wave_code, record_id))
        return text.decode("utf-8")
    except (binascii.Error, InvalidTag, ValueError) as error:
        raise NotSealedForUs from error


def seal(text: str, public: bytes, wave_code: str, record_id: str) -> str:
    """What a tablet does: for tests, benchmarks and the demonstration."""
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
    return base64.b64encode(_SUITE.encrypt(text.encode(), key, _info(wave_code, record_id))).decode("ascii")


def digest_of(sealed: str) -> str:
    """SHA-256 (hex) of an envelope: what the receipt echoes."""
    return hashlib.sha256(sealed.encode("utf-8", "surrogatepass")).hexdigest()


@lru_cache(maxsize=64)
def _key(private: bytes) -> ec.EllipticCurvePrivateKey:
    key = load_der_private_key(private, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def _info(wave_code: str, record_id: str) -> bytes:
    return f"minsheng record {wave_code} {record_id}".encode()
