// The app's standing conversation with the server: it pings and sends for as long as the app is open, and whenever there
// is a network it makes good what could not be done without one.
import { request } from "./connection.mjs";
import { unusedReturns } from "./grant.mjs";
import { addressOf } from "./questionnaire.mjs";
import { prepare } from "./release.mjs";
import { loop } from "./sync.mjs";

const PREPARING_MS = 30_000;

export function startServerSide(app) {
  const { db, duty } = app;
  let running = null;

  async function heard({ online, label, problem }) {
    const back = online && !app.online;
    app.online = online;
    if (online) {
      duty.clock = await db.read("device", "clock");
      if (label !== duty.identity.label) await duty.note("identity", { ...duty.identity, label });
      if (duty.standing) await duty.note("standing", null);
      if (back) app.install();
      await leave();
      if (back && duty.assignment) await askForSlots(duty.assignment.own.more);
      if (duty.assignment && !duty.assignment.own.prepared) await prepareInterview();
    } else if (problem?.startsWith("device_") && duty.standing !== problem) {
      await duty.note("standing", problem);
    }
    await app.refresh();
  }

  // Shifts that ended: their slots go back once the interviews that hold the others have been sent.
  async function leave() {
    const unsent = (await db.all("outbox")).filter(({ state }) => state !== "refused");
    for (const assignment of await db.all("assignments")) {
      if (!assignment.own.leaving || unsent.some((entry) => entry.assignment === assignment.id)) continue;
      const body = { returned: unusedReturns(assignment.grant, assignment.own.used), more: 0, ended: true };
      const { status } = await ask("POST", `/tablet/assignments/${assignment.id}/slots`, body);
      if (status === 200 || status === 404) await db.write(({ remove }) => remove("assignments", assignment.id));
    }
  }

  // Asks for more slots where `more` is a number that the server has not seen; else only how things stand there, also
  // when the wave ends. -> whether there was an answer
  async function askForSlots(more) {
    const { id } = duty.assignment;
    const { status, body } = await ask("POST", `/tablet/assignments/${id}/slots`, { returned: {}, more, ended: false });
    if (status !== 200 || body.id !== id) return false;
    await app.written(duty.keepGrant(body));
    return true;
  }

  function ask(method, path, body) {
    return request(duty.identity, method, path, body);
  }

  // Everything that the interviews of this assignment need without a network. -> null, or what is in the way
  async function prepareInterview() {
    const { id, point, frame, own } = duty.assignment;
    const { questionnaire, languages } = own.latest ?? duty.assignment;
    const pages = languages.map((language) => addressOf(point.code, language, questionnaire.version));
    await app.install();
    const late = new Promise((resolve) => setTimeout(resolve, PREPARING_MS, { ok: false, problem: "no_worker" }));
    const { ok, problem } = await Promise.race([prepare([...pages, `/tablet/areas/${frame}.json`]), late]);
    if (ok) await app.written(duty.keepPrepared(id, { questionnaire, languages }));
    return ok ? null : problem;
  }

  return {
    ask,
    askForSlots,
    prepareInterview,
    // Who can sign in, and where one can go; null without an answer.
    async offers() {
      const { status, body } = await ask("GET", "/tablet/offers");
      if (status !== 200 || !Array.isArray(body.volunteers)) return null;
      await app.written(duty.keepOffers(body));
      return body;
    },
    // Once the tablet is enrolled, and again when it has become another one.
    run() {
      if (!duty.identity) return;
      running?.stop();
      const { device } = duty.identity;
      const state = async () => ({ assignment: duty.assignment?.id ?? null, app: document.body.dataset.release });
      const onState = (state) => {
        if (device === duty.identity.device) heard(state).catch(() => {}); // the next one tries again
      };
      const onChange = () => leave().catch(() => {}).finally(() => app.refresh());
      running = loop(db, duty.identity, { state, onState, onChange });
    },
    poke: () => running?.poke(),
  };
}
