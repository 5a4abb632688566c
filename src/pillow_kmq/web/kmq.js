/** Decoder of `.kmq` images; the headings are sections of docs/FORMAT.md. MIT licence. */

const { abs, ceil, clz32, floor, imul, max, min } = Math;
const [U8, U16, I32] = [Uint8Array, Uint16Array, Int32Array];

export class KmqError extends Error {
	name = "KmqError";

	constructor(kind, message) {
		super(message);
		this.kind = kind;
	}
}

function check(holds, section = 1, kind = "corrupt") {
	if (!holds) throw new KmqError(kind, `${kind} KMQ file: FORMAT.md, section ${section}`);
}

const sum = list => list.reduce((a, b) => a + b, 0);
const clamp = (value, high, low = -high) => value > high ? high : value < low ? low : value;
const fill = (array, value) => array.forEach((_, i) => { array[i] = value(i); }) || array;
const tableOf = (length, value) => fill(new U16(length), value);
const pack = (a, b, c = 0, d = 0) => a | b << 8 | c << 16 | d << 24;

// 1. Conventions

class Reader {
	at = 0;

	constructor(bytes, kind) {
		this.bytes = bytes;
		this.kind = kind;
	}

	get left() { return this.bytes.length - this.at; }

	take(count = this.left) {
		check(count <= this.left, 1, this.kind);
		return this.bytes.subarray(this.at, this.at += count);
	}

	u8() {
		check(this.left > 0, 1, this.kind);
		return this.bytes[this.at++];
	}

	u32() { return pack(...this.take(4)) >>> 0; }

	varint() {
		for (let value = 0, scale = 1; ; scale *= 128) {
			const byte = this.u8();
			value += (byte & 127)*scale;
			check(scale < 2**35 && value < 2**32 && (byte > 0 || scale === 1));
			if (byte < 128) return value;
		}
	}
}

// RFC 1951

const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** 16 symbol + length by the next bits; 0: no symbol. */
function huffman(lengths, single = true) {
	const most = max(1, ...lengths), table = new U16(1 << most);
	let code = 0;
	for (let length = 1; length <= most; length++) {
		for (let symbol = 0; symbol < lengths.length; symbol++) {
			if (lengths[symbol] !== length) continue;
			check(code < table.length);
			let at = 0;
			for (let i = 0; i < most; i++) at = at << 1 | code >> i & 1;
			for (; at < table.length; at += 1 << length) table[at] = symbol << 4 | length;
			code += 1 << most - length;
		}
	}
	check(code === table.length || single && most < 2);
	return table;
}

function inflate(source, most) {
	check(source.length < 2**28, 10, "limit");
	const view = new DataView(new ArrayBuffer(source.length + 16));
	new U8(view.buffer).set(source);
	const end = 8*source.length, out = new U8(min(most, 1032*source.length));
	let at = 0, to = 0; // in bits, in bytes

	const peek = () => view.getUint32(at >> 3, true) >>> (at & 7); // 25 bits or more

	function bits(count) {
		const value = peek() & (1 << count) - 1;
		at += count;
		check(at <= end);
		return value;
	}

	function symbol(table) {
		const entry = table[peek() & table.length - 1];
		at += entry & 15;
		check(entry && at <= end);
		return entry >> 4;
	}

	/** Of a length (log = 2) or a distance (log = 1). */
	function number(code, log) {
		const extra = max(0, (code >> log) - 1);
		return (code - (extra << log) << extra) + bits(extra);
	}

	function codes() {
		const literals = bits(5) + 257, all = literals + bits(5) + 1, stated = bits(4) + 4;
		check(literals <= 286 && all - literals <= 30);
		const lengths = Array(19).fill(0), list = [];
		for (let i = 0; i < stated; i++) lengths[ORDER[i]] = bits(3);
		const table = huffman(lengths, false);
		while (list.length < all) {
			const code = symbol(table), length = code < 16 ? code : code === 16 ? list.at(-1) : 0,
				stop = list.length + (code < 16 ? 1 : code > 17 ? 11 + bits(7) : 3 + bits(code === 16 ? 2 : 3));
			while (list.length < stop) list.push(length);
		}
		check(list.length === all && list[0] >= 0 && list[256]);
		return [huffman(list.slice(0, literals)), huffman(list.slice(literals))];
	}

	for (let last = 0; !last;) {
		last = bits(1);
		const kind = bits(2);
		check(kind < 3);
		if (!kind) {
			at = at + 7 & ~7;
			const stop = to + bits(16);
			check(bits(16) === 65535 - stop + to && stop <= out.length);
			while (to < stop) out[to++] = bits(8);
			continue;
		}
		const [literals, distances] = kind > 1 ? codes() : [
			huffman(tableOf(288, i => i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8)), huffman(Array(32).fill(5))];
		for (let code; (code = symbol(literals)) !== 256;) {
			check(code < 286 && to < out.length);
			if (code < 256) {
				out[to++] = code;
				continue;
			}
			const stop = to + (code > 284 ? 258 : 3 + number(code - 257, 2)),
				far = symbol(distances), distance = 1 + number(far, 1);
			check(far < 30 && distance <= to && stop <= out.length);
			for (; to < stop; to++) out[to] = out[to - distance];
		}
	}
	check(ceil(at/8) === source.length);
	return out.subarray(0, to);
}

// 4. Chunks and 5. Checksums

const CRC_TABLE = fill(new I32(256), byte => {
	for (let bit = 0; bit < 8; bit++) byte = byte >>> 1 ^ (byte & 1 ? 0xedb88320 : 0);
	return byte;
});

function crc32(bytes, crc = 0) {
	crc = ~crc;
	for (let i = 0; i < bytes.length; i++) crc = crc >>> 8 ^ CRC_TABLE[(crc ^ bytes[i]) & 255];
	return ~crc >>> 0;
}

