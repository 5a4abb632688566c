"""Everything that is compared: a candidate takes (RGB or RGBA image, colours) and returns a P or RGBA image.

What is not installed is left out. The command-line tools are timed by their process: that has
reading and writing a PNG in it (some 10-20 ms for 768x512), as their users pay it.
"""

from __future__ import annotations

import functools
import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path

import numpy as np
from PIL import Image

Run = Callable[[Image.Image, int], Image.Image]


@dataclass(frozen=True)
class Candidate:
    """One quantiser with its settings.

    ours: a row of pillow-kmq. child: it works in a child process. slow: seconds per image, so run once.
    alpha: it takes RGBA images.
    """

    name: str
    run: Run
    ours: bool = False
    child: bool = False
    slow: bool = False
    alpha: bool = True


def installed(module: str) -> bool:
    """Whether a module can be imported."""
    try:
        import_module(module)
    except ImportError:
        return False
    return True


# ---- pillow-kmq ----


def ours(effort: str = "default", space: str = "srgb", dither: object = 0, **options: object) -> Candidate:
    """pillow-kmq with these options; dither as pillow_kmq.quantize takes it, 0 for none."""
    import pillow_kmq

    def run(image: Image.Image, k: int) -> Image.Image:
        return pillow_kmq.quantize(image, k, effort=effort, space=space, dither=dither, **options)

    label = "" if dither == 0 else f", dither={dither}"
    label += "".join(f", {name}={value}" for name, value in options.items())
    return Candidate(f"kmq {effort} {space}{label}", run, ours=True, slow=effort == "best")


def ours_with(label: str, **options: object) -> Candidate:
    """Build a candidate of pillow-kmq with these options and its defaults for all others."""
    import pillow_kmq

    return Candidate(
        f"kmq {label}", lambda image, k: pillow_kmq.quantize(image, k, **options), ours=True, slow=_slow(options)
    )


def ours_saved(label: str, **options: object) -> Candidate:
    """Build a candidate that saves a PNG8 and reads it; the size of the file is in `info["file"]`."""
    import pillow_kmq  # noqa: F401  registers PNG8

    def run(image: Image.Image, k: int) -> Image.Image:
        file = io.BytesIO()
        image.save(file, "PNG8", colors=k, optimize=True, **options)
        return _opened(file, len(file.getvalue()))

    return Candidate(f"kmq saved {label}", run, ours=True, slow=_slow(options))


def _slow(options: dict[str, object]) -> bool:
    return options.get("effort") == "best"


# ---- libraries ----


def imagequant(image: Image.Image, k: int, dither: float = 0.0) -> Image.Image:
    """The libimagequant of PyPI, called on raw bytes: the wheel's own Pillow wrapper is slow Python."""
    from imagequant import quantize_raw_rgba_bytes

    data = image.convert("RGBA").tobytes()
    indices, palette = quantize_raw_rgba_bytes(data, image.width, image.height, dither, k)
    result = Image.frombytes("P", image.size, indices)
    entries = np.array(palette, np.uint8).reshape(-1, 4)[:k]  # the wheel always hands over 256
    if image.mode == "RGBA":
        result.putpalette(entries.tobytes(), "RGBA")
    else:
        result.putpalette(entries[:, :3].tobytes())
    return result


def pillow(method: Image.Quantize, dither: Image.Dither) -> Run:
    """Pillow's own; it dithers only against a palette, so the palette is made first."""

    def run(image: Image.Image, k: int) -> Image.Image:
        result = image.quantize(k, method=method)
        if dither == Image.Dither.NONE:
            return result
        return image.convert("RGB").quantize(palette=result.convert("P"), dither=dither)

    return run


def sklearn_kmeans(image: Image.Image, k: int) -> Image.Image:
    """scikit-learn's KMeans on all pixels, k-means++ and one start, as the tutorials have it."""
    from sklearn.cluster import KMeans

    pixels = np.asarray(image.convert("RGB"), np.float32).reshape(-1, 3)
    model = KMeans(k, n_init=1, random_state=0).fit(pixels)
    result = Image.fromarray(model.labels_.astype(np.uint8).reshape(image.height, image.width), "P")
    result.putpalette(np.rint(model.cluster_centers_).clip(0, 255).astype(np.uint8).tobytes())
    return result


# ---- command lines ----


def _through_files(image: Image.Image, command: Callable[[str, str], list[str]]) -> Image.Image:
    with tempfile.TemporaryDirectory() as folder:
        source, target = str(Path(folder, "in.png")), str(Path(folder, "out.png"))
        image.save(source, compress_level=1)
        subprocess.run(command(source, target), check=True, capture_output=True)
        return _opened(target, Path(target).stat().st_size)


def _opened(file: str | io.BytesIO, size: int) -> Image.Image:
    """Read the image in a file, with the size of the file in `info["file"]`."""
    with Image.open(file) as image:
        image.load()
        result = image.copy()
    result.info["file"] = size
    return result


def pngquant_command() -> str | None:
    """Find the pngquant 3 of the package `pngquant-cli`, else the one on the PATH."""
    return shutil.which("pngquant", path=str(Path(sys.executable).parent)) or shutil.which("pngquant")


def pngquant(*options: str) -> Run:
    """Build a run of pngquant with these options; without any it is `pngquant 64 photo.png`."""
    program = pngquant_command() or "pngquant"

    def run(image: Image.Image, k: int) -> Image.Image:
        return _through_files(image, lambda a, b: [program, *options, "--output", b, str(k), "--", a])

    return run


SHARP = """
const [source, target, colours, dither] = process.argv.slice(1);
require("sharp")(source).png({palette: true, colours: +colours, dither: +dither, effort: 10}).toFile(target);
"""


