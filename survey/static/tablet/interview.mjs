// One interview: the questionnaire put into the app, its draft kept after every change, the person's slot looked up as
// soon as it can be known, and at the end one sealed record. Content is what a draft holds.
import { begin } from "../instrument/form.mjs";
import { fillLists } from "../instrument/areas.mjs";
import { fieldsOf } from "../instrument/fields.mjs";
import { fillIn } from "../instrument/fill_in.mjs";
import { isEligible } from "../instrument/routing.mjs";
import { keeper } from "./draft_keeper.mjs";
import { keepDraft } from "./drafts.mjs";
import { noted } from "./duty.mjs";
import { checked, clearProblem, showProblem } from "./given.mjs";
import { handOver } from "./hand_over.mjs";
import { keep, seal } from "./outbox.mjs";
import { pager } from "./pager.mjs";
import { place } from "./place.mjs";
import { addressOf, questionnaire } from "./questionnaire.mjs";
import { recordOf } from "./record.mjs";
import { timing } from "./timing.mjs";
import { reveal } from "./words.mjs";

// phase: opening, asking, alone (the person has the tablet), stopped (to be broken off).
export function fresh({ assignment: { own, languages, questionnaire } }) {
  const app = document.documentElement.lang;
  return {
    id: crypto.randomUUID(),
    sequence: own.sequence + 1,
    passed: own.interval.passed,
    language: languages.includes(app) ? app : languages[0],
    questionnaire, // the version that is asked, whatever the wave gets meanwhile
    started: new Date().toISOString(),
    place: place(own.notePlace),
    phase: "opening",
    handedOver: false,
    acknowledged: false, // knows that there is no slot, and goes on
    at: null,
    fields: [],
    timing: {},
  };
}

// A draft that is opened again after the app was closed or locked.
export function resumed(content) {
  const { interruptions = 0 } = content.timing;
  return { ...content, timing: { ...content.timing, interruptions: interruptions + 1 } };
}

