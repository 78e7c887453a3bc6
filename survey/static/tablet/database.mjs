// The tablet's memory: one IndexedDB database. What write() has promised is on the disk: every transaction asks for the
// strict durability and is believed only when it is complete.

const NAME = "minsheng";

// Version n is what the first n steps make of an empty database. A released step never changes; the next one is added
// below it and keeps what it finds: the outbox may hold interviews that exist nowhere else.
const STEPS = [
  (database) => {
    const stores = ["device", "roster", "assignments", "turns", "drafts", "outbox", "sent"];
    for (const store of stores) database.createObjectStore(store);
  },
];

// The browser's errors that a screen has something to say about: no room is left; a newer release has changed the
// database, so that this page must be loaded again before it may write.
const MEANING = { QuotaExceededError: "StorageFull", VersionError: "Outdated", InvalidStateError: "Outdated" };

// onOutdated is called when another tab opens the database with a newer release.
export function openDatabase(factory = indexedDB, { onOutdated = () => {} } = {}) {
  return new Promise((resolve, reject) => {
    const opening = factory.open(NAME, STEPS.length);
    opening.onupgradeneeded = ({ oldVersion }) => {
      for (const step of STEPS.slice(oldVersion)) step(opening.result, opening.transaction);
    };
    opening.onerror = () => reject(withMeaning(opening.error));
    opening.onsuccess = () => {
      const database = opening.result;
      database.onversionchange = () => {
        database.close(); // what is under way ends first
        onOutdated();
      };
      resolve({
        read: (store, key) => reading(database, store, (parts) => parts.get(store, key)),
        all: (store, id) => reading(database, store, (parts) => parts.all(store, id)),
        write: (change) => writing(database, change).catch((error) => Promise.reject(withMeaning(error))),
        close: () => database.close(),
      });
    };
  });
}

async function reading(database, store, read) {
  try {
    return await read(reads(database.transaction(store)));
  } catch (error) {
    throw withMeaning(error);
  }
}

// change({get, all, put, remove}) may await its own get and all, which tell what was there before, and nothing else.
// What it puts and removes is done when it has returned: all of it, and then write() resolves with what change told, or
// nothing. A change that waits for something else finds its transaction ended, and nothing of it happens either.
async function writing(database, change) {
  const transaction = database.transaction([...database.objectStoreNames], "readwrite", { durability: "strict" });
  const complete = new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
  });
  complete.catch(() => {}); // it may end before anybody listens
  const writes = [];
  try {
    const result = await change({
      ...reads(transaction),
      put: (store, key, value) => writes.push(() => transaction.objectStore(store).put(value, key)),
      remove: (store, key) => writes.push(() => transaction.objectStore(store).delete(key)),
    });
    for (const write of writes) write();
    await complete;
    return result;
  } catch (error) {
    abort(transaction);
    throw error;
  }
}

function reads(transaction) {
  return {
    get: (store, key) => answerTo(transaction.objectStore(store).get(key)),
    // Of the stores with keys [id, …], all or those of one id.
    all: (store, id) => answerTo(transaction.objectStore(store).getAll(id && IDBKeyRange.bound([id], [id, []]))),
    keys: (store) => answerTo(transaction.objectStore(store).getAllKeys()),
    stores: [...transaction.objectStoreNames],
  };
}

function answerTo(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function abort(transaction) {
  try {
    transaction.abort();
  } catch {
    // It has already ended.
  }
}

function withMeaning(error) {
  const name = MEANING[error?.name];
  return name ? Object.assign(new Error(error.message, { cause: error }), { name }) : error;
}
