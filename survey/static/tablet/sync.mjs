// Sending what the outbox holds, oldest first. A record is frozen on the disk before its first byte leaves, and taken out
// only when the server has named its id and the digest of its bytes: being cut off, killed or lied to at any point costs
// a repetition, which the server knows, and never a record.
import { backoff } from "../instrument/backoff.mjs";
import { ping, request, turnedAway } from "./connection.mjs";
import { HOLD_MS, counts, entries, inOrder, keyOf, putAs, release } from "./outbox.mjs";

const MOST_RECORDS = 20;
const MOST_BYTES = 200_000;
const MOST_TURNS = 100;
const IDLE_MS = 60_000;
const RECEIPTS = [200, 201, 409];
const HALTS = [0, 401, 403, 429, 503]; // nothing else would fare better now

// On a full disk the outbox must still be able to empty itself. Then nothing can be written and everything be erased.
async function orWithoutRoom(write, otherwise = () => {}) {
  try {
    return await write;
  } catch (error) {
    if (error.name !== "StorageFull") throw error;
    return otherwise();
  }
}

// One pass over the outbox; of two tabs only one passes. Where the browser has no locks both do, and the server gets some
// records twice. -> {sent, refused, left, retryAfter, problem, busy}
export async function syncOnce(db, device, options = {}) {
  const { locks = globalThis.navigator?.locks } = options;
  const run = (lock) => (lock ? pass(db, device, options) : { ...nothing(), busy: true });
  return locks ? locks.request("minsheng-sync", { ifAvailable: true }, run) : run(true);
}

const nothing = () => ({ sent: 0, refused: 0, left: 0, retryAfter: 0, problem: null, busy: false });

async function pass(db, device, { fetch, now = Date.now, onChange = () => {} }) {
  const told = nothing();
  const ask = async (path, body) => {
    const answer = await request(device, "POST", path, body, { fetch, now });
    const halted = HALTS.includes(answer.status);
    if (halted) Object.assign(told, { retryAfter: answer.retryAfter, problem: turnedAway(answer.status, answer.body) });
    return { ...answer, halted };
  };
  await orWithoutRoom(release(db, now()));
  if (await sendTurns(db, ask)) await sendRecords(db, ask, told, now, onChange);
  told.left = (await entries(db)).filter(isSendable).length;
  return told;
}

const isSendable = ({ state }) => state === "waiting" || state === "frozen";

// Whether it is worth going on. The server takes all turns of a request or none, so where one upsets it, each goes alone.
async function sendTurns(db, ask) {
  const turns = (await db.all("turns")).filter((turn) => turn.unsent).slice(0, MOST_TURNS);
  if (!turns.length) return true;
  const { halted, taken } = await sendTogether(db, ask, turns);
  if (halted || taken || turns.length === 1) return !halted;
  for (const turn of turns) if ((await sendTogether(db, ask, [turn])).halted) return false;
  return true;
}

async function sendTogether(db, ask, turns) {
  const { status, body, halted } = await ask("/tablet/turns", { turns: turns.map(({ unsent, ...turn }) => turn) });
  const taken = status === 200 && Array.isArray(body.turns);
  if (!taken) return { halted, taken };
  const noted = db.write(async ({ get, put }) => {
    for (const turn of turns.filter(({ id }) => body.turns.includes(id))) {
      const unchanged = JSON.stringify(await get("turns", turn.id)) === JSON.stringify(turn);
      if (unchanged) put("turns", turn.id, { ...turn, unsent: false });
    }
  });
  await orWithoutRoom(noted);
  return { halted, taken };
}

async function sendRecords(db, ask, told, now, onChange) {
  const tried = new Set();
  for (let most = MOST_RECORDS; ; ) {
    const batch = await freeze(db, tried, most);
    if (!batch.length) return;
    const records = batch.map(({ id, wave, key, sealed }) => ({ id, wave, key, sealed }));
    const { status, body, halted } = await ask("/tablet/submissions/batch", { records });
    if (halted) return;
    const results = status === 200 && Array.isArray(body.results) ? body.results : null;
    if (!results && batch.length > 1) {
      most = 1; // one of them upsets the server; the others shall not wait behind it
      continue;
    }
    for (const entry of batch) tried.add(entry.digest);
    const at = now();
    const settled = await orWithoutRoom(settle(db, batch, results ?? [], at), () => erase(db, batch, results ?? []));
    told.sent += settled.sent;
    told.refused += settled.refused;
    if (settled.sent || settled.refused) onChange();
  }
}

