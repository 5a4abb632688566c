"""How distance in Oklab goes with the quality that pngquant prints: the measurement behind the scale of `quality=`.

    python benchmarks/quality_scale.py IMAGE...

Runs `pngquant --nofs` as a black box with 4 to 256 colours on each image and compares its output with the original.
Prints how far the scale of pillow-kmq is off, by folder, and how well other measures would have done.
"""

from __future__ import annotations

import argparse
import re
import subprocess
from collections import defaultdict
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from pillow_kmq.compare import oklab_distance, oklab_square, psnr
from pillow_kmq.quality_scale import quality_of

COLORS = (4, 16, 40, 100, 256)


def pngquant(file: Path, colors: int) -> tuple[Image.Image, int] | None:
    """The image with so many colours and the quality that pngquant says it has; None if it says nothing."""
    with TemporaryDirectory() as folder:
        result = Path(folder, "result.png")
        command = ["pngquant", "-v", "--nofs", str(colors), str(file), "-o", str(result)]
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        found = re.search(rb"\(Q=(\d+)\)", run.stdout)
        return (Image.open(BytesIO(result.read_bytes())), int(found[1])) if found else None


def rank_correlation(a: list[float], b: list[float]) -> float:
    ranks = [np.argsort(np.argsort(values)) for values in (a, b)]
    return float(np.corrcoef(*ranks)[0, 1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="+", type=Path)
    folders = defaultdict(list)
    theirs, decibels, distances, squares = [], [], [], []
    for file in parser.parse_args().images:
        original = Image.open(file).convert("RGBA")
        for colors in COLORS:
            made = pngquant(file, colors)
            if made is None:
                continue
            error = psnr(original, made[0])
            if not np.isfinite(error):
                continue
            square = oklab_square(original, made[0])
            folders[file.parent.name].append(quality_of(square) - made[1])
            squares.append(-square)
            theirs.append(made[1])
            decibels.append(error)
            distances.append(-oklab_distance(original, made[0]))
    print("| folder | points | mean difference to pngquant | mean absolute difference |")
    print("|---|---|---|---|")
    for folder, differences in folders.items():
        mean, absolute = np.mean(differences), np.mean(np.abs(differences))
        print(f"| {folder} | {len(differences)} | {mean:+.1f} | {absolute:.1f} |")
    print("\nRank correlation with pngquant's quality:", end="")
    for name, values in (("squared Oklab distance", squares), ("Oklab distance", distances), ("PSNR", decibels)):
        print(f" {name} {rank_correlation(values, theirs):.2f}", end="")
    print()


if __name__ == "__main__":
    main()
