"""Peak memory above the input while quantising 24 and 100 megapixels, each in a process of its own (Linux).

    python benchmarks/memory.py
    python benchmarks/memory.py --megapixels 24 --only kmq

The input (an RGB Pillow image, 4 bytes a pixel inside Pillow) and everything loaded and compiled is there
before the measurement; the system's peak counter is reset (/proc/self/clear_refs) and read after one run at
K=256.
"photo" is an enlarged sample photo with grain; "noise" has another colour in every pixel.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from pictures import CORPORA, images_in
from quantisers import grown
from report import HERE, RESULTS, heading, mean, table, write_csv
from rivals import Candidate, imagequant, installed, ours, pillow

SIZES = {24: (6000, 4000), 100: (12000, 8334)}
KINDS = ("photo", "noise")


def candidates() -> dict[str, Candidate]:
    """What is measured, by name."""
    found = [ours("default", "srgb"), ours("default", "oklab"), ours("default", "oklab", "floyd-steinberg")]
    found += [ours("fast", "srgb")]
    if installed("imagequant"):
        found.append(Candidate("imagequant", imagequant))
    found.append(Candidate("Pillow MEDIANCUT", pillow(Image.Quantize.MEDIANCUT, Image.Dither.NONE)))
    return {one.name: one for one in found}


def picture(kind: str, size: tuple[int, int]) -> Image.Image:
    """The input: stripes are pasted into one image, so that nothing large is left over."""
    image = Image.new("RGB", size)
    photos = images_in(CORPORA / "kodak") or images_in(HERE.parent / "sample_images")
    random = np.random.default_rng(0)
    with Image.open(photos[0]) as photo:
        small = photo.convert("RGB")
    for top in range(0, size[1], 256):
        height = min(256, size[1] - top)
        if kind == "noise":
            stripe = Image.fromarray(random.integers(0, 256, (height, size[0], 3), np.uint8))
        else:
            box = (0, top * small.height / size[1], small.width, (top + height) * small.height / size[1])
            stripe = small.resize((size[0], height), Image.Resampling.BICUBIC, box)
            grain = random.standard_normal((height, size[0], 3), np.float32) * 2
            stripe = Image.fromarray(np.rint(np.asarray(stripe) + grain).clip(0, 255).astype(np.uint8))
        image.paste(stripe, (0, top))
    return image


def status(field: str) -> int:
    """A field of /proc/self/status, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/self/status has no {field}")


def one_run(name: str, kind: str, megapixels: int) -> None:
    """Child process: print peak bytes above the input and CPU seconds as JSON."""
    candidate = candidates()[name]
    candidate.run(grown(picture(kind, (96, 64)), (480, 320)), 256)
    image = picture(kind, SIZES[megapixels])
    Path("/proc/self/clear_refs").write_text("5")
    before, begin = status("VmRSS"), time.process_time()
    result = candidate.run(image, 256)
    seconds = time.process_time() - begin
    assert result.size == image.size
    print(json.dumps({"bytes": status("VmHWM") - before, "seconds": seconds}))


def main() -> None:
    """Run all combinations and write benchmarks/results/memory.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megapixels", type=int, nargs="+", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--only", nargs="+", default=[], metavar="PART")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help="folder for the results")
    arguments = parser.parse_args()
    if arguments.child:
        one_run(arguments.child[0], arguments.child[1], int(arguments.child[2]))
        return
    rows: list[dict[str, object]] = []
    for megapixels in arguments.megapixels:
        for kind in arguments.kinds:
            for name in candidates():
                if arguments.only and not any(part in name for part in arguments.only):
                    continue
                command = [sys.executable, __file__, "--child", name, kind, str(megapixels)]
                done = subprocess.run(command, capture_output=True, text=True, env=os.environ)
                row: dict[str, object] = {"input": f"{megapixels} MP {kind}", "candidate": name}
                if done.returncode == 0:
                    pixels = SIZES[megapixels][0] * SIZES[megapixels][1]
                    found = json.loads(done.stdout.splitlines()[-1])
                    row |= {"mb": found["bytes"] / 1e6, "above": (found["bytes"] - pixels) / 1e6}
                    row["seconds"] = found["seconds"]
                else:
                    row["error"] = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "killed"
                print(row, flush=True)
                rows.append(row)
    columns = [
        ("peak MB above the input", "mb", mean, ".0f"),
        ("of it, above 1 byte a pixel", "above", mean, ".0f"),
        ("CPU s", "seconds", mean, ".2f"),
    ]
    inputs = dict.fromkeys(str(row["input"]) for row in rows)
    parts = [f"## {one}, K = 256\n\n{table([r for r in rows if r['input'] == one], columns)}" for one in inputs]
    text = f"# Peak memory\n\n{heading('made by memory.py')}\n" + "\n".join(parts)
    print(text)
    partial = arguments.only or len(inputs) < len(SIZES) * len(KINDS)
    out = arguments.out or (RESULTS / "local" if partial else RESULTS)
    write_csv("memory", rows, out)
    (out / "memory.md").write_text(text)


if __name__ == "__main__":
    main()
