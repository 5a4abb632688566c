/**
 * Decoder of `.kmq` images, written from docs/FORMAT.md; the sections named below are that document's.
 * No dependencies but the two files imported here; for browsers, workers, Node, Deno. MIT licence.
 */

import { crc32, demand, File, KmqError, RangeDecoder, sound } from "./kmq-bits.js";
import { readStripes } from "./kmq-levels.js";

export { KmqError };

const MAX_PIXELS = 2 ** 26;
const MAX_SIDE = 2 ** 24;
const MAX_METADATA = 2 ** 24;

// RFC 1951

const inflatable = (condition) => sound(condition, "its deflated data are damaged");

const LENGTHS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163,
	195, 227, 258];
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** A look-up table of a Huffman code, 16 symbol + length by the next bits; 0 where there is no symbol. */
function huffman(lengths, mayBeSingle = true) {
	const counts = new Uint16Array(16);
	for (const length of lengths) counts[length]++;
	let most = 15;
	while (most > 1 && counts[most] === 0) most--;
	const next = new Uint16Array(17);
	let left = 1;
	for (let length = 1; length <= 15; length++) {
		left = 2 * left - counts[length];
		inflatable(left >= 0);
		next[length + 1] = 2 * (next[length] + counts[length]);
	}
	// Only a code of one symbol or none may be incomplete.
	inflatable(left === 0 || mayBeSingle && lengths.length - counts[0] === counts[1]);

	const table = new Uint16Array(1 << most);
	for (let symbol = 0; symbol < lengths.length; symbol++) {
		const length = lengths[symbol];
		if (length === 0) continue;
		let reversed = 0;
		for (let code = next[length]++, i = 0; i < length; i++) reversed = 2 * reversed | code >> i & 1;
		for (let i = reversed; i < table.length; i += 1 << length) table[i] = symbol << 4 | length;
	}
	return table;
}

let fixedCodes;

/** Inflate a whole stream to at most `most` bytes. */
function inflate(source, most) {
	const out = new Uint8Array(Math.min(most, 1032 * source.length));
	let place = 0;
	let at = 0;
	let held = 0;
	let count = 0;

	function fill(wanted) {
		for (; count < wanted && place < source.length; count += 8) held |= source[place++] << count;
	}

	function bits(wanted) {
		fill(wanted);
		inflatable(count >= wanted);
		const value = held & (1 << wanted) - 1;
		held >>>= wanted;
		count -= wanted;
		return value;
	}

	function symbol(table) {
		fill(15);
		const entry = table[held & table.length - 1];
		const length = entry & 15;
		inflatable(length > 0 && length <= count);
		held >>>= length;
		count -= length;
		return entry >> 4;
	}

	function stored() {
		place -= count >> 3; // whole bytes that were read ahead
		held = count = 0;
		inflatable(place + 4 <= source.length);
		const length = source[place] | source[place + 1] << 8;
		inflatable((length ^ 0xffff) === (source[place + 2] | source[place + 3] << 8));
		place += 4;
		inflatable(place + length <= source.length && at + length <= out.length);
		out.set(source.subarray(place, place + length), at);
		place += length;
		at += length;
	}

	function codes() {
		const literals = bits(5) + 257;
		const distances = bits(5) + 1;
		inflatable(literals <= 286 && distances <= 30);
		const lengths = new Uint8Array(19);
		for (let i = 0, stated = bits(4) + 4; i < stated; i++) lengths[ORDER[i]] = bits(3);
		const table = huffman(lengths, false);
		const all = new Uint8Array(literals + distances);
		for (let i = 0; i < all.length;) {
			const code = symbol(table);
			if (code < 16) {
				all[i++] = code;
				continue;
			}
			inflatable(code > 16 || i > 0);
			const repeats = code === 16 ? 3 + bits(2) : code === 17 ? 3 + bits(3) : 11 + bits(7);
			inflatable(i + repeats <= all.length);
			all.fill(code === 16 ? all[i - 1] : 0, i, i += repeats);
		}
		inflatable(all[256] > 0);
		return [huffman(all.subarray(0, literals)), huffman(all.subarray(literals))];
	}

	/** The same as calls of `bits` and `symbol`, in local variables, which is twice as fast. */
	function block(literals, distances) {
		let [h, c, p, to] = [held, count, place, at];
		const end = source.length;
		for (;;) {
			for (; c < 24 && p < end; c += 8) h |= source[p++] << c;
			const entry = literals[h & literals.length - 1];
			const code = entry >> 4;
			h >>>= entry & 15;
			c -= entry & 15;
			inflatable(entry > 0 && c >= 0);
			if (code < 256) {
				inflatable(to < out.length);
				out[to++] = code;
				continue;
			}
			if (code === 256) break;
			inflatable(code < 286);
			const lengthBits = code < 265 || code === 285 ? 0 : code - 261 >> 2;
			const length = LENGTHS[code - 257] + (h & (1 << lengthBits) - 1);
			h >>>= lengthBits;
			c -= lengthBits;
			for (; c < 24 && p < end; c += 8) h |= source[p++] << c;
			const far = distances[h & distances.length - 1];
			h >>>= far & 15;
			c -= far & 15;
			inflatable(far > 0 && far < 30 << 4);
			for (; c < 24 && p < end; c += 8) h |= source[p++] << c;
			const farBits = Math.max(0, (far >> 5) - 1);
			const distance = (far < 64 ? far >> 4 : 2 + (far >> 4 & 1) << farBits) + 1 + (h & (1 << farBits) - 1);
			h >>>= farBits;
			c -= farBits;
			inflatable(c >= 0 && distance <= to && to + length <= out.length);
			for (const stop = to + length; to < stop; to++) out[to] = out[to - distance];
		}
		[held, count, place, at] = [h, c, p, to];
	}

	for (let last = 0; last === 0;) {
		last = bits(1);
		const kind = bits(2);
		inflatable(kind < 3);
		if (kind === 0) stored();
		else if (kind === 2) block(...codes());
		else {
			const lengths = Uint8Array.from({ length: 288 }, (_, i) => i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8);
			fixedCodes ??= [huffman(lengths), huffman(new Uint8Array(32).fill(5))];
			block(...fixedCodes);
		}
	}
	inflatable(place - (count >> 3) === source.length);
	return out.subarray(0, at);
}

