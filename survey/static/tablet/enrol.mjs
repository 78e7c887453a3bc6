// A new tablet makes up its own id and secret and presents them with the office's one-time code. They are kept before the
// code is sent, so that an answer that is lost can be asked for again. A tablet that the server turns away becomes a new
// one, if it holds nothing any more that only its old id can bring to the office.
import { toBase64 } from "./bytes.mjs";
import { request } from "./connection.mjs";
import { digestOf } from "./seal.mjs";
import { reveal } from "./words.mjs";

const LENGTH = 14;

export function show(app, root, code) {
  const form = root.querySelector("form");
  const field = root.querySelector("#code");
  const { duty } = app;

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.dataset.busy) return;
    form.dataset.busy = "yes";
    reveal(root, "[data-problem]", false);
    reveal(root, ".waiting");
    const problem = await enrol(app, field.value).catch((error) => (error.name === "StorageFull" ? "full" : "offline"));
    delete form.dataset.busy;
    reveal(root, ".waiting", false);
    if (problem) reveal(root, `[data-problem=${problem}]`);
  });

  function update() {
    const { unsent, refused } = app.held;
    const occupied = duty.identity && (unsent || refused || app.unfinished);
    reveal(root, "[data-occupied]", Boolean(occupied));
    reveal(root, "[data-registering]", !occupied);
    reveal(root, "[data-leave]", Boolean(duty.identity) && !occupied);
    return occupied;
  }

  field.value = code ?? "";
  if (!update() && code) form.requestSubmit();
  return { update };
}

// null, or what is in the way.
async function enrol(app, typed) {
  const { duty } = app;
  const code = typed.normalize("NFKC").replace(/[^0-9a-z]/gi, "").toUpperCase();
  if (code.length !== LENGTH) return "shape";
  if (duty.identity && !duty.standing) return app.go("sign_in"); // the server knows it again
  const { device, secret } = await applicant(app);
  const { status, body } = await request(null, "POST", "/tablet/enrol", { code, device, secret_digest: await digestOf(secret) });
  if (status === 422) return "enrolment_unknown";
  if ((status !== 200 && status !== 201) || body.device !== device) return "offline";
  if (!(await app.written(duty.become({ device, secret, label: body.label })))) return app.refresh();
  app.forget();
  app.server.run();
  await app.server.offers();
  await app.go("sign_in");
  return null;
}

// Made once, and again when it is the one that the server turns away.
async function applicant(app) {
  const { db, duty } = app;
  const known = await db.read("device", "applicant");
  if (known && known.device !== duty.identity?.device) return known;
  const made = { device: crypto.randomUUID(), secret: newSecret() };
  await app.written(duty.note("applicant", made));
  return made;
}

function newSecret() {
  const letters = toBase64(crypto.getRandomValues(new Uint8Array(32)));
  return letters.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
