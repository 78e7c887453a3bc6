// The outbox: what is still here only, what the server would not take, and the ways to bring it to the office.
import { compare } from "./comparison.mjs";
import { showStorage } from "./head.mjs";
import { counts, entries, tryAgain } from "./outbox.mjs";
import { rescueFile, rescueName } from "./rescue.mjs";
import { syncOnce } from "./sync.mjs";
import { dayAndTimeOf, reveal, rows, say } from "./words.mjs";

export function show(app, root) {
  const { db, duty } = app;
  let busy = false;

  async function update() {
    const [outbox, sent] = await Promise.all([entries(db), db.all("sent")]);
    if (!root.querySelector(".box")) return; // another screen has been opened meanwhile
    const { unsent, refused } = await counts(db);
    const conflicts = sent.filter(({ outcome }) => outcome === "conflict").length;
    const contact = duty.clock ? dayAndTimeOf(duty.clock.at) : "";
    say(root, { unsent, refused, sent: sent.length, conflicts, contact });
    reveal(root, "[data-contact]", Boolean(duty.clock));
    reveal(root, "[data-never]", !duty.clock);
    reveal(root, "[data-empty]", sent.length > 0 && !outbox.length);
    showStorage(root, app);
    reveal(root, "[data-anew]", Boolean(duty.standing));
    const refusals = outbox.filter(({ state }) => state === "refused");
    reveal(root, "#again, #refusals", refusals.length > 0);
    rows(root.querySelector("#refusals ul"), "refusal", refusals, (row, { made, problems }) => {
      const told = [problems].flat().filter(Boolean);
      say(row, { made: dayAndTimeOf(made), message: told.map(({ field, message }) => `${field}: ${message}`).join(" ") });
    });
  }

  async function once(act) {
    if (busy) return;
    busy = true;
    reveal(root, "[data-told], [data-problem]", false);
    reveal(root, ".waiting");
    await act().catch(() => reveal(root, "[data-problem=offline]"));
    busy = false;
    reveal(root, ".waiting", false);
    await app.refresh();
  }

  async function send() {
    const { left, busy: elsewhere } = await syncOnce(db, duty.identity, { onChange: () => app.refresh() });
    app.server.poke();
    reveal(root, "[data-problem=offline]", left > 0 && !elsewhere);
  }

  async function compared() {
    const { status, body } = await app.server.ask("GET", "/tablet/manifest");
    if (status !== 200 || !Array.isArray(body.records)) return reveal(root, "[data-problem=offline]");
    const [sent, outbox] = await Promise.all([db.all("sent"), db.all("outbox")]);
    const { missing, unknown } = compare(sent, outbox, body.records);
    const found = missing.length ? "different" : unknown.length ? "forgotten" : "equal";
    say(root, { sent: sent.length, missing: missing.length, unknown: unknown.length });
    return reveal(root, `[data-told=${found}]`);
  }

  async function rescue() {
    const file = new Blob([await rescueFile(db)], { type: "application/json" });
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(file) });
    link.download = rescueName(duty.identity.label, new Date());
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    reveal(root, "[data-told=rescued]");
  }

  const acts = {
    send,
    compare: compared,
    rescue,
    again: () => tryAgain(db).then(send),
  };
  root.querySelector(".box").addEventListener("click", ({ target }) => {
    if (Object.hasOwn(acts, target.id)) once(acts[target.id]);
    if (target.id === "leave") app.go(app.volunteer ? (duty.turn ? "street" : "take") : duty.identity ? "sign_in" : "enrol");
  });
  update();
  return { update };
}
