"""Odd values for every argument of every public function: they work, or a sentence says what is wrong."""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import pillow_kmq
from pillow_kmq import codec, collection, compare
from pillow_kmq.errors import KmqError
from pillow_kmq.saving.options import QUANTIZE_KEYWORDS

PIXELS = np.arange(48, dtype=np.uint8).reshape(3, 4, 4) * 5 | np.array([0, 0, 0, 255], np.uint8)
RGBA = Image.fromarray(PIXELS)
PALETTE_IMAGE = pillow_kmq.quantize(RGBA, 4)
TRANSLUCENT = RGBA.copy()
TRANSLUCENT.putalpha(128)
INDEXED = pillow_kmq.quantize_array(PIXELS, 4)
FILE = pillow_kmq.encode(INDEXED)

ODD: dict[str, Any] = {
    "None": None,
    "True": True,
    "False": False,
    "minus one": -1,
    "zero": 0,
    "three": 3,
    "float": 1.5,
    "minus a half": -0.5,
    "nan": math.nan,
    "inf": math.inf,
    "huge": 10**30,
    "huger than a float": 10**400,
    "too long to print": 10**5000,
    "complex": 1j,
    "empty text": "",
    "text": "x",
    "NUL": "\0",
    "surrogate": "\ud800",
    "no bytes": b"",
    "bytes": b"x",
    "bytearray": bytearray(b"x"),
    "memoryview": memoryview(b"x"),
    "empty list": [],
    "list": [3],
    "two": (60, 80),
    "two wrong": (80, 60),
    "three bits": [5, 6, 5],
    "list of None": [None],
    "nested": [[1, 2, 3]],
    "ragged": [[1, 2, 3], [1]],
    "texts": ["x", "y"],
    "dict": {},
    "mapping": {"x": 1},
    "set": {1, 2},
    "range": range(3),
    "iterator": iter([1, 2]),
    "object": object(),
    "type": type("Anything", (), {"__init__": lambda *arguments: None}),
    "exception": ValueError("x"),
    "function": lambda *arguments: None,
    "0-d array": np.array(3),
    "array of one": np.array([3]),
    "array of bits": np.array([5, 6, 5]),
    "array of floats": np.array([0.5, 0.2]),
    "array of nan": np.array([math.nan]),
    "empty array": np.array([]),
    "array of bytes": np.zeros((3, 4), np.uint8),
    "array of truths": np.ones((3, 4), bool),
    "array of colours": np.zeros((2, 3), np.int64),
    "array of text": np.array(["x"]),
    "array of objects": np.array([None, "x"], object),
    "4-d array": np.zeros((1, 1, 1, 1)),
    "numpy integer": np.int64(3),
    "numpy float": np.float32(0.5),
    "numpy truth": np.True_,
    "RGB image": RGBA.convert("RGB"),
    "P image": PALETTE_IMAGE,
    "gray image": RGBA.convert("L"),
    "float image": RGBA.convert("F"),
    "empty image": Image.new("RGB", (0, 0)),
    "exif": Image.Exif(),
    "indexed image": INDEXED,
}


@dataclass(frozen=True)
class Case:
    """A call with right arguments, of which one is exchanged."""

    call: Callable[..., Any]
    right: dict[str, Any]


def save(format_: str) -> Callable[..., Any]:
    def saved(**options: Any) -> None:
        RGBA.copy().save(BytesIO(), format_, **{"save_all": "append_images" in options, **options})

    return saved


def save_frames(**options: Any) -> None:
    RGBA.copy().save(BytesIO(), "KMQ", **{"save_all": True, "append_images": [RGBA.rotate(180)], **options})


def seek(frame: Any) -> None:
    RGBA.copy().save(file := BytesIO(), "KMQ", save_all=True, append_images=[RGBA.rotate(180)])
    with Image.open(file) as opened:
        opened.seek(1)
        try:
            opened.seek(frame)
        except KmqError:
            assert opened.tell() == 1
            raise
        except EOFError:
            return
        finally:
            opened.load()


def quantize_installed(**options: Any) -> None:
    with pillow_kmq.installed():
        RGBA.quantize(**options)


def convert_installed(colors: Any) -> None:
    with pillow_kmq.installed():
        RGBA.convert("RGB").convert("P", palette=Image.Palette.ADAPTIVE, colors=colors)


def convert_file(**options: Any) -> None:
    RGBA.save("in.png")
    collection.convert(**{"paths": ["in.png"], **options})


