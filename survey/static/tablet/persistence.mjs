// Whether the browser promises to keep what the tablet holds, and whether there is room for more of it.

const LOW_BYTES = 20_000_000; // some thousands of records, or a new release of the app

// A browser that promises nothing still keeps the data, until it needs the room: that has to be shown.
export async function persist(storage = navigator.storage) {
  const persisted = (await storage?.persisted?.()) || (await storage?.persist?.()) || false;
  const { quota = null, usage = null } = (await storage?.estimate?.()) ?? {};
  return { persisted, quota, usage, low: quota !== null && quota - usage < LOW_BYTES };
}

// What a browser says about room is not to be trusted: some tell every site the same, so that nobody is recognised by
// it. This finds out, by writing as much as a shift may need and taking it back. For the beginning of a shift.
export async function hasRoom(db, bytes = 4_000_000) {
  const chunk = 65_536; // getRandomValues gives no more at once
  const noise = Array.from({ length: Math.ceil(bytes / chunk) }, () => crypto.getRandomValues(new Uint8Array(chunk)));
  const trial = ({ put, remove }) => {
    for (const part of noise) put("device", "room", part);
    remove("device", "room");
  };
  return db.write(trial).then(
    () => true,
    (error) => (error.name === "StorageFull" ? false : Promise.reject(error)),
  );
}
