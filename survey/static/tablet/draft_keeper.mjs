// Keeps a draft after every change. While one is being written, later changes wait and are written together; what fails
// is told, and the next change tries again.

export function keeper(save, failed) {
  let running = null;
  let waiting = false;

  async function run() {
    while (waiting) {
      waiting = false;
      await save().catch(failed);
    }
    running = null;
  }

  return {
    changed() {
      waiting = true;
      running ??= run();
    },
    // Resolves when everything so far has been written or has failed.
    settled: () => running ?? Promise.resolve(),
  };
}