// The next records to send. They are read and frozen in one transaction: none of them was undone in between. Without
// room for that they go as they are; what is waiting can't be undone either.
function freeze(db, tried, most) {
  const frozen = db.write(async (parts) => {
    const batch = nextOf(await parts.all("outbox"), tried, most);
    for (const entry of batch) if (entry.state === "waiting") putAs(parts, entry, "frozen");
    return batch;
  });
  return orWithoutRoom(frozen, async () => nextOf(await db.all("outbox"), tried, most));
}

function nextOf(outbox, tried, most) {
  const batch = [];
  let bytes = 0;
  for (const entry of inOrder(outbox)) {
    if (!isSendable(entry) || tried.has(entry.digest)) continue;
    // An answer without a digest could mean either of two records with one id; the second follows by itself.
    if (batch.some(({ id }) => id === entry.id)) continue;
    bytes += entry.sealed.length;
    if (batch.length === most || (batch.length && bytes > MOST_BYTES)) break;
    batch.push(entry);
  }
  return batch;
}

function settle(db, batch, results, at) {
  return db.write(async (parts) => {
    const settled = { sent: 0, refused: 0 };
    for (const entry of batch) {
      if (!(await parts.get("outbox", keyOf(entry)))) continue; // another tab was quicker
      const receipt = receiptFor(entry, results);
      const refusal = results.find((result) => result?.id === entry.id && result.status === 422);
      if (receipt) {
        const { outcome, disposition } = receipt;
        parts.remove("outbox", keyOf(entry));
        parts.put("sent", keyOf(entry), { id: entry.id, digest: entry.digest, outcome, disposition, at });
        settled.sent += 1;
      } else if (refusal) {
        putAs(parts, entry, "refused", refusal.problems);
        settled.refused += 1;
      }
    }
    return settled;
  });
}

// The same without room: what is acknowledged goes, and leaves no note that it was here.
function erase(db, batch, results) {
  const done = batch.filter((entry) => receiptFor(entry, results));
  return db.write(({ remove }) => {
    for (const entry of done) remove("outbox", keyOf(entry));
    return { sent: done.length, refused: 0 };
  });
}

function receiptFor({ id, digest }, results) {
  const names = (result) => result?.id === id && result.digest === digest;
  return results.find((result) => names(result) && RECEIPTS.includes(result.status));
}

// For as long as the app is open: ping, send, wait. state() tells {assignment, app}; onState hears each ping.
export function loop(db, device, { state, onState = () => {}, random, ...options }) {
  const { fetch, now = Date.now } = options;
  const waits = backoff(random);
  let stopped = false;
  let poked = false;
  let wake = () => {};

  // How long to wait then.
  async function round() {
    const { unsent, refused } = await counts(db);
    const heard = await ping(device, { unsent, refused, ...(await state()) }, { fetch, now });
    const clock = { offset: heard.offset, at: now() };
    if (heard.online) await orWithoutRoom(db.write(({ put }) => void put("device", "clock", clock)));
    onState(heard);
    if (!heard.online) return waits.next(heard.retryAfter);
    const { left, busy, retryAfter } = await syncOnce(db, device, options);
    if (left) return waits.next(retryAfter);
    waits.reset();
    return busy || (await counts(db)).held ? HOLD_MS : IDLE_MS;
  }

  async function run() {
    while (!stopped) {
      poked = false;
      const wait = await round().catch((error) => {
        if (error.name === "Outdated") stopped = true;
        onState({ online: false, offset: null, label: null, problem: error.name });
        return waits.next();
      });
      if (stopped || poked) continue;
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, wait);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  function poke() {
    waits.reset();
    poked = true;
    wake();
  }

  globalThis.addEventListener?.("online", poke);
  run();
  return {
    poke,
    stop() {
      stopped = true;
      globalThis.removeEventListener?.("online", poke);
      wake();
    },
  };
}
