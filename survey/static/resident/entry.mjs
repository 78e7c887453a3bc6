// The first screen says whom the answers would stand for. As soon as it is filled in, the rest of the form appears.

// `answered` hears of every complete entry: its answers as a text that tells one from another.
export function entryOf(form, answered) {
  const part = (id) => document.getElementById(id);
  let known = "";
  return ({ asked, answers }) => {
    const entry = asked.filter((code) => part(code).hasAttribute("data-entry"));
    const told = JSON.stringify(entry.map((code) => answers[code]));
    if (!entry.length || told === known || entry.some((code) => answers[code] === null)) return;
    known = told;
    reveal(form);
    answered(told);
  };
}

export function reveal(form) {
  document.getElementById("rest").hidden = false;
  document.getElementById("enter").value = "send";
  form.elements._stage.value = "whole";
}
