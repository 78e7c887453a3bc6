// Names the questions that are still to be answered, as the server would, but at once, and also without a network.
import { part } from "./device.mjs";
import { settle } from "./settle.mjs";

export function isEmpty(fieldset) {
  const typed = [...fieldset.querySelectorAll("input:not([type]), textarea")];
  return !typed.some(({ value }) => value.trim()); // what is there and wrong is for the server to say
}

export function pointOut(form, codes) {
  const { check, nothingLost, notAnswered, missing } = form.dataset;
  const earlier = part("summary");
  if (earlier) earlier.remove();
  const summary = make("div", "");
  Object.assign(summary, { id: "summary", tabIndex: -1 });
  summary.setAttribute("role", "alert");
  const links = make("p", "");
  summary.append(make("h2", check), make("p", nothingLost), links);
  links.append(`${notAnswered} `);
  for (const code of codes) {
    const fieldset = part(code);
    const legend = fieldset.querySelector("legend");
    const link = make("a", legend.querySelector(".number").textContent);
    link.href = `#${code}`;
    link.setAttribute("aria-label", legend.textContent.trim());
    links.append(link, " ");
    settle(fieldset);
    const problem = make("p", missing);
    Object.assign(problem, { id: `${code}-problem`, className: "problem" });
    legend.after(problem);
    fieldset.classList.add("wrong");
    fieldset.setAttribute("aria-invalid", "true");
    const hint = fieldset.querySelector(".hint");
    fieldset.setAttribute("aria-describedby", (hint ? hint.id + " " : "") + problem.id);
  }
  form.before(summary);
  summary.focus();
  summary.scrollIntoView();
}

function make(name, text) {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}
