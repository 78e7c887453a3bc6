// What was filled in stays on this phone until it is sent, at most a day, so that a reload or a call loses nothing. A
// tab that is loaded again fills it in at once; who opens the form anew is asked first, for it may be somebody else.

const DAY = 24 * 60 * 60 * 1000;
const IGNORED = /^_/; // token, language and the like belong to the page, not to the person

function key(form) {
  return `draft:${new URL(form.action).pathname}:${form.dataset.version}`;
}

export function remember(form) {
  const fields = [...new FormData(form)].filter(([name]) => !IGNORED.test(name));
  localStorage.setItem(key(form), JSON.stringify({ at: Date.now(), fields }));
  sessionStorage.setItem(key(form), "begun in this tab");
}

export async function restore(form, changed) {
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
  await fillIn(form, draft);
  note.firstElementChild.textContent = note.dataset.filled;
  goOn.hidden = true;
  note.hidden = false;
  changed();
}

async function fillIn(form, draft) {
  for (const [name, value] of draft.fields) {
    for (const element of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
      if (element.type === "radio" || element.type === "checkbox") element.checked = element.checked || element.value === value;
      else if (element.tagName === "SELECT") await restoreList(form, element, value);
      else element.value = value;
    }
  }
}

// A list of areas shows what lies below the poster's area; for somebody from elsewhere it is fetched again. The fields
// of a draft stand in the order of the page, so each list is there before its answer.
async function restoreList(form, list, value) {
  if (list.value === value || ![...list.options].some((option) => option.value === value)) return;
  list.value = value;
  if (!/__(district|street)$/.test(list.name)) return;
  const { fillLists } = await import("./areas.mjs");
  await fillLists(form, list).catch(() => {}); // without a network the lists below stay empty
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
