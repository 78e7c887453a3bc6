// The street: counting who passes, whom to approach and what came of it, with the slots that are left.
import { TIME_TO_CHANGE, keepApproach, letGo, takeBack, tellMore } from "./approach.mjs";
import { fresh } from "./interview.mjs";
import { until } from "./interval.mjs";
import { place } from "./place.mjs";
import { asked, reveal, rows, say, textOf, timeOf } from "./words.mjs";

export function show(app, root) {
  const { duty } = app;
  let draft = null;
  let last = null; // the approach that can still be changed
  let busy = false;
  let timer;

  function update() {
    const { assignment } = duty;
    if (!assignment || !root.querySelector(".street")) return; // another screen has been opened meanwhile
    const { point, own, grant, every } = assignment;
    const { passed } = own.interval;
    say(root.querySelector("header"), { number: point.number, name: textOf(point.name), place: textOf(point.place), shift: textOf(own.shiftName) });
    reveal(root, "#place-consent", own.notePlace === null);
    const { unfinished } = app;
    reveal(root, "#unfinished", unfinished);
    reveal(root, "#counting", !unfinished && !duty.approaching);
    reveal(root, "#approach", !unfinished && duty.approaching);
    if (draft) say(root.querySelector("#unfinished"), { time: timeOf(new Date(draft.started)) });
    for (const button of root.querySelectorAll("#unfinished button")) button.disabled = draft === null;
    const left = until(own.interval, every);
    reveal(root, "#until [data-one]", left === 1);
    reveal(root, "#until [data-more]", left > 1);
    say(root.querySelector(".work"), { passed, until: left });
    root.querySelector("#begin").disabled = app.halted !== null;
    const still = app.halted !== null && app.halted !== "full"; // the little that an approach needs may yet find room
    for (const button of root.querySelectorAll("#passer, #approach [data-finish]")) button.disabled = still;
    showSlots(grant);
    root.querySelector("[data-passed]").textContent = passed;
    for (const place of root.querySelectorAll("[data-count]")) place.textContent = own.counts[place.dataset.count] ?? 0;
  }

  function showSlots(grant) {
    const left = duty.slotsLeft();
    rows(root.querySelector("#slots"), "slot", grant.cells, (row, { cell, name }) => {
      say(row, { name: textOf(name), left: left[cell] });
      reveal(row, "[data-left]", left[cell] > 0);
      reveal(row, "[data-none]", left[cell] === 0);
    });
    reveal(root, "#no-slots", !grant.cells.length);
  }

  // One thing at a time, and what goes wrong is said where it was pressed.
  async function once(act) {
    if (busy) return;
    busy = true;
    reveal(root, ".work>[data-problem]", false);
    try {
      await act();
    } catch (error) {
      reveal(root, `.work>[data-problem=${error.name === "StorageFull" ? "full" : "failed"}]`);
    } finally {
      busy = false;
    }
  }

  async function passes() {
    forgetLast();
    await app.written(duty.passes()).catch(() => reveal(root, ".work>[data-problem=full]"));
    update();
    if (duty.approaching) root.querySelector("#approach h2")?.focus();
  }

  async function outcome(button) {
    last = await keepApproach(app, button.dataset.finish);
    update();
    const after = root.querySelector("#after");
    after.hidden = false;
    after.querySelector("[data-outcome]").textContent = button.textContent;
    for (const chips of after.querySelectorAll("[data-reasons]")) chips.hidden = chips.dataset.reasons !== last.finish;
    reveal(after, "#observed", last.finish === "refused" && Object.keys(duty.assignment.observed).length > 0);
    unpress(after);
    holdOn();
  }

  function holdOn() {
    clearTimeout(timer);
    timer = setTimeout(forgetLast, TIME_TO_CHANGE);
  }

  function forgetLast() {
    clearTimeout(timer);
    reveal(root, "#after", false);
    if (last) letGo(app).catch(() => {}); // what is held too long is let go by itself
    last = null;
  }

  function unpress(part) {
    for (const chip of part.querySelectorAll("[data-reason], [data-code]")) chip.setAttribute("aria-pressed", "false");
  }

  async function more(chip) {
    const pressed = chip.getAttribute("aria-pressed") === "true";
    const { reason, code } = chip.dataset;
    const dimension = chip.parentElement.dataset.observe;
    const told = reason
      ? { ...last, reason: pressed ? null : reason }
      : { ...last, observed: { ...last.observed, [dimension]: pressed ? undefined : code } };
    try {
      await tellMore(app, told);
    } catch (error) {
      forgetLast();
      throw error;
    }
    last = told;
    unpress(chip.parentElement);
    chip.setAttribute("aria-pressed", String(!pressed));
    holdOn();
  }

  async function notePlace(wanted) {
    await app.written(duty.change(() => ({ notePlace: wanted })));
    place(wanted);
    update();
  }

  function offerObserved() {
    for (const chips of root.querySelectorAll("[data-observe]")) {
      const categories = duty.assignment.observed[chips.dataset.observe] ?? [];
      chips.replaceChildren(
        ...categories.map(({ code, text }) => {
          const chip = Object.assign(document.createElement("button"), { textContent: textOf(text) });
          chip.dataset.code = code;
          return chip;
        }),
      );
      chips.hidden = !categories.length;
    }
  }

  async function askForMore() {
    reveal(root, "aside [data-problem], aside [data-told]", false);
    reveal(root, "aside .waiting");
    const before = slotsOf(duty.assignment.grant);
    const more = duty.assignment.own.more + 1;
    await duty.change(() => ({ more })); // first, so that a lost answer can be asked for again
    const answered = await app.server.askForSlots(more);
    reveal(root, "aside .waiting", false);
    if (!answered) return reveal(root, "aside [data-problem=offline]");
    reveal(root, "[data-told=no_more]", slotsOf(duty.assignment.grant) === before);
    return app.refresh();
  }

  async function leave(dialog, leaving) {
    say(dialog, { name: app.volunteer.name });
    reveal(dialog, "[data-unfinished]", app.unfinished);
    if (await asked(dialog)) await app.endTurn({ leaving });
  }

  root.querySelector(".street").addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (!button) return;
    if (button.id === "passer") passes();
    if (button.dataset.notePlace !== undefined) once(() => notePlace(Boolean(button.dataset.notePlace)));
    if (button.dataset.finish) once(() => outcome(button));
    if (button.closest("#after .chips") && last) once(() => more(button));
    if (button.id === "undo" && last) once(() => takeBack(app, last).then(forgetLast).then(update));
    if (button.id === "begin") app.go("interview", fresh(duty));
    if (button.id === "go-on") app.go("interview", draft);
    if (button.id === "give-up") app.go("interview", { ...draft, phase: "stopped" });
    if (button.id === "more") once(askForMore);
    if (button.id === "hand-over") leave(root.querySelector("#handing-over"), false);
    if (button.id === "end") leave(root.querySelector("#ending"), true);
  });

  if (!app.room) app.lookForRoom().then(() => app.refresh());
  offerObserved();
  place(duty.assignment.own.notePlace);
  update();
  app.draft().then(
    (found) => {
      draft = found;
      update();
    },
    () => {}, // not to be opened with this key: whoever takes the tablet over breaks it off
  );
  return { update, leave: forgetLast };
}

const slotsOf = (grant) => grant.cells.reduce((sum, { slots }) => sum + slots, 0);