function readChunks(file, film, crc) {
	const chunks = { ancillary: [] };
	for (let count = 0; !chunks.D; count++) {
		check(count < 256, 4);
		const start = file.at, tag = file.u8(), letter = String.fromCharCode(tag & 127), critical = letter <= "Z";
		check(/[A-Za-z]/.test(letter), 4);
		check(!critical || "APD".includes(letter), 4, "unsupported");
		check(critical || !film, 9);
		const data = file.take(file.varint()),
			after = crc32(file.bytes.subarray(start, file.at), critical ? crc : 0),
			intact = tag < 128 || file.u32() === after;
		if (critical) {
			check(intact && (tag > 127 || letter === "P"), 5);
			check(!chunks[letter], 4);
			chunks[letter] = data;
			chunks.crc = crc;
			crc = after;
		} else if (intact) {
			chunks.ancillary.push([letter, data]);
		}
	}
	return chunks;
}

// 6. Palette

function readPalette(data) {
	check(data.length <= 1026, 6);
	const file = new Reader(data), first = file.u8(), coding = first & 15;
	check(coding === 2 ? !(first & 0xd0) : coding < 2 && first < 32, 6, "unsupported");
	if (coding === 2) return sortedColors(file, first > 31);
	const a = first & 16 ? file.u8() + 1 : 0,
		planes = coding ? inflate(file.take(), 1024) : file.take(), k = (planes.length - a)/3;
	check(k%1 === 0 && k > 0 && k <= 256 && a <= k && (!a || planes.at(-1) < 255), 6);
	const colors = new U8(4*k).fill(255);
	planes.forEach((value, i) => { colors[4*(i%k) + floor(i/k)] = value; });
	return colors;
}

// 6.1 Sorted colours

function sortedColors(file, natural) {
	const k = file.u8() + 1, m = natural ? k : file.u8() + 1;
	check(m <= k, 6.1);
	const coder = new RangeDecoder(file.take()), states = new U16(14*20).fill(32768),
		bit = (context, counter) => coder.bit(states, 20*context + counter);

	function number(context) {
		let length = 0;
		while (length < 9 && bit(context, length)) length++;
		let value = length > 1 ? 2 + bit(context, 10 + length) : length;
		for (; length > 2; length--) value = 2*value + coder.fixed(32768);
		return value;
	}

	function signed(context) {
		const value = number(context);
		return value && bit(context, 9) ? -value : value;
	}

	function below(n) {
		let low = 0;
		for (let zeros = 2**(31 - clz32(n - 1)); zeros >= 1; zeros /= 2) {
			const ones = min(zeros, n - low - zeros);
			if (ones > 0 && coder.fixed(floor(65536*ones/(ones + zeros)))) low += zeros;
		}
		return low;
	}

	const sorted = [];
	for (let green = 0, alpha = 0; sorted.length < m;) {
		const step = number(0);
		alpha += step;
		green = step ? number(2) : green + number(1);
		const u = signed(3), t = min(4, 33 - clz32(abs(u)) >> 1), v = signed(4 + 2*t + (u > 0)),
			color = [green + u, green, green + v, alpha];
		check(min(...color) >= 0 && max(...color) <= 255, 6.1);
		sorted.push(color);
	}
	const colors = natural ? sorted : Array.from({ length: m }, () => sorted.splice(below(sorted.length), 1)[0]);
	coder.finish();
	while (colors.length < k) colors.push(colors[m - 1]);
	return U8.from(colors.flat());
}

// 7. Pixels

function readPixels(data, width, height, palette, limit) {
	const file = new Reader(data), first = file.u8(), coding = first & 15, options = first >> 4;
	check(coding < 2 ? options <= 4 : coding in LEVELS, 7, "unsupported");
	if (coding < 2) return readRows(file.take(), coding, options, width, height, limit);
	limit(width*height);
	return readStripes(file, coding, options, width, height, palette);
}

// 7.1 Rows

function readRows(coded, coding, layout, width, height, limit) {
	const bits = min(8, 1 << layout), rowBytes = ceil(width*bits/8), filters = layout > 3 ? height : 0,
		size = filters + height*rowBytes;
	check(coding ? size <= 1032*coded.length : size === coded.length, 7.1);
	limit(width*height);
	const rows = coding ? inflate(coded, size) : coded;
	check(rows.length === size, 7.1);
	if (layout === 3) return rows.slice();
	const unused = (1 << 8*rowBytes - width*bits) - 1, indices = new U8(width*height);
	for (let y = 0, to = 0; y < height; y++) {
		const start = filters + y*rowBytes, filter = filters && rows[y];
		for (let at = 0; at < width*bits; at += bits, to++) {
			indices[to] = rows[start + (at >> 3)] >> 8 - bits - (at & 7) & (1 << bits) - 1;
			if (filter === 1 && at) indices[to] += indices[to - 1];
			if (filter === 2 && y) indices[to] += indices[to - width];
		}
		check(filter <= 2 && !(rows[start + rowBytes - 1] & unused), 7.1);
	}
	return indices;
}

// 7.2 Symbols and stripes

function readStripes(file, coding, options, width, height, palette) {
	const used = options & 4 ? listedSymbols(file) : [...Array(palette.length/4).keys()];
	check(used.length > 1 || used.length === 1 && !file.left, 7.2);
	const indices = new U8(width*height);
	if (used.length < 2) return indices.fill(used[0]);
	let stripes = [[height]];
	if (options & 8) {
		const count = file.varint() + 2;
		check(count <= height, 7.2);
		for (stripes = []; stripes.length < count;) stripes.push([file.varint(), file.varint(), file.u32()]);
		check(count <= 16 + (256*sum(stripes.map(s => s[1])) + width*height)/2**20, 10, "limit");
	}
	const heights = stripes.map(([rows]) => rows), stride = width + 8;
	check(!heights.includes(0) && sum(heights) === height, 7.2);
	const [prepare, Coder, model] = LEVELS[coding],
		colors = prepare(used.map(i => axesOf(palette.subarray(4*i, 4*i + 4)))),
		table = U8.from(colors.order, i => used[i]);
	let to = 0;
	for (const [rows, length, crc] of stripes) {
		const code = file.take(length);
		check(crc === undefined || crc32(code) === crc, 7.2);
		const coder = new Coder(code), grid = new U8((rows + 3)*stride);
		decodeRows(model(coder, options & 3, colors, grid, stride), grid, width, rows);
		coder.finish();
		for (let y = 3; y < rows + 3; y++) {
			for (let x = 4; x < width + 4; x++) indices[to++] = table[grid[y*stride + x]];
		}
	}
	check(!file.left, 7.2);
	return indices;
}

