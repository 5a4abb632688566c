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
