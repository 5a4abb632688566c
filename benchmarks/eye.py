"""Measures of what people see, for one picture and its quantised version, and a command that tries options.

    python benchmarks/eye.py space=oklab space=oklab,dither=selective     # option sets of ours, against the rivals
    python benchmarks/eye.py --set tune --groups face sky --colors 16 32 --crop 384 ""
    python benchmarks/eye.py --set "held out" --defaults '{"space": "oklab", "dither": 0.5}'

In Python: `measures(original, result)` takes arrays or images; `compare(candidates, pictures, colors)` gives rows.

flip, flip_worst      FLIP (Andersson et al. 2020), 0 is identical: its mean, and the mean of the worst hundredth of tiles.
ssimulacra2           100 is identical, 90 invisible, 70 good.
chroma_worst          chroma kept by a tile: mean Oklab chroma of the result over that of the original, of tiles where
                      the original's is at least 3 (x 100); the first percentile of them.
chroma_lost           share of those tiles that keep less than 60 %.
blur_mean, _p99, _worst   mean dE of a tile after a blur of 2 pixels: mean, 99th percentile and worst of all tiles.
stray                 share of pixels that are farther than 15 from the 5x5 median of the original, where the original
                      pixel is not: dots of a colour that the place does not have.
mse3, delta_e         as in metrics.py.

Tiles are 32x32 pixels, or as near to it as divides the picture. A picture with alpha is measured over black and over
white, and of each measure the worse counts.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse  # noqa: E402
import functools  # noqa: E402
import hashlib  # noqa: E402
import json  # noqa: E402
import multiprocessing  # noqa: E402
import tempfile  # noqa: E402
from collections.abc import Callable, Iterable  # noqa: E402
from dataclasses import dataclass  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
from PIL import Image, ImageFilter  # noqa: E402
from scipy.ndimage import gaussian_filter  # noqa: E402

import metrics  # noqa: E402
from pictures import GROUPS, SETS, Picture, pictures  # noqa: E402
from report import Row, mean, table, write_csv  # noqa: E402
from rivals import Candidate, default_rivals, eye_rivals, ours_with, versions  # noqa: E402

try:
    import flip_evaluator
except ImportError:
    flip_evaluator = None

TILE = 32
HAS_CHROMA = 3.0
LOST = 0.6
STRAY = 15.0
BLUR = 2.0

HIGHER = {"ssimulacra2", "chroma_worst"}
"""Measures that are better when higher; the others are errors."""

Picked = Image.Image | np.ndarray


# ---- tiles ----


def tiles(values: np.ndarray) -> np.ndarray:
    """Mean of each tile of f[h, w], tiles in reading order."""
    rows, columns = (np.linspace(0, size, max(1, round(size / TILE)) + 1).astype(int) for size in values.shape)
    sums = np.add.reduceat(np.add.reduceat(values.astype(np.float64), rows[:-1], 0), columns[:-1], 1)
    return np.asarray(sums / np.outer(np.diff(rows), np.diff(columns))).ravel()


def worst_hundredth(values: np.ndarray) -> float:
    """Mean of the largest hundredth, at least one."""
    count = -(-len(values) // 100)
    return float(np.sort(values)[-count:].mean())


# ---- measures ----


@dataclass(frozen=True)
class Original:
    """What is needed of an original, worked out once: pixels are u8[h, w, 3]."""

    pixels: np.ndarray
    oklab: np.ndarray
    blurred: np.ndarray
    median: np.ndarray
    near_median: np.ndarray

    @classmethod
    def of(cls, pixels: np.ndarray) -> Original:
        """Work it out."""
        median = np.asarray(Image.fromarray(pixels).filter(ImageFilter.MedianFilter(5)))
        lab, lab_median = metrics.oklab(pixels), metrics.oklab(median)
        return cls(pixels, lab, _blurred(pixels), lab_median, _distance(lab, lab_median) <= STRAY)


@functools.lru_cache(4)
def _original(data: bytes, shape: tuple[int, ...]) -> Original:
    return Original.of(np.frombuffer(data, np.uint8).reshape(shape))


def _distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Oklab distance x 100 of each pixel."""
    return np.asarray(np.sqrt(np.sum((a - b) ** 2, axis=-1)) * 100)


def _blurred(pixels: np.ndarray) -> np.ndarray:
    """Oklab of a picture as it looks from a distance."""
    return metrics.oklab(np.rint(gaussian_filter(pixels.astype(np.float32), (BLUR, BLUR, 0))).astype(np.uint8))


def _chroma(lab: np.ndarray) -> np.ndarray:
    return np.asarray(np.hypot(lab[..., 1], lab[..., 2]) * 100)


def chroma_kept(original: np.ndarray, result: np.ndarray) -> np.ndarray:
    """Chroma kept by each tile that has chroma: of two Oklab arrays; empty where none has."""
    before, after = tiles(_chroma(original)), tiles(_chroma(result))
    return np.asarray(after[before >= HAS_CHROMA] / before[before >= HAS_CHROMA])