function listedSymbols(file) {
	const c = file.u8(), bytes = file.take(c || 32), flags = c ? [...bytes].flatMap((run, i) => Array(run).fill(i%2 < 1))
		: tableOf(256, i => bytes[i >> 3] >> (i & 7) & 1);
	check(flags.length <= 256, 7.2);
	return [...flags.keys()].filter(i => flags[i]);
}

// 7.3 The tree of colours

/** How many limits are <= each value. */
const passed = (length, limits) => tableOf(length, value => limits.filter(limit => limit <= value).length);

const DISTANCES = passed(2551, [1, 30, 75, 187, 467, 1167]);

/** The four axes of an entry, which is [] beyond the palette. */
function axesOf([r = 0, g = 0, b = 0, a = 255]) {
	const [R, G, B] = [r, g, b].map(c => floor((c*a + 127)/255));
	return [R + G + B, R - B, 2*G - R - B, a];
}

const apart = (p, q, scale) => abs(p[0] - q[0]) + scale*(abs(p[1] - q[1]) + abs(p[2] - q[2]) + abs(p[3] - q[3]));

function treeOf(colors) {
	const n = colors.length, order = [], nodes = [];
	const leaf = new Int16Array(512).fill(-1); // symbol by node
	const by = axis => (i, j) => colors[i][axis] - colors[j][axis];

	function split(node, entries) {
		const m = entries.length, h = ceil(m/2);
		if (m < 2) {
			for (let i = node; i > 1; i >>= 1) nodes[i >> 1].side[order.length] = 1 + (i & 1);
			leaf[node] = order.length;
			order.push(entries[0]);
			return;
		}
		let best = { spread: -1 };
		[17, 21, 12, 30].forEach((scale, axis) => {
			const ranked = entries.slice().sort(by(axis)),
				spread = scale*sum(ranked.map(i => abs(by(axis)(i, ranked[h]))));
			if (spread > best.spread) best = { spread, axis, ranked };
		});
		const { axis, ranked } = best, level = new U8(n), side = new U8(n),
			bound = colors[ranked[h - 1]][axis] + colors[ranked[h]][axis],
			width = max(1, sum(ranked.map(i => abs(2*colors[i][axis] - bound)))),
			scale = min(65535, floor((4096*m + (width >> 1))/width));
		nodes[node] = { m, axis, bound, width, scale, level, side };
		split(2*node, entries.filter(i => ranked.indexOf(i) < h));
		nodes[node].middle = order.length;
		split(2*node + 1, entries.filter(i => ranked.indexOf(i) >= h));
	}

	const entries = [...colors.keys()];
	for (const axis of [3, 2, 1, 0]) entries.sort(by(axis));
	split(1, entries);
	colors = order.map(i => colors[i]);
	nodes.forEach(({ m, axis, bound, width, level }) => colors.forEach((color, s) => {
		while (level[s] < 5 && [-16, -6, 0, 6, 16][level[s]]*width <= 16*m*(2*color[axis] - bound)) level[s]++;
	}));
	return { n, order, colors, leaf, nodes };
}

// 7.4 Counters and the range coder

/** By count: what is left of 65536; what a zero and a one add. */
const UPDATES = tableOf(48, i => {
	const c = i & 15, rate = floor(655360/(c < 10 ? 16 + 10*c : 20*c - 80));
	return i < 16 ? 65536 - rate : (i < 32 ? 0 : 4095*rate + 32768 >> 16 << 4) + min(c + 1, 15);
});

function teach(states, i, bit) {
	const counter = states[i], c = counter & 15;
	states[i] = (imul(counter, UPDATES[c]) >>> 16 & 0xfff0) + UPDATES[16 << bit | c];
}

class RangeDecoder extends Reader {
	size = 2**32 - 1;
	x = 0;

	constructor(code) {
		super(code);
		for (let i = 0; i < 4; i++) this.shift();
	}

	shift() {
		this.x = (this.x << 8 | this.bytes[this.at++]) >>> 0; // 0 behind the end
		check(this.left >= -4, 7.4);
	}

	fixed(P) {
		const bound = floor(this.size*P/65536), bit = +(this.x < bound);
		if (!bit) this.x -= bound;
		this.size = bit ? bound : this.size - bound;
		while (this.size < 2**24) {
			this.size *= 256;
			this.shift();
		}
		return bit;
	}

	bit(states, i) {
		const bit = this.fixed((states[i] & 0xfff0) + 8);
		teach(states, i, bit);
		return bit;
	}

	finish() { check(this.left <= 0, 7.4); }
}

// 7.5 Mixing

const LOW = [1, 1, 1, 2, 3, 5, 8, 13, 22, 36, 60, 98, 162, 267, 439, 720, 1179, 1921, 3108, 4971, 7812, 11955, 17625, 24743];
const K = [...LOW, 32768, ...LOW.map(k => 65536 - k).reverse()];
/** squash(x) at x + 3072. */
const SQUASH = tableOf(6144, x => K[x >> 7]*(128 - (x & 127)) + K[(x >> 7) + 1]*(x & 127) >> 7);
const STRETCH = new Int16Array(4096);
for (let p = 0, x = 0; p < 4096; p++) {
	while (SQUASH[x] < 16*p + 8) x++;
	STRETCH[p] = x - 3072;
}

// The stripe at hand, out here as it is faster. at, s: counters and inputs of a bit.
let stripe;
const at = new I32(14), s = new I32(29);
const weights = new I32(32*500), uses = new Uint8ClampedArray(500);

/** Where parts begin. */
function layout(...sizes) {
	let end = 0;
	return [0, ...sizes.map(size => end += size)];
}

// 7.6 Neighbours and runs, at all levels

