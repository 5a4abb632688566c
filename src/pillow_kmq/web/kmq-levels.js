/**
 * Pixels by the levels `default` and `fast`: docs/FORMAT.md, sections 7.2 to 7.8. MIT licence.
 */

import { afterOne, afterZero, boundOf, crc32, demand, File, outOfCode } from "./kmq-bits.js";
import { runClass, runLength, sound, SQUASH, STRETCH } from "./kmq-bits.js";
import { decodeMax } from "./kmq-max.js";

// 7.2 Symbols and stripes

/** The indices of a chunk D; `coded` is what follows its first byte. Throws KmqError. */
export function readStripes(coding, options, coded, width, height, colors) {
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
		const worth = 16 + coded.length / 4096; // each has tables to set up
		demand(count <= worth, "limit", "too many stripes for so small an image");
		for (let i = 0; i < count; i++) stripes.push({ rows: file.varint(), length: file.varint(), crc: file.u32() });
	} else {
		stripes.push({ rows: height, length: file.left });
	}
	const sum = (name) => stripes.reduce((total, stripe) => total + stripe[name], 0);
	sound(stripes.every((stripe) => stripe.rows > 0) && sum("rows") === height, "its stripes do not add up");
	sound(sum("length") === file.left, "its stripes do not fill it");

	const indices = new Uint8Array(width * height);
	const points = axesOf(used, colors);
	const tree = coding === 5 ? null : new Tree(points);
	const table = tree ? tree.order.map((i) => used[i]) : used;
	const ranked = coding === 5 ? ranking(points) : null;
	let row = 0;
	for (const { rows, length, crc } of stripes) {
		const code = file.take(length);
		sound(crc === undefined || crc32(code) === crc, `damage in the stripe of rows ${row} to ${row + rows - 1}`);
		const out = indices.subarray(row * width);
		if (coding === 3) decodeMixed(code, tree, 12 + 2 * (options & 3), width, rows, out, table);
		else if (coding === 4) decodeMax(code, tree, 17 + 2 * (options & 3), width, rows, out, table);
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
			this.levels[256 * s + node] = place < 0 ? place < -16 * width ? 0 : place < -6 * width ? 1 : 2
				: place < 6 * width ? 3 : place < 16 * width ? 4 : 5;
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

// 7.5 Mixing

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

let shapeCounters;

function firstShapeCounters() {
	const counters = new Uint16Array(2 * SHAPE_COUNT);
	let at = 0;
	for (const { kinds, bits } of SHAPES) {
		for (const kind of kinds) {
			const start = at;
			counters[at++] = kind + 3072;
			for (const bit of bits) for (let i = start, end = at; i < end; i++) counters[at++] = counters[i] + bit;
		}
	}
	return counters.map((sum) => SQUASH[sum] & 0xfff0 | 2);
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
	const [squash, stretch, steps] = [SQUASH, STRETCH, STEPS];
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
	counters.set(shapeCounters ??= firstShapeCounters(), 8);
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
