"""PNG8: any image to a small palette PNG through `Image.save`."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

import pillow_kmq

MODES = ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV", "LAB"]
RGB_PROFILE = bytes(16) + b"RGB " + bytes(108)
CMYK_PROFILE = bytes(16) + b"CMYK" + bytes(108)


def save(image: Image.Image, **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format="PNG8", **options)
    return buffer.getvalue()


def reopen(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def chunks(data: bytes) -> dict[str, bytes]:
    """Chunk contents by type, those of one type joined; checks signature and CRCs."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    found: dict[str, bytes] = {}
    position = 8
    while position < len(data):
        (length,) = struct.unpack_from(">I", data, position)
        name, content = data[position + 4 : position + 8], data[position + 8 : position + 8 + length]
        assert struct.unpack_from(">I", data, position + 8 + length)[0] == zlib.crc32(name + content)
        found[name.decode()] = found.get(name.decode(), b"") + content
        position += 12 + length
    return found


def bit_depth(data: bytes) -> int:
    return chunks(data)["IHDR"][8]


def palette_image(indices: Any, palette: Any, mode: str = "RGB") -> Image.Image:
    image = Image.fromarray(np.array(indices, np.uint8))
    image.putpalette(bytes(int(value) for value in palette), mode)
    return image


def colourful(mode: str, size: tuple[int, int] = (24, 18)) -> Image.Image:
    """An image of some hundred colours, half transparent to the right where the mode knows alpha."""
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    alpha = np.where(x > size[0] // 2, 128, 255)
    rgba = Image.fromarray(np.dstack([x * 10, y * 14, x * y, alpha]).astype(np.uint8))
    if mode == "La":
        return rgba.convert("LA").convert("La")
    if mode == "PA":
        quantized = rgba.convert("RGB").quantize(32)
        quantized.info["transparency"] = bytes(range(0, 256, 8))
        return quantized.convert("PA")
    if mode in ("RGBA", "RGBa", "LA"):
        return rgba.convert(mode)
    if mode == "LAB":
        return Image.merge("LAB", rgba.convert("RGB").split())
    return rgba.convert("RGB").convert(mode)


# What is written


@pytest.mark.parametrize("mode", MODES)
def test_any_mode_becomes_a_palette_png(mode: str) -> None:
    source = colourful(mode)
    data = save(source, colors=20)
    image = reopen(data)
    assert (image.format, image.mode, image.size) == ("PNG", "P", source.size)
    assert len(image.getpalette() or []) <= 20 * 3
    assert image.has_transparency_data == source.has_transparency_data


@pytest.mark.parametrize(
    ("colors", "depth"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 4), (16, 4), (17, 8), (255, 8), (256, 8)]
)
def test_bits_is_a_bit_depth_but_never_one_that_does_not_hold_the_palette(colors: int, depth: int) -> None:
    row = np.arange(256, dtype=np.uint8)
    image = Image.fromarray(np.dstack([row[None, :], row[None, ::-1], row[None, :]]))
    for level in (0, 1, 4):
        data = save(image, colors=colors, bits=1, optimize=level)
        assert bit_depth(data) == depth
        assert bit_depth(save(image, colors=colors, bits=8, optimize=level)) == 8
        assert len(chunks(data)["PLTE"]) == 3 * colors


@pytest.mark.parametrize("bits", [0, 3, 16, "8", 2.0])
def test_a_bit_depth_that_png_lacks_is_refused(bits: Any) -> None:
    with pytest.raises(ValueError, match="bits must be 1, 2, 4 or 8"):
        save(colourful("RGB"), bits=bits)


def test_an_image_of_few_colours_is_kept_exactly() -> None:
    rgba = Image.new("RGBA", (9, 7), (10, 20, 30, 255))
    rgba.putpixel((0, 0), (200, 100, 50, 128))
    rgba.putpixel((8, 6), (0, 0, 0, 0))
    assert reopen(save(rgba)).convert("RGBA").tobytes() == rgba.tobytes()


def test_opaque_images_carry_no_transparency_chunk() -> None:
    assert "tRNS" not in chunks(save(colourful("RGB")))
    opaque = colourful("RGB").convert("RGBA")
    assert "tRNS" not in chunks(save(opaque))


def test_transparent_entries_come_first_so_that_the_chunk_is_short() -> None:
    image = colourful("RGB").convert("RGBA")
    for x in range(4):
        image.putpixel((x, 0), (x, 0, 0, 0))
    assert chunks(save(image, colors=64))["tRNS"] == b"\0"


def test_quantising_options_reach_the_quantiser() -> None:
    image = colourful("RGB")
    few, many = save(image, colors=4), save(image, colors=64)
    assert reopen(few).getpalette() != reopen(many).getpalette()
    quantized = pillow_kmq.quantize(image, 16, dither=1.0, effort="fast", seed=3)
    assert reopen(save(image, colors=16, dither=1.0, effort="fast", seed=3)).tobytes() == quantized.tobytes()


