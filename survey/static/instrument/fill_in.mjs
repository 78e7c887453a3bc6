// Puts fields (fields.mjs) back into a form: at once, but for lists, which may have to be fetched.
import { LIST_ABOVE } from "./fields.mjs";

export async function fillIn(form, fields, fillLists) {
  const lists = [];
  for (const [name, value] of fields) {
    for (const element of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
      if (element.type === "radio" || element.type === "checkbox") element.checked = element.checked || element.value === value;
      else if (element.tagName === "SELECT") lists.push([element, value]);
      else element.value = value;
    }
  }
  await choose(form, lists, fillLists);
}

// A list of areas shows what lies below the point's area; for somebody from elsewhere it is fetched again. Since the
// fields stand in the order of the page, each list is there before its answer. Whoever has chosen meanwhile, while a list
// was long in coming, keeps their choice.
async function choose(form, lists, fillLists) {
  let waited = false;
  for (const [list, value] of lists) {
    if (list.value === value) continue;
    if (waited && list.value) return;
    if (![...list.options].some((option) => option.value === value)) return;
    list.value = value;
    if (!LIST_ABOVE.test(list.name)) continue;
    waited = true;
    if (!(await fillLists(form, list))) return;
  }
}
