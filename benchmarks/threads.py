"""What decoding a large `.kmq` file gains by threads, and what memory it takes (Linux).

    python benchmarks/threads.py

- threads: a photo of 12 megapixels on one thread and on two, in turns; bytes beside those of a single stripe.
- memory: peak bytes while decoding that photo on one thread, above the result's indices and the file.

Writes results/threads.md.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path

import pillow_kmq
from memory import picture, status
from pillow_kmq import codec
from pillow_kmq.codec.levels import mixing
from pillow_kmq.codec.levels.fast import level as fast
from report import HERE, RESULTS, heading

LARGE = (4096, 2944)
SIZES = (16, 256)


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
            peak = peak_of(file)
            lines.append(
                f"| {level} | {colors} | {len(data)} | {len(data) / single - 1:.2%} | {one:.2f} | {two:.2f} "
                f"| {ratio:.2f} | {peak / 1e6:.0f} |"
            )
    return "\n".join(lines) + "\n"


def peak_of(file: Path) -> int:
    """Peak bytes above the indices, in a process of its own."""
    path = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", f"import threads; threads.peak({str(file)!r})"]
    environment = {**os.environ, "PYTHONPATH": path}
    return int(subprocess.run(command, capture_output=True, check=True, env=environment).stdout)


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
    """Measure and write the table."""
    with tempfile.TemporaryDirectory() as name:
        table = on_threads(Path(name))
    text = f"# Decoding on threads\n\n{heading('a photo enlarged to 12 MP, with grain')}\n{table}"
    print(text)
    (RESULTS / "threads.md").write_text(text)


if __name__ == "__main__":
    main()
