// Taking an assignment: which wave, which point, which shift. It needs the network once; afterwards the tablet has what
// it needs to work alone. The assignment's id is made and kept before it is asked for, so that a lost answer costs nothing.
import { showStorage } from "./head.mjs";
import { reveal, rows, say, textOf } from "./words.mjs";

export function show(app, root) {
  const { duty } = app;
  const form = root.querySelector("#choosing");
  const find = root.querySelector("#find");
  let offers = null;
  let busy = false;

  async function ask() {
    reveal(root, "[data-problem], .empty", false);
    reveal(root, ".waiting");
    offers = await app.server.offers().catch(() => null);
    if (!root.contains(form)) return; // another screen has been opened meanwhile
    reveal(root, ".waiting", false);
    reveal(root, "[data-problem=offline]", !offers);
    reveal(root, ".empty:not(#none-found)", offers !== null && !offers.waves.length);
    form.hidden = !offers?.waves.length;
    if (!form.hidden) list();
  }

  function list() {
    choices(root.querySelector("#waves"), "wave", offers.waves, (wave) => textOf(wave.title));
    choices(root.querySelector("#shifts"), "shift", offers.shifts, (shift) => textOf(shift.name));
    listPoints();
  }

  // Chips to choose from, the first chosen; a single wave is not asked about.
  function choices(fieldset, name, things, text) {
    fieldset.hidden = name === "wave" && things.length === 1;
    const labels = things.map((thing, position) => {
      const input = Object.assign(document.createElement("input"), { type: "radio", name, value: thing.code, checked: !position });
      const label = document.createElement("label");
      label.append(input, Object.assign(document.createElement("span"), { textContent: text(thing) }));
      return label;
    });
    fieldset.querySelector(".chips").replaceChildren(...labels);
  }

  const chosen = (name) => form.querySelector(`[name=${name}]:checked`)?.value ?? null;
  const wave = () => offers.waves.find(({ code }) => code === chosen("wave"));

  function listPoints() {
    const kept = chosen("point");
    const wanted = find.value.normalize("NFKC").trim().toLowerCase();
    const found = wave().points.filter(({ number, name, place }) => {
      return String(number) === wanted || [name, place].some((texts) => textOf(texts).toLowerCase().includes(wanted));
    });
    rows(root.querySelector("#points"), "point", found, (row, { code, number, name, place, free, taken }) => {
      row.querySelector("input").value = code;
      row.querySelector("input").checked = code === kept;
      say(row, { number, name: textOf(name), place: textOf(place), free, taken: taken.join("、") });
      reveal(row, "[data-taken]", taken.length > 0);
    });
    reveal(root, "#none-found", !found.length);
  }

  async function take(event) {
    event.preventDefault();
    const [point, shift] = [chosen("point"), chosen("shift")];
    if (!point) return form.querySelector("[name=point]")?.focus();
    if (busy) return undefined;
    busy = true;
    reveal(root, "[data-problem]", false);
    reveal(root, ".waiting");
    const problem = await taken(point, shift).catch((error) => (error.name === "StorageFull" ? "full" : "offline"));
    busy = false;
    reveal(root, ".waiting", false);
    if (!problem) return app.go("street");
    reveal(root, `[data-problem=${problem}]`);
    return root.querySelector(`[data-problem=${problem}]`).scrollIntoView({ block: "center" });
  }

  // null, or what is in the way.
  async function taken(point, shift) {
    const { db, server } = app;
    if (!duty.assignment) {
      const asked = await db.read("device", "taking");
      const same = asked?.point === point && asked?.shift === shift;
      const id = same ? asked.id : crypto.randomUUID();
      if (!same) await app.written(db.write(({ put }) => put("device", "taking", { id, point, shift })));
      const { status, body } = await server.ask("POST", "/tablet/assignments", { id, point, shift });
      if (status === 422) {
        say(root, { message: body.problems?.[0]?.message ?? "" });
        return "refused";
      }
      if ((status !== 200 && status !== 201) || body.id !== id) return "offline";
      const shiftName = offers.shifts.find(({ code }) => code === shift).name;
      await app.written(duty.take(body, { shiftName, notePlace: body.ask_place ? null : false }));
    }
    const problem = await server.prepareInterview();
    if (problem === "other_release") app.update();
    if (problem) return problem === "full" ? "full" : "prepare";
    await app.beginTurn();
    return null;
  }

  form.addEventListener("submit", take);
  form.addEventListener("change", ({ target }) => target.name === "wave" && listPoints());
  find.addEventListener("input", listPoints);
  for (const button of root.querySelectorAll("[data-again]")) {
    button.addEventListener("click", () => (duty.assignment ? form.requestSubmit() : ask()));
  }
  ask();
  const update = () => showStorage(root, app);
  update();
  app.lookForRoom().then(() => app.refresh(), () => {});
  return { update };
}
