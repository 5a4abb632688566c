"""Draw docs/example.png, the picture of the README: a crop of the sample photo, as it is and with few colours."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

import pillow_kmq

ROOT = Path(__file__).resolve().parent.parent
CROP = (90, 0, 350, 300)


def main() -> None:
    """Original, 20 colours, 20 colours dithered, side by side, themselves saved with a palette."""
    photo = Image.open(ROOT / "sample_images" / "photo.png").convert("RGB")
    variants = [photo, pillow_kmq.quantize(photo, 20), pillow_kmq.quantize(photo, 20, dither="auto")]
    width, height = CROP[2] - CROP[0], CROP[3] - CROP[1]
    sheet = Image.new("RGB", (3 * width + 20, height), "white")
    for i, variant in enumerate(variants):
        sheet.paste(variant.convert("RGB").crop(CROP), (i * (width + 10), 0))
    sheet.save(ROOT / "docs" / "example.png", format="PNG8", effort="best", optimize=True)


if __name__ == "__main__":
    main()
