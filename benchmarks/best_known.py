"""The best palettes known for the Kodak photos: the yardstick of the error tables.

    python benchmarks/best_known.py                 # search what best_known.csv lacks: half an hour
    python benchmarks/best_known.py --swaps 20000   # search on from the palettes in it
    python benchmarks/best_known.py --merge         # take over what pillow-kmq finds better at its best
    python benchmarks/best_known.py --verify        # recompute every error from its palette

"Best known" is not "optimal": k-means is NP-hard, so this is the best that a long search found. The searcher
is plain, slow and independent of pillow-kmq: k-means++ starts, then thousands of random swaps (Fränti 2018,
"Efficiency of random swap clustering"): drop a centre, put a new one on a colour drawn by its error, let
Lloyd's steps settle, keep it if the error fell. It works on 6-bit bins first (with exact means), then on all
unique colours.

mse3 = per-pixel sum over R, G, B of the squared 8-bit error, with the palette rounded to 8 bits and every
pixel at its nearest entry. The palettes are in the CSV, as hexadecimal RGB, so that anybody can check a row.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path

import numpy as np
from numba import njit
from PIL import Image

HERE = Path(__file__).resolve().parent
CSV = HERE / "best_known.csv"
FIELDS = ["image", "k", "mse3", "searcher", "swaps", "palette"]
COLORS = (16, 64, 256)
SWAPS = {16: 800, 64: 4000, 256: 6000}


# ---- kernels ----


@njit(cache=True)
def settle(points, weights, labels, dist, centres, sums, mass, active, steps):
    """Lloyd's steps, in place, until nothing moves or `steps` are done.

    Only centres that moved can win a point from a centre that came no further away, so each point looks at
    the active centres alone unless its own centre moved away from it (Kaukoranta, Fränti & Nevalainen 2000).
    """
    k = centres.shape[0]
    moved = np.empty(k, np.int64)
    touched = np.zeros(k, np.bool_)
    for _ in range(steps):
        count = 0
        for j in range(k):
            touched[j] = False
            if active[j]:
                moved[count] = j
                count += 1
        if count == 0:
            return
        for i in range(points.shape[0]):
            x, y, z = points[i, 0], points[i, 1], points[i, 2]
            old = labels[i]
            best, nearest = old, dist[i]
            whole = False
            if active[old]:
                dx, dy, dz = x - centres[old, 0], y - centres[old, 1], z - centres[old, 2]
                distance = dx * dx + dy * dy + dz * dz
                whole = distance > nearest
                nearest = distance
            for c in range(k if whole else count):
                j = c if whole else moved[c]
                dx, dy, dz = x - centres[j, 0], y - centres[j, 1], z - centres[j, 2]
                distance = dx * dx + dy * dy + dz * dz
                if distance < nearest:
                    best, nearest = j, distance
            dist[i] = nearest
            if best != old:
                labels[i] = best
                touched[old] = touched[best] = True
                w = weights[i]
                mass[old] -= w
                mass[best] += w
                for d in range(3):
                    sums[old, d] -= w * points[i, d]
                    sums[best, d] += w * points[i, d]
        for j in range(k):
            active[j] = touched[j] and mass[j] > 0.5
            if active[j]:
                for d in range(3):
                    centres[j, d] = sums[j, d] / mass[j]


@njit(cache=True)
def start(points, weights, centres):
    """The state of a search from given centres: labels, distances, sums, mass."""
    n, k = points.shape[0], centres.shape[0]
    labels = np.zeros(n, np.int64)
    dist = np.empty(n)
    sums = np.zeros((k, 3))
    mass = np.zeros(k)
    for i in range(n):
        nearest = np.inf
        for j in range(k):
            distance = 0.0
            for d in range(3):
                distance += (points[i, d] - centres[j, d]) ** 2
            if distance < nearest:
                nearest = distance
                labels[i] = j
        dist[i] = nearest
        mass[labels[i]] += weights[i]
        for d in range(3):
            sums[labels[i], d] += weights[i] * points[i, d]
    for j in range(k):
        if mass[j] > 0:
            for d in range(3):
                centres[j, d] = sums[j, d] / mass[j]
    return labels, dist, sums, mass


@njit(cache=True)
def spread(sums, mass, energy):
    """Squared error of a partition, its centres at the means: sum(w x^2) - sum(|S|^2 / W)."""
    total = energy
    for j in range(mass.shape[0]):
        if mass[j] > 0.5:
            total -= (sums[j, 0] ** 2 + sums[j, 1] ** 2 + sums[j, 2] ** 2) / mass[j]
    return total


@njit(cache=True)
def merge_costs(centres, mass):
    """What dropping each centre would cost at least: Ward's cost of merging it with another."""
    k = centres.shape[0]
    costs = np.full(k, np.inf)
    for a in range(k):
        for b in range(k):
            if a != b:
                distance = 0.0
                for d in range(3):
                    distance += (centres[a, d] - centres[b, d]) ** 2
                cost = distance * mass[a] * mass[b] / (mass[a] + mass[b] + 1e-9)
                costs[a] = min(costs[a], cost)
    return costs


