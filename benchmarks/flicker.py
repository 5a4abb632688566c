"""Flicker of dithered animations: frames quantised together against each frame alone, with the same palette.

    python benchmarks/flicker.py                   # made from the photos, sprites and screens of the corpora
    python benchmarks/flicker.py FOLDER...         # and from the GIFs of these folders

Still pixels are those whose RGBA is that of the frame before.

| column | measure |
|---|---|
| changed | share of still pixels whose index changes from the frame before, in percent |
| flicker | RMS in levels, over still pixels, of the change of the shown image after a Gaussian blur of sigma 1 |
| blurred | PSNR after a Gaussian blur of sigma 2, whole frames |
| moving | the same over pixels that are not still |
| border | the same over pixels next to both kinds, after a blur of sigma 1: seams would be here |
| KMQ, GIF | kilobytes of all frames; GIF by Pillow |

All are means over the sequences. Results go to results/flicker.csv and results/flicker.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence
from scipy.ndimage import binary_dilation, gaussian_filter

from animations import kmq
from metrics import psnr
from pillow_kmq import quantize, quantize_all
from quantisers import CORPORA, images_in
from report import RESULTS, heading, mean, table, write_csv

SIZE = (384, 256)
FRAMES = 12
WAYS = ("floyd-steinberg", 0.5, "selective", "bayer")
COLORS = (16, 64, 256)
Frames = list[Image.Image]


def main() -> None:
    """Measure, print, and write CSV and Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--colors", type=int, nargs="+", default=COLORS)
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    rows = []
    for name, frames in [*made(), *gifs(arguments.folders)]:
        for colors in arguments.colors:
            for way in WAYS:
                rows += compare(name, frames, colors, way)
        print(name, flush=True)
    write_csv("flicker", rows, arguments.out)
    text = summary(rows, arguments.colors)
    print(text)
    (arguments.out / "flicker.md").write_text(text)


