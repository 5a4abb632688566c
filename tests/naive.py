"""Slow, obvious versions of what the package does fast. Plain Python on plain lists: the tests trust these."""

from __future__ import annotations

import math
from collections.abc import Sequence

Point = Sequence[float]


def squared_distance(a: Point, b: Point) -> float:
    """The sum of squared differences."""
    return sum((x - y) ** 2 for x, y in zip(a, b, strict=True))


def nearest(point: Point, centroids: Sequence[Point]) -> int:
    """The number of the nearest centroid, the lowest of equals."""
    return min(range(len(centroids)), key=lambda j: squared_distance(point, centroids[j]))


def inertia(points: Sequence[Point], weights: Sequence[float], centroids: Sequence[Point]) -> float:
    """The weighted sum of squared distances to the nearest centroids."""
    return sum(w * squared_distance(p, centroids[nearest(p, centroids)]) for p, w in zip(points, weights, strict=True))


def tutorial_kmeans(
    points: Sequence[Point], start: Sequence[Point], max_iter: int
) -> tuple[list[Point], list[int], float]:
    """The loop of the classic tutorial, put right: labels belong to the returned centroids.

    Assign every point to its closest centroid, move each centroid to the mean of its points, repeat up to max_iter
    times or until nothing moves. A centroid without points stays. Returns centroids, labels and inertia.
    """
    centroids = [list(map(float, c)) for c in start]
    for _ in range(max_iter):
        labels = [nearest(p, centroids) for p in points]
        moved = False
        for j in range(len(centroids)):
            mine = [p for p, label in zip(points, labels, strict=True) if label == j]
            if mine:
                mean = [sum(values) / len(mine) for values in zip(*mine, strict=True)]
                moved |= mean != centroids[j]
                centroids[j] = mean
        if not moved:
            break
    labels = [nearest(p, centroids) for p in points]
    return centroids, labels, inertia(points, [1.0] * len(points), centroids)


def to_linear(level: float) -> float:
    """Linear light 0..1 of an sRGB level 0..255 (IEC 61966-2-1)."""
    s = level / 255.0
    return s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4


def to_oklab(r: float, g: float, b: float) -> tuple[float, float, float]:
    """Oklab L, a, b of sRGB levels 0..255 (Ottosson 2020)."""
    r, g, b = to_linear(r), to_linear(g), to_linear(b)
    long = math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    medium = math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    short = math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def over(rgba: Sequence[float], space: str, white: bool) -> tuple[float, ...]:
    """What an RGBA colour shows over black or white, mixed in a working space, in that space's units."""
    alpha = rgba[3] / 255.0
    if space == "oklab":
        color, background = to_oklab(*rgba[:3]), (1.0, 0.0, 0.0)
        scale = 100.0
    elif space == "linear":
        color, background = tuple(to_linear(c) for c in rgba[:3]), (1.0, 1.0, 1.0)
        scale = 255.0
    else:
        color, background = tuple(c / 255.0 for c in rgba[:3]), (1.0, 1.0, 1.0)
        scale = 255.0
    return tuple(scale * (alpha * c + (1 - alpha) * w * white) for c, w in zip(color, background, strict=True))


def color_difference(one: Sequence[float], other: Sequence[float], space: str) -> float:
    """The mean of the squared distances over black and over white."""
    return sum(squared_distance(over(one, space, w), over(other, space, w)) for w in (False, True)) / 2


def nearest_entry(rgba: Sequence[int], palette: Sequence[Sequence[int]], space: str) -> list[int]:
    """All entries that tie, to rounding, for the place of the nearest: opaque for opaque, clear for clear."""
    entries = list(range(len(palette)))
    clear = [j for j in entries if palette[j][3] == 0]
    if rgba[3] == 0 and clear:
        return clear[:1]
    opaque = [j for j in entries if palette[j][3] == 255]
    if rgba[3] == 255 and opaque:
        entries = opaque
    differences = {j: color_difference(rgba, palette[j], space) for j in entries}
    least = min(differences.values())
    return [j for j, difference in differences.items() if difference <= least * (1 + 1e-4) + 1e-3]


