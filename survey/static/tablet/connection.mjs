// Speaking with the server: what counts as its answer, and what counts as being online. In a market hall a portal answers
// everything with a page of its own and status 200; whatever is not plainly from our server is as good as no answer.

const TIMEOUT = 30_000;
const NO_ANSWER = { status: 0, body: null, retryAfter: 0 };

// device: {device, secret}, or null before it is enrolled. -> {status, body, retryAfter in ms}; status 0 is no answer.
export async function request(device, method, path, body, options = {}) {
  const { fetch = globalThis.fetch, now = Date.now, timeout = TIMEOUT } = options;
  const headers = { Accept: "application/json", "Device-Time": new Date(now()).toISOString() };
  if (device) headers.Authorization = `Bearer ${device.device}.${device.secret}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const how = { method, headers, credentials: "omit", cache: "no-store", redirect: "error" };
  try {
    const signal = AbortSignal.timeout(timeout);
    const answer = await fetch(path, { ...how, body: JSON.stringify(body), signal });
    if (!/^application\/json\b/.test(answer.headers.get("Content-Type"))) return NO_ANSWER;
    const told = await answer.json(); // rejects where the body was cut
    if (told === null || typeof told !== "object") return NO_ANSWER;
    const seconds = Number(answer.headers.get("Retry-After"));
    return { status: answer.status, body: told, retryAfter: seconds > 0 ? 1000 * seconds : 0 };
  } catch {
    return NO_ANSWER;
  }
}

// Online is: our service answers with the nonce it has just been given. offset: the server's clock less ours, in ms.
export async function ping(device, state, { fetch, now = Date.now, timeout } = {}) {
  const nonce = crypto.randomUUID();
  const sent = now();
  const { status, body, retryAfter } = await request(device, "POST", "/tablet/ping", { ...state, nonce }, { fetch, now, timeout });
  const offset = Date.parse(body?.server_time) - (sent + now()) / 2;
  if (status === 200 && body.service === "minsheng-tablet" && body.nonce === nonce && !Number.isNaN(offset)) {
    return { online: true, offset: Math.round(offset), label: body.label, problem: null, retryAfter: 0 };
  }
  return { online: false, offset: null, label: null, problem: turnedAway(status, body), retryAfter };
}

// Why the server does not want to know this tablet: its code, or null. Only a reason to show something, never to erase.
export function turnedAway(status, body) {
  if (status !== 401 && status !== 403) return null;
  const codes = ["device_unknown", "device_revoked"];
  return [body.problems].flat().map((problem) => problem?.code).find((code) => codes.includes(code)) ?? null;
}
