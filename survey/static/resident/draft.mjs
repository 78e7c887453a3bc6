// What was filled in stays on this phone until it is sent, at most a day, so that a reload or a call loses nothing. A
// tab that is loaded again fills it in at once; who opens the form anew is asked first, for it may be somebody else.
import { fieldsOf, fillIn } from "../instrument/fill_in.mjs";
import { DAY, DRAFT, beginHere, begunHere, forget, keep, kept } from "./device.mjs";

// From now on every change is remembered, and an earlier draft comes back. `changed` hears when fields were filled in.
export async function keepDraft(form, id, changed, fillLists) {
  const { version, filled } = form.dataset;
  const remember = () => {
    beginHere(DRAFT);
    keep(DRAFT, { at: Date.now(), id, version, fields: fieldsOf(form) });
  };
  form.addEventListener("input", remember);
  form.addEventListener("change", remember);

  const draft = kept(DRAFT);
  const note = document.getElementById("draft");
  // A page that came back from the server already holds what was filled in.
  if (!draft || filled || document.getElementById("summary")) return;
  if (!(Date.now() - draft.at < DAY)) return forget(DRAFT);
  const [goOn, clear] = note.querySelectorAll("button");
  clear.addEventListener("click", () => {
    forget(DRAFT);
    if (goOn.hidden) form.reset();
    note.hidden = true;
    changed();
  });
  note.hidden = false;
  if (!begunHere(DRAFT)) await new Promise((pressed) => goOn.addEventListener("click", pressed));
  goOn.hidden = true;
  await fillIn(form, draft.fields, fillLists);
  note.firstElementChild.textContent = draft.version === version ? note.dataset.filled : note.dataset.changed;
  remember();
  changed();
}
