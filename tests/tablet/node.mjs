// Runs a piece of script over the tablet's modules. Input: {"folder": where they are, "modules": [names], "script": the
// body of an async function of (modules, given), "given": …}; output: what it returned.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { folder, modules: names, script, given } = JSON.parse(readFileSync(0, "utf8"));
const modules = {};
for (const name of names) modules[name] = await import(pathToFileURL(`${folder}/${name}.mjs`));
const run = new Function("modules", "given", `return (async () => { ${script} })()`);
process.stdout.write(JSON.stringify((await run(modules, given)) ?? null));
