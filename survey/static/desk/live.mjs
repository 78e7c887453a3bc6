// Keeps a page fresh: fetches it again every 15 seconds and brings the parts under [data-live] up to date in place.
// What the reader does with the page stays: focus, scroll, an open <details>, a form half filled in. Without this
// script the page is as fresh as its last reload.

const EVERY = 15_000;
const PATIENCE = 30_000;
const live = [...document.querySelectorAll("[data-live]")];
const stale = document.getElementById("stale");
let touched = false;
let timer = 0;
let running = false;

if (live.length) {
  for (const sign of ["pointerdown", "keydown", "wheel", "touchmove"]) {
    document.addEventListener(sign, () => (touched = true), { passive: true });
  }
  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : refresh()));
  wait();
}

function wait() {
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(refresh, EVERY);
}

async function refresh() {
  if (running) return;
  running = true;
  try {
    // A refresh that nobody looks at is no sign of life, or an abandoned screen would stay signed in.
    const headers = touched ? {} : { Unattended: "1" };
    touched = false;
    const answer = await fetch(location.pathname + location.search, { headers, signal: AbortSignal.timeout(PATIENCE) });
    if (answer.redirected) return location.reload(); // signed out
    if (!answer.ok) throw new Error(answer.status);
    const held = document.activeElement;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of live) {
      const newer = fresh.getElementById(part.id);
      if (newer) bringUpToDate(part, newer);
    }
    if (held?.isConnected && held !== document.activeElement) held.focus({ preventScroll: true }); // it was moved
    stale.hidden = true;
  } catch {
    stale.hidden = false;
  } finally {
    running = false;
    wait();
  }
}

export function bringUpToDate(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.data = fresh.data;
    return;
  }
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) setUnlessOpen(old, name, value);
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) setUnlessOpen(old, name, null);
  const wanted = new Set([...fresh.children].map((child) => child.id).filter(Boolean));
  for (const child of [...old.children]) if (child.id && !wanted.has(child.id)) child.remove();
  let place = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const known = partner(old, place, child);
    if (known) {
      if (known !== place) old.insertBefore(known, place);
      bringUpToDate(known, child);
      place = known.nextSibling;
    } else {
      old.insertBefore(document.importNode(child, true), place);
    }
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

// Who reads decides what is open.
function setUnlessOpen(element, name, value) {
  if (name === "open" && element.nodeName === "DETAILS") return;
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

// The node that `fresh` is a newer state of: the one of its id, else the next one if it is of its kind.
function partner(parent, place, fresh) {
  if (fresh.id) return [...parent.children].find((child) => child.id === fresh.id && child.nodeName === fresh.nodeName);
  const same = place && place.nodeType === fresh.nodeType && place.nodeName === fresh.nodeName && !place.id;
  return same ? place : null;
}
