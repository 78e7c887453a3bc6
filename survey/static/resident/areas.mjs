// The lists below a changed list: fetched, filled, and unchosen.

export async function fillLists(form, changed) {
  const item = changed.name.replace(/__(district|street)$/, "");
  const names = [`${item}__district`, `${item}__street`, item].filter((name) => form.elements[name]);
  const below = names.slice(names.indexOf(changed.name) + 1);
  for (const name of below) setOptions(form.elements[name], [], form.dataset.language);
  if (!changed.value) return;
  const answer = await fetch(`/areas/${form.dataset.frame}/${changed.value}.json`);
  if (!answer.ok) return;
  setOptions(form.elements[below[0]], await answer.json(), form.dataset.language);
}

function setOptions(select, areas, language) {
  select.length = 1; // the first option says "please choose"
  select.value = "";
  for (const [code, chinese, english] of areas) select.add(new Option(language === "en" ? english : chinese, code));
}
