"""Palette files of every format: round trips, files as other programs write them, and damaged ones."""

from __future__ import annotations

import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import pillow_kmq
from pillow_kmq import NamedColors, quantize, read_palette, write_palette
from pillow_kmq.errors import KmqError, OptionError, OptionTypeError, PaletteFileError
from pillow_kmq.palette_files.files import FORMATS, encode_palette, suffix_of
from pillow_kmq.palette_files.named_colors import clean_name, named_colors

OPAQUE_ONLY = {"riff", "ase"}
WITH_NAMES = {"gpl", "ase", "json"}

CHANNEL = st.integers(0, 255)
OPAQUE = st.tuples(CHANNEL, CHANNEL, CHANNEL, st.just(255))
ANY_ALPHA = st.tuples(CHANNEL, CHANNEL, CHANNEL, CHANNEL)
NAME = st.text(max_size=300).map(clean_name).filter(lambda name: name != "Untitled")
REUSED = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def palettes(
    colors: st.SearchStrategy[tuple[int, ...]], names: st.SearchStrategy[str]
) -> st.SearchStrategy[NamedColors]:
    return st.lists(st.tuples(colors, names), min_size=1, max_size=256).map(
        lambda entries: named_colors([color for color, _ in entries], [name for _, name in entries])
    )


def read_bytes(tmp_path: Path, name: str, data: bytes) -> NamedColors:
    (tmp_path / name).write_bytes(data)
    return read_palette(tmp_path / name)


def rgba(palette: NamedColors) -> list[tuple[int, ...]]:
    return [tuple(color) for color in palette.colors.tolist()]


# Round trips


@pytest.mark.parametrize("format_", FORMATS)
@REUSED
@given(data=st.data())
def test_what_is_written_is_read_again(format_, data, tmp_path):
    palette = data.draw(palettes(OPAQUE if format_ in {*OPAQUE_ONLY, "act"} else ANY_ALPHA, NAME))
    path = tmp_path / f"palette{suffix_of(format_)}"
    write_palette(path, palette.colors, palette.names, format=format_)
    found = read_palette(path)
    assert rgba(found) == rgba(palette)
    assert found.names == (palette.names if format_ in WITH_NAMES else found.names)


@REUSED
@given(palette=palettes(OPAQUE, st.just("")), index=st.integers(0, 255))
def test_an_adobe_color_table_has_one_transparent_colour(palette, index, tmp_path):
    palette.colors[index % len(palette.colors), 3] = 0
    write_palette(tmp_path / "a.act", palette.colors)
    assert rgba(read_palette(tmp_path / "a.act")) == rgba(palette)


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_holds_1_and_256_colours(format_, tmp_path):
    for count in (1, 256):
        colors = np.arange(3 * count, dtype=np.uint32).reshape(count, 3).astype(np.uint8)
        path = tmp_path / f"a{suffix_of(format_)}"
        write_palette(path, colors, format=format_)
        assert np.array_equal(read_palette(path).colors[:, :3], colors)


@pytest.mark.parametrize("format_", FORMATS)
def test_any_format_is_accepted_as_palette_and_fixed(format_, tmp_path):
    path = tmp_path / f"a{suffix_of(format_)}"
    write_palette(path, "#1a1c2c,#5d275d,#ffcd75", format=format_)
    image = quantize(Image.new("RGB", (2, 2), "#5d275d"), palette=path)
    assert image.getpalette() == [26, 28, 44, 93, 39, 93, 255, 205, 117]
    fixed = quantize(Image.linear_gradient("L"), 8, fixed=str(path)).getpalette("RGB")
    assert {(26, 28, 44), (255, 205, 117)} <= set(zip(*[iter(fixed)] * 3, strict=True))


def test_names_of_css_become_identifiers_and_stay_unique(tmp_path):
    write_palette(tmp_path / "a.css", "#000,#fff,#f00", ["Dark  Blue!", "dark blue", ""])
    assert (tmp_path / "a.css").read_text() == (
        ":root {\n  --dark-blue: #000000;\n  --dark-blue-2: #ffffff;\n  --color-3: #ff0000;\n}\n"
    )
    assert read_palette(tmp_path / "a.css").names == ("dark-blue", "dark-blue-2", "")


