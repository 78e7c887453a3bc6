// Where this tablet stands: who it is, what it was told, the assignment it is on and whose turn it is. All of it lies in
// the database; memory follows once a change is on the disk. Only one window of the app is open (app.mjs).
import { begin, isTurn, step } from "./interval.mjs";
import { breakOff } from "./drafts.mjs";
import { cellOf, remaining } from "./grant.mjs";
import { keyOf } from "./outbox.mjs";

const ALONE_MS = 3 * 24 * 60 * 60 * 1000; // how long a tablet may have had no contact before its clock is doubted

export async function openDuty(db) {
  const duty = new Duty(db);
  await duty.read();
  return duty;
}

// An assignment is what the server told, with what happened since under `own`. notePlace null: not asked yet.
const newOwn = ({ every }, choices) => ({
  ...choices,
  taken: Date.now(),
  prepared: false,
  interval: begin(every),
  met: false, // whether the passer-by whose turn it is has been dealt with
  sequence: 0,
  used: {},
  more: 0,
  leaving: false,
  counts: {},
});

class Duty {
  constructor(db) {
    this.db = db;
  }

  async read() {
    const { db } = this;
    const [identity, clock, standing, current, preferences, entrusted] = await Promise.all(
      ["identity", "clock", "standing", "current", "preferences", "entrusted"].map((key) => db.read("device", key)),
    );
    Object.assign(this, { identity, clock, standing: standing ?? null, preferences: preferences ?? { mode: "paged" } });
    this.entrusted = entrusted ?? false; // a person answers alone, and nobody has given a PIN since
    this.credentials = current?.credentials ?? null;
    this.assignment = current?.assignment ? ((await db.read("assignments", current.assignment)) ?? null) : null;
    this.turn = current?.turn ? ((await db.read("turns", current.turn)) ?? null) : null;
    this.offers = (await db.read("roster", "offers")) ?? null;
  }

  get offset() {
    return this.clock?.offset ?? null;
  }

  // The server's clock, as far as it is known.
  now() {
    return Date.now() + (this.offset ?? 0);
  }

  // What recordOf needs to know.
  get whereabouts() {
    return { assignment: this.assignment, turn: this.turn, offset: this.offset };
  }

  // The tablet as the server knows it from now on; whether it is. What an earlier id of it was told means nothing to this
  // one and goes, unless there are interviews among it that have not been received.
  async become(identity) {
    const done = await this.db.write(async ({ all, put, remove }) => {
      const stores = ["outbox", "drafts", "assignments", "turns", "sent"];
      const [outbox, drafts, assignments, turns, sent] = await Promise.all(stores.map((store) => all(store)));
      if (outbox.length || drafts.length) return false;
      for (const { id } of assignments) remove("assignments", id);
      for (const { id } of turns) remove("turns", id);
      for (const entry of sent) remove("sent", keyOf(entry));
      for (const key of ["standing", "current", "taking", "entrusted"]) remove("device", key);
      put("device", "identity", identity);
      return true;
    });
    if (done) await this.read();
    return done;
  }

  async note(key, value) {
    await this.db.write(({ put }) => put("device", key, value));
    this[key] = value;
  }

  async keepOffers(offers) {
    await this.db.write(({ put }) => put("roster", "offers", offers));
    this.offers = offers;
  }

  // --- assignment ---

  async take(body, choices) {
    const assignment = { ...body, own: newOwn(body, choices) };
    await this.db.write(({ put, remove }) => {
      put("assignments", body.id, assignment);
      put("device", "current", { assignment: body.id });
      remove("device", "taking");
    });
    this.assignment = assignment;
  }

  // To be done in a transaction; memory follows when `settled` is called after it.
  changing(change) {
    let changed = null;
    const { id } = this.assignment;
    return {
      write: async ({ get, put }) => {
        const before = await get("assignments", id);
        changed = { ...before, own: { ...before.own, ...change(before.own) } };
        put("assignments", id, changed);
      },
      settled: () => {
        if (this.assignment?.id === id) this.assignment = changed;
      },
    };
  }

  async change(change) {
    const { write, settled } = this.changing(change);
    await this.db.write(write);
    settled();
  }

  // How things stand at the server. Which questionnaire the wave has now is only noted: what is asked here is what the
  // prepared pages hold, until later ones have been prepared.
  keepGrant({ id, grant, closes_at, renewals, ended, questionnaire, languages }) {
    return this.merge(id, ({ own, ...before }) => {
      const prepared = own.prepared && before.questionnaire.version === questionnaire.version;
      return { grant, closes_at, renewals, ended, own: { ...own, prepared, latest: { questionnaire, languages } } };
    });
  }

