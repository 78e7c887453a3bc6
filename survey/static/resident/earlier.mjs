// An earlier draft comes back: a tab that is loaded again fills it in at once; who opens the form anew is asked first, for it
// may be somebody else.
import { fillLists } from "../instrument/areas.mjs";
import { fillIn } from "../instrument/fill_in.mjs";
import { DRAFT, forget, forgetDraft, inTab, namesOf, part } from "./device.mjs";

// `changed` hears when fields were filled in or emptied.
export async function restore(form, draft, changed) {
  const note = part("draft");
  const [goOn, clear] = note.querySelectorAll("button");
  const token = form.elements._token;
  clear.addEventListener("click", () => {
    namesOf(DRAFT).forEach(forget);
    if (goOn.hidden) form.reset();
    note.hidden = true;
    changed();
  });
  note.hidden = false;
  if (inTab("begun") !== draft.id) await new Promise((pressed) => goOn.addEventListener("click", pressed));
  goOn.hidden = true;
  // The same form goes on, by the same id: so a slot that was held for it still is.
  if (draft.version === form.dataset.version) {
    token.value = draft.token;
    token.dataset.id = draft.id;
  } else {
    forgetDraft(draft.id);
  }
  await fillIn(form, draft.fields, fillLists);
  const { filled, changed: anew } = note.dataset;
  note.firstElementChild.textContent = draft.version === form.dataset.version ? filled : anew;
  form.dispatchEvent(new Event("input"));
}
