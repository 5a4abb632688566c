"""A sheet of crops to judge with one's own eyes: a row per picture, original first, then ours and the rivals.

    python benchmarks/contact_sheet.py                          # Kodak crops, the sample images; K = 16
    python benchmarks/contact_sheet.py --folder DIR --colors 32 --out sheet.png

Every picture is quantised whole and cropped afterwards; pixels are doubled, transparency is shown on a
chequerboard. Writes benchmarks/results/contact_sheet_kN.webp (lossless), or --out (one number of colours).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import metrics
from quantisers import CORPORA, images_in
from report import HERE, RESULTS
from rivals import Candidate, dithering_rivals, ours, plain_rivals

WIDTH, HEIGHT, ZOOM, GAP, LABEL = 176, 144, 2, 8, 26

# Where it shows: smooth cloth and its shading, skin, sky, feathers, fine texture. Left and top of the crop.
CROPS = {
    "03": (90, 90),
    "04": (180, 250),
    "15": (300, 80),
    "20": (60, 200),
    "23": (190, 60),
    "13": (330, 250),
}


def columns(k: int) -> list[Candidate]:
    """What is shown, left to right."""
    found = [ours("default", "srgb"), ours("default", "oklab")]
    found += [ours("default", "srgb", dither) for dither in ("floyd-steinberg", "selective", "blue-noise")]
    wanted = ("imagequant", "Pillow FASTOCTREE + FS")
    found += [Candidate(f"{one.name}, dithered", one.run) for one in dithering_rivals() if one.name in wanted]
    return found + [one for one in plain_rivals() if one.name == "imagequant"]


def crop(image: Image.Image, name: str) -> Image.Image:
    """A crop at its place of interest, or at the centre, doubled and over a chequerboard."""
    left, top = CROPS.get(name, ((image.width - WIDTH) // 2, (image.height - HEIGHT) // 2))
    left, top = max(0, min(left, image.width - WIDTH)), max(0, min(top, image.height - HEIGHT))
    box = (left, top, min(left + WIDTH, image.width), min(top + HEIGHT, image.height))
    part = image.convert("RGBA").crop(box)
    part = part.resize((part.width * ZOOM, part.height * ZOOM), Image.Resampling.NEAREST)
    ground = Image.new("RGBA", part.size, (255, 255, 255, 255))
    draw = ImageDraw.Draw(ground)
    for y in range(0, part.height, 32):
        for x in range(y // 32 % 2 * 32, part.width, 64):
            draw.rectangle((x, y, x + 31, y + 31), fill=(190, 190, 190, 255))
    return Image.alpha_composite(ground, part).convert("RGB")


def sheet(files: list[Path], k: int) -> Image.Image:
    """The sheet for one number of colours."""
    shown = columns(k)
    font = ImageFont.load_default(17)
    across, down = WIDTH * ZOOM + GAP, HEIGHT * ZOOM + GAP
    page = Image.new("RGB", ((len(shown) + 1) * across + GAP, len(files) * down + LABEL + GAP), (48, 48, 48))
    draw = ImageDraw.Draw(page)
    for column, label in enumerate([f"original (then K = {k})", *(one.name for one in shown)]):
        draw.text((GAP + column * across, 5), label, (255, 255, 255), font)
    for row, path in enumerate(files):
        original = metrics.read(path)
        place = LABEL + row * down
        page.paste(crop(original, path.stem), (GAP, place))
        for column, one in enumerate(shown, 1):
            image = original if original.mode == "RGB" or "MEDIAN" not in one.name else original.convert("RGB")
            page.paste(crop(one.run(image, k), path.stem), (GAP + column * across, place))
    return page


def main() -> None:
    """Parse the arguments and write the sheets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--colors", type=int, nargs="+", default=[16])
    parser.add_argument("--out", type=Path, help="file for one number of colours")
    arguments = parser.parse_args()
    if arguments.out and len(arguments.colors) > 1:
        parser.error("--out takes one number of colours")
    if arguments.folder:
        files = images_in(arguments.folder)
    else:
        files = [path for path in images_in(CORPORA / "kodak") if path.stem in CROPS]
        files += images_in(HERE.parent / "sample_images")
    if not files:
        parser.error("no images: give --folder DIR")
    for k in arguments.colors:
        path = arguments.out or RESULTS / f"contact_sheet_k{k}.webp"
        path.parent.mkdir(parents=True, exist_ok=True)
        sheet(files, k).save(path, **({"lossless": True, "method": 6} if path.suffix == ".webp" else {}))
        print(path)


if __name__ == "__main__":
    main()