def test_a_swatch_image_shows_the_colours_in_order(tmp_path):
    write_palette(tmp_path / "a.png", [(index, 0, 0) for index in range(20)])
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (256, 32)
        shown = image.convert("RGB")
        assert [shown.getpixel((16 * (index % 16), 16 * (index // 16)))[0] for index in range(20)] == list(range(20))


# Files of other programs


def test_palettes_of_gimp_have_names_columns_and_comments(tmp_path):
    head = "GIMP Palette\nName: Sweetie\nColumns: 8\n#\n# by GrafxKid\n"
    text = head + " 26  28  44\tvoid\n\n 93\t39\t93\tUntitled\n255 205 117\n"
    found = read_bytes(tmp_path, "a.gpl", text.encode())
    assert rgba(found) == [(26, 28, 44, 255), (93, 39, 93, 255), (255, 205, 117, 255)]
    assert found.names == ("void", "", "")
    latin = "GIMP Palette\r\n1 2 3 Café\r\n".encode("latin-1")
    assert read_bytes(tmp_path, "b", latin).names == ("Café",)


def test_palettes_of_aseprite_have_alpha(tmp_path):
    text = "GIMP Palette\nChannels: RGBA\n#\n 26  28  44   0\tclear\n93 39 93 128\n"
    assert rgba(read_bytes(tmp_path, "a.gpl", text.encode())) == [(26, 28, 44, 0), (93, 39, 93, 128)]
    text = "JASC-PAL\r\n0100\r\n2\r\n1 2 3\r\n4 5 6 0\r\n\r\n"
    assert rgba(read_bytes(tmp_path, "a.pal", text.encode())) == [(1, 2, 3, 255), (4, 5, 6, 0)]


def test_hex_lists_have_comments(tmp_path):
    text = "; Sweetie 16\n;fade, add, bad\n// also\n\n1a1c2c\n5d275d ; dark purple\n#ffcd75; #fff ;white\n000;fff\n"
    found = read_bytes(tmp_path, "a.hex", text.encode())
    assert [color[:3] for color in rgba(found)] == [
        (26, 28, 44),
        (93, 39, 93),
        (255, 205, 117),
        (255, 255, 255),
        (0, 0, 0),
        (255, 255, 255),
    ]


def test_paint_net_writes_alpha_first(tmp_path):
    text = ";paint.net Palette File\n;Downloaded from Lospec.com/palette-list\n;Colors: 2\nFF1a1c2c\n80FFCD75\n"
    assert rgba(read_bytes(tmp_path, "a.txt", text.encode())) == [(26, 28, 44, 255), (255, 205, 117, 128)]


@pytest.mark.parametrize(
    "text",
    [
        '["#1a1c2c", "5d275d80"]',
        "[[26, 28, 44], [93, 39, 93, 128]]",
        '{"name": "Two", "author": "", "colors": ["1a1c2c", "5d275d80"]}',
        '{"colors": [{"name": "a", "hex": "#1a1c2c"}, {"value": [93, 39, 93, 128]}]}',
    ],
)
def test_json_has_many_forms(text, tmp_path):
    for name in ("a.json", "a"):
        assert rgba(read_bytes(tmp_path, name, text.encode())) == [(26, 28, 44, 255), (93, 39, 93, 128)]


def test_style_sheets_have_colours_in_declarations_only(tmp_path):
    text = """/* #111 */ :root { --void: #1a1c2c; --size: 12px;
        --x: rgb(93 39 93 / 50%) }
        #fade a:hover { border: 1px solid #FC7; color: rgba(100%, 0%, 0%, .5) } /* { color: #222 }"""
    found = read_bytes(tmp_path, "a.css", text.encode())
    assert rgba(found) == [(26, 28, 44, 255), (93, 39, 93, 128), (255, 204, 119, 255), (255, 0, 0, 128)]
    assert found.names == ("void", "x", "", "")


def test_adobe_color_tables_may_lack_the_number_of_colours(tmp_path):
    table = bytes(range(256)) * 3
    found = read_bytes(tmp_path, "a.act", table)
    assert found.colors[:, :3].tobytes() == table
    assert (found.colors[:, 3] == 255).all()
    found = read_bytes(tmp_path, "a.act", table + struct.pack(">HH", 4, 2))
    assert found.colors[:, 3].tolist() == [255, 255, 0, 255]
    assert len(read_bytes(tmp_path, "a.act", table + struct.pack(">HH", 0, 0xFFFF)).colors) == 256


def test_riff_palettes_may_have_other_chunks(tmp_path):
    chunks = (
        b"offl" + struct.pack("<I", 3) + b"abc\0" + b"data" + struct.pack("<IHH", 12, 0x300, 2) + b"\1\2\3\0\4\5\6\1"
    )
    data = b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"PAL " + chunks
    assert rgba(read_bytes(tmp_path, "a.pal", data)) == [(1, 2, 3, 255), (4, 5, 6, 255)]


def swatch(model: bytes, *values: float, name: str = "x") -> bytes:
    text = f"{name}\0".encode("utf-16-be")
    block = struct.pack(">H", len(text) // 2) + text + model + struct.pack(f">{len(values)}f", *values) + b"\0\0"
    return struct.pack(">HI", 1, len(block)) + block


def swatches(*blocks: bytes) -> bytes:
    return struct.pack(">4sHHI", b"ASEF", 1, 0, len(blocks)) + b"".join(blocks)


GROUP, END = struct.pack(">HI", 0xC001, 6) + b"\0\2\0g\0\0", struct.pack(">HI", 0xC002, 0)


def test_swatch_exchange_has_groups_and_four_models(tmp_path):
    data = swatches(
        swatch(b"RGB ", 1.0, 0.5, 0.0, name="Ünder"),
        GROUP,
        swatch(b"CMYK", 0.0, 0.5, 1.0, 0.2),
        swatch(b"Gray", 0.25),
        END,
        swatch(b"LAB ", 1.0, 0.0, 0.0),
    )
    found = read_bytes(tmp_path, "a.ase", data)
    assert [color[:3] for color in rgba(found)] == [(255, 128, 0), (204, 102, 0), (64, 64, 64), (255, 255, 255)]
    assert found.names == ("Ünder", "x", "x", "x")


def test_lab_colours_are_those_of_little_cms(tmp_path):
    from PIL import ImageCms

    convert = ImageCms.buildTransform(
        ImageCms.createProfile("LAB"),
        ImageCms.createProfile("sRGB"),
        "LAB",
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    for lightness, a, b in [(50, 0, 0), (53, 60, 40), (30, 20, -30), (80, -30, 40), (5, 1, 1), (100, 0, 0), (0, 0, 0)]:
        lab = bytes([round(lightness * 2.55), a & 255, b & 255])
        expected = ImageCms.applyTransform(Image.frombytes("LAB", (1, 1), lab), convert).getpixel((0, 0))
        found = read_bytes(tmp_path, "a.ase", swatches(swatch(b"LAB ", lab[0] / 255, float(a), float(b))))
        assert np.abs(np.subtract(rgba(found)[0][:3], expected)).max() <= 2, (lightness, a, b)


def sprite(*chunks: tuple[int, bytes], depth: int = 8, transparent: int = 1) -> bytes:
    header = struct.pack("<IHHHHHIHIIB", 0, 0xA5E0, 1, 8, 8, depth, 1, 100, 0, 0, transparent).ljust(128, b"\0")
    body = b"".join(struct.pack("<IH", 6 + len(data), kind) + data for kind, data in chunks)
    return header + struct.pack("<IHHHHI", 16 + len(body), 0xF1FA, len(chunks), 100, 0, len(chunks)) + body


NEW_PALETTE = (
    0x2019,
    struct.pack("<III8x", 2, 0, 1) + b"\1\0\1\2\3\4" + struct.pack("<H", 4) + b"void" + b"\0\0\5\6\7\xff",
)
OLD_PALETTE = (0x0004, struct.pack("<H", 2) + b"\0\1\x09\x09\x09" + b"\1\1\x08\x08\x08")


def test_sprites_of_aseprite_are_told_from_swatch_exchange_by_their_content(tmp_path):
    found = read_bytes(tmp_path, "a.ase", sprite((0x2007, b"profile"), OLD_PALETTE, NEW_PALETTE, (0x2005, b"cel")))
    assert rgba(found) == [(1, 2, 3, 4), (5, 6, 7, 0)]
    assert found.names == ("void", "")
    found = read_bytes(tmp_path, "a.aseprite", sprite(OLD_PALETTE, depth=32))
    assert rgba(found) == [(9, 9, 9, 255), (0, 0, 0, 255), (8, 8, 8, 255)]


def test_a_long_sprite_is_read_up_to_its_palette(tmp_path):
    found = read_bytes(tmp_path, "a.ase", sprite(NEW_PALETTE, (0x2005, bytes(3 << 20))))
    assert len(found.colors) == 2


# Damaged files, and ones that are no palettes


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.gpl", b"GIMP Palette\n1 2\n", "line 2: '1 2' is not a colour of 3 integers"),
        ("a.gpl", b"GIMP Palette\n1 2 -3\n", "line 2: '1 2 -3' is not a colour of integers 0 to 255"),
        ("a.gpl", b"GIMP Palette\n1 2 256\n", "colour 1 has values outside 0 to 255"),
        ("a.gpl", b"GIMP Palette\n#\n", "it contains no colours"),
        ("a.gpl", b"GIMP Palette\n" + b"1 2 3\n" * 257, "it has 257 colours, and a palette has at most 256"),
        ("a.pal", b"JASC-PAL\n0200\n1\n1 2 3\n", "not version 0100"),
        ("a.pal", b"JASC-PAL\n0100\n2\n1 2 3\n", "line 3 announces 2 colours, and 1 follow"),
        ("a.pal", b"JASC-PAL\n0100\n1\n1 2 3 4 5\n", "line 4: '1 2 3 4 5' is not a colour"),
        ("a.pal", b"RIFF\0\0\0\0PAL LIST\4\0\0\0abcd", "the chunk 'data' is missing"),
        ("a.pal", b"RIFF\0\0\0\0PAL data\6\0\0\0\0\3\2\0\1\2", "truncated: it announces 2 colours and has 0"),
        ("a.pal", bytes(768), "neither an image nor a palette file of a known format"),
        ("a.act", bytes(700), "has 768 or 772 bytes, not 700"),
        ("a.act", bytes(768) + b"\2\0\xff\xff", "announces 512 colours"),
        ("a.ase", swatches(swatch(b"RGB ", 1.0, 1.0, 1.0))[:-5], "truncated"),
        ("a.ase", swatches(swatch(b"HSB ", 1.0, 1.0, 1.0)), "has the model b'HSB ', which is not RGB, CMYK, LAB"),
        ("a.ase", swatches(swatch(b"RGB ", 1.0, 1.0)), "a colour of the Swatch Exchange file is truncated"),
        ("a.ase", swatches(swatch(b"RGB ", 1.0, float("nan"), 1.0)), "not finite"),
        ("a.ase", swatches(GROUP, END), "it contains no colours"),
        ("a.ase", sprite((0x2005, b"cel")), "no palette in its first frame"),
        ("a.ase", sprite((0x2019, struct.pack("<III8x", 1 << 31, 0, 1 << 31))), "truncated within its palette"),
        ("a.ase", sprite()[:130], "truncated within its palette"),
        ("a.hex", b"1a1c2c\nlime\n", "line 2: 'lime' is not a colour; write #rgb"),
        ("a.hex", b"; nothing\n", "it contains no colours"),
        ("a.json", b"[", "not valid JSON"),
        ("a.json", b"[" * 100_000, "not valid JSON"),
        ("a.json", b'{"palette": []}', 'an object with a list "colors"'),
        ("a.json", b"[[1, 2, 3.5]]", r"\[1, 2, 3.5\] is not a colour"),
        ("a.json", b'["red"]', "'red' is not a colour"),
        ("a.css", b"a { color: red }", "it contains no colours"),
        ("a.png", b"\x89PNG\r\n\x1a\n\0\0", "neither an image nor"),
        ("a", b"abc " * 300_000, "no image, and too long for a palette file"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_named_with_the_reason(name, data, words, tmp_path):
    with pytest.raises(PaletteFileError, match=words) as caught:
        read_bytes(tmp_path, name, data)
    assert str(caught.value).startswith(str(tmp_path / name))


TWO = named_colors([(9, 8, 7), (1, 2, 3)], ["x", ""])
SEEDS = [
    *((f"a{suffix_of(name)}", encode_palette(TWO, name)) for name in FORMATS),
    ("a.ase", sprite(OLD_PALETTE, NEW_PALETTE)),
    ("a.ase", swatches(GROUP, swatch(b"LAB ", 0.5, 1.0, 1.0), swatch(b"CMYK", 0.0, 0.5, 1.0, 0.2), END)),
]


@REUSED
@given(
    seed=st.sampled_from(SEEDS),
    cut=st.integers(0, 2000),
    changes=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=4),
)
def test_damage_leads_to_colours_or_a_sentence(seed, cut, changes, tmp_path):
    name, data = seed
    damaged = bytearray(data[: len(data) - cut % (len(data) + 1)])
    for position, value in changes:
        if damaged:
            damaged[position % len(damaged)] = value
    with suppress(PaletteFileError):
        assert 1 <= len(read_bytes(tmp_path, name, bytes(damaged)).colors) <= 256


@pytest.mark.parametrize("text", ["/*" * 500_000, "a:" * 500_000 + "{", "rgb(" * 250_000, "a: #fff" + " " * 900_000])
def test_hostile_style_sheets_end(text, tmp_path):
    with suppress(PaletteFileError):
        read_bytes(tmp_path, "a.css", text.encode())


def test_names_cannot_control_a_terminal(tmp_path):
    found = read_bytes(tmp_path, "a.gpl", b"GIMP Palette\n1 2 3 \x1b[31mred\x07\xc2\x9b\n")
    assert found.names == ("[31mred",)


# Arguments


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("a.xyz", "#000"), "cannot tell the format from 'a.xyz': end it in .gpl, .pal"),
        (("a.gpl", []), "at least one colour"),
        (("a.gpl", "#000", ["a", "b"]), "names must be one for each of 1 colours, not 2"),
        (("a.gpl", "#000", None, "bmp"), "format must be one of 'gpl'"),
        (("a.ase", "#0008"), "the format ase holds opaque colours only: choose one of gpl"),
        (("a.pal", "#0008", None, "riff"), "the format riff holds opaque colours only"),
        (("a.act", "#0000,#1110"), "holds one fully transparent colour"),
        (("a.act", "#0008"), "holds one fully transparent colour and no translucent ones"),
        (("", "#000"), "path must name a file"),
    ],
)
def test_wrong_arguments_are_explained_and_write_nothing(arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OptionError, match=words):
        write_palette(*arguments)
    assert not list(tmp_path.iterdir())


def test_arguments_of_wrong_types_are_explained(tmp_path):
    with pytest.raises(OptionTypeError, match="path must be a path, not int"):
        read_palette(3)
    for arguments in ((3, "#000"), (tmp_path / "a.gpl", 3), (tmp_path / "a.gpl", "#000", [3])):
        with pytest.raises(OptionTypeError):
            write_palette(*arguments)


def test_a_missing_file_is_the_error_of_open():
    with pytest.raises(FileNotFoundError):
        read_palette("missing.gpl")


def test_every_palette_by_name_can_be_written(tmp_path):
    write_palette(tmp_path / "a.gpl", "pico-8")
    assert len(read_palette(tmp_path / "a.gpl").colors) == 16
    assert issubclass(PaletteFileError, KmqError)
    assert pillow_kmq.read_palette is read_palette
