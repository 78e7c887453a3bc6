// The slots that this tablet was granted, by quota cell, and what is left of them: a cell is never exceeded by one, so
// nobody is interviewed here without a slot in hand. `used` counts the interviews made here, {cell: number}.

// Slots left by cell; none when the grant has expired by the server's clock (offset: that clock less this one, in ms).
export function remaining(grant, used, now, offset) {
  const expired = !(now + (offset ?? 0) < Date.parse(grant.expires_at));
  return byCell(grant, ({ cell, slots, returned }) => (expired ? 0 : Math.max(slots - returned - (used[cell] ?? 0), 0)));
}

// The cell of a person, or null where an answer that decides is missing or the tablet has no such cell.
export function cellOf(grant, answers, district) {
  const own = (cell) => Object.entries(cell.items).every(([item, category]) => answers[item] === category);
  return grant.cells.find((cell) => cell.district === district && own(cell))?.cell ?? null;
}

// For the end of a shift: all that was not used, in the totals that the server expects.
export function unusedReturns(grant, used) {
  return byCell(grant, ({ cell, slots, returned }) => Math.max(slots - (used[cell] ?? 0), returned));
}

function byCell(grant, count) {
  return Object.fromEntries(grant.cells.map((cell) => [cell.cell, count(cell)]));
}