// 3. Header

function readHeader(file) {
	const signature = file.bytes.subarray(0, 4);
	demand(signature.join() === "139,75,77,81", "not-kmq", "not a KMQ file");
	file.take(4);
	const version = file.u8();
	sound(version !== 0, "its version is 0");
	demand(version === 1, "unsupported", `a KMQ file of version ${version}: a newer decoder is needed`);
	const width = file.varint() + 1;
	const height = file.varint() + 1;
	sound(width <= MAX_SIDE && height <= MAX_SIDE, `${width} x ${height} pixels`);
	return { width, height };
}

// 4. Chunks

/** The tag of the next chunk and its letter; one that is not known must not be critical. */
function readTag(file) {
	const tag = file.u8();
	const letter = String.fromCharCode(tag & 127);
	sound(/[A-Za-z]/.test(letter), "a chunk without a letter");
	demand(letter > "Z" || "APD".includes(letter), "unsupported", `a KMQ file with a chunk ${letter}`);
	return { tag, letter };
}

/** A payload, and the checksum that goes on from `crc` with the chunk that began at `start`. */
function readPayload(file, start, tag, crc) {
	const payload = file.take(file.varint());
	const after = crc32(file.bytes.subarray(start, file.place), crc);
	return { payload, after, matches: tag < 128 || file.u32() === after };
}

const DAMAGED = "a checksum does not match, so the file was damaged";
const UNCHECKED = "a checksum is missing";

/** All chunks up to the first chunk D: payloads by letter, the checksum before D, and what the ancillary ones say. */
function readHead(file, crc) {
	const found = new Map();
	const metadata = {};
	for (let number = 0; number < 256; number++) {
		const start = file.place;
		const { tag, letter } = readTag(file);
		const ancillary = letter > "Z";
		const { payload, after, matches } = readPayload(file, start, tag, ancillary ? 0 : crc);
		if (ancillary) {
			if (matches) readMetadata(letter, payload, metadata);
			continue;
		}
		sound(matches, DAMAGED);
		sound(!found.has(letter), `two chunks ${letter}`);
		sound(tag > 127 || letter === "P", UNCHECKED);
		found.set(letter, payload);
		if (letter === "D") return { found, crc, metadata };
		crc = after;
	}
	throw new KmqError("corrupt", "broken KMQ file: more than 255 chunks before the pixels");
}

// 6. Palette