/** run(L, k): how many of L pixels are N. shape: bits W=N, W=NW, N=NE, N=NW, W=WW. behind: no run may begin. low: NN may be another. */
function decodeRows({ run, pixel, least = 8, most = 2**24, rest = 1, low }, grid, width, rows) {
	const stride = width + 8;
	for (let y = 3; y < rows + 3; y++) {
		const start = y*stride + 4, end = start + width;
		grid.fill(grid[start - stride], start - 4, start);
		for (let here = start, asked = start, same = start; here < end;) {
			const above = here - stride, W = grid[here - 1], N = grid[above], NW = grid[above - 1],
				NE = grid[above + 1], WW = grid[here - 2], NN = grid[above - stride],
				shape = (W === N) | (W === NW) << 1 | (N === NE) << 2 | (N === NW) << 3 | (W === WW) << 4;
			let L = 0;
			if (run && shape === 31 && (low || N === NN) && here >= asked) {
				if (here >= same) for (same = here + 1; same < end && grid[same - stride + 1] === N;) same++;
				L = min(same - here, most);
			}
			if (L >= least) {
				const length = run(L, min(7, 31 - clz32(L/least)));
				grid.fill(N, here, here += length);
				asked = here + (length === L ? 0 : rest || L);
			} else {
				grid[here] = pixel(here, shape, W, N, NW, NE, WW, NN, here < asked);
				here++;
			}
		}
		grid.fill(grid[end - 1], end, end + 4);
	}
}

const kindOf = (s, a, b, c, d) => s === a ? 0 : s === b ? 1 : s === c ? 2 : s === d ? 3 : 4;

// 7.6 The model of `default`

const SHAPES = [ // of the flags W and N: kinds, bits, in sixteenths
	[[-15, -31, -29, -30, -28], [4, 7, 2, 4, 0, -1, 0, 9, 3, 9, 3, 10]],
	[[-24, -12, -33, -32, -35], [1, 14, 9, 2, 6, 8, 7, 0, 20, -1, 0, 11]],
];

function firstShapes() {
	const sums = new U16(40960);
	return fill(sums, i => {
		const [kinds, bits] = SHAPES[i & 1], e = i >> 1;
		return e & 4095 ? sums[i & i - 2] + 16*bits[31 - clz32(e & -e)] : 3072 + 16*kinds[e >> 12];
	}).map(sum => SQUASH[sum] & 0xfff0 | 2);
}

function move(w, step, most) { weights[w] = clamp(weights[w] + (step + 8192 >> 14), most); }

function adapt(states, i, bit, w, step) {
	teach(states, i, bit);
	move(w, step, 196608);
}

function mixed(coder, states, w, a, b, c, d, D = STRETCH[states[d] >> 4]) {
	const A = STRETCH[states[a] >> 4], B = STRETCH[states[b] >> 4], C = STRETCH[states[c] >> 4],
		x = weights[w]*A + weights[w + 1]*B + weights[w + 2]*C + weights[w + 3]*D >> 16,
		p = SQUASH[clamp(x, 2900) + 3072], bit = coder.fixed(p), e = (bit << 16) - p + 1 >> 1;
	adapt(states, a, bit, w, A*e);
	adapt(states, b, bit, w + 1, B*e);
	adapt(states, c, bit, w + 2, C*e);
	adapt(states, d, bit, w + 3, D*e);
	return bit;
}

function defaultModel(coder, option, { n, leaf, nodes, colors }, grid, stride) {
	const placed = option < 3, B = placed ? 14 : 17 + (n > 16), shift = 36 - B, few = placed && n < 65,
		F = option%2 ? n < 17 ? 16 : n < 65 ? 4 : 2 : 1, places = n < 17 ? 16 : 272;
	const [, SPREAD, TWO, FOUR, MORE, BY_W, BY_N, COLORS, WHOLE, LENGTH, LOWER, SURE, end] = // flag N behind each flag W
		layout(40960, 128, 2 << B, 2 << B, 1 << B, n*F*places, n*F*places, 64*1296, 8, 64, 64, 8192);
	const states = new U16(end).fill(32768);
	states.set(firstShapes());
	fill(weights.subarray(0, 1064), i => 1024*(i > 1023 ? [36, 20, 20, 18] : placed ? [23, 23, 25, 18] : [25, 25, 25, 30])[i & 3]);
	const recent = new U8(1 << B - 2), known = new U8(n*n); // distances + 8

	const distance = (s, t) => (known[n*s + t] ||= 8 + DISTANCES[apart(colors[s], colors[t], 1)]) & 7;

	function run(L, k) {
		if (coder.bit(states, WHOLE + k)) return L;
		let t = 0, number = 1;
		while (2 << t <= L && coder.bit(states, LENGTH + 8*k + t)) t++;
		for (let i = 0; i < t; i++) number = 2*number + coder.bit(states, LOWER + 8*t + i);
		return min(number, L) - 1;
	}

	function pixel(here, _, W, N, NW, NE, WW, NN, behind) {
		const up = here - stride, up2 = up - stride, NNE = grid[up2 + 1],
			shape = (NW === grid[up - 2]) | (N === NW) << 1 | (N === NE) << 2 | (NE === grid[up + 2]) << 3 |
				(NW === grid[up2 - 1]) << 4 | (N === NN) << 5 | (NE === NNE) << 6 | (W === N) << 7 |
				(W === NW) << 8 | (W === WW) << 9 | (NN === NNE) << 10 | (W === NE) << 11,
			sure = SURE + 2*shape, S = states[sure],
			asked = behind || option < 2 ? 2 : S >= 61440 ? 0 : S < 4096 && states[sure + 1] >= 61440 ? 1 : 2;
		if (asked < 2 && coder.bit(states, sure + asked)) return asked ? N : W;
		let h4 = imul(pack(W, N, NE, NW), 0x85ebca6b), h = (h4 ^ h4 >>> 15) + imul(pack(WW, NN), 0xc2b2ae35),
			h6 = imul(h ^ h >>> 15, 0x2c1b3c6d), slot = h6 >>> shift - 2, kind = kindOf(recent[slot], W, N, NW, NE),
			a = 2*(kind << 12 | shape), b = TWO + 32*(imul(pack(W, N), 0x9e3779b1) >>> shift) + 2*(NE & 15),
			line = FOUR + 32*(h4 >>> shift), c = line + 16 + 2*(h6 >>> 29),
			d = SPREAD + 2*(distance(W, N) | distance(W, NW) << 3);
		function flag(i) {
			const bit = mixed(coder, states, 1024 + 4*kind + 20*i, a + i, b + i, c + i, d + i);
			teach(states, sure + i, bit);
			return bit;
		}
		if (!behind && asked && flag(0)) return recent[slot] = W;
		if (N !== W && (n < 3 || asked !== 1 && flag(1))) return recent[slot] = N;

		let node = 1, j = 1, byW = BY_W + (F*W + floor(F*WW/n))*places, byN = BY_N + (F*N + floor(F*NN/n))*places;
		while (leaf[node] < 0) {
			let bit = +(leaf[2*node] === W || leaf[2*node] === N);
			if (!bit && leaf[2*node + 1] !== W && leaf[2*node + 1] !== N) {
				const { level, axis, bound, scale } = nodes[node], c = 216*node + 36*level[W] + 6*level[N] + level[NE],
					A = s => 2*colors[s][axis];
				bit = mixed(coder, states, 4*node, byW + j, byN + j, COLORS + (few ? 6*c + level[NW] : c),
					placed ? MORE : line + j, // dummy
					placed ? clamp(imul(2*A(W) + 2*A(N) - A(NW) - A(WW) - A(NN) - bound, scale) >> 4, 500) : undefined);
			}
			node = 2*node + bit;
			j = 2*j + bit;
			if (j > 15) {
				j = 1;
				byW += 16*(node - 15);
				byN += 16*(node - 15);
				line = MORE + 16*(imul(h4 ^ imul(node, 0x9e3779b1), 0x2c1b3c6d) >>> shift);
			}
		}
		return recent[slot] = leaf[node];
	}

	return { run, pixel, most: 255, low: 1 };
}