export function show(app, root, content) {
  const { db, duty } = app;
  const turn = duty.turn.id;
  const times = timing(performance.now(), content.timing);
  const drafts = keeper(saveDraft, failed, (kept) => (page.main.dataset.kept = kept ? "yes" : "no"));
  let page; // {main, instrument, sentences, questionnaire}
  let form;
  let pages;
  let told; // what the form tells: {asked, answers, answered}
  let closing = false; // the record is being written, so no draft is any more
  let over = false; // recorded, or left

  const part = (selector) => page.main.querySelector(selector);

  async function open(language) {
    page = await questionnaire(addressOf(duty.assignment.point.code, language, content.questionnaire.version));
    if (over) return;
    Object.assign(content, { language, questionnaire: page.questionnaire });
    form = page.main.querySelector("form");
    pages = pager(page.main, content.phase === "alone" ? "paged" : duty.preferences.mode, content.at);
    root.querySelector("#interview-place").replaceChildren(page.main);
    await fillIn(form, content.fields, (all, list) => fillLists(all, list, 1)); // the worker has them, or nobody has
    begin(form, page.instrument.routing, heard, fillLists);
    form.addEventListener("input", changed);
    form.addEventListener("change", changed);
    form.addEventListener("keydown", entered);
    form.addEventListener("submit", (event) => event.preventDefault());
    page.main.addEventListener("click", pressed);
    handOver.show(page.main, content);
    stage({ opening: "opening", stopped: "breaking_off" }[content.phase] ?? "questions");
    drafts.changed();
  }

  function stage(name) {
    for (const each of page.main.querySelectorAll("[data-stage]")) each.hidden = each.dataset.stage !== name;
    page.main.dataset.at = name;
    if (name === "questions") pages.goTo(pages.current);
    else {
      scrollTo(0, 0);
      part(`[data-stage=${name}] h1`).focus();
    }
  }

  function heard(news) {
    told = news;
    pages.refresh(told.asked);
    part(".progress div").style.width = `${(100 * told.answered) / Math.max(told.asked.length, 1)}%`;
  }

  function changed({ target, type }) {
    const { id } = target.closest("fieldset");
    times.touch(id, performance.now());
    clearProblem(form, id);
    drafts.changed();
    if (type === "change" && !pages.paged) noRoom();
  }

  // --- what is kept ---

  function outcome(finish, answers, reason = null) {
    const { id, sequence, passed, language, questionnaire, started, handedOver } = content;
    const when = { started: new Date(started), ended: new Date(), ...times.state(performance.now()) };
    const told = { id, sequence, passed, language, questionnaire, finish, answers, reason, handedOver };
    return { ...told, place: content.place, ...when };
  }

  const sealed = (result) => seal(recordOf(duty.whereabouts, result), duty.assignment);

  async function saveDraft() {
    if (over || closing) return;
    Object.assign(content, { fields: fieldsOf(form), at: pages.current, timing: times.state(performance.now()) });
    const { answers } = checked(form, told, page.instrument, { finished: false });
    const partial = await sealed(outcome("broken_off", answers));
    const kept = await app.written(
      keepDraft(db, app.draftKey, { turn, assignment: duty.assignment.id, content, partial }),
    );
    if (kept) return notSaved(null);
    over = true; // it was recorded already
    leave(); // which waits for this
  }

  function failed(error) {
    notSaved(error.name === "StorageFull" ? "StorageFull" : "other");
  }

  function notSaved(why) {
    if (page) for (const each of page.main.querySelectorAll("[data-not-saved]")) each.hidden = each.dataset.notSaved !== why;
  }

  // Saved is said when it is on the disk, and not before.
  async function record(finish, answers, reason) {
    closing = true;
    await drafts.settled();
    const { cell } = duty.roomFor(answers, district());
    const { write, settled } = duty.changing((own) => noted(own, finish, finish === "finished" ? cell : null));
    const entry = { ...(await sealed(outcome(finish, answers, reason))), state: "waiting" }; // not to be taken back
    await app.written(
      keep(db, entry, async (parts) => {
        await write(parts);
        parts.remove("drafts", turn);
      }),
    );
    over = true;
    settled();
    await app.saved({ id: content.id, finish });
    app.say(finish === "broken_off" ? "broken_off" : "saved");
    if (content.phase === "alone") {
      stage("handing_back");
      handOver.thank(page.main, "finished");
    } else await leave();
  }

  const leave = () => app.go("street");

  // --- who the person is ---

  function district() {
    return form.querySelector('select[name$="__district"]')?.value || null;
  }

  // Says that there is no slot for this person, once that is known and before more time is spent; whether it did.
  function noRoom() {
    const { items, strata } = page.instrument;
    const deciding = [...strata.map(({ item }) => item), ...Object.keys(items).filter((code) => items[code].type === "area")];
    const known = deciding.length > 0 && deciding.every((code) => told.answers[code] !== null);
    if (content.acknowledged || !known || duty.roomFor(told.answers, district()).room) return false;
    stage("cell_full");
    return true;
  }

  // --- what is pressed ---

  function problemAt(code) {
    const { problems } = checked(form, told, page.instrument);
    return problems.find(({ field }) => field === code) ?? null;
  }

  function next() {
    const problem = problemAt(pages.current);
    if (problem) return wrong(problem);
    if (pages.last) return finish();
    if (noRoom()) return undefined;
    pages.next();
    return drafts.changed();
  }

  function wrong(problem) {
    showProblem(form, problem, page.sentences);
    pages.goTo(problem.field);
  }

  async function finish() {
    const { answers, problems } = checked(form, told, page.instrument);
    if (problems.length) {
      for (const problem of problems) showProblem(form, problem, page.sentences);
      return pages.goTo(problems[0].field);
    }
    if (isEligible(page.instrument.routing, answers) === false) return stage("not_eligible");
    return noRoom() ? undefined : record("finished", answers);
  }

  function end(finish, reason) {
    const { answers } = checked(form, told, page.instrument, { finished: false });
    return record(finish, answers, reason);
  }

  function back() {
    if (!pages.back() && content.phase !== "alone") stage("opening");
    drafts.changed();
  }

  function setPhase(phase) {
    content.phase = phase;
    handOver.show(page.main, content);
    drafts.changed();
  }

  async function speak(language) {
    const { at } = page.main.dataset;
    Object.assign(content, { fields: fieldsOf(form), at: pages.current });
    await open(language).then(
      () => stage(at),
      () => {}, // not on the tablet: the person goes on in this one
    );
  }

  async function setMode(mode) {
    pages.setMode(mode);
    await app.written(duty.note("preferences", { ...duty.preferences, mode }));
  }

  async function beginAlone() {
    await app.written(duty.note("entrusted", true));
    content.handedOver = true;
    pages.setMode("paged");
    setPhase("alone");
    stage("questions");
  }

  function goOn() {
    content.acknowledged = true;
    stage("questions");
    return pages.paged ? next() : drafts.changed();
  }

  function correct() {
    if (content.phase === "stopped") setPhase("asking");
    stage("questions");
  }

  const acts = {
    ask: () => (setPhase("asking"), stage("questions")),
    handOver: () => stage("handing_over"),
    notAlone: () => stage("opening"),
    beginAlone,
    next,
    finish,
    back,
    goOn,
    correct,
    break: () => stage("breaking_off"),
    stop: () => (setPhase("stopped"), stage("handing_back"), handOver.thank(page.main, "stopped")),
    volunteer: () => app.lock(),
    end: ({ end: finish }) => end(finish),
    reason: ({ reason }) => end("broken_off", reason),
    mode: ({ mode }) => setMode(mode),
    language: ({ language }) => speak(language),
  };
  let busy = false;

  async function pressed({ target }) {
    const { dataset } = target.closest("button") ?? {};
    const act = Object.keys(acts).find((name) => dataset && name in dataset);
    if (!act || busy) return;
    busy = true;
    try {
      await acts[act](dataset);
    } catch (error) {
      closing = false;
      stage("questions");
      failed(error);
    } finally {
      busy = false;
    }
  }

  function entered(event) {
    if (event.key !== "Enter" || event.isComposing || event.target.matches("textarea, select, button")) return;
    event.preventDefault();
    part(pages.paged && !pages.last ? "[data-next]" : "[data-finish]").click();
  }

  function start() {
    reveal(root, "[data-missing]", false);
    reveal(root, ".waiting");
    open(content.language).catch(() => {
      reveal(root, ".waiting", false);
      reveal(root, "[data-missing]");
    });
  }

  root.querySelector("[data-again]").addEventListener("click", start);
  root.querySelector("[data-leave]").addEventListener("click", leave);
  start();

  return {
    async leave() {
      if (page && !over) drafts.changed();
      await drafts.settled();
      over = true;
    },
  };
}