@njit(cache=True)
def draw(weights, dist):
    """A point, drawn with the odds of its error."""
    target = np.random.random() * np.sum(weights * dist)
    for i in range(weights.shape[0]):
        target -= weights[i] * dist[i]
        if target < 0:
            return i
    return weights.shape[0] - 1


@njit(cache=True)
def plus_plus(points, weights, k, seed):
    """k-means++ (Arthur & Vassilvitskii 2007): centres f64[k, 3]."""
    np.random.seed(seed)
    n = points.shape[0]
    centres = np.empty((k, 3))
    dist = np.ones(n)
    for j in range(k):
        centres[j] = points[draw(weights, dist)]
        for i in range(n):
            distance = 0.0
            for d in range(3):
                distance += (points[i, d] - centres[j, d]) ** 2
            dist[i] = distance if j == 0 else min(dist[i], distance)
    return centres


@njit(cache=True)
def swap_search(points, weights, centres, swaps, seed):
    """Try `swaps` random swaps; centres f64[k, 3] are improved in place. Returns the squared error."""
    np.random.seed(seed)
    k = centres.shape[0]
    labels, dist, sums, mass = start(points, weights, centres)
    energy = 0.0
    for i in range(points.shape[0]):
        for d in range(3):
            energy += weights[i] * points[i, d] ** 2
    settle(points, weights, labels, dist, centres, sums, mass, np.ones(k, np.bool_), 300)
    error = spread(sums, mass, energy)
    costs = merge_costs(centres, mass)
    for _ in range(swaps):
        victim = np.random.randint(k)
        for _ in range(np.random.randint(1 + k // 4)):  # a tournament of random size: greedy and random in turn
            other = np.random.randint(k)
            if costs[other] < costs[victim]:
                victim = other
        labels2, dist2, sums2, mass2 = labels.copy(), dist.copy(), sums.copy(), mass.copy()
        centres2 = centres.copy()
        centres2[victim] = points[draw(weights, dist)]
        active = np.zeros(k, np.bool_)
        active[victim] = True
        settle(points, weights, labels2, dist2, centres2, sums2, mass2, active, 3)
        if spread(sums2, mass2, energy) > error * (1 + 0.5 / k):  # hopeless
            continue
        # Three steps may have stopped with centres in motion: those that differ are the active ones.
        for j in range(k):
            active[j] = np.any(centres2[j] != centres[j])
        settle(points, weights, labels2, dist2, centres2, sums2, mass2, active, 20)
        if spread(sums2, mass2, energy) < error * (1 - 1e-9):
            labels, dist, sums, mass = labels2, dist2, sums2, mass2
            centres[:] = centres2
            settle(points, weights, labels, dist, centres, sums, mass, np.ones(k, np.bool_), 100)
            error = spread(sums, mass, energy)
            costs = merge_costs(centres, mass)
    return error


# ---- one photo ----


def unique_colours(image: Image.Image) -> tuple[np.ndarray, np.ndarray]:
    """Unique colours f64[n, 3] of an RGB image and how often each occurs, f64[n]."""
    pixels = np.asarray(image.convert("RGB"), np.uint32).reshape(-1, 3)
    codes, weights = np.unique(pixels[:, 0] << 16 | pixels[:, 1] << 8 | pixels[:, 2], return_counts=True)
    colours = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1)
    return colours.astype(np.float64), weights.astype(np.float64)


def bins(colours: np.ndarray, weights: np.ndarray, bits: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Colours merged into cells of `bits` bits a channel, each at its exact mean."""
    cells = colours.astype(np.uint32) >> (8 - bits)
    codes = (cells[:, 0] << (2 * bits)) | (cells[:, 1] << bits) | cells[:, 2]
    _, where = np.unique(codes, return_inverse=True)
    mass = np.bincount(where, weights)
    means = np.stack([np.bincount(where, weights * colours[:, d]) / mass for d in range(3)], axis=1)
    return means, mass


def palette_mse3(colours: np.ndarray, weights: np.ndarray, palette: np.ndarray) -> float:
    """mse3 of a palette u8[k, 3], every colour at its nearest entry."""
    squares = np.sum(weights * start(colours, weights, palette.astype(np.float64))[1])
    return float(squares / weights.sum())


def rounded(colours: np.ndarray, weights: np.ndarray, centres: np.ndarray) -> tuple[float, np.ndarray]:
    """The best 8-bit palette near `centres`: round, move to the means of the new cells, round again, ..."""
    best, best_palette = np.inf, None
    for _ in range(20):
        palette = np.clip(np.rint(centres), 0, 255).astype(np.uint8)
        centres = palette.astype(np.float64)
        error = float(np.sum(weights * start(colours, weights, centres)[1]) / weights.sum())  # moves `centres`
        if error >= best:
            break
        best, best_palette = error, palette
    return best, best_palette


def search(image: Image.Image, k: int, swaps: int, seed: int, palette: np.ndarray | None) -> tuple[float, np.ndarray]:
    """The best palette u8[k, 3] found, and its mse3; from `palette`, or from two k-means++ starts."""
    colours, weights = unique_colours(image)
    coarse, mass = bins(colours, weights)
    if palette is None:
        runs = []
        for run in range(2):
            centres = plus_plus(coarse, mass, k, seed + run)
            runs.append((swap_search(coarse, mass, centres, swaps // 4, seed + run), run, centres))
        centres = min(runs)[2]
        swap_search(coarse, mass, centres, swaps // 4, seed + 2)
        swap_search(colours, weights, centres, swaps // 4, seed + 3)
    else:
        centres = palette.astype(np.float64)
        swap_search(colours, weights, centres, swaps, seed)
    return rounded(colours, weights, centres)


# ---- the table ----


def read(path: Path = CSV) -> dict[tuple[str, int], dict[str, str]]:
    """Rows of the CSV by (image, k)."""
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        return {(row["image"], int(row["k"])): row for row in csv.DictReader(file)}


def best_known_mse3(path: Path = CSV) -> dict[tuple[str, int], float]:
    """mse3 by (image file's stem, k)."""
    return {key: float(row["mse3"]) for key, row in read(path).items()}


def write(rows: dict[tuple[str, int], dict[str, str]], path: Path = CSV) -> None:
    """Write all rows, sorted, through a temporary file: a search may be interrupted at any time."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[key] for key in sorted(rows))
    temporary.replace(path)


def keep_if_better(key: tuple[str, int], error: float, palette: np.ndarray, searcher: str, swaps: int) -> bool:
    """Enter a palette into the CSV if its error is below the row's."""
    rows = read()
    if key in rows and error >= float(rows[key]["mse3"]) - 1e-6:
        return False
    rows[key] = {
        "image": key[0],
        "k": str(key[1]),
        "mse3": f"{error:.5f}",
        "searcher": searcher,
        "swaps": str(swaps),
        "palette": palette.tobytes().hex(),
    }
    write(rows)
    return True


def row_palette(row: dict[str, str]) -> np.ndarray:
    """The palette u8[k, 3] of a row."""
    return np.frombuffer(bytes.fromhex(row["palette"]), np.uint8).reshape(-1, 3)


def run_search(files: list[Path], ks: list[int], swaps: int | None, seed: int) -> None:
    """Search missing rows, or all of them on from their palettes when `swaps` is given."""
    for k in ks:
        for file in files:
            row = read().get((file.stem, k))
            if row and swaps is None:
                continue
            begin = time.process_time()
            budget = SWAPS.get(k, 4000) if swaps is None else swaps
            with Image.open(file) as image:
                error, palette = search(image, k, budget, seed, row_palette(row) if row else None)
            better = keep_if_better((file.stem, k), error, palette, "random swap", budget)
            seconds = time.process_time() - begin
            print(
                f"{file.stem} K={k}: {error:.4f} {'kept' if better else 'not better'} in {seconds:.1f} s",
                flush=True,
            )


def run_merge(files: list[Path], ks: list[int], effort: str) -> None:
    """Enter what pillow_kmq.quantize finds, where it is better."""
    import pillow_kmq

    for k in ks:
        for file in files:
            with Image.open(file) as image:
                image = image.convert("RGB")
            result = pillow_kmq.quantize(image, k, effort=effort, space="srgb")
            palette = np.array(result.getpalette("RGB"), np.uint8).reshape(-1, 3)[:k]
            error = palette_mse3(*unique_colours(image), palette)
            known = best_known_mse3().get((file.stem, k), np.inf)
            better = keep_if_better((file.stem, k), error, palette, f"pillow-kmq {effort}", 0)
            print(f"{file.stem} K={k}: {error:.4f} against {known:.4f}{' kept' if better else ''}", flush=True)


def run_verify(files: list[Path]) -> None:
    """Recompute every row's error from its palette; raise if one is wrong."""
    by_name = {file.stem: file for file in files}
    for (name, k), row in read().items():
        if name not in by_name:
            continue
        with Image.open(by_name[name]) as image:
            error = palette_mse3(*unique_colours(image), row_palette(row))
        if len(row_palette(row)) > k or abs(error - float(row["mse3"])) > 1e-3:
            raise SystemExit(f"{name} K={k}: the CSV says {row['mse3']}, its palette gives {error:.5f}")
    print("every row holds")


def main() -> None:
    """Parse the arguments and run one of the four commands."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=HERE.parent.parent / "shared" / "corpora" / "kodak")
    parser.add_argument("--colors", type=int, nargs="+", default=list(COLORS), metavar="K")
    parser.add_argument("--swaps", type=int, help="search on from the known palettes, with so many swaps each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--merge", action="store_true", help="enter better palettes found by pillow-kmq")
    parser.add_argument("--effort", default="best", help="effort for --merge")
    parser.add_argument("--verify", action="store_true", help="recompute every row from its palette")
    arguments = parser.parse_args()
    files = sorted(arguments.folder.glob("*.png"))
    if not files:
        raise SystemExit(f"no PNG files in {arguments.folder}: give --folder DIR")
    if arguments.verify:
        run_verify(files)
    elif arguments.merge:
        run_merge(files, arguments.colors, arguments.effort)
    else:
        run_search(files, arguments.colors, arguments.swaps, arguments.seed)


if __name__ == "__main__":
    main()
