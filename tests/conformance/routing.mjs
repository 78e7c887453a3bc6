// Runs a routing module over cases given on standard input and prints what it decided.
// Input: {"module": path, "cases": [{"table": …, "answers": …}]}; output: [{"asked": [...], "eligible": …}].
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { module, cases } = JSON.parse(readFileSync(0, "utf8"));
const { askedItems, isEligible } = await import(pathToFileURL(module));
const told = cases.map(({ table, answers }) => ({
  asked: askedItems(table, answers),
  eligible: isEligible(table, answers),
}));
process.stdout.write(JSON.stringify(told));
