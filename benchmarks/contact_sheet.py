"""Draw a sheet of crops to judge by eye: a row per picture and number of colours, the original first.

    python benchmarks/contact_sheet.py                     # the crops below with 16 colours
    python benchmarks/contact_sheet.py --images photo 15 --colors 20 32 --options "" space=oklab,dither=selective
    python benchmarks/contact_sheet.py --images photo --box 195 80 355 240 --rivals pngquant imagequant --out face.png
    python benchmarks/contact_sheet.py --folder DIR --defaults   # any folder; rivals as their defaults dither

Every picture is quantised whole and cropped afterwards; pixels are doubled, and transparency is shown on a
chequerboard. Writes benchmarks/results/contact_sheet_kN.webp (lossless), or --out.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from eye import mine, result_of
from pictures import Box, Picture, images_in, pictures
from report import RESULTS
from rivals import Candidate, default_rivals, eye_rivals

SIDE, ZOOM, GAP, LABEL = 160, 2, 8, 26

PLACES: dict[str, tuple[int, int]] = {
    "03": (90, 90),
    "04": (200, 360),
    "13": (330, 250),
    "15": (400, 60),
    "16": (460, 60),
    "18": (210, 90),
    "20": (60, 200),
    "21": (130, 60),
    "23": (400, 180),
    "photo": (150, 60),
    "gradient": (130, 150),
    "pixel-art": (185, 90),
    "screenshot": (200, 60),
    "coffee": (240, 130),
    "sprite": (80, 80),
}
"""Left and top of the crop: skin, skies, smooth cloth, feathers, fine texture, flat art and letters."""


def place(picture: Picture) -> Box:
    """Return the crop of a picture: the one above, or the middle of its box or of the whole."""
    with Image.open(picture.path) as image:
        width, height = image.size
    box = picture.box or (0, 0, width, height)
    middle = ((box[0] + box[2] - SIDE) // 2, (box[1] + box[3] - SIDE) // 2)
    left, top = PLACES.get(picture.name, middle)
    left, top = max(0, min(left, width - SIDE)), max(0, min(top, height - SIDE))
    return left, top, min(width, left + SIDE), min(height, top + SIDE)


def crop(image: Image.Image, box: Box, zoom: int = ZOOM) -> Image.Image:
    """Cut a box out of an image, enlarged and over a chequerboard."""
    part = image.convert("RGBA").crop(box)
    part = part.resize((part.width * zoom, part.height * zoom), Image.Resampling.NEAREST)
    ground = Image.new("RGBA", part.size, (255, 255, 255, 255))
    draw = ImageDraw.Draw(ground)
    for y in range(0, part.height, 32):
        for x in range(y // 32 % 2 * 32, part.width, 64):
            draw.rectangle((x, y, x + 31, y + 31), fill=(190, 190, 190, 255))
    return Image.alpha_composite(ground, part).convert("RGB")


def sheet(rows: list[list[tuple[str, Image.Image]]]) -> Image.Image:
    """Draw one page of labelled pictures."""
    font = ImageFont.load_default(16)
    across = max(image.width for row in rows for _, image in row) + GAP
    heights = [max(image.height for _, image in row) + LABEL + GAP for row in rows]
    page = Image.new("RGB", (max(map(len, rows)) * across + GAP, sum(heights) + GAP), (48, 48, 48))
    draw = ImageDraw.Draw(page)
    for index, row in enumerate(rows):
        top = GAP + sum(heights[:index])
        for column, (label, image) in enumerate(row):
            left = GAP + column * across
            page.paste(image, (left, top + LABEL))
            while font.getlength(label) > across - GAP:
                label = label[:-1]
            draw.text((left, top + 2), label, (255, 255, 255), font)
    return page


def row_of(candidates: list[Candidate], picture: Picture, k: int, box: Box) -> list[tuple[str, Image.Image]]:
    """Return the original and the result of every candidate that takes it, cropped, with labels."""
    original = picture.read()
    cells = [(f"{picture.name}, then K = {k}", crop(original, box))]
    for one in candidates:
        if original.mode == "RGB" or one.alpha:
            cells.append((one.name, crop(result_of(one, original, k), box)))
    return cells


def chosen_pictures(names: list[str], folder: Path | None) -> list[Picture]:
    """List pictures by name, those of a folder, or those that have a place above."""
    if folder:
        return [Picture(path.stem, "photo", "tune", path) for path in images_in(folder)]
    return pictures(names=names or PLACES)


def save(page: Image.Image, path: Path) -> None:
    """Write a sheet, losslessly."""
    path.parent.mkdir(parents=True, exist_ok=True)
    page.save(path, **({"lossless": True, "method": 6} if path.suffix == ".webp" else {}))
    print(path)


def main() -> None:
    """Parse the arguments and write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", nargs="+", default=[], metavar="NAME", help="names of pictures.py")
    parser.add_argument("--folder", type=Path, help="all images of a folder instead")
    parser.add_argument("--box", type=int, nargs=4, metavar=("LEFT", "TOP", "RIGHT", "BOTTOM"))
    parser.add_argument("--colors", type=int, nargs="+", default=[16])
    parser.add_argument("--options", nargs="*", default=[""], help="option sets of ours, as eye.py takes them")
    parser.add_argument("--rivals", nargs="*", metavar="PART", help="only rivals with one of these in the name")
    parser.add_argument("--defaults", action="store_true", help="rivals, and ours saved, as their defaults are")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    shown = chosen_pictures(arguments.images, arguments.folder)
    if not shown:
        parser.error("no pictures: see pictures.py for where they are looked for")
    rivals = default_rivals() if arguments.defaults else eye_rivals()
    if arguments.rivals is not None:
        rivals = [one for one in rivals if any(part in one.name for part in arguments.rivals)]
    candidates = [mine(text, arguments.defaults) for text in arguments.options] + rivals
    box = tuple(arguments.box) if arguments.box else None
    rows = [row_of(candidates, picture, k, box or place(picture)) for picture in shown for k in arguments.colors]
    name = "_".join(f"k{k}" for k in arguments.colors)
    save(sheet(rows), arguments.out or RESULTS / f"contact_sheet_{name}.webp")


if __name__ == "__main__":
    main()
