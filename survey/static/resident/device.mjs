// What this phone keeps: drafts, and forms on their way. A browser may forbid storage, and it may be full: then nothing
// is kept, and the form works all the same.

export const DAY = 24 * 60 * 60 * 1000;
export const DRAFT = `draft:${location.pathname}`; // of this page's form

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

// Whether somebody has begun in this tab: a tab that is loaded again remembers it, a new one does not.
export function begun(now) {
  try {
    if (now) sessionStorage.setItem("begun", location.pathname);
    return sessionStorage.getItem("begun") === location.pathname;
  } catch {
    return false; // then it asks once more
  }
}

export function part(id) {
  return document.getElementById(id);
}

// A draft is gone when the form it belongs to has arrived, and not when another form of this phone has.
export function forgetDraft(id) {
  const draft = kept(DRAFT);
  if (draft && draft.id === id) forget(DRAFT);
}
