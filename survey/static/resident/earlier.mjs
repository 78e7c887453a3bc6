// Earlier drafts come back: a tab that is loaded again fills its own in at once; who opens the form anew is asked first, for
// they may be somebody else's.
import { fillLists } from "../instrument/areas.mjs";
import { fillIn } from "../instrument/fill_in.mjs";
import { DRAFT, forgetDraft, inTab, keep, kept, part } from "./device.mjs";

// `own` is this tab's among the drafts; `changed` hears when fields were filled in.
export async function restore(form, drafts, own, changed) {
  const note = part("draft");
  const [goOn, clear] = note.querySelectorAll("button");
  const token = form.elements._token;
  let draft = own;
  clear.addEventListener("click", () => {
    for (const { id } of draft ? [draft] : drafts) forgetDraft(id);
    note.hidden = true;
    // A fresh page has nothing of it: neither its id nor the lists that were fetched for it.
    if (draft) location.replace(location.pathname + location.search);
  });
  goOn.hidden = true;
  note.hidden = false;
  draft = draft || (await chosen(goOn, drafts));
  const filling = fillIn(form, draft.fields, fillLists);
  const same = draft.version === form.dataset.version;
  if (same) {
    // The same form goes on, by the same id: so a slot that was held for it still is.
    if (draft.id !== token.dataset.id) forgetDraft(token.dataset.id);
    token.value = draft.token;
    token.dataset.id = draft.id;
    inTab("begun", draft.id);
  }
  const { filled, changed: anew } = note.dataset;
  note.firstElementChild.textContent = same ? filled : anew;
  changed();
  const stop = keepWishes(form, draft.fields);
  if (!same) {
    form.dispatchEvent(new Event("input"));
    forgetDraft(draft.id);
  }
  await filling; // the lists of areas may be long in coming
  stop();
  changed();
}

// What is to be chosen in lists that have not come yet stays in the draft, whatever else is answered meanwhile.
function keepWishes(form, fields) {
  const wishes = new Map(fields.filter(([name]) => form.querySelector(`select[name="${CSS.escape(name)}"]`)));
  const name = () => DRAFT + form.elements._token.dataset.id;
  const add = () => {
    const now = kept(name());
    if (now) keep(name(), { ...now, fields: now.fields.map(([field, value]) => [field, value || wishes.get(field) || ""]) });
  };
  form.addEventListener("input", add);
  form.addEventListener("change", add);
  return () => {
    form.removeEventListener("input", add);
    form.removeEventListener("change", add);
  };
}

// One button for each draft, with the moment at which it was left.
function chosen(goOn, drafts) {
  const buttons = drafts.map(() => goOn.cloneNode(true));
  return new Promise((pressed) => {
    drafts.forEach((draft, at) => {
      const left = new Date(draft.at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
      buttons[at].append(` (${left})`);
      buttons[at].hidden = false;
      buttons[at].addEventListener("click", () => {
        for (const button of buttons) button.remove();
        pressed(draft);
      });
      goOn.before(buttons[at], " ");
    });
  });
}
