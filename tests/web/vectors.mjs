// Files with what they must decode to: tests/vectors, or another folder with a list like vectors.json.

import { readFileSync } from "node:fs";
import { decode, frames, KmqError } from "../../src/pillow_kmq/web/kmq.js";
import { described } from "./outcomes.mjs";

/** The entries of a list, `bytes` added. */
export function load(list) {
  return JSON.parse(readFileSync(list)).map((entry) => ({ ...entry, bytes: readFileSync(new URL(entry.file, list)) }));
}

export const VECTORS = load(new URL("../vectors/vectors.json", import.meta.url));

/** What the decoder makes of a file. Anything but an image or a KmqError is thrown. */
export function outcomeOf(bytes, options) {
  try {
    return described(decode(bytes, options), frames);
  } catch (error) {
    if (!(error instanceof KmqError)) throw error;
    return { outcome: error.kind };
  }
}
