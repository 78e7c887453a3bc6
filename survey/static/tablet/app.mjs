// The volunteer's app, assembled: one document whose screens come and go, so that the key of a draft is only ever in its
// memory. Who is known, by name and PIN, stays known until the tablet has not been touched for a while.
import { openDraft } from "./drafts.mjs";
import { openDuty } from "./duty.mjs";
import { watch } from "./lock.mjs";
import { showHead } from "./head.mjs";
import { counts, release } from "./outbox.mjs";
import { hasRoom, persist } from "./persistence.mjs";
import { register, takeOver } from "./release.mjs";
import { startServerSide } from "./server_side.mjs";
import { openTwoCopies } from "./two_copies.mjs";
import { stamp } from "./words.mjs";
import * as box from "./box.mjs";
import * as enrol from "./enrol.mjs";
import * as interview from "./interview.mjs";
import * as signIn from "./sign_in.mjs";
import * as street from "./street.mjs";
import * as take from "./take.mjs";

const SCREENS = { enrol, sign_in: signIn, take, street, interview, box };
const BEHIND_THE_PIN = ["take", "street", "interview"];
const SAID_MS = 4_000;
const LOADING_MS = 300;

const app = {
  volunteer: null, // who has signed in
  draftKey: null,
  screen: null, // {name, given, leave, update}
  held: { unsent: 0, refused: 0, held: 0 },
  online: null, // not known yet
  storage: { persisted: true, low: false },
  unfinished: false, // there is a draft
  full: false, // the last write found no room
  room: true, // there is room for a shift
  waiting: null, // the registration of a release that waits to take over
  resume: null, // where the lock closed the app
  server: null,

  async go(wanted, given) {
    const name = this.volunteer || !BEHIND_THE_PIN.includes(wanted) ? wanted : "sign_in";
    const going = (this.going = Symbol(name));
    const left = this.screen;
    this.screen = null;
    await left?.leave?.();
    this.unfinished = Boolean(await this.duty.hasDraft());
    if (this.going !== going) return; // the lock was quicker
    const root = document.getElementById("screen");
    root.replaceChildren(stamp(`screen-${name}`));
    document.body.dataset.screen = name;
    if (name === "interview") document.getElementById("said").replaceChildren();
    scrollTo(0, 0);
    this.screen = { name, given };
    Object.assign(this.screen, SCREENS[name].show(this, root, given));
    showHead(this);
    root.querySelector("h1:not([hidden] h1)")?.focus();
  },

  // Something that several screens show has changed.
  async refresh() {
    this.held = await counts(this.db);
    this.unfinished = Boolean(await this.duty.hasDraft());
    showHead(this);
    this.screen?.update?.();
  },

  // No interview can begin: why, or null.
  get halted() {
    if (this.duty.standing) return this.duty.standing;
    if (this.duty.closed) return "closed";
    return this.full || !this.room ? "full" : null;
  },

  say(name) {
    const place = document.getElementById("said");
    place.replaceChildren(stamp(`said-${name}`));
    clearTimeout(this.saying);
    this.saying = setTimeout(() => place.replaceChildren(), SAID_MS);
  },

  // What is written is on the disk when this resolves; a full storage is remembered and shown.
  async written(write) {
    try {
      const result = await write;
      this.full = false;
      return result;
    } catch (error) {
      if (error.name === "StorageFull") this.full = true;
      throw error;
    } finally {
      showHead(this);
    }
  },

  saved({ id, finish }) {
    document.dispatchEvent(new CustomEvent("minsheng:saved", { detail: { id, finish } }));
    this.server?.poke();
    return this.refresh();
  },

  async signedIn(volunteer, draftKey) {
    Object.assign(this, { volunteer, draftKey });
    const { duty } = this;
    if (duty.entrusted) await duty.note("entrusted", false);
    if (!duty.assignment) return this.go("take");
    if (!duty.turn) await this.beginTurn();
    const draft = this.resume === "interview" && (await this.draft());
    this.resume = null;
    return draft ? this.go("interview", draft) : this.go("street");
  },

  async beginTurn() {
    await this.lookForRoom();
    await this.written(this.duty.beginTurn(this.volunteer));
  },

  async lookForRoom() {
    this.room = await hasRoom(this.db);
  },

  // The unfinished interview of this turn, or null.
  async draft() {
    const draft = await openDraft(this.db, this.duty.turn.id, this.draftKey);
    return draft && interview.resumed(draft.content);
  },

  async lock() {
    if (!this.volunteer) return;
    const left = this.screen;
    if (left?.name === "interview") this.resume = "interview";
    this.screen = this.volunteer = null;
    document.querySelector("dialog[open]")?.close();
    document.getElementById("screen").replaceChildren();
    await left?.leave?.(); // the draft is written before its key is forgotten
    this.forget();
    await this.go("sign_in");
  },

  forget() {
    this.volunteer = this.draftKey = null;
  },

  // The interview that was locked, if any, is in the hands of a person who answers alone: only its volunteer opens it.
  get guarded() {
    return this.resume === "interview" && this.duty.entrusted;
  },

  // Somebody else gets the tablet, or the shift is over.
  async endTurn({ leaving }) {
    await this.turnEnds(leaving);
    if (leaving) return this.go("take");
    this.forget();
    return this.go("sign_in");
  },

  // The same from a lock: whoever takes over has given the PIN already.
  async takeOver(volunteer, draftKey) {
    await this.turnEnds(false);
    return this.signedIn(volunteer, draftKey);
  },

  async turnEnds(leaving) {
    await this.written(this.duty.endTurn({ leaving }));
    this.resume = null;
    this.server?.poke();
  },

  // Looks for the service worker's newest release. Without a worker the app works as long as there is a network.
  async install() {
    const waits = (registration) => {
      this.waiting = registration;
      showHead(this);
    };
    const registration = await register(waits).catch(() => null);
    await registration?.update().catch(() => {});
  },

  // Between interviews only: the page is loaded again.
  update() {
    if (this.waiting && !this.unfinished) takeOver(this.waiting);
  },

  // The same place in another language. The document stays, and with it what is in memory.
  async speak(language) {
    const answer = await fetch(`/tablet/?lang=${language}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!page.getElementById("screen")) return;
    document.documentElement.lang = language;
    document.title = page.title;
    document.body.replaceChildren(...page.body.children);
    history.replaceState(null, "", `?lang=${language}`);
    await this.go(this.screen.name, this.screen.given);
  },
};

async function start() {
  if (!isSecureContext) return notice("insecure");
  await theOnlyWindow();
  app.db = await openTwoCopies({ onOutdated: () => notice("outdated") });
  await release(app.db, Date.now(), { all: true });
  app.duty = await openDuty(app.db);
  app.held = await counts(app.db);
  document.addEventListener("click", pressed);
  watch(() => app.lock());
  app.install();
  app.server = startServerSide(app);
  app.server.run();
  addEventListener("hashchange", begin);
  await begin();
  app.storage = await persist();
  return app.refresh();
}

// A scanned code comes in the fragment, which no server hears of, and does not stay in the address.
async function begin() {
  const code = new URLSearchParams(location.hash.slice(1)).get("enrol");
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  // A tablet that the server turns away can be registered anew.
  if (!app.duty.identity || (code && app.duty.standing)) await app.go("enrol", code);
  else if (!app.screen) await app.go("sign_in");
}

// Two windows would count the same passers-by; the second waits until the first is closed.
function theOnlyWindow() {
  if (!navigator.locks) return Promise.resolve();
  return new Promise((resolve) => {
    const mine = () => {
      document.getElementById("notices").replaceChildren();
      resolve();
      return new Promise(() => {}); // for as long as the page lives
    };
    const waiting = setTimeout(() => notice("elsewhere"), 300);
    navigator.locks.request("minsheng-app", () => {
      clearTimeout(waiting);
      return mine();
    });
  });
}

function pressed({ target }) {
  const button = target.closest("button");
  if (!button || button.closest(".interview")) return;
  if (button.dataset.language) app.speak(button.dataset.language).catch(() => {});
  if (button.dataset.go) app.go(button.dataset.go);
  if (button.dataset.update !== undefined) app.update();
  if (button.id === "lock") app.lock();
  if (button.id === "to-box") app.go("box");
}

function notice(name) {
  document.getElementById("notices").replaceChildren(stamp(`notice-${name}`));
}

addEventListener("unhandledrejection", () => notice("damaged"));
document.addEventListener("click", ({ target }) => target.closest("[data-reload]") && location.reload());
setTimeout(() => document.querySelector(".loading")?.removeAttribute("hidden"), LOADING_MS);
start();
