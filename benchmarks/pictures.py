"""The pictures that are measured: their groups, their files, and which of them may be used for tuning.

A picture is of one group and of one set: options and constants are chosen on "tune"; "held out" only judges them.
Pictures come from this repository, from `../shared` beside the checkout (README.md), and from packages that ship
freely usable ones (scikit-image, scikit-learn, matplotlib; the dependency group `bench`). Absent ones are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

import metrics

HERE = Path(__file__).resolve().parent
SETS = ("tune", "held out")
PHOTOS = ("photo", "face", "sky")
GROUPS = (*PHOTOS, "art", "icon", "logo", "text")


def shared(name: str) -> Path:
    """Return a folder of `shared`, next to the checkout or to a folder that contains it."""
    for parent in HERE.parents[1:]:
        if (parent / "shared" / name).is_dir():
            return parent / "shared" / name
    return HERE.parent.parent / "shared" / name


CORPORA = shared("corpora")
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"}


Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Picture:
    """A picture in a file.

    box: its face or sky (left, top, right, bottom), or None.
    """

    name: str
    group: str
    set: str
    path: Path
    box: Box | None = None

    @property
    def kind(self) -> str:
        """Return the group, or "photos" for all groups of photos."""
        return "photos" if self.group in PHOTOS else self.group

    def read(self) -> Image.Image:
        """Read it as RGBA if any pixel is not opaque, else as RGB."""
        return metrics.read(self.path)


# FOLDER/START is the first file of that start, PACKAGE:PATH a file of an installed package.
TUNE = {
    "photo": "kodak/01 kodak/05 kodak/08 kodak/13 kodak/23 skimage:data/coffee.png",
    "face": "samples/photo kodak/15 kodak/18",
    "sky": "kodak/03 kodak/16 kodak/20 kodak/21 skimage:data/rocket.jpg",
    "art": "samples/pixel-art samples/sixteen samples/gradient samples/sprite "
    "sprites/00 sprites/02 sprites/04 sprites/06 sprites/08 sprites/12 sprites/14",
    "icon": "icons/00 icons/02 icons/04 icons/06 icons/08 icons/10 icons/12 icons/14",
    "logo": "cases/11-logo skimage:data/logo.png",
    "text": "samples/screenshot cases/11-text screens/00 screens/02 screens/04 screens/06 screens/08 screens/10 "
    "screens/12",
}
HELD_OUT = {
    "photo": "kodak/02 kodak/07 kodak/09 kodak/10 kodak/11 kodak/14 kodak/17 kodak/22 kodak/24 "
    "skimage:data/chelsea.png sklearn:datasets/images/flower.jpg",
    "face": "kodak/04 kodak/12 matplotlib:mpl-data/sample_data/grace_hopper.jpg",
    "sky": "kodak/06 kodak/19 sklearn:datasets/images/china.jpg",
    "art": "matplotlib:mpl-data/sample_data/Minduka_Present_Blue_Pack.png "
    "sprites/01 sprites/03 sprites/05 sprites/07 sprites/09 sprites/11 sprites/13",
    "icon": "icons/01 icons/03 icons/05 icons/07 icons/09 icons/11 icons/13",
    "logo": "matplotlib:mpl-data/sample_data/logo2.png",
    "text": "screens/01 screens/03 screens/05 screens/07 screens/09 screens/11 screens/13",
}


PLACES: dict[str, Box] = {
    "photo": (195, 80, 260, 170),
    "15": (400, 60, 680, 420),
    "18": (265, 115, 300, 185),
    "04": (190, 270, 360, 540),
    "12": (300, 100, 350, 190),
    "grace_hopper": (170, 130, 365, 320),
    "03": (420, 20, 700, 220),
    "16": (100, 30, 700, 200),
    "20": (300, 30, 740, 200),
    "21": (20, 10, 320, 140),
    "rocket": (330, 60, 590, 260),
    "06": (400, 10, 740, 110),
    "19": (20, 10, 230, 280),
    "china": (350, 10, 620, 130),
}
"""The box of a face or a sky: measured separately, and the centre of the window when not all is measured."""


def images_in(folder: Path) -> list[Path]:
    """Image files of a folder, sorted."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES) if folder.is_dir() else []


def _found(place: str) -> Path | None:
    """Return the file of a place in the lists above, or None if it is absent."""
    if ":" in place:
        package, rest = place.split(":")
        spec = find_spec(package)
        path = Path(spec.origin).parent / rest if spec and spec.origin else Path(rest)
        return path if path.exists() else None
    folder, start = place.split("/")
    folders = {"samples": HERE.parent / "sample_images", "cases": shared("cases")}
    return next(iter(sorted(folders.get(folder, CORPORA / folder).glob(f"{start}*"))), None)


def pictures(
    which: str = "all",
    groups: Iterable[str] = GROUPS,
    names: Iterable[str] = (),
    limit: int | None = None,
) -> list[Picture]:
    """List the pictures that are present.

    which: a set, or "all".
    groups: their groups.
    names: only pictures of these names; empty for all.
    limit: at most so many of each group and set; None for all.
    """
    found, wanted = [], set(names)
    for name, places in zip(SETS, (TUNE, HELD_OUT), strict=True):
        for group in groups if which in (name, "all") else ():
            paths = [path for path in map(_found, places[group].split()) if path]
            found += [Picture(path.stem, group, name, path, PLACES.get(path.stem)) for path in paths[:limit]]
    return [picture for picture in found if not wanted or picture.name in wanted]
