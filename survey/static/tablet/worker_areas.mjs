// The lists of areas without a network: the app has all of a frame in one file, and the form asks for one list at a time,
// as it asks the server on a resident's phone.

const LIST = /^\/areas\/(\d+)\/([^/]+)\.json$/;

// What a form asks for: {all: the address of the whole frame's file, code}, or null if it is something else.
export function listAsked(pathname) {
  const [, frame, code] = LIST.exec(pathname) ?? [];
  return frame ? { all: `/tablet/areas/${frame}.json`, code: decodeURIComponent(code) } : null;
}

// The rows [code, Chinese, English] below an area. An area with nothing below stands for itself, as at the server; null
// where there is no such area.
export function listBelow(areas, code) {
  if (Object.hasOwn(areas, code)) return areas[code];
  const itself = Object.values(areas).flat().find(([each]) => each === code);
  return itself ? [itself] : null;
}
