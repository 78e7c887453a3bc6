// The resident's page: the form follows its answers, keeps a draft, and is sent until it has arrived. Every page of ours
// goes on with what still waits on this phone. Whatever may be needed comes in one file, the network may be gone later.
import { begin } from "../instrument/form.mjs";
import { forget, namesOf, part } from "./device.mjs";
import { keepDraft } from "./draft.mjs";
import { isEmpty, pointOut, settle } from "./missing.mjs";
import { entries, post } from "./outbox.mjs";
import { roomFor } from "./room.mjs";
import { tryNow } from "./sending.mjs";
import { sendOpenly, sendQuietly } from "./under_way.mjs";

function beginForm(form, waiting) {
  const { id } = form.elements._token.dataset;
  const room = roomFor(form);
  let told; // what the form tells: {asked, answers, answered}
  let pressed = "send";
  let sent = false;

  part("progress").hidden = false;
  const route = begin(form, JSON.parse(part("routing").textContent), (news) => {
    told = news;
    room(news);
    part("progress").style.width = `${(100 * news.answered) / Math.max(news.asked.length, 1)}%`;
  });
  form.addEventListener("change", ({ target }) => settle(target.closest("fieldset")));
  addEventListener("pageshow", route); // the browser may have filled in what it remembers
  addEventListener("online", () => (part("offline").hidden = true));
  if (part("summary")) part("summary").focus();
  if (!waiting) keepDraft(form, id, route);
  readAloud(form);
  const working = form.dataset.work && import("./work.mjs").then(({ work }) => work(form)).catch(() => {});

  function gaps() {
    const finished = /send|next/.test(pressed);
    return told.asked.filter((code) => {
      const fieldset = part(code);
      if (!finished || told.answers[code] !== null || fieldset.hasAttribute("data-optional")) return false;
      return isEmpty(fieldset) && !(pressed === "next" && !fieldset.hasAttribute("data-entry"));
    });
  }

  async function send() {
    sent = true;
    await working;
    const body = new URLSearchParams(new FormData(form));
    body.append("_action", pressed);
    sendOpenly(post(location.pathname, id, body.toString()));
  }

  document.addEventListener("click", ({ target }) => {
    const button = target.closest("button[name=_action]");
    if (button) pressed = button.value;
  });
  form.addEventListener("submit", (event) => {
    const missing = gaps();
    if (/^show/.test(pressed)) {
      // The browser would put a page of its own in place of the form.
      if (navigator.onLine) return;
      part("offline").hidden = false;
      part("offline").focus();
    } else if (missing.length) pointOut(form, missing);
    else if (!sent) send();
    event.preventDefault();
  });
}

// Voices come when they like. Without a network there is no reading aloud.
function readAloud(form) {
  const speech = window.speechSynthesis;
  const offer = () => {
    const language = document.documentElement.lang.slice(0, 2);
    const voice = speech.getVoices().find(({ lang }) => lang.slice(0, 2) === language);
    if (!voice) return;
    speech.onvoiceschanged = null;
    import("./aloud.mjs").then(({ offerReading }) => offerReading(form, voice)).catch(() => {});
  };
  if (!speech) return;
  speech.onvoiceschanged = offer;
  offer();
}

function noteSent() {
  const here = entries().some(({ path, thanks }) => thanks && path === location.pathname);
  if (here && part("sent") && part("sending").hidden) part("sent").hidden = false;
}

const form = part("form");
const waiting = entries().filter(({ body }) => body);
const here = part("sending") && waiting.find(({ path }) => path === location.pathname);
if (form) {
  document.documentElement.classList.add("js");
  beginForm(form, here);
} else if (document.querySelector(".receipt")) {
  // A form that was sent without our help has arrived, too.
  for (const name of namesOf(`draft:${location.pathname.replace(/\/thanks\/.*/, "")}`)) forget(name);
}
noteSent();
addEventListener("storage", noteSent);
addEventListener("online", tryNow);
document.addEventListener("visibilitychange", () => document.hidden || tryNow());
for (const entry of waiting) {
  if (entry === here) sendOpenly(entry);
  else sendQuietly(entry);
}