/** RGBA, four bytes an entry. */
function readPalette(payload) {
	sound(payload.length >= 1 && payload.length <= 1026, `a palette of ${payload.length} bytes`);
	const first = payload[0];
	const coding = first & 15;
	const known = coding === 2 ? (first & 0xd0) === 0 : coding < 2 && first < 32;
	demand(known, "unsupported", "a KMQ file with another kind of palette: a newer decoder is needed");
	if (coding === 2) return sortedColors(payload.subarray(1), first > 31);

	let start = 1;
	let a = 0;
	if (first & 16) {
		sound(payload.length > 1, "a palette without its number of alphas");
		a = payload[1] + 1;
		start = 2;
	}
	let planes = payload.subarray(start);
	if (coding === 1) planes = inflate(planes, 1024);
	const k = (planes.length - a) / 3;
	sound(Number.isInteger(k) && k >= 1 && k <= 256 && a <= k, "a palette of the wrong length");
	sound(a === 0 || planes[3 * k + a - 1] !== 255, "a palette whose last alpha is not needed");
	const colors = new Uint8Array(4 * k).fill(255);
	for (let i = 0; i < k; i++) {
		for (let channel = 0; channel < 3 + (i < a); channel++) colors[4 * i + channel] = planes[channel * k + i];
	}
	return colors;
}

/** 6.1 Sorted colours. */
function sortedColors(payload, natural) {
	const file = new File(payload, "corrupt");
	const k = file.u8() + 1;
	const m = natural ? k : file.u8() + 1;
	sound(m <= k, "a palette lists more entries than it has");
	const coder = new RangeDecoder(payload.subarray(file.place));
	const counters = new Uint16Array(14 * 20).fill(32768);

	function number(context) {
		const base = 20 * context;
		let length = 0;
		while (length < 9 && coder.bit(counters, base + length)) length++;
		let value = length === 0 ? 0 : 1;
		if (length >= 2) value = 2 * value + coder.bit(counters, base + 10 + length);
		for (let i = 2; i < length; i++) value = 2 * value + coder.fixed(32768);
		return value;
	}

	function signed(context) {
		const value = number(context);
		return value !== 0 && coder.bit(counters, 20 * context + 9) ? -value : value;
	}

	function below(n) {
		let low = 0;
		let high = 1;
		while (high < n) high *= 2;
		while (high - low > 1) {
			const middle = (low + high) / 2;
			const ones = Math.min(n, high) - middle;
			const zeros = middle - low;
			if (ones > 0 && coder.fixed(Math.floor(65536 * ones / (ones + zeros)))) low = middle;
			else high = middle;
		}
		return low;
	}

	let colors = [];
	let green = 0;
	let alpha = 0;
	for (let i = 0; i < m; i++) {
		const step = number(0);
		alpha += step;
		green = step > 0 ? number(2) : green + number(1);
		const u = signed(3);
		const t = Math.min(4, 33 - Math.clz32(Math.abs(u)) >> 1);
		const v = signed(4 + 2 * t + (u > 0 ? 1 : 0));
		const color = [green + u, green, green + v, alpha];
		sound(color.every((value) => value >= 0 && value <= 255), "a palette entry is out of range");
		colors.push(color);
	}
	if (!natural) {
		const left = colors;
		colors = [];
		while (left.length > 0) colors.push(...left.splice(below(left.length), 1));
	}
	coder.requireEnd();
	while (colors.length < k) colors.push(colors[m - 1]);
	return Uint8Array.from(colors.flat());
}

// 7. Pixels

/** The indices of a chunk D. */
function readPixels(payload, width, height, colors, maxPixels) {
	sound(payload.length >= 1, "pixels without payload");
	const coding = payload[0] & 15;
	const options = payload[0] >> 4;
	const coded = payload.subarray(1);
	const known = coding <= 1 && options <= 4 || coding >= 3 && coding <= 5;
	demand(known, "unsupported", "a KMQ file with another coding of pixels: a newer decoder is needed");
	const bits = [1, 2, 4, 8, 8][options];
	const size = coding > 1 ? 0 : height * Math.ceil(width * bits / 8) + (options === 4 ? height : 0);
	sound(coding > 1 || (coding ? size <= 1032 * coded.length : size === coded.length),
		"its pixels do not fill it");
	demandPixels(width * height, maxPixels);
	if (coding > 1) return readStripes(coding, options, coded, width, height, colors);
	const rows = coding === 1 ? inflate(coded, size) : coded;
	sound(rows.length === size, "its pixels do not fill it");
	return options === 4 ? unfilter(rows, width, height) : unpack(rows, 1 << options, width, height);
}

// 7.1 Rows

function unpack(rows, bits, width, height) {
	if (bits === 8) return rows.slice();
	const indices = new Uint8Array(width * height);
	const perByte = 8 / bits;
	const rowBytes = Math.ceil(width / perByte);
	const unused = (1 << 8 * rowBytes - width * bits) - 1;
	const mask = (1 << bits) - 1;
	for (let y = 0, at = 0; y < height; y++) {
		sound((rows[(y + 1) * rowBytes - 1] & unused) === 0, "unused bits that are not zero");
		for (let x = 0, place = y * rowBytes; x < width; place++) {
			for (let down = 8 - bits; down >= 0 && x < width; down -= bits, x++) indices[at++] = rows[place] >> down & mask;
		}
	}
	return indices;
}

