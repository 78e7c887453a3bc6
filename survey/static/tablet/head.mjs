// What stands above every screen: which tablet, who is on duty, what waits to be sent, and what holds until it is over.
import { reveal, say, stamp } from "./words.mjs";

export function showHead(app) {
  const { duty, held, online, screen, volunteer } = app;
  const bar = document.getElementById("bar");
  const alone = screen?.name === "interview";
  bar.hidden = alone;
  const names = [duty.identity?.label, volunteer?.name].filter(Boolean);
  document.getElementById("who").textContent = names.join(" · ");
  reveal(bar, "#to-box", Boolean(duty.identity) && !duty.entrusted);
  reveal(bar, "#online", online === true);
  reveal(bar, "#offline", online === false);
  reveal(bar, "#refused-count", held.refused > 0);
  reveal(bar, "#lock", Boolean(volunteer));
  say(bar, held);
  showNotices(alone || duty.entrusted ? [] : noticesOf(app));
}

function noticesOf({ duty, full, waiting, unfinished, halted }) {
  const names = [];
  if (halted) names.push(halted);
  if (full && halted !== "full") names.push("full");
  if (!halted && duty.expired) names.push("expired");
  if (waiting && !unfinished) names.push("update");
  return names;
}

// Whether what is saved may be thrown away by the browser, or finds no room soon.
export function showStorage(root, { storage }) {
  reveal(root, "[data-not-persisted]", !storage.persisted);
  reveal(root, "[data-low]", storage.low);
}

function showNotices(names) {
  const place = document.getElementById("notices");
  if (place.dataset.shown === names.join()) return;
  place.dataset.shown = names.join();
  place.replaceChildren(...names.map((name) => stamp(`notice-${name}`)));
}
