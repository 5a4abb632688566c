import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";
import { decode, KmqError, toRGBA } from "../../src/pillow_kmq/web/kmq.js";
import { stated } from "./outcomes.mjs";
import { outcomeOf, VECTORS } from "./vectors.mjs";

const named = (name) => VECTORS.find((entry) => entry.file === name).bytes;
const SMALL = VECTORS.filter((entry) => entry.bytes.length <= 400);

for (const entry of VECTORS) {
  test(`${entry.file}: ${entry.says}`, () => {
    assert.deepEqual(outcomeOf(entry.bytes), stated(entry));
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

test("inflate takes what zlib takes, and yields the same bytes", () => {
  const below = numbers(7);
  const counts = { good: 0, bad: 0 };
  for (let round = 0; round < 6000; round++) {
    const rows = Buffer.alloc(40 + below(600)).map((_, i) => round % 3 ? below(1 + round % 250) : i);
    const strategies = [zlib.constants.Z_DEFAULT_STRATEGY, zlib.constants.Z_FIXED, zlib.constants.Z_HUFFMAN_ONLY];
    const stream = zlib.deflateRawSync(rows, { level: round % 10, strategy: strategies[below(3)] });
    for (let i = below(3); i > 0; i--) stream[below(Math.min(stream.length, 90))] ^= 1 << below(8);
    let expected = "corrupt";
    try {
      const { buffer, engine } = zlib.inflateRawSync(stream, { info: true, maxOutputLength: rows.length });
      if (engine.bytesWritten === stream.length && buffer.length === rows.length) expected = buffer.toString("hex");
    } catch (error) {
      assert.match(error.code, /^(Z_|ERR_BUFFER_TOO_LARGE)/);
    }
    const { outcome, indices } = outcomeOf(fileOf(rows.length, 1, [0x31, ...stream]));
    assert.equal(indices ?? outcome, expected, `round ${round}`);
    counts[outcome === "good" ? "good" : "bad"]++;
  }
  assert.ok(counts.good > 2000 && counts.bad > 500, JSON.stringify(counts));
});

const varint = (value) => value < 128 ? [value] : [value % 128 + 128, ...varint(Math.floor(value / 128))];

/** A file without a palette. */
function fileOf(width, height, pixels, ancillary = []) {
  const header = [0x8b, 0x4b, 0x4d, 0x51, 1, ...varint(width - 1), ...varint(height - 1)];
  const chunk = [0xc4, ...varint(pixels.length), ...pixels];
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32LE(crc32([...header, ...chunk]));
  return Buffer.from([...header, ...ancillary, ...chunk, ...checksum]);
}

/** A source of the same random numbers, below n, in every run. */
function numbers(seed) {
  return (n) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * n);
  };
}

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

test("damage that every checksum agrees with gives an image of the stated size or a KmqError, in time", () => {
  const below = numbers(1);
  const counts = { good: 0, bad: 0 };
  const alone = SMALL.filter(({ bytes, outcome }) =>
    outcome === "good" && bytes.readUInt32LE(bytes.length - 4) === crc32(bytes.subarray(0, -4)));
  assert.ok(alone.length > 15);
  const start = performance.now();
  for (let round = 0; round < 4000; round++) {
    const damaged = Buffer.from(alone[below(alone.length)].bytes);
    for (let i = 0; i <= below(3); i++) damaged[5 + below(damaged.length - 9)] = below(256);
    damaged.writeUInt32LE(crc32(damaged.subarray(0, -4)), damaged.length - 4);
    const { outcome, width, height, shown } = outcomeOf(damaged, { maxPixels: 1e4 });
    if (outcome === "good") assert.ok(shown.every(({ pixels }) => pixels.length === 8 * width * height));
    counts[outcome === "good" ? "good" : "bad"]++;
  }
  assert.ok(counts.good > 100 && counts.bad > 1000, JSON.stringify(counts));
  assert.ok(performance.now() - start < 60000);
});

test("a byte order mark in texts is a character like others", () => {
  const texts = Buffer.from("\0\ufeffkey\0\ufeffvalue"); // stored
  const { metadata } = decode(fileOf(1, 1, [0, 0], [0x74, texts.length, ...texts]));
  assert.deepEqual([...metadata.texts], [["\ufeffkey", "\ufeffvalue"]]);
});

test("thousands of stripes in a small file, which would cost their tables each, are over the limit", () => {
  const rows = 2000;
  const table = Array(rows).fill([1, 0, 0, 0, 0, 0]).flat(); // one row, no code, its checksum
  for (const coding of [3, 4, 5]) {
    const file = fileOf(1, rows, [0xc0 | coding, 1, 2, ...varint(rows - 2), ...table]);
    assert.deepEqual(outcomeOf(file), { outcome: "limit" });
  }
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

test("the pixels of all films count for the limit", () => {
  const bytes = named("good-animation-dots.kmq");
  assert.equal(decode(bytes, { maxPixels: 64 }).animation.durations.length, 4);
  assert.throws(() => decode(bytes, { maxPixels: 63 }), (error) => error instanceof KmqError && error.kind === "limit");
});

test("colours are those of the palette, and opaque black beyond it", () => {
  const colors = toRGBA(decode(named("good-beyond-palette.kmq")));
  assert.deepEqual([...colors], [1, 2, 3, 255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 2, 3, 255]);
});
