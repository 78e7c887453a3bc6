// A volunteer's PIN: whether it is right, without a network, and the key for the drafts of its owner, which nobody has
// who does not know it. Whoever takes a tablet home can try out six digits; they keep a colleague out, and guesses wait.
import { fromHex, joined, toHex, utf8 } from "./bytes.mjs";

const FREE_GUESSES = 5;
const FIRST_WAIT = 5_000;
const LONGEST_WAIT = 300_000;
const IV_BYTES = 12;

// volunteer: {salt (hex), iterations, verifier (hex)}. Takes half a second to seconds, on purpose.
export async function unlock(volunteer, pin) {
  const digits = pin.normalize("NFKC").trim();
  if (!/^\d{6}$/.test(digits)) return { ok: false, draftKey: null };
  const master = await stretched(digits, volunteer);
  const verifier = await crypto.subtle.deriveBits(derivation("minsheng verifier"), master, 256);
  const ok = toHex(await crypto.subtle.digest("SHA-256", verifier)) === volunteer.verifier;
  if (!ok) return { ok, draftKey: null };
  const cipher = { name: "AES-GCM", length: 256 };
  const uses = ["encrypt", "decrypt"];
  const draftKey = await crypto.subtle.deriveKey(derivation("minsheng draft"), master, cipher, false, uses);
  return { ok, draftKey };
}

async function stretched(digits, { salt, iterations }) {
  const pin = await crypto.subtle.importKey("raw", utf8(digits), "PBKDF2", false, ["deriveBits"]);
  const rule = { name: "PBKDF2", hash: "SHA-256", salt: fromHex(salt), iterations };
  const master = await crypto.subtle.deriveBits(rule, pin, 256);
  return crypto.subtle.importKey("raw", master, "HKDF", false, ["deriveBits", "deriveKey"]);
}

function derivation(info) {
  return { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: utf8(info) };
}

// How long to wait after so many wrong guesses before the next is taken, in ms.
export function waitAfter(failures) {
  if (failures < FREE_GUESSES) return 0;
  return Math.min(FIRST_WAIT * 2 ** (failures - FREE_GUESSES), LONGEST_WAIT);
}

export async function encryptDraft(draftKey, content) {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  return joined(iv, await crypto.subtle.encrypt({ name: "AES-GCM", iv }, draftKey, utf8(JSON.stringify(content))));
}

// Rejects where the key is somebody else's.
export async function decryptDraft(draftKey, box) {
  const iv = box.slice(0, IV_BYTES);
  const text = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, draftKey, box.slice(IV_BYTES));
  return JSON.parse(new TextDecoder().decode(text));
}