// 7.7 The model of `max`

const MAX_RATES = tableOf(128, c => floor(655360/(14 + 10*c)));
const ACTIVE = passed(2296, [9, 25, 61, 121, 251, 501]);
const [, RELATED, LONG, SHORT, FARTHER, NODES] = layout(8, 243*256, 768, 768, 729*8);

const begins = new I32(7), finals = new I32(3*256), points = new U16(1800*256), x = new I32(3), sets = new I32(3);

function taught(counter, bit) {
	const p = counter >>> 10, c = counter & 1023, rate = MAX_RATES[c];
	return p + (bit ? imul(4194303 - p >> 6, rate) >>> 10 : -(imul(p >> 6, rate) >>> 10)) << 10 | (c < 127 ? c + 1 : c);
}

const refined = (y, bit) => bit ? y + (65535 - y >> 6) : y - (y + 63 >> 6);

function mix(a, b) {
	let x = (a ^ a >>> 15) + imul(b, 0xc2b2ae35);
	x = imul(x ^ x >>> 13, 0x2c1b3c6d);
	return x ^ x >>> 16;
}

class Axis {
	places = [];
	taps = new I32(8);
	d = new I32(8);

	constructor(A) { this.A = A; }

	predict(near) {
		const { A, places, taps, d } = this, w = A[near[0]], n = A[near[1]], nw = A[near[2]];
		let total = 0;
		this.energy = 64;
		for (let j = 0; j < 12; j++) places[j] = 2*A[near[j]];
		for (let j = 0; j < 8; j++) {
			d[j] = places[j] - w - n;
			total += taps[j]*d[j];
			this.energy += d[j]*d[j];
		}
		places[12] = 2*max(min(w, n), min(max(w, n), w + n - nw));
		places[13] = w + n + clamp(total >> 14, 4095);
	}

	learn(symbol) {
		const { taps, d } = this, e = 2*this.A[symbol] - this.places[13], r = 65536*e/this.energy | 0;
		for (let j = 0; j < 8; j++) taps[j] = clamp(taps[j] + (5*r*d[j] + 512 >> 10), 32767);
	}
}

class Match {
	length = 0;
	place = 0;

	constructor(entries) { this.last = new I32(entries); }

	find(slot, grid) {
		if (!this.length) {
			this.place = this.last[slot];
			this.length = min(1, this.place);
		}
		this.expected = grid[this.place];
		return [min(31, this.length), this.expected];
	}

	learn(slot, here, symbol) {
		this.length = this.length && this.expected === symbol ? this.length + 1 : 0;
		this.place++;
		this.last[slot] = here;
	}
}

function maxMixed(coder, states, node, a, b) {
	for (let k = 0; k < 14; k++) s[k] = STRETCH[states[at[k]] >>> 20];
	const u = 32*node, v = 32*sets[1], w = 32*499, f0 = 3*node;
	let x0 = 0, x1 = 0, x2 = 0;
	for (let k = 0; k < 29; k++) {
		const input = s[k];
		x0 += imul(weights[u + k], input) >> 8;
		x1 += imul(weights[v + k], input) >> 8;
		x2 += imul(weights[w + k], input) >> 8;
	}
	x[0] = clamp(x0 >> 8, 2900);
	x[1] = clamp(x1 >> 8, 2900);
	x[2] = clamp(x2 >> 8, 2900);
	const place = clamp(finals[f0]*x[0] + finals[f0 + 1]*x[1] + finals[f0 + 2]*x[2] >> 16, 2900) + 3072,
		P = SQUASH[place], f = place & 255;
	a += place >> 8;
	b += place >> 8;
	const PA = points[a]*(256 - f) + points[a + 1]*f >> 8, PB = points[b]*(256 - f) + points[b + 1]*f >> 8,
		bit = coder.fixed(2*P + PA + PB + 2 >> 2);

	for (let k = 0; k < 14; k++) states[at[k]] = taught(states[at[k]], bit);
	a += f >> 7;
	b += f >> 7;
	points[a] = refined(points[a], bit);
	points[b] = refined(points[b], bit);
	const one = bit << 16;
	for (let q = 0; q < 3; q++) {
		finals[f0 + q] = clamp(finals[f0 + q] + ((x[q]*(one - P) + 8192 >> 14) + 8 >> 4), 131071);
		x[q] = (one - SQUASH[x[q] + 3072])*(32 + (2000/(uses[sets[q]]++ + 16) | 0)) >> 6;
	}
	const g0 = x[0], g1 = x[1], g2 = x[2];
	for (let k = 0; k < 29; k++) {
		const input = s[k];
		move(u + k, imul(input, g0), 262143);
		move(v + k, imul(input, g1), 262143);
		move(w + k, imul(input, g2), 262143);
	}
	return bit;
}

