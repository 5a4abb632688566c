// Files with what they must decode to: tests/vectors, or another folder with a list like vectors.json.

import { readFileSync } from "node:fs";
import { decode, KmqError } from "../../src/pillow_kmq/web/kmq.js";

/** The entries of a list, `bytes` added. */
export function load(list) {
  return JSON.parse(readFileSync(list)).map((entry) => ({ ...entry, bytes: readFileSync(new URL(entry.file, list)) }));
}

export const VECTORS = load(new URL("../vectors/vectors.json", import.meta.url));

const hex = (bytes) => Buffer.from(bytes).toString("hex");

/** What the decoder makes of a file, in the words of vectors.json. Anything but an image or a KmqError is thrown. */
export function outcomeOf(bytes, options) {
  try {
    const { width, height, palette, indices } = decode(bytes, options);
    return { outcome: "good", width, height, palette: hex(palette), indices: hex(indices) };
  } catch (error) {
    if (!(error instanceof KmqError)) throw error;
    return { outcome: error.kind };
  }
}

/** What vectors.json says that the decoder must make of it. */
export function statedOutcome({ outcome, width, height, palette, indices }) {
  if (outcome !== "good") return { outcome: outcome === "not KMQ" ? "not-kmq" : outcome };
  return { outcome, width, height, palette, indices };
}