def laid_on_white(rgba: Sequence[int], palette: Sequence[Sequence[int]]) -> list[int]:
    """A pixel, on white if a palette that is given has no entry for it: a clear one, or at least a translucent one."""
    alphas = {entry[3] for entry in palette}
    if 0 in alphas or (rgba[3] > 0 and alphas != {255}):
        return list(rgba)
    return [math.floor((c * rgba[3] + 255 * (255 - rgba[3])) / 255 + 0.5) for c in rgba[:3]] + [255]


def _premultiplied(rgba: Sequence[float]) -> list[float]:
    return [c * rgba[3] / 255.0 for c in rgba[:3]] + [rgba[3]]


def entry_spacing(palette: Sequence[Sequence[int]]) -> list[float]:
    """The mean distance of each palette entry to its three nearest others that look different."""
    entries = [_premultiplied(entry) for entry in palette]
    result = []
    for entry in entries:
        others = {tuple(other) for other in entries if other != entry}
        near = sorted(math.sqrt(squared_distance(entry, other)) for other in others)[:3]
        result.append(sum(near) / len(near) if near else 0.0)
    return result


def _aim(rgba: Sequence[int], color: Sequence[float]) -> list[int]:
    """The straight 8-bit colour nearest to a premultiplied one that comes from a pixel."""

    def level(x: float) -> int:
        return int(min(max(x + 0.5, 0.0), 255.0))

    if rgba[3] == 255:
        return [level(c) for c in color[:3]] + [255]
    straight = 255.0 / color[3] if color[3] > 0 else 0.0
    return [level(c * straight) for c in color[:3]] + [level(color[3])]


def _beyond(color: Sequence[float]) -> list[float]:
    return [c - min(max(c, 0.0), 255.0) for c in color[:3]]


def _nearest_beyond(color: Sequence[float], palette: Sequence[Sequence[int]]) -> set[int]:
    """The entries nearest to an opaque colour beyond 0..255, those that tie to rounding."""
    over = _beyond(color)
    clipped = [c - o for c, o in zip(color, over, strict=True)] + [255]
    opaque = [j for j, entry in enumerate(palette) if entry[3] == 255] or list(range(len(palette)))
    costs = {}
    for j in opaque:
        away = [c - e for c, e in zip(clipped, _premultiplied(palette[j]), strict=True)]
        slope = 2 * sum(o * a for o, a in zip(over, away, strict=False))
        costs[j] = color_difference(clipped, palette[j], "srgb") + slope
    return {j for j, cost in costs.items() if cost <= min(costs.values()) * (1 + 1e-4) + 0.1}


def _near(rgba: Sequence[int], color: Sequence[float], palette: Sequence[Sequence[int]], *, beyond: bool) -> set[int]:
    """The entries nearest to a premultiplied colour that comes from a pixel, whichever way rounding goes."""
    found: set[int] = set()
    for nudge in (-2e-3, 0.0, 2e-3):
        nudged = [c + nudge for c in color]
        if beyond and rgba[3] == 255 and max(abs(o) for o in _beyond(nudged)) > 8:
            found |= _nearest_beyond(nudged[:3], palette)
        else:
            found |= set(nearest_entry(_aim(rgba, nudged), palette, "srgb"))
    return found


# Divisor, weights ahead in the row, rows below.
FILTERS: dict[str, tuple[int, str, str, str]] = {
    "floyd-steinberg": (16, "7", "3 5 1", ""),
    "jarvis-judice-ninke": (48, "7 5", "3 5 7 5 3", "1 3 5 3 1"),
    "stucki": (42, "8 4", "2 4 8 4 2", "1 2 4 2 1"),
    "burkes": (32, "8 4", "2 4 8 4 2", ""),
    "sierra": (32, "5 3", "2 4 5 4 2", "0 2 3 2 0"),
    "sierra-lite": (4, "2", "1 1 0", ""),
    "atkinson": (8, "1 1", "1 1 1", "0 1 0"),
}


