"""Compare option sets of pillow-kmq with rivals by the measures of perceptual.py.

    python benchmarks/eye.py space=oklab space=oklab,dither=selective     # option sets of ours, against the rivals
    python benchmarks/eye.py --set tune --groups face sky --colors 16 32 --crop 256 ""
    python benchmarks/eye.py --set "held out" --defaults '{"space": "oklab", "dither": 0.5}'

In Python: `measures(original, result)` takes arrays or images; `compare(candidates, pictures, colors)` gives rows.
Results of rivals and all measures are cached in a temporary folder, so a second run is quick.

Further columns: png, the size in bytes by one plain writer for all; file, that of the file that the program wrote.
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
from collections import Counter  # noqa: E402
from collections.abc import Callable, Iterable  # noqa: E402
from pathlib import Path  # noqa: E402

from PIL import Image  # noqa: E402
from PIL.PngImagePlugin import PngInfo  # noqa: E402

import metrics  # noqa: E402
import perceptual  # noqa: E402
from perceptual import measures, place_measures  # noqa: E402
from pictures import GROUPS, SETS, Box, Picture, pictures  # noqa: E402
from report import Row, mean, write_csv  # noqa: E402
from rivals import Candidate, default_rivals, eye_rivals, ours_saved, ours_with, versions  # noqa: E402

MOST = 1 << 24

# ---- many pictures ----

CACHE = Path(tempfile.gettempdir()) / "kmq-eye"


def _digest(*parts: object) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(part if isinstance(part, bytes) else repr(part).encode())
    return found.hexdigest()[:32]


@functools.cache
def _definition() -> str:
    """Return a key that changes with the measures, so that cached values of older definitions are not used."""
    return _digest(*(Path(module).read_bytes() for module in (perceptual.__file__, metrics.__file__)))


@functools.cache
def _programs() -> dict[str, str]:
    return {name: version for name, version in versions().items() if name in ("pillow", "imagequant", "pngquant")}


def _pixels(image: Image.Image) -> bytes:
    return repr((image.mode, image.size)).encode() + image.tobytes()


def result_of(candidate: Candidate, image: Image.Image, k: int) -> Image.Image:
    """Run a candidate; the result of a rival is cached on disk."""
    if candidate.ours:
        return candidate.run(image, k)
    path = CACHE / f"{_digest(candidate.name, _programs(), k, _pixels(image))}.png"
    if not path.exists():
        _save(path, lambda part: _store(candidate.run(image, k), image.mode, part))
    with Image.open(path) as found:
        return found.copy()


def _store(result: Image.Image, mode: str, path: Path) -> None:
    text = PngInfo()
    if "file" in result.info:
        text.add_text("file", str(result.info["file"]))
    result.convert(mode).save(path, "PNG", compress_level=1, pnginfo=text)


def _measured(image: Image.Image, result: Image.Image, window: Box, box: Box | None) -> dict[str, float]:
    """Measure a window of a result; cached on disk, as many options give the same result."""
    path = CACHE / f"{_digest(_definition(), _pixels(image), _pixels(result), window, box)}.json"
    if not path.exists():
        before, after = image.crop(window), result.crop(window)
        found = measures(before, after) | {"png": metrics.png_bytes(result)}
        found |= place_measures(before, after, box) if box else {}
        _save(path, lambda part: part.write_text(json.dumps(found)))
    return dict(json.loads(path.read_text()))


def _save(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file so that other processes never see a part of it."""
    CACHE.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}")
    write(part)
    part.replace(path)


def rows_of(candidates: list[Candidate], picture: Picture, k: int, crop: int | None = None) -> list[Row]:
    """Return a row for each candidate that takes the picture and keeps to `k` colours (sharp does not always).

    crop: side in pixels of the window that is measured, around the picture's box or in its middle; None for the whole
        picture. The whole picture is quantised in either case.
    """
    image = picture.read()
    left, top, right, bottom = window = _window(picture, image.size, crop)
    box = picture.box
    if box:
        box = max(0, box[0] - left), max(0, box[1] - top), min(right, box[2]) - left, min(bottom, box[3]) - top
    rows = []
    for one in candidates:
        if image.mode == "RGBA" and not one.alpha:
            continue
        raw = result_of(one, image, k)
        result = raw.convert(image.mode)
        if len(result.getcolors(MOST) or []) > k:
            continue
        row: Row = {"set": picture.set, "kind": picture.kind, "group": picture.group, "image": picture.name}
        row |= {"k": k, "candidate": one.name}
        if "file" in raw.info:
            row["file"] = int(raw.info["file"])
        rows.append(row | _measured(image, result, window, box))
    return rows