def sharp(dither: float) -> Run:
    """Build a run of sharp (npm) at its highest effort. It writes 256 colours when asked for 64."""

    def run(image: Image.Image, k: int) -> Image.Image:
        return _through_files(image, lambda a, b: ["node", "-e", SHARP, a, b, str(k), str(dither)])

    return run


@functools.cache
def has_sharp() -> bool:
    """Return whether Node finds sharp, in node_modules of the working folder or in NODE_PATH."""
    return (
        bool(shutil.which("node"))
        and not subprocess.run(["node", "-e", "require('sharp')"], capture_output=True).returncode
    )


def _imagemagick() -> str | None:
    for name in ("magick", "convert"):
        for folder in (None, "/usr/bin"):
            found = shutil.which(name, path=folder)
            if found and b"ImageMagick" in subprocess.run([found, "-version"], capture_output=True).stdout:
                return found
    return None


def imagemagick(dither: bool) -> Run:
    """ImageMagick's -colors (an octree) with Floyd-Steinberg or nothing."""
    program = _imagemagick() or "magick"
    strength = ["-dither", "FloydSteinberg"] if dither else ["+dither"]

    def run(image: Image.Image, k: int) -> Image.Image:
        return _through_files(image, lambda a, b: [program, a, *strength, "-colors", str(k), f"PNG:{b}"])

    return run


# ---- lists ----


def plain_rivals(slow: bool = False) -> list[Candidate]:
    """Rivals without dithering. `slow` adds scikit-learn's KMeans."""
    none, method = Image.Dither.NONE, Image.Quantize
    found = [Candidate("imagequant", imagequant)] if installed("imagequant") else []
    found += [
        Candidate("Pillow MEDIANCUT", pillow(method.MEDIANCUT, none)),
        Candidate("Pillow MAXCOVERAGE", pillow(method.MAXCOVERAGE, none)),
        Candidate("Pillow FASTOCTREE", pillow(method.FASTOCTREE, none)),
    ]
    if pngquant_command():
        found.append(Candidate("pngquant", pngquant("--nofs"), child=True))
        found.append(Candidate("pngquant speed 1", pngquant("--nofs", "--speed", "1"), child=True))
    if _imagemagick():
        found.append(Candidate("ImageMagick", imagemagick(False), child=True))
    if slow and installed("sklearn"):
        found.append(Candidate("scikit-learn KMeans", sklearn_kmeans, slow=True))
    return found


def dithering_rivals() -> list[Candidate]:
    """Rivals with dithering."""
    found = []
    if installed("imagequant"):
        found.append(Candidate("imagequant", lambda image, k: imagequant(image, k, 1.0)))
    diffusion = Image.Dither.FLOYDSTEINBERG
    found.append(Candidate("Pillow FASTOCTREE + FS", pillow(Image.Quantize.FASTOCTREE, diffusion)))
    found.append(Candidate("Pillow MEDIANCUT + FS", pillow(Image.Quantize.MEDIANCUT, diffusion)))
    if pngquant_command():
        found.append(Candidate("pngquant", pngquant("--floyd=1"), child=True))
    if _imagemagick():
        found.append(Candidate("ImageMagick FS", imagemagick(True), child=True))
    return found


def alpha_rivals() -> list[Candidate]:
    """Rivals that take RGBA, without dithering."""
    return [one for one in plain_rivals() if one.name not in ("Pillow MEDIANCUT", "Pillow MAXCOVERAGE")]


def eye_rivals() -> list[Candidate]:
    """Return the rivals of the `eye` table without dithering, at their best quality."""
    found = []
    if pngquant_command():
        found.append(Candidate("pngquant --nofs --speed 1", pngquant("--nofs", "--speed", "1"), child=True))
    if installed("imagequant"):
        found.append(Candidate("imagequant", imagequant))
    if has_sharp():
        found.append(Candidate("sharp dither 0", sharp(0), child=True))
    none, method = Image.Dither.NONE, Image.Quantize
    found.append(Candidate("Pillow MEDIANCUT", pillow(method.MEDIANCUT, none), alpha=False))
    return [*found, Candidate("Pillow FASTOCTREE", pillow(method.FASTOCTREE, none))]


def default_rivals() -> list[Candidate]:
    """Return the rivals of the `eye` table with their defaults, and Pillow with dithering as well."""
    found = []
    if pngquant_command():
        found.append(Candidate("pngquant", pngquant(), child=True))
    if installed("imagequant"):
        found.append(Candidate("imagequant dithered", lambda image, k: imagequant(image, k, 1.0)))
    if has_sharp():
        found.append(Candidate("sharp", sharp(1), child=True))
    found.append(Candidate("Pillow", lambda image, k: image.quantize(k)))
    diffusion = pillow(Image.Quantize.MEDIANCUT, Image.Dither.FLOYDSTEINBERG)
    return [*found, Candidate("Pillow MEDIANCUT + FS", diffusion, alpha=False)]


def versions() -> dict[str, str]:
    """Version of every program and package that takes part."""
    names = (
        "pillow-kmq",
        "pillow",
        "numpy",
        "numba",
        "imagequant",
        "scikit-learn",
        "scikit-image",
        "ssimulacra2",
        "flip-evaluator",
        "pyoxipng",
        "pillow-jxl-plugin",
    )
    found = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    if pngquant_command():
        program = str(pngquant_command())
        found["pngquant"] = subprocess.run([program, "--version"], capture_output=True, text=True).stdout.split()[0]
    program = _imagemagick()
    if program:
        text = subprocess.run([program, "-version"], capture_output=True, text=True).stdout
        found["ImageMagick"] = text.split()[2]
    return found