function unfilter(rows, width, height) {
	const indices = rows.slice(height);
	for (let y = 0; y < height; y++) {
		const start = y * width;
		const filter = rows[y];
		sound(filter <= 2, "no such filter");
		if (filter === 1) for (let i = start + 1; i < start + width; i++) indices[i] += indices[i - 1];
		if (filter === 2 && y > 0) for (let i = start; i < start + width; i++) indices[i] += indices[i - width];
	}
	return indices;
}

// 8. Metadata

const METADATA = { i: "iccProfile", e: "exif", x: "xmp", t: "texts", r: "resolution" };

/** Add what a chunk says to `metadata`; nothing if it breaks a rule. */
function readMetadata(letter, payload, metadata) {
	const name = METADATA[letter];
	if (!name || name in metadata) return;
	try {
		metadata[name] = letter === "r" ? resolutionOf(payload) : contentOf(payload, letter === "t");
	} catch (error) {
		if (!(error instanceof KmqError)) throw error;
	}
}

function resolutionOf(payload) {
	const file = new File(payload, "corrupt");
	const resolution = [file.varint(), file.varint()];
	sound(file.left === 0 && resolution.every((value) => value > 0), "a wrong resolution");
	return resolution;
}

function contentOf(payload, isTexts) {
	sound(payload[0] <= 1 && payload.length <= MAX_METADATA, "another coding of metadata");
	const stored = payload.subarray(1);
	const content = (payload[0] ? inflate(stored, MAX_METADATA) : stored).slice();
	sound(content.length > 0, "metadata without content");
	return isTexts ? textsOf(content) : content;
}

function textsOf(content) {
	let parts;
	try {
		parts = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content).split("\0");
	} catch {
		throw new KmqError("corrupt", "texts that are not UTF-8");
	}
	const texts = new Map();
	for (let i = 0; i + 1 < parts.length; i += 2) texts.set(parts[i], parts[i + 1]);
	sound(parts.length === 2 * texts.size && !texts.has(""), "texts without a key or value, or a key twice");
	return texts;
}

// 9. Animation

/** What chunk A says. */
function readTable(payload, width, height) {
	const table = new File(payload, "corrupt");
	const count = table.varint() + 1;
	const filmCount = table.varint() + 1;
	sound(count <= 65536 && filmCount <= 65536, "more frames or films than there may be");
	const plays = table.varint();
	const durations = [];
	while (durations.length < count) {
		const run = table.varint() + 1;
		const duration = table.varint();
		sound(durations.length + run <= count, "more durations than frames");
		for (let i = 0; i < run; i++) durations.push(duration);
	}
	const films = [];
	let frameCount = 0;
	while (films.length < filmCount) {
		const film = readFilm(table, width, height);
		sound(films.length > 0 || film.key && !film.ownPalette, "a first film that needs another");
		frameCount += film.pictures - film.overlay;
		films.push(film);
	}
	sound(table.left === 0 && frameCount === count, "films that do not make its frames");
	return { plays, durations, films };
}

function readFilm(table, canvasWidth, canvasHeight) {
	const flags = table.u8();
	demand(flags < 128, "unsupported", "a KMQ file with another kind of film");
	const m = table.varint() + 1;
	let [left, top, width, height] = [0, 0, canvasWidth, canvasHeight];
	if (flags & 8) [left, top, width, height] = [table.varint(), table.varint(), table.varint() + 1, table.varint() + 1];
	const keep = flags & 16 ? table.u8() : -1;
	const [key, ownPalette, overlay] = [4, 32, 64].map((bit) => (flags & bit) > 0);
	sound(left + width <= canvasWidth && top + height <= canvasHeight, "a film goes beyond the canvas");
	sound(m * width * height <= Math.max(2 ** 24, canvasWidth * canvasHeight), "a film has too many pixels");
	sound(!key || !overlay, "a film that is key and an overlay");
	const arrangement = flags & 3;
	const imageWidth = arrangement & 1 ? m * width : width;
	const imageHeight = arrangement & 1 ? height : m * height;
	sound(imageWidth <= MAX_SIDE && imageHeight <= MAX_SIDE, "a film is too long");
	const where = { left, top, width, height, imageWidth, imageHeight };
	return { pictures: m, ...where, arrangement, keep, key, overlay, ownPalette };
}

