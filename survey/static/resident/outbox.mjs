// Forms on their way. Before the first byte leaves, the form is kept on this phone as it will be sent, and every attempt
// sends just that; so the server knows an attempt for a repetition. It goes when the server has said what became of it.
// What remains for a day is where its receipt is, without any answer.
import { DAY, forget, keep, kept, namesOf } from "./device.mjs";

const PREFIX = "outbox:";
const MONTH = 30 * DAY;

// Every form on its way, {name, path, id, body}, and every receipt, {name, path, id, thanks}.
export function entries() {
  const found = [];
  for (const name of namesOf(PREFIX)) {
    const entry = kept(name) || {};
    const age = Date.now() - entry.at;
    if (age < (entry.body ? MONTH : DAY)) found.push({ ...entry, name });
    else forget(name);
  }
  return found;
}

// The entry of a form that is to be sent; `safe` says whether this phone keeps it.
export function post(path, id, body) {
  const name = `${PREFIX}${path}:${id}`;
  return { path, id, body, name, safe: keep(name, { at: Date.now(), path, id, body }) };
}

export function arrived({ name, path, id }, thanks) {
  keep(name, { at: Date.now(), path, id, thanks });
}

// One tab at a time sends a form, where the browser can say so; elsewhere two may, and the server keeps one.
export async function alone({ name }, busy, send) {
  if (!navigator.locks) return send();
  const free = await navigator.locks.request(name, { ifAvailable: true }, (lock) => (lock ? send() : "taken"));
  if (free !== "taken") return free;
  busy();
  return navigator.locks.request(name, send);
}
