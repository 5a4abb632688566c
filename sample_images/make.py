"""Make the sample images: `python sample_images/make.py [FOLDER]`, by default into this folder.

Needs NumPy and a Pillow with FreeType. The photo is copied out of scikit-image where that is installed. The
rest is drawn from fixed seeds; the committed files are the reference, as another FreeType may draw letters
otherwise.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from draw_pixels import pixel_art, sixteen
from draw_smooth import gradient, screenshot, sprite

DRAWINGS = {
    "gradient.png": gradient,
    "pixel-art.png": pixel_art,
    "screenshot.png": screenshot,
    "sixteen.png": sixteen,
    "sprite.png": sprite,
}


def main() -> None:
    """Write all images into the folder named on the command line."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in DRAWINGS.items():
        draw().save(folder / name, optimize=True)
    copy_photo(folder / "photo.png")


def copy_photo(target: Path) -> None:
    """NASA's portrait of Eileen Collins, byte for byte as scikit-image ships it."""
    try:
        import skimage.data
    except ImportError:
        print(f"{target} left alone: copying it needs scikit-image", file=sys.stderr)
        return
    shutil.copyfile(Path(skimage.data.__file__).parent / "astronaut.png", target)


if __name__ == "__main__":
    main()
