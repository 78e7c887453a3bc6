// What this tablet knows that the server has, held against what the server says it has from this tablet.

// sent and outbox as they lie in the database; serverRecords: [[id, digest], …]. Ids by what is wrong with them:
//   missing  acknowledged once, and the server does not have those bytes;
//   unknown  at the server, and this tablet never sent them (or has forgotten, where its storage was cleared);
//   unsent   still here only.
export function compare(sent, outbox, serverRecords) {
  const name = (id, digest) => `${id} ${digest}`;
  const there = new Set(serverRecords.map(([id, digest]) => name(id, digest)));
  const here = new Set([...sent, ...outbox].map(({ id, digest }) => name(id, digest)));
  const lacking = (entries) => entries.filter(({ id, digest }) => !there.has(name(id, digest))).map(({ id }) => id);
  const missing = lacking(sent);
  const unknown = serverRecords.filter(([id, digest]) => !here.has(name(id, digest))).map(([id]) => id);
  const unsent = lacking(outbox);
  return { equal: !missing.length && !unknown.length && !unsent.length, missing, unknown, unsent };
}