def test_saving_twice_gives_the_same_bytes() -> None:
    assert save(colourful("RGBA"), colors=50) == save(colourful("RGBA"), colors=50)


# P images


@pytest.mark.parametrize("entries", [1, 2, 3, 4, 5, 16, 17, 256])
def test_a_palette_image_without_options_keeps_its_indices_and_palette(entries: int) -> None:
    random = np.random.RandomState(entries)
    palette = random.randint(0, 4, 3 * entries) * 60  # duplicates, and unused entries
    image = palette_image(random.randint(0, max(1, entries - 1), (11, 13)), palette)
    saved = reopen(save(image))
    assert saved.tobytes() == image.tobytes()
    assert saved.getpalette() == image.getpalette()


@pytest.mark.parametrize(
    ("transparency", "written"),
    [
        (0, b"\0"),
        (2, b"\xff\xff\0"),
        (b"\x00\x80\xff\xff", b"\x00\x80"),
        (b"\xff\xff\xff\xff", None),
        (b"\xff\x40\xff", b"\xff\x40"),
    ],
)
def test_a_palette_images_transparency_is_written_without_its_opaque_tail(
    transparency: int | bytes, written: bytes | None
) -> None:
    image = palette_image([[0, 1, 2, 3]], range(12))
    image.info["transparency"] = transparency
    data = save(image)
    assert chunks(data).get("tRNS") == written
    assert reopen(data).convert("RGBA").tobytes() == image.convert("RGBA").tobytes()


def test_an_rgba_palette_is_split_into_colours_and_alphas() -> None:
    image = palette_image([[0, 1, 2]], [1, 2, 3, 0, 4, 5, 6, 77, 7, 8, 9, 255], "RGBA")
    data = save(image)
    assert chunks(data)["PLTE"] == bytes([1, 2, 3, 4, 5, 6, 7, 8, 9])
    assert chunks(data)["tRNS"] == bytes([0, 77])


@pytest.mark.parametrize("highest", [3, 5, 200, 255])
def test_indices_beyond_the_palette_survive(highest: int) -> None:
    image = palette_image([[0, 1, 2, highest]], range(9))
    saved = reopen(save(image))
    assert saved.tobytes() == image.tobytes()
    assert saved.convert("RGB").tobytes() == image.convert("RGB").tobytes()


def test_a_palette_image_with_no_palette_at_all_is_saved() -> None:
    assert reopen(save(Image.new("P", (3, 2)))).tobytes() == bytes(6)


def test_a_stale_colour_key_on_a_palette_image_is_ignored() -> None:
    image = palette_image([[0, 1]], range(6))
    image.info["transparency"] = (1, 2, 3)
    assert "tRNS" not in chunks(save(image))


def test_a_palette_image_with_options_is_quantised() -> None:
    assert len(reopen(save(colourful("RGB").quantize(64), colors=8)).getpalette() or []) == 24


# Pillow's PNG options


def test_metadata_options_are_passed_through() -> None:
    exif = Image.Exif()
    exif[0x010E] = "a description"
    text = PngImagePlugin.PngInfo()
    text.add_text("Title", "a title")
    data = save(colourful("RGB"), colors=16, exif=exif, pnginfo=text, dpi=(300, 300), icc_profile=RGB_PROFILE)
    image = reopen(data)
    assert image.getexif()[0x010E] == "a description"
    assert image.info["Title"] == "a title"
    assert image.info["dpi"] == pytest.approx((300, 300), abs=0.01)
    assert image.info["icc_profile"] == RGB_PROFILE


def test_an_rgb_profile_follows_the_image_and_a_cmyk_one_does_not() -> None:
    image = colourful("RGB")
    image.info["icc_profile"] = RGB_PROFILE
    assert reopen(save(image, colors=16)).info["icc_profile"] == RGB_PROFILE
    image = colourful("CMYK")
    image.info["icc_profile"] = CMYK_PROFILE
    assert "icc_profile" not in reopen(save(image, colors=16)).info


@pytest.mark.parametrize("colors", [4, 200])
def test_compression_options_are_passed_through(colors: int) -> None:
    image = colourful("RGB", (100, 80))
    stored, best = save(image, colors=colors, compress_level=0), save(image, colors=colors, optimize=True)
    assert len(stored) > len(best)
    assert reopen(stored).convert("RGB").tobytes() == reopen(best).convert("RGB").tobytes()
    huffman = save(image, colors=colors, compress_type=2)
    assert reopen(huffman).tobytes() == reopen(stored).tobytes()


def test_a_transparency_option_overrides_the_images_own() -> None:
    image = palette_image([[0, 1]], range(6))
    image.info["transparency"] = 0
    assert chunks(save(image, transparency=1))["tRNS"] == b"\xff\0"
    assert chunks(save(image, transparency=b"\x10"))["tRNS"] == b"\x10"


