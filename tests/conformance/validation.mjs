// Runs the validation module that its argument names over cases given on standard input and prints what it decided.
// Input: {"tables": [...], "cases": [{"table": index, "answers": JSON text, "areas": [...], "finished": …}]};
// output: [{"sent": the answers as JSON.stringify writes them, "answers": …, "problems": [...]}].
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { tables, cases } = JSON.parse(readFileSync(0, "utf8"));
const { checkAnswers } = await import(pathToFileURL(process.argv[2]));

// Both ways to say which areas there are; like many a look-up in a page, the function takes ["x"] for "x".
function told(areas, position) {
  const byCode = Object.fromEntries(areas.map((code) => [code, true]));
  return position % 2 ? (code) => Object.hasOwn(byCode, code) : new Set(areas);
}

const decided = cases.map(({ table, answers, areas, finished }, position) => {
  const given = JSON.parse(answers);
  return { sent: JSON.stringify(given), ...checkAnswers(tables[table], given, told(areas, position), { finished }) };
});
process.stdout.write(JSON.stringify(decided));
