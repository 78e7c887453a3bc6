// Typing in a sheet: Enter goes on to the next field, and what a number stands for is marked as it is typed.

const form = document.getElementById("sheet");
const fields = form ? [...form.querySelectorAll(".typed input, .typed textarea")] : [];

function mark(field) {
  const chosen = field.value.normalize("NFKC").toUpperCase().split(/[\s,;，、；.]+/);
  for (const key of field.closest(".typed").querySelectorAll("[data-key]")) {
    key.classList.toggle("chosen", chosen.includes(key.dataset.key));
  }
}

for (const field of fields) {
  mark(field);
  field.addEventListener("input", () => mark(field));
  field.addEventListener("keydown", (event) => {
    // In a comment Enter is a new line; while a Chinese word is being composed it ends the word.
    if (event.key !== "Enter" || event.isComposing || field.tagName === "TEXTAREA") return;
    event.preventDefault();
    const next = fields[fields.indexOf(field) + 1] ?? form.querySelector("button.primary");
    next.focus();
    next.select?.();
  });
}

(form?.querySelector('[aria-invalid="true"]') ?? null)?.focus();
