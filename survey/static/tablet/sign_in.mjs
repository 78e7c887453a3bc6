// Who is on duty: a name from the office's roster and its PIN. While a turn is under way it is that volunteer's PIN, or
// somebody else's who takes over: then the turn ends. Nothing ends without a PIN.
import { unlock, waitAfter } from "./pin.mjs";
import { asked, reveal, say } from "./words.mjs";

const LENGTH = 6;

export function show(app, root) {
  const { duty, db } = app;
  const [names, pad] = ["names", "pin"].map((part) => root.querySelector(`[data-part=${part}]`));
  const dialog = root.querySelector("dialog");
  const own = duty.turn && duty.credentials; // whose turn it is; the PIN may be another one at the office by now
  let chosen = null;
  let typed = "";
  let busy = false;
  let waiting;

  const isOwn = ({ id }) => id === own?.id;

  function listNames() {
    const volunteers = duty.offers?.volunteers ?? [];
    const buttons = volunteers.map((volunteer) => {
      const button = Object.assign(document.createElement("button"), { textContent: volunteer.name });
      button.addEventListener("click", () => choose(isOwn(volunteer) ? own : volunteer));
      return button;
    });
    const list = root.querySelector("#names");
    const focused = list.contains(document.activeElement) && document.activeElement.textContent;
    list.replaceChildren(...buttons);
    buttons.find(({ textContent }) => textContent === focused)?.focus(); // news of the roster takes nobody's place away
    reveal(names, ".empty, #ask-again", !buttons.length);
  }

  async function askAgain() {
    const offers = await app.server.offers().catch(() => null);
    if (app.screen?.name !== "sign_in" || !root.contains(names)) return;
    reveal(names, "[data-problem=offline]", !offers && !duty.offers);
    listNames();
  }

  function chooseName() {
    choose(null);
    askAgain();
  }

  function choose(volunteer) {
    chosen = volunteer;
    names.hidden = volunteer !== null;
    pad.hidden = volunteer === null;
    reveal(pad, "[data-problem]", false);
    clear();
    if (!volunteer) return names.querySelector("h1").focus();
    say(root, { name: volunteer.name });
    const locked = isOwn(volunteer);
    reveal(pad, "[data-locked]", locked);
    reveal(pad, "#take-over", locked && !app.guarded);
    reveal(pad, "#another", !locked);
    pad.querySelector("h1").focus();
    return mindWait();
  }

  function clear() {
    typed = "";
    draw();
  }

  function draw() {
    pad.querySelectorAll(".pin i").forEach((dot, position) => dot.classList.toggle("typed", position < typed.length));
  }

  function type(digit) {
    if (busy || typed.length === LENGTH) return;
    reveal(pad, "[data-problem=wrong]", false);
    typed += digit;
    draw();
    if (typed.length === LENGTH) tryPin();
  }

  async function tryPin() {
    sleep(true);
    reveal(pad, ".waiting");
    const volunteer = chosen;
    const { ok, draftKey } = await unlock(volunteer, typed);
    await guessed(volunteer, ok);
    reveal(pad, ".waiting", false);
    sleep(false);
    clear();
    if (ok) return own && !isOwn(volunteer) ? takeOver(volunteer, draftKey) : app.signedIn(volunteer, draftKey);
    reveal(pad, "[data-problem=wrong]");
    return mindWait();
  }

  async function guessed({ id }, ok) {
    await db.write(async ({ get, put }) => {
      const guesses = { ...(await get("device", "guesses")) };
      if (ok) delete guesses[id];
      else guesses[id] = { failures: (guesses[id]?.failures ?? 0) + 1, at: Date.now() };
      put("device", "guesses", guesses);
    });
  }

  // After several wrong guesses nothing is taken for a while, also after a reload.
  async function mindWait() {
    clearTimeout(waiting);
    const { failures, at } = (await db.read("device", "guesses"))?.[chosen?.id] ?? { failures: 0 };
    const wait = waitAfter(failures);
    const left = Math.min(at + wait - Date.now(), wait); // a clock that was set back waits no longer
    const waits = wait > 0 && left > 0;
    sleep(waits);
    reveal(pad, "[data-problem=wait]", waits);
    if (!waits) return;
    reveal(pad, "[data-problem=wrong]", false);
    say(pad, { seconds: Math.ceil(left / 1000) });
    waiting = setTimeout(mindWait, Math.min(left, 1000));
  }

  function sleep(asleep) {
    busy = asleep;
    for (const key of pad.querySelectorAll(".keys button")) key.disabled = asleep;
  }

  function pressed(event) {
    if (pad.hidden || dialog.open || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^\d$/.test(event.key)) type(event.key);
    if (event.key === "Backspace") back();
  }

  function back() {
    typed = busy ? typed : typed.slice(0, -1);
    draw();
  }

  async function takeOver(volunteer, draftKey) {
    say(dialog, { name: own.name });
    reveal(dialog, "[data-unfinished]", app.unfinished);
    return (await asked(dialog)) ? app.takeOver(volunteer, draftKey) : choose(own);
  }

  pad.addEventListener("click", ({ target }) => {
    if (target.dataset.digit) type(target.dataset.digit);
    if (target.dataset.clear !== undefined && !busy) clear();
    if (target.dataset.back !== undefined) back();
    if (["another", "take-over"].includes(target.id)) chooseName();
  });
  names.querySelector("#ask-again").addEventListener("click", askAgain);
  document.addEventListener("keydown", pressed);
  listNames();
  if (own) choose(own);
  else chooseName();

  return {
    leave() {
      clearTimeout(waiting);
      document.removeEventListener("keydown", pressed);
    },
  };
}
