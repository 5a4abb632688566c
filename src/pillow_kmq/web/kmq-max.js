/**
 * Pixels by the level `max`: docs/FORMAT.md, section 7.7. MIT licence.
 */

import { boundOf, outOfCode, runClass, runLength, sound, SQUASH, STRETCH } from "./kmq-bits.js";

const INPUTS = 15;
const HASHED = 7; // so many inputs are found by hashes, 16 words each: the key, 15 counters
const REFINED = 25;
const RATES = Uint16Array.from({ length: 128 }, (_, count) => Math.floor(655360 / (14 + 10 * count)));
const STEPS = Uint8Array.from({ length: 256 }, (_, count) => 32 + Math.floor(2000 / (count + 16)));

/** 32 bits, signed, that depend on two numbers. */
function hash(a, b) {
	let x = (a ^ a >>> 15) + Math.imul(b, 0xc2b2ae35) | 0;
	x = Math.imul(x ^ x >>> 13, 0x2c1b3c6d);
	return x ^ x >>> 16;
}

/** A counter after a bit: 22 bits of probability above 10 of a count. */
function followOne(state) {
	const count = state & 1023;
	const p = state >>> 10;
	return p + (Math.imul(4194303 - p >> 6, RATES[count]) >>> 10) << 10 | (count < 127 ? count + 1 : 127);
}

function followZero(state) {
	const count = state & 1023;
	const p = state >>> 10;
	return p - (Math.imul(p >> 6, RATES[count]) >>> 10) << 10 | (count < 127 ? count + 1 : 127);
}

const within = (value, limit) => value < -limit ? -limit : value > limit ? limit : value;

/** At 256 symbol + node: 0 if the node does not lead to the symbol, 1 if its left child does, 2 if its right one. */
function sidesOf({ leaf, n }) {
	const sides = new Uint8Array(256 * n);
	for (let i = 1; i < 512; i++) {
		if (leaf[i]) for (let node = i; node > 1; node >>= 1) sides[(leaf[i] & 255) << 8 | node >> 1] = 1 + (node & 1);
	}
	return sides;
}

