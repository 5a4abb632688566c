/**
 * Decoder of `.kmq` images, written from docs/FORMAT.md; the sections named below are that document's.
 * No dependencies, no other files; for browsers, workers, Node, Deno. MIT licence.
 */

/** Why a file was refused. kind: "not-kmq", "truncated", "corrupt", "unsupported" or "limit" (section 1). */
export class KmqError extends Error {
	constructor(kind, message) {
		super(message);
		this.name = "KmqError";
		this.kind = kind;
	}
}

const MAX_PIXELS = 2 ** 26;
const MAX_SIDE = 2 ** 24;
const MAX_METADATA = 2 ** 24;

function demand(condition, kind, message) {
	if (!condition) throw new KmqError(kind, message);
}

function sound(condition, message) {
	if (!condition) throw new KmqError("corrupt", `broken KMQ file: ${message}`);
}

// 1. Conventions

/** Bytes, and how far they are read. */
class File {
	constructor(bytes, atEnd = "truncated") {
		this.bytes = bytes;
		this.place = 0;
		this.atEnd = atEnd;
	}

	get left() {
		return this.bytes.length - this.place;
	}

	take(count) {
		demand(count <= this.left, this.atEnd, "the KMQ file ends too early");
		this.place += count;
		return this.bytes.subarray(this.place - count, this.place);
	}

	u8() {
		return this.take(1)[0];
	}

	u32() {
		const b = this.take(4);
		return (b[0] | b[1] << 8 | b[2] << 16 | b[3] << 24) >>> 0;
	}

