"""What opening a `.kmq` file costs at first, on threads, and in memory, each in processes of its own (Linux).

    python benchmarks/opening.py

- first: CPU seconds to open a photo of 0.4 megapixels and a screenshot of 0.2 where nothing is compiled yet, and the
  photo where the cache has it; without colours in Numba's errors, as in an environment of this package alone.
- small: wall seconds of a whole process that opens an icon, beside one that opens it as a PNG; with bytecode at hand,
  as installed packages have it.
- threads: a photo of 12 megapixels on one thread and on two, in turns; bytes beside those of a single stripe.
- memory: peak bytes while decoding that photo on one thread, above the result's indices and the file.

Writes results/opening.md.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from PIL import Image

import pillow_kmq
from memory import picture, status
from pillow_kmq import codec
from pillow_kmq.codec.levels import mixing
from pillow_kmq.codec.levels.fast import level as fast
from report import HERE, RESULTS, heading

INDEXED = HERE.parent.parent / "shared" / "corpora" / "indexed"
LEVELS = ("fast", "default", "max")
LARGE = (4096, 2944)
SIZES = (16, 256)
SIDES = (16, 32, 48)
OPEN = "import sys, time, pillow_kmq; from PIL import Image; Image.open(sys.argv[1]).load(); print(time.process_time())"
OPEN_PNG = "import sys; from PIL import Image; Image.open(sys.argv[1]).load()"


def run(code: str, *arguments: str, **environment: str) -> str:
    """What a Python process prints."""
    command = [sys.executable, "-c", code, *arguments]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", **environment}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return done.stdout


def indexed(kind: str) -> list[Path]:
    """Palette PNGs of the corpus, or else the sample images as such."""
    return sorted((INDEXED / kind).glob("*.png")) or sorted((HERE.parent / "sample_images").glob("s*.png"))


def saved(path: Path, folder: Path, level: str) -> str:
    """The same image as a .kmq file."""
    target = folder / f"{path.parent.name}-{path.stem}-{level}.kmq"
    with Image.open(path) as image:
        image.save(target, compression=level)
    return str(target)


def first_opens(folder: Path) -> str:
    """A photo and a screenshot, cold and warm, by level."""
    lines = [
        "| level | photo, nothing compiled | screenshot, nothing compiled | photo, compiled before |",
        "|---|---:|---:|---:|",
    ]
    for level in LEVELS:
        photo = saved(indexed("kodak/k64")[0], folder, level)
        screenshot = saved(indexed("screens/k16")[1], folder, level)
        times: list[tuple[float, ...]] = []
        for number in range(3):
            caches = [str(folder / f"cache-{level}-{number}-{kind}") for kind in ("photo", "screenshot")]
            opens = ((photo, caches[0]), (screenshot, caches[1]), (photo, caches[0]))
            times.append(tuple(opening_time(file, cache) for file, cache in opens))
        cold, cold_screenshot, warm = (statistics.median(column) for column in zip(*times, strict=True))
        lines.append(f"| {level} | {cold:.1f} | {cold_screenshot:.1f} | {warm:.2f} |")
    return "\n".join(lines) + "\n"


def opening_time(file: str, cache: str) -> float:
    """CPU seconds of a process that opens a file, with Numba's cache in that folder."""
    return float(run(OPEN, file, NUMBA_CACHE_DIR=cache, NUMBA_DISABLE_ERROR_MESSAGE_HIGHLIGHTING="1"))


def small_pictures(folder: Path) -> Iterator[tuple[str, Path]]:
    """Icons scaled to usual sizes, and icons and sprites as they are, of up to 20000 pixels: names and palette PNGs."""
    for kind in ("icons/k16", "icons/k256"):
        for side in SIDES:
            for path in indexed(kind)[1:3]:
                scaled = folder / f"{path.parent.name}-{path.stem}-{side}.png"
                with Image.open(path) as image:
                    image.resize((side, side), Image.Resampling.NEAREST).save(scaled)
                yield f"{kind}/{path.stem}, scaled", scaled
    for kind in ("icons/k16", "icons/k256", "sprites/k64"):
        for path in indexed(kind):
            with Image.open(path) as image:
                small = image.width * image.height <= 20000
            if small:
                yield f"{kind}/{path.stem}", path