/** The palette and the payload of chunk D of film `number` > 0. */
function readFilmChunks(file, film, number, palette, crc) {
	const varint = [];
	for (let rest = number; rest > 0; rest >>>= 7) varint.push(rest & 127 | (rest > 127 ? 128 : 0));
	crc = crc32(Uint8Array.from(varint), crc);
	for (const expected of film.ownPalette ? "PD" : "D") {
		const start = file.place;
		const { tag, letter } = readTag(file);
		sound(letter === expected, `a chunk ${letter} among films`);
		const { payload, after, matches } = readPayload(file, start, tag, crc);
		sound(matches, DAMAGED);
		sound(tag > 127 || letter === "P", UNCHECKED);
		if (letter === "D") return [palette, payload];
		palette = readPalette(payload);
		crc = after;
	}
}

/**
 * All frames in turn, of a still image one: { duration, pixels }, milliseconds and RGBA. `pixels` is the canvas, which
 * the next frame changes.
 */
export function* frames({ width, height, indices, palette, animation }) {
	const canvas = new Uint32Array(width * height);
	const pixels = new Uint8ClampedArray(canvas.buffer);
	const still = { pictures: 1, left: 0, top: 0, width, height, arrangement: 0, keep: -1, indices, palette };
	const { films, durations } = animation ?? { films: [still], durations: [0] };
	let frame = 0;
	for (const [number, film] of films.entries()) {
		const colors = colorsOf(film.palette);
		if (film.key) canvas.fill(colors[0]);
		for (let i = 0; i < film.pictures; i++) {
			draw(film, i, colors, canvas, width);
			const unfinished = i === film.pictures - 1 && films[number + 1]?.overlay;
			if (!unfinished) yield { duration: durations[frame++], pixels };
		}
	}
}

function draw({ pictures: m, left, top, width, height, arrangement, keep, indices }, i, colors, canvas, stride) {
	const across = arrangement === 3 ? m : 1;
	const down = arrangement === 0 ? width : m * width;
	const first = i * (arrangement === 0 ? width * height : arrangement === 3 ? 1 : width);
	for (let y = 0; y < height; y++) {
		let from = first + y * down;
		let to = (top + y) * stride + left;
		for (const end = to + width; to < end; to++, from += across) {
			const index = indices[from];
			if (index !== keep) canvas[to] = colors[index];
		}
	}
}

// The whole file

/**
 * Decode a whole `.kmq` file. bytes: an ArrayBuffer or a view of one. maxPixels: more are refused, 2^26 unless told.
 * Throws KmqError.
 */
export function decode(bytes, { maxPixels = MAX_PIXELS } = {}) {
	const file = new File(bytesOf(bytes));
	const { width, height } = readHeader(file);
	const { found, crc, metadata } = readHead(file, crc32(file.bytes.subarray(0, file.place)));
	const palette = found.has("P") ? readPalette(found.get("P")) : new Uint8Array(0);
	const animation = found.has("A") ? readTable(found.get("A"), width, height) : null;
	let indices = null;
	if (animation) {
		const filmPixels = animation.films.reduce((sum, film) => sum + film.imageWidth * film.imageHeight, 0);
		demandPixels(Math.max(filmPixels, width * height), maxPixels);
		for (const [number, film] of animation.films.entries()) {
			const [colors, payload] = number === 0 ? [palette, found.get("D")]
				: readFilmChunks(file, film, number, palette, crc);
			film.palette = colors;
			film.indices = readPixels(payload, film.imageWidth, film.imageHeight, colors, maxPixels);
		}
	} else {
		indices = readPixels(found.get("D"), width, height, palette, maxPixels);
	}
	sound(file.left === 0, "something follows its pixels");
	return { width, height, indices, palette, metadata, animation };
}

const demandPixels = (pixels, most) => demand(pixels <= most, "limit", `${pixels} pixels, more than ${most}`);

function bytesOf(bytes) {
	if (bytes instanceof Uint8Array) return bytes;
	if (!ArrayBuffer.isView(bytes)) return new Uint8Array(bytes);
	return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Of 256 indices, as they stand in memory; those beyond the palette are opaque black. */
function colorsOf(palette) {
	const entries = new Uint8Array(1024);
	for (let i = 3; i < 1024; i += 4) entries[i] = 255;
	entries.set(palette);
	return new Uint32Array(entries.buffer);
}

/** The colours of all pixels, of an animation's first frame: R, G, B and straight alpha, in a Uint8ClampedArray. */
export function toRGBA(image) {
	return frames(image).next().value.pixels;
}

/** The same as ImageData, for a canvas. */
export function toImageData(image) {
	return new ImageData(toRGBA(image), image.width, image.height);
}
