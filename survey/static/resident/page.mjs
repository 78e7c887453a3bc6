// The resident's page: the form follows its answers, keeps a draft, and is sent until it has arrived. Every page of ours
// goes on with what still waits on this phone. What sends is fetched with the first answer (later.mjs), or at once where
// something waits.
import { begin } from "../instrument/form.mjs";
import { DRAFT, forget, forgetDraft, inTab, namesOf, part } from "./device.mjs";
import { drafts, keepDraft } from "./draft.mjs";
import { entryOf } from "./entry.mjs";
import { entries } from "./outbox.mjs";

// Some browsers remember for ever that a script did not come; by another name they ask for it again.
let [coming, tries] = [null, 0];
function later() {
  if (!coming) {
    coming = tries ? import(`./later.mjs?${tries}`) : import("./later.mjs");
    coming.catch(() => {
      coming = null;
      tries += 1;
    });
  }
  return coming;
}

// Without a network the lists of areas below a changed one stay empty until it is back.
function lists(form, changed) {
  return later().then(
    ({ fillLists }) => fillLists(form, changed),
    () => addEventListener("online", () => lists(form, changed), { once: true }),
  );
}

// The page tells the conditions only; its own order is that of the items.
function routingOf(form) {
  const routing = JSON.parse(part("routing").textContent);
  const items = {};
  for (const { id } of form.querySelectorAll("fieldset.item")) items[id] = null;
  return { ...routing, items: { ...items, ...routing.items } };
}

function beginForm(form, waiting, earlier, own) {
  let told; // what the form tells: {asked, answers, answered}
  let pressed = "send";
  let sent = false;
  let room;

  const ask = (entry) =>
    later().then(({ roomFor }) => {
      room = room || roomFor(form);
      room(entry);
    }, () => {});
  const entry = entryOf(form, ask);
  part("progress").hidden = false;
  const route = begin(form, routingOf(form), (news) => {
    told = news;
    entry(news);
    part("progress").style.width = `${(100 * news.answered) / Math.max(news.asked.length, 1)}%`;
  }, lists);
  form.addEventListener("change", ({ target }) => {
    later().then(({ settle }) => settle(target.closest("fieldset")), () => {});
  });
  addEventListener("pageshow", route); // the browser may have filled in what it remembers
  addEventListener("online", () => {
    part("offline").hidden = true;
    later().catch(() => {});
  });
  if (part("summary")) part("summary").focus();
  const drafts = waiting ? [] : keepDraft(form, earlier);
  const bring = () => later().then(({ restore }) => restore(form, drafts, own, route), () => setTimeout(bring, 3000));
  if (drafts.length) bring();
  readAloud(form);
  if (form.dataset.work) import("./work.mjs").then(({ work }) => work(form)).catch(() => {});

  function sayOffline() {
    part("offline").hidden = false;
    part("offline").focus();
  }

  // The browser would put a page of its own in place of the form where there is no network.
  function sendAsPage() {
    sent = false;
    if (!navigator.onLine) return sayOffline();
    inTab("sent", form.elements._token.dataset.id);
    const action = document.createElement("input");
    Object.assign(action, { type: "hidden", name: "_action", value: pressed });
    form.append(action);
    form.submit();
  }

  document.addEventListener("click", ({ target }) => {
    const button = target.closest("button[name=_action]");
    if (button) pressed = button.value;
  });
  form.addEventListener("submit", (event) => {
    const shows = /^show/.test(pressed);
    if (shows && navigator.onLine) return;
    event.preventDefault();
    if (shows) return sayOffline();
    if (sent) return;
    sent = true;
    later().then(({ send }) => (sent = send(form, told, pressed)), sendAsPage);
  });
}

// A button that lets the questions be read aloud, where the browser has a voice for them; voices come when they like.
function readAloud(form) {
  const speech = window.speechSynthesis;
  const language = document.documentElement.lang.slice(0, 2);
  const voice = () => speech.getVoices().find(({ lang }) => lang.slice(0, 2) === language);
  const offer = () => (part("aloud").hidden = !voice());
  if (!speech) return;
  offer();
  speech.onvoiceschanged = offer;
  part("aloud").addEventListener("click", () =>
    import("./aloud.mjs").then(({ readFrom }) => readFrom(form, voice()), () => {}),
  );
}

function noteSent() {
  const here = entries().some(({ path, thanks }) => thanks && path === location.pathname);
  if (here && part("sent") && part("sending").hidden) part("sent").hidden = false;
}

const form = part("form");
const waiting = entries().filter(({ body }) => body);
const earlier = drafts();
const own = earlier.find(({ id }) => id === inTab("begun"));
// Who has begun a form of their own in this tab is not led to the receipt of another.
const here = part("sending") && waiting.find(({ path, id }) => path === location.pathname && (!own || own.id === id));
if (form) {
  document.documentElement.classList.add("js");
  beginForm(form, here, earlier, own);
} else if (document.querySelector(".receipt")) {
  // A form that was sent without our help has arrived, too.
  forgetDraft(inTab("sent"));
} else if (part("used")) {
  namesOf(DRAFT).forEach(forget); // a letter that has been answered takes none any more
}
noteSent();
addEventListener("storage", noteSent);
if (waiting.length) later().then(({ goOn }) => goOn(waiting, here), () => {});
