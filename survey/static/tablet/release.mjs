// The page's side of the service worker: having one, preparing interviews for the time without a network, and letting a
// new release take over at a moment when nobody is being interviewed.

// onWaiting(registration): a new release is ready and waits to be told. null where the browser has no service workers.
export async function register(onWaiting = () => {}) {
  if (!navigator.serviceWorker) return null;
  const options = { type: "module", scope: "/tablet/", updateViaCache: "none" };
  const registration = await navigator.serviceWorker.register("/tablet/worker.mjs", options);
  const tell = () => {
    if (registration.waiting && navigator.serviceWorker.controller) onWaiting(registration);
  };
  registration.addEventListener("updatefound", () => registration.installing.addEventListener("statechange", tell));
  tell();
  return registration;
}

// Keeps the pages (and what they need to know) of an interview. -> {ok, problem, url}
export async function prepare(urls) {
  const registration = navigator.serviceWorker && (await navigator.serviceWorker.ready);
  if (!registration) return { ok: false, problem: "no_worker", url: null };
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data);
    registration.active.postMessage({ prepare: urls }, [port2]);
  });
}

// The page is loaded again as soon as the new release answers for it; at once where another tab has told it already.
export function takeOver({ waiting }) {
  if (!waiting) return location.reload();
  navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
  waiting.postMessage("take over");
}
