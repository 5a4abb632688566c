"""Palettes per tile, as consoles have them, compared with tilequant.

    pip install tilequant                          # GPL; it is run, and nothing of it is used
    python benchmarks/tile_palettes.py             # the corpora, or the sample images where these are absent
    python benchmarks/tile_palettes.py --quick     # two images of each kind instead of at most eight

Entry 0 of each palette is transparent; all colours have five bits per channel. Images are cropped to whole tiles, and
visible pixels made opaque.

| column | measure |
|---|---|
| mse3 | squared RGB error, summed over channels, mean over visible pixels |
| dE | distance in Oklab x 100, mean over visible pixels |
| blurred | PSNR after a Gaussian blur of sigma 1.5, of images without transparency: what dithering improves |
| seconds | CPU time, mean over images |
| worse | images whose mse3 is above tilequant's |

"quantised first" is tilequant on an image that this package has reduced to palettes * colours, as its documentation
recommends. Each conversion has a process of its own, as tilequant sometimes crashes after several; if one
crashes, it has no row. Results go to results/tile_palettes.csv and results/tile_palettes.md.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from tilequant import DitheringMode, Tilequant

from metrics import blurred, oklab
from pictures import CORPORA, images_in
from pillow_kmq import quantize, quantize_tiles
from report import HERE, RESULTS, Row, heading, mean, table, write_csv

KEY = (255, 0, 254)  # what tilequant takes for transparent
SETTINGS = ((8, 16), (16, 16), (4, 4))
Convert = Callable[[Image.Image, int, int], Image.Image]


def ours(**options: object) -> Convert:
    """quantize_tiles with options."""
    return lambda im, palettes, colors: (
        quantize_tiles(im, (8, 8), palettes, colors, posterize="rgb555", **options).image
    )


def tilequant(dithering: DitheringMode, *, first: bool = False) -> Convert:
    """The rival, with its own defaults for the number of passes."""

    def convert(im: Image.Image, palettes: int, colors: int) -> Image.Image:
        if first:
            im = quantize(im, min(256, palettes * colors), space="srgb").convert("RGBA")
        keyed = Image.new("RGB", im.size, KEY)
        keyed.paste(im, (0, 0), im)
        level = 0.0 if dithering == DitheringMode.NONE else 1.0
        return Tilequant(keyed, KEY).convert(palettes, colors, dithering, level)

    return convert


def timed(convert: Convert, im: Image.Image, palettes: int, colors: int) -> tuple[Image.Image, float] | None:
    """The result and the CPU seconds of a conversion in a process of its own; None if that crashes."""
    forked = multiprocessing.get_context("fork")
    receiver, sender = forked.Pipe(duplex=False)

    def work() -> None:
        start = time.process_time()
        result = convert(im, palettes, colors)
        sender.send((result, time.process_time() - start))

    process = forked.Process(target=work)
    process.start()
    sender.close()
    try:
        return receiver.recv()
    except EOFError:
        return None
    finally:
        process.join()


CANDIDATES: dict[str, Convert] = {
    "tilequant": tilequant(DitheringMode.NONE),
    "tilequant, quantised first": tilequant(DitheringMode.NONE, first=True),
    "fast, srgb": ours(space="srgb", effort="fast"),
    "default, srgb": ours(space="srgb"),
    "fast": ours(effort="fast"),
    "default": ours(),
    "tilequant, ordered": tilequant(DitheringMode.ORDERED),
    "bayer": ours(dither="bayer"),
    "blue-noise": ours(dither="blue-noise"),
}


def main() -> None:
    """Measure, print, and write CSV and Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    for options in ({}, {"dither": "bayer"}):
        quantize_tiles(Image.effect_noise((64, 64), 90), **options)  # kernels are loaded
    quantize(Image.effect_noise((64, 64), 90).convert("RGBA"), 16, space="srgb")
    rows: list[Row] = []
    for kind, images in kinds(2 if arguments.quick else 8).items():
        for number, im in enumerate(images):
            for palettes, colors in SETTINGS:
                rows += compare(f"{kind} {number}", kind, im, palettes, colors)
        print(kind, len(images), flush=True)
    arguments.out.mkdir(exist_ok=True)
    write_csv("tile_palettes", rows, arguments.out)
    text = summary(rows)
    print(text)
    (arguments.out / "tile_palettes.md").write_text(text)