function findLines(states, keys, lines, shift) {
	for (let i = 0; i < 7; i++) {
		const line = begins[i] = lines + (imul(keys[i], 0x9e3779b1) >>> shift << 4);
		if (states[line] === keys[i]) continue;
		states[line] = keys[i];
		states.fill(1 << 31, line + 1, line + 16);
	}
}

function maxPixel(here, shape, W, N, NW, NE, WW, NN) {
	const { coder, states, grid, stride, shift, lines, leaf, nodes, axes, recent6, recent11 } = stripe,
		up = here - stride, up2 = up - stride, up3 = up2 - stride, NEE = grid[up + 2], NNE = grid[up2 + 1],
		NNW = grid[up2 - 1], NWW = grid[up - 2], WWW = grid[here - 3], NNN = grid[up3], NEEE = grid[up + 3],
		h6 = mix(mix(pack(W, N, NE, NW), 1), pack(WW, NN)), h8 = mix(h6, pack(NEE, NWW)),
		h11 = mix(h8, pack(NNE, NNW, WWW)), h15 = mix(h11, pack(NNN, grid[up2 - 2], grid[up2 + 2], grid[here - 4])),
		keys = [mix(W, 2), mix(N, 3), mix(pack(W, WW, WWW), 4), mix(pack(W, NE), 5), mix(pack(N, NN, NNN), 6),
			mix(mix(pack(N, NE, NEE, NEEE), 7), W), mix(h15, pack(grid[up3 - 1], grid[up3 + 1], grid[up - 3], NEEE))],
		g6 = recent6[h6 >>> shift], g11 = recent11[h11 >>> shift],
		near = [W, N, NW, NE, WW, NN, NEE, NNE, NNW, NWW, WWW, NNN];
	if (here !== stripe.next) stripe.long.length = stripe.short.length = 0; // in a new row
	stripe.next = here + 1;
	const [long, expected] = stripe.long.find(h15 >>> shift, grid),
		[short, other] = stripe.short.find(h8 >>> shift, grid), { A } = axes[0],
		active = ACTIVE[abs(A[W] - A[NW]) + abs(A[N] - A[NW]) + abs(A[N] - A[NE])];
	for (const axis of axes) axis.predict(near);

	findLines(states, keys, lines, shift);
	let node = 1, j = 1;
	for (let depth = 0; leaf[node] < 0; depth++) {
		const { axis, bound, scale, middle, side, level } = nodes[node], { places } = axes[axis],
			related = (((side[W]*3 + side[N])*3 + side[NW])*3 + side[NE])*3 + side[g6],
			farther = ((((side[WW]*3 + side[NN])*3 + side[NEE])*3 + side[NNE])*3 + side[g11])*3 + side[W],
			pair = level[W]*6 + level[N], pair2 = level[NE]*6 + level[NW];
		for (let i = 0; i < 14; i++) s[14 + i] = clamp(imul(places[i] - bound, scale) >> 4, 500);
		let half = 0;
		for (let i = 0; i < 10; i++) half |= (near[i] >= middle) << i;
		for (let i = 0; i < 7; i++) at[i] = begins[i] + j;
		const own = NODES + 2832*node;
		at[7] = own + pair*36 + pair2;
		at[8] = RELATED + (related*8 + depth)*32 + shape;
		at[9] = LONG + (long*3 + (long && side[expected]))*8 + depth;
		at[10] = SHORT + (short*3 + (short && side[other]))*8 + depth;
		at[11] = FARTHER + farther*8 + depth;
		at[12] = own + 1296 + (clamp(imul(places[13] - bound, scale) >> 8, 31, -32) + 32)*8 + active;
		at[13] = own + 1808 + half;
		sets[0] = node;
		sets[1] = 256 + related;
		const bit = maxMixed(coder, states, node, (72*node + pair)*25, (72*node + 36 + pair2)*25);
		node = 2*node + bit;
		j = 2*j + bit;
		if (j > 15 && leaf[node] < 0) {
			j = 1;
			for (let i = 0; i < 7; i++) keys[i] = mix(keys[i], node);
			findLines(states, keys, lines, shift);
		}
	}
	const symbol = recent6[h6 >>> shift] = recent11[h11 >>> shift] = leaf[node];
	for (const axis of axes) axis.learn(symbol);
	stripe.long.learn(h15 >>> shift, here, symbol);
	stripe.short.learn(h8 >>> shift, here, symbol);
	return symbol;
}

function maxRun(L, k) {
	const { coder, states, long, short } = stripe, run = L*coder.fixed(max(1, states[k] >>> 16));
	states[k] = taught(states[k], run);
	long.place += run;
	short.place += run;
	stripe.next += run;
	return run;
}

function maxModel(coder, option, { n, leaf, nodes, colors }, grid, stride) {
	const B = 15 + 2*option, entries = 1 << B - 4, size = 1 << 32 - clz32(n - 1), lines = NODES + 2832*size;
	fill(weights, i => i%32 < 14 ? 4096 : i%32 < 16 ? 2048 : 0);
	fill(points.subarray(0, 1800*size), i => SQUASH[min(6143, 256*(i%25))]);
	uses.fill(0);
	finals.fill(21845);
	s[28] = 256;
	sets[2] = 499;
	stripe = {
		coder, grid, stride, leaf, nodes, lines, shift: 36 - B, next: 0,
		states: new I32(lines + (1 << B)).fill(1 << 31),
		axes: [0, 1, 2, 3].map(axis => new Axis(colors.map(color => color[axis]))),
		recent6: new U8(entries), recent11: new U8(entries), long: new Match(entries), short: new Match(entries),
	};
	return { run: maxRun, pixel: maxPixel, least: 32, rest: 0 };
}

// 7.8 The level `fast`

const RANK_LEVELS = passed(256, [1, 4, 8, 16, 32, 64]);
const FIRSTS = tableOf(24, r => r < 8 ? [1, 2, 3, 4, 5, 7, 9, 13][r] : 16*r - 111);
const BITS = [0, 0, 0, 0, 1, 1, 2, 2, ...Array(15).fill(4)];
const GUESSES = [32, 29, 17, 9, 6, 44, 38, 30, 28, 15, 52, 47, 42, 38, 25, 56, 53, 47, 45, 36, 58, 56, 53, 50, 42];

