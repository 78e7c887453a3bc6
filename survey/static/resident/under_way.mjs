// The page while a form is on its way: a panel in place of the form says how it stands, and in the end the page goes
// where the server's word leads.
import { forget, forgetDraft, inTab, kept, part } from "./device.mjs";
import { alone, arrived, post } from "./posting.mjs";
import { deliver, tryNow } from "./sending.mjs";

const TAKEN = [200, 201];
const SHOWN = [409, 410, 422]; // the server has a page for each

export async function sendOpenly(entry) {
  const [panel, text, again] = [part("sending"), part("sending-text"), part("try-now")];
  for (const id of ["form", "draft", "sent", "summary"]) if (part(id)) part(id).hidden = true;
  panel.hidden = false;
  panel.querySelector("h2").focus();

  function say(what, wait = 0) {
    const { safe = true } = entry;
    text.textContent = panel.dataset[safe || what === "sending" ? what : "unsafe"].replace("{seconds}", Math.ceil(wait / 1000));
    again.hidden = !wait;
  }

  again.addEventListener("click", tryNow);
  for (;;) {
    const word = await alone(entry, () => say("otherTab"), () => told(entry) || deliver(entry, say));
    if (TAKEN.includes(word.status)) {
      arrived(entry, word.thanks);
      return location.replace(word.thanks);
    }
    if (word.work && !entry.worked) {
      entry = await worked(entry, word.work);
      continue;
    }
    if (SHOWN.includes(word.status)) {
      forget(entry.name);
      if (word.status !== 422) forgetDraft(entry.id);
      return postAsPage(entry);
    }
    text.textContent = word.problems.map(({ message }) => message).join(" ") + " " + panel.dataset.kept;
    again.hidden = false;
    await new Promise((pressed) => again.addEventListener("click", pressed, { once: true }));
  }
}

// The same from a page that has something else to show. What needs the person's eyes waits for them; the page that says
// that a letter has been answered goes on to the receipt, where it was this phone that answered.
export async function sendQuietly(entry) {
  const word = await alone(entry, () => {}, () => told({ ...entry, safe: false }) || deliver(entry, () => {}));
  if (TAKEN.includes(word.status)) {
    arrived(entry, word.thanks);
    if (part("used") && entry.path.startsWith(location.pathname)) location.replace(word.thanks);
  }
  if ([409, 410].includes(word.status)) {
    forget(entry.name);
    forgetDraft(entry.id);
  }
}

// The form once more, with the work that its point asks for by now. Without the script for it the server's page says more.
async function worked(entry, { bits, token }) {
  const body = new URLSearchParams(entry.body);
  try {
    const { solve } = await import("./work.mjs");
    body.set("_token", token);
    body.set("_work", await solve(token, bits));
  } catch {
    // The network went in between.
  }
  return { ...post(entry.path, entry.id, body.toString()), worked: true };
}

// What another tab has brought about while this one waited.
function told({ name, safe = true }) {
  const now = kept(name);
  if (now && now.thanks) return { status: 200, thanks: now.thanks };
  if (safe && !now) location.reload();
  return null;
}

function postAsPage({ path, id, body }) {
  inTab("begun", id); // the page that comes back holds this form
  const form = document.createElement("form");
  form.method = "post";
  form.action = `${path}?send=1`;
  for (const [name, value] of new URLSearchParams(body)) {
    const field = document.createElement("textarea");
    field.name = name;
    field.value = value;
    form.append(field);
  }
  form.hidden = true;
  document.body.append(form);
  form.submit();
}
