// What this tablet knows that the server has, held against what the server says it has from this tablet.

// The server keeps the bytes that came first. What it called repeated or a conflict had come before in other bytes, so
// that the server names those; only the bytes of what it called stored are its own.
const CAME_LATER = ["repeated", "conflict"];

// sent and outbox as they lie in the database; serverRecords: [[id, digest], …]. Ids by what is wrong with them:
//   missing  acknowledged once, and the server does not have it;
//   unknown  at the server, and this tablet never had it (or has forgotten, where its storage was cleared);
//   unsent   still here only.
export function compare(sent, outbox, serverRecords) {
  const there = new Map(serverRecords);
  const here = new Set([...sent, ...outbox].map(({ id }) => id));
  const isThere = ({ id, digest, outcome }) => there.get(id) === digest || (CAME_LATER.includes(outcome) && there.has(id));
  const lacking = (entries) => [...new Set(entries.filter((entry) => !isThere(entry)).map(({ id }) => id))];
  const missing = lacking(sent);
  const unknown = serverRecords.map(([id]) => id).filter((id) => !here.has(id));
  const unsent = lacking(outbox);
  return { equal: !missing.length && !unknown.length && !unsent.length, missing, unknown, unsent };
}
