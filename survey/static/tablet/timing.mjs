// How long an interview took: by a clock that only counts on and stands still while the app is closed or locked.
// Pure: the clock's readings (ms) are passed in.

export function timing(now, { elapsed = 0, interruptions = 0, timings = {} } = {}) {
  const times = { ...timings };
  const since = (at) => Math.round(elapsed + at - now);
  return {
    // An answer to an item was changed: its first and last moment, since the start.
    touch(item, at) {
      times[item] = [times[item]?.[0] ?? since(at), since(at)];
    },
    state(at) {
      return { elapsed: since(at), interruptions, timings: { ...times } };
    },
  };
}
