// What this phone keeps: drafts, and forms on their way. A browser may forbid storage, and it may be full: then nothing
// is kept, and the form works all the same.

export const DAY = 24 * 60 * 60 * 1000;
export const DRAFT = `draft:${location.pathname}:`; // of this page's form; what follows is its id

export function kept(name) {
  try {
    return JSON.parse(localStorage.getItem(name));
  } catch {
    return null; // what can't be read is as good as nothing
  }
}

// Whether it is kept.
export function keep(name, content) {
  try {
    localStorage.setItem(name, JSON.stringify(content));
    return true;
  } catch {
    return false;
  }
}

export function forget(name) {
  try {
    localStorage.removeItem(name);
  } catch {
    // There is nothing to forget.
  }
}

export function namesOf(prefix) {
  try {
    return Object.keys(localStorage).filter((name) => name.startsWith(prefix));
  } catch {
    return [];
  }
}

// What this tab remembers when it is loaded again, and a new one does not: set where a value is given.
export function inTab(name, value) {
  try {
    if (value) sessionStorage.setItem(name, value);
    return sessionStorage.getItem(name);
  } catch {
    return null; // then it asks once more
  }
}

export function part(id) {
  return document.getElementById(id);
}

// A draft is gone when the form it belongs to has arrived, and not when another form of this phone has.
export function forgetDraft(id) {
  for (const name of namesOf("draft:")) if (name.endsWith(id)) forget(name);
}
