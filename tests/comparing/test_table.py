"""The table of results: files, measures and command lines."""

from __future__ import annotations

import json
import math
import shlex
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from command_line import kmq, picture, posix_only
from pillow_kmq.compare import compare, oklab_distance, table, visible_distance
from pillow_kmq.comparing import measures, rivals
from pillow_kmq.comparing.row import cells
from pillow_kmq.errors import KmqError, OptionError, OptionTypeError
from places import SAMPLES

pytestmark = pytest.mark.usefixtures("kernels_on_disk")

LEVELS = ("deflate", "fast", "default", "max")


def part(name: str = "photo.png", box: tuple[int, int, int, int] = (180, 60, 260, 124)) -> Image.Image:
    with Image.open(SAMPLES / name) as image:
        return image.crop(box)


def test_there_is_a_row_for_each_number_of_colours_and_format() -> None:
    rows = table(part(), (4, 16), against=("webp", "pillow"))
    own = [(row.colors, row.format) for row in rows if row.maker == "pillow-kmq"]
    formats = ["PNG", *(f".kmq {level}" for level in LEVELS), "lossless WebP"]
    assert own == [(k, name) for k in (4, 16) for name in formats]
    assert [(row.maker, row.colors) for row in rows if row.maker != "pillow-kmq"] == [
        *[(f"WebP q{quality}", None) for quality in (50, 75, 90)],
        *[("Pillow", 4), ("Pillow", 16)],
    ]


@pytest.mark.parametrize("against", [("webp", "pillow"), ("imagequant",), ("pngquant",), ("jxl",)])
@pytest.mark.parametrize("name", ["photo.png", "sprite.png"])
def test_every_file_has_the_pixels_and_the_size_of_its_row(name: str, against: tuple[str, ...]) -> None:
    if any(rivals.missing(each) for each in against):
        pytest.skip(f"{against} are not installed")
    for row in table(part(name), 8, compressions=("fast",), against=against):
        assert len(row.file) == row.bytes
        with Image.open(BytesIO(row.file)) as image:
            pixels = [each.convert("RGBA").tobytes() for each in (image, row.image)]
        assert pixels[0] == pixels[1], row.label


def test_measures_are_those_of_compare() -> None:
    image = part()
    for row in table(image, 8, compressions=("fast",)):
        found = compare(image, row.image)
        assert (row.psnr, row.delta_e, row.ssim) == (found.psnr, found.oklab, found.ssim)
        assert row.delta_e == oklab_distance(image, row.image)
        assert row.visible_error == visible_distance(image, row.image)


@pytest.mark.parametrize("package", ["ssimulacra2", "flip_evaluator"])
def test_further_measures_are_there_where_their_packages_are(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(package)
    name = package.removesuffix("_evaluator")
    rows = table(part("sprite.png", (100, 40, 200, 140)), (4, 64), compressions=(), against=())
    coarse, fine = (getattr(row, name) for row in rows)
    assert fine > coarse if name == "ssimulacra2" else fine < coarse
    monkeypatch.setattr(measures, "find_spec", lambda _: None)
    (row,) = table(part(), 4, compressions=(), against=())
    assert getattr(row, name) is None
    assert name not in row.as_dict()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "LA", "CMYK"])
