// One question a screen, or the whole page: which question is shown, and which buttons lead on from it.
import { reveal } from "./words.mjs";

export function pager(main, mode, at) {
  const form = main.querySelector("form");
  let asked = [];
  let current = at;

  const items = () => [...form.querySelectorAll("fieldset.item")];
  const position = () => Math.max(asked.indexOf(current), 0);

  function draw() {
    const paged = mode === "paged";
    current = asked[position()];
    form.classList.toggle("paged", paged);
    for (const item of items()) item.classList.toggle("current", item.id === current);
    const last = position() === asked.length - 1;
    reveal(main, "[data-next]", paged && !last);
    reveal(main, "[data-finish]", !paged || last);
    reveal(main, "[data-mode=page]", paged);
    reveal(main, "[data-mode=paged]", !paged);
  }

  function goTo(code) {
    current = code;
    draw();
    const item = form.querySelector(`fieldset.item[id="${CSS.escape(code)}"]`);
    if (mode === "paged") scrollTo(0, 0);
    else item.scrollIntoView({ block: "start" });
    item.tabIndex = -1;
    item.focus({ preventScroll: true });
  }

  return {
    // The routing has changed what is asked.
    refresh(codes) {
      asked = codes;
      draw();
    },
    goTo,
    get current() {
      return current;
    },
    get paged() {
      return mode === "paged";
    },
    get last() {
      return position() === asked.length - 1;
    },
    next() {
      goTo(asked[position() + 1]);
    },
    // Whether there was a question before.
    back() {
      const before = asked[position() - 1];
      if (mode !== "paged" || !before) return false;
      goTo(before);
      return true;
    },
    setMode(wanted) {
      mode = wanted;
      draw();
    },
  };
}
