// What was filled in stays on this phone until it is sent, at most a day, so that a reload or a call loses nothing. A
// tab that is loaded again fills it in at once; who opens the form anew is asked first, for it may be somebody else.
import { fieldsOf, fillIn } from "../instrument/fill_in.mjs";
import { DAY, begun, forget, keep, kept, part } from "./device.mjs";

const name = `draft:${location.pathname}`;

// A draft is gone when the form it belongs to has arrived, and not when another form of this phone has.
export function forgetDraft(id) {
  const draft = kept(name);
  if (draft && draft.id === id) forget(name);
}

// From now on every change is remembered, and an earlier draft comes back. `changed` hears when fields were filled in.
export async function keepDraft(form, id, changed) {
  const { version, filled } = form.dataset;
  const remember = () => {
    begun(true);
    keep(name, { at: Date.now(), id, version, fields: fieldsOf(form) });
  };
  form.addEventListener("input", remember);
  form.addEventListener("change", remember);

  const draft = kept(name);
  const note = part("draft");
  // A page that came back from the server already holds what was filled in.
  if (!draft || filled || part("summary")) return;
  if (!(Date.now() - draft.at < DAY)) return forget(name);
  const [goOn, clear] = note.querySelectorAll("button");
  clear.addEventListener("click", () => {
    forget(name);
    if (goOn.hidden) form.reset();
    note.hidden = true;
    changed();
  });
  note.hidden = false;
  if (!begun()) await new Promise((pressed) => goOn.addEventListener("click", pressed));
  goOn.hidden = true;
  await fillIn(form, draft.fields);
  note.firstElementChild.textContent = draft.version === version ? note.dataset.filled : note.dataset.changed;
  remember();
  changed();
}