@pytest.mark.parametrize("options", [{}, {"dither": "none", "space": "oklab"}, {"dither": 0.5}])
def test_the_command_makes_the_file(
    mode: str, options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = "it's a picture.tif"
    picture("flat.png", "RGB")
    made = Image.open("flat.png").convert(mode, **({"palette": Image.Palette.ADAPTIVE} if mode == "P" else {}))
    made.save(source, dpi=(72, 72))
    rows = table(Image.open(source), 6, name=source, **options)
    assert len(rows) == 6 + 3
    for row in rows:
        words = shlex.split(row.command)
        target = Path(words[words.index("-o") + 1]) if words[0] == "kmq" else Path(words[2].split('"')[-2])
        if words[0] == "kmq":
            result = kmq(*words[1:])
            assert result.exit_code == 0, result.output
        elif mode in ("RGB", "RGBA"):
            subprocess.run([sys.executable, *words[1:]], check=True)
        else:
            continue
        assert target.read_bytes() == row.file, row.command
        target.unlink()


def test_a_name_that_looks_like_an_option_is_set_apart() -> None:
    rows = table(part(), 2, name="-x.png", compressions=(), against=())
    assert shlex.split(rows[0].command)[-2:] == ["--", "-x.png"]


def test_the_name_is_that_of_the_file() -> None:
    rows = table(Image.open(SAMPLES / "sixteen.png"), 2, compressions=(), against=())
    assert shlex.split(rows[0].command)[-1] == str(SAMPLES / "sixteen.png")


def test_several_ways_of_dithering_and_spaces_are_combined() -> None:
    rows = table(part(), 4, dither=["none", "bayer"], space=["srgb", "oklab"], compressions=(), against=())
    assert [(row.dither, row.space) for row in rows] == [
        ("none", "srgb"),
        ("none", "oklab"),
        ("bayer", "srgb"),
        ("bayer", "oklab"),
    ]
    assert rows[0].label == "PNG (none, srgb)"
    assert len({row.image.tobytes() for row in rows}) == 4


def test_what_is_not_installed_is_left_out_with_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rivals.shutil, "which", lambda *_, **__: None)
    rows = table(part(), 8, compressions=(), against=("pngquant", "pillow"))
    assert rows.notes == ["pngquant is left out: the program pngquant is not installed"]
    assert [row.maker for row in rows] == ["pillow-kmq", "Pillow"]


@posix_only
def test_a_program_that_fails_is_left_out_with_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rivals, "pngquant_path", lambda: shutil.which("false"))
    monkeypatch.setitem(rivals.RIVALS, "pngquant", (lambda: True, ""))
    rows = table(part(), (8, 16), compressions=(), against=("pngquant",))
    assert ([row.maker for row in rows], len(rows.notes)) == (["pillow-kmq"] * 2, 1)
    assert rows.notes == ["pngquant fails: status 1"]


def test_images_too_large_for_webp_are_compared_without_it() -> None:
    rows = table(Image.new("RGB", (16384, 1), "teal"), 2, compressions=())
    assert ([row.format for row in rows], len(rows.notes)) == (["PNG"], 1)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (3, 2)])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "1"])
def test_tiny_and_invisible_images_are_compared(size: tuple[int, int], mode: str) -> None:
    (row,) = table(Image.new(mode, size), 4, compressions=(), against=())
    assert (row.used, row.delta_e) == (1, 0)


def test_progress_rises_to_one() -> None:
    seen: list[float] = []
    table(part(), (2, 4, 8, 16), compressions=(), against=("pillow",), progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1
    assert {step / 8 for step in range(1, 9)} < set(seen)


def test_rows_are_json_and_an_exact_result_has_no_psnr() -> None:
    flat = Image.new("RGB", (20, 20), "teal")
    (row,) = table(flat, 4, compressions=(), against=())
    assert math.isinf(row.psnr)
    assert row.used == 1
    found = json.loads(json.dumps(row.as_dict(), allow_nan=False))
    assert found["psnr"] is None
    assert (found["delta_e"], found["bytes"], found["colors"]) == (0, len(row.file), 4)
    assert cells(row, ["psnr", "delta_e"])[-2:] == ["∞", "0.00"]


def test_the_image_is_left_alone() -> None:
    image = part("sprite.png", (0, 0, 40, 40))
    image.info["comment"] = "kept"
    before = image.copy()
    table(image, 4, compressions=(), against=("pillow",))
    assert image.info == before.info
    assert ImageChops.difference(image, before).getbbox(alpha_only=False) is None


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"colors": ()}, OptionError),
        ({"colors": (0,)}, OptionError),
        ({"colors": "16"}, OptionTypeError),
        ({"compressions": ("best",)}, OptionError),
        ({"against": ("gimp",)}, OptionError),
        ({"dither": "lots"}, OptionError),
        ({"dither": []}, OptionError),
        ({"space": "cmyk"}, OptionError),
    ],
)
def test_odd_arguments_are_refused(arguments: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        table(part(), **arguments)


def test_other_objects_and_deep_images_are_refused() -> None:
    with pytest.raises(OptionTypeError, match="Pillow image"):
        table("photo.png")  # type: ignore[arg-type]
    with pytest.raises(KmqError):
        table(Image.new("I;16", (4, 4)))


def test_the_module_is_reached_without_importing_it() -> None:
    code = "import pillow_kmq; print(pillow_kmq.compare.table.__name__)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "table\n"