SAVING = [*QUANTIZE_KEYWORDS, "srgb", "icc_profile", "max_bytes", "threads", "progress", "report", "transparency"]
METADATA = ["exif", "xmp", "dpi", "comment", "text"]
CASES = {
    "quantize": Case(pillow_kmq.quantize, {"im": RGBA}),
    "quantize_all": Case(pillow_kmq.quantize_all, {"images": [RGBA, RGBA]}),
    "quantize_all options": Case(
        lambda **options: pillow_kmq.quantize_all([RGBA], **options),
        dict.fromkeys(set(QUANTIZE_KEYWORDS) - {"colors", "importance"} | {"threads", "progress"}),
    ),
    "quantize_tiles": Case(pillow_kmq.quantize_tiles, {"im": RGBA}),
    "shared_palette": Case(pillow_kmq.shared_palette, {"images": [RGBA, RGBA]}),
    "shared_palette options": Case(
        lambda **options: pillow_kmq.shared_palette([RGBA], **options),
        dict.fromkeys(set(QUANTIZE_KEYWORDS) - {"colors", "importance", "palette"}),
    ),
    "quantize_array": Case(pillow_kmq.quantize_array, {"pixels": PIXELS}),
    "quantize_array options": Case(
        lambda **options: pillow_kmq.quantize_array(PIXELS, **options),
        dict.fromkeys(set(QUANTIZE_KEYWORDS) - {"colors"} | {"threads", "progress"}),
    ),
    "kmeans": Case(pillow_kmq.kmeans, {"points": PIXELS[0].astype(float), "k": 2}),
    "histogram": Case(pillow_kmq.histogram, {"pixels": PIXELS}),
    "find_palette": Case(pillow_kmq.find_palette, {"pixels": PIXELS}),
    "remap": Case(pillow_kmq.remap, {"pixels": PIXELS, "palette": [(0, 0, 0), (255, 255, 255)]}),
    "dither": Case(pillow_kmq.dither, {"pixels": PIXELS, "palette": [(0, 0, 0), (255, 255, 255)]}),
    "IndexedImage": Case(pillow_kmq.IndexedImage, {"palette": INDEXED.palette, "indices": INDEXED.indices}),
    "FloydSteinberg": Case(pillow_kmq.FloydSteinberg, {}),
    "Diffusion": Case(pillow_kmq.Diffusion, {}),
    "Selective": Case(pillow_kmq.Selective, {}),
    "Ordered": Case(pillow_kmq.Ordered, {}),
    "quantize installed": Case(quantize_installed, dict.fromkeys([*QUANTIZE_KEYWORDS, "threads", "report"])),
    "convert installed": Case(convert_installed, {"colors": 3}),
    "PSNR": Case(lambda decibels: pillow_kmq.quantize(RGBA, quality=pillow_kmq.PSNR(decibels)), {"decibels": 20}),
    "DeltaE": Case(lambda distance: pillow_kmq.quantize(RGBA, quality=pillow_kmq.DeltaE(distance)), {"distance": 9}),
    "learn_palette": Case(collection.learn_palette, {"images": [RGBA, RGBA], "processes": 1}),
    "convert": Case(
        convert_file,
        dict.fromkeys(set(inspect.signature(collection.convert).parameters) - {"paths", "client", "processes"})
        | {"paths": ["in.png"], "palette": "cga", "out": "out", "processes": 1, "client": None},
    ),
    "encode": Case(pillow_kmq.encode, {"image": INDEXED}),
    "decode": Case(pillow_kmq.decode, {"data": FILE}),
    "read_region": Case(pillow_kmq.read_region, {"source": BytesIO(FILE), "box": (0, 0, 1, 1)}),
    "read_palette": Case(lambda source: pillow_kmq.read_palette(source), {"source": "a.gpl"}),
    "write_palette": Case(pillow_kmq.write_palette, {"path": "a.gpl", "colors": [(0, 0, 0)]}),
    "read_animation": Case(codec.read_animation, {"data": FILE}),
    "frame": Case(lambda number: codec.read_animation(FILE).frame(number), {"number": 0}),
    "encode_animation": Case(codec.encode_animation, {"frames": [INDEXED, INDEXED], "durations": 40}),
    "metadata": Case(lambda **parts: pillow_kmq.encode(INDEXED, metadata=codec.Metadata(**parts)),
                     dict.fromkeys(("icc_profile", "exif", "xmp"), b"") | {"resolution": None, "texts": None}),
    "set_threads": Case(codec.set_threads, {"count": None}),
    "compare": Case(compare.compare, {"original": RGBA, "image": RGBA}),
    "psnr": Case(compare.psnr, {"original": TRANSLUCENT, "image": RGBA}),
    "oklab_distance": Case(compare.oklab_distance, {"original": TRANSLUCENT, "image": RGBA}),
    "ssim": Case(compare.ssim, {"original": RGBA, "image": RGBA}),
    "save": Case(pillow_kmq.save, {"im": RGBA, "path": BytesIO(), "format": "PNG8"}),
    "save_animation": Case(pillow_kmq.save_animation, {"frames": [RGBA, RGBA], "path": BytesIO(), "format": "GIF"}),
    "save_animation options": Case(
        lambda **options: pillow_kmq.save_animation([RGBA, TRANSLUCENT], BytesIO(), "GIF", **options),
        dict.fromkeys([*SAVING, "palettes", "duration", "loop"]),
    ),
    "seek": Case(seek, {"frame": 0}),
    "PNG8": Case(save("PNG8"), dict.fromkeys([*SAVING, "append_images"])),
    "KMQ": Case(save("KMQ"), dict.fromkeys([*SAVING, *METADATA, "compression", "palette_mode", "append_images"])),
    "KMQ animation": Case(
        save_frames,
        dict.fromkeys(
            [*SAVING, *METADATA, "compression", "palette_mode", "append_images", "duration", "loop"],
        ),
    ),
}  # fmt: skip