/** Decode a stripe of `rows` rows into `out`, whose values are table[symbol]. B: bits of a hashed address. */
export function decodeMax(code, tree, B, width, rows, out, table) {
	const { n, leaf, levels, splits, points } = tree;
	const [squash, stretch, steps] = [SQUASH, STRETCH, STEPS];
	const nodes = 1 << 32 - Math.clz32(n - 1);
	const down = 36 - B;
	const entries = 1 << B - 4;
	const RUNS = 1 << B; // where each kind of counters begins; the hashed ones at 0
	const RELATIONS = RUNS + 16;
	const MORE = RELATIONS + 243 * 256;
	const MATCHES = MORE + 729 * 8;
	const FIVE = MATCHES + 2 * 768;
	const MEDIANS = FIVE + nodes * 7776;
	const GUESSES = MEDIANS + nodes * 512;
	const HALVES = GUESSES + nodes * 512;
	const counters = new Uint32Array(HALVES + nodes * 4096).fill(0x80000000);
	const weights = new Float64Array(16 * (nodes + 1292)).fill(15229); // whole numbers, of which sums pass 32 bits
	const uses = new Uint8Array(nodes + 1292);
	const finals = new Int32Array(4 * nodes).fill(16384);
	const refined = new Uint16Array(2 * n * nodes * REFINED);
	for (let t = 0; t < REFINED; t++) refined[t] = squash[Math.min(6143, 256 * t)];
	for (let done = REFINED; done < refined.length; done *= 2) refined.copyWithin(done, 0, done);
	const recent = new Uint8Array(2 * entries);
	const latest = new Int32Array(2 * entries);
	const sides = sidesOf(tree);
	const axes = new Int16Array(4 * 256);
	const middle = new Uint8Array(256);
	const axisOf = new Uint8Array(256);
	const bounds = new Int32Array(256);
	const scales = new Int32Array(256);
	points.forEach((point, s) => point.forEach((value, axis) => { axes[axis << 8 | s] = value; }));
	for (const { node, axis, bound, width, m } of splits) {
		axisOf[node] = axis;
		bounds[node] = bound;
		scales[node] = Math.min(65535, Math.floor((4096 * m + (width >> 1)) / width));
		let right = 2 * node + 1;
		while (!leaf[right]) right *= 2;
		middle[node] = leaf[right];
	}

	const at = new Int32Array(INPUTS + 1); // where the counters of the inputs are
	const inputs = new Int32Array(INPUTS + 1);
	const keys = new Int32Array(HASHED);
	const lines = new Int32Array(HASHED);
	const around = new Uint8Array(12);
	const medians = new Int32Array(4);
	const guesses = new Int32Array(4);
	const energies = new Int32Array(4);
	const differences = new Int32Array(32);
	const taps = new Int32Array(32);

	/** Where the 15 counters of a key are, less one; new if another key was there. */
	function line(key) {
		const place = Math.imul(key, 0x9e3779b1) >>> down << 4;
		if (counters[place] !== key >>> 0) {
			counters[place] = key;
			counters.fill(0x80000000, place + 1, place + 16);
		}
		return place;
	}

	/** On each axis twice the median of W, N and W + N - NW, and twice a guess from eight neighbours. */
	function predict() {
		for (let axis = 0; axis < 4; axis++) {
			const column = axis << 8;
			const w = axes[column | around[0]];
			const n = axes[column | around[1]];
			const nw = axes[column | around[2]];
			medians[axis] = 2 * Math.max(Math.min(w, n), Math.min(Math.max(w, n), w + n - nw));
			let total = 0;
			let energy = 64;
			for (let i = 0; i < 8; i++) {
				const difference = 2 * axes[column | around[i]] - w - n;
				differences[8 * axis + i] = difference;
				total += taps[8 * axis + i] * difference;
				energy += difference * difference;
			}
			guesses[axis] = w + n + within(total >> 14, 4095);
			energies[axis] = energy;
		}
	}

	/** Move the taps towards a better guess. */
	function adjust(symbol) {
		for (let axis = 0; axis < 4; axis++) {
			const energy = energies[axis];
			if (energy === 64) continue;
			const error = 2 * axes[axis << 8 | symbol] - guesses[axis];
			const rate = Math.sign(error) * Math.floor(Math.abs(error) * 65536 / energy);
			for (let i = 8 * axis; i < 8 * axis + 8; i++) {
				taps[i] = within(taps[i] + (5 * rate * differences[i] + 512 >> 10), 32767);
			}
		}
	}

	/** How far a set goes along its inputs. error: bit - probability. */
	function pace(error, set) {
		const g = error * steps[uses[set]] >> 6;
		if (uses[set] < 255) uses[set]++;
		return g;
	}

	function refine(bit, place) {
		const q = refined[place];
		refined[place] = bit ? q + (65535 - q >> 6) : q - (q + 63 >> 6);
	}

	const end = code.length;
	let place = 4;
	let x = 0;
	for (let i = 0; i < 4; i++) x = (x << 8 | (i < end ? code[i] : 0)) >>> 0;
	let size = 0xffffffff;

	// Three rows above, and four columns to the left and to the right. Matches are found by their places here.
	const stride = width + 8;
	const symbols = new Uint8Array((rows + 3) * stride);
	for (let y = 0; y < rows; y++) {
		const base = (y + 3) * stride + 4;
		symbols.fill(symbols[base - stride], base - 4, base);
		let far = 0;
		let long = 0;
		let near = 0;
		let short = 0;
		for (let here = base; here < base + width;) {
			const above = here - stride;
			const above2 = above - stride;
			const W = symbols[here - 1];
			const WW = symbols[here - 2];
			const N = symbols[above];
			const NW = symbols[above - 1];
			const NE = symbols[above + 1];
			const NN = symbols[above2];
			if (W === N && N === NW && N === NE && N === WW && N === NN) {
				const L = runLength(symbols, above, base + width - here);
				if (L >= 8) {
					const k = RUNS + runClass(L);
					const state = counters[k];
					const bound = boundOf(size, Math.max(1, state >>> 16));
					const run = x < bound;
					if (run) {
						size = bound;
						counters[k] = followOne(state);
					} else {
						x = x - bound >>> 0;
						size = size - bound >>> 0;
						counters[k] = followZero(state);
					}
					while (size < 0x1000000) {
						size = size << 8 >>> 0;
						x = (x << 8 | (place < end ? code[place] : 0)) >>> 0;
						if (++place > end + 4) outOfCode();
					}
					if (run) {
						symbols.fill(N, here, here + L);
						here += L;
						long = short = 0;
						continue;
					}
				}
			}

			const WWW = symbols[here - 3];
			const NWW = symbols[above - 2];
			const NEE = symbols[above + 2];
			const NNW = symbols[above2 - 1];
			const NNE = symbols[above2 + 1];
			const NNN = symbols[above2 - stride];
			around[0] = W;
			around[1] = N;
			around[2] = NW;
			around[3] = NE;
			around[4] = WW;
			around[5] = NN;
			around[6] = NEE;
			around[7] = NNE;
			around[8] = NNW;
			around[9] = NWW;
			around[10] = WWW;
			around[11] = NNN;
			const h6 = hash(hash(W | N << 8 | NE << 16 | NW << 24, 1), WW | NN << 8);
			const h8 = hash(h6, NEE | NWW << 8);
			const h11 = hash(h8, NNE | NNW << 8 | WWW << 16);
			const h15 = hash(h11, NNN | symbols[above2 - 2] << 8 | symbols[above2 + 2] << 16 | symbols[here - 4] << 24);
			keys[0] = hash(W, 2);
			keys[1] = hash(N, 3);
			keys[2] = hash(N | NN << 8, 4);
			keys[3] = hash(W | WW << 8 | WWW << 16, 5);
			keys[4] = hash(W | NE << 8, 6);
			keys[5] = h8;
			keys[6] = h15;
			for (let i = 0; i < HASHED; i++) lines[i] = line(keys[i]);
			const slot6 = h6 >>> down;
			const slot11 = entries + (h11 >>> down);
			const slot15 = h15 >>> down;
			const slot8 = entries + (h8 >>> down);
			const guess6 = recent[slot6];
			const guess11 = recent[slot11];
			if (long === 0) {
				far = latest[slot15];
				long = far > 0 ? 1 : 0;
			}
			if (short === 0) {
				near = latest[slot8];
				short = near > 0 ? 1 : 0;
			}
			const expected = symbols[far];
			const other = symbols[near];
			const kind = guess6 === W ? 0 : guess6 === N ? 1 : guess6 === NW ? 2 : guess6 === NE ? 3 : 4;
			const match = long === 0 ? 0 : expected === W ? 1 : expected === N ? 2 : 3;
			const shape = (W === N ? 1 : 0) | (W === NW ? 2 : 0) | (N === NE ? 4 : 0) | (N === NW ? 8 : 0) |
				(W === WW ? 16 : 0);
			const activity = Math.abs(axes[W] - axes[NW]) + Math.abs(axes[N] - axes[NW]) + Math.abs(axes[N] - axes[NE]);
			const active = activity > 60 ? activity > 250 ? activity > 500 ? 6 : 5 : activity > 120 ? 4 : 3
				: activity > 24 ? 2 : activity > 8 ? 1 : 0;
			predict();
			const set2 = nodes + 243 + 64 * kind + 16 * match + (shape & 15);

			let node = 1;
			let j = 1;
			let depth = 0;
			while (leaf[node] === 0) {
				const atW = W << 8 | node;
				const atN = N << 8 | node;
				const atNE = NE << 8 | node;
				const atNW = NW << 8 | node;
				const atWW = WW << 8 | node;
				const relation = (((sides[atW] * 3 + sides[atN]) * 3 + sides[atNW]) * 3 + sides[atNE]) * 3 +
					sides[guess6 << 8 | node];
				const relation2 = ((((sides[atWW] * 3 + sides[NN << 8 | node]) * 3 + sides[NEE << 8 | node]) * 3 +
					sides[NNE << 8 | node]) * 3 + sides[guess11 << 8 | node]) * 3 + sides[atW];
				const five = (((levels[atW] * 6 + levels[atN]) * 6 + levels[atNE]) * 6 + levels[atNW]) * 6 + levels[atWW];
				const axis = axisOf[node];
				const bound = bounds[node];
				const scale = scales[node];
				const median = Math.max(0, Math.min(31, (Math.imul(medians[axis] - bound, scale) >> 9) + 16));
				const guessed = Math.max(0, Math.min(63, (Math.imul(guesses[axis] - bound, scale) >> 8) + 32));
				const m = middle[node];
				let half = 0;
				for (let i = 0; i < 12; i++) half |= around[i] >= m ? 1 << i : 0;
				const side = long > 0 ? sides[expected << 8 | node] : 0;
				const side2 = short > 0 ? sides[other << 8 | node] : 0;
				for (let i = 0; i < HASHED; i++) at[i] = lines[i] + j;
				at[7] = FIVE + node * 7776 + five;
				at[8] = MEDIANS + (node * 32 + median) * 16 + active;
				at[9] = RELATIONS + (relation * 8 + depth) * 32 + shape;
				at[10] = MATCHES + (Math.min(long, 31) * 3 + side) * 8 + depth;
				at[11] = MATCHES + 768 + (Math.min(short, 31) * 3 + side2) * 8 + depth;
				at[12] = MORE + relation2 * 8 + depth;
				at[13] = GUESSES + (node * 64 + guessed) * 8 + active;
				at[14] = HALVES + node * 4096 + half;

				const set1 = nodes + relation;
				const set3 = nodes + 563 + relation2;
				const w0 = 16 * node;
				const w1 = 16 * set1;
				const w2 = 16 * set2;
				const w3 = 16 * set3;
				let d0 = 0;
				let d1 = 0;
				let d2 = 0;
				let d3 = 0;
				for (let i = 0; i < INPUTS; i++) {
					const s = stretch[counters[at[i]] >>> 20];
					inputs[i] = s;
					d0 += weights[w0 + i] * s;
					d1 += weights[w1 + i] * s;
					d2 += weights[w2 + i] * s;
					d3 += weights[w3 + i] * s;
				}
				d0 = within(Math.floor(d0 / 65536), 2900) | 0;
				d1 = within(Math.floor(d1 / 65536), 2900) | 0;
				d2 = within(Math.floor(d2 / 65536), 2900) | 0;
				d3 = within(Math.floor(d3 / 65536), 2900) | 0;
				const f = 4 * node;
				const dot = within(Math.floor(
					(finals[f] * d0 + finals[f + 1] * d1 + finals[f + 2] * d2 + finals[f + 3] * d3) / 65536), 2900) + 3072 | 0;
				const p = squash[dot];
				const part = dot & 255;
				const a = (W * nodes + node) * REFINED + (dot >> 8);
				const b = ((n + N) * nodes + node) * REFINED + (dot >> 8);
				const q = refined[a] * (256 - part) + refined[a + 1] * part >> 8;
				const r = refined[b] * (256 - part) + refined[b + 1] * part >> 8;
				const split = boundOf(size, 2 * p + q + r + 2 >> 2);
				const bit = x < split;
				if (bit) {
					size = split;
					for (let i = 0; i < INPUTS; i++) counters[at[i]] = followOne(counters[at[i]]);
				} else {
					x = x - split >>> 0;
					size = size - split >>> 0;
					for (let i = 0; i < INPUTS; i++) counters[at[i]] = followZero(counters[at[i]]);
				}
				refine(bit, a + (part >> 7));
				refine(bit, b + (part >> 7));
				const one = bit ? 65536 : 0;
				const e = one - p;
				finals[f] = within(finals[f] + ((d0 * e + 8192 >> 14) + 8 >> 4), 131071);
				finals[f + 1] = within(finals[f + 1] + ((d1 * e + 8192 >> 14) + 8 >> 4), 131071);
				finals[f + 2] = within(finals[f + 2] + ((d2 * e + 8192 >> 14) + 8 >> 4), 131071);
				finals[f + 3] = within(finals[f + 3] + ((d3 * e + 8192 >> 14) + 8 >> 4), 131071);
				const g0 = pace(one - squash[d0 + 3072], node);
				const g1 = pace(one - squash[d1 + 3072], set1);
				const g2 = pace(one - squash[d2 + 3072], set2);
				const g3 = pace(one - squash[d3 + 3072], set3);
				for (let i = 0; i < INPUTS; i++) {
					const s = inputs[i];
					weights[w0 + i] = within(weights[w0 + i] + (Math.imul(s, g0) + 8192 >> 14), 262143);
					weights[w1 + i] = within(weights[w1 + i] + (Math.imul(s, g1) + 8192 >> 14), 262143);
					weights[w2 + i] = within(weights[w2 + i] + (Math.imul(s, g2) + 8192 >> 14), 262143);
					weights[w3 + i] = within(weights[w3 + i] + (Math.imul(s, g3) + 8192 >> 14), 262143);
				}
				while (size < 0x1000000) {
					size = size << 8 >>> 0;
					x = (x << 8 | (place < end ? code[place] : 0)) >>> 0;
					if (++place > end + 4) outOfCode();
				}

				node = 2 * node + (bit ? 1 : 0);
				j = 2 * j + (bit ? 1 : 0);
				depth++;
				if (j > 15 && leaf[node] === 0) {
					j = 1;
					for (let i = 0; i < HASHED; i++) lines[i] = line(hash(keys[i], node));
				}
			}
			const symbol = leaf[node] & 255;
			adjust(symbol);
			recent[slot6] = recent[slot11] = symbol;
			latest[slot15] = latest[slot8] = here;
			if (long > 0) {
				far++;
				long = expected === symbol ? long + 1 : 0;
			}
			if (short > 0) {
				near++;
				short = other === symbol ? short + 1 : 0;
			}
			symbols[here++] = symbol;
		}
		symbols.fill(symbols[base + width - 1], base + width, base + width + 4);
		for (let i = 0; i < width; i++) out[y * width + i] = table[symbols[base + i]];
	}
	sound(place >= end, "something follows a code");
}
