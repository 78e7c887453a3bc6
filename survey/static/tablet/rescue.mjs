// When a tablet can't reach the server any more: a file with everything in its outbox, which somebody carries to the
// office. The records in it are as sealed as in the outbox, and importing the file twice does no harm.
import { entries } from "./outbox.mjs";

export async function rescueFile(db) {
  const { device, label } = (await db.read("device", "identity")) ?? {};
  const records = (await entries(db)).map(({ id, wave, key, sealed }) => ({ id, wave, key, sealed }));
  return JSON.stringify({ format: "minsheng-rescue-1", device: device ?? null, label: label ?? null, records });
}

export function rescueName(label, now = new Date()) {
  const time = new Date(now).toISOString().slice(0, 16).replace(/\D/g, "");
  return `minsheng-rescue-${(label ?? "").replace(/[^\p{L}\p{N}]+/gu, "-")}-${time}.json`;
}
