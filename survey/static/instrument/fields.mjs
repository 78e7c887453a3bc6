// What was filled in, as [name, value] pairs in the order of the page. Names that begin with an underscore (token, language
// and the like) belong to the page, not to the person.

export const LIST_ABOVE = /__(district|street)$/; // names of lists that others follow

export function fieldsOf(form) {
  return [...new FormData(form)].filter(([name]) => !name.startsWith("_"));
}
