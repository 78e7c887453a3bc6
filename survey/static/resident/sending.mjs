// Sends one form until it is told what became of it. Told counts only as our server says it: in JSON, and naming the id
// that was sent. A network that wants a sign-in answers 200 with a page of its own, and that is no acknowledgement.
import { backoff } from "../instrument/backoff.mjs";

const PATIENCE = 15000; // ms for one attempt
const AGAIN = [408, 425, 429]; // refusals of the moment; all others of ours are final

let wakes = [];

// Whoever waits for the next attempt makes it now.
export function tryNow() {
  for (const wake of wakes) wake();
}

// The server's word on {path, id, body}: {status, thanks} or {status, problems, work}. `news` hears what is going on:
// "sending", or else why there is no word yet and after how many ms the next attempt is made.
export async function deliver(form, news, { waits = backoff(), patience = PATIENCE } = {}) {
  for (;;) {
    news("sending");
    const { word, why, after } = await attempt(form, patience);
    if (word) return word;
    const wait = waits.next(after);
    news(navigator.onLine ? why : "offline", wait);
    await new Promise((done) => {
      const wake = () => {
        wakes = wakes.filter((each) => each !== wake);
        done();
      };
      wakes.push(wake);
      setTimeout(wake, wait);
    });
  }
}

async function attempt({ path, id, body }, patience) {
  let timer;
  const abort = self.AbortController ? new AbortController() : {};
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error("late"));
      if (abort.abort) abort.abort();
    }, patience);
  });
  try {
    const headers = { Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded" };
    const options = { method: "POST", headers, body, redirect: "manual", credentials: "same-origin" };
    const answer = await Promise.race([fetch(`${path}?send=1`, { ...options, signal: abort.signal }), late]);
    const said = await Promise.race([answer.json().catch(() => null), late]);
    return judge(answer, said || {}, id);
  } catch {
    return { why: "waiting", after: 0 };
  } finally {
    clearTimeout(timer);
  }
}

function judge({ status, headers }, said, id) {
  if ([200, 201, 409].includes(status) && plain(said.id) === plain(id)) return { word: { ...said, status } };
  const final = status >= 400 && status < 500 && !AGAIN.includes(status);
  if (final && Array.isArray(said.problems)) return { word: { ...said, status } };
  const ours = status >= 500 || AGAIN.includes(status);
  return { why: ours ? "busy" : status === 200 ? "stranger" : "waiting", after: 1000 * Number(headers.get("Retry-After")) || 0 };
}

function plain(id) {
  return String(id).replace(/-/g, "").toLowerCase();
}
