// SPDX-License-Identifier: LGPL-3.0-or-later
// The official AsyncAPI parser on the documents that are named; tools/env has installed it.
import { createRequire } from "node:module";
import { resolve } from "node:path";

const require = createRequire(resolve(".local/lint/package.json"));
const { Parser, fromFile } = require("@asyncapi/parser");
const ERROR = 0;
let faults = 0;

for (const file of process.argv.slice(2)) {
    const { document, diagnostics } = await fromFile(new Parser(), file).parse();
    const errors = diagnostics.filter((one) => one.severity === ERROR);
    for (const one of errors) {
        const line = (one.range?.start.line ?? 0) + 1;
        console.error(`${file}:${line}: ${one.path.join(".")}: ${one.message} (${one.code})`);
    }
    if (!document && !errors.length) console.error(`${file}: cannot be read`);
    faults += errors.length + (document ? 0 : 1);
}
process.exit(faults ? 1 : 0);
