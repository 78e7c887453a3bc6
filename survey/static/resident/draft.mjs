// What was filled in stays on this phone until it is sent, at most a day, so that a reload or a call loses nothing. Each
// form has a draft of its own: who begins anew does not overwrite what may be somebody else's.
import { fieldsOf } from "../instrument/fields.mjs";
import { DAY, DRAFT, forget, forgetDraft, inTab, keep, kept, namesOf, part } from "./device.mjs";

// The drafts of this page's form, the newest first. Of any form none is kept for more than a day.
export function drafts() {
  const found = [];
  for (const name of namesOf("draft:")) {
    const draft = kept(name) || {};
    if (!(Date.now() - draft.at < DAY)) forget(name);
    else if (name.startsWith(DRAFT)) found.push(draft);
  }
  return found.sort((one, other) => other.at - one.at);
}

// From now on every change is remembered. Returns the earlier drafts that may come back.
export function keepDraft(form, earlier) {
  const { version, filled } = form.dataset;
  const remember = () => {
    const { value, dataset } = form.elements._token;
    inTab("begun", dataset.id);
    keep(DRAFT + dataset.id, { at: Date.now(), id: dataset.id, token: value, version, fields: fieldsOf(form) });
  };
  form.addEventListener("input", remember);
  form.addEventListener("change", remember);
  if (!filled && !part("summary")) return earlier;
  // A page that came back from the server already holds what was filled in, maybe under another id.
  forgetDraft(inTab("begun"));
  remember();
  return [];
}
