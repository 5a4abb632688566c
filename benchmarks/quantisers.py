"""All tables of the quantiser against its rivals, with one command:

    python benchmarks/quantisers.py                 # everything; half an hour on one core
    python benchmarks/quantisers.py --quick         # four images, two rounds, nothing slow
    python benchmarks/quantisers.py --folder DIR    # any folder of images
    python benchmarks/quantisers.py --tables plain dither --only kmq imagequant

Writes benchmarks/results/TABLE.md and TABLE.csv; with --quick, --folder or --only it writes to
benchmarks/results/local, which Git ignores; --out says elsewhere. README.md says what the columns mean.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "MAGICK_THREAD_LIMIT"):
    os.environ.setdefault(_name, "1")

import argparse  # noqa: E402
import csv  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

import eye  # noqa: E402
import metrics  # noqa: E402
import targets  # noqa: E402
from best_known import best_known_mse3  # noqa: E402
from pictures import CORPORA, Picture, images_in, pictures  # noqa: E402
from report import HERE, RESULTS, Row, heading, mean, median, table, write_csv  # noqa: E402
from rivals import (  # noqa: E402
    Candidate,
    alpha_rivals,
    default_rivals,
    dithering_rivals,
    eye_rivals,
    ours,
    plain_rivals,
)
from timing import in_turns, relative  # noqa: E402

COLORS = (16, 64, 256)
REFERENCE = "imagequant"


@dataclass(frozen=True)
class Plan:
    """What to run: files of the main folder, other classes beside it, and how thoroughly."""

    files: list[Path]
    classes: dict[str, list[Path]]
    large: list[Path]
    rounds: int
    slow: bool
    only: tuple[str, ...]
    pictures: list[Picture]

    def pick(self, candidates: list[Candidate]) -> list[Candidate]:
        """The candidates that --only and --quick leave."""
        chosen = [one for one in candidates if self.slow or not one.slow]
        return [one for one in chosen if not self.only or any(part in one.name for part in self.only)]


def warm(candidates: list[Candidate], modes: tuple[str, ...] = ("RGB",)) -> None:
    """Compile and load everything, on a small image of each mode, at each number of colours."""
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (96, 96, 4), np.uint8))
    for mode in modes:
        for one in candidates:
            for k in COLORS:
                one.run(noise.convert(mode), k)


def measure(candidates: list[Candidate], path: Path, k: int, rounds: int, image: Image.Image | None = None):
    """Yield (row with the times, original, result) for each candidate on one image."""
    original = metrics.read(path) if image is None else image
    runs = in_turns(candidates, original, k, rounds)
    for name, (result, times) in runs.items():
        row: Row = {"image": path.stem, "k": k, "candidate": name, "ms": 1000 * float(np.median(times))}
        if REFERENCE in runs:
            row["relative"] = relative(times, runs[REFERENCE][1])
        yield row, original, result


def k_sections(rows: list[Row], columns: list, ks: tuple[int, ...] = COLORS) -> str:
    """One table per number of colours."""
    return "\n".join(f"### K = {k}\n\n{table([row for row in rows if row['k'] == k], columns)}" for k in ks)


def reported(name: str) -> list[Row]:
    """Rows of reported.csv for a table, marked as reported."""
    with (HERE / "reported.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["table"] == name]
    return [
        {"k": int(row["k"]), "candidate": f"*{row['candidate']}*"}
        | {key: float(row[key]) for key in ("mse3", "delta_e", "relative", "psnr1", "psnr2", "ssim") if row[key]}
        for row in rows
    ]


# ---- tables ----


def plain_table(plan: Plan) -> tuple[list[Row], str]:
    """Error and time without dithering."""
    mine = [ours(effort, space) for space in ("srgb", "oklab") for effort in ("fast", "default", "best")]
    candidates = plan.pick(mine + plain_rivals(plan.slow))
    warm(candidates)
    known = best_known_mse3()
    rows = []
    for path in plan.files:
        for k in COLORS:
            for row, original, result in measure(candidates, path, k, plan.rounds):
                a, b = metrics.rgb(original), metrics.rgb(result)
                row["mse3"] = metrics.mse3(a, b)
                if (path.stem, k) in known and original.size in ((768, 512), (512, 768)):
                    row["ratio"] = float(row["mse3"]) / known[path.stem, k]
                row |= {"delta_e": metrics.delta_e(a, b), "colors": len(result.getcolors() or [])}
                row["png"] = metrics.png_bytes(result)
                rows.append(row)
    columns = [
        ("mse3", "mse3", mean, ".2f"),
        ("/ best known", "ratio", mean, ".4f"),
        ("dE", "delta_e", mean, ".3f"),
        ("PNG bytes", "png", mean, ".0f"),
        ("CPU ms", "ms", median, ".1f"),
        ("time / imagequant", "relative", median, ".3f"),
    ]
    shown = rows + (reported("plain") if any("ratio" in row for row in rows) else [])
    return rows, k_sections(shown, columns)


def scale_table(plan: Plan) -> tuple[list[Row], str]:
    """Time per pixel at K=256 as images grow."""
    mine = [ours(effort, space) for space in ("srgb", "oklab") for effort in ("fast", "default")]
    unfit = ("pngquant speed 1", "ImageMagick", "Pillow MAXCOVERAGE")
    candidates = plan.pick(mine + [one for one in plain_rivals() if one.name not in unfit])
    warm(candidates)
    rows = []
    for path, size in _large_images(plan):
        with Image.open(path) as file:
            image = file.convert("RGB") if size is None else grown(file.convert("RGB"), size)
        rounds = plan.rounds if image.width * image.height < 6e6 else 1
        for row, original, result in measure(candidates, path, 256, rounds, image):
            megapixels = image.width * image.height / 1e6
            a, b = metrics.rgb(original), metrics.rgb(result)
            rows.append(row | {"size": f"{image.width}x{image.height}", "mse3": metrics.mse3(a, b)})
            rows[-1] |= {"ms_mp": float(row["ms"]) / megapixels}
            if megapixels < 6:
                rows[-1]["delta_e"] = metrics.delta_e(a, b)
    columns = [
        ("mse3", "mse3", mean, ".2f"),
        ("dE", "delta_e", mean, ".3f"),
        ("CPU ms", "ms", median, ".0f"),
        ("ms / MP", "ms_mp", median, ".1f"),
        ("time / imagequant", "relative", median, ".3f"),
    ]
    sizes = dict.fromkeys(row["size"] for row in rows)
    parts = [f"### {size}, K = 256\n\n{table([r for r in rows if r['size'] == size], columns)}" for size in sizes]
    return rows, "\n".join(parts)


def _large_images(plan: Plan) -> list[tuple[Path, tuple[int, int] | None]]:
    if plan.large:
        return [(path, None) for path in plan.large]
    files = plan.files if plan.slow else plan.files[:2]
    return [(path, (1920, 1280)) for path in files[:4]] + [(path, (6000, 4000)) for path in files[:2]]


def grown(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """A stand-in for a large photo: enlarged by Lanczos, with grain of two 8-bit steps."""
    if image.width < image.height:
        image = image.transpose(Image.Transpose.ROTATE_90)
    large = np.asarray(image.resize(size, Image.Resampling.LANCZOS)).copy()
    random = np.random.default_rng(0)
    for top in range(0, large.shape[0], 256):
        stripe = large[top : top + 256]
        grain = random.standard_normal(stripe.shape, np.float32) * 2
        stripe[:] = np.rint(stripe + grain).clip(0, 255)
    return Image.fromarray(large)


def dither_candidates() -> list[Candidate]:
    """Our dithers, in the default effort and space of saving and in sRGB."""
    return [ours("default", space, dither) for space in ("srgb", "oklab") for dither in DITHERS]


DITHERS = ("floyd-steinberg", 0.5, "selective", "bayer", "blue-noise")


def dither_table(plan: Plan) -> tuple[list[Row], str]:
    """Dithering: what is left after a blur, against the structure that survives."""
    candidates = plan.pick(dither_candidates() + dithering_rivals())
    warm(candidates)
    rows = []
    for path in plan.files if len(plan.files) < 12 else plan.files[:6]:
        for k in COLORS:
            for row, original, result in measure(candidates, path, k, min(plan.rounds, 2)):
                a, b = metrics.rgb(original), metrics.rgb(result)
                row |= {"psnr1": metrics.blurred(a, b, 1), "psnr2": metrics.blurred(a, b, 2)}
                row |= {"ssim": metrics.ssim(original, result), "png": metrics.png_bytes(result)}
                rows.append(row)
    columns = [
        ("PSNR, blur 1", "psnr1", mean, ".2f"),
        ("PSNR, blur 2", "psnr2", mean, ".2f"),
        ("SSIM", "ssim", mean, ".3f"),
        ("PNG bytes", "png", mean, ".0f"),
        ("CPU ms", "ms", median, ".1f"),
        ("time / imagequant", "relative", median, ".3f"),
    ]
    kodak = plan.files and plan.files[0].parent.name == "kodak"
    return rows, k_sections(rows + (reported("dither") if kodak else []), columns)


WINDOW = 256  # pixels a side that are measured of a picture: FLIP and SSIMULACRA2 take two seconds a megapixel each
EYE_OPTIONS = ("", "space=srgb")


def eye_table(plan: Plan) -> tuple[list[Row], str]:
    """Perceptual measures: without dithering, then with the defaults of each program."""
    modes = {
        "without dithering": [*(eye.mine(text) for text in EYE_OPTIONS), *eye_rivals()],
        "by default": [*(eye.mine(text, saved=True) for text in EYE_OPTIONS[:2]), *default_rivals()],
    }
    rows, parts = [], []
    for mode, candidates in modes.items():
        found = eye.compare(plan.pick(candidates), plan.pictures, COLORS, WINDOW)
        rows += [{"mode": mode, **row} for row in found]
        for name in dict.fromkeys(str(row["set"]) for row in found):
            parts.append(f"## {mode.capitalize()}: {name}\n")
            parts.append(eye.tables([row for row in found if row["set"] == name], by_group=False))
    return rows, "\n".join(parts)


def alpha_table(plan: Plan) -> tuple[list[Row], str]:
    """Images with alpha: the worse of the errors over black and over white."""
    candidates = plan.pick([ours("default", "srgb"), ours("default", "oklab"), *alpha_rivals()])
    warm(candidates, ("RGB", "RGBA"))
    rows = []
    for kind in ("sprites", "icons"):
        for path in plan.classes.get(kind, [])[: None if plan.slow else 4]:
            for k in COLORS:
                for row, original, result in measure(candidates, path, k, plan.rounds):
                    row |= {"alpha": metrics.alpha(original, result), "png": metrics.png_bytes(result)}
                    row["broken"] = metrics.alpha_broken(original, result)
                    rows.append({"class": kind, **row})
    if not rows:
        return rows, "No folder `sprites` or `icons` beside the main one.\n"
    columns = [
        ("alpha error", "alpha", mean, ".2f"),
        ("alpha 0 or 255 moved, pixels", "broken", mean, ".1f"),
        ("PNG bytes", "png", mean, ".0f"),
        ("CPU ms", "ms", median, ".2f"),
    ]
    parts = []
    for kind in dict.fromkeys(str(row["class"]) for row in rows):
        parts.append(f"## {kind}\n\n" + k_sections([row for row in rows if row["class"] == kind], columns))
    return rows, "\n".join(parts)


TABLES = {
    "plain": ("Error and time without dithering", plain_table),
    "scale": ("Large images", scale_table),
    "dither": ("Dithering", dither_table),
    "eye": ("To the eye", eye_table),
    "alpha": ("Alpha", alpha_table),
}


# ---- the command ----


def plan_of(arguments: argparse.Namespace) -> Plan:
    """The plan that the arguments ask for."""
    default = CORPORA / "kodak" if CORPORA.is_dir() else HERE.parent / "sample_images"
    folder = arguments.folder or default
    files = images_in(folder)
    if not files:
        raise SystemExit(f"no images in {folder}: give --folder DIR")
    beside = {} if arguments.folder else {name: images_in(CORPORA / name) for name in ("screens", "sprites", "icons")}
    seen = [Picture(path.stem, "photo", "tune", path) for path in files] if arguments.folder else pictures()
    return Plan(
        files=files[:4] if arguments.quick else files,
        classes={folder.name: files} | {name: found for name, found in beside.items() if found},
        large=images_in(arguments.large) if arguments.large else [],
        rounds=2 if arguments.quick else arguments.rounds,
        slow=not arguments.quick,
        only=tuple(arguments.only),
        pictures=seen[:: 6 if arguments.quick else 1],
    )


def main() -> None:
    """Parse the arguments, print the tables, write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="images to measure; default: the Kodak photos or sample_images")
    parser.add_argument("--large", type=Path, help="folder of large photos for the table of scale")
    parser.add_argument("--tables", nargs="+", choices=list(TABLES), default=list(TABLES))
    parser.add_argument("--only", nargs="+", default=[], metavar="PART", help="candidates whose name has one of these")
    parser.add_argument("--quick", action="store_true", help="four images, two rounds, no slow candidates")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="folder for the results")
    arguments = parser.parse_args()
    plan = plan_of(arguments)
    partial = arguments.quick or arguments.folder or arguments.only
    out = arguments.out or (RESULTS / "local" if partial else RESULTS)
    for name in arguments.tables:
        title, build = TABLES[name]
        rows, text = build(plan)
        names = f"{len(plan.files)} of `{plan.files[0].parent.name}`"
        if build is eye_table:
            names = f"{len(plan.pictures)} of `pictures.py`, {WINDOW}x{WINDOW} pixels of each"
        text = f"# {title}\n\n{heading(names)}\n{text}"
        print(text, flush=True)
        write_csv(name, rows, out)
        (out / f"{name}.md").write_text(text)
    text = targets.report(out)
    print(text)
    (out / "targets.md").write_text(text)


if __name__ == "__main__":
    main()
