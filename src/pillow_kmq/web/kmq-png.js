/** Still images as PNG, for an <img>, which draws, scales, saves and prints them. MIT licence. */

import { decode } from "./kmq.js";

const BLOCK = 65535; // bytes in a stored block of deflate

const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
	for (let bit = 0; bit < 8; bit++) byte = byte >>> 1 ^ (byte & 1 ? 0xedb88320 : 0);
	return byte;
});

function crc32(bytes) {
	let crc = -1;
	for (let i = 0; i < bytes.length; i++) crc = CRC_TABLE[(crc ^ bytes[i]) & 255] ^ crc >>> 8;
	return ~crc >>> 0;
}

function adler32(bytes) {
	let a = 1, b = 0;
	for (let from = 0; from < bytes.length; from += 3800) { // sums of 3800 bytes fit 32 bits
		for (let i = from, to = Math.min(from + 3800, bytes.length); i < to; i++) b += a += bytes[i];
		a %= 65521;
		b %= 65521;
	}
	return b * 65536 + a;
}

/** A chunk of `size` bytes, which `write` fills. */
function chunk(name, size, write) {
	const bytes = new Uint8Array(12 + size), view = new DataView(bytes.buffer);
	view.setUint32(0, size);
	for (let i = 0; i < 4; i++) bytes[4 + i] = name.charCodeAt(i);
	write(bytes.subarray(8, 8 + size), new DataView(bytes.buffer, 8, size));
	view.setUint32(8 + size, crc32(bytes.subarray(4, 8 + size)));
	return bytes;
}

/** Rows of indices, each after the byte that says "no filter". */
function rowsOf({ width, height, indices }) {
	const rows = new Uint8Array((width + 1) * height);
	for (let y = 0; y < height; y++) rows.set(indices.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
	return rows;
}

/** Chunk IDAT, not compressed: the browser reads it once, and compressing takes longer than decoding at some levels. */
function pixels(rows) {
	const blocks = Math.ceil(rows.length / BLOCK);
	return chunk("IDAT", 2 + 5 * blocks + rows.length + 4, (bytes, view) => {
		bytes.set([0x78, 0x01]);
		for (let from = 0, at = 2; from < rows.length; from += BLOCK) {
			const block = rows.subarray(from, from + BLOCK);
			bytes[at] = from + BLOCK >= rows.length ? 1 : 0;
			view.setUint16(at + 1, block.length, true);
			view.setUint16(at + 3, ~block.length, true);
			bytes.set(block, at + 5);
			at += 5 + block.length;
		}
		view.setUint32(bytes.length - 4, adler32(rows));
	});
}

/** A decoded still image as a PNG file of the same palette and indices, without metadata: a Blob. */
export function toPNG(image) {
	const palette = Uint8Array.from({ length: 1024 }, (_, i) => image.palette[i] ?? (i % 4 < 3 ? 0 : 255));
	return new Blob([
		new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
		chunk("IHDR", 13, (bytes, view) => {
			view.setUint32(0, image.width);
			view.setUint32(4, image.height);
			bytes.set([8, 3], 8); // bits per index; palette
		}),
		chunk("PLTE", 768, (bytes) => bytes.forEach((_, i) => { bytes[i] = palette[i + Math.floor(i / 3)]; })),
		chunk("tRNS", 256, (bytes) => bytes.forEach((_, i) => { bytes[i] = palette[4 * i + 3]; })),
		pixels(rowsOf(image)),
		chunk("IEND", 0, () => {}),
	], { type: "image/png" });
}

/** Like `decode`; with `png`, a still image has `png`, a Blob, in place of its indices. */
export function decodeAs(bytes, { png, ...options }) {
	const image = decode(bytes, options);
	return png && image.indices ? { ...image, indices: null, png: toPNG(image) } : image;
}