def _window(picture: Picture, size: tuple[int, int], crop: int | None) -> Box:
    """Return the part of a picture that is measured: all of it without `crop`."""
    if crop is None:
        return 0, 0, *size
    box = picture.box or (0, 0, *size)
    corner = [(box[axis] + box[axis + 2] - crop) // 2 for axis in (0, 1)]
    left, top = (max(0, min(start, length - crop)) for start, length in zip(corner, size, strict=True))
    return left, top, min(size[0], left + crop), min(size[1], top + crop)


_job: Callable[[tuple[Picture, int]], list[Row]]


def compare(
    candidates: list[Candidate],
    chosen: Iterable[Picture],
    colors: Iterable[int] = (16, 64, 256),
    crop: int | None = None,
    processes: int = 2,
) -> list[Row]:
    """Return the rows of all candidates on all pictures at each number of colours."""
    global _job
    colors = list(colors)
    jobs = [(picture, k) for picture in chosen for k in colors]
    _job = lambda job: rows_of(candidates, *job, crop)  # noqa: E731
    if processes == 1 or "fork" not in multiprocessing.get_all_start_methods():
        return [row for job in jobs for row in _job(job)]
    with multiprocessing.get_context("fork").Pool(processes) as pool:  # inherits candidates that cannot be pickled
        return [row for rows in pool.imap(_run_job, jobs, chunksize=len(colors)) for row in rows]


def _run_job(job: tuple[Picture, int]) -> list[Row]:
    return _job(job)


COLUMNS = [
    ("SSIMULACRA2", "ssimulacra2", ".1f"),
    ("FLIP", "flip", ".3f"),
    ("FLIP worst", "flip_worst", ".3f"),
    ("chroma worst", "chroma_worst", ".2f"),
    ("chroma lost", "chroma_lost", ".1%"),
    ("blur dE", "blur_mean", ".2f"),
    ("p99", "blur_p99", ".2f"),
    ("worst", "blur_worst", ".2f"),
    ("stray", "stray", ".2%"),
    ("place chroma", "place_chroma", ".2f"),
    ("place blur dE", "place_blur", ".2f"),
    ("mse3", "mse3", ".1f"),
    ("dE", "delta_e", ".2f"),
    ("PNG bytes", "png", ".0f"),
    ("file bytes", "file", ".0f"),
]


def tables(rows: list[Row], by_group: bool = True) -> str:
    """Format rows as Markdown: a table for all photos and one for each group; cells list means by number of colours."""
    parts = []
    for kind in dict.fromkeys(row["kind"] for row in rows):
        found = [row for row in rows if row["kind"] == kind]
        parts.append(_table(str(kind), found))
        groups = dict.fromkeys(row["group"] for row in found)
        if by_group and len(groups) > 1:
            parts += [_table(str(group), [row for row in found if row["group"] == group]) for group in groups]
    return "\n".join(parts)


def _table(title: str, rows: list[Row]) -> str:
    rows = _complete(rows)
    colors = list(dict.fromkeys(row["k"] for row in rows))
    columns = [column for column in COLUMNS if any(column[1] in row for row in rows)]
    lines = ["| candidate | " + " | ".join(column[0] for column in columns) + " |"]
    lines.append("|---" + "|---:" * len(columns) + "|")
    for name in dict.fromkeys(row["candidate"] for row in rows):
        mine = [row for row in rows if row["candidate"] == name]
        cells = [_cell(mine, colors, field, style) for _, field, style in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    count = len({row["image"] for row in rows})
    return f"### {title}: {count}, K = {' / '.join(map(str, colors))}\n\n" + "\n".join(lines) + "\n"


def _cell(rows: list[Row], colors: list[object], field: str, style: str) -> str:
    means = [mean([row for row in rows if row["k"] == k], field) for k in colors]
    return " / ".join("-" if value is None else format(value, style) for value in means)


def _complete(rows: list[Row]) -> list[Row]:
    """Drop the rows of candidates that did not take all pictures: their means would not be comparable."""
    counts = Counter((row["candidate"], row["k"]) for row in rows)
    most = max(counts.values(), default=0)
    return [row for row in rows if counts[row["candidate"], row["k"]] == most]


# ---- the command ----


def options_of(text: str) -> dict[str, object]:
    """Parse options of `pillow_kmq.quantize` from JSON or from name=value,name=value."""
    if text.startswith("{"):
        return dict(json.loads(text))
    pairs = [part.split("=", 1) for part in text.split(",") if part]
    return {name: _value(value) for name, value in pairs}


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def mine(text: str, saved: bool = False) -> Candidate:
    """Build a candidate from the text of its options: what `quantize` returns, or what a saved PNG8 holds."""
    return (ours_saved if saved else ours_with)(text or "defaults", **options_of(text))


def main() -> None:
    """Parse the arguments, measure, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("options", nargs="*", help="option sets of ours: name=value,name=value or JSON; '' for none")
    parser.add_argument("--set", choices=[*SETS, "all"], default="tune")
    parser.add_argument("--groups", nargs="+", choices=GROUPS, default=list(GROUPS))
    parser.add_argument("--images", nargs="+", default=[], metavar="NAME", help="only these pictures")
    parser.add_argument("--colors", nargs="+", type=int, default=[16, 64, 256])
    parser.add_argument("--crop", type=int, help="measure only so many pixels a side of each picture")
    parser.add_argument("--limit", type=int, help="so many pictures of each group")
    parser.add_argument("--rivals", nargs="*", metavar="PART", help="only rivals with one of these in the name")
    parser.add_argument("--defaults", action="store_true", help="against what the rivals' defaults give: dithered")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--csv", type=Path, help="file for the rows")
    parser.add_argument("--no-groups", action="store_true", help="photos, faces and skies only together")
    arguments = parser.parse_args()
    rivals = default_rivals() if arguments.defaults else eye_rivals()
    if arguments.rivals is not None:
        rivals = [one for one in rivals if any(part in one.name for part in arguments.rivals)]
    chosen = pictures(arguments.set, arguments.groups, arguments.images, arguments.limit)
    if not chosen:
        parser.error("no pictures: see pictures.py for where they are looked for")
    candidates = [mine(text, arguments.defaults) for text in arguments.options] + rivals
    rows = compare(candidates, chosen, arguments.colors, arguments.crop, arguments.processes)
    for name in dict.fromkeys(row["set"] for row in rows):
        print(f"## {name}\n\n{tables([row for row in rows if row['set'] == name], not arguments.no_groups)}")
    if arguments.csv:
        write_csv(arguments.csv.stem, rows, arguments.csv.parent)


if __name__ == "__main__":
    main()
