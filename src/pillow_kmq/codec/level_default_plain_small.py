"""The decoder of the model of the level `default` (small) in plain Python, with helpers pasted in.

Written by tests/make_plain.py from level_default; not to be changed by hand.
"""
# ruff: noqa
# fmt: off
# mypy: ignore-errors

from .arithmetic import repeats
from .level_default import address_bits, code_run, node_colors, parts


def mixed_stripe(decoding, placed, sure_flags, x, data, pos, end, stop, stripe, width, rows, n, option):
    symbols, counters, weights, recent = stripe[:4]
    leaf, middle, levels, distances, part = stripe[4:9]
    stretch, squash, after, points, views = stripe[9:]
    bits = address_bits(n, option)
    hashed = 1 << bits
    down = 32 - bits + 4
    shapes = 136
    spread = shapes + 65536
    pairs = spread + 128
    four = pairs + 2 * hashed
    later = four + 2 * hashed
    places = 16 if n <= 16 else 272
    by_w = later + 0
    finer = parts(n, option)
    by_n = by_w + n * finer * places
    colors = by_n + n * finer * places
    by_colors = node_colors(n, option)
    stride = width + 6
    deep = 1
    while deep * 4 < n:
        deep *= 2
    size = 4294967295
    bit = 0
    row = 0
    while row < rows:
        base = (row + 2) * stride + 3
        up = base - stride
        up2 = up - stride
        edge = symbols[up]
        symbols[base - 1] = edge
        symbols[base - 2] = edge
        symbols[base - 3] = edge
        col = shape = 0
        moved = True
        not_w = False
        symbol = W = NW = N = NE = NEE = NN = NNE = edge
        while col < width:
            here = base + col
            above = up + col
            above2 = up2 + col
            if moved:
                moved = False
                symbol = symbols[here - 1]
                W = symbols[here - 2]
                NW = symbols[above - 2]
                N = symbols[above - 1]
                NE = symbols[above]
                NEE = symbols[above + 1]
                NN = symbols[above2 - 1]
                NNE = symbols[above2]
                shape = (NW == N) << 1 | (N == NE) << 2 | (NE == NEE) << 3 | (N == NN) << 5 | (NE == NNE) << 6
            WW = W
            W = symbol
            NW = N
            N = NE
            NE = NEE
            NEE = symbols[above + 2]
            NN = NNE
            NNE = symbols[above2 + 1]
            shape = shape >> 1 & 55 | (NE == NEE) << 3 | (NE == NNE) << 6 | (W == N) << 7 | (W == NW) << 8 | (W == WW) << 9 | (NN == NNE) << 10 | (W == NE) << 11
            if shape & 646 == 646 and (not not_w):
                length = 1 + repeats(symbols, above + 2, min(width - col, 255) - 1, N)
                if length >= 8:
                    run, x, size, pos = code_run(True, symbols, here, length, x, size, pos, end, data, counters, after)
                    not_w = run < length
                    moved = True
                    col += run
                    continue
            not_n = False
            c0 = shapes + 16 * shape
            c4 = c0 + 10
            if not not_w and counters[c4] & 4095 >= 3840:
                state = counters[c4]
                bound = size * (16 * (state & 4095) + 8) >> 16
                if x < bound:
                    bit = 1
                    size = bound
                    counters[c4] = after[state]
                else:
                    bit = 0
                    size -= bound
                    x -= bound
                    counters[c4] = after[65536 + state]
                while size < 16777216:
                    size <<= 8
                    x = x << 8 & 4294967295
                    if pos < end:
                        x |= data[pos]
                    pos += 1
                if bit:
                    symbol = W
                    symbols[here] = symbol
                    col += 1
                    continue
                not_w = True
            elif not not_w and counters[c4] & 4095 < 256 and (counters[c4 + 1] & 4095 >= 3840):
                code_bit_place = c4 + 1
                state = counters[code_bit_place]
                bound = size * (16 * (state & 4095) + 8) >> 16
                if x < bound:
                    bit = 1
                    size = bound
                    counters[code_bit_place] = after[state]
                else:
                    bit = 0
                    size -= bound
                    x -= bound
                    counters[code_bit_place] = after[65536 + state]
                while size < 16777216:
                    size <<= 8
                    x = x << 8 & 4294967295
                    if pos < end:
                        x |= data[pos]
                    pos += 1
                if bit:
                    symbol = N
                    symbols[here] = symbol
                    col += 1
                    continue
                not_n = True
            h2 = (W | N << 8) * 2654435761 & 4294967295
            h4 = (W | N << 8 | NE << 16 | NW << 24) * 2246822507 & 4294967295
            h6 = (h4 ^ h4 >> 15) + (WW | NN << 8) * 3266489909 & 4294967295
            h6 = (h6 ^ h6 >> 15) * 739982445 & 4294967295
            slot = h6 >> down - 2
            guess = recent[slot]
            kind = 4
            if guess == NE:
                kind = 3
            if guess == NW:
                kind = 2
            if guess == N:
                kind = 1
            if guess == W:
                kind = 0
            c0 += 2 * kind
            line = four + 32 * (h4 >> down)
            c1 = pairs + 32 * (h2 >> down) + 2 * (NE & 15)
            c2 = line + 16 + 2 * (h6 >> 29)
            c3 = spread + 2 * (distances[W * n + N] | distances[W * n + NW] << 3)
            w = 256 + kind
            if not_w:
                not_w = False
                bit = 0
            else:
                mixed_bit_w = w * 4
                t0 = counters[c0]
                t1 = counters[c1]
                t2 = counters[c2]
                t3 = counters[c3]
                s0 = stretch[t0 & 4095]
                s1 = stretch[t1 & 4095]
                s2 = stretch[t2 & 4095]
                s3 = stretch[t3 & 4095]
                dot = weights[mixed_bit_w] * s0 + weights[mixed_bit_w + 1] * s1 + weights[mixed_bit_w + 2] * s2 + weights[mixed_bit_w + 3] * s3 >> 16
                p = squash[dot + 27648]
                bound = size * p >> 16
                if x < bound:
                    bit = 1
                    size = bound
                    counters[c0] = after[t0]
                    counters[c1] = after[t1]
                    counters[c2] = after[t2]
                    counters[c3] = after[t3]
                    error = 65536 - p
                    pace = error + 1 >> 1
                    w0 = weights[mixed_bit_w] + (s0 * pace + 8192 >> 14)
                    w1 = weights[mixed_bit_w + 1] + (s1 * pace + 8192 >> 14)
                    w2 = weights[mixed_bit_w + 2] + (s2 * pace + 8192 >> 14)
                    w3 = weights[mixed_bit_w + 3] + (s3 * pace + 8192 >> 14)
                    weights[mixed_bit_w] = 196608 if w0 > 196608 else -196608 if w0 < -196608 else w0
                    weights[mixed_bit_w + 1] = 196608 if w1 > 196608 else -196608 if w1 < -196608 else w1
                    weights[mixed_bit_w + 2] = 196608 if w2 > 196608 else -196608 if w2 < -196608 else w2
                    weights[mixed_bit_w + 3] = 196608 if w3 > 196608 else -196608 if w3 < -196608 else w3
                else:
                    bit = 0
                    size -= bound
                    x -= bound
                    counters[c0] = after[65536 + t0]
                    counters[c1] = after[65536 + t1]
                    counters[c2] = after[65536 + t2]
                    counters[c3] = after[65536 + t3]
                    error = -p
                    pace = error + 1 >> 1
                    w0 = weights[mixed_bit_w] + (s0 * pace + 8192 >> 14)
                    w1 = weights[mixed_bit_w + 1] + (s1 * pace + 8192 >> 14)
                    w2 = weights[mixed_bit_w + 2] + (s2 * pace + 8192 >> 14)
                    w3 = weights[mixed_bit_w + 3] + (s3 * pace + 8192 >> 14)
                    weights[mixed_bit_w] = 196608 if w0 > 196608 else -196608 if w0 < -196608 else w0
                    weights[mixed_bit_w + 1] = 196608 if w1 > 196608 else -196608 if w1 < -196608 else w1
                    weights[mixed_bit_w + 2] = 196608 if w2 > 196608 else -196608 if w2 < -196608 else w2
                    weights[mixed_bit_w + 3] = 196608 if w3 > 196608 else -196608 if w3 < -196608 else w3
                while size < 16777216:
                    size <<= 8
                    x = x << 8 & 4294967295
                    if pos < end:
                        x |= data[pos]
                    pos += 1
                counters[c4] = after[(0 if bit else 65536) + counters[c4]]
            if bit:
                symbol = W
            else:
                if N != W and n == 2:
                    bit = 1
                elif N != W and (not not_n):
                    mixed_bit_c0 = c0 + 1
                    mixed_bit_c1 = c1 + 1
                    mixed_bit_c2 = c2 + 1
                    mixed_bit_c3 = c3 + 1
                    mixed_bit_w = (w + 5) * 4
                    t0 = counters[mixed_bit_c0]
                    t1 = counters[mixed_bit_c1]
                    t2 = counters[mixed_bit_c2]
                    t3 = counters[mixed_bit_c3]
                    s0 = stretch[t0 & 4095]
                    s1 = stretch[t1 & 4095]
                    s2 = stretch[t2 & 4095]
                    s3 = stretch[t3 & 4095]
                    dot = weights[mixed_bit_w] * s0 + weights[mixed_bit_w + 1] * s1 + weights[mixed_bit_w + 2] * s2 + weights[mixed_bit_w + 3] * s3 >> 16
                    p = squash[dot + 27648]
                    bound = size * p >> 16
                    if x < bound:
                        bit = 1
                        size = bound
                        counters[mixed_bit_c0] = after[t0]
                        counters[mixed_bit_c1] = after[t1]
                        counters[mixed_bit_c2] = after[t2]
                        counters[mixed_bit_c3] = after[t3]
                        error = 65536 - p
                        pace = error + 1 >> 1
                        w0 = weights[mixed_bit_w] + (s0 * pace + 8192 >> 14)
                        w1 = weights[mixed_bit_w + 1] + (s1 * pace + 8192 >> 14)
                        w2 = weights[mixed_bit_w + 2] + (s2 * pace + 8192 >> 14)
                        w3 = weights[mixed_bit_w + 3] + (s3 * pace + 8192 >> 14)
                        weights[mixed_bit_w] = 196608 if w0 > 196608 else -196608 if w0 < -196608 else w0
                        weights[mixed_bit_w + 1] = 196608 if w1 > 196608 else -196608 if w1 < -196608 else w1
                        weights[mixed_bit_w + 2] = 196608 if w2 > 196608 else -196608 if w2 < -196608 else w2
                        weights[mixed_bit_w + 3] = 196608 if w3 > 196608 else -196608 if w3 < -196608 else w3
                    else:
                        bit = 0
                        size -= bound
                        x -= bound
                        counters[mixed_bit_c0] = after[65536 + t0]
                        counters[mixed_bit_c1] = after[65536 + t1]
                        counters[mixed_bit_c2] = after[65536 + t2]
                        counters[mixed_bit_c3] = after[65536 + t3]
                        error = -p
                        pace = error + 1 >> 1
                        w0 = weights[mixed_bit_w] + (s0 * pace + 8192 >> 14)
                        w1 = weights[mixed_bit_w + 1] + (s1 * pace + 8192 >> 14)
                        w2 = weights[mixed_bit_w + 2] + (s2 * pace + 8192 >> 14)
                        w3 = weights[mixed_bit_w + 3] + (s3 * pace + 8192 >> 14)
                        weights[mixed_bit_w] = 196608 if w0 > 196608 else -196608 if w0 < -196608 else w0
                        weights[mixed_bit_w + 1] = 196608 if w1 > 196608 else -196608 if w1 < -196608 else w1
                        weights[mixed_bit_w + 2] = 196608 if w2 > 196608 else -196608 if w2 < -196608 else w2
                        weights[mixed_bit_w + 3] = 196608 if w3 > 196608 else -196608 if w3 < -196608 else w3
                    while size < 16777216:
                        size <<= 8
                        x = x << 8 & 4294967295
                        if pos < end:
                            x |= data[pos]
                        pos += 1
                    counters[c4 + 1] = after[(0 if bit else 65536) + counters[c4 + 1]]
                if bit:
                    symbol = N
                else:
                    node = 1
                    place = 1
                    c0 = by_w + (W * finer + part[WW]) * places
                    c1 = by_n + (N * finer + part[NN]) * places
                    trend = 2 * (points[W] + points[N]) - (points[NW] + points[WW] + points[NN])
                    while leaf[node] < 0:
                        implied = False
                        if node >= deep:
                            left = leaf[2 * node]
                            right = leaf[2 * node + 1]
                            if left >= 0 and (left == W or left == N):
                                bit = 1
                                implied = True
                            elif right >= 0 and (right == W or right == N):
                                bit = 0
                                implied = True
                        if not implied:
                            color = levels[W * 256 + node] * 36 + levels[N * 256 + node] * 6 + levels[NE * 256 + node]
                            if n <= 64:
                                color = color * 6 + levels[NW * 256 + node]
                            view = 4 * node
                            seen = trend >> views[view] & 16383
                            seen = (seen - views[view + 1]) * views[view + 2] >> 4
                            fourth = 500 if seen > 500 else -500 if seen < -500 else seen
                            mixed_bit_c0 = c0 + place
                            mixed_bit_c1 = c1 + place
                            mixed_bit_c2 = colors + node * by_colors + color
                            mixed_bit_w = node * 4
                            t0 = counters[mixed_bit_c0]
                            t1 = counters[mixed_bit_c1]
                            t2 = counters[mixed_bit_c2]
                            s0 = stretch[t0 & 4095]
                            s1 = stretch[t1 & 4095]
                            s2 = stretch[t2 & 4095]
                            s3 = fourth
                            dot = weights[mixed_bit_w] * s0 + weights[mixed_bit_w + 1] * s1 + weights[mixed_bit_w + 2] * s2 + weights[mixed_bit_w + 3] * s3 >> 16
                            p = squash[dot + 27648]
                            bound = size * p >> 16
                            if x < bound:
                                bit = 1
                                size = bound
                                counters[mixed_bit_c0] = after[t0]
                                counters[mixed_bit_c1] = after[t1]
                                counters[mixed_bit_c2] = after[t2]
                                error = 65536 - p
                                pace = error + 1 >> 1
                                w0 = weights[mixed_bit_w] + (s0 * pace + 8192 >> 14)
                                w1 = weights[mixed_bit_w + 1] + (s1 * pace + 8192 >> 14)
                                w2 = weights[mixed_bit_w + 2] + (s2 * pace + 8192 >> 14)
                                w3 = weights[mixed_bit_w + 3] + (s3 * pace + 8192 >> 14)
                                weights[mixed_bit_w] = 196608 if w0 > 196608 else -196608 if w0 < -196608 else w0
                                weights[mixed_bit_w + 1] = 196608 if w1 > 196608 else -196608 if w1 < -196608 else w1
                                weights[mixed_bit_w + 2] = 196608 if w2 > 196608 else -196608 if w2 < -196608 else w2
                                weights[mixed_bit_w + 3] = 196608 if w3 > 196608 else -196608 if w3 < -196608 else w3
                            else:
                                bit = 0
                                size -= bound
                                x -= bound
                                counters[mixed_bit_c0] = after[65536 + t0]
                                counters[mixed_bit_c1] = after[65536 + t1]
                                counters[mixed_bit_c2] = after[65536 + t2]
                                error = -p
                                pace = error + 1 >> 1
                                w0 = weights[mixed_bit_w] + (s0 * pace + 8192 >> 14)
                                w1 = weights[mixed_bit_w + 1] + (s1 * pace + 8192 >> 14)
                                w2 = weights[mixed_bit_w + 2] + (s2 * pace + 8192 >> 14)
                                w3 = weights[mixed_bit_w + 3] + (s3 * pace + 8192 >> 14)
                                weights[mixed_bit_w] = 196608 if w0 > 196608 else -196608 if w0 < -196608 else w0
                                weights[mixed_bit_w + 1] = 196608 if w1 > 196608 else -196608 if w1 < -196608 else w1
                                weights[mixed_bit_w + 2] = 196608 if w2 > 196608 else -196608 if w2 < -196608 else w2
                                weights[mixed_bit_w + 3] = 196608 if w3 > 196608 else -196608 if w3 < -196608 else w3
                            while size < 16777216:
                                size <<= 8
                                x = x << 8 & 4294967295
                                if pos < end:
                                    x |= data[pos]
                                pos += 1
                        node = 2 * node + bit
                        place = 2 * place + bit
                        if place > 15:
                            c0 += 16 * (node - 15)
                            c1 += 16 * (node - 15)
                            place = 1
                    symbol = leaf[node]
            recent[slot] = symbol
            symbols[here] = symbol
            col += 1
        edge = symbols[base + width - 1]
        symbols[base + width] = edge
        symbols[base + width + 1] = edge
        symbols[base + width + 2] = edge
        row += 1
        if pos > end:
            return (row - 1, x, pos)
    return (row, x, pos)
