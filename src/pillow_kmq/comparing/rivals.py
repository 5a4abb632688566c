"""Results of other programs, each with its defaults: Pillow, imagequant, pngquant, WebP and JPEG XL."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

from PIL import Image, features

from .own import File, Result
from .row import encoded

WEBP_QUALITIES = (50, 75, 90)
JXL_QUALITIES = (60, 80, 90)


class Source:
    """The original for other programs: RGB or RGBA pixels in sRGB, its name and the part of it before the dot."""

    def __init__(self, image: Image.Image, name: str) -> None:
        self.image = image
        self.name = name
        self.stem = os.path.splitext(os.path.basename(name))[0]


Job = Callable[[], Result]


def jobs_of(rival: str, source: Source, colors: Sequence[int]) -> list[Job]:
    """Return the functions that make the results of a program in `RIVALS`."""
    if rival == "webp":
        return [partial(_webp, source, q) for q in WEBP_QUALITIES]
    if rival == "jxl":
        return [partial(_jxl, source, q) for q in JXL_QUALITIES]
    make = {"pillow": _pillow, "imagequant": _imagequant, "pngquant": _pngquant}[rival]
    least = 2 if rival != "pillow" else 1
    return [partial(make, source, k) for k in colors if k >= least]


def missing(rival: str) -> str | None:
    """Return why a program in `RIVALS` cannot take part, or None."""
    found, needed = RIVALS[rival]
    return None if found() else f"{rival} is left out: {needed} is not installed"


def pngquant_path() -> str | None:
    """Return the pngquant next to this Python, else the one on the PATH."""
    return shutil.which("pngquant", path=str(Path(sys.executable).parent)) or shutil.which("pngquant")


RIVALS: dict[str, tuple[Callable[[], object], str]] = {
    "pillow": (lambda: True, "Pillow"),
    "imagequant": (lambda: find_spec("imagequant"), "the Python package imagequant"),
    "pngquant": (pngquant_path, "the program pngquant"),
    "webp": (lambda: features.check("webp"), "a Pillow with WebP"),
    "jxl": (lambda: find_spec("pillow_jxl"), "the Python package pillow-jxl-plugin"),
}
"""Other programs: whether each is installed, and what is needed for it."""


def _pillow(source: Source, colors: int) -> Result:
    started = time.perf_counter()
    result = source.image.quantize(colors)
    data = encoded(result, "PNG", optimize=True)
    command = _python(
        f"from PIL import Image; Image.open({_quoted(source.name)}).quantize({colors})"
        f".save({_quoted(f'{source.stem}-{colors}.png')}, optimize=True)"
    )
    return _result("Pillow", colors, data, started, command)


def _imagequant(source: Source, colors: int) -> Result:
    from imagequant import quantize_raw_rgba_bytes

    started = time.perf_counter()
    rgba = source.image.convert("RGBA").tobytes()  # faster than imagequant's own conversion
    indices, palette = quantize_raw_rgba_bytes(rgba, *source.image.size, 1.0, colors)
    result = Image.frombytes("P", source.image.size, indices)
    result.putpalette(bytes(palette)[: 4 * colors], "RGBA")
    data = encoded(result, "PNG", optimize=True)
    command = _python(
        f"import imagequant; from PIL import Image; imagequant.quantize_pil_image("
        f"Image.open({_quoted(source.name)}), max_colors={colors})"
        f".save({_quoted(f'{source.stem}-{colors}.png')}, optimize=True)"
    )
    return _result("imagequant", colors, data, started, command)


def _pngquant(source: Source, colors: int) -> Result:
    lossless = encoded(source.image, "PNG", compress_level=1)
    started = time.perf_counter()
    done = subprocess.run([str(pngquant_path()), str(colors), "-"], input=lossless, capture_output=True, check=False)
    if done.returncode:
        raise OSError(done.stderr.decode(errors="replace").strip() or f"status {done.returncode}")
    command = shlex.join(["pngquant", str(colors), "--output", f"{source.stem}-{colors}.png", "--", source.name])
    return _result("pngquant", colors, done.stdout, started, command)


def _webp(source: Source, quality: int) -> Result:
    return _lossy(source, "WebP", "WEBP", "webp", quality)


def _jxl(source: Source, quality: int) -> Result:
    import pillow_jxl  # noqa: F401 (registers the format with Pillow)

    return _lossy(source, "JPEG XL", "JXL", "jxl", quality, "import pillow_jxl; ")


def _lossy(source: Source, name: str, format_: str, extension: str, quality: int, imports: str = "") -> Result:
    """Return the result of a lossy format. imports: code that registers it with Pillow."""
    started = time.perf_counter()
    data = encoded(source.image, format_, quality=quality)
    command = _python(
        f"{imports}from PIL import Image; Image.open({_quoted(source.name)})"
        f".save({_quoted(f'{source.stem}-q{quality}.{extension}')}, quality={quality})"
    )
    return _result(f"{name} q{quality}", None, data, started, command, "lossy")


def _quoted(text: str) -> str:
    """Return a string in double quotes, for code that a shell reads in single quotes."""
    return json.dumps(text, ensure_ascii=False)


def _python(code: str) -> str:
    return shlex.join(["python", "-c", code])


def _result(maker: str, colors: int | None, data: bytes, started: float, command: str, format_: str = "PNG") -> Result:
    """Return the result of a file that has just been made, read back."""
    seconds = time.perf_counter() - started
    with Image.open(BytesIO(data)) as image:
        pixels = image.convert("RGBA" if image.has_transparency_data else "RGB")
    return Result(maker, colors, {}, pixels, [File(format_, data, seconds, command)])