# Rows of less than eight bits


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(1, 40),
    height=st.integers(1, 12),
    entries=st.sampled_from([1, 2, 3, 4, 7, 16]),
    seed=st.integers(0, 999),
)
def test_packed_rows_of_any_width_decode_to_the_same_indices(width: int, height: int, entries: int, seed: int) -> None:
    indices = np.random.RandomState(seed).randint(0, entries, (height, width))
    image = palette_image(indices, range(3 * entries))
    assert np.array_equal(np.asarray(reopen(save(image))), indices)


@pytest.mark.parametrize("name", ["screenshot.png", "gradient.png", "sixteen.png"])
def test_sixteen_colours_take_no_more_than_unfiltered_rows(samples: Path, name: str) -> None:
    image = pillow_kmq.quantize(Image.open(samples / name), 16, effort="fast")
    indices = np.asarray(image)
    packed = indices[:, ::2] << 4 | indices[:, 1::2]
    rows = b"".join(b"\0" + row.tobytes() for row in packed)
    compressor = zlib.compressobj(-1, zlib.DEFLATED, 15, 9)
    unfiltered = compressor.compress(rows) + compressor.flush()
    assert len(chunks(save(image))["IDAT"]) <= len(unfiltered)


def test_filtered_rows_are_kept_where_they_are_smaller() -> None:
    stairs = palette_image([[(x + y) % 16 for x in range(64)] for y in range(64)], range(48))
    for image in (stairs, stairs.rotate(90), stairs.resize((61, 7))):
        filtered = BytesIO()
        image.save(filtered, format="PNG")
        assert len(save(image)) <= len(filtered.getvalue())


# Where it is written


def test_paths_and_file_objects_get_the_same_bytes(tmp_path: Path) -> None:
    image = colourful("RGB")
    image.save(tmp_path / "a.png", format="PNG8", colors=9)
    image.save(str(tmp_path / "b.anything"), format="png8", colors=9)
    with open(tmp_path / "c.png", "wb") as file:
        image.save(file, format="PNG8", colors=9)
    expected = save(image, colors=9)
    assert [path.read_bytes() for path in sorted(tmp_path.iterdir())] == [expected] * 3


def test_the_extension_png_still_belongs_to_pillow(tmp_path: Path) -> None:
    colourful("RGB").save(tmp_path / "a.png")
    assert Image.open(tmp_path / "a.png").mode == "RGB"
    assert Image.registered_extensions()[".png"] == "PNG"


@pytest.mark.parametrize("mode", ["RGBA", "P"])
def test_the_saved_image_is_left_as_it_was(mode: str) -> None:
    image = colourful(mode)
    image.info.update(transparency=3, dpi=(72, 72)) if mode == "P" else None
    before = image.copy()
    save(image, optimize=True, transparency=b"\0")
    assert image == before
    assert image.info == before.info


# What cannot be saved


@pytest.mark.parametrize(
    "options",
    [
        {"colors": 0},
        {"colors": 257},
        {"colors": "many"},
        {"dither": -1.0},
        {"effort": "hard"},
        {"transparency": -1},
        {"transparency": 256},
        {"transparency": (1, 2, 3)},
    ],
)
def test_a_bad_option_is_a_value_error_and_nothing_is_written(options: dict[str, Any], tmp_path: Path) -> None:
    buffer = BytesIO()
    with pytest.raises(ValueError, match=next(iter(options))):
        colourful("RGB").save(buffer, format="PNG8", **options)
    assert buffer.getvalue() == b""
    with pytest.raises(ValueError, match=next(iter(options))):
        colourful("RGB").save(tmp_path / "a.png", format="PNG8", **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("mode", ["I", "I;16", "F"])
def test_modes_of_more_than_8_bits_are_refused_by_name(mode: str) -> None:
    with pytest.raises(OSError, match=f"cannot write mode {mode} as PNG8"):
        save(Image.new(mode, (4, 4)))


@pytest.mark.parametrize("size", [(0, 0), (0, 5), (5, 0)])
@pytest.mark.parametrize("mode", ["RGB", "P"])
def test_empty_images_are_refused(mode: str, size: tuple[int, int]) -> None:
    with pytest.raises(OSError, match=f"empty image \\({size[0]}x{size[1]}\\)"):
        save(Image.new(mode, size))


def test_several_frames_are_refused_and_one_frame_is_saved() -> None:
    image = colourful("RGB")
    with pytest.raises(OSError, match="one frame, not 3"):
        save(image, save_all=True, append_images=[image, image])
    assert save(image, save_all=True) == save(image)


def test_the_first_frame_of_an_animation_is_saved() -> None:
    frames = [Image.new("RGB", (5, 5), colour) for colour in ("red", "lime")]
    gif = BytesIO()
    frames[0].save(gif, format="GIF", save_all=True, append_images=frames[1:])
    animation = Image.open(gif)
    assert reopen(save(animation)).convert("RGB").getpixel((0, 0)) == (255, 0, 0)
    with pytest.raises(OSError, match="one frame, not 2"):
        save(animation, save_all=True)
