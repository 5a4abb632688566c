"""The quantiser's bytes hang neither on the process nor on whether kernels are compiled."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_CODE = """
import hashlib
import numpy as np
from pillow_kmq import quantize_array

random = np.random.default_rng(7)
y, x = np.mgrid[0:14, 0:14] * 19
pixels = np.dstack([x, y, x * y // 255, 255 - x]).astype(np.uint8) + random.integers(0, 8, (14, 14, 4), np.uint8)
digest = hashlib.sha256()
for space in ("srgb", "linear", "oklab"):
    for options in ({"dither": 1.0}, {"dither": "selective"}, {"dither": "bayer"}, {"posterize": "rgba4444"}):
        image = quantize_array(pixels, 8, space=space, **options)
        digest.update(image.palette.tobytes() + image.indices.tobytes())
print(digest.hexdigest())
"""


def answer(**environment: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", _CODE], capture_output=True, text=True, check=True, env={**os.environ, **environment}
    )
    return run.stdout


@pytest.mark.jit
def test_processes_and_plain_python_give_what_compiled_kernels_give():
    compiled = answer(PYTHONHASHSEED="1", NUMBA_DISABLE_JIT="0")
    assert answer(PYTHONHASHSEED="2", NUMBA_DISABLE_JIT="0") == compiled
    assert answer(NUMBA_DISABLE_JIT="1") == compiled
