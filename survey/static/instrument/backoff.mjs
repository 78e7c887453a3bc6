// How long to wait before the next attempt: 2 s, doubling to 5 min, a part of it left to chance, so that a square full
// of tablets or phones does not come back at the same moment.

const FIRST = 2000;
const LONGEST = 300000;

export function backoff(random = Math.random) {
  let delay = FIRST;
  return {
    // Half of the delay is certain. A server that names a time (in ms) is not asked before it.
    next(retryAfter = 0) {
      const wait = Math.max(delay * (0.5 + random() / 2), retryAfter * (1 + random() / 4));
      delay = Math.min(2 * delay, LONGEST);
      return wait;
    },
    reset() {
      delay = FIRST;
    },
  };
}
