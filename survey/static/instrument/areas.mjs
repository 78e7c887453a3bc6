// The lists below a changed list: emptied at once, and the next one filled as soon as it has come.
import { backoff } from "./backoff.mjs";
import { LIST_ABOVE } from "./fields.mjs";

const LIST_PATIENCE = 15000; // ms for one attempt
const newest = new WeakMap(); // list -> what was chosen in it last

// Whether the next list was filled. On a bad network that takes some attempts (`tries`), unless something else is chosen
// meanwhile or the form has gone.
export async function fillLists(form, changed, tries = Infinity) {
  const item = changed.name.replace(LIST_ABOVE, "");
  const names = [`${item}__district`, `${item}__street`, item];
  const lists = names.map((name) => form.querySelector(`select[name="${CSS.escape(name)}"]`)).filter((list) => list);
  const below = lists.slice(lists.indexOf(changed) + 1);
  for (const list of below) {
    newest.delete(list);
    setOptions(list, [], form.dataset.language);
  }
  const choice = { code: changed.value };
  newest.set(changed, choice);
  const wanted = () => choice.code && newest.get(changed) === choice && changed.isConnected;
  const waits = backoff();
  for (let left = tries; wanted() && left > 0; left -= 1) {
    const areas = await fetched(`/areas/${form.dataset.frame}/${choice.code}.json`);
    if (!wanted()) break;
    if (areas) {
      setOptions(below[0], areas, form.dataset.language);
      return true;
    }
    if (left > 1) await untilNext(waits);
  }
  return false;
}

// The areas, or null where they did not come. Where there are none, none will come.
async function fetched(address) {
  const cut = new AbortController();
  const late = setTimeout(() => cut.abort(), LIST_PATIENCE);
  try {
    const answer = await fetch(address, { signal: cut.signal });
    if (answer.status === 404) return [];
    const areas = answer.ok ? await answer.json() : null;
    return Array.isArray(areas) ? areas : null; // a captive portal may answer anything
  } catch {
    return null;
  } finally {
    clearTimeout(late);
  }
}

function untilNext(waits) {
  return new Promise((next) => {
    const go = () => {
      clearTimeout(timer);
      removeEventListener("online", go);
      next();
    };
    const timer = setTimeout(go, waits.next());
    addEventListener("online", go);
  });
}

function setOptions(select, areas, language) {
  select.length = 1; // the first option says "please choose"
  select.value = "";
  for (const [code, chinese, english] of areas) select.add(new Option(language === "en" ? english : chinese, code));
}
