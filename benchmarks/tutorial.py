"""The tutorial's job, K = 20 and 20 iterations, done by its plain loop and by this package.

    python benchmarks/tutorial.py [IMAGE]

Prints the inertia of both on a crop from the same start, the ratio of their times, and the sizes of the whole picture.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

import pillow_kmq

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import naive  # noqa: E402

COLORS, ITERATIONS, CROP = 20, 20, 64


def compare_loops(image: Image.Image) -> float:
    """Both loops on a crop, from the same distinct points; returns the plain loop's seconds per pixel."""
    left, top = (image.width - CROP) // 2, (image.height - CROP) // 2
    points = np.asarray(image.crop((left, top, left + CROP, top + CROP))).reshape(-1, 3)
    distinct = np.unique(points, axis=0)
    start = distinct[:: len(distinct) // COLORS][:COLORS].astype(float)
    began = time.process_time()
    _, labels, inertia = naive.tutorial_kmeans(points.tolist(), start.tolist(), ITERATIONS)
    plain = time.process_time() - began
    pillow_kmq.kmeans(points, COLORS, init=start, max_iter=ITERATIONS)  # compiles
    times = []
    for _ in range(9):
        began = time.process_time()
        result = pillow_kmq.kmeans(points, COLORS, init=start, max_iter=ITERATIONS)
        times.append(time.process_time() - began)
    fast = sorted(times)[4]
    print(f"crop of {CROP}x{CROP}, K = {COLORS}, {ITERATIONS} iterations at most, same start:")
    print(f"  plain Python  inertia {inertia:.6f}  {plain * 1e3:9.1f} ms")
    print(f"  kmeans()      inertia {result.inertia:.6f}  {fast * 1e3:9.1f} ms, {plain / fast:.0f} times faster")
    print(f"  the same labels: {bool((result.labels == labels).all())}")
    return plain / len(points)


def compare_quantizer(image: Image.Image, plain: float) -> None:
    """The whole picture by `quantize`, against the plain loop's time for as many pixels (not run: it takes minutes)."""
    times = []
    for _ in range(5):
        began = time.process_time()
        pillow_kmq.quantize(image, COLORS, max_iter=ITERATIONS)
        times.append(time.process_time() - began)
    fast = sorted(times)[2]
    whole = plain * image.width * image.height
    print(f"whole picture: plain Python {whole:.0f} s (extrapolated), quantize() {fast:.3f} s,")
    print(f"  {whole / fast:.0f} times faster")


def compare_sizes(image: Image.Image) -> None:
    """The whole picture: true-colour PNG, palette PNG and KMQ."""

    def size(**options: object) -> int:
        data = io.BytesIO()
        image.save(data, **options)
        return data.tell()

    full = size(format="PNG", optimize=True)
    print(f"whole picture, {image.width}x{image.height}: true-colour PNG {full:,} bytes")
    for name in ("PNG8", "KMQ"):
        small = size(format=name, colors=COLORS, max_iter=ITERATIONS)
        print(f"  {name:5} {small:,} bytes, {100 * (1 - small / full):.1f} % smaller")


def main() -> None:
    """Run both comparisons."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("image", nargs="?", type=Path, default=ROOT / "sample_images" / "photo.png")
    image = Image.open(parser.parse_args().image).convert("RGB")
    compare_quantizer(image, compare_loops(image))
    compare_sizes(image)


if __name__ == "__main__":
    main()
