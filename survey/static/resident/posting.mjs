// Puts a form into the outbox, sees to it that one tab sends it, and leaves its receipt there.
import { forget, forgetDraft, keep } from "./device.mjs";
import { PREFIX } from "./outbox.mjs";

// The entry of a form that is to be sent; `safe` says whether this phone keeps it.
export function post(path, id, body) {
  const name = `${PREFIX}${path}:${id}`;
  return { path, id, body, name, safe: keep(name, { at: Date.now(), path, id, body }) };
}

// What is left of a form that has arrived. A letter's receipt is not at the letter's address, so that nothing holds
// the two together; nor does this phone: of a letter's form nothing is left.
export function arrived(entry, thanks) {
  const { name, path, id } = entry;
  if (thanks.startsWith(path)) keep(name, { at: Date.now(), path, id, thanks });
  else forget(name);
  forgetDraft(id);
}

// One tab at a time sends a form, where the browser can say so; elsewhere two may, and the server keeps one.
export async function alone({ name }, busy, send) {
  if (!navigator.locks) return send();
  const free = await navigator.locks.request(name, { ifAvailable: true }, (lock) => (lock ? send() : "taken"));
  if (free !== "taken") return free;
  busy();
  return navigator.locks.request(name, send);
}
