// While the rest of the form appears, the server is asked whether people like this one are still needed. If not, the person
// is told before spending more time. Without an answer the form goes on: the server decides at the end.
import { part } from "./device.mjs";
import { reveal } from "./entry.mjs";

export function roomFor(form) {
  const [rest, full] = [part("rest"), part("full")];
  let asked = "";
  let anyway = false;

  async function ask(entry) {
    const headers = { Accept: "application/json" };
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(`${location.pathname}/room`, { method: "POST", body, headers, redirect: "manual" });
    const { room } = await answer.json();
    // Who has gone on meanwhile is not interrupted.
    if (entry !== asked || anyway || rest.querySelector("input:checked")) return;
    full.hidden = room !== "full";
    rest.hidden = room === "full";
    if (!full.hidden && document.activeElement === document.body) part("opinion").focus();
  }

  if (!full) return () => {};
  part("opinion").addEventListener("click", () => {
    anyway = true;
    full.hidden = true;
    reveal(form);
    rest.querySelector("fieldset:not([hidden]) input, fieldset:not([hidden]) select, textarea").focus();
  });
  return (entry) => {
    asked = entry;
    ask(entry).catch(() => {});
  };
}