def arguments() -> list[Any]:
    found = []
    for name, case in CASES.items():
        named = set(inspect.signature(case.call).parameters) - {"options", "parts", "method"}  # which is Pillow's
        found += [pytest.param(case, argument, id=f"{name}-{argument}") for argument in sorted(named | set(case.right))]
    return found


@pytest.mark.parametrize(("case", "argument"), arguments())
def test_an_odd_value_works_or_is_refused_with_a_sentence(
    case: Case, argument: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # as some odd values name files
    wrong = []
    odd = {name: value for name, value in ODD.items() if argument != "source" or not isinstance(value, (str, bytes))}
    for name, value in odd.items():
        given = {key: right for key, right in case.right.items() if right is not None}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                case.call(**{**given, argument: value})
        except KmqError as error:
            if len(str(error)) < 10:
                wrong.append(f"{name}: {error!r}")
        except Exception as error:
            wrong.append(f"{name}: {type(error).__name__}: {str(error)[:100]}")
    assert not wrong, "\n".join(wrong)


def test_every_public_function_is_among_them() -> None:
    tried = {name.split()[0] for name in CASES}
    without_arguments = {"install", "installed", "uninstall", "register_kmq_opener", "register_png8_saver"}
    results = {"ColorCounts", "KMeansResult", "NamedColors", "Report", "SharedPalette", "TiledImage"}
    public = {name for name in pillow_kmq.__all__ if callable(getattr(pillow_kmq, name))}
    for name in without_arguments:
        assert not inspect.signature(getattr(pillow_kmq, name)).parameters
    assert public - tried == without_arguments | results | {"warmup"}  # which compiles, see test_compiling


# What is meant by arrays and NumPy's numbers


def saved(format_: str = "KMQ", **options: Any) -> bytes:
    RGBA.copy().save(stream := BytesIO(), format_, **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("odd", "plain"),
    [
        ({"quality": np.array([60, 80])}, {"quality": (60, 80)}),
        ({"quality": np.float32(50)}, {"quality": 50}),
        ({"posterize": np.array([5, 6, 5])}, {"posterize": "rgb565"}),
        ({"colors": np.uint8(3)}, {"colors": 3}),
        ({"colors": 3, "dither": np.float64(0.5)}, {"colors": 3, "dither": 0.5}),
        ({"max_bytes": 200, "dither": np.array([0.5, 0.2])}, {"max_bytes": 200, "dither": [0.5, 0.2]}),
        ({"dpi": np.array([72, 96])}, {"dpi": (72, 96)}),
        ({"comment": bytearray(b"x")}, {"comment": "x"}),
    ],
    ids=lambda options: next(iter(options)),
)
def test_arrays_and_numpy_numbers_mean_what_lists_and_numbers_mean(odd: dict[str, Any], plain: dict[str, Any]) -> None:
    assert saved(**odd) == saved(**plain)


@pytest.mark.parametrize(
    ("odd", "plain"),
    [
        ({"duration": np.array([40, 50])}, {"duration": [40, 50]}),
        ({"duration": np.int64(40)}, {"duration": 40}),
        ({"loop": np.int64(3)}, {"loop": 3}),
    ],
    ids=lambda options: next(iter(options)),
)
def test_so_do_those_of_animations(odd: dict[str, Any], plain: dict[str, Any]) -> None:
    frames = {"save_all": True, "append_images": [RGBA.rotate(180)]}
    assert saved(**frames, **odd) == saved(**frames, **plain)


def test_a_numpy_index_is_a_transparent_entry() -> None:
    files = []
    for index in (2, np.uint8(2)):
        PALETTE_IMAGE.copy().save(stream := BytesIO(), "KMQ", transparency=index)
        files.append(stream.getvalue())
    assert files[0] == files[1]


def test_no_images_to_append_are_none_for_png8() -> None:
    assert saved("PNG8", save_all=True, append_images=None) == saved("PNG8")


def test_frames_that_can_be_gone_through_once_are_all_stored() -> None:
    frames = [INDEXED, pillow_kmq.IndexedImage(INDEXED.palette, INDEXED.indices[::-1].copy())]
    assert codec.encode_animation(iter(frames), 40) == codec.encode_animation(frames, 40)


def test_encode_says_how_a_pillow_image_is_saved() -> None:
    with pytest.raises(TypeError, match=r"must be an IndexedImage, not Image: .+ im\.save"):
        pillow_kmq.encode(RGBA)  # type: ignore[arg-type]


def test_a_still_image_knows_no_frame_of_another_type_either() -> None:
    with Image.open(BytesIO(FILE)) as opened:
        for number in (0.0, "0", None):
            with pytest.raises(TypeError, match="frame must be an integer"):
                opened.seek(number)  # type: ignore[arg-type]
        opened.seek(0)
