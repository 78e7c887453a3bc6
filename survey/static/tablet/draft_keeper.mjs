// Keeps a draft after every change. While one is being written, later changes wait and are written together; what fails
// is told, and the next change tries again. `kept` hears false while there is something to write, and then true.

export function keeper(save, failed, kept) {
  let running = null;
  let waiting = false;

  async function run() {
    while (waiting) {
      waiting = false;
      await save().catch(failed);
    }
    running = null;
    kept(true);
  }

  return {
    changed() {
      waiting = true;
      kept(false);
      running ??= run();
    },
    // Resolves when everything so far has been written or has failed.
    settled: () => running ?? Promise.resolve(),
  };
}