function listOf(points, s) {
	const n = points.length, far = new U8(n), starts = new U16(194);
	for (let t = 0; t < n; t++) {
		const d = apart(points[s], points[t], 2);
		far[t] = t === s ? 0 : 1 + (d < 256 ? d >> 2 : 56 + (d >> 5));
		starts[far[t] + 1]++;
	}
	for (let d = 1; d < 194; d++) starts[d] += starts[d - 1];
	const list = new U8(n), ranks = new U8(n), levels = new U8(n);
	for (let t = 0; t < n; t++) {
		ranks[t] = starts[far[t]]++;
		list[ranks[t]] = t;
		levels[t] = RANK_LEVELS[ranks[t]];
	}
	return { list, ranks, levels };
}

const halved = (counts, most) => sum(counts) > most ? halved(counts.map(count => count + 1 >> 1), most) : counts;

class Context {
	starts = [0];
	wait = 0;
	period = 0;
	uses = 0;
	parts = [];

	constructor(counts) { this.counts = counts; }

	resize() {
		const counts = this.counts = halved(this.counts, 8000),
			scale = floor(65536*(4096 - counts.length)/sum(counts)),
			sizes = counts.map(count => 1 + (count*scale >>> 16));
		sizes[counts.indexOf(max(...counts))] += 4096 - sum(sizes);
		sizes.forEach((size, t) => { this.starts[t + 1] = this.starts[t] + size; });
		this.period = min(512, this.period + (this.period >> 2) + 1);
		this.wait = this.period - 1;
	}

	part(i) {
		if (!this.parts[i] && this.uses++ < 100) return this;
		return this.parts[i] ??= new Context(halved(this.counts.slice(), 400));
	}
}

class AnsDecoder extends Reader {
	log = 16; // M = 2 ** log
	x = this.u32();

	get slot() { return this.x & (1 << this.log) - 1; }

	use(start, size) { this.x = imul(size, this.x >>> this.log) + this.slot - start >>> 0; }

	refill() {
		if (this.x < 65536) this.x = (this.x << 16 | this.u8() | this.u8() << 8) >>> 0;
	}

	bits(k) {
		const value = this.slot >> 16 - k;
		this.use(value << 16 - k, 1 << 16 - k);
		this.refill();
		return value;
	}

	token(context) {
		if (!context.wait--) context.resize();
		const { starts } = context, more = this.log - 12, slot = this.slot >> more;
		let t = 0;
		while (slot >= starts[t + 1]) t++;
		this.use(starts[t] << more, starts[t + 1] - starts[t] << more);
		context.counts[t] += 16;
		if (more) this.refill();
		return t;
	}

	flag(flags, i) {
		const P = flags[i], bit = this.slot < P;
		this.use(bit ? 0 : P, bit ? P : 65536 - P);
		flags[i] += bit ? 65536 - P >> 5 : -(P >> 5);
		this.refill();
		return bit;
	}

	finish() { check(!this.left && this.x === 65536, 7.8); }
}

function chosen({ list, ranks }, place, other) {
	if (ranks[other] && place >= ranks[other]) place++;
	check(place < list.length, 7.8);
	const to = place - (place + 6 >> 3), symbol = list[place];
	list[place] = list[to];
	list[to] = symbol;
	ranks[list[place]] = place;
	ranks[symbol] = to;
	return symbol;
}

function fastModel(coder, option, { points }, grid, stride) {
	const lists = [], B = 10 + 2*option, recent = new U16((1 << B) + 256), last = new U8(256),
		F = option ? 3 : 2, T = F + FIRSTS.filter(first => first < points.length).length,
		count = (i, t) => t < F ? option && (i >> 4 === t || i & t*t) ? 1 : 6 : t < F + 8 ? 3 : 1,
		contexts = Array.from({ length: 90 }, (_, i) => // by shape, behind runs, of runs, of hits
			new Context(i < 81 ? [...tableOf(T, t => count(i, t))] : Array(i < 89 ? 26 : 12).fill(1))),
		flags = tableOf(400, i => GUESSES[i >> 4] << 10);
	let left = 0, due; // sure guesses to come; whether the last is wrong

	function photo(here, shape, W, N) {
		const row = lists[W] ??= listOf(points, W),
			t = coder.token(contexts[shape & 15].part(2*row.levels[N] + (shape >> 4)));
		let symbol = t ? N : W;
		if (t > 1) {
			const k = BITS[t - 2], low = coder.x & (1 << k) - 1;
			coder.x >>>= k;
			symbol = chosen(row, FIRSTS[t - 2] + low, N);
		}
		coder.refill();
		return symbol;
	}

	function run(L, k) {
		const t = coder.token(contexts[81 + k]);
		if (t < 2) return t ? 0 : L;
		const low = coder.bits(min(t - 2, 12)), length = 2**(t - 2) + 4096*coder.bits(max(0, t - 14)) + low;
		check(length < L, 7.8);
		return length;
	}

	function another(context, W, N, NE, other) {
		const t = coder.token(context);
		return [W, N, NE][t] ?? chosen(lists[W] ??= listOf(points, W), FIRSTS[t - 3] + coder.bits(BITS[t - 3]), other);
	}

	function pixel(here, shape, W, N, NW, NE, WW, NN, behind) {
		if (behind) return another(contexts[80], W, W, W, W);
		const slot = (imul(pack(NW, N, NE, grid[here - stride + 2]), 0x85ebca6b) >>> 32 - B) + W, sure = recent[slot] & 7,
			guess = sure ? recent[slot] >> 3 : last[W], form = kindOf(guess, W, N, NE, NW) << 4 | shape & 15;
		if (sure > 6) {
			if (!left) {
				const t = coder.token(contexts[89]);
				left = (2 << t) - 2 + coder.bits(t + 1);
				due = left < 8189;
				left += due;
			}
			if (--left || !due) return guess;
		} else if (coder.flag(flags, 80*min(sure, 4) + form)) {
			recent[slot] = guess << 3 | min(max(sure, 1) + 1, 7);
			return last[W] = guess;
		}
		const symbol = another(contexts[form], W, N, NE, guess);
		recent[slot] = symbol << 3 | 1;
		return last[W] = symbol;
	}

	check(coder.x >= 65536, 7.8);
	if (option) return { run, pixel, low: 1 };
	coder.log = 12;
	return { pixel: photo };
}

