// A form with a script: questions appear and vanish as answers decide, lists of areas follow each other, and a category
// that stands alone lets go of the others.
import { LIST_ABOVE } from "./fields.mjs";
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
      if (typed === "") return chosen[0] || null;
      return /^-?\d{1,10}$/.test(typed) ? Number(typed) : null;
    }
    case "text":
    case "area":
      return field.value.trim() || null;
    default:
      return chosen[0] || null;
  }
}

// Shows what is asked and hides the rest.
function show(form, table) {
  const fieldsets = [...form.querySelectorAll("fieldset.item")];
  const answers = {};
  for (const fieldset of fieldsets) answers[fieldset.id] = answerOf(fieldset);
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

// From now on the form follows its answers, and `told` hears what `show` tells; `fillLists` (areas.mjs) is asked for the
// lists below a changed one. Returns what shows and tells once more.
export function begin(form, table, told, fillLists) {
  const route = () => told(show(form, table));
  form.addEventListener("change", standAlone);
  form.addEventListener("input", route);
  form.addEventListener("change", route);
  form.addEventListener("change", async ({ target }) => {
    if (!LIST_ABOVE.test(target.name)) return;
    await fillLists(form, target);
    route();
  });
  route();
  return route;
}
