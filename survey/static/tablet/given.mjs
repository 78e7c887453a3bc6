// What was answered, as the server reads a form, and what is wrong with it, shown at its question.
import { checkAnswers } from "../instrument/validation.mjs";

// `told` is what instrument/form.mjs tells of a form. A number that is none is a wrong answer here, not a missing one.
export function given(form, { asked, answers }) {
  return Object.fromEntries(asked.map((code) => [code, numberIn(form, code) ?? answers[code]]).filter(([, value]) => value !== null));
}

function numberIn(form, code) {
  const fieldset = form.querySelector(`fieldset.item[id="${CSS.escape(code)}"]`);
  if (fieldset.dataset.type !== "integer") return null;
  const typed = fieldset.querySelector(`input[name="${CSS.escape(code)}"]`).value.normalize("NFKC").trim();
  const told = [...fieldset.querySelectorAll("input:checked")].map(({ value }) => value);
  if (typed) told.push(/^-?\d{1,10}$/.test(typed) ? Number(typed) : typed);
  return told.length > 1 ? told : (told[0] ?? null);
}

// -> {answers, problems}. An area was chosen from the frame's own lists.
export function checked(form, told, instrument, options) {
  return checkAnswers(instrument, given(form, told), () => true, options);
}

export function showProblem(form, { field, code, params }, sentences) {
  clearProblem(form, field);
  const fieldset = form.querySelector(`fieldset.item[id="${CSS.escape(field)}"]`);
  const id = `${field}-problem`;
  const text = sentences[code].replace(/\{(\w+)\}/g, (_, name) => params[name]);
  const sentence = Object.assign(document.createElement("p"), { id, className: "problem", textContent: text });
  fieldset.querySelector(".hint, .condition, legend").after(sentence);
  fieldset.classList.add("wrong");
  fieldset.setAttribute("aria-invalid", "true");
  fieldset.setAttribute("aria-describedby", [hintOf(fieldset), id].filter(Boolean).join(" "));
}

export function clearProblem(form, field) {
  const fieldset = form.querySelector(`fieldset.item[id="${CSS.escape(field)}"]`);
  fieldset.querySelector(".problem")?.remove();
  fieldset.classList.remove("wrong");
  fieldset.removeAttribute("aria-invalid");
  if (hintOf(fieldset)) fieldset.setAttribute("aria-describedby", hintOf(fieldset));
  else fieldset.removeAttribute("aria-describedby");
}

const hintOf = (fieldset) => fieldset.querySelector(".hint")?.id ?? null;
