"""Damage files and decode them: `python tools/fuzz_codec.py [COUNT] [SEED] [LEVEL]`.

Files a few steps away from the good vectors, of all levels or of one, with checksums ignored so that damage reaches the
decoders. Each must end as an image or with an error of this package, soon. With NUMBA_BOUNDSCHECK=1 an access out of
bounds is an error.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

import pillow_kmq
from pillow_kmq.codec.container import chunks as container
from pillow_kmq.errors import KmqError

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "codec")]

from test_codec import GOOD_VECTORS, all_frames, mutations  # noqa: E402


def main() -> None:
    """Fuzz; the slowest file and the outcomes are printed."""
    count, seed = (int(value) for value in (*sys.argv[1:3], 20000, 1)[:2])
    level = sys.argv[3] if len(sys.argv) > 3 else ""
    originals = [path for path in GOOD_VECTORS if level in ("", level_of(path))]
    container.Reader.checksum = lambda self: self._exactly(4)  # type: ignore[assignment, method-assign]
    pillow_kmq.warmup()  # and compiled kernels for all
    outcomes: Counter[str] = Counter()
    slowest = 0.0
    for data in mutations(seed, count, originals):
        begin = time.perf_counter()
        try:
            all_frames(data, max_pixels=1 << 22)
        except KmqError as error:
            outcomes[type(error).__name__] += 1
        else:
            outcomes["image"] += 1
        slowest = max(slowest, time.perf_counter() - begin)
    print(level, dict(outcomes), f"slowest {slowest:.2f} s")


def level_of(path: Path) -> str:
    """The level of a vector, by its name."""
    kind = path.name.split("-")[1]
    return {"fast": "fast", "max": "max", "mixed": "default", "animation": "animation"}.get(kind, "deflate")


if __name__ == "__main__":
    main()