def _spread(error: list[list[list[float]]], y: int, x: int, step: int, kernel: str, wrong: Sequence[float]) -> None:
    divisor, ahead, *below = FILTERS[kernel]
    rows = [["0"] * len(ahead.split()) + ["0", *ahead.split()], *(row.split() for row in below)]
    for dy, row in enumerate(rows):
        for at, weight in enumerate(row):
            cell = error[y + dy][x + 2 + step * (at - len(row) // 2)]
            for c in range(4):
                cell[c] += wrong[c] * int(weight) / divisor


def diffusion_choices(
    image: Sequence[Sequence[Sequence[int]]],
    palette: Sequence[Sequence[int]],
    strength: Sequence[Sequence[float]],
    chosen: Sequence[Sequence[int]],
    quiet: float = 0.0,
    loud: float = 0.0,
    before: Sequence[Sequence[int | None]] | None = None,
    *,
    gates: Sequence[Sequence[float]] | None = None,
    kernel: str = "floyd-steinberg",
    given: bool = False,
) -> list[list[set[int]]]:
    """What error diffusion in sRGB may choose for each RGBA pixel, if it chose as it did for the pixels before.

    strength: that of each pixel. quiet, loud: squared distances, as in quant/dithering/diffusion.py. before: the
    entry of each pixel that keeps it, None for the others. gates: how far the strength of each pixel depends on quiet
    and loud. given: whether the palette is. More than one entry where they tie to rounding.
    """
    height, width = len(image), len(image[0])
    error = [[[0.0] * 4 for _ in range(width + 4)] for _ in range(height + 2)]
    reach = 3.0 if given else 1.0
    entries, limits = [_premultiplied(entry) for entry in palette], [reach * d for d in entry_spacing(palette)]
    clear = any(entry[3] == 0 for entry in palette)
    allowed: list[list[set[int]]] = [[set() for _ in range(width)] for _ in range(height)]
    for y in range(height):
        step = -1 if y % 2 else 1
        for x in range(width)[::step]:
            pixel, part = image[y][x], strength[y][x]
            color, best = _premultiplied(pixel), chosen[y][x]
            keep = None if before is None else before[y][x]
            own = nearest_entry(pixel, palette, "srgb")
            off = squared_distance(color, entries[own[0]])
            if gates is not None and gates[y][x] > 0:
                lost = 1.0 if off <= quiet else max(0.0, (loud - off) / (loud - quiet))
                part *= 1.0 - gates[y][x] * lost
            if part == 0 or (pixel[3] == 0 and clear):
                allowed[y][x] = set(own) if keep is None else {keep}
                continue
            color = [c + part * e for c, e in zip(color, error[y][x + 2], strict=True)]
            allowed[y][x] = _near(pixel, color, palette, beyond=given) if keep is None else {keep}
            limit = limits[best]
            wrong = [min(max(c - e, -limit), limit) for c, e in zip(color, entries[best], strict=True)]
            _spread(error, y, x, step, kernel, wrong)
    return allowed


def activity(image: Sequence[Sequence[Sequence[int]]]) -> list[list[int]]:
    """The largest range of any channel among each pixel and its neighbours."""
    height, width = len(image), len(image[0])

    def around(y: int, x: int) -> list[Sequence[int]]:
        rows = range(max(y - 1, 0), min(y + 2, height))
        return [image[v][u] for v in rows for u in range(max(x - 1, 0), min(x + 2, width))]

    def span(pixels: list[Sequence[int]]) -> int:
        return max(max(values) - min(values) for values in zip(*pixels, strict=True))

    return [[span(around(y, x)) for x in range(width)] for y in range(height)]


def pattern(
    color: Sequence[int], palette: Sequence[Sequence[int]], strength: float, length: int, *, given: bool
) -> list[int]:
    """The entries that stand for an opaque colour in ordered dithering, by luma; all entries are opaque."""
    spacing = entry_spacing(palette)
    error = [0.0] * 4
    chosen = []
    for _ in range(length):
        aim = _aim(color, [c + strength * e for c, e in zip(color, error, strict=True)])
        best = nearest(aim, palette)
        if chosen and not given and math.dist(color, palette[best]) > 1.5 * spacing[chosen[0]]:
            best = chosen[0]
        chosen.append(best)
        error = [e + c - p for e, c, p in zip(error, color, palette[chosen[-1]], strict=True)]
    return sorted(chosen, key=lambda j: (77 * palette[j][0] + 150 * palette[j][1] + 29 * palette[j][2], j))


def bayer(size: int) -> list[list[int]]:
    """Bayer's ranks: the bits of x ^ y and y, reversed and interleaved."""

    def rank(y: int, x: int) -> int:
        value, bit = 0, size // 2
        place = 0
        while bit:
            value |= ((x ^ y) // bit % 2) << (2 * place + 1) | (y // bit % 2) << (2 * place)
            bit //= 2
            place += 1
        return value

    return [[rank(y, x) for x in range(size)] for y in range(size)]


def still_pixels(
    frame: Sequence[Sequence[Sequence[int]]], before: Sequence[Sequence[Sequence[int]]] | None
) -> list[list[bool]]:
    """Which RGBA pixels look as they did in the frame before; none without one of the same size."""
    if before is None or (len(before), len(before[0])) != (len(frame), len(frame[0])):
        return [[False] * len(row) for row in frame]

    def seen(pixel: Sequence[int]) -> Sequence[int]:
        return pixel if pixel[3] else [0, 0, 0, 0]

    return [
        [list(seen(a)) == list(seen(b)) for a, b in zip(row, other, strict=True)]
        for row, other in zip(frame, before, strict=True)
    ]


def _shares(marks: Sequence[Sequence[bool]]) -> list[list[float]]:
    """The share of marked pixels within 16 rows and columns of each."""

    def share(y: int, x: int) -> float:
        window = [row[max(x - 16, 0) : x + 17] for row in marks[max(y - 16, 0) : y + 17]]
        return sum(map(sum, window)) / sum(map(len, window))

    return [[share(y, x) for x in range(len(marks[0]))] for y in range(len(marks))]


def repetition(image: Sequence[Sequence[Sequence[int]]]) -> list[list[float]]:
    """How far the pixels around each one repeat a neighbour: 0 to 1, by their share, from a half to three quarters."""

    def repeats(y: int, x: int) -> bool:
        return (x > 0 and image[y][x] == image[y][x - 1]) or (y > 0 and image[y][x] == image[y - 1][x])

    marks = [[repeats(y, x) for x in range(len(image[0]))] for y in range(len(image))]
    return [[min(max(4 * share - 2, 0.0), 1.0) for share in row] for row in _shares(marks)]


def shading(image: Sequence[Sequence[Sequence[int]]]) -> list[list[float]]:
    """How far each pixel of an image lies in a shaded area: 0 to 1, by the share of small steps around it."""
    height, width = len(image), len(image[0])

    def small(y: int, x: int) -> bool:
        before = (image[y][max(x - 1, 0)], image[max(y - 1, 0)][x])
        steps = [max(abs(a - b) for a, b in zip(image[y][x], other, strict=True)) for other in before]
        return any(1 <= step <= 6 for step in steps)

    marks = [[small(y, x) for x in range(width)] for y in range(height)]
    return [[min(max((64 * share - 1) / 3, 0.0), 1.0) for share in row] for row in _shares(marks)]
