// Whether the browser promises to keep what the tablet holds, and how much room is left for it.

const LOW_BYTES = 20_000_000; // some thousands of records, or a new release of the app

// A browser that promises nothing still keeps the data, until it needs the room: that has to be shown.
export async function persist(storage = navigator.storage) {
  const persisted = (await storage?.persisted?.()) || (await storage?.persist?.()) || false;
  const { quota = null, usage = null } = (await storage?.estimate?.()) ?? {};
  return { persisted, quota, usage, low: quota !== null && quota - usage < LOW_BYTES };
}
