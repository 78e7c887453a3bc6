// Where the tablet stands, to about a kilometre, where the wave asks for it and the volunteer agrees. Never waited for.

const OLD = 10 * 60_000;
let last = null;

export function rounded({ latitude, longitude }) {
  return `${latitude.toFixed(2)},${longitude.toFixed(2)}`;
}

// The cell as it was last known, or null; asks for the next time.
export function place(wanted, geolocation = navigator.geolocation) {
  if (!wanted || !geolocation) return null;
  const note = ({ coords }) => (last = { at: Date.now(), cell: rounded(coords) });
  geolocation.getCurrentPosition(note, () => {}, { maximumAge: OLD, timeout: 30_000 });
  return last && Date.now() - last.at < OLD ? last.cell : null;
}
