// The outbox: records that are saved on this tablet and not yet known to be at the server. A record is
//   held     while it may be undone: until the next record, for ten seconds, or until the app starts again;
//   waiting  to be sent;
//   frozen   since before its first byte was sent, so that it is always the same bytes that are sent again;
//   refused  by a server that could not take it: kept, shown, and in the rescue file.
// Only an acknowledgement takes a record out (sync.mjs).
import { digestOf, sealTo } from "./seal.mjs";

export const HOLD_MS = 10_000;

export const keyOf = (entry) => [entry.id, entry.digest];

// A record (its content is in the clear) becomes an entry, which this tablet itself cannot read. `assignment` is what
// the server told when the point was taken.
export async function seal(record, assignment, now = Date.now()) {
  const { wave, key } = assignment;
  const sealed = await sealTo(key.public, `minsheng record ${wave} ${record.id}`, JSON.stringify(record));
  const digest = await digestOf(sealed);
  const { id, sequence } = record;
  const entry = { id, wave, key: key.id, sealed, digest, made: now, sequence, assignment: assignment.id };
  return { ...entry, state: "held", problems: null };
}

// Resolved means saved. alsoWrite gets the operations of the same transaction. The same record once more, from a double
// tap or from an interview that went on after all, takes the place of one that has not been sent; one that has been sent
// stays, and the server decides between the two.
export function keep(db, entry, alsoWrite = () => {}) {
  return db.write(async (parts) => {
    if (await parts.get("outbox", keyOf(entry))) return; // perhaps frozen meanwhile
    for (const earlier of await parts.all("outbox")) {
      if (!isUnsent(earlier)) continue;
      if (earlier.id === entry.id) parts.remove("outbox", keyOf(earlier));
      else if (earlier.state === "held") putAs(parts, earlier, "waiting");
    }
    parts.put("outbox", keyOf(entry), entry);
    await alsoWrite(parts);
  });
}

const isUnsent = (entry) => entry.state === "held" || entry.state === "waiting";

export function putAs(parts, entry, state, problems = null) {
  parts.put("outbox", keyOf(entry), { ...entry, state, problems });
}

// Whether it could still be undone; alsoWrite is done only then.
export function undo(db, id, alsoWrite = () => {}) {
  return db.write(async (parts) => {
    const held = (await parts.all("outbox", id)).find((entry) => entry.state === "held");
    if (!held) return false;
    parts.remove("outbox", keyOf(held));
    await alsoWrite(parts);
    return true;
  });
}

// What was held long enough may be sent. A clock that was set back must not hold a record for ever.
export function release(db, now = Date.now(), { all = false } = {}) {
  return db.write(async (parts) => {
    for (const entry of await parts.all("outbox")) {
      if (entry.state === "held" && (all || Math.abs(now - entry.made) >= HOLD_MS)) putAs(parts, entry, "waiting");
    }
  });
}

// Refused records are sent again, as the bytes they were.
export function tryAgain(db) {
  return db.write(async (parts) => {
    for (const entry of await parts.all("outbox")) if (entry.state === "refused") putAs(parts, entry, "frozen");
  });
}

export async function counts(db) {
  const states = (await db.all("outbox")).map((entry) => entry.state);
  const of = (state) => states.filter((each) => each === state).length;
  return { unsent: states.length - of("refused"), held: of("held"), refused: of("refused") };
}

export async function entries(db) {
  return inOrder(await db.all("outbox"));
}

export const inOrder = (outbox) => outbox.sort((one, other) => one.made - other.made || one.sequence - other.sequence);
