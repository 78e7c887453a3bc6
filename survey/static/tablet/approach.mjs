// What came of approaching somebody, where it did not come to an interview: one tap keeps it. For as long as it can be
// taken back, the reason and what could be seen of the person can be added.
import { noted, takenBack } from "./duty.mjs";
import { HOLD_MS, keep, release, seal, undo } from "./outbox.mjs";
import { place } from "./place.mjs";
import { recordOf } from "./record.mjs";

export class TooLate extends Error {}

export async function keepApproach(app, finish) {
  const { own } = app.duty.assignment;
  const now = new Date();
  const outcome = {
    id: crypto.randomUUID(),
    sequence: own.sequence + 1,
    passed: own.interval.passed,
    language: document.documentElement.lang,
    finish,
    started: now,
    ended: now,
    place: place(own.notePlace),
    observed: {},
  };
  const { write, settled } = app.duty.changing((before) => noted(before, finish));
  await app.written(keep(app.db, await sealed(app, outcome), write));
  settled();
  await app.saved(outcome);
  return outcome;
}

// The same approach with more told about it. Throws TooLate where it can't be changed any more.
export async function tellMore(app, outcome) {
  const stillHeld = async ({ all }) => {
    const entries = await all("outbox", outcome.id);
    if (!entries.some(({ state }) => state === "held")) throw new TooLate();
  };
  await app.written(keep(app.db, await sealed(app, outcome), stillHeld));
  await app.refresh();
}

// Whether there was still time.
export async function takeBack(app, { id, finish }) {
  const { write, settled } = app.duty.changing((own) => takenBack(own, finish));
  const undone = await app.written(undo(app.db, id, write));
  if (!undone) return false;
  settled();
  app.say("undone");
  await app.refresh();
  return true;
}

// There is no way back any more, so it may be sent.
export async function letGo(app) {
  await release(app.db, Date.now(), { all: true });
  app.server.poke();
}

// How long there is time, in ms.
export const TIME_TO_CHANGE = HOLD_MS - 500;

function sealed({ duty }, outcome) {
  return seal(recordOf(duty.whereabouts, outcome), duty.assignment);
}
