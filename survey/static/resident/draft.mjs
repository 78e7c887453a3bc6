// What was filled in stays on this phone until it is sent, at most a day, so that a reload or a call loses nothing.
import { fieldsOf } from "../instrument/fields.mjs";
import { DAY, DRAFT, begun, forget, keep, kept, part } from "./device.mjs";

// From now on every change is remembered. Returns the earlier draft that may come back, if there is one.
export function keepDraft(form) {
  const { version, filled } = form.dataset;
  const remember = () => {
    begun(true);
    const { value, dataset } = form.elements._token;
    keep(DRAFT, { at: Date.now(), id: dataset.id, token: value, version, fields: fieldsOf(form) });
  };
  form.addEventListener("input", remember);
  form.addEventListener("change", remember);

  const draft = kept(DRAFT);
  // A page that came back from the server already holds what was filled in.
  if (!draft || filled || part("summary")) return null;
  if (Date.now() - draft.at < DAY) return draft;
  forget(DRAFT);
  return null;
}
