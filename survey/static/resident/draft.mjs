// What was filled in stays on this phone until it is sent, at most a day, so that a reload or a call loses nothing. Each
// form has a draft of its own: who begins anew does not overwrite what may be somebody else's.
import { fieldsOf } from "../instrument/fields.mjs";
import { DAY, DRAFT, forget, forgetDraft, inTab, keep, kept, namesOf, part } from "./device.mjs";

// From now on every change is remembered. Returns the earlier draft that may come back, if there is one: this tab's own,
// or the newest.
export function keepDraft(form) {
  const { version, filled } = form.dataset;
  const remember = () => {
    const { value, dataset } = form.elements._token;
    inTab("begun", dataset.id);
    keep(DRAFT + dataset.id, { at: Date.now(), id: dataset.id, token: value, version, fields: fieldsOf(form) });
  };
  form.addEventListener("input", remember);
  form.addEventListener("change", remember);
  // A page that came back from the server already holds what was filled in, maybe under another id.
  if (filled || part("summary")) {
    forgetDraft(inTab("begun"));
    return remember();
  }
  const drafts = [];
  for (const name of namesOf(DRAFT)) {
    const draft = kept(name) || {};
    if (Date.now() - draft.at < DAY) drafts.push(draft);
    else forget(name);
  }
  return drafts.find(({ id }) => id === inTab("begun")) || drafts.sort((one, other) => other.at - one.at)[0];
}
