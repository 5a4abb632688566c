// node files.mjs LIST: decode the files of a list like vectors.json; one line for each that is not what the list says.

import { isDeepStrictEqual } from "node:util";
import { pathToFileURL } from "node:url";
import { stated } from "./outcomes.mjs";
import { load, outcomeOf } from "./vectors.mjs";

const entries = load(pathToFileURL(process.argv[2]));
const wrong = entries.filter((entry) => !isDeepStrictEqual(outcomeOf(entry.bytes), stated(entry)));
for (const { file } of wrong) console.log(`${file}: not as stated`);
console.log(`${entries.length - wrong.length} of ${entries.length} as stated`);
process.exitCode = wrong.length || entries.length === 0 ? 1 : 0;
