// A question that was seen to is no longer marked: whether the answer is right, sending tells.
export function settle(fieldset) {
  const problem = fieldset && fieldset.querySelector(".problem");
  if (!problem) return;
  problem.remove();
  fieldset.classList.remove("wrong");
  fieldset.removeAttribute("aria-invalid");
  const hint = fieldset.querySelector(".hint");
  if (hint) fieldset.setAttribute("aria-describedby", hint.id);
  else fieldset.removeAttribute("aria-describedby");
}
