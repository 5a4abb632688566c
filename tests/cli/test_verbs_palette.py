"""`kmq palette`: extract, show and convert."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from command_line import kmq, names, picture
from pillow_kmq import palette_files, quantize, read_palette, write_palette
from pillow_kmq.cli.verbs.palette import FORMATS
from places import SAMPLES

pytestmark = pytest.mark.usefixtures("inside")


def colors(name: str) -> list[list[int]]:
    return read_palette(name).colors.tolist()


def test_the_command_knows_every_format() -> None:
    assert FORMATS == palette_files.FORMATS


# extract


def test_the_palette_of_an_indexed_image_is_extracted_in_its_order() -> None:
    result = kmq("palette", "extract", SAMPLES / "sixteen.png", "-o", "a.gpl")
    assert result.exit_code == 0
    assert result.stderr.endswith("-> a.gpl: 16 colours\n")
    assert colors("a.gpl")[0] == [0x0A, 0x08, 0x20, 255]
    with Image.open(SAMPLES / "sixteen.png") as image:
        assert np.array(colors("a.gpl"))[:, :3].ravel().tolist() == image.getpalette()


def test_without_an_output_hex_colours_are_printed() -> None:
    result = kmq("palette", "extract", SAMPLES / "sixteen.png")
    assert result.stdout.splitlines()[:2] == ["0a0820", "221246"]
    assert result.stderr.endswith("-> stdout: 16 colours\n")


def test_more_colours_are_quantised() -> None:
    image = picture(size=(60, 50))
    assert kmq("palette", "extract", "a.png", "-k", "8", "-o", "a.hex").exit_code == 0
    assert colors("a.hex") == [[*color, 255] for color in np.array(quantize(image, 8).getpalette()).reshape(-1, 3)]
    assert kmq("palette", "extract", "a.png", "-o", "b.hex").exit_code == 0
    assert len(colors("b.hex")) <= 256
    assert kmq("palette", "extract", SAMPLES / "sixteen.png", "-k", "5", "-o", "c.hex").exit_code == 0
    assert len(colors("c.hex")) == 5


def test_the_palette_of_an_animation_is_that_of_all_frames() -> None:
    frames = [Image.new("RGB", (4, 4), color) for color in ("#102030", "#405060", "#708090")]
    frames[0].save("a.png", save_all=True, append_images=frames[1:])
    assert kmq("palette", "extract", "a.png").stdout == "102030\n405060\n708090\n"


@pytest.mark.parametrize(("name", "status"), [("missing.png", 2), ("bad.png", 25)])
def test_an_image_that_cannot_be_read_has_a_status(name: str, status: int) -> None:
    Path("bad.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    result = kmq("palette", "extract", name, "-o", "a.gpl")
    assert result.exit_code == status
    assert "a.gpl" not in names()


# show


def test_palettes_are_shown_as_hex_codes_and_names() -> None:
    write_palette("a.gpl", "#102030,#4050", ["void", ""])
    result = kmq("palette", "show", "a.gpl", "pico-8", "#000,#fff")
    assert result.exit_code == 0
    assert result.stdout.startswith(
        "a.gpl: 2 colours\n  #102030    void\n  #44005500\npico-8: 16 colours\n  #000000 #1d2b53 "
    )
    assert result.stdout.endswith("\n#000,#fff: 2 colours\n  #000000 #ffffff\n")


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ("nothing", 2, "nothing: neither a file, nor colours like '#000,#fff', nor the name of a palette"),
        ("bad.gpl", 25, "bad.gpl: line 2: '1 2' is not a colour"),
        ("#00", 2, "'#00' is not a colour"),
        (".", 2, "cannot read it"),
        ("a.png", 25, "a.png: it has more than 256 colours; reduce the image first"),
    ],
)
def test_what_is_no_palette_is_named_with_a_status(given: str, status: int, words: str) -> None:
    picture()
    Path("bad.gpl").write_text("GIMP Palette\n1 2\n")
    result = kmq("palette", "show", given, "cga")
    assert result.exit_code == status
    assert words in result.stderr
    assert result.stdout.startswith("cga: ")


# convert


@pytest.mark.parametrize("format_", FORMATS)
def test_a_palette_is_converted_to_every_format(format_: str) -> None:
    result = kmq("palette", "convert", "pico-8", "-o", "out", "--format", format_)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == "pico-8 -> out: 16 colours\n"
    suffix = palette_files.files.suffix_of(format_)
    Path("out").rename(f"a{suffix}")
    assert kmq("palette", "convert", f"a{suffix}", "-o", "-").stdout.startswith("000000\n1d2b53\n7e2553\n")


def test_names_survive() -> None:
    write_palette("a.gpl", "#102030,#405060", ["void", "sky"])
    for source, target in [("a.gpl", "b.ase"), ("b.ase", "c.json"), ("c.json", "d.css"), ("d.css", "e.gpl")]:
        assert kmq("palette", "convert", source, "-o", target).exit_code == 0
    assert read_palette("e.gpl").names == ("void", "sky")


def test_several_files_are_converted_next_to_their_input() -> None:
    write_palette("a.gpl", "#102030")
    write_palette("b.json", "#102030")
    assert kmq("palette", "convert", "a.gpl", "b.json", "--format", "act").exit_code == 0
    assert names() == {"a.gpl", "b.json", "a.act", "b.act"}


def test_a_palette_file_is_overwritten_only_by_force_and_two_never_share_one() -> None:
    write_palette("a.gpl", "#102030")
    write_palette("a.json", "#405060")
    write_palette("a.hex", "#fff")
    result = kmq("palette", "convert", "a.gpl", "--format", "hex")
    assert result.exit_code == 15
    assert colors("a.hex") == [[255, 255, 255, 255]]
    result = kmq("palette", "convert", "-f", "a.gpl", "a.json", "--format", "hex")
    assert result.exit_code == 15
    assert "a.json: the output a.hex is also that of a.gpl" in result.stderr
    assert colors("a.hex") == [[16, 32, 48, 255]]


def test_transparency_that_a_format_cannot_hold_is_refused_unless_dropped() -> None:
    result = kmq("palette", "convert", "#0000,#fff", "-o", "a.ase")
    assert result.exit_code == 1
    assert "the format ase holds opaque colours only" in result.stderr
    assert "--opaque does that" in result.stderr
    assert kmq("palette", "convert", "#0000,#fff", "-o", "a.ase", "--opaque").exit_code == 0
    assert colors("a.ase") == [[0, 0, 0, 255], [255, 255, 255, 255]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("convert", "cga"), "name the output with --output, or its format with --format"),
        (("convert", "cga", "pico-8", "-o", "a.gpl"), "--output takes a single input, not 2"),
        (("convert", "cga", "-o", "a.xyz"), "cannot tell the format from 'a.xyz'"),
        (("extract", "a.png", "-k", "0"), "0 is not in the range"),
    ],
)
def test_wrong_usage_is_explained(arguments: tuple[str, ...], words: str) -> None:
    result = kmq("palette", *arguments)
    assert result.exit_code == 4
    assert words in " ".join(result.stderr.split())


def test_a_palette_by_name_is_written_into_the_current_folder_and_colours_need_an_output() -> None:
    result = kmq("palette", "convert", "cga", "#000,#fff", "--format", "gpl")
    assert result.exit_code == 2
    assert "#000,#fff: not a file: name the output with --output" in result.stderr
    assert names() == {"cga.gpl"}


def test_any_palette_file_is_accepted_by_the_command() -> None:
    picture()
    for format_ in FORMATS:
        name = f"p{palette_files.files.suffix_of(format_)}"
        write_palette(name, "#000,#f00,#fff", format=format_)
        assert kmq("--palette", name, "-f", "a.png").exit_code == 0
        assert Image.open("a-kmq.png").getpalette() == [0, 0, 0, 255, 0, 0, 255, 255, 255]
