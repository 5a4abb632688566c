// For web.py: decode each file that a line of the input names, and print the CPU milliseconds that it took.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { decode } from "../src/pillow_kmq/web/kmq.js";

for await (const path of createInterface({ input: process.stdin })) {
  const bytes = readFileSync(path);
  const before = process.cpuUsage();
  decode(bytes);
  const { user, system } = process.cpuUsage(before);
  console.log((user + system) / 1000);
}
