// The resident's form with a script: questions appear and vanish as answers decide, the three area lists follow each
// other, and what is filled in survives a reload. Without it the same form works through the server.
import { askedItems } from "../instrument/routing.mjs";

const form = document.getElementById("form");
const routing = JSON.parse(document.getElementById("routing").textContent);
const progress = document.getElementById("progress");

function answerOf(fieldset) {
  // Not form.elements[…]: the fieldset itself answers to the item's code there.
  const field = fieldset.querySelector(`[name="${CSS.escape(fieldset.id)}"]`);
  const chosen = [...fieldset.querySelectorAll("input:checked")].map((input) => input.value);
  switch (fieldset.dataset.type) {
    case "several":
      return chosen.length ? chosen : null;
    case "integer": {
      const typed = field.value.normalize("NFKC").trim();
      if (typed === "") return chosen[0] ?? null;
      return /^-?\d{1,10}$/.test(typed) ? Number(typed) : null;
    }
    case "text":
    case "area":
      return field.value.trim() || null;
    default:
      return chosen[0] ?? null;
  }
}

function route() {
  const fieldsets = [...form.querySelectorAll("fieldset.item")];
  const answers = Object.fromEntries(fieldsets.map((fieldset) => [fieldset.id, answerOf(fieldset)]));
  const asked = new Set(askedItems(routing, answers));
  let shown = 0;
  let answered = 0;
  for (const fieldset of fieldsets) {
    const visible = asked.has(fieldset.id);
    fieldset.hidden = !visible;
    if (!visible) continue;
    shown += 1;
    if (answers[fieldset.id] !== null) answered += 1;
  }
  for (const section of form.querySelectorAll("section")) {
    section.hidden = !section.querySelector("fieldset.item:not([hidden])");
  }
  progress.style.width = `${(100 * answered) / Math.max(shown, 1)}%`;
}

// A category that stands alone ("none of these", "don't know") lets go of the others, and they of it.
function standAlone(event) {
  const { target } = event;
  if (target.type !== "checkbox" || !target.checked) return;
  const fieldset = target.closest("fieldset");
  for (const other of fieldset.querySelectorAll("input[type=checkbox]:checked")) {
    if (other !== target && (target.hasAttribute("data-alone") || other.hasAttribute("data-alone"))) other.checked = false;
  }
}

// What only some people need is fetched when they need it: most never change their area or come back to a draft.
async function followAreas(event) {
  if (!/__(district|street)$/.test(event.target.name)) return;
  const { fillLists } = await import("./areas.mjs");
  await fillLists(form, event.target);
  route();
}

async function keepDraft(event) {
  const { restore, remember } = await import("./draft.mjs");
  form.addEventListener("input", () => remember(form));
  form.addEventListener("change", () => remember(form));
  if (event) remember(form);
  else await restore(form, route);
}

document.documentElement.classList.add("js");
progress.hidden = false;
form.addEventListener("change", standAlone);
form.addEventListener("change", followAreas);
form.addEventListener("input", route);
form.addEventListener("change", route);
route();
document.getElementById("summary")?.focus();

const draft = Object.keys(localStorage).some((key) => key.startsWith("draft:"));
if (draft) keepDraft();
else form.addEventListener("input", keepDraft, { once: true });

// A double tap sends one form: after the first press the buttons sleep; coming back to the page wakes them. Without a
// network nothing is sent, for the browser would put a page of its own in place of the form.
const buttons = [...form.elements].filter((element) => element.type === "submit");
const offline = document.getElementById("offline");
form.addEventListener("submit", (event) => {
  if (navigator.onLine) {
    setTimeout(() => buttons.forEach((button) => (button.disabled = true)));
  } else {
    event.preventDefault();
    offline.hidden = false;
    offline.focus();
  }
});
addEventListener("online", () => (offline.hidden = true));
addEventListener("pageshow", () => {
  buttons.forEach((button) => (button.disabled = false));
  route(); // the browser may have filled in what it remembers
});
