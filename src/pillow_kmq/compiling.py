"""Compiling all kernels ahead of time, for containers and first users; the machine code stays on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .checks import check_callback


def warmup(progress: Callable[[str, float], object] | None = None) -> None:
    """Compile every kernel that is not kept on disk yet: about a minute in a new environment.

    progress: called before each step with what is compiled and the part that is done, 0..1, and with "" and 1 at the
    end. Kernels are kept in Numba's cache directory (`NUMBA_CACHE_DIR`, or beside the package).
    """
    check_callback("progress", progress)
    steps = list(_steps())
    for number, (what, work) in enumerate(steps):
        if progress is not None:
            progress(what, number / len(steps))
        work()
    if progress is not None:
        progress("", 1.0)


def _steps() -> Iterator[tuple[str, Callable[[], object]]]:
    """Kernels compile for the types that they meet: small work of each kind."""
    import numpy as np

    from . import codec
    from .quant.arrays import quantize_array
    from .quant.kmeans import kmeans
    from .quant.mapping import LARGE

    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 4), np.uint8)
    large = np.tile(noise, (LARGE // noise[..., 0].size + 1, 1, 1))
    yield "the quantiser", lambda: quantize_array(noise, 32)
    yield "large images", lambda: quantize_array(large, 32)
    for dither in ("floyd-steinberg", "selective", "bayer"):
        yield f"dithering, {dither}", lambda dither=dither: quantize_array(noise, 32, dither=dither)  # type: ignore[misc]
    yield "given palettes", lambda: quantize_array(noise, palette="cga")
    yield "quality", lambda: quantize_array(noise, quality=20)
    for init in ("k-means++", "wu"):
        yield f"kmeans, {init}", lambda init=init: kmeans(noise[0], 4, init=init)  # type: ignore[misc]
    yield "the KMQ format", codec.warmup
