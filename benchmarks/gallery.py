"""Draw the gallery of the documentation: crops with 16 and 64 colours, next to those of pngquant and Pillow.

    python benchmarks/gallery.py               # docs/gallery/*.webp and docs/GALLERY.md
    python benchmarks/gallery.py --out DIR     # somewhere else, to look at first

All use their defaults: `image.save(..., format="PNG8", colors=K)`, `pngquant K` and `image.quantize(K)`. The whole
picture is quantised, then cropped and enlarged twice. Needs the dependency group `bench` and the pictures named in
README.md; exits if one is missing.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from contact_sheet import place, row_of, save, sheet
from eye import mine
from pictures import Picture, pictures
from report import HERE
from rivals import Candidate, default_rivals, versions

COLORS = (16, 64)
SHOWN = {
    "photo": "A face in a colourful picture: skin is a small part of all pixels",
    "chelsea": "Fur, eyes and a nose: few hues, soft shades",
    "rocket": "A sky at dawn: smooth, dark, of little chroma",
    "china": "A roof below a sky",
    "flower": "Petals before a blurred background",
    "coffee": "A still life: wood, foam and metal",
    "gradient": "A smooth drawing with alpha",
    "pixel-art": "Pixel art: flat colours, to be kept flat",
    "screenshot": "A screenshot: letters and flat areas",
    "sprite": "A sprite with soft edges",
}
CREDITS = """\
Pictures: `photo` by NASA, public domain; `chelsea` by Stefan van der Walt, `coffee` courtesy of Pikolo Espresso Bar and
`rocket` by SpaceX, all CC0, as shipped by scikit-image; `china` by danielbuechele and `flower` by vultilion, CC BY 2.0,
as shipped by scikit-learn, cropped and reduced in colours. The drawings are part of this project.
"""


def candidates() -> list[Candidate]:
    """Return pillow-kmq, pngquant and Pillow with their defaults."""
    rivals = {one.name: one for one in default_rivals()}
    if "pngquant" not in rivals:
        raise SystemExit("pngquant is missing: pip install --group bench")
    return [replace(mine("", saved=True), name="pillow-kmq"), rivals["pngquant"], rivals["Pillow"]]


def wanted() -> list[Picture]:
    """Return the pictures of the gallery, in order."""
    found = {picture.name: picture for picture in pictures(names=SHOWN)}
    missing = [name for name in SHOWN if name not in found]
    if missing:
        raise SystemExit(f"pictures are missing: {', '.join(missing)}; pictures.py says where they are looked for")
    return [found[name] for name in SHOWN]


def page(files: dict[str, str]) -> str:
    """Write the Markdown of the gallery, given the file of each picture."""
    programs = versions()
    against = f"pngquant {programs['pngquant']} and Pillow {programs['pillow']}"
    parts = [
        "# Gallery\n",
        f"The original, then pillow-kmq, {against},\n"
        "each with its defaults; 16 colours in the first row, 64 in the second. The whole picture is quantised,\n"
        "then cropped and enlarged twice. `benchmarks/gallery.py` draws these pictures.\n",
        "The [page of `kmq compare`](compare-example.html) shows two sample images with every number of colours,\n"
        "to [compare and choose](guide/compare.md).\n",
    ]
    parts += [f"## {SHOWN[name]}\n\n![{SHOWN[name]}]({file})\n" for name, file in files.items()]
    return "\n".join([*parts, CREDITS])


def main() -> None:
    """Draw all sheets and write the page that shows them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE.parent / "docs")
    arguments = parser.parse_args()
    shown, compared = wanted(), candidates()
    files = {}
    for number, picture in enumerate(shown, 1):
        files[picture.name] = f"gallery/{number:02}-{picture.name}.webp"
        rows = [row_of(compared, picture, k, place(picture)) for k in COLORS]
        save(sheet(rows), arguments.out / files[picture.name])
    (arguments.out / "GALLERY.md").write_text(page(files))


if __name__ == "__main__":
    main()