def flip(a: np.ndarray, b: np.ndarray) -> np.ndarray | None:
    """The map of FLIP, f[h, w], of two u8[h, w, 3]; None without the package."""
    if flip_evaluator is None:
        return None
    floats = [np.ascontiguousarray(pixels, np.float32) / 255 for pixels in (a, b)]
    return np.asarray(flip_evaluator.evaluate(*floats, "LDR", applyMagma=False, computeMeanError=False)[0])[..., 0]


def _opaque_measures(a: np.ndarray, b: np.ndarray) -> dict[str, float]:
    """All measures of two u8[h, w, 3]."""
    original = _original(a.tobytes(), a.shape)
    lab = metrics.oklab(b)
    found: dict[str, float] = {}
    error_map = flip(a, b)
    if error_map is not None:
        found |= {"flip": float(error_map.mean()), "flip_worst": worst_hundredth(tiles(error_map))}
    score = metrics.ssimulacra2(Image.fromarray(a), Image.fromarray(b))
    if score is not None:
        found["ssimulacra2"] = score
    kept = chroma_kept(original.oklab, lab)
    if len(kept):
        found |= {"chroma_worst": float(np.percentile(kept, 1)), "chroma_lost": float(np.mean(kept < LOST))}
    from_afar = tiles(_distance(original.blurred, _blurred(b)))
    found |= {"blur_mean": float(from_afar.mean()), "blur_p99": float(np.percentile(from_afar, 99))}
    found["blur_worst"] = float(from_afar.max())
    found["stray"] = float(np.mean((_distance(lab, original.median) > STRAY) & original.near_median))
    return found | {"mse3": metrics.mse3(a, b), "delta_e": metrics.delta_e(a, b)}


def measures(original: Picked, result: Picked) -> dict[str, float]:
    """All measures of an original and its quantised version: images, or u8 arrays [h, w, 3 or 4]."""
    a, b = (_image(picked) for picked in (original, result))
    if a.size != b.size:
        raise ValueError(f"sizes differ: {a.size} and {b.size}")
    if not a.has_transparency_data and not b.has_transparency_data:
        return _opaque_measures(metrics.rgb(a), metrics.rgb(b))
    over = [_opaque_measures(metrics.over(a, shade), metrics.over(b, shade)) for shade in (0, 255)]
    names = dict.fromkeys([*over[0], *over[1]])
    each = {name: [found[name] for found in over if name in found] for name in names}
    return {name: min(values) if name in HIGHER else max(values) for name, values in each.items()}


def _image(picked: Picked) -> Image.Image:
    return picked if isinstance(picked, Image.Image) else Image.fromarray(np.ascontiguousarray(picked))


# ---- many pictures ----

CACHE = Path(tempfile.gettempdir()) / "kmq-eye"


def _digest(*parts: object) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(part if isinstance(part, bytes) else repr(part).encode())
    return found.hexdigest()[:32]


@functools.cache
def _definition() -> str:
    """Changes with the measures, so that old figures are not taken for new ones."""
    return _digest(*(Path(module).read_bytes() for module in (__file__, metrics.__file__)))


def _pixels(image: Image.Image) -> bytes:
    return repr((image.mode, image.size)).encode() + image.tobytes()


def _result(candidate: Candidate, image: Image.Image, k: int) -> Image.Image:
    """What the candidate makes of it; a rival's is kept on disk, as it does not change."""
    if candidate.ours:
        return candidate.run(image, k)
    path = CACHE / f"{_digest(candidate.name, versions(), k, _pixels(image))}.png"
    if not path.exists():
        _save(path, lambda part: candidate.run(image, k).convert(image.mode).save(part, "PNG", compress_level=1))
    with Image.open(path) as found:
        return found.copy()


def _measured(image: Image.Image, result: Image.Image) -> dict[str, float]:
    """Measures of a result, kept on disk: many options give the same picture."""
    path = CACHE / f"{_digest(_definition(), _pixels(image), _pixels(result))}.json"
    if not path.exists():
        found = measures(image, result) | {"png": metrics.png_bytes(result)}
        _save(path, lambda part: part.write_text(json.dumps(found)))
    return dict(json.loads(path.read_text()))


