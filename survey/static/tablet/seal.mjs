// What a record is sealed with, so that only the server can open it: HPKE (RFC 9180), base mode, single shot, with
// DHKEM(P-256, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM. WebCrypto has the parts; this puts them together.
import { fromBase64, joined, toBase64, toHex, utf8 } from "./bytes.mjs";

const CURVE = { name: "ECDH", namedCurve: "P-256" };
const KEM = joined(utf8("KEM"), Uint8Array.of(0x00, 0x10)); // suite_id of section 4.1
const SUITE = joined(utf8("HPKE"), Uint8Array.of(0x00, 0x10, 0x00, 0x01, 0x00, 0x02)); // and of section 5.1
const NOTHING = new Uint8Array(0);
const BASE_MODE = Uint8Array.of(0);

// The text for whoever has the private key to this public one (base64 of the uncompressed point), as base64 of
// enc ‖ ciphertext.
export async function sealTo(publicKey, info, text) {
  const ephemeral = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
  return toBase64(await sealWith(ephemeral, fromBase64(publicKey), utf8(info), utf8(text)));
}

export async function digestOf(text) {
  return toHex(await crypto.subtle.digest("SHA-256", utf8(text)));
}

// Everything but the dice, so that the vectors of the RFC can be tried.
export async function sealWith(ephemeral, recipient, info, plaintext, aad = NOTHING) {
  const { enc, secret } = await encapsulate(ephemeral, recipient);
  const { key, nonce } = await keySchedule(secret, info);
  const cipher = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce, additionalData: aad }, cipher, plaintext);
  return joined(enc, sealed);
}

// Encap of section 4.1.
async function encapsulate(ephemeral, recipient) {
  const theirs = await crypto.subtle.importKey("raw", recipient, CURVE, false, []);
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, ephemeral.privateKey, 256);
  const enc = await crypto.subtle.exportKey("raw", ephemeral.publicKey);
  const extracted = await extract(KEM, NOTHING, "eae_prk", shared);
  return { enc, secret: await expand(KEM, extracted, "shared_secret", joined(enc, recipient), 32) };
}

// KeySchedule of section 5.1, without a pre-shared key. The first message of a context has the base nonce.
async function keySchedule(shared, info) {
  const noKey = await extract(SUITE, NOTHING, "psk_id_hash", NOTHING);
  const context = joined(BASE_MODE, noKey, await extract(SUITE, NOTHING, "info_hash", info));
  const secret = await extract(SUITE, shared, "secret", NOTHING);
  const key = await expand(SUITE, secret, "key", context, 32);
  return { key, nonce: await expand(SUITE, secret, "base_nonce", context, 12) };
}

// LabeledExtract of section 4.
function extract(suite, salt, label, material) {
  return hmac(salt, joined(utf8("HPKE-v1"), suite, utf8(label), material));
}

// LabeledExpand of section 4. No output here is longer than one block of HKDF, so one HMAC is all of it.
async function expand(suite, secret, label, info, length) {
  const labeled = joined(Uint8Array.of(0, length), utf8("HPKE-v1"), suite, utf8(label), info, Uint8Array.of(1));
  return (await hmac(secret, labeled)).slice(0, length);
}

async function hmac(key, message) {
  const raw = key.byteLength ? key : new Uint8Array(32); // the same for HMAC, and WebCrypto takes no empty key
  const imported = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return crypto.subtle.sign("HMAC", imported, message);
}
