"""When `.kmq` pays on the web: bytes, and milliseconds from bytes to an image that can be painted, in Chromium.

    python benchmarks/web_display.py > benchmarks/results/web_display.md

Each sample is reduced to a palette once and saved as PNG, as lossless WebP and as `.kmq` at every level. PNG and WebP
are shown by <img>, `.kmq` by <kmq-image>, from addresses in memory; the time ends when `decode()` of the element is
done. "First" is the first image of a page, and includes the start of a worker; "later" are five more images on the same
page. Files are interleaved; the least of four pages counts, since other programs only add to times. Needs the
dependency group `web`.

A `.kmq` file is shown sooner than the other file where the network is slower than

    8 * (other bytes - its bytes) / (its milliseconds - other milliseconds) kbit/s.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "web")]

import browser as browsers  # noqa: E402
from pillow_kmq import codec  # noqa: E402

SAMPLES = (("photo", 256), ("gradient", 256), ("screenshot", 256), ("sprite", 64), ("pixel-art", 32))
PAGES, LATER = 4, 5
SHOW = """
    const blob = new Blob([await bytesOf(`/made/${a[0]}`)]);
    const times = [];
    for (let i = 0; i <= a[1]; i++) {
      const element = make(a[0].endsWith(".kmq") ? "kmq-image" : "img", {});
      const src = URL.createObjectURL(blob);
      document.body.replaceChildren(element);
      const start = performance.now();
      element.src = src;
      await element.decode();
      times.push(performance.now() - start);
    }
    return times;
"""


def make_files(folder: Path) -> dict[str, list[Path]]:
    """Write the files of each sample: PNG, WebP, `.kmq` at each level."""
    files = {}
    for name, colors in SAMPLES:
        paths = [folder / f"{name}.{kind}" for kind in ("png", "webp")]
        paths += [folder / f"{name}-{level}.kmq" for level in codec.COMPRESSIONS]
        with Image.open(ROOT / "sample_images" / f"{name}.png") as image:
            image.save(folder / "same.kmq", colors=colors)
        with Image.open(folder / "same.kmq") as image:
            image.save(paths[0], "PNG8")
            image.convert("RGBA").save(paths[1], lossless=True, exact=True, method=6, quality=100)
            for path in paths[2:]:
                image.save(path, compression=path.stem.removeprefix(f"{name}-"))
        files[name] = paths
    return files


def milliseconds(driver: Any, address: str, paths: list[Path]) -> dict[Path, tuple[float, float]]:
    """Return the time of the first image of a page and of later ones."""
    first: dict[Path, list[float]] = {path: [] for path in paths}
    later: dict[Path, list[float]] = {path: [] for path in paths}
    for _ in range(PAGES):
        for path in paths:  # in turn
            browsers.visit(driver, f"{address}/page.html")
            times = browsers.run(driver, SHOW, path.name, LATER)
            first[path].append(times[0])
            later[path] += times[1:]
    return {path: (min(first[path]), min(later[path])) for path in paths}


def below(path: Path, other: Path, ms: float, other_ms: float) -> str:
    """Return the bandwidth in Mbit/s below which a file is shown sooner than another."""
    saved, cost = other.stat().st_size - path.stat().st_size, ms - other_ms
    if saved <= 0:
        return "never" if cost >= 0 else "-"
    return "any" if cost <= 0 else f"{8 * saved / cost / 1000:.2g}"


def main() -> None:
    """Print a table."""
    driver = browsers.start()
    print("| file | bytes | first, ms | later, ms | than PNG: first | later | than WebP: first | later |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name, browsers.serve(Path(name)) as address:
        for paths in make_files(Path(name)).values():
            times = milliseconds(driver, address, paths)
            for path in paths:
                cells = [path.name, str(path.stat().st_size), *(f"{ms:.1f}" for ms in times[path])]
                for other in paths[:2]:
                    for ms, other_ms in zip(times[path], times[other], strict=True):
                        cells.append(below(path, other, ms, other_ms) if path.suffix == ".kmq" else "")
                print(f"| {' | '.join(cells)} |", flush=True)
    driver.quit()


if __name__ == "__main__":
    main()
