// A question that was seen to is no longer marked: whether the answer is right, sending tells.
export function settle(fieldset) {
  const problem = fieldset && fieldset.querySelector(".problem");
  if (!problem) return;
  problem.remove();
  fieldset.classList.remove("wrong");
  const hint = fieldset.querySelector(".hint");
  for (const element of [fieldset, ...fieldset.querySelectorAll("[aria-invalid]")]) {
    element.removeAttribute("aria-invalid");
    if (hint) element.setAttribute("aria-describedby", hint.id);
    else element.removeAttribute("aria-describedby");
  }
}