def made() -> Iterator[tuple[str, Frames]]:
    """Sequences made of the corpora: a photo panning in a window, and sprites, a shadow and a pointer on the move."""
    photos = [image.convert("RGB").resize(SIZE, Image.Resampling.LANCZOS) for image in opened("kodak", 8)]
    figures = [image.convert("RGBA") for image in opened("sprites", 6)]
    for number, photo in enumerate(photos[:4]):
        yield f"window {number}", [windowed(photo, photos[number + 4], step) for step in range(FRAMES)]
        yield f"sprite {number}", [pasted(photo, figures[number], step) for step in range(FRAMES)]
    for number, photo in enumerate(photos[4:6]):
        yield f"shadow {number}", [pasted(photo, shadow(), step) for step in range(FRAMES)]
    ramp = Image.linear_gradient("L").resize(SIZE)
    sky = Image.merge("RGB", [ramp.point(lambda v: v // 2 + 60), ramp.point(lambda v: v // 3 + 120), ramp])
    yield "sprite on a gradient", [pasted(sky, figures[4], step) for step in range(FRAMES)]
    for number, screen in enumerate(opened("screens", 2)):
        page = screen.convert("RGB").crop((0, 0, *SIZE))
        yield f"pointer {number}", [pasted(page, figures[5].resize((20, 20)), step) for step in range(FRAMES)]


def opened(folder: str, count: int) -> list[Image.Image]:
    """The first images of a corpus."""
    return [Image.open(path) for path in images_in(CORPORA / folder)[:count]]


def windowed(photo: Image.Image, other: Image.Image, step: int) -> Image.Image:
    """The photo, with a window onto the other one that moves by 3 pixels a step."""
    frame = photo.copy()
    frame.paste(other.crop((3 * step, step, 3 * step + 160, step + 110)), (90, 60))
    return frame


def pasted(background: Image.Image, figure: Image.Image, step: int) -> Image.Image:
    """The background and a figure that moves by 17 pixels a step."""
    frame = background.copy()
    frame.paste(figure, (20 + 17 * step, 40 + 5 * step), figure)
    return frame


def shadow() -> Image.Image:
    """A soft dark disc of 100 pixels."""
    disc = Image.radial_gradient("L").resize((100, 100)).point(lambda v: max(0, 180 - v))
    figure = Image.new("RGBA", disc.size)
    figure.putalpha(disc)
    return figure


def gifs(folders: list[Path]) -> Iterator[tuple[str, Frames]]:
    """The first frames of every GIF that has several."""
    for folder in folders:
        for path in sorted(folder.glob("*.gif")):
            with Image.open(path) as image:
                frames = [frame.convert("RGBA") for frame in ImageSequence.Iterator(image)][:FRAMES]
            if len(frames) > 1:
                yield path.stem, frames


def compare(name: str, frames: Frames, colors: int, way: float | str) -> list[dict[str, object]]:
    """A row for frames quantised together and one for each frame alone."""
    together = quantize_all(frames, colors, dither=way)
    alone = [quantize(frame, palette=together[0], dither=way) for frame in frames]
    row = {"sequence": name, "K": colors, "dither": str(way)}
    return [
        {**row, "candidate": f"{way}, {how}", **measures(frames, shown)}
        for how, shown in (("each frame alone", alone), ("together", together))
    ]


def measures(frames: Frames, results: Frames) -> dict[str, float | None]:
    """The columns of the table; what does not occur in a sequence is None."""
    indices = [np.asarray(image) for image in results]
    wanted, shown = [opaque(frame) for frame in frames], [opaque(image) for image in results]
    found: dict[str, list[float]] = {key: [] for key in ("changed", "flicker", "moving", "border")}
    for t in range(1, len(frames)):
        still = visible(frames[t], frames[t - 1])
        if still.any():
            found["changed"].append(100 * float((indices[t] != indices[t - 1])[still].mean()))
            change = blurred((shown[t] - shown[t - 1]) * still[..., None], 1)
            found["flicker"].append(float(np.mean(change[still] ** 2)))
        near = binary_dilation(still, iterations=2) & binary_dilation(~still, iterations=2)
        for key, where, sigma in (("moving", ~still, 2), ("border", near, 1)):
            if where.any():
                found[key].append(squared(blurred(wanted[t] - shown[t], sigma)[where]))
    row: dict[str, float | None] = {key: float(np.mean(values)) if values else None for key, values in found.items()}
    row["flicker"] = row["flicker"] and row["flicker"] ** 0.5
    for key in ("moving", "border"):
        row[key] = psnr(row[key]) if row[key] else None
    row["blurred"] = psnr(float(np.mean([squared(blurred(a - b, 2)) for a, b in zip(wanted, shown, strict=True)])))
    durations = [100] * len(results)
    row["kmq"], row["gif"] = len(kmq(results, durations)) / 1000, gif(results, durations) / 1000
    return row


def opaque(image: Image.Image) -> np.ndarray:
    """Pixels float32[h, w, 3] over grey."""
    grey = Image.new("RGBA", image.size, (128, 128, 128))
    return np.asarray(Image.alpha_composite(grey, image.convert("RGBA")).convert("RGB")).astype(np.float32)


def visible(one: Image.Image, other: Image.Image) -> np.ndarray:
    """Where two frames are the same, bool[h, w]."""
    a, b = (np.asarray(image.convert("RGBA")) for image in (one, other))
    return np.asarray((a == b).all(axis=2) | (a[..., 3] | b[..., 3] == 0))


def blurred(difference: np.ndarray, sigma: float) -> np.ndarray:
    """The difference of two images, blurred."""
    return np.asarray(gaussian_filter(difference, (sigma, sigma, 0)))


def squared(difference: np.ndarray) -> float:
    """Squares summed over the channels, mean over pixels."""
    return float(np.mean(np.sum(difference**2, axis=-1)))


def gif(frames: Frames, durations: list[int]) -> int:
    """Bytes as Pillow saves them."""
    stream = BytesIO()
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0)
    return len(stream.getvalue())


def summary(rows: list[dict[str, object]], numbers: list[int]) -> str:
    """Markdown: one table for each number of colours."""
    columns = [
        ("changed %", "changed", mean, ".2f"),
        ("flicker", "flicker", mean, ".2f"),
        ("blurred", "blurred", mean, ".2f"),
        ("moving", "moving", mean, ".2f"),
        ("border", "border", mean, ".2f"),
        ("KMQ kB", "kmq", mean, ".1f"),
        ("GIF kB", "gif", mean, ".1f"),
    ]
    parts = [f"## K = {k}\n\n{table([row for row in rows if row['K'] == k], columns)}" for k in numbers]
    return f"# Flicker\n\n{heading('made by flicker.py')}\n" + "\n".join(parts)


if __name__ == "__main__":
    main()
