// Whom to approach: after a random start, each k-th passer-by (a systematic sample of those who pass). While somebody is
// being interviewed nobody is counted. State: {passed: counted so far, next: the number of the one to approach}.

export function begin(every, random = Math.random) {
  return { passed: 0, next: 1 + Math.floor(random() * every) };
}

// One more passes.
export function step({ passed, next }, every) {
  return { passed: passed + 1, next: passed >= next ? passed + every : next };
}

// Whether the one who has just passed is to be approached.
export function isTurn({ passed, next }) {
  return passed === next;
}

// How many pass until the next one to approach, that one included.
export function until({ passed, next }, every) {
  return passed >= next ? every : next - passed;
}