def _save(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file that other processes see only when it is whole."""
    CACHE.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}")
    write(part)
    part.replace(path)


def rows_of(candidates: list[Candidate], picture: Picture, k: int, crop: int | None = None) -> list[Row]:
    """One row per candidate that takes the picture."""
    image = cropped(picture.read(), crop)
    rows = []
    for one in candidates:
        if image.mode == "RGBA" and not one.alpha:
            continue
        result = _result(one, image, k).convert(image.mode)
        row: Row = {"set": picture.set, "group": picture.group, "image": picture.name, "k": k, "candidate": one.name}
        rows.append(row | _measured(image, result))
    return rows


def cropped(image: Image.Image, size: int | None) -> Image.Image:
    """The middle of an image, at most `size` pixels a side."""
    if size is None:
        return image
    left, top = max(0, (image.width - size) // 2), max(0, (image.height - size) // 2)
    return image.crop((left, top, min(image.width, left + size), min(image.height, top + size)))


_job: Callable[[tuple[Picture, int]], list[Row]]


def compare(
    candidates: list[Candidate],
    chosen: Iterable[Picture],
    colors: Iterable[int] = (16, 64, 256),
    crop: int | None = None,
    processes: int = 2,
) -> list[Row]:
    """Rows of all candidates on all pictures at each number of colours."""
    global _job
    colors = list(colors)
    jobs = [(picture, k) for picture in chosen for k in colors]
    _job = lambda job: rows_of(candidates, *job, crop)  # noqa: E731
    if processes == 1 or "fork" not in multiprocessing.get_all_start_methods():
        return [row for job in jobs for row in _job(job)]
    with multiprocessing.get_context("fork").Pool(processes) as pool:  # inherits candidates that cannot be pickled
        return [row for rows in pool.imap(_run_job, jobs, chunksize=1) for row in rows]


def _run_job(job: tuple[Picture, int]) -> list[Row]:
    return _job(job)


COLUMNS = [
    ("SSIMULACRA2", "ssimulacra2", mean, ".2f"),
    ("FLIP", "flip", mean, ".4f"),
    ("FLIP worst", "flip_worst", mean, ".3f"),
    ("chroma worst", "chroma_worst", mean, ".2f"),
    ("chroma lost", "chroma_lost", mean, ".2%"),
    ("blur dE", "blur_mean", mean, ".2f"),
    ("p99", "blur_p99", mean, ".2f"),
    ("worst", "blur_worst", mean, ".2f"),
    ("stray", "stray", mean, ".3%"),
    ("mse3", "mse3", mean, ".1f"),
    ("dE", "delta_e", mean, ".3f"),
    ("PNG bytes", "png", mean, ".0f"),
]
PHOTOS = ("photo", "face", "sky")


def tables(rows: list[Row], by_group: bool = True) -> str:
    """Markdown: a table for each number of colours, of photos together and of each group."""
    parts = []
    for k in dict.fromkeys(row["k"] for row in rows):
        here = [row for row in rows if row["k"] == k]
        kinds = {"all photos": [row for row in here if row["group"] in PHOTOS]}
        if by_group:
            kinds |= {group: [row for row in here if row["group"] == group] for group in GROUPS}
        else:
            kinds |= {"other": [row for row in here if row["group"] not in PHOTOS]}
        for kind, found in kinds.items():
            if found:
                count = len({row["image"] for row in found})
                parts.append(f"### K = {k}, {kind} ({count})\n\n{table(found, COLUMNS)}")
    return "\n".join(parts)


# ---- the command ----


def options_of(text: str) -> dict[str, object]:
    """Options of ours from JSON or from name=value,name=value."""
    if text.startswith("{"):
        return dict(json.loads(text))
    pairs = [part.split("=", 1) for part in text.split(",") if part]
    return {name: _value(value) for name, value in pairs}


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def mine(text: str) -> Candidate:
    """A candidate from the text of its options."""
    return ours_with(text or "defaults", **options_of(text))


def main() -> None:
    """Parse the arguments, measure, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("options", nargs="*", help="option sets of ours: name=value,name=value or JSON; '' for none")
    parser.add_argument("--set", choices=[*SETS, "all"], default="tune")
    parser.add_argument("--groups", nargs="+", choices=GROUPS, default=list(GROUPS))
    parser.add_argument("--images", nargs="+", default=[], metavar="NAME", help="only these pictures")
    parser.add_argument("--colors", nargs="+", type=int, default=[16, 64, 256])
    parser.add_argument("--crop", type=int, help="take the middle of each picture, so many pixels a side")
    parser.add_argument("--limit", type=int, help="so many pictures of each group")
    parser.add_argument("--rivals", nargs="*", metavar="PART", help="only rivals with one of these in the name")
    parser.add_argument("--defaults", action="store_true", help="against what the rivals' defaults give: dithered")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--csv", type=Path, help="file for the rows")
    parser.add_argument("--no-groups", action="store_true", help="photos together and the rest together")
    arguments = parser.parse_args()
    rivals = default_rivals() if arguments.defaults else eye_rivals()
    if arguments.rivals is not None:
        rivals = [one for one in rivals if any(part in one.name for part in arguments.rivals)]
    chosen = pictures(arguments.set, arguments.groups, arguments.images, arguments.limit)
    if not chosen:
        parser.error("no pictures: see pictures.py for where they are looked for")
    candidates = [mine(text) for text in arguments.options] + rivals
    rows = compare(candidates, chosen, arguments.colors, arguments.crop, arguments.processes)
    print(tables(rows, not arguments.no_groups))
    if arguments.csv:
        write_csv(arguments.csv.stem, rows, arguments.csv.parent)


if __name__ == "__main__":
    main()
