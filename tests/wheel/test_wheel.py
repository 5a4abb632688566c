"""A wheel with kernels, where there is neither Numba nor a directory to keep kernels in: run by `tox -e wheel`."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path

import pytest

from pillow_kmq.kernels import shipped
from pillow_kmq.kernels.kernel import every_variant
from pillow_kmq.kernels.warm_up import MODULES

TESTS = Path(__file__).parent.parent
PHOTO = TESTS.parent / "sample_images" / "photo.png"
X86 = platform.machine() in ("x86_64", "AMD64")
LEVELS = [shipped.BASELINE, shipped.V3] if X86 else [shipped.BASELINE]

VECTORS = f"""
import pytest
assert pytest.main(["-k", "decode_to_the_image or encoder_still", {str(TESTS / "codec" / "test_format.py")!r}]) == 0
"""
QUANTISER = """
import hashlib
import numpy as np
from pillow_kmq import kmeans, quantize_array

y, x = np.mgrid[0:14, 0:14] * 19
noise = np.random.default_rng(7).integers(0, 8, (14, 14, 4), np.uint8)
pixels = np.dstack([x, y, x * y // 255, 255 - x]).astype(np.uint8) + noise
digest = hashlib.sha256()
for space in ("perceptual", "srgb", "linear", "oklab"):
    for dither in ("none", "auto", 0.8, "selective", "atkinson", "bayer", "blue-noise"):
        image = quantize_array(pixels, 8, space=space, dither=dither)
        digest.update(image.palette.tobytes() + image.indices.tobytes())
digest.update(quantize_array(pixels, palette="cga", dither=1).indices.tobytes())
digest.update(kmeans(pixels.reshape(-1, 4).astype(np.float64), 5, n_init=2).centroids.tobytes())
print(digest.hexdigest())
"""
COMMAND = f"""
import sys
from pillow_kmq.cli import command
for output in sys.argv[1:]:
    try:
        command.main(["20", "--quiet", "-o", output, {str(PHOTO)!r}])
    except SystemExit as end:
        assert not end.code
"""
NOTHING_COMPILED = """
import sys
assert not {"numba", "llvmlite"} & sys.modules.keys()
"""

each_level = pytest.mark.parametrize("level", LEVELS)


def run(level: str, code: str, *arguments: object, **environment: str) -> str:
    """Run code with the kernels of a level and no directory to keep others in; return what it printed."""
    if level == shipped.V3 and shipped.level() != level:
        pytest.skip("the processor does not have this level")
    force = f"from pillow_kmq.kernels import shipped\nshipped.level = lambda: {level!r}\n"
    command = [sys.executable, "-c", force + code + NOTHING_COMPILED, *map(str, arguments)]
    environment = {**os.environ, "KMQ_CACHE_DIR": __file__, **environment}
    ended = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stderr == ""
    return ended.stdout


def test_the_wheel_is_for_this_platform_and_does_without_numba() -> None:
    assert find_spec("numba") is None
    assert find_spec("llvmlite") is None
    wheel = metadata.distribution("pillow-kmq")
    assert [one for one in wheel.requires or () if one.startswith("numba")] == ["numba>=0.61; extra == 'compile'"]
    about = wheel.read_text("WHEEL") or ""
    assert "Root-Is-Purelib: false" in about
    assert "Tag: py3-none-" in about
    assert "-any" not in about


@each_level
def test_the_library_has_every_variant_of_every_kernel(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "level", lambda: level)
    for name in MODULES:
        import_module(f"pillow_kmq.{name}")
    variants = every_variant()
    assert len(variants) > 40
    assert [one.symbol for one in variants if not shipped.address(one.symbol)] == []
    assert shipped.address("quant.none_such-0") == 0


@pytest.mark.skipif(not X86 or sys.platform != "linux", reason="/proc/cpuinfo of x86")
def test_the_level_is_the_one_that_the_system_reports() -> None:
    flags = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("flags")).split()
    has_v3 = {"abm", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"} <= set(flags)
    assert shipped.level() == (shipped.V3 if has_v3 else shipped.BASELINE)


@each_level
def test_all_vectors_are_decoded_and_encoded(level: str) -> None:
    run(level, VECTORS)


@each_level
def test_the_quantiser_gives_what_plain_python_gives(level: str) -> None:
    assert run(level, QUANTISER) == run(level, QUANTISER, NUMBA_DISABLE_JIT="1")


@each_level
def test_the_command_writes_the_same_files_at_every_level(level: str, tmp_path: Path) -> None:
    run(level, COMMAND, tmp_path / "a.png", tmp_path / "a.kmq")
    for forced in (tmp_path / "a.png", tmp_path / "a.kmq"):
        usual = forced.with_stem("b")
        subprocess.run([sys.executable, "-m", "pillow_kmq", "20", "-q", "-o", usual, PHOTO], check=True)
        assert forced.read_bytes() == usual.read_bytes()
