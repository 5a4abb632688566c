// node png.mjs FOLDER: write each valid still image of the vectors as PNG into a folder.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeAs } from "../../src/pillow_kmq/web/kmq-png.js";
import { VECTORS } from "./vectors.mjs";

for (const { file, bytes, outcome } of VECTORS) {
  if (outcome !== "good") continue;
  const { png } = decodeAs(bytes, { png: true });
  if (png) writeFileSync(join(process.argv[2], `${file}.png`), Buffer.from(await png.arrayBuffer()));
}
