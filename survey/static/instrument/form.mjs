// A form with a script: questions appear and vanish as answers decide, lists of areas follow each other, and a category
// that stands alone lets go of the others. The resident's page, at the end, brings its form; the tablet begins its own.
import { askedItems } from "./routing.mjs";

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

// Shows what is asked and hides the rest.
function show(form, table) {
  const fieldsets = [...form.querySelectorAll("fieldset.item")];
  const answers = Object.fromEntries(fieldsets.map((fieldset) => [fieldset.id, answerOf(fieldset)]));
  const asked = askedItems(table, answers);
  for (const fieldset of fieldsets) fieldset.hidden = !asked.includes(fieldset.id);
  for (const section of form.querySelectorAll("section")) {
    section.hidden = !section.querySelector("fieldset.item:not([hidden])");
  }
  return { asked, answers, answered: asked.filter((code) => answers[code] !== null).length };
}

function standAlone({ target }) {
  if (target.type !== "checkbox" || !target.checked) return;
  for (const other of target.closest("fieldset").querySelectorAll("input[type=checkbox]:checked")) {
    if (other !== target && (target.hasAttribute("data-alone") || other.hasAttribute("data-alone"))) other.checked = false;
  }
}

// From now on the form follows its answers, and `told` hears what `show` tells. Returns what does so once more.
export function begin(form, table, told) {
  const route = () => told(show(form, table));
  form.addEventListener("change", standAlone);
  form.addEventListener("input", route);
  form.addEventListener("change", route);
  form.addEventListener("change", async ({ target }) => {
    if (!/__(district|street)$/.test(target.name)) return;
    const { fillLists } = await import("./areas.mjs");
    await fillLists(form, target);
    route();
  });
  route();
  return route;
}

const page = document.getElementById("form");
if (page) {
  const progress = document.getElementById("progress");
  document.documentElement.classList.add("js");
  progress.hidden = false;
  const rest = document.getElementById("rest");
  const told = JSON.parse(document.getElementById("routing").textContent);
  const route = begin(page, told, ({ asked, answers, answered }) => {
    // What follows the first screen comes as soon as the first screen is answered, and stays.
    const onEntry = (code) => document.getElementById(code).hasAttribute("data-entry");
    if (rest.hidden && asked.every((code) => !onEntry(code) || answers[code] !== null)) {
      rest.hidden = false;
      document.getElementById("enter").value = "send";
    }
    progress.style.width = `${(100 * answered) / Math.max(asked.length, 1)}%`;
  });
  document.getElementById("summary")?.focus();

  async function keepDraft(event) {
    const draft = await import("../resident/draft.mjs");
    await draft.keepDraft(page, route, event);
  }
  if (Object.keys(localStorage).some((key) => key.startsWith("draft:"))) keepDraft();
  else page.addEventListener("input", keepDraft, { once: true });

  // A double tap sends one form: after the first press the buttons sleep, until somebody comes back. Without a network
  // nothing is sent, for the browser would put a page of its own in place of the form.
  const buttons = [...page.elements].filter((element) => element.type === "submit");
  const offline = document.getElementById("offline");
  page.addEventListener("submit", (event) => {
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
}