	varint() {
		let value = 0;
		for (let position = 0; position < 5; position++) {
			const byte = this.u8();
			value += (byte & 127) * 2 ** (7 * position);
			if (byte < 128) {
				sound(value < 2 ** 32 && (byte > 0 || position === 0), "a number is too large or padded");
				return value;
			}
		}
		throw new KmqError("corrupt", "broken KMQ file: a number without end");
	}
}

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

	function block(literals, distances) {
		for (;;) {
			const code = symbol(literals);
			if (code < 256) {
				inflatable(at < out.length);
				out[at++] = code;
				continue;
			}
			if (code === 256) return;
			inflatable(code < 286);
			const length = LENGTHS[code - 257] + (code < 265 || code === 285 ? 0 : bits(code - 261 >> 2));
			const far = symbol(distances);
			inflatable(far < 30);
			const distance = far < 4 ? far + 1 : (2 + (far & 1) << (far >> 1) - 1) + 1 + bits((far >> 1) - 1);
			inflatable(distance <= at && at + length <= out.length);
			for (const stop = at + length; at < stop; at++) out[at] = out[at - distance];
		}
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

// 5. Checksums

let crcTable;

function crc32(bytes, crc = 0) {
	crcTable ??= Int32Array.from({ length: 256 }, (_, byte) => {
		for (let bit = 0; bit < 8; bit++) byte = byte >>> 1 ^ (byte & 1 ? 0xedb88320 : 0);
		return byte;
	});
	const table = crcTable;
	let value = ~crc;
	for (let i = 0; i < bytes.length; i++) value = value >>> 8 ^ table[(value ^ bytes[i]) & 255];
	return ~value >>> 0;
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
	const known = coding <= 1 && options <= 4 || coding === 3 || coding === 5;
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

// 7.2 Symbols and stripes

function readStripes(coding, options, coded, width, height, colors) {
	const file = new File(coded, "corrupt");
	let used = Uint8Array.from({ length: colors.length / 4 }, (_, i) => i);
	if (options & 4) used = listedSymbols(file);
	sound(used.length > 0, "pixels without colours");
	if (used.length === 1) {
		sound(file.left === 0, "one colour needs no pixels");
		return new Uint8Array(width * height).fill(used[0]);
	}

	const stripes = [];
	if (options & 8) {
		const count = file.varint() + 2;
		sound(count <= height, "more stripes than rows");
		for (let i = 0; i < count; i++) stripes.push({ rows: file.varint(), length: file.varint(), crc: file.u32() });
	} else {
		stripes.push({ rows: height, length: file.left });
	}
	const sum = (name) => stripes.reduce((total, stripe) => total + stripe[name], 0);
	sound(stripes.every((stripe) => stripe.rows > 0) && sum("rows") === height, "its stripes do not add up");
	sound(sum("length") === file.left, "its stripes do not fill it");

	const indices = new Uint8Array(width * height);
	const points = axesOf(used, colors);
	const tree = coding === 3 ? new Tree(points) : null;
	const table = coding === 3 ? tree.order.map((i) => used[i]) : used;
	const ranked = coding === 5 ? ranking(points) : null;
	let row = 0;
	for (const { rows, length, crc } of stripes) {
		const code = file.take(length);
		sound(crc === undefined || crc32(code) === crc, `damage in the stripe of rows ${row} to ${row + rows - 1}`);
		const out = indices.subarray(row * width);
		if (coding === 3) decodeMixed(code, tree, 12 + 2 * (options & 3), width, rows, out, table);
		else decodeFast(code, ranked.slice(), used.length, [0, 12, 14, 16][options & 3], width, rows, out, table);
		row += rows;
	}
	return indices;
}

function listedSymbols(file) {
	const c = file.u8();
	const used = [];
	if (c === 0) {
		const flags = file.take(32);
		for (let i = 0; i < 256; i++) if (flags[i >> 3] >> (i & 7) & 1) used.push(i);
	}
	let place = 0;
	for (const [number, run] of file.take(c).entries()) {
		sound(place + run <= 256, "more than 256 colours are listed");
		for (let i = 0; i < run; i++, place++) if (number % 2 === 0) used.push(place);
	}
	return Uint8Array.from(used);
}

// 7.3 The tree of colours

/** The four axes of the colours of entries. */
function axesOf(used, colors) {
	return Array.from(used, (entry) => {
		const [r, g, b, a] = 4 * entry < colors.length ? colors.subarray(4 * entry, 4 * entry + 4) : [0, 0, 0, 255];
		const [R, G, B] = [r, g, b].map((c) => Math.floor((c * a + 127) / 255));
		return [R + G + B, R - B, 2 * G - R - B, a];
	});
}

const LEAVES = 0x100; // in Tree.leaf: a symbol and this; 0 where a node has children

class Tree {
	constructor(points) {
		this.n = points.length;
		this.points = points;
		this.order = [];
		this.leaf = new Uint16Array(512);
		this.levels = new Uint8Array(256 * this.n);
		this.splits = [];
		const all = points.map((_, i) => i);
		this.split(1, all.sort((i, j) => this.compare(i, j)));
		this.points = this.order.map((i) => this.points[i]);
		for (const split of this.splits) this.setLevels(split);
		this.distances = this.allDistances();
	}

	compare(i, j) {
		for (let axis = 0; axis < 4; axis++) {
			const difference = this.points[i][axis] - this.points[j][axis];
			if (difference) return difference;
		}
		return i - j;
	}

	split(node, entries) {
		const m = entries.length;
		if (m === 1) {
			this.leaf[node] = LEAVES | this.order.length;
			this.order.push(entries[0]);
			return;
		}
		const h = Math.ceil(m / 2);
		let axis = 0;
		let widest = -1;
		for (const [candidate, scale] of [17, 21, 12, 30].entries()) {
			const values = entries.map((i) => this.points[i][candidate]).sort((a, b) => a - b);
			const spread = values.reduce((sum, value) => sum + Math.abs(value - values[h]), 0) * scale;
			if (spread > widest) [widest, axis] = [spread, candidate];
		}
		const value = (i) => this.points[i][axis];
		const ranked = entries.slice().sort((i, j) => value(i) - value(j));
		const bound = value(ranked[h - 1]) + value(ranked[h]);
		const width = Math.max(1, entries.reduce((sum, i) => sum + Math.abs(2 * value(i) - bound), 0));
		this.splits.push({ node, axis, bound, width, m });
		const left = new Set(ranked.slice(0, h));
		this.split(2 * node, entries.filter((i) => left.has(i)));
		this.split(2 * node + 1, entries.filter((i) => !left.has(i)));
	}

	/** levels[256 s + i]: level(i, s). */
	setLevels({ node, axis, bound, width, m }) {
		for (let s = 0; s < this.n; s++) {
			const place = 16 * m * (2 * this.points[s][axis] - bound);
			for (const limit of [-16, -6, 0, 6, 16]) this.levels[256 * s + node] += limit * width <= place;
		}
	}

	/** distances[n s + t]: distance(s, t). */
	allDistances() {
		const n = this.n;
		const steps = new Uint8Array(2551);
		for (const limit of [1, 30, 75, 187, 467, 1167]) for (let d = limit; d < 2551; d++) steps[d]++;
		const distances = new Uint8Array(n * n);
		for (let s = 0; s < n; s++) {
			const [p, q, r, o] = this.points[s];
			for (let t = 0; t <= s; t++) {
				const other = this.points[t];
				const total = Math.abs(p - other[0]) + Math.abs(q - other[1]) + Math.abs(r - other[2]) + Math.abs(o - other[3]);
				distances[n * s + t] = distances[n * t + s] = steps[total];
			}
		}
		return distances;
	}
}

// 7.4 Counters and the range coder

const RATES = Uint16Array.from([16, 26, 36, 46, 56, 66, 76, 86, 96, 106, 120, 140, 160, 180, 200, 220],
	(tenths) => Math.floor(655360 / tenths));

/** A counter after a one and after a zero. */
const afterOne = (state) => {
	const p = state >> 4;
	const c = state & 15;
	return p + (Math.imul(4095 - p, RATES[c]) + 32768 >>> 16) << 4 | (c < 15 ? c + 1 : 15);
};
const afterZero = (state) => {
	const p = state >> 4;
	const c = state & 15;
	return p - (Math.imul(p, RATES[c]) + 32768 >>> 16) << 4 | (c < 15 ? c + 1 : 15);
};

const outOfCode = () => {
	throw new KmqError("corrupt", "broken KMQ file: the code of its pixels is too short");
};

/** floor(size P / 65536), 0 < P < 65536. */
const boundOf = (size, P) => Math.imul(size >>> 16, P) + (Math.imul(size & 65535, P) >>> 16) >>> 0;

/** The range coder where speed does not matter; the loops over pixels have it in their local variables. */
class RangeDecoder {
	constructor(code) {
		this.code = code;
		this.place = 0;
		this.size = 0xffffffff;
		this.x = 0;
		for (let i = 0; i < 4; i++) this.x = 256 * this.x + this.byte();
	}

	byte() {
		if (this.place > this.code.length + 3) outOfCode();
		return this.code[this.place++] ?? 0;
	}

	fixed(P) {
		const bound = boundOf(this.size, P);
		const bit = this.x < bound;
		if (bit) {
			this.size = bound;
		} else {
			this.x -= bound;
			this.size -= bound;
		}
		while (this.size < 2 ** 24) {
			this.size *= 256;
			this.x = (256 * this.x + this.byte()) % 2 ** 32;
		}
		return Number(bit);
	}

	bit(counters, place) {
		const state = counters[place];
		const bit = this.fixed((state & 0xfff0) + 8);
		counters[place] = bit ? afterOne(state) : afterZero(state);
		return bit;
	}

	requireEnd() {
		sound(this.place >= this.code.length, "something follows a code");
	}
}

// 7.5 Mixing

const KNOTS = [1, 1, 1, 2, 3, 5, 8, 13, 22, 36, 60, 98, 162, 267, 439, 720, 1179, 1921, 3108, 4971, 7812, 11955, 17625,
	24743, 32768, 40793, 47911, 53581, 57724, 60565, 62428, 63615, 64357, 64816, 65097, 65269, 65374, 65438, 65476, 65500,
	65514, 65523, 65528, 65531, 65533, 65534, 65535, 65535, 65535];
/** squash(x) at x + 3072. */
const SQUASH = Uint16Array.from({ length: 6144 }, (_, x) =>
	KNOTS[x >> 7] * (128 - (x & 127)) + KNOTS[(x >> 7) + 1] * (x & 127) >> 7);
const STRETCH = new Int16Array(4096);
for (let p = 0, x = 0; p < 4096; p++) {
	while (SQUASH[x] < 16 * p + 8) x++;
	STRETCH[p] = x - 3072;
}
const STEPS = Int32Array.from({ length: 256 }, (_, count) => 24 + Math.floor(960 / (count + 16)));
const CELLS = 48;
const WEIGHTS = 5; // four and a count

const moved = (w, s, e, step) => {
	w += ((Math.imul(s, e) + 8192 >> 14) * step + 32 >> 6);
	return w < -196608 ? -196608 : w > 196608 ? 196608 : w;
};

// 7.6 The model of `default`

const SHAPES = [
	{ kinds: [-240, -496, -464, -480, -448], bits: [144, 48, 32, 112, 144, -16, 64, 64, 48, 0, 0, 160] },
	{ kinds: [-384, -192, -528, -512, -560], bits: [0, 320, 144, 224, -16, 128, 32, 16, 0, 112, 96, 176] },
];
const SHAPE_COUNT = 5 * 4096;

function setShapeCounters(counters, start) {
	for (const { kinds, bits } of SHAPES) {
		for (const kind of kinds) {
			const sums = [kind + 3072];
			for (const bit of bits) for (let i = 0, half = sums.length; i < half; i++) sums.push(sums[i] + bit);
			for (const sum of sums) counters[start++] = SQUASH[sum] & 0xfff0 | 2;
		}
	}
}

function firstWeights() {
	const weights = new Int32Array(WEIGHTS * (256 + 160));
	for (let set = 0; set < 416; set++) {
		weights.set(set < 256 ? [25600, 25600, 30720, 25600] : [36864, 20480, 20480, 18432], WEIGHTS * set);
	}
	return weights;
}

/** Decode a stripe of `rows` rows into `out`, whose values are table[symbol]. B: bits of a hashed address. */
function decodeMixed(code, tree, B, width, rows, out, table) {
	const n = tree.n;
	const { leaf, levels, distances } = tree;
	const [squash, stretch, steps, rates] = [SQUASH, STRETCH, STEPS, RATES];
	const down = 32 - B;
	const hashed = 1 << B;
	const lineMask = hashed - 16;
	const places = n <= 16 ? 16 : 272;
	const finer = B < 18 ? 1 : n <= 16 ? 16 : n <= 64 ? 4 : 2;
	const SPREAD = 8 + 2 * SHAPE_COUNT; // where each kind of counters begins; runs at 0 and shapes at 8
	const THREE = SPREAD + 2 * 4096;
	const SIX = THREE + 2 * hashed;
	const FOUR = SIX + 2 * hashed;
	const BY_W = FOUR + hashed;
	const BY_N = BY_W + n * finer * places;
	const COLORS = BY_N + n * finer * places;
	const counters = new Uint16Array(COLORS + 256 * 216).fill(32768);
	setShapeCounters(counters, 8);
	const weights = firstWeights();
	const cells = new Uint16Array((256 + 2 * n) * CELLS);
	for (let i = 0; i < cells.length; i++) cells[i] = squash[128 * (i % CELLS) + 64];
	const recent = new Uint8Array(hashed >> 2);

	// Three rows of symbols, with three columns to the left and to the right.
	const stride = width + 6;
	const symbols = new Uint8Array(3 * stride);
	let here = 3;
	let above = stride + 3;
	let above2 = 2 * stride + 3;

	const end = code.length;
	let place = 4;
	let x = 0;
	for (let i = 0; i < 4; i++) x = (x << 8 | (i < end ? code[i] : 0)) >>> 0;
	let size = 0xffffffff;

	for (let y = 0; y < rows; y++) {
		const edge = symbols[above];
		symbols[here - 1] = symbols[here - 2] = symbols[here - 3] = edge;
		for (let col = 0; col < width;) {
			const W = symbols[here + col - 1];
			const WW = symbols[here + col - 2];
			const NWW = symbols[above + col - 2];
			const NW = symbols[above + col - 1];
			const N = symbols[above + col];
			const NE = symbols[above + col + 1];
			const NEE = symbols[above + col + 2];
			const NNW = symbols[above2 + col - 1];
			const NN = symbols[above2 + col];
			const NNE = symbols[above2 + col + 1];

			if (W === N && N === NW && N === NE && N === WW && N === NN) {
				const L = runLength(symbols, above + col, width - col);
				if (L >= 8) {
					const k = runClass(L);
					const state = counters[k];
					const bound = boundOf(size, (state & 0xfff0) + 8);
					const run = x < bound;
					if (run) {
						size = bound;
						counters[k] = afterOne(state);
					} else {
						x = x - bound >>> 0;
						size = size - bound >>> 0;
						counters[k] = afterZero(state);
					}
					while (size < 0x1000000) {
						size = size << 8 >>> 0;
						x = (x << 8 | (place < end ? code[place] : 0)) >>> 0;
						if (++place > end + 4) outOfCode();
					}
					if (run) {
						symbols.fill(N, here + col, here + col + L);
						col += L;
						continue;
					}
				}
			}

			const shape = (W === N ? 1 : 0) | (W === NW ? 2 : 0) | (N === NE ? 4 : 0) | (N === NW ? 8 : 0) |
				(W === WW ? 16 : 0) | (N === NN ? 32 : 0) | (NE === NEE ? 64 : 0) | (NW === NWW ? 128 : 0) |
				(NN === NNE ? 256 : 0) | (NE === NNE ? 512 : 0) | (NW === NNW ? 1024 : 0) | (W === NE ? 2048 : 0);
			const three = W | N << 8 | NE << 16;
			const h3 = Math.imul(three, 0x9e3779b1);
			const h4 = Math.imul(three | NW << 24, 0x85ebca6b);
			let h6 = (h4 ^ h4 >>> 15) + Math.imul(WW | NN << 8, 0xc2b2ae35) | 0;
			h6 = Math.imul(h6 ^ h6 >>> 15, 0x2c1b3c6d);
			const slot = h6 >>> down >> 2;
			const r = recent[slot];
			const kind = r === W ? 0 : r === N ? 1 : r === NW ? 2 : r === NE ? 3 : 4;
			let c0 = 8 + (kind << 12 | shape);
			let c1 = THREE + (h3 >>> down);
			let c2 = SIX + (h6 >>> down);
			let c3 = SPREAD + (distances[W * n + N] | distances[W * n + NW] << 3 | distances[N * n + NW] << 6 |
				distances[N * n + NE] << 9);
			const used6 = counters[c2] & 15;
			const used3 = counters[c1] & 15;
			let set = 256 + 16 * kind + 4 * ((used6 > 0 ? 1 : 0) + (used6 > 2 ? 1 : 0) + (used6 > 11 ? 1 : 0)) +
				(used3 > 0 ? 1 : 0) + (used3 > 2 ? 1 : 0) + (used3 > 11 ? 1 : 0);
			let row = 256 + W;

			let symbol = W;
			let node = 0; // 0: the flag of W, -1: that of N, from 1 on: the tree
			let j = 1;
			let base0 = 0;
			let base1 = 0;
			let base2 = 0;
			for (;;) {
				// mixed(c0, c1, c2, c3; set; row of cells)
				const p0 = counters[c0];
				const p1 = counters[c1];
				const p2 = counters[c2];
				const p3 = counters[c3];
				const s0 = stretch[p0 >> 4];
				const s1 = stretch[p1 >> 4];
				const s2 = stretch[p2 >> 4];
				const s3 = stretch[p3 >> 4];
				const w = set * WEIGHTS;
				const w0 = weights[w];
				const w1 = weights[w + 1];
				const w2 = weights[w + 2];
				const w3 = weights[w + 3];
				const count = weights[w + 4];
				let dot = Math.imul(w0, s0) + Math.imul(w1, s1) + Math.imul(w2, s2) + Math.imul(w3, s3) >> 16;
				dot = (dot < -2900 ? -2900 : dot > 2900 ? 2900 : dot) + 3072;
				const p = squash[dot];
				const cell = row * CELLS + (dot >> 7);
				const q = cells[cell];
				const bound = boundOf(size, p + q + 1 >> 1);
				const bit = x < bound;
				let e = -p;
				if (bit) {
					size = bound;
					e = 65536 - p;
					cells[cell] = q + (65535 - q >> 5);
					counters[c0] = afterOne(p0);
					counters[c1] = afterOne(p1);
					counters[c2] = afterOne(p2);
					counters[c3] = afterOne(p3);
				} else {
					x = x - bound >>> 0;
					size = size - bound >>> 0;
					cells[cell] = q - (q >> 5);
					counters[c0] = afterZero(p0);
					counters[c1] = afterZero(p1);
					counters[c2] = afterZero(p2);
					counters[c3] = afterZero(p3);
				}
				const step = steps[count];
				weights[w] = moved(w0, s0, e, step);
				weights[w + 1] = moved(w1, s1, e, step);
				weights[w + 2] = moved(w2, s2, e, step);
				weights[w + 3] = moved(w3, s3, e, step);
				if (count < 255) weights[w + 4] = count + 1;
				while (size < 0x1000000) {
					size = size << 8 >>> 0;
					x = (x << 8 | (place < end ? code[place] : 0)) >>> 0;
					if (++place > end + 4) outOfCode();
				}

				if (node > 0) {
					node = 2 * node + (bit ? 1 : 0);
					j = 2 * j + (bit ? 1 : 0);
				} else if (bit) {
					symbol = node === 0 ? W : N;
					break;
				} else if (node === 0 && N !== W) {
					if (n === 2) {
						symbol = N;
						break;
					}
					node = -1;
					c0 += SHAPE_COUNT;
					c1 += hashed;
					c2 += hashed;
					c3 += 4096;
					set += 80;
					row += n;
					continue;
				} else {
					node = 1;
					base0 = BY_W + (W * finer + (WW * finer / n | 0)) * places;
					base1 = BY_N + (N * finer + (NN * finer / n | 0)) * places;
					base2 = FOUR + (h4 >>> down & lineMask);
				}

				// Down to the next node with a bit of its own, or to a leaf.
				while (leaf[node] === 0) {
					if (j > 15) {
						j = 1;
						base0 += 16 * (node - 15);
						base1 += 16 * (node - 15);
						base2 = FOUR + (Math.imul(h4 ^ Math.imul(node, 0x9e3779b1), 0x2c1b3c6d) >>> down & lineMask);
					}
					const left = leaf[2 * node];
					const right = leaf[2 * node + 1];
					if (left !== 0 && (left === (LEAVES | W) || left === (LEAVES | N))) {
						node = 2 * node + 1;
						j = 2 * j + 1;
					} else if (right !== 0 && (right === (LEAVES | W) || right === (LEAVES | N))) {
						node = 2 * node;
						j = 2 * j;
					} else {
						break;
					}
				}
				if (leaf[node] !== 0) {
					symbol = leaf[node] & 255;
					break;
				}
				c0 = base0 + j;
				c1 = base1 + j;
				c2 = base2 + j;
				c3 = COLORS + 216 * node + 36 * levels[W << 8 | node] + 6 * levels[N << 8 | node] + levels[NE << 8 | node];
				set = node;
				row = node;
			}
			recent[slot] = symbol;
			symbols[here + col] = symbol;
			col++;
		}
		const last = symbols[here + width - 1];
		symbols[here + width] = symbols[here + width + 1] = symbols[here + width + 2] = last;
		for (let i = 0; i < width; i++) out[y * width + i] = table[symbols[here + i]];
		[here, above, above2] = [above2, here, above];
	}
	sound(place >= end, "something follows a code");
}

/** How long a run may be, of the symbol above, in a row that has `left` pixels left. */
function runLength(symbols, above, left) {
	const N = symbols[above];
	let L = 2;
	while (L < left && symbols[above + L + 1] === N) L++;
	return Math.min(L, left);
}

const runClass = (L) => L >= 1024 ? 7 : 28 - Math.clz32(L);

// 7.8 The level `fast`

/** Where symbol t stands in ranked[s], at 256 s + place. */
function ranking(points) {
	const ranked = new Uint8Array(256 * points.length);
	for (const [s, [p, q, r, o]] of points.entries()) {
		const keys = Int32Array.from(points, ([P, Q, R, O], t) => {
			const apart = Math.abs(P - p) + 2 * (Math.abs(Q - q) + Math.abs(R - r) + Math.abs(O - o)) >> 2;
			return t === s ? t : apart + 1 << 8 | t;
		});
		ranked.set(Uint8Array.from(keys.sort()), 256 * s);
	}
	return ranked;
}

const CONTEXT = 32; // room for the counts and the starts of a context
const LOOK = 128; // in `look`: the token of every 32nd slot

/** Decode a stripe into `out`, as `decodeMixed`; `ranked` is used up. */
function decodeFast(code, ranked, n, B, width, rows, out, table) {
	const rank = new Uint8Array(256 * n);
	for (let s = 0; s < n; s++) for (let i = 0; i < n; i++) rank[256 * s + ranked[256 * s + i]] = i;
	const most = 8 + 82 + 80 * 14;
	const counts = new Uint16Array(most * CONTEXT);
	const starts = new Uint16Array(most * CONTEXT);
	const look = new Uint8Array(most * LOOK);
	const waits = new Uint16Array(most);
	const periods = new Uint16Array(most);
	const uses = new Uint16Array(80);
	const parts = new Uint16Array(80 * 14);
	const recent = new Uint8Array(1 << B);
	let contexts = 0;

	function halve(base, T, most) {
		let sum = 0;
		for (let t = 0; t < T; t++) sum += counts[base + t];
		while (sum > most) {
			sum = 0;
			for (let t = 0; t < T; t++) sum += counts[base + t] = counts[base + t] + 1 >> 1;
		}
		return sum;
	}

	function learn(context, T, most) {
		const base = context * CONTEXT;
		const scale = Math.floor(65536 * (4096 - T) / halve(base, T, most));
		let highest = 0;
		let missing = 4096;
		for (let t = 0; t < T; t++) {
			const count = counts[base + t];
			missing -= 1 + (count * scale >>> 16);
			if (count > counts[base + highest]) highest = t;
		}
		const period = periods[context];
		waits[context] = period;
		let start = 0;
		let place = context * LOOK;
		for (let t = 0; t < T; t++) {
			starts[base + t] = start;
			const end = start + 1 + (counts[base + t] * scale >>> 16) + (t === highest ? missing : 0);
			for (; place - context * LOOK << 5 < end; place++) look[place] = t;
			start = end;
		}
		starts[base + T] = 4096;
	}

	/** A context with counts of its own, which are there already. */
	function newContext(T, most) {
		periods[contexts] = 1;
		learn(contexts, T, most);
		return contexts++;
	}

	const r = n - 2;
	const log = 30 - Math.clz32(r);
	const T = 5 + (r < 4 ? r : 2 * log + (r >> log));
	counts.fill(1, 0, 8 * CONTEXT);
	for (let i = 8 * CONTEXT; i < 90 * CONTEXT; i++) counts[i] = i % CONTEXT < 4 ? 6 : i % CONTEXT < 12 ? 3 : 1;
	while (contexts < 90) newContext(contexts < 8 ? 26 : T, 8000);

	const end = code.length;
	sound(end >= 4, "a code without its state");
	let place = 4;
	let x = (code[0] | code[1] << 8 | code[2] << 16 | code[3] << 24) >>> 0;
	sound(x >= 65536, "a code of a wrong state");

	function refill() {
		if (place + 2 > end) outOfCode();
		x = (x << 16 | code[place] | code[place + 1] << 8) >>> 0;
		place += 2;
	}

	function bits(k) {
		const slot = x & 4095;
		x = (x >>> 12 << 12 - k | slot & (1 << 12 - k) - 1) >>> 0;
		if (x < 65536) refill();
		return slot >> 12 - k;
	}

	function token(context, T) {
		const base = context * CONTEXT;
		const slot = x & 4095;
		let t = look[context * LOOK + (slot >> 5)];
		while (slot >= starts[base + t + 1]) t++;
		const start = starts[base + t];
		x = Math.imul(starts[base + t + 1] - start, x >>> 12) + slot - start >>> 0;
		if (x < 65536) refill();
		counts[base + t] += 16;
		if (--waits[context] === 0) {
			const period = periods[context];
			periods[context] = Math.min(1024, period + (period + 3 >> 2));
			learn(context, T, 8000);
		}
		return t;
	}

	const stride = width + 4;
	const symbols = new Uint8Array(3 * stride);
	let here = 2;
	let above = stride + 2;
	let above2 = 2 * stride + 2;
	for (let y = 0; y < rows; y++) {
		symbols[here - 1] = symbols[here - 2] = symbols[above];
		let behind = false;
		for (let col = 0; col < width;) {
			const W = symbols[here + col - 1];
			const WW = symbols[here + col - 2];
			const NW = symbols[above + col - 1];
			const N = symbols[above + col];
			const NE = symbols[above + col + 1];
			if (!behind && W === N && N === NW && N === NE && N === WW && N === symbols[above2 + col]) {
				const L = runLength(symbols, above + col, width - col);
				if (L >= 8) {
					const t = token(runClass(L), 26);
					let run = t === 0 ? L : 0;
					if (t > 1) {
						const low = bits(Math.min(t - 2, 12));
						run = (1 << t - 2) + 4096 * bits(Math.max(0, t - 14)) + low;
						sound(run < L, "a run is too long");
					}
					symbols.fill(N, here + col, here + col + run);
					col += run;
					behind = t > 0;
					continue;
				}
			}

			const slot = B && Math.imul(W | N << 8 | NE << 16 | NW << 24, 0x85ebca6b) >>> 32 - B;
			const guess = B ? recent[slot] : W;
			const far = rank[W << 8 | N];
			let context = W === N ? 88 : 89;
			if (!behind) {
				const kind = guess === W ? 0 : guess === N ? 1 : guess === NE ? 2 : guess === NW ? 3 : 4;
				const shape = kind << 4 | (W === N ? 1 : 0) | (W === NW ? 2 : 0) | (N === NE ? 4 : 0) | (N === NW ? 8 : 0);
				const extent = far < 1 ? 0 : far < 4 ? 1 : far < 8 ? 2 : far < 16 ? 3 : far < 32 ? 4 : far < 64 ? 5 : 6;
				const part = 14 * shape + 2 * extent + (W === WW ? 1 : 0);
				context = parts[part];
				if (context === 0) {
					context = 8 + shape;
					if (uses[shape] < 100) {
						uses[shape]++;
					} else {
						counts.copyWithin(contexts * CONTEXT, context * CONTEXT, context * CONTEXT + T);
						context = parts[part] = newContext(T, 400);
					}
				}
			}
			behind = false;
			const t = token(context, T);
			let symbol = t === 0 ? guess : t === 1 ? W : t === 2 ? N : NE;
			if (t > 3) {
				let at = t - 3;
				if (t > 7) {
					const k = (t >> 1) - 3;
					at = 1 + (2 + (t & 1) << k) + bits(k);
				}
				const other = guess === N ? 0 : rank[W << 8 | guess];
				const less = far < other ? far : other;
				const more = far < other ? other : far;
				if (less > 0 && at >= less) at++;
				if (more > 0 && at >= more) at++;
				sound(at < n, "a pixel of no colour");
				symbol = ranked[W << 8 | at];
				const to = at - (at + 6 >> 3);
				const swapped = ranked[W << 8 | to];
				ranked[W << 8 | to] = symbol;
				ranked[W << 8 | at] = swapped;
				rank[W << 8 | symbol] = to;
				rank[W << 8 | swapped] = at;
			}
			recent[slot] = symbol;
			symbols[here + col] = symbol;
			col++;
		}
		symbols[here + width] = symbols[here + width + 1] = symbols[here + width - 1];
		for (let i = 0; i < width; i++) out[y * width + i] = table[symbols[here + i]];
		[here, above, above2] = [above2, here, above];
	}
	sound(place === end && x === 65536, "a code of a wrong end");
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