  // The pages of this questionnaire are on the tablet, so it is asked from the next interview on.
  keepPrepared(id, questions) {
    return this.merge(id, ({ own }) => ({ ...questions, own: { ...own, prepared: true } }));
  }

  async merge(id, change) {
    const changed = await this.db.write(async ({ get, put }) => {
      const before = await get("assignments", id);
      const merged = { ...before, ...change(before) };
      put("assignments", id, merged);
      return merged;
    });
    if (this.assignment?.id === id) this.assignment = changed;
  }

  // A clock that claims days without any contact was set more likely than the tablet was left alone for so long. What
  // it says ends nothing: an interview that comes too late is kept, one that was not made is lost.
  get believed() {
    return !this.clock || Math.abs(Date.now() - this.clock.at) < ALONE_MS;
  }

  get expired() {
    return this.assignment !== null && this.believed && this.now() >= Date.parse(this.assignment.grant.expires_at);
  }

  get closed() {
    return this.assignment !== null && this.believed && this.now() >= Date.parse(this.assignment.closes_at);
  }

  slotsLeft() {
    const { grant, own } = this.assignment;
    return remaining(grant, own.used, this.believed ? Date.now() : this.clock.at, this.offset);
  }

  // A person's cell (null: none of this tablet's) and whether it has room here. A person whose answers make no cell at
  // all, such as one who declined to say, is nobody's quota and not turned away.
  roomFor(answers, district) {
    const { grant } = this.assignment;
    const where = district ?? grant.cells[0]?.district;
    const cell = cellOf(grant, answers, where);
    const counted = grant.cells.some(({ district: home }) => cellOf(grant, answers, home) !== null);
    return { cell, room: cell === null ? !counted : this.slotsLeft()[cell] > 0 };
  }

  // --- turn ---

  async beginTurn(volunteer) {
    const began = new Date().toISOString();
    const turn = { id: crypto.randomUUID(), assignment: this.assignment.id, volunteer: volunteer.id, began };
    Object.assign(turn, { ended: null, passed: 0, unsent: true });
    await this.db.write(({ put }) => {
      put("turns", turn.id, turn);
      put("device", "current", { assignment: this.assignment.id, turn: turn.id, credentials: volunteer });
    });
    this.turn = turn;
    this.credentials = volunteer;
  }

  // Ends the turn, and with `leaving` the shift. An unfinished interview is kept as broken off: nobody else can open it.
  async endTurn({ leaving = false } = {}) {
    const ended = { ...this.turn, ended: new Date().toISOString(), unsent: true };
    const end = (change) => async (parts) => {
      await change.write(parts);
      parts.put("turns", ended.id, ended);
      parts.put("device", "current", leaving ? {} : { assignment: ended.assignment });
    };
    const broken = this.changing((own) => ({ leaving, ...noted(own, "broken_off") }));
    const unbroken = this.changing(() => ({ leaving }));
    if (await breakOff(this.db, ended.id, end(broken))) broken.settled();
    else await this.db.write(end(unbroken)).then(unbroken.settled);
    this.turn = this.credentials = null;
    if (leaving) this.assignment = null;
  }

  hasDraft() {
    return this.turn ? this.db.read("drafts", this.turn.id).then(Boolean) : false;
  }

  // --- the street ---

  // Whether the passer-by who was counted last is to be approached.
  get approaching() {
    return isDue(this.assignment.own);
  }

  async passes() {
    const { every, id } = this.assignment;
    const { write, settled } = this.changing(({ interval }) => ({ interval: step(interval, every), met: false }));
    const turn = await this.db.write(async (parts) => {
      const before = await parts.get("turns", this.turn.id);
      if (isDue((await parts.get("assignments", id)).own)) return null;
      const after = { ...before, passed: before.passed + 1, unsent: true };
      await write(parts);
      parts.put("turns", after.id, after);
      return after;
    });
    if (!turn) return;
    settled();
    this.turn = turn;
  }
}

const isDue = ({ interval, met }) => isTurn(interval) && !met;

// What an approach changes: the person has been dealt with, and counts.
export function noted(own, finish, cell = null) {
  return {
    met: true,
    sequence: own.sequence + 1,
    counts: { ...own.counts, [finish]: (own.counts[finish] ?? 0) + 1 },
    used: cell === null ? own.used : { ...own.used, [cell]: (own.used[cell] ?? 0) + 1 },
  };
}

// And back again.
export function takenBack(own, finish) {
  return { met: false, sequence: own.sequence - 1, counts: { ...own.counts, [finish]: own.counts[finish] - 1 } };
}
