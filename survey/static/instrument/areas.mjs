// The lists below a changed list: fetched, filled, and unchosen.
import { LIST_ABOVE } from "./fields.mjs";

// Without a network the lists below stay empty until it is back.
export async function fillLists(form, changed) {
  const item = changed.name.replace(LIST_ABOVE, "");
  const names = [`${item}__district`, `${item}__street`, item];
  const lists = names.map((name) => form.querySelector(`select[name="${CSS.escape(name)}"]`)).filter((list) => list);
  const below = lists.slice(lists.indexOf(changed) + 1);
  for (const list of below) setOptions(list, [], form.dataset.language);
  const chosen = changed.value;
  if (!chosen) return;
  try {
    const answer = await fetch(`/areas/${form.dataset.frame}/${chosen}.json`);
    const areas = await answer.json();
    if (changed.value === chosen) setOptions(below[0], areas, form.dataset.language);
  } catch {
    addEventListener("online", () => changed.value === chosen && fillLists(form, changed), { once: true });
  }
}

function setOptions(select, areas, language) {
  select.length = 1; // the first option says "please choose"
  select.value = "";
  for (const [code, chinese, english] of areas) select.add(new Option(language === "en" ? english : chinese, code));
}
