// The service worker: with it the app and the prepared interviews open without a network. Every release has a cache of
// its own, named by the digest that stands in the addresses of its files, and a page gets all its parts from the cache
// that it came from. Only GET requests of pages, static files and lists of areas pass through here; nothing that is sent
// to the server ever does, and nothing that came from elsewhere (a portal, another release) is kept.
import { listAsked, listBelow } from "./worker_areas.mjs";

const PREFIX = "minsheng-tablet-";
const KEPT = /^\/(static|tablet\/interview)\//;
const DIGEST_IN_PAGE = /\/static\/([0-9a-f]{16})\//;

// release: {digest, shell: [addresses of the app's pages], assets: [addresses of all its static files]}.
export function serve(worker, release) {
  const name = PREFIX + release.digest;
  worker.addEventListener("install", (event) => event.waitUntil(install(worker, name, release)));
  worker.addEventListener("activate", (event) => event.waitUntil(activate(worker, name)));
  worker.addEventListener("fetch", (event) => {
    const { method, mode, url } = event.request;
    const handling = handlingOf({ method, mode, url }, worker.location.origin, release);
    if (handling === "list") event.respondWith(list(worker, name, event.request));
    if (handling === "kept") event.respondWith(kept(worker, name, event.request));
  });
  worker.addEventListener("message", (event) => {
    if (event.data === "take over") event.waitUntil(worker.skipWaiting());
    const { prepare: urls } = event.data ?? {};
    if (urls) event.waitUntil(prepare(worker, name, release, urls).then((told) => event.ports[0].postMessage(told)));
  });
}

// Pure: how a request is answered. "kept" from the cache if it is there, "list" from the frame's file, null not by us.
export function handlingOf({ method, mode, url }, origin, { shell }) {
  const address = new URL(url);
  if (method !== "GET" || address.origin !== origin) return null;
  if (listAsked(address.pathname)) return "list";
  const named = shell.includes(address.pathname + address.search) || KEPT.test(address.pathname);
  return named || mode === "navigate" ? "kept" : null;
}

// Pure: what keeps an answer out of this release's cache, or null. `text` is its body.
export function objection({ url, status, redirected, type, cacheControl, text }, { digest, assets }) {
  if (redirected) return "not_ours";
  if (status === 404 || status === 410) return "gone";
  if (status !== 200) return "offline";
  if (assets.includes(url)) return cacheControl.includes("immutable") ? null : "other_release";
  if (/\bjson\b/.test(type)) return isJson(text) ? null : "not_ours";
  const [, named] = DIGEST_IN_PAGE.exec(text) ?? [];
  if (!named) return "not_ours";
  return named === digest ? null : "other_release";
}

function isJson(text) {
  try {
    return typeof JSON.parse(text) === "object";
  } catch {
    return false;
  }
}

async function install(worker, name, release) {
  const told = await prepare(worker, name, release, [...release.shell, ...release.assets]);
  if (!told.ok) throw new Error(`${told.url}: ${told.problem}`);
  // What was prepared under an older release must be there when this one takes over without a network.
  for (const url of await preparedEarlier(worker, name, release)) {
    const again = await prepare(worker, name, release, [url]);
    if (!again.ok && again.problem !== "gone") throw new Error(`${url}: ${again.problem}`);
  }
}

async function preparedEarlier(worker, name, { shell }) {
  const found = new Set();
  for (const cache of await ours(worker)) {
    if (cache === name) continue;
    for (const { url } of await (await worker.caches.open(cache)).keys()) {
      const { pathname, search } = new URL(url);
      if (pathname.startsWith("/tablet/") && !shell.includes(pathname + search)) found.add(pathname + search);
    }
  }
  return found;
}

async function activate(worker, name) {
  for (const cache of await ours(worker)) if (cache !== name) await worker.caches.delete(cache);
  await worker.clients.claim();
}

async function ours(worker) {
  return (await worker.caches.keys()).filter((cache) => cache.startsWith(PREFIX));
}

// Fetches all and keeps all, or keeps nothing and tells what is in the way.
async function prepare(worker, name, release, urls) {
  try {
    const answers = await Promise.all(urls.map((url) => fetched(worker, release, url)));
    const bad = answers.find(({ problem }) => problem);
    if (bad) return { ok: false, problem: bad.problem, url: bad.url };
    const cache = await worker.caches.open(name);
    await Promise.all(answers.map(({ url, answer }) => cache.put(url, answer)));
    return { ok: true };
  } catch (error) {
    return { ok: false, problem: error.name === "QuotaExceededError" ? "full" : "offline", url: null };
  }
}

async function fetched(worker, release, url) {
  try {
    const cache = release.assets.includes(url) ? "default" : "reload";
    const answer = await worker.fetch(url, { cache, credentials: "omit" });
    const text = await answer.clone().text(); // rejects where the body was cut
    const { status, redirected, headers } = answer;
    const told = { type: headers.get("Content-Type") ?? "", cacheControl: headers.get("Cache-Control") ?? "" };
    return { url, answer, problem: objection({ url, status, redirected, text, ...told }, release) };
  } catch {
    return { url, problem: "offline" };
  }
}

async function kept(worker, name, request) {
  const cache = await worker.caches.open(name);
  const exact = await cache.match(request, { ignoreVary: true });
  if (exact) return exact;
  // The app in a language that nobody named, and the like: any of the page's languages is better than none.
  const alike = request.mode === "navigate" && (await cache.match(request, { ignoreVary: true, ignoreSearch: true }));
  return alike || worker.fetch(request);
}

async function list(worker, name, request) {
  const { all, code } = listAsked(new URL(request.url).pathname);
  const answer = await (await worker.caches.open(name)).match(all, { ignoreVary: true });
  const rows = answer && listBelow(await answer.json(), code);
  return rows ? Response.json(rows) : worker.fetch(request);
}
