// While the rest of the form appears, the server is asked whether people like this one are asked and still needed. If not,
// the person is told before spending more time. Without an answer the form goes on: the server decides at the end.
import { part } from "./device.mjs";
import { reveal } from "./entry.mjs";

export function roomFor(form) {
  const [rest, full] = [part("rest"), part("full")];
  if (!full) return () => {};
  const [words, opinion, finish] = [full.querySelector("p"), part("opinion"), full.querySelector("button[name]")];
  const cellFull = words.textContent;
  let asked = "";
  let anyway = false;

  async function ask(entry) {
    const headers = { Accept: "application/json" };
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(`${location.pathname}/room`, { method: "POST", body, headers, redirect: "manual" });
    const { room, message } = await answer.json();
    // Who has gone on meanwhile is not interrupted.
    if (entry !== asked || anyway || rest.querySelector("input:checked")) return;
    const stranger = room === "ineligible";
    words.textContent = stranger ? message : cellFull;
    opinion.hidden = stranger;
    finish.value = stranger ? "send" : "leave";
    rest.hidden = stranger || room === "full";
    full.hidden = !rest.hidden;
    if (rest.hidden && document.activeElement === document.body) (stranger ? finish : opinion).focus();
  }

  opinion.addEventListener("click", () => {
    anyway = true;
    full.hidden = true;
    reveal(form);
    rest.querySelector("fieldset:not([hidden]) input, fieldset:not([hidden]) select, textarea").focus();
  });
  return (entry) => {
    asked = entry;
    if (!anyway) full.hidden = true; // what was said of other answers
    ask(entry).catch(() => {});
  };
}
