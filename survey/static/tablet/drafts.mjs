// An interview under way, once per turn: what it holds can be read only with the PIN of its volunteer. Beside it lies
// the same record as if it had been broken off here, sealed for the server: nobody else can finish the interview, but
// nobody has to lose it either.
import { keyOf } from "./outbox.mjs";
import { decryptDraft, encryptDraft } from "./pin.mjs";

let last = Promise.resolve();

// Drafts are written in the order of the calls: an older one never takes the place of a newer one. false: the interview
// is already in the outbox or sent, and nothing was written.
export function keepDraft(db, draftKey, { turn, assignment, content, partial }, alsoWrite = () => {}) {
  const write = async () => {
    const box = await encryptDraft(draftKey, content);
    return db.write(async (parts) => {
      const stores = await Promise.all([parts.all("outbox", partial.id), parts.all("sent", partial.id)]);
      if (stores.flat().length) return false;
      parts.put("drafts", turn, { turn, assignment, box, partial });
      await alsoWrite(parts);
      return true;
    });
  };
  const written = last.then(write);
  last = written.catch(() => {});
  return written;
}

// Rejects where the key is not that of the volunteer whose draft it is.
export async function openDraft(db, turn, draftKey) {
  const draft = await db.read("drafts", turn);
  if (!draft) return null;
  const { assignment, box, partial } = draft;
  return { turn, assignment, content: await decryptDraft(draftKey, box), partial };
}

// The interview ends as broken off where the draft left it. Whether there was one.
export function breakOff(db, turn, alsoWrite = () => {}) {
  return db.write(async (parts) => {
    const draft = await parts.get("drafts", turn);
    if (!draft) return false;
    parts.put("outbox", keyOf(draft.partial), { ...draft.partial, state: "waiting" });
    parts.remove("drafts", turn);
    await alsoWrite(parts);
    return true;
  });
}

export function eraseDraft(db, turn) {
  return db.write(({ remove }) => void remove("drafts", turn));
}
