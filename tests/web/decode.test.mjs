import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, KmqError, toRGBA } from "../../src/pillow_kmq/web/kmq.js";
import { outcomeOf, statedOutcome, VECTORS } from "./vectors.mjs";

const named = (name) => VECTORS.find((entry) => entry.file === name).bytes;
const SMALL = VECTORS.filter((entry) => entry.bytes.length <= 400);

for (const entry of VECTORS) {
  test(`${entry.file}: ${entry.says}`, () => {
    assert.deepEqual(outcomeOf(entry.bytes), statedOutcome(entry));
  });
}

test("a good file that is cut anywhere is truncated, or no KMQ file when its signature is cut", () => {
  for (const { file, bytes, outcome } of SMALL) {
    if (outcome !== "good") continue;
    for (let length = 0; length < bytes.length; length++) {
      const cut = outcomeOf(bytes.subarray(0, length));
      assert.deepEqual(cut, { outcome: length < 4 ? "not-kmq" : "truncated" }, `${file}, ${length} bytes`);
    }
  }
});

test("a rejected file that is cut anywhere is rejected", () => {
  for (const { file, bytes, outcome } of SMALL) {
    if (outcome === "good") continue;
    for (let length = 0; length < bytes.length - 1; length++) {
      assert.notEqual(outcomeOf(bytes.subarray(0, length)).outcome, "good", `${file}, ${length} bytes`);
    }
  }
});

test("the smallest file is refused, whichever bit of it is flipped", () => {
  const bytes = named("good-smallest.kmq");
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const flipped = Uint8Array.from(bytes);
    flipped[bit >> 3] ^= 1 << (bit & 7);
    assert.notEqual(outcomeOf(flipped).outcome, "good", `bit ${bit}`);
  }
});

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

test("damage that every checksum agrees with gives an image of the stated size or a KmqError, in time", () => {
  let seed = 1;
  const below = (n) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * n);
  };
  const counts = { good: 0, bad: 0 };
  const alone = SMALL.filter(({ bytes, outcome }) =>
    outcome === "good" && bytes.readUInt32LE(bytes.length - 4) === crc32(bytes.subarray(0, -4)));
  assert.ok(alone.length > 15);
  const start = performance.now();
  for (let round = 0; round < 4000; round++) {
    const damaged = Buffer.from(alone[below(alone.length)].bytes);
    for (let i = 0; i <= below(3); i++) damaged[5 + below(damaged.length - 9)] = below(256);
    damaged.writeUInt32LE(crc32(damaged.subarray(0, -4)), damaged.length - 4);
    const { outcome, width, height, indices } = outcomeOf(damaged, { maxPixels: 1e6 });
    if (outcome === "good") assert.equal(indices.length, 2 * width * height);
    counts[outcome === "good" ? "good" : "bad"]++;
  }
  assert.ok(counts.good > 100 && counts.bad > 1000, JSON.stringify(counts));
  assert.ok(performance.now() - start < 60000);
});

test("more pixels than the caller allows are over the limit", () => {
  const bytes = named("good-two-by-two.kmq");
  assert.equal(decode(bytes, { maxPixels: 4 }).indices.length, 4);
  assert.throws(() => decode(bytes, { maxPixels: 3 }), (error) => error instanceof KmqError && error.kind === "limit");
});

test("buffers, views of them and typed arrays are decoded alike", () => {
  const bytes = Uint8Array.from(named("good-two-by-two.kmq"));
  const within = new Uint8Array(bytes.length + 6);
  within.set(bytes, 3);
  const expected = outcomeOf(bytes);
  assert.equal(expected.outcome, "good");
  assert.deepEqual(outcomeOf(bytes.buffer), expected);
  assert.deepEqual(outcomeOf(new DataView(within.buffer, 3, bytes.length)), expected);
  assert.deepEqual(outcomeOf(within.subarray(3, 3 + bytes.length)), expected);
});

test("colours are those of the palette, and opaque black beyond it", () => {
  const colors = toRGBA(decode(named("good-beyond-palette.kmq")));
  assert.deepEqual([...colors], [1, 2, 3, 255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 2, 3, 255]);
});
