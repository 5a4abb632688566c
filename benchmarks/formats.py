"""Sizes and speeds of lossless palette formats on indexed images.

    python benchmarks/formats.py            # KMQ anew; the rivals as committed, where their sizes are known
    python benchmarks/formats.py --rivals   # all anew: an hour
    python benchmarks/formats.py FOLDER     # other PNGs of mode P, as CLASS/kN/*.png; nothing is committed

KMQ files are written with palette_mode "compact", as the rivals keep neither order nor unused entries. Times are CPU
seconds of whole calls, one thread, compiled; KMQ's are the least of five passes over all files, minutes apart, and in
each of as many calls as take 0.07 s. The files of a class are encoded in turns and then decoded in turns, as where a
folder is converted or shown. Speeds are kept by processor: those of others stay as committed.
Needs pyoxipng and pillow-jxl-plugin. Writes results/formats.csv (bytes of each file), formats_speed.csv and formats.md.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import oxipng
import pillow_jxl  # noqa: F401  registers JPEG XL
from PIL import Image

from pillow_kmq import codec
from pillow_kmq.codec.levels.fast.arrays import array_colors
from pillow_kmq.codec.symbols.color_tree import tree
from report import HERE, RESULTS, Row, heading, processor, write_csv

CORPUS = HERE.parent.parent / "shared" / "corpora" / "indexed"
LEVELS = tuple(f"kmq-{level}" for level in codec.COMPRESSIONS)
BEST_OF = ("oxipng-max", "webp", "jxl-e9")
PASSES, SECONDS = 5, 0.07
Encode = Callable[[Image.Image], bytes]
Pictures = list[tuple[str, Image.Image]]


def saved(image: Image.Image, format_: str, **options: Any) -> bytes:
    """A file in memory."""
    stream = BytesIO()
    image.save(stream, format_, **options)
    return stream.getvalue()


def full_color(image: Image.Image) -> Image.Image:
    """What formats without palettes are given: RGB, or RGBA where something is translucent."""
    rgba = image.convert("RGBA")
    return rgba if rgba.getextrema()[3][0] < 255 else rgba.convert("RGB")


def webp(image: Image.Image) -> bytes:
    """The smaller of the files that keep and that drop the colours of transparent pixels."""
    options = {"lossless": True, "quality": 100, "method": 6}
    return min((saved(full_color(image), "WEBP", exact=exact, **options) for exact in (False, True)), key=len)


def gif(image: Image.Image) -> bytes:
    """GIF, which has one transparent entry at most: without any here."""
    copy = image.copy()
    copy.info.pop("transparency", None)
    return saved(copy, "GIF")


RIVALS: dict[str, Encode] = {
    "oxipng-max": lambda im: oxipng.optimize_from_memory(saved(im, "PNG", optimize=True), level=6),
    "webp": webp,
    "jxl-e9": lambda im: saved(full_color(im), "JXL", lossless=True, effort=9),
    "gif": gif,
}
OURS: dict[str, Encode] = {
    f"kmq-{level}": lambda im, c=level: saved(im, "KMQ", compression=c, palette_mode="compact")
    for level in codec.COMPRESSIONS
}


@dataclass
class Table:
    """What is known of each file, by its path in the corpus: bytes, and MP/s of encoding and decoding, by format.

    committed: MP/s by processor, class and format, for what is not measured anew.
    """

    sizes: dict[str, Row] = field(default_factory=dict)
    speeds: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    committed: dict[tuple[str, str, str], tuple[float, float]] = field(default_factory=dict)

    def add_speeds(self, file: str, format_: str, encode: float, decode: float) -> None:
        """The best count."""
        before = self.speeds.get((file, format_), (0.0, 0.0))
        self.speeds[file, format_] = max(before[0], encode), max(before[1], decode)

    def groups(self) -> Iterator[tuple[str, list[Row]]]:
        """Classes with their files."""
        for name in sorted({Path(file).parent.as_posix() for file in self.sizes}):
            yield name, [row for file, row in self.sizes.items() if Path(file).parent.as_posix() == name]


def committed(name: str) -> list[dict[str, str]]:
    """Rows of a table in results/."""
    path = RESULTS / f"{name}.csv"
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def measure(folder: Path, only: tuple[str, ...], *, again: bool) -> Table:
    """Encode and decode everything; rivals that are known already only if `again`."""
    table = Table()
    known = {} if again else {row["file"]: row for row in committed("formats")}
    for speeds in committed("formats_speed") if folder == CORPUS else ():
        pair = float(speeds["encode_mps"]), float(speeds["decode_mps"])
        table.committed[speeds["processor"], speeds["class"], speeds["format"]] = pair
    groups = list(classes(folder, only))
    for pictures in groups:
        for name, image in pictures:
            table.sizes[name] = {"file": name, "pixels": image.width * image.height}
        for rival, encode in RIVALS.items():
            if all(rival in known.get(name, {}) for name, _ in pictures):
                for name, _ in pictures:
                    table.sizes[name][rival] = int(known[name][rival])
            else:
                measure_class(table, pictures, rival, encode, 0)
    for _ in range(PASSES):
        for pictures in groups:
            for level, encode in OURS.items():
                measure_class(table, pictures, level, encode, SECONDS)
    return table


def classes(folder: Path, only: tuple[str, ...]) -> Iterator[Pictures]:
    """Files whose path in the folder begins in one of these ways, by that path, class by class."""
    paths = {path.relative_to(folder).as_posix(): path for path in folder.glob("*/k*/*.png")}
    chosen = sorted(name for name in paths if name.startswith(only))
    for _, names in itertools.groupby(chosen, lambda name: Path(name).parent):
        pictures = []
        for name in names:
            with Image.open(paths[name]) as image:
                image.load()
                pictures.append((name, image))
        yield pictures


def measure_class(table: Table, pictures: Pictures, format_: str, encode: Encode, seconds: float) -> None:
    """Encode all, then decode all: bytes and speeds go to the table. seconds: for either, of each file."""
    files: dict[str, bytes] = {}

    def encoded(name: str, image: Image.Image) -> None:
        files[name] = encode(image)

    def decoded(name: str, _: Image.Image) -> None:
        if format_ != "gif":  # of which only the size counts: transparent entries are gone
            Image.open(BytesIO(files[name])).load()

    encoding, decoding = (least_seconds(pictures, call, seconds) for call in (encoded, decoded))
    for name, image in pictures:
        million = image.width * image.height / 1e6
        table.sizes[name][format_] = len(files[name])
        table.add_speeds(name, format_, million / encoding[name], million / max(decoding[name], 1e-6))


def least_seconds(pictures: Pictures, call: Callable[[str, Image.Image], None], seconds: float) -> dict[str, float]:
    """CPU time of a call for each picture, at least one each, and as many as take `seconds` for each.

    In turns, as a processor that has just seen the same picture foresees what comes.
    """
    least: dict[str, float] = {}
    left = seconds * len(pictures)
    while left > 0 or not least:
        for name, image in pictures:
            forget()
            begin = time.process_time()
            call(name, image)
            spent = time.process_time() - begin
            least[name] = min(spent, least.get(name, spent))
            left -= spent
    return least


def forget() -> None:
    """Make the next call find out all about a palette, as a new one would."""
    tree.cache_clear()
    array_colors.cache_clear()


def total(rows: list[Row], format_: str) -> int:
    """Bytes of all files."""
    return sum(int(str(row[format_])) for row in rows)


def sizes_of(table: Table) -> str:
    """Bytes of each class; for KMQ, over the best of the rivals."""
    names = [*BEST_OF, "gif"]
    lines = [
        "| class | files | " + " | ".join(names) + " | " + " | ".join(LEVELS) + " |",
        "|---|---:" + "|---:" * (len(names) + len(LEVELS)) + "|",
    ]
    ratios: dict[str, list[float]] = {level: [] for level in LEVELS}
    for name, rows in table.groups():
        best = min(total(rows, rival) for rival in BEST_OF)
        cells = [str(total(rows, rival)) for rival in names]
        for level in LEVELS:
            ratios[level].append(total(rows, level) / best)
            cells.append(f"{ratios[level][-1]:.3f}")
        lines.append(f"| {name} | {len(rows)} | " + " | ".join(cells) + " |")
    means = [f"{statistics.fmean(ratios[level]):.3f}" for level in LEVELS]
    lines.append("| mean of classes | | " + " | ".join([""] * len(names) + means) + " |")
    return "\n".join(lines) + "\n"


def worst_of(table: Table) -> str:
    """For each level: files that are larger than the best of the rivals by more than 2 % and by more than 16 bytes."""
    lines = []
    for level in LEVELS:
        found = []
        for name, row in table.sizes.items():
            best = min(int(str(row[rival])) for rival in BEST_OF)
            size = int(str(row[level]))
            if size > best * 1.02 and size > best + 16:
                found.append(f"{name} ({size} bytes, best {best})")
        lines.append(f"- {level}: {len(found)} of {len(table.sizes)}" + "".join(f"; {one}" for one in found[:3]))
    return "\n".join(lines) + "\n"


def oxipng_ratios(table: Table) -> str:
    """Each level over oxipng, by kind of image, plain and dithered together."""
    lines = ["| kind | " + " | ".join(["webp", "jxl-e9", *LEVELS]) + " |", "|---" + "|---:" * (len(LEVELS) + 2) + "|"]
    for kind in sorted({file.split("/")[0] for file in table.sizes}):
        groups = [rows for name, rows in table.groups() if name.split("/")[0] == kind]
        cells = []
        for format_ in ("webp", "jxl-e9", *LEVELS):
            cells.append(f"{statistics.fmean(total(rows, format_) / total(rows, 'oxipng-max') for rows in groups):.3f}")
        lines.append(f"| {kind} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def speed_rows(table: Table) -> list[Row]:
    """Median MP/s of each class and format, by processor."""
    measured: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    this = processor()
    for (file, format_), pair in table.speeds.items():
        measured.setdefault((this, Path(file).parent.as_posix(), format_), []).append(pair)
    known = {key: [pair] for key, pair in table.committed.items()}
    return [
        {
            "processor": model,
            "class": name,
            "format": format_,
            "encode_mps": statistics.median(speed[0] for speed in speeds),
            "decode_mps": statistics.median(speed[1] for speed in speeds),
        }
        for (model, name, format_), speeds in sorted({**known, **measured}.items())
    ]


def speeds_of(table: Table) -> str:
    """Encoding / decoding in MP/s, medians over the files of a class; a table for each processor, this one's first."""
    rows = {(str(row["processor"]), str(row["class"]), str(row["format"])): row for row in speed_rows(table)}
    parts = []
    this = processor()
    for model in sorted({key[0] for key in rows}, key=lambda model: (model != this, model)):
        formats = [name for name in (*BEST_OF, *LEVELS) if any(key[::2] == (model, name) for key in rows)]
        lines = [f"### {model}\n", "| class | " + " | ".join(formats) + " |", "|---" + "|---:" * len(formats) + "|"]
        for name, _ in table.groups():
            found = [rows.get((model, name, format_)) for format_ in formats]
            cells = [f"{row['encode_mps']:.2f} / {row['decode_mps']:.1f}" if row else "" for row in found]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def main() -> None:
    """Measure and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=CORPUS)
    parser.add_argument("--rivals", action="store_true")
    parser.add_argument("--only", nargs="*", default=[], metavar="CLASS/kN", help="beginnings of paths")
    arguments = parser.parse_args()
    codec.set_threads(1)
    codec.warmup()
    warnings.simplefilter("ignore")
    whole = arguments.folder == CORPUS and not arguments.only
    again = arguments.rivals or arguments.folder != CORPUS
    table = measure(arguments.folder, tuple(arguments.only) or ("",), again=again)
    text = "\n".join(
        [
            "# Lossless palette formats\n",
            heading(f"{len(table.sizes)} palette images"),
            "## Bytes; of KMQ, over the best of " + ", ".join(BEST_OF) + "\n",
            sizes_of(table),
            "## Files more than 2 % and 16 bytes above the best\n",
            worst_of(table),
            "## Bytes over oxipng's, mean of classes\n",
            oxipng_ratios(table),
            "## MP/s, encoding / decoding\n",
            "Files of a class are encoded in turns, and then decoded in turns; README.md says which table is older.\n",
            speeds_of(table),
        ]
    )
    print(text)
    out = RESULTS if whole else RESULTS / "local"
    write_csv("formats", list(table.sizes.values()), out)
    write_csv("formats_speed", speed_rows(table), out)
    (out / "formats.md").write_text(text)


if __name__ == "__main__":
    main()