def kinds(most: int) -> dict[str, list[Image.Image]]:
    """Images by kind, RGBA with alpha 0 or 255, of whole tiles."""
    if not CORPORA.is_dir():
        return {"sample": [whole_tiles(Image.open(path)) for path in images_in(HERE.parent / "sample_images")[:most]]}
    photos = [Image.open(path) for path in images_in(CORPORA / "kodak")]
    sprites = [Image.open(path) for path in images_in(CORPORA / "sprites")]
    found = {
        "photo 768x512": photos[::6],
        "photo 256x224": [ImageOps.fit(photo, (256, 224)) for photo in photos[1::3]],
        "screenshot": [Image.open(path) for path in images_in(CORPORA / "screens")],
        "sprite sheet": list(sheets(sprites)),
    }
    return {kind: [whole_tiles(im) for im in images[:most]] for kind, images in found.items()}


def sheets(sprites: list[Image.Image]) -> Iterator[Image.Image]:
    """Five sprites side by side on each sheet."""
    for start in range(0, len(sprites) - 4, 5):
        five = [sprite.convert("RGBA") for sprite in sprites[start : start + 5]]
        widths = [-(-sprite.width // 8) * 8 for sprite in five]
        sheet = Image.new("RGBA", (sum(widths), -(-max(sprite.height for sprite in five) // 8) * 8))
        for number, sprite in enumerate(five):
            sheet.paste(sprite, (sum(widths[:number]), 0))
        yield sheet


def whole_tiles(im: Image.Image) -> Image.Image:
    """The image without partial tiles, each pixel opaque or transparent."""
    im = im.convert("RGBA").crop((0, 0, im.width // 8 * 8, im.height // 8 * 8))
    im.putalpha(im.getchannel("A").point(lambda alpha: 255 * (alpha >= 128)))
    return im


def compare(name: str, kind: str, im: Image.Image, palettes: int, colors: int) -> list[Row]:
    """One row per candidate."""
    visible = np.asarray(im)[..., 3] > 0
    before = np.asarray(im)[..., :3]
    rows: list[Row] = []
    for candidate, convert in CANDIDATES.items():
        found = timed(convert, im, palettes, colors)
        if found is None:
            print(f"{candidate} crashed on {name}, {palettes} x {colors}", flush=True)
            continue
        result, seconds = found
        after = np.asarray(result.convert("RGB"))
        check_tiles(np.asarray(result), colors)
        error = float(np.square(before.astype(float) - after).sum(axis=-1)[visible].mean())
        distance = 100 * np.sqrt(np.square(oklab(before) - oklab(after)).sum(axis=-1))[visible].mean()
        rows.append(
            {
                "image": name,
                "kind": kind,
                "setting": f"{palettes} x {colors}",
                "candidate": candidate,
                "mse3": error,
                "dE": float(distance),
                "blurred": blurred(before, after, 1.5) if visible.all() else None,
                "seconds": seconds,
            }
        )
        reference = [row for row in rows if row["candidate"] == "tilequant"]
        rows[-1]["worse"] = float(any(error > float(str(row["mse3"])) * 1.0001 for row in reference))
    return rows


def check_tiles(indices: np.ndarray, colors: int) -> None:
    """Raise if a tile uses two palettes."""
    rows, columns = indices.shape[0] // 8, indices.shape[1] // 8
    numbers = (indices // colors).reshape(rows, 8, columns, 8)
    if (numbers != numbers[:, :1, :, :1]).any():
        raise RuntimeError("a tile uses two palettes")


def total(rows: Iterable[Row], field: str) -> float:
    """Sum of a field."""
    return sum(float(str(row[field])) for row in rows)


def summary(rows: list[Row]) -> str:
    """Tables of means, one for each kind and setting."""
    text = "# Palettes per tile\n\n" + heading("see tile_palettes.py")
    text += f"- rival: tilequant {version('tilequant')}\n"
    for kind in dict.fromkeys(row["kind"] for row in rows):
        for setting in dict.fromkeys(row["setting"] for row in rows):
            some = [row for row in rows if row["kind"] == kind and row["setting"] == setting]
            text += f"\n## {kind}, {setting}: {len({row['image'] for row in some})} images\n\n"
            text += table(some, COLUMNS)
    return text


COLUMNS = [
    ("mse3", "mse3", mean, ".1f"),
    ("dE", "dE", mean, ".2f"),
    ("blurred", "blurred", mean, ".2f"),
    ("seconds", "seconds", mean, ".3f"),
    ("worse", "worse", total, ".0f"),
]


if __name__ == "__main__":
    main()
