// The lists below a changed list: fetched, filled, and unchosen.
import { backoff } from "./backoff.mjs";
import { LIST_ABOVE } from "./fields.mjs";

const newest = new WeakMap(); // list -> what was chosen in it last

// Resolves once the next list is there, on a bad network after some attempts, or was not wanted any more.
export async function fillLists(form, changed) {
  const item = changed.name.replace(LIST_ABOVE, "");
  const names = [`${item}__district`, `${item}__street`, item];
  const lists = names.map((name) => form.querySelector(`select[name="${CSS.escape(name)}"]`)).filter((list) => list);
  const below = lists.slice(lists.indexOf(changed) + 1);
  for (const list of below) setOptions(list, [], form.dataset.language);
  const choice = { code: changed.value };
  newest.set(changed, choice);
  const wanted = () => choice.code && newest.get(changed) === choice;
  const waits = backoff();
  while (wanted()) {
    const areas = await fetched(form.dataset.frame, choice.code);
    if (areas && wanted()) return setOptions(below[0], areas, form.dataset.language);
    if (wanted()) await untilNext(waits);
  }
}

// The areas, or null where they did not come.
async function fetched(frame, code) {
  try {
    const answer = await fetch(`/areas/${frame}/${code}.json`);
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

function untilNext(waits) {
  return new Promise((next) => {
    setTimeout(next, waits.next());
    addEventListener("online", next, { once: true });
  });
}

function setOptions(select, areas, language) {
  select.length = 1; // the first option says "please choose"
  select.value = "";
  for (const [code, chinese, english] of areas) select.add(new Option(language === "en" ? english : chinese, code));
}
