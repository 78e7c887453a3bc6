// When nobody has touched the tablet for a while, whoever touches it next has to be known first.

export const LOCK_AFTER = 60_000;
const TOUCHES = ["pointerdown", "keydown", "input"];

// Calls `lock` after a while without a touch. A tablet that sleeps does not run timers, so the clock is read as well when
// the page is seen again, before anything can be done on it.
export function watch(lock, { now = Date.now } = {}) {
  let last = now();
  let timer;

  function touched() {
    last = now();
    clearTimeout(timer);
    timer = setTimeout(lock, LOCK_AFTER);
  }

  function seen() {
    if (document.visibilityState === "visible" && Math.abs(now() - last) >= LOCK_AFTER) lock();
  }

  for (const event of TOUCHES) document.addEventListener(event, touched, { capture: true, passive: true });
  document.addEventListener("visibilitychange", seen);
  addEventListener("pageshow", seen);
  touched();
}
