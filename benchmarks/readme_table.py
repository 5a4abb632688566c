"""Measure the table of the README: one photo in memory to one file, by each program with its defaults.

    python benchmarks/readme_table.py

All palettes have at most 64 colours. Pictures are the held-out photos of pictures.py. Quality is SSIMULACRA2 of the
whole picture. Time is the CPU time from pixels in memory to the bytes of the file; pngquant is a process, which
reads and writes a PNG as well. Lossless WebP gets the picture that pillow-kmq quantised, lossy WebP the original.
"""

from __future__ import annotations

import gc
import resource
import statistics
from collections.abc import Callable
from io import BytesIO

from PIL import Image

import metrics
import pillow_kmq  # noqa: F401  registers PNG8 and KMQ
from pictures import PHOTOS, Picture, pictures
from report import RESULTS, heading
from rivals import imagequant, pngquant

COLORS = 64
ROUNDS = 3

Encode = Callable[[Image.Image], tuple[int, Image.Image]]


def saved(image: Image.Image, **options: object) -> tuple[int, Image.Image]:
    """Save an image in memory; return the size of the file and the file opened again, not decoded yet."""
    file = BytesIO()
    image.save(file, **options)
    return len(file.getvalue()), Image.open(file)


def through_pngquant(image: Image.Image) -> tuple[int, Image.Image]:
    """Run `pngquant 64`."""
    result = pngquant()(image, COLORS)
    return result.info["file"], result


def programs(quantized: Image.Image) -> dict[str, Encode]:
    """Return what is compared. quantized: the picture reduced by pillow-kmq, for lossless WebP."""
    return {
        "pillow-kmq, PNG-8": lambda im: saved(im, format="PNG8", colors=COLORS),
        "pillow-kmq, PNG-8, `optimize=True`": lambda im: saved(im, format="PNG8", colors=COLORS, optimize=True),
        "pillow-kmq, `.kmq`": lambda im: saved(im, format="KMQ", colors=COLORS),
        "pngquant": through_pngquant,
        "imagequant, saved by Pillow": lambda im: saved(imagequant(im, COLORS, 1.0), format="PNG", optimize=True),
        "Pillow": lambda im: saved(im.quantize(COLORS), format="PNG", optimize=True),
        "WebP, lossless": lambda im: saved(quantized, format="WEBP", lossless=True),
        "WebP, lossy": lambda im: saved(im, format="WEBP"),
    }


def cpu_seconds() -> float:
    """Return the CPU time of this process and of the children it has waited for."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def measure(picture: Picture) -> dict[str, tuple[float, float, float]]:
    """Return quality, bytes and CPU milliseconds of each program; the programs take turns."""
    image = picture.read()
    quantized = saved(image, format="PNG8", colors=COLORS)[1].convert("RGB")
    entries = programs(quantized)
    times: dict[str, list[float]] = {name: [] for name in entries}
    results = {}
    for _ in range(ROUNDS):
        for name, encode in entries.items():
            gc.collect()
            before = cpu_seconds()
            results[name] = encode(image)
            times[name].append(1000 * (cpu_seconds() - before))
    scores = {name: metrics.ssimulacra2(image, result.convert("RGB")) for name, (_, result) in results.items()}
    return {name: (scores[name], results[name][0], statistics.median(times[name])) for name in entries}


def main() -> None:
    """Measure all pictures and write results/readme.md."""
    chosen = pictures("held out", PHOTOS)
    measure(chosen[0])  # compiles and loads everything
    rows = [measure(picture) for picture in chosen]
    lines = ["# The table of the README", "", heading(f"{len(chosen)} held-out photos of `pictures.py`")]
    lines += [f"At most {COLORS} colours, but for lossy WebP. Means over photos; time is the median.", ""]
    lines += ["| program | SSIMULACRA2 | bytes | CPU ms |", "|---|---:|---:|---:|"]
    for name in rows[0]:
        quality, size = (statistics.mean(row[name][field] for row in rows) for field in (0, 1))
        time = statistics.median(row[name][2] for row in rows)
        lines.append(f"| {name} | {quality:.1f} | {size:.0f} | {time:.0f} |")
    (RESULTS / "readme.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
