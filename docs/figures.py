"""Draw the figures of the documentation into docs/figures: `python docs/figures.py`.

Needs only the package itself. Diagrams are SVG; pictures are palette PNGs made by the quantiser.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

import pillow_kmq
from pillow_kmq.collection import convert, learn_palette, read_manifest

HERE = Path(__file__).parent
FIGURES = HERE / "figures"
PHOTO = HERE.parent / "sample_images" / "photo.png"

INK, FAINT, BLUE, ORANGE, GREEN = "#222222", "#f2f2f2", "#cfe2ff", "#ffe0b8", "#d3efd3"
Floats = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]


class Drawing:
    """An SVG picture on a white ground, so that it can be read on dark pages too."""

    def __init__(self, width: int, height: int) -> None:
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            'font-family="sans-serif" font-size="14" text-anchor="middle">',
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
            f'orient="auto"><path d="M0 0 8 4 0 8z" fill="{INK}"/></marker></defs>',
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        ]

    def box(
        self, x: float, y: float, w: float, h: float, text: str = "", fill: str = FAINT, dashed: bool = False
    ) -> None:
        dash = ' stroke-dasharray="4 3"' if dashed else ""
        self._parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="4" fill="{fill}" stroke="{INK}"{dash}/>'
        )
        lines = text.split("\n")
        for i, line in enumerate(lines):
            self.text(x + w / 2, y + h / 2 + 5 + 17 * (i - (len(lines) - 1) / 2), line)

    def text(self, x: float, y: float, text: str, anchor: str = "middle", size: int = 14) -> None:
        text = text.replace("&", "&amp;").replace("<", "&lt;")
        self._parts.append(
            f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size}" fill="{INK}">{text}</text>'
        )

    def arrow(self, *points: tuple[float, float], head: bool = True, color: str = INK, width: float = 1.2) -> None:
        line = " ".join(f"{x:g},{y:g}" for x, y in points)
        end = ' marker-end="url(#arrow)"' if head else ""
        self._parts.append(f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="{width:g}"{end}/>')

    def dot(self, x: float, y: float, radius: float, fill: str, stroke: str = "") -> None:
        edge = f' stroke="{stroke}"' if stroke else ""
        self._parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{fill}"{edge}/>')

    def save(self, name: str) -> None:
        (FIGURES / name).write_text("\n".join([*self._parts, "</svg>", ""]), encoding="utf-8")


def hexadecimal(color: Sequence[int] | Bytes) -> str:
    return "#" + bytes(int(c) for c in color[:3]).hex()


# The coder


def draw_neighbours() -> None:
    picture = Drawing(430, 196)
    rows = (("", "NNW", "NN", "NNE", ""), ("NWW", "NW", "N", "NE", "NEE"), ("WW", "W", "?", "", ""))
    for y, row in enumerate(rows):
        for x, name in enumerate(row):
            coded = y < 2 or x < 2
            fill = ORANGE if name == "?" else BLUE if name else FAINT if coded else "#ffffff"
            picture.box(20 + 78 * x, 16 + 44 * y, 78, 44, name, fill, dashed=not coded and name != "?")
    picture.text(215, 176, "blue: neighbours; orange: the pixel to code; dashed: not yet known")
    picture.save("neighbours.svg")


def draw_pixel() -> None:
    picture = Drawing(860, 176)
    steps = (
        ("run?", "8 pixels or more\nlike the row above"),
        ("sure flag?", "this shape is\nnearly always W"),
        ("= W?", "the pixel\non the left"),
        ("= N?", "the pixel\nabove"),
        ("tree", "1 to 8 bits to\nany other colour"),
    )
    for i, (name, ends) in enumerate(steps):
        x = 20 + 168 * i
        picture.box(x, 24, 130, 40, name, BLUE)
        picture.box(x, 106, 130, 52, ends, GREEN)
        picture.arrow((x + 65, 64), (x + 65, 106))
        picture.text(x + 84, 90, "yes" if i < 4 else "")
        if i < 4:
            picture.arrow((x + 130, 44), (x + 168, 44))
            picture.text(x + 149, 38, "no", size=12)
    picture.save("pixel.svg")


def draw_tree() -> None:
    """The tree of a palette of eight colours, split like section 7.3 of FORMAT.md."""
    palette = pillow_kmq.find_palette(photo(), 8)[:, :3].astype(int)
    picture = Drawing(760, 290)
    names, weights = ("brightness", "red - blue", "green - magenta"), (17, 21, 12)
    path = int(np.argmax(palette[:, 0] - palette[:, 2]))  # the orange of the suit

    def axes(colors: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        r, g, b = colors.T
        return np.stack([r + g + b, r - b, 2 * g - r - b], axis=1)

    def node(numbers: list[int], x: float, y: float, width: float) -> None:
        if len(numbers) == 1:
            picture.box(x - 26, y - 4, 52, 34, "", hexadecimal(palette[numbers[0]]))
            return
        values = axes(palette[numbers])
        half = -(-len(numbers) // 2)
        spreads = [np.abs(values[:, a] - np.sort(values[:, a])[half]).sum() * weights[a] for a in range(3)]
        axis = int(np.argmax(spreads))
        ordered = [numbers[i] for i in np.argsort(values[:, axis], kind="stable")]
        for side, part in ((-1, ordered[:half]), (1, ordered[half:])):
            taken = path in part
            color, weight = ("#d95f02", 4.0) if taken else (INK, 1.2)
            end = (x + side * width / 2, y + 70)
            picture.arrow((x, y + 30), end, head=False, color=color, width=weight)
            picture.text(x + side * (width / 4 + 12), y + 50, "0" if side < 0 else "1", size=12)
            node(part, *end, width / 2)
        picture.box(x - 62, y, 124, 30, names[axis], BLUE)

    node(list(range(8)), 380, 14, 370)
    picture.text(
        380, 280, "three bits lead to each colour, here to an orange; similar colours share most of their path"
    )
    picture.save("tree.svg")


def draw_mixer() -> None:
    picture = Drawing(860, 250)
    for i, name in enumerate(("counter by W", "counter by N", "counter by colours", "trend")):
        y = 16 + 48 * i
        picture.box(16, y, 150, 34, name, BLUE)
        picture.box(216, y, 84, 34, "stretch" if i < 3 else "position", GREEN)
        picture.arrow((166, y + 17), (216, y + 17))
        picture.arrow((300, y + 17), (400, 106))
        picture.text(338, y + (22, 22, 23, 8)[i], f"× w{i}", size=12)
    picture.box(400, 88, 60, 36, "sum", ORANGE)
    picture.box(500, 88, 84, 36, "squash", GREEN)
    picture.box(660, 82, 180, 48, "range coder\ncodes the bit with p", ORANGE)
    picture.arrow((460, 106), (500, 106))
    picture.arrow((584, 106), (660, 106))
    picture.text(622, 98, "p")
    picture.arrow((750, 130), (750, 224), (91, 224), (91, 194))
    picture.text(440, 216, "error = bit - p updates the counters, and each weight by rate × error × its input", size=13)
    picture.save("mixer.svg")


# The quantiser


def photo() -> Bytes:
    return np.asarray(Image.open(PHOTO).convert("RGB"))


def oklab(colors: npt.NDArray[np.generic]) -> Floats:
    """Oklab times 100 of sRGB colours [..., 3], 0..255."""
    s = colors.astype(np.float64) / 255
    light = np.where(s <= 0.04045, s / 12.92, ((s + 0.055) / 1.055) ** 2.4)
    cones = light @ np.array(
        [
            [0.4122214708, 0.2119034982, 0.0883024619],
            [0.5363325363, 0.6806995451, 0.2817188376],
            [0.0514459929, 0.1073969566, 0.6299787005],
        ]
    )
    return 100 * (
        np.cbrt(cones)
        @ np.array(
            [
                [0.2104542553, 1.9779984951, 0.0259040371],
                [0.7936177850, -2.4285922050, 0.7827717662],
                [-0.0040720468, 0.4505937099, -0.8086757660],
            ]
        )
    )


def draw_search() -> None:
    """Twelve colours for the photo in Oklab, after three stages of the search."""
    pixels = photo()
    picture = Drawing(900, 346)
    shown = pixels.reshape(-1, 3)[::601]
    stages = (("splitting", {"max_iter": 0}), ("+ Lloyd's algorithm", {"max_iter": 1000}), ("+ exchanges", {}))
    for i, (name, options) in enumerate(stages):
        palette = pillow_kmq.find_palette(pixels, 12, space="oklab", **options)
        indices = pillow_kmq.remap(pixels, palette, space="oklab")
        error = ((oklab(pixels) - oklab(palette[:, :3])[indices]) ** 2).sum(axis=2).mean()
        left = 10 + 300 * i
        picture.box(left, 30, 280, 280, "", "#ffffff")
        picture.text(left + 140, 20, name)
        picture.text(left + 140, 330, f"mean squared error {error:.1f} (Oklab × 100)")

        def at(color: npt.NDArray[np.generic], left: int = left) -> tuple[float, float]:
            _, a, b = oklab(color)
            return left + 100 + 8 * a, 190 - 8 * b

        for color in shown:
            picture.dot(*at(color), 2, hexadecimal(color))
        for color in palette:
            picture.dot(*at(color[:3]), 7, hexadecimal(color), INK)
    picture.save("search.svg")


def draw_sensitivity() -> None:
    """The photo, and how much an error counts in each of its pixels."""
    pixels = photo()
    padded = np.pad(pixels, ((1, 1), (1, 1), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(0, 1))
    activity = (windows.max(axis=(3, 4)).astype(float) - windows.min(axis=(3, 4))).max(axis=2)
    weights = (255 * 12 / (12 + activity)).astype(np.uint8)
    both = Image.new("RGB", (648, 320), "white")
    for left, image in ((0, Image.fromarray(pixels)), (328, Image.fromarray(weights))):
        both.paste(image.convert("RGB").resize((320, 320), Image.Resampling.BOX), (left, 0))
    pillow_kmq.quantize(both, 48).save(FIGURES / "sensitivity.png", optimize=True)


# Dithering


def draw_dithering() -> None:
    """A face with eight colours, dithered in six ways."""
    image = Image.fromarray(photo())
    box = 130, 10, 310, 190
    names = "none", "floyd-steinberg", "auto", "selective", "bayer", "blue-noise"
    sheet = Image.new("RGB", (3 * 368 - 8, 2 * 384), "white")
    draw = ImageDraw.Draw(sheet)
    for i, name in enumerate(names):
        left, top = 368 * (i % 3), 384 * (i // 3)
        result = pillow_kmq.quantize(image, 8, dither=name).convert("RGB").crop(box)
        sheet.paste(result.resize((360, 360), Image.Resampling.NEAREST), (left, top + 20))
        draw.text((left + 4, top + 2), f'dither="{name}"', fill="black", font_size=14)
    pillow_kmq.quantize(sheet, 64, space="srgb").save(FIGURES / "dithering.png", optimize=True)


def draw_lossy() -> None:
    """A face with 64 colours, with lossy choices of four strengths and the bytes of the whole photo as .kmq."""
    image = Image.fromarray(photo())
    box = 130, 10, 310, 190
    sheet = Image.new("RGB", (2 * 368 - 8, 2 * 384), "white")
    draw = ImageDraw.Draw(sheet)
    for i, strength in enumerate((0, 1, 3, 10)):
        left, top = 368 * (i % 2), 384 * (i // 2)
        result, file = pillow_kmq.quantize(image, 64, dither="auto", lossy=strength), BytesIO()
        result.save(file, "KMQ", palette_mode="compact")
        tile = result.convert("RGB").crop(box)
        sheet.paste(tile.resize((360, 360), Image.Resampling.NEAREST), (left, top + 20))
        draw.text((left + 4, top + 2), f"lossy={strength}: {file.tell():,} bytes", fill="black", font_size=14)
    pillow_kmq.quantize(sheet, 128).save(FIGURES / "lossy.png", optimize=True)


def draw_kernel() -> None:
    picture = Drawing(430, 150)
    picture.box(115, 20, 70, 46, "pixel", ORANGE)
    picture.box(185, 20, 70, 46, "7/16", BLUE)
    for i, share in enumerate(("3/16", "5/16", "1/16")):
        picture.box(45 + 70 * i, 66, 70, 46, share, BLUE)
    picture.text(320, 48, "next in the row")
    picture.text(330, 94, "in the row below")
    picture.text(215, 138, "shares of the error in a row from left to right; mirrored in the next row", size=12)
    picture.save("floyd-steinberg.svg")


def draw_fit() -> None:
    """Four greys for a ramp: means of their pixels, and fitted to Floyd-Steinberg."""
    ramp = np.repeat(np.tile(np.arange(256, dtype=np.uint8), (64, 1))[..., None], 3, axis=2)
    image = Image.fromarray(ramp)
    picture = Drawing(700, 150)
    for i, (name, dither) in enumerate((("k-means", "none"), ("fitted", "floyd-steinberg"))):
        palette = pillow_kmq.quantize(image, 4, dither=dither, space="srgb").getpalette()
        greys = sorted(set(palette[:12:3]))
        y = 44 + 60 * i
        picture.text(16, y + 5, name, anchor="start")
        picture.arrow((110, y), (110 + 510, y), head=False)
        for grey in greys:
            picture.dot(110 + 2 * grey, y, 11, hexadecimal([grey] * 3), INK)
            picture.text(110 + 2 * grey, y - 17, str(grey), size=12)
    picture.text(110, 142, "black, 0", size=12)
    picture.text(620, 142, "white, 255", size=12)
    picture.save("fit.svg")


# Collections


def draw_collections() -> None:
    """Bytes and visible error of tiles, with a palette for each, and with one for all."""
    picture = Drawing(900, 380)
    kinds = ("own palettes", "#3b7dd8"), ("shared palette", "#e08214"), ("shared, compact", "#3a9d3a")
    for panel, (name, most_bytes, most_error) in enumerate((("photo", 8000, 2.4), ("screenshot", 1200, 0.8))):
        left = 70 + 450 * panel
        picture.box(left, 30, 360, 280, "", "#ffffff")
        picture.text(left + 180, 20, f"tiles of {name}.png")
        for step in range(5):
            picture.text(left + 90 * step, 328, f"{most_bytes * step // 4:,}", size=12)
            picture.text(left - 6, 314 - 70 * step, f"{most_error * step / 4:.1f}", anchor="end", size=12)
        for (label, color), curve in zip(kinds, measure_tiles(name), strict=True):
            points = [(left + 360 * size / most_bytes, 310 - 280 * error / most_error) for size, error in curve]
            picture.arrow(*points, head=False, color=color, width=2)
            for x, y in points:
                picture.dot(x, y, 6, color, INK)
            if panel:
                y = 60 + 24 * kinds.index((label, color))
                picture.dot(left + 200, y - 5, 6, color, INK)
                picture.text(left + 214, y, label, anchor="start")
    picture.text(
        450, 356, "mean bytes of a file; upwards: mean visible error; points: 8, 16, 32, 64, 128 and 256 colours"
    )
    picture.save("collections.svg")


def measure_tiles(name: str) -> list[list[tuple[float, float]]]:
    """Mean bytes and visible error of the tiles of a sample image, for each kind of palette and number of colours."""
    curves: list[list[tuple[float, float]]] = [[], [], []]
    with tempfile.TemporaryDirectory() as folder:
        paths = cut_tiles(PHOTO.with_name(f"{name}.png"), Path(folder, "in"))
        for k in (8, 16, 32, 64, 128, 256):
            sizes, errors = [], []
            reports: list[pillow_kmq.Report] = []
            for path in paths:
                Image.open(path).save(stream := io.BytesIO(), "PNG8", colors=k, optimize=True, report=reports.append)
                sizes.append(len(stream.getvalue()))
                errors.append(reports.pop().visible_error)
            curves[0].append((float(np.mean(sizes)), float(np.mean(errors))))
            palette = learn_palette(paths, k, processes=1)
            for number, compact in enumerate((False, True)):
                out = Path(folder, f"{k}{compact}")
                summary = convert(paths, palette, out, processes=1, compact=compact)
                error = np.mean([record["visible_error"] for record in read_manifest(summary.manifest)])
                curves[1 + number].append((summary.output_bytes / len(paths), float(error)))
    return curves


def cut_tiles(path: Path, folder: Path, size: int = 64) -> list[Path]:
    folder.mkdir()
    image = Image.open(path).convert("RGB")
    paths = []
    for y in range(0, image.height - size + 1, size):
        for x in range(0, image.width - size + 1, size):
            paths.append(folder / f"{y}-{x}.png")
            image.crop((x, y, x + size, y + size)).save(paths[-1])
    return paths


def main() -> None:
    FIGURES.mkdir(exist_ok=True)
    draw_neighbours()
    draw_pixel()
    draw_tree()
    draw_mixer()
    draw_search()
    draw_sensitivity()
    draw_dithering()
    draw_lossy()
    draw_kernel()
    draw_fit()
    draw_collections()


if __name__ == "__main__":
    main()
