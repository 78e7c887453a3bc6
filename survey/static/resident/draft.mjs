// What was filled in stays on this phone until it is sent, at most a day, so that a reload or a call loses nothing.

const DAY = 24 * 60 * 60 * 1000;
const IGNORED = /^_/; // token, language and the like belong to the page, not to the person

function key(form) {
  return `draft:${new URL(form.action).pathname}:${form.dataset.version}`;
}

export function remember(form) {
  const fields = [...new FormData(form)].filter(([name]) => !IGNORED.test(name));
  localStorage.setItem(key(form), JSON.stringify({ at: Date.now(), fields }));
}

export async function restore(form, changed) {
  const draft = read(key(form));
  // A page that came back with problems already holds what was filled in.
  if (!draft || document.getElementById("summary") || form.dataset.filled) return;
  for (const [name, value] of draft.fields) {
    for (const element of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
      if (element.type === "radio" || element.type === "checkbox") element.checked = element.checked || element.value === value;
      else if (element.tagName === "SELECT") await restoreList(form, element, value);
      else element.value = value;
    }
  }
  const note = document.getElementById("draft");
  note.hidden = false;
  note.querySelector("button").addEventListener("click", () => {
    localStorage.removeItem(key(form));
    form.reset();
    note.hidden = true;
    changed();
  });
  changed();
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
