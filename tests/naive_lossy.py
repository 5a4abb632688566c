"""The slow, obvious version of the lossy choice of indices."""

from __future__ import annotations

import math

import numpy as np

from pillow_kmq.color import to_points

WINDOW = np.array([8, 28, 56, 70, 56, 28, 8]) / 254
LOCAL = 5 / 6
SWEEPS = 3


def neighbours(indices, y, x):
    """W, N, NW, NE."""
    width = indices.shape[1]
    if y == 0:
        w = int(indices[y, x - 1]) if x else 0
        return w, w, w, w
    n = int(indices[y - 1, x])
    if x == 0:
        return n, n, n, int(indices[y - 1, x + 1]) if width > 1 else n
    ne = int(indices[y - 1, x + 1]) if x + 1 < width else n
    return int(indices[y, x - 1]), n, int(indices[y - 1, x - 1]), ne


def shape_of(w, n, nw, ne):
    return 8 * (w == n) + 4 * (w == nw) + 2 * (n == nw) + (n == ne)


def kept_around(indices, before, y, x):
    def same(v, u):
        inside = v >= 0 and 0 <= u < indices.shape[1]
        return not inside or indices[v, u] == before[v, u]

    return 4 * same(y, x - 1) + 2 * same(y - 1, x) + same(y - 1, x + 1)


class Model:
    """Frequencies of flags and colours in a picture, and what they make an index cost."""

    def __init__(self, indices, before, k, lzw=False):
        self.lzw, self.shared = lzw, 512 if lzw else 8
        self.west, self.north, self.kept = np.zeros((16, 2)), np.zeros((16, 2)), np.zeros((8, 2))
        self.after_west, self.after_north = np.zeros((k, k)), np.zeros((k, k))
        for y, x in np.ndindex(indices.shape):
            value = int(indices[y, x])
            if before is not None:
                self.kept[kept_around(indices, before, y, x), int(value == before[y, x])] += 1
                if value == before[y, x]:
                    continue
            w, n, nw, ne = neighbours(indices, y, x)
            if lzw:
                self.after_west[w, value] += 1
                continue
            self.west[shape_of(w, n, nw, ne), int(value == w)] += 1
            if value != w:
                self.north[shape_of(w, n, nw, ne), int(value == n)] += 1
                if value != n:
                    self.after_west[w, value] += 1
                    self.after_north[n, value] += 1

    @staticmethod
    def _flag(table, context, flag):
        share = (table[context, int(flag)] + 0.5) / (table[context].sum() + 1)
        return -math.log2((math.floor(share * 8192) + 0.5) / 8192)

    def _likely(self, table, context, value):
        overall = self.after_west.sum(0) + 0.5
        share = table[context, value] + self.shared * overall[value] / overall.sum()
        share /= table[context].sum() + self.shared
        return min(math.floor(share * 65536), 65535)

    def bits(self, indices, before, y, x):
        """Cost of the index of a pixel."""
        value, bits = int(indices[y, x]), 0.0
        if before is not None:
            bits += self._flag(self.kept, kept_around(indices, before, y, x), value == before[y, x])
            if value == before[y, x]:
                return bits
        w, n, nw, ne = neighbours(indices, y, x)
        if self.lzw:
            return bits - math.log2(((2 * self._likely(self.after_west, w, value) >> 4) + 0.5) / 8192)
        shape = shape_of(w, n, nw, ne)
        bits += self._flag(self.west, shape, value == w)
        if value == w:
            return bits
        if w != n:
            bits += self._flag(self.north, shape, value == n)
        if value == n:
            return bits
        likely = self._likely(self.after_west, w, value) + self._likely(self.after_north, n, value)
        return bits - math.log2(((likely >> 4) + 0.5) / 8192)


