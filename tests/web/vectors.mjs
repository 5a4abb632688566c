// Files with what they must decode to: tests/vectors, or another folder with a list like vectors.json.

import { readFileSync } from "node:fs";
import { decode, KmqError } from "../../src/pillow_kmq/web/kmq.js";

/** The entries of a list, `bytes` added. */
export function load(list) {
  return JSON.parse(readFileSync(list)).map((entry) => ({ ...entry, bytes: readFileSync(new URL(entry.file, list)) }));
}

export const VECTORS = load(new URL("../vectors/vectors.json", import.meta.url));

const hex = (bytes) => Buffer.from(bytes).toString("hex");

function plain({ iccProfile, exif, xmp, texts, resolution }) {
  const result = { icc_profile: iccProfile, exif, xmp, texts, resolution };
  for (const [name, value] of Object.entries(result)) {
    if (value === undefined) delete result[name];
    else if (value instanceof Uint8Array) result[name] = hex(value);
    else if (value instanceof Map) result[name] = Object.fromEntries(value);
  }
  return result;
}

/** What the decoder makes of a file, in the words of vectors.json. Anything but an image or a KmqError is thrown. */
export function outcomeOf(bytes, options) {
  try {
    const { width, height, palette, indices, metadata } = decode(bytes, options);
    return { outcome: "good", width, height, palette: hex(palette), indices: hex(indices), metadata: plain(metadata) };
  } catch (error) {
    if (!(error instanceof KmqError)) throw error;
    return { outcome: error.kind };
  }
}

/** What vectors.json says that the decoder must make of it. */
export function statedOutcome({ outcome, width, height, palette, indices, metadata }) {
  if (outcome !== "good") return { outcome: outcome === "not KMQ" ? "not-kmq" : outcome };
  return { outcome, width, height, palette, indices, metadata };
}
