// Texts come from the page, in its language; here they get their values and their place.

export function stamp(name) {
  return document.getElementById(name).content.cloneNode(true);
}

// Fills every data-say="… {name} …" whose values are all given.
export function say(root, values) {
  for (const element of root.querySelectorAll("[data-say]")) {
    const names = [...element.dataset.say.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    if (names.length && names.every((name) => name in values)) {
      element.textContent = element.dataset.say.replace(/\{(\w+)\}/g, (_, name) => values[name]);
    }
  }
}

export function reveal(root, selector, visible = true) {
  for (const element of root.querySelectorAll(selector)) element.hidden = !visible;
}

// One row of a list for each thing, from the template with this id.
export function rows(list, template, things, fill) {
  list.replaceChildren(
    ...things.map((thing) => {
      const row = stamp(template).firstElementChild;
      fill(row, thing);
      return row;
    }),
  );
}

// A text that the server sent in several languages.
export function textOf(texts) {
  return texts?.[document.documentElement.lang] ?? Object.values(texts ?? {})[0] ?? "";
}

export function timeOf(moment) {
  return new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" }).format(moment);
}

export function dayAndTimeOf(moment) {
  const parts = { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat(document.documentElement.lang, parts).format(moment);
}

// A dialog of yes or no.
export function asked(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
