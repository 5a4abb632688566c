/**
 * What all parts of the decoder stand on: errors, bytes, checksums, the range coder. MIT licence.
 */

/** Why a file was refused. kind: "not-kmq", "truncated", "corrupt", "unsupported" or "limit" (section 1). */
export class KmqError extends Error {
	constructor(kind, message) {
		super(message);
		this.name = "KmqError";
		this.kind = kind;
	}
}

export function demand(condition, kind, message) {
	if (!condition) throw new KmqError(kind, message);
}

export function sound(condition, message) {
	if (!condition) throw new KmqError("corrupt", `broken KMQ file: ${message}`);
}

// 1. Conventions

/** Bytes, and how far they are read. */
export class File {
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

// 5. Checksums

let crcTable;

export function crc32(bytes, crc = 0) {
	crcTable ??= Int32Array.from({ length: 256 }, (_, byte) => {
		for (let bit = 0; bit < 8; bit++) byte = byte >>> 1 ^ (byte & 1 ? 0xedb88320 : 0);
		return byte;
	});
	const table = crcTable;
	let value = ~crc;
	for (let i = 0; i < bytes.length; i++) value = value >>> 8 ^ table[(value ^ bytes[i]) & 255];
	return ~value >>> 0;
}

// 7.4 Counters and the range coder

const RATES = Uint16Array.from([16, 26, 36, 46, 56, 66, 76, 86, 96, 106, 120, 140, 160, 180, 200, 220],
	(tenths) => Math.floor(655360 / tenths));

/** A counter after a one. */
export const afterOne = (state) => {
	const p = state >> 4;
	const c = state & 15;
	return p + (Math.imul(4095 - p, RATES[c]) + 32768 >>> 16) << 4 | (c < 15 ? c + 1 : 15);
};
/** A counter after a zero. */
export const afterZero = (state) => {
	const p = state >> 4;
	const c = state & 15;
	return p - (Math.imul(p, RATES[c]) + 32768 >>> 16) << 4 | (c < 15 ? c + 1 : 15);
};

export const outOfCode = () => {
	throw new KmqError("corrupt", "broken KMQ file: the code of its pixels is too short");
};

/** floor(size P / 65536), 0 < P < 65536. */
export const boundOf = (size, P) => Math.imul(size >>> 16, P) + (Math.imul(size & 65535, P) >>> 16) >>> 0;

/** The range coder where speed does not matter; the loops over pixels have it in their local variables. */
export class RangeDecoder {
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
export const SQUASH = Uint16Array.from({ length: 6144 }, (_, x) =>
	KNOTS[x >> 7] * (128 - (x & 127)) + KNOTS[(x >> 7) + 1] * (x & 127) >> 7);
/** stretch(p). */
export const STRETCH = new Int16Array(4096);
for (let p = 0, x = 0; p < 4096; p++) {
	while (SQUASH[x] < 16 * p + 8) x++;
	STRETCH[p] = x - 3072;
}

// 7.6 Runs

/** How long a run may be, of the symbol above, in a row that has `left` pixels left. */
export function runLength(symbols, above, left) {
	const N = symbols[above];
	let L = 2;
	while (L < left && symbols[above + L + 1] === N) L++;
	return Math.min(L, left);
}

/** Which counter a run has. */
export const runClass = (L) => L >= 1024 ? 7 : 28 - Math.clz32(L);