const LEVELS = {
	3: [treeOf, RangeDecoder, defaultModel],
	4: [treeOf, RangeDecoder, maxModel],
	5: [points => ({ order: [...points.keys()], points }), AnsDecoder, fastModel],
};

// 8. Metadata

const METADATA = { i: "iccProfile", e: "exif", x: "xmp", t: "texts", r: "resolution" };

function readMetadata(chunks) {
	const metadata = {};
	for (const [letter, data] of chunks) {
		const name = METADATA[letter];
		try {
			if (name && !(name in metadata)) metadata[name] = contentOf(letter, new Reader(data));
		} catch {
			// it breaks a rule
		}
	}
	return metadata;
}

function contentOf(letter, file) {
	if (letter === "r") {
		const resolution = [file.varint(), file.varint()];
		check(!file.left && !resolution.includes(0), 8);
		return resolution;
	}
	const coding = file.u8();
	check(coding < 2 && file.left < 2**24, 8);
	const content = coding ? inflate(file.take(), 2**24) : file.take();
	check(content.length > 0, 8);
	if (letter !== "t") return content.slice();
	const parts = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content).split("\0"),
		texts = new Map();
	for (let i = 0; i + 1 < parts.length; i += 2) texts.set(parts[i], parts[i + 1]);
	check(parts.length === 2*texts.size && !texts.has(""), 8);
	return texts;
}

// 9. Animation

function readTable(data, width, height) {
	check(data.length <= 2**22, 9);
	const file = new Reader(data), count = file.varint() + 1, filmCount = file.varint() + 1, plays = file.varint();
	check(max(count, filmCount) <= 65536, 9);
	const durations = [];
	while (durations.length < count) {
		const end = durations.length + file.varint() + 1, duration = file.varint();
		check(end <= count, 9);
		while (durations.length < end) durations.push(duration);
	}
	const films = Array.from({ length: filmCount }, () => readFilm(file, width, height));
	check(films[0].key && !films[0].ownPalette, 9);
	check(!file.left && sum(films.map(({ m, overlay }) => m - overlay)) === count, 9);
	return { plays, durations, films };
}

function readFilm(file, W, H) {
	const flags = file.u8(), arrangement = flags & 3;
	check(flags < 128, 9, "unsupported");
	const m = file.varint() + 1, [left, top, width, height] = flags & 8
		? [file.varint(), file.varint(), file.varint() + 1, file.varint() + 1] : [0, 0, W, H],
		keep = flags & 16 ? file.u8() : null,
		[key, ownPalette, overlay] = [4, 32, 64].map(bit => (flags & bit) > 0),
		size = arrangement & 1 ? [m*width, height] : [width, m*height];
	check(left + width <= W && top + height <= H && max(...size) <= 2**24, 9);
	check(m*width*height <= max(2**24, W*H) && !(key && overlay), 9);
	return { m, left, top, width, height, size, arrangement, keep, key, overlay, ownPalette };
}

const varintOf = value => value < 128 ? [value] : [value & 127 | 128, ...varintOf(value >>> 7)];

/** The next frame changes `pixels`. */
export function* frames(image) {
	const { films, durations } = image.animation ?? { films: [image], durations: [0] },
		canvas = new Uint32Array(image.width*image.height), pixels = new Uint8ClampedArray(canvas.buffer);
	let frame = 0;
	for (const [number, film] of films.entries()) {
		const { m = 1, palette, key } = film,
			entries = fill(new U8(1024), i => palette[i] ?? (i%4 < 3 ? 0 : 255)),
			colors = new Uint32Array(entries.buffer);
		if (key) canvas.fill(colors[0]);
		for (let i = 0; i < m; i++) {
			draw(film, i, colors, canvas, image.width);
			if (i < m - 1 || !films[number + 1]?.overlay) yield { duration: durations[frame++], pixels };
		}
	}
}

function draw({ m = 1, left = 0, top = 0, width, height, arrangement = 0, keep, indices }, i, colors, canvas, stride) {
	const next = [width*height, width, width, 1][arrangement], across = arrangement < 3 ? 1 : m;
	for (let y = 0; y < height; y++) {
		let from = i*next + y*width*(arrangement ? m : 1), to = (top + y)*stride + left;
		for (const end = to + width; to < end; to++, from += across) {
			if (indices[from] !== keep) canvas[to] = colors[indices[from]];
		}
	}
}

// 2. Layout and 3. Header

export function decode(bytes, { maxPixels = 2**26 } = {}) {
	const view = ArrayBuffer.isView(bytes) ? bytes : new DataView(bytes),
		file = new Reader(new U8(view.buffer, view.byteOffset, view.byteLength), "truncated"),
		limit = pixels => check(pixels <= maxPixels, 10, "limit");
	check(file.bytes.subarray(0, 4).join() === "139,75,77,81", 3, "not-kmq");
	file.take(4);
	const version = file.u8();
	check(version === 1, 3, version ? "unsupported" : "corrupt");
	const width = file.varint() + 1, height = file.varint() + 1;
	check(max(width, height) <= 2**24, 3);
	const { P, A, D, crc, ancillary } = readChunks(file, 0, crc32(file.bytes.subarray(0, file.at))),
		palette = P ? readPalette(P) : new U8(0), animation = A ? readTable(A, width, height) : null,
		image = { width, height, indices: null, palette, metadata: readMetadata(ancillary), animation };
	if (A) {
		limit(max(width*height, sum(animation.films.map(({ size: [w, h] }) => w*h))));
		for (const [number, film] of animation.films.entries()) {
			const own = number > 0 ? readChunks(file, number, crc32(varintOf(number), crc)) : { D };
			check(!own.P !== film.ownPalette && !own.A, 9);
			film.palette = own.P ? readPalette(own.P) : palette;
			film.indices = readPixels(own.D, ...film.size, film.palette, limit);
		}
	} else {
		image.indices = readPixels(D, width, height, palette, limit);
	}
	check(!file.left, 2);
	return image;
}

export const toRGBA = image => frames(image).next().value.pixels;

export const toImageData = image => new ImageData(toRGBA(image), image.width, image.height);
