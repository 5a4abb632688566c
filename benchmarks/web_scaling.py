"""Images shown smaller than stored, in Chromium or Firefox: the element, <img> and a bare canvas against Lanczos.

    python benchmarks/web_scaling.py            # in headless Chromium
    python benchmarks/web_scaling.py firefox    # in headless Firefox; needs firefox-esr and geckodriver

PSNR in dB against Pillow's reduction of the same pixels with LANCZOS. The element is tried with a still image and
with an animation. Needs the dependency group `web`.
"""

from __future__ import annotations

import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "web")]

import browser as browsers  # noqa: E402
import pillow_kmq  # noqa: E402, F401 - registers the format

SAMPLES = ("screenshot", "photo", "pixel-art")
SCALES = (0.75, 0.5, 0.375, 0.25, 0.2)
WAYS = ("img", "still", "animation", "canvas")
SHOW = """
    const [way, name, width, height] = a;
    const style = `position: absolute; top: 0; left: 0; width: ${width}px; height: ${height}px`;
    document.body.style.background = "#fff";
    let element;
    if (way === "img") element = make("img", { src: `/made/${name}.png`, style });
    else element = make("kmq-image", { src: `/made/${name}${way === "animation" ? "-animation" : ""}.kmq`, style });
    document.body.replaceChildren(element);
    await element.decode();
    if (way === "canvas") {
      const canvas = Object.assign(document.createElement("canvas"), { style });
      const image = kmq.toImageData(kmq.decode(await bytesOf(element.src)));
      Object.assign(canvas, { width: image.width, height: image.height });
      canvas.getContext("2d").putImageData(image, 0, 0);
      element.replaceWith(canvas);
    }
    for (let i = 0; i < 5; i++) await new Promise((done) => requestAnimationFrame(done));
    await new Promise((done) => setTimeout(done, 300));
"""


def make_files(folder: Path, name: str) -> Image.Image:
    """Write a sample as PNG, `.kmq` and animated `.kmq`, and return its pixels."""
    with Image.open(ROOT / "sample_images" / f"{name}.png") as image:
        image.convert("RGB").save(folder / f"{name}.kmq", colors=256)
    with Image.open(folder / f"{name}.kmq") as image:
        image.convert("RGB").save(folder / f"{name}.png")
        blank = image.point([0] * 256)
        blank.putpalette(image.getpalette() or [])
        frames: list[Image.Image] = [blank]
        image.save(folder / f"{name}-animation.kmq", save_all=True, append_images=frames, duration=3_600_000)
        return image.convert("RGB")


def psnr(shown: Image.Image, expected: Image.Image) -> float:
    """Decibels between two images of one size."""
    difference = np.asarray(shown, np.float64) - np.asarray(expected, np.float64)
    return float(10 * np.log10(255**2 / max(np.mean(difference**2), 1e-9)))


def shot(driver: Any, size: tuple[int, int]) -> Image.Image:
    """What the window shows at the top left."""
    with Image.open(BytesIO(driver.get_screenshot_as_png())) as image:
        return image.convert("RGB").crop((0, 0, *size))


def main() -> None:
    """Print a table."""
    driver = browsers.start_firefox() if "firefox" in sys.argv[1:] else browsers.start()
    with tempfile.TemporaryDirectory() as name, browsers.serve(Path(name)) as address:
        print(f"| image | shown at | {' | '.join(WAYS)} |\n|---|---|{'---|' * len(WAYS)}")
        for sample in SAMPLES:
            image = make_files(Path(name), sample)
            for scale in SCALES:
                size = round(image.width * scale), round(image.height * scale)
                expected = image.resize(size, Image.Resampling.LANCZOS)
                row = []
                for way in WAYS:
                    browsers.visit(driver, f"{address}/page.html")
                    browsers.run(driver, SHOW, way, sample, *size)
                    row.append(psnr(shot(driver, size), expected))
                print(f"| {sample} | {100 * scale:g} % | {' | '.join(f'{value:.1f}' for value in row)} |", flush=True)
    driver.quit()


if __name__ == "__main__":
    main()
