// What was filled in stays on this phone until it is sent, at most a day, so that a reload or a call loses nothing. A
// tab that is loaded again fills it in at once; who opens the form anew is asked first, for it may be somebody else.
import { fieldsOf, fillIn } from "../instrument/fill_in.mjs";

const DAY = 24 * 60 * 60 * 1000;

// From now on every change is remembered. `begun` says that there was one already; else an earlier draft comes back.
export async function keepDraft(form, changed, begun) {
  form.addEventListener("input", () => remember(form));
  form.addEventListener("change", () => remember(form));
  if (begun) remember(form);
  else await restore(form, changed);
}

function key(form) {
  return `draft:${new URL(form.action).pathname}:${form.dataset.version}`;
}

function remember(form) {
  localStorage.setItem(key(form), JSON.stringify({ at: Date.now(), fields: fieldsOf(form) }));
  sessionStorage.setItem(key(form), "begun in this tab");
}

async function restore(form, changed) {
  const draft = read(key(form));
  // A page that came back with problems already holds what was filled in.
  if (!draft || document.getElementById("summary") || form.dataset.filled) return;
  const note = document.getElementById("draft");
  const [goOn, clear] = note.querySelectorAll("button");
  clear.addEventListener("click", () => {
    localStorage.removeItem(key(form));
    if (goOn.hidden) form.reset();
    note.hidden = true;
    changed();
  });
  if (!sessionStorage.getItem(key(form))) {
    note.hidden = false;
    await new Promise((pressed) => goOn.addEventListener("click", pressed));
  }
  await fillIn(form, draft.fields);
  note.firstElementChild.textContent = note.dataset.filled;
  goOn.hidden = true;
  note.hidden = false;
  changed();
}

function read(name) {
  try {
    const draft = JSON.parse(localStorage.getItem(name));
    if (draft && Date.now() - draft.at < DAY) return draft;
  } catch {
    // A draft we can't read is no draft.
  }
  localStorage.removeItem(name);
  return null;
}
