// A new tablet makes up its own id and secret and presents them with the office's one-time code. They are kept before the
// code is sent, so that an answer that is lost can be asked for again.
import { toBase64 } from "./bytes.mjs";
import { request } from "./connection.mjs";
import { digestOf } from "./seal.mjs";
import { reveal } from "./words.mjs";

const LENGTH = 14;

export function show(app, root, code) {
  const form = root.querySelector("form");
  const field = root.querySelector("#code");

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

  if (code) {
    field.value = code;
    form.requestSubmit();
  }
}

// null, or what is in the way.
async function enrol(app, typed) {
  const { duty } = app;
  const code = typed.normalize("NFKC").replace(/[^0-9a-z]/gi, "").toUpperCase();
  if (code.length !== LENGTH) return "shape";
  if (!duty.applicant) {
    const known = await app.db.read("device", "applicant");
    if (known) duty.applicant = known;
    else await app.written(duty.note("applicant", { device: crypto.randomUUID(), secret: newSecret() }));
  }
  const { device, secret } = duty.applicant;
  const { status, body } = await request(null, "POST", "/tablet/enrol", { code, device, secret_digest: await digestOf(secret) });
  if (status === 422) return "enrolment_unknown";
  if ((status !== 200 && status !== 201) || body.device !== device) return "offline";
  await app.written(duty.note("identity", { device, secret, label: body.label }));
  app.server.run();
  await app.server.offers();
  await app.go("sign_in");
  return null;
}

function newSecret() {
  const letters = toBase64(crypto.getRandomValues(new Uint8Array(32)));
  return letters.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
