// The lists below a changed list: fetched, filled, and unchosen.

export async function fillLists(form, changed) {
  const item = changed.name.replace(/__(district|street)$/, "");
  const names = [`${item}__district`, `${item}__street`, item];
  const lists = names.map((name) => form.querySelector(`select[name="${CSS.escape(name)}"]`)).filter((list) => list);
  const below = lists.slice(lists.indexOf(changed) + 1);
  for (const list of below) setOptions(list, [], form.dataset.language);
  if (!changed.value) return;
  const answer = await fetch(`/areas/${form.dataset.frame}/${changed.value}.json`);
  if (!answer.ok) return;
  setOptions(below[0], await answer.json(), form.dataset.language);
}

function setOptions(select, areas, language) {
  select.length = 1; // the first option says "please choose"
  select.value = "";
  for (const [code, chinese, english] of areas) select.add(new Option(language === "en" ? english : chinese, code));
}
