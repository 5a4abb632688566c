"""Measures of what people see, for one picture and its quantised version.

flip, flip_worst      FLIP (Andersson et al. 2020), 0 is identical: its mean, and that of the worst hundredth of tiles.
ssimulacra2           100 is identical, 90 invisible, 70 good.
chroma_worst          chroma kept by a tile: mean Oklab chroma of the result over that of the original, of tiles where
                      the original's is at least 3 (x 100); the first percentile of them.
chroma_lost           share of those tiles that keep less than 60 %.
blur_mean, _p99, _worst   mean dE of a tile after a blur of 2 pixels: mean, 99th percentile and worst of all tiles.
stray                 share of pixels that are farther than 15 from the 5x5 median of the original, where the original
                      pixel is not: dots of a colour that the place does not have.
mse3, delta_e         as in metrics.py.
place_chroma, place_blur   chroma kept, and mean dE after a blur, in the box that pictures.py gives: a face, a sky.

Tiles are 32x32 pixels, or as near to it as divides the picture. A picture with alpha is measured over black and over
white, and of each measure the worse counts.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter
from scipy.ndimage import gaussian_filter

import metrics
from pictures import Box

try:
    import flip_evaluator
except ImportError:
    flip_evaluator = None

TILE = 32
HAS_CHROMA = 3.0
LOST = 0.6
STRAY = 15.0
BLUR = 2.0

HIGHER = {"ssimulacra2", "chroma_worst"}
"""Measures that are better when higher; the others are errors."""

Picked = Image.Image | np.ndarray


# ---- tiles ----


def tiles(values: np.ndarray) -> np.ndarray:
    """Mean of each tile of f[h, w], tiles in reading order."""
    rows, columns = (np.linspace(0, size, max(1, round(size / TILE)) + 1).astype(int) for size in values.shape)
    sums = np.add.reduceat(np.add.reduceat(values.astype(np.float64), rows[:-1], 0), columns[:-1], 1)
    return np.asarray(sums / np.outer(np.diff(rows), np.diff(columns))).ravel()


def worst_hundredth(values: np.ndarray) -> float:
    """Mean of the largest hundredth, of the largest where there are fewer than a hundred."""
    count = max(1, len(values) // 100)
    return float(np.sort(values)[-count:].mean())


# ---- measures ----


@dataclass(frozen=True)
class Original:
    """What is needed of an original, worked out once: pixels are u8[h, w, 3]."""

    pixels: np.ndarray
    oklab: np.ndarray
    blurred: np.ndarray
    median: np.ndarray
    near_median: np.ndarray

    @classmethod
    def of(cls, pixels: np.ndarray) -> Original:
        """Work it out."""
        median = np.asarray(Image.fromarray(pixels).filter(ImageFilter.MedianFilter(5)))
        lab, lab_median = metrics.oklab(pixels), metrics.oklab(median)
        return cls(pixels, lab, _blurred(pixels), lab_median, _distance(lab, lab_median) <= STRAY)


@functools.lru_cache(4)
def _original(data: bytes, shape: tuple[int, ...]) -> Original:
    return Original.of(np.frombuffer(data, np.uint8).reshape(shape))


def _distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Oklab distance x 100 of each pixel."""
    return np.asarray(np.sqrt(np.sum((a - b) ** 2, axis=-1)) * 100)


def _blurred(pixels: np.ndarray) -> np.ndarray:
    """Oklab of a picture as it looks from a distance."""
    return metrics.oklab(gaussian_filter(pixels.astype(np.float32), (BLUR, BLUR, 0)))


def _chroma(lab: np.ndarray) -> np.ndarray:
    return np.asarray(np.hypot(lab[..., 1], lab[..., 2]) * 100)


def chroma_kept(original: np.ndarray, result: np.ndarray) -> np.ndarray:
    """Chroma kept by each tile that has chroma: of two Oklab arrays; empty where none has."""
    before, after = tiles(_chroma(original)), tiles(_chroma(result))
    return np.asarray(after[before >= HAS_CHROMA] / before[before >= HAS_CHROMA])


def flip(a: np.ndarray, b: np.ndarray) -> np.ndarray | None:
    """The map of FLIP, f[h, w], of two u8[h, w, 3]; None without the package."""
    if flip_evaluator is None:
        return None
    floats = [np.ascontiguousarray(pixels, np.float32) / 255 for pixels in (a, b)]
    return np.asarray(flip_evaluator.evaluate(*floats, "LDR", applyMagma=False, computeMeanError=False)[0])[..., 0]


def _opaque_measures(a: np.ndarray, b: np.ndarray) -> dict[str, float]:
    """All measures of two u8[h, w, 3]."""
    original = _original(a.tobytes(), a.shape)
    lab = metrics.oklab(b)
    found: dict[str, float] = {}
    error_map = flip(a, b)
    if error_map is not None:
        found |= {"flip": float(error_map.mean()), "flip_worst": worst_hundredth(tiles(error_map))}
    score = metrics.ssimulacra2(Image.fromarray(a), Image.fromarray(b))
    if score is not None:
        found["ssimulacra2"] = score
    kept = chroma_kept(original.oklab, lab)
    if len(kept):
        found |= {"chroma_worst": float(np.percentile(kept, 1)), "chroma_lost": float(np.mean(kept < LOST))}
    from_afar = tiles(_distance(original.blurred, _blurred(b)))
    found |= {"blur_mean": float(from_afar.mean()), "blur_p99": float(np.percentile(from_afar, 99))}
    found["blur_worst"] = float(from_afar.max())
    found["stray"] = float(np.mean((_distance(lab, original.median) > STRAY) & original.near_median))
    return found | {"mse3": metrics.mse3(a, b), "delta_e": metrics.delta_e(a, b)}


def measures(original: Picked, result: Picked) -> dict[str, float]:
    """All measures of an original and its quantised version: images, or u8 arrays [h, w, 3 or 4]."""
    a, b = (_image(picked) for picked in (original, result))
    if a.size != b.size:
        raise ValueError(f"sizes differ: {a.size} and {b.size}")
    if not a.has_transparency_data and not b.has_transparency_data:
        return _opaque_measures(metrics.rgb(a), metrics.rgb(b))
    over = [_opaque_measures(metrics.over(a, shade), metrics.over(b, shade)) for shade in (0, 255)]
    names = dict.fromkeys([*over[0], *over[1]])
    each = {name: [found[name] for found in over if name in found] for name in names}
    return {name: min(values) if name in HIGHER else max(values) for name, values in each.items()}


def place_measures(original: Image.Image, result: Image.Image, box: Box) -> dict[str, float]:
    """Chroma kept, and mean dE after a blur, in a box: left, top, right, bottom."""
    inside = (slice(box[1], box[3]), slice(box[0], box[2]))
    pixels = [metrics.rgb(image) for image in (original, result)]
    before, after = (_chroma(metrics.oklab(each[inside])).mean() for each in pixels)
    from_afar = _distance(*(_blurred(each)[inside] for each in pixels))
    return {"place_chroma": float(after / before), "place_blur": float(from_afar.mean())}


def _image(picked: Picked) -> Image.Image:
    return picked if isinstance(picked, Image.Image) else Image.fromarray(np.ascontiguousarray(picked))
