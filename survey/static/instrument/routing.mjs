// Which items a person is asked, given the answers so far: the same rules as survey/domain/routing.py.
// A routing table is {items: {code: condition or null}, eligibility: condition or null, screening: number of items}.
// Answers are strings, integers and arrays of strings by item code; an absent or null answer is unanswered.

// Whether a condition holds. `missing` is what an unanswered item counts as: false, or null for "not known yet".
export function holds(condition, answers, missing = false) {
  if (condition.all) return combine(condition.all, answers, missing, false);
  if (condition.any) return combine(condition.any, answers, missing, true);
  if (condition.not) {
    const held = holds(condition.not, answers, missing);
    return held === null ? null : !held;
  }
  const answer = answerTo(condition.item, answers);
  if (answer === null) return missing;
  if (condition.in) return [].concat(answer).some((code) => condition.in.includes(code));
  if (!Number.isInteger(answer)) return false;
  return "at_least" in condition ? answer >= condition.at_least : answer <= condition.at_most;
}

// `decisive` is the value that one part alone can settle: false for all, true for any.
function combine(parts, answers, missing, decisive) {
  let told = !decisive;
  for (const part of parts) {
    const held = holds(part, answers, missing);
    if (held === decisive) return decisive;
    if (held === null) told = null;
  }
  return told;
}

// The answer to an item, or null. An item may be called "constructor", so only the object's own keys count.
function answerTo(code, answers) {
  const own = Object.prototype.hasOwnProperty.call(answers, code);
  return own && answers[code] !== undefined ? answers[code] : null;
}

// true, false, or null while an answer that matters is missing.
export function isEligible(table, answers) {
  return table.eligibility ? holds(table.eligibility, answers, null) : true;
}

// The codes of the items to ask, in order. Answers to items that are not asked count for nothing.
export function askedItems(table, answers) {
  const asked = [];
  const known = {};
  for (const [position, [code, condition]] of Object.entries(table.items).entries()) {
    if (position === table.screening && isEligible(table, known) === false) break;
    if (condition && !holds(condition, known)) continue;
    asked.push(code);
    known[code] = answerTo(code, answers);
  }
  return asked;
}
