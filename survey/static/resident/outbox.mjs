// Forms on their way. Before the first byte leaves, the form is kept on this phone as it will be sent, and every attempt
// sends just that; so the server knows an attempt for a repetition. It goes when the server has said what became of it.
// What remains for a day is where its receipt is, without any answer; of a letter's form nothing remains.
import { DAY, forget, kept, namesOf } from "./device.mjs";

export const PREFIX = "outbox:";
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