def small_opens(folder: Path) -> str:
    """Icons in a fresh process: the least of nine, as a machine's other work only adds.

    All files take turns, so that a busy minute decides for none.
    """
    rows = []
    for name, path in small_pictures(folder):
        with Image.open(path) as image:
            pixels = image.width * image.height
        opens = [(OPEN_PNG, str(path)), *((OPEN, saved(path, folder, level)) for level in LEVELS)]
        rows.append((f"{name} | {pixels}", opens))
    rounds = [[[wall_time(*one) for one in opens] for _, opens in rows] for _ in range(9)]
    lines = [
        "| image | pixels | as PNG | " + " | ".join(LEVELS) + " |",
        "|---|---:" + "|---:" * (len(LEVELS) + 1) + "|",
    ]
    for (name, _), *times in zip(rows, *rounds, strict=True):
        least = (min(column) for column in zip(*times, strict=True))
        lines.append(f"| {name} | " + " | ".join(f"{second:.3f}" for second in least) + " |")
    return "\n".join(lines) + "\n"


def wall_time(code: str, file: str) -> float:
    """Wall seconds of a process."""
    begin = time.perf_counter()
    run(code, file)
    return time.perf_counter() - begin


def large(colors: int, level: str) -> tuple[bytes, int]:
    """A photo of 12 megapixels as a file, and the bytes that it would have as a single stripe."""
    image = pillow_kmq.quantize(picture("photo", LARGE), colors, effort="fast")
    files = []
    for limit in (None, 1 << 30):
        before = mixing.STRIPE_BYTES, fast.STRIPE_CODES
        mixing.STRIPE_BYTES, fast.STRIPE_CODES = (limit or size for size in before)
        stream = BytesIO()
        image.save(stream, "KMQ", compression=level)
        mixing.STRIPE_BYTES, fast.STRIPE_CODES = before
        files.append(stream.getvalue())
    return files[0], len(files[1])


def on_threads(folder: Path) -> str:
    """Two threads against one, wall time of whole calls in turns; and peak memory."""
    lines = [
        "| level | colours | bytes | over one stripe | one thread, s | two, s | times as fast | memory, MB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for level in ("fast", "default"):
        for colors in SIZES:
            data, single = large(colors, level)
            file = folder / "large.kmq"
            file.write_bytes(data)
            seconds: dict[int, list[float]] = {1: [], 2: []}
            for _ in range(5):
                for threads in seconds:
                    codec.set_threads(threads)
                    begin = time.perf_counter()
                    codec.decode(data)
                    seconds[threads].append(time.perf_counter() - begin)
            one, two = (statistics.median(times) for times in seconds.values())
            ratio = statistics.median(a / b for a, b in zip(*seconds.values(), strict=True))
            peak = json.loads(run(f"import opening; opening.peak({str(file)!r})", PYTHONPATH=python_path()))
            lines.append(
                f"| {level} | {colors} | {len(data)} | {len(data) / single - 1:.2%} | {one:.2f} | {two:.2f} "
                f"| {ratio:.2f} | {peak / 1e6:.0f} |"
            )
    return "\n".join(lines) + "\n"


def python_path() -> str:
    """Where child processes find this module."""
    return os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])


def peak(file: str) -> None:
    """Child process: print peak bytes above the indices, everything being loaded and compiled."""
    data = Path(file).read_bytes()
    codec.set_threads(1)
    codec.decode(data)
    Path("/proc/self/clear_refs").write_text("5")
    before = status("VmRSS")
    image = codec.decode(data)
    print(status("VmHWM") - before - image.indices.nbytes)


def main() -> None:
    """Measure and write the tables."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = "\n".join(
            [
                "# Opening .kmq files\n",
                heading("a photo, icons and sprites of the corpus; a photo enlarged to 12 MP, with grain"),
                "## The first file, CPU seconds of the process\n",
                first_opens(folder),
                "## Small files in a fresh process, wall seconds\n",
                small_opens(folder),
                "## Threads, and memory above the indices on one\n",
                on_threads(folder),
            ]
        )
    print(text)
    (RESULTS / "opening.md").write_text(text)


if __name__ == "__main__":
    main()
