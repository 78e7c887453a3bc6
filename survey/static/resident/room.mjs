// The first screen says whom the answers would stand for. As soon as it is filled in, the rest of the form appears; the
// server is asked meanwhile whether such people are still needed. If not, the person is told before spending more time.
// Without an answer the form goes on: the server decides at the end.
import { part } from "./device.mjs";

export function roomFor(form) {
  const [rest, full] = [part("rest"), part("full")];
  let asked = "";
  let anyway = false;

  function reveal() {
    rest.hidden = false;
    part("enter").value = "send";
    form.elements._stage.value = "whole";
  }

  async function ask(question) {
    const headers = { Accept: "application/json" };
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(`${location.pathname}/room`, { method: "POST", body, headers, redirect: "manual" });
    const { room } = await answer.json();
    // Who has gone on meanwhile is not interrupted.
    if (question !== asked || anyway || rest.querySelector("input:checked")) return;
    full.hidden = room !== "full";
    rest.hidden = room === "full";
    if (!full.hidden && document.activeElement === document.body) part("opinion").focus();
  }

  if (full) {
    part("opinion").addEventListener("click", () => {
      anyway = true;
      full.hidden = true;
      reveal();
      rest.querySelector("fieldset:not([hidden]) input, fieldset:not([hidden]) select, textarea").focus();
    });
  }

  return ({ asked: codes, answers }) => {
    const entry = codes.filter((code) => part(code).hasAttribute("data-entry"));
    const question = JSON.stringify(entry.map((code) => answers[code]));
    if (!entry.length || question === asked || entry.some((code) => answers[code] === null)) return;
    asked = question;
    if (!anyway) reveal();
    if (full) ask(question).catch(() => {});
  };
}
