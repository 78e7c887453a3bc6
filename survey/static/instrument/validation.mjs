// Which answers are accepted: what check_answers in survey/domain/validation.py decides, before anything is sent.
// A table is what survey/domain/instrument_table.py writes. Answers are values as JSON gives them, by item code; null is
// unanswered. Numbers count as JSON.stringify writes them: 1.0 is sent as 1, an integer; 1e21 as 1e+21, which is none.
import { holds, isEligible } from "./routing.mjs";

const MOST_UNKNOWN = 20; // unknown fields named in one refusal
const SHOWN = 60; // characters of an unknown field's name that are repeated

// Characters as Python counts them, by code points; so these expressions need their `u`.
// Controls other than tab and line feed, halves of surrogate pairs:
const UNREADABLE = /[\0-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]/u;
// What strip() takes away. trim() would take \ufeff too, and leave \x1c-\x1f and \x85.
const SPACE = /[\t-\r\x1c- \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/u;
const UNPRINTABLE = /[\p{C}\p{Z}]/u;
const HALF = /[\ud800-\udfff]/gu;

const CHECKS = {
  one: checkOne,
  scale: checkOne,
  several: checkSeveral,
  integer: checkInteger,
  text: checkText,
  area: checkArea,
};

// {answers, problems: [{field, code, params}]}: what was accepted, and what was wrong, both in questionnaire order.
// `areas` tells the codes an area item may have, as a Set or as a function; a break-off is not `finished`: required
// items may be unanswered.
export function checkAnswers(table, given, areas, { finished = true } = {}) {
  if (given === null || typeof given !== "object" || Array.isArray(given)) {
    return { answers: {}, problems: [{ field: "answers", ...refuse("answers_not_mapping") }] };
  }
  const values = new Map(Object.entries(given));
  const isArea = typeof areas === "function" ? areas : (code) => areas.has(code);
  const answers = Object.create(null); // an item may be called "constructor"
  const problems = [];
  const broken = new Set(); // items with a wrong answer: what depends on them cannot be judged
  let ended = false;
  for (const [position, [code, item]] of Object.entries(table.items).entries()) {
    if (position === table.routing.screening) ended = isEligible(table.routing, answers) === false;
    const condition = table.routing.items[code];
    const unsure = itemsOf(condition).some((one) => broken.has(one));
    const value = values.has(code) ? values.get(code) : null;
    if (ended || !(condition === null || unsure || holds(condition, answers))) {
      if (value !== null) problems.push({ field: code, ...refuse("answer_not_asked") });
      continue;
    }
    const missing = item.required && finished && !unsure ? refuse("answer_missing") : null;
    const checked = value === null ? null : CHECKS[item.type](value, item, isArea);
    const answer = checked === null ? missing : checked;
    const refused = answer !== null && answer.code !== undefined;
    if (refused) problems.push({ field: code, ...answer });
    else if (answer !== null) answers[code] = answer;
    if (refused || unsure) broken.add(code);
  }
  const known = new Set(Object.keys(table.items));
  const unknown = [...values.keys()].filter((name) => !known.has(name)).slice(0, MOST_UNKNOWN);
  problems.push(...unknown.map((name) => ({ field: shown(name), ...refuse("unknown_field") })));
  return { answers, problems };
}

// Why a value is not an answer. Answers are strings, numbers and arrays, so only a refusal has a code.
function refuse(code, params = {}) {
  return { code, params };
}

function itemsOf(condition) {
  if (condition === null) return [];
  const parts = condition.all || condition.any || (condition.not && [condition.not]);
  return parts ? [].concat(...parts.map(itemsOf)) : [condition.item];
}

// --- one item: an answer, a refusal, or null for an empty answer, which counts as unanswered ---

function offers(categories, value) {
  return categories.some(({ code }) => code === value);
}

function checkOne(value, { categories }) {
  if (offers(categories, value)) return value;
  return refuse(Array.isArray(value) ? "answer_one_only" : "answer_unknown_category");
}

function checkSeveral(value, { categories }) {
  if (!Array.isArray(value)) return refuse("answer_not_list");
  if (value.length > categories.length) return refuse("answer_repeated");
  if (!value.every((one) => offers(categories, one))) return refuse("answer_unknown_category");
  const chosen = categories.filter(({ code }) => value.includes(code));
  if (chosen.length < value.length) return refuse("answer_repeated");
  if (chosen.length > 1 && chosen.some(({ exclusive }) => exclusive)) return refuse("answer_exclusive");
  return chosen.length ? chosen.map(({ code }) => code) : null;
}

function checkInteger(value, { categories = [], minimum, maximum }) {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) {
    if (minimum <= value && value <= maximum) return value;
    return refuse("answer_number_range", { low: String(minimum), high: String(maximum) });
  }
  if (offers(categories, value)) return value;
  return refuse(Array.isArray(value) && categories.length ? "answer_number_and_mark" : "answer_not_number");
}

function checkText(value, { max_length: longest }) {
  if (typeof value !== "string") return refuse("not_text");
  const told = strip(value.replace(/\r\n/g, "\n"));
  if ([...told].length > longest) return refuse("answer_too_long", { limit: String(longest) });
  return UNREADABLE.test(told) ? refuse("unreadable_text") : told || null;
}

function checkArea(value, _, isArea) {
  return typeof value === "string" && isArea(value) ? value : refuse("answer_area_unknown");
}

function strip(text) {
  let [start, end] = [0, text.length];
  while (start < end && SPACE.test(text[start])) start += 1;
  while (start < end && SPACE.test(text[end - 1])) end -= 1;
  return text.slice(start, end);
}

// A name that came from anywhere, short and printable, for repeating in a sentence.
function shown(name) {
  const letters = [...name.replace(HALF, (half) => `\\u${half.charCodeAt(0).toString(16)}`)].slice(0, SHOWN + 1);
  const printable = letters.map((letter) => (letter !== " " && UNPRINTABLE.test(letter) ? "\ufffd" : letter));
  return letters.length <= SHOWN ? printable.join("") : `${printable.slice(0, SHOWN).join("")}…`;
}
