// The first screen says whom the answers would stand for. As soon as it is filled in, the rest of the form appears.
import { part } from "./device.mjs";

// `answered` hears of every complete entry: its answers as a text that tells one from another.
export function entryOf(form, answered) {
  let known = "";
  return ({ asked, answers }) => {
    const entry = asked.filter((code) => part(code).hasAttribute("data-entry"));
    const told = JSON.stringify(entry.map((code) => answers[code]));
    const open = (code) => answers[code] === null && !part(code).hasAttribute("data-optional");
    if (!entry.length || told === known || entry.some(open)) return;
    known = told;
    reveal(form);
    answered(told);
  };
}

export function reveal(form) {
  part("rest").hidden = false;
  if (part("go-on")) part("go-on").hidden = true;
  part("enter").value = "send";
  form.elements._stage.value = "whole";
}
