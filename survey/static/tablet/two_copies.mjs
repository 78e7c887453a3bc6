// The tablet's memory, twice. A browser that was killed while it wrote may find its database damaged at a later start;
// Chromium then throws the whole of it away, also what was complete long before. So there is a second database, in a
// storage bucket of its own, which lies in other files. What write() has promised is in both, and at the start of the
// app the copy that lacks something is made like the other one.
import { openDatabase } from "./database.mjs";

const BUCKET = "second-copy";
const COUNT = "writes"; // in the store "device": how many writes this copy has seen

// A database as openDatabase gives it. Where the browser has no buckets there is one copy only.
export async function openTwoCopies(options, buckets = navigator.storageBuckets) {
  const first = await openDatabase(indexedDB, options);
  const second = await openSecond(options, buckets);
  if (!second) return first;
  await level(first, second);
  let last = Promise.resolve();
  return {
    ...first,
    async write(change) {
      const { result, ...done } = await noting(first, change);
      last = last.then(() => follow(first, second, done)).catch(() => {}); // a copy that is behind is made anew later
      await last;
      return result;
    },
    close() {
      first.close();
      second.close();
    },
  };
}

async function openSecond(options, buckets) {
  try {
    const bucket = await buckets.open(BUCKET, { persisted: true, durability: "strict" });
    return await openDatabase(bucket.indexedDB, options);
  } catch {
    return null;
  }
}

// Does the change and tells what it put and removed. What only removes is not counted, for on a full disk nothing can be
// put; a record that is removed in one copy only is sent again, which the server knows.
async function noting(db, change) {
  const writes = new Map();
  let before;
  const result = await db.write(async (parts) => {
    before = (await parts.get("device", COUNT)) ?? 0;
    const noted = (name) => (store, key, value) => {
      writes.set(JSON.stringify([store, key]), { name, store, key, value });
      parts[name](store, key, value);
    };
    const told = await change({ ...parts, put: noted("put"), remove: noted("remove") });
    const puts = [...writes.values()].some(({ name }) => name === "put");
    if (puts) noted("put")("device", COUNT, before + 1);
    return told;
  });
  return { result, before, writes: [...writes.values()] };
}

// What was done to the first is done to the second, if that has all that was there before; else it is made anew.
async function follow(first, second, { before, writes }) {
  const followed = await second.write(async ({ get, ...parts }) => {
    const even = (await get("device", COUNT)) === before;
    if (even) for (const { name, store, key, value } of writes) parts[name](store, key, value);
    return even;
  });
  if (!followed) await copy(first, second);
}

async function level(first, second) {
  const [ofFirst, ofSecond] = await Promise.all([first, second].map((db) => db.read("device", COUNT)));
  if (ofSecond > (ofFirst ?? -1)) await copy(second, first);
  else if (ofFirst !== ofSecond) await copy(first, second).catch(() => {}); // the first write tries again
}

// All of it, in one transaction on each side.
async function copy(from, to) {
  const content = await from.write(contentOf);
  await to.write(async (parts) => {
    for (const { store, key } of await contentOf(parts)) parts.remove(store, key);
    for (const { store, key, value } of content) parts.put(store, key, value);
  });
}

async function contentOf({ stores, keys, all }) {
  const content = [];
  for (const store of stores) {
    const [names, values] = await Promise.all([keys(store), all(store)]);
    for (const [position, key] of names.entries()) content.push({ store, key, value: values[position] });
  }
  return content;
}
