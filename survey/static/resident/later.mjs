// What sends a form, brings an earlier draft back, and tells whether there is room and what is missing: fetched with the
// first answer, so that the page itself is light. Until it has come, the browser can send the form by itself.
import { fillLists } from "../instrument/areas.mjs";
import { fieldsOf } from "../instrument/fields.mjs";
import { part } from "./device.mjs";
import { restore } from "./earlier.mjs";
import { isEmpty, pointOut } from "./missing.mjs";
import { post } from "./posting.mjs";
import { roomFor } from "./room.mjs";
import { tryNow } from "./sending.mjs";
import { settle } from "./settle.mjs";
import { sendOpenly, sendQuietly } from "./under_way.mjs";

addEventListener("online", tryNow);
document.addEventListener("visibilitychange", () => document.hidden || tryNow());

// Sends the form, or says what is still to be answered. `told` is what the form tells of itself: {asked, answers}.
// Returns whether it is on its way.
export function send(form, told, pressed) {
  const missing = gaps(told, pressed);
  if (missing.length) pointOut(form, missing);
  if (missing.length || pressed === "next") return false;
  const body = new URLSearchParams(new FormData(form));
  if (pressed === "refuse") fieldsOf(form).forEach(([name]) => body.delete(name)); // as the button says
  body.append("_action", pressed);
  sendOpenly(post(location.pathname, form.elements._token.dataset.id, body.toString()));
  return true;
}

// What is still to be answered: of the first screen also what can't be understood, for the rest depends on it.
function gaps({ asked, answers }, pressed) {
  return asked.filter((code) => {
    const fieldset = part(code);
    if (answers[code] !== null || fieldset.hasAttribute("data-optional")) return false;
    if (pressed === "next") return fieldset.hasAttribute("data-entry");
    return pressed === "send" && isEmpty(fieldset);
  });
}

// Goes on with what still waits on this phone; `here` is the entry of this page's own form.
export function goOn(waiting, here) {
  for (const entry of waiting) {
    if (entry === here) sendOpenly(entry);
    else sendQuietly(entry);
  }
}

export { fillLists, restore, roomFor, settle };