def distortion(errors):
    """Sum over all pixels of e ((1 - l) e + l b * e)."""
    padded = np.pad(errors, ((3, 3), (3, 3), (0, 0)))
    height, width = errors.shape[:2]
    rows = sum(WINDOW[d] * padded[d : d + height] for d in range(7))
    means = sum(WINDOW[d] * rows[:, d : d + width] for d in range(7))
    return float((errors * ((1 - LOCAL) * errors + LOCAL * means)).sum())


def choose(pixels, palette, indices, bit, limit, fixed=(), before=None, lzw=False):
    """Return the indices of a picture uint8[h, w, 4] after all sweeps; `bit` is float[h, w]."""
    indices = indices.copy()
    height, width = indices.shape
    points = to_points(palette, "oklab").T.astype(float)
    colors = to_points(pixels.reshape(-1, 4), "oklab").T.reshape(height, width, 4).astype(float)
    kinds = [0 if a == 0 else 1 if a < 255 else 2 for a in palette[:, 3]]
    waiting = np.ones(indices.shape, bool)
    for sweep in range(SWEEPS):
        if sweep < 2:
            model = Model(indices, before, len(palette), lzw)
        later = np.zeros(indices.shape, bool)
        for y, x in np.ndindex(indices.shape):
            old = int(indices[y, x])
            if bit[y, x] == 0 or kinds[old] == 0 or not (waiting[y, x] or later[y, x]):
                continue
            later[y, x] = False
            if stays(pixels, palette, indices, fixed, y, x):
                continue
            best, least = old, 0.0
            base = total(points, colors, indices, model, before, y, x)
            for new in candidates(indices, before, y, x) + (nearest(points, kinds, old) if lzw else []):
                if new == best or kinds[new] != kinds[old]:
                    continue
                own = ((points[new] - colors[y, x]) ** 2).sum()
                if own > max(limit, ((points[old] - colors[y, x]) ** 2).sum()):
                    continue
                indices[y, x] = new
                changed = total(points, colors, indices, model, before, y, x)
                indices[y, x] = old
                gain = changed[0] - base[0] + bit[y, x] * (changed[1] - base[1])
                if changed[1] < base[1] and gain < least:
                    best, least = new, gain
            if best != old:
                indices[y, x] = best
                for v in range(max(y - 1, 0), min(y + 2, height)):
                    for u in range(max(x - 1, 0), min(x + 2, width)):
                        later[v, u] |= (v, u) != (y, x)
        waiting = later
    return indices


def stays(pixels, palette, indices, fixed, y, x):
    """Whether a pixel is exact, and of a fixed colour or with two neighbours of the same colour."""
    if (palette[indices[y, x]] != pixels[y, x]).any():
        return False
    if any((palette[indices[y, x]] == color).all() for color in fixed):
        return True
    around = pixels[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
    return (around == pixels[y, x]).all(2).sum() >= 3


def candidates(indices, before, y, x):
    """The entries to try, in order."""
    height, width = indices.shape
    old = int(indices[y, x])
    tried = list(neighbours(indices, y, x)[:2])
    tried.append(int(indices[y, x + 1]) if x + 1 < width else old)
    tried.append(int(indices[y + 1, x]) if y + 1 < height else old)
    if before is not None:
        tried.append(int(before[y, x]))
    return [j for j in tried if j != old]


def nearest(points, kinds, old):
    """The five nearest entries of the same kind, for LZW."""
    others = [j for j in range(len(points)) if j != old and kinds[j] == kinds[old]]
    return sorted(others, key=lambda j: ((points[j] - points[old]) ** 2).sum())[:5]


def total(points, colors, indices, model, before, y, x):
    """Distortion of the whole picture; bits of a pixel and of those to the right and below."""
    height, width = indices.shape
    bits = model.bits(indices, before, y, x)
    bits += model.bits(indices, before, y, x + 1) if x + 1 < width else 0.0
    bits += model.bits(indices, before, y + 1, x) if y + 1 < height else 0.0
    return distortion(points[indices] - colors), bits
