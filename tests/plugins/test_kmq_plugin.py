"""KMQ through Pillow: opening, loading and saving as users do it."""

from __future__ import annotations

import pickle
import random
import subprocess
import sys
import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile, ImagePalette

import pillow_kmq
from pillow_kmq import KmqImagePlugin, codec
from pillow_kmq.codec.container import chunks as container
from pillow_kmq.errors import CorruptError, TruncatedError, UnsupportedError
from pillow_kmq.types import IndexedImage


def palette_image(
    size: tuple[int, int] = (7, 5), entries: int = 16, mode: str = "RGB", seed: int = 1, highest: int | None = None
) -> Image.Image:
    """A P image of noise, with a random palette."""
    noise = np.random.default_rng(seed)
    top = max(0, entries - 1) if highest is None else highest
    image = Image.fromarray(noise.integers(0, top + 1, size[::-1]).astype(np.uint8)).convert("L")
    image = Image.frombytes("P", size, image.tobytes())
    image.putpalette(noise.integers(0, 256, entries * len(mode)).astype(np.uint8).tobytes(), mode)
    return image


def saved(image: Image.Image, **options: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, "KMQ", **options)
    return stream.getvalue()


def reopened(image: Image.Image, **options: Any) -> Image.Image:
    result = Image.open(BytesIO(saved(image, **options)))
    result.load()
    return result


def looks(image: Image.Image) -> bytes:
    return image.convert("RGBA").tobytes()


# Saving palette images


@st.composite
def palette_images(draw: st.DrawFn) -> Image.Image:
    entries = draw(st.one_of(st.sampled_from([0, 1, 2, 16, 17, 255, 256]), st.integers(0, 256)))
    image = palette_image(
        size=draw(st.tuples(st.integers(1, 20), st.integers(1, 20))),
        entries=entries,
        mode=draw(st.sampled_from(["RGB", "RGBA"])),
        seed=draw(st.integers(0, 2**32 - 1)),
        highest=draw(st.sampled_from([None, 0, 1, 15, 255])),
    )
    transparency = draw(st.one_of(st.none(), st.integers(0, 255), st.binary(max_size=256)))
    if transparency is not None:
        image.info["transparency"] = transparency
    return image


@given(palette_images())
@settings(max_examples=300, deadline=None)
def test_palette_images_keep_indices_colours_and_transparency(image: Image.Image) -> None:
    result = reopened(image)
    assert result.mode == "P"
    assert result.size == image.size
    assert result.tobytes() == image.tobytes()
    assert looks(result) == looks(image)
    colors = image.getpalette("RGB") or []
    kept = result.getpalette("RGB") or []
    assert kept[: len(colors)] == colors
    beyond = isinstance(image.info.get("transparency"), (int, bytes)) and max(image.tobytes()) >= len(colors) // 3
    assert len(kept) == len(colors) or beyond


@given(palette_images())
@settings(max_examples=100, deadline=None)
def test_a_second_generation_is_the_same_file(image: Image.Image) -> None:
    once = saved(image)
    assert saved(Image.open(BytesIO(once))) == once


@pytest.mark.parametrize("entries", [1, 2, 3, 16, 17, 256])
@pytest.mark.parametrize("transparency", [None, 0, 1, b"\0", b"\xff\0", b"\xff\x80\xff", b"\0\0", b"\xff\xff"])
def test_transparency_comes_back_as_from_a_png(entries: int, transparency: int | bytes | None) -> None:
    image = palette_image(entries=entries)
    if transparency is not None:
        image.info["transparency"] = transparency
    result = reopened(image)

    alphas = transparency if isinstance(transparency, bytes) else b""
    if isinstance(transparency, int):
        alphas = b"\xff" * transparency + b"\0"
    alphas = alphas[:entries].rstrip(b"\xff")  # Pillow's PNG writer neither cuts nor trims
    if alphas:
        image.info["transparency"] = alphas
        png = BytesIO()
        image.save(png, "PNG")
        assert result.info == {"transparency": Image.open(png).info["transparency"]}
    else:
        assert result.info == {}


def test_duplicate_and_unused_entries_keep_their_places() -> None:
    image = Image.new("P", (2, 2), 3)
    image.putpalette([1, 2, 3] * 3 + [9, 9, 9] + [0, 0, 0] * 2)
    assert reopened(image).getpalette() == image.getpalette()


def test_an_empty_palette_stays_empty() -> None:
    image = Image.new("P", (2, 2), 9)
    result = reopened(image)
    assert result.getpalette("RGB") == []
    assert result.tobytes() == b"\x09" * 4


def test_the_transparency_keyword_goes_before_info() -> None:
    image = palette_image(entries=4)
    image.info["transparency"] = b"\x01\x02\x03"
    assert reopened(image, transparency=2).info == {"transparency": 2}
    assert reopened(image, transparency=b"\x80\x80").info == {"transparency": b"\x80\x80"}
    assert image.info["transparency"] == b"\x01\x02\x03"


@pytest.mark.parametrize("transparency", [2, b"\x01\x02", b""])
def test_info_changes_some_alphas_of_an_rgba_palette_as_pillow_shows_it(transparency: int | bytes) -> None:
    image = palette_image(entries=4, mode="RGBA")
    image.info["transparency"] = transparency
    assert looks(reopened(image)) == looks(image)


def test_a_colour_key_left_over_on_a_palette_image_is_ignored() -> None:
    image = palette_image(entries=4)
    image.info["transparency"] = (1, 2, 3)
    assert reopened(image).info == {}


def test_a_transparent_entry_beyond_the_palette_stays_transparent_where_it_is_seen() -> None:
    image = palette_image(entries=2, highest=0)
    image.putpixel((0, 0), 5)
    image.info["transparency"] = 5
    assert looks(reopened(image)) == looks(image)
    assert reopened(image).getchannel(0).getpixel((0, 0)) == 5


@pytest.mark.parametrize("save_all", [False, True])
def test_files_go_to_paths_and_streams(tmp_path: Path, save_all: bool) -> None:
    image = palette_image()
    image.save(tmp_path / "a.kmq", save_all=save_all)
    assert (tmp_path / "a.kmq").read_bytes() == saved(image)


def test_saving_leaves_the_image_as_it_was() -> None:
    image = palette_image(mode="RGBA")
    before = image.copy()
    saved(image, compression="deflate")
    assert image == before
    assert image.info == before.info


# Saving other images


@pytest.mark.parametrize("mode", ["1", "L", "LA", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "HSV"])
def test_other_modes_are_quantised(mode: str) -> None:
    gradient = Image.linear_gradient("L").resize((24, 24)).convert("RGB")
    image = gradient.convert("P").convert("PA") if mode == "PA" else gradient.convert(mode) if mode != "LAB" else None
    result = reopened(image or Image.new("LAB", (24, 24), (50, 1, 2)), colors=5)
    assert result.mode == "P"
    assert result.size == (24, 24)
    assert 1 <= len(result.getpalette() or []) // 3 <= 5


def test_few_colours_are_kept_exactly() -> None:
    image = palette_image(entries=200, size=(40, 40)).convert("RGB")
    assert looks(reopened(image)) == looks(image)


@pytest.mark.parametrize("options", [{"colors": 3}, {"dither": 1.0, "colors": 4}, {"max_iter": 2, "colors": 7}])
def test_a_palette_image_with_quantise_keywords_is_quantised_anew(options: dict[str, Any]) -> None:
    result = reopened(palette_image(entries=16), **options)
    assert len(result.getpalette() or []) // 3 <= options["colors"]


@pytest.mark.parametrize("mode", ["I", "F", "I;16"])
def test_modes_that_cannot_be_quantised_raise_oserror(mode: str) -> None:
    with pytest.raises(OSError, match=f"cannot write mode {mode} as KMQ"):
        saved(Image.new(mode, (2, 2)))


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "zip"},
        {"compression": 9},
        {"compression": None},
        {"colors": 0},
        {"colors": 257},
        {"colors": "many"},
        {"dither": 2.5},
        {"effort": "heroic"},
        {"transparency": 256},
        {"transparency": -1},
        {"transparency": (1, 2, 3)},
        {"transparency": bytes(257)},
    ],
    ids=str,
)
@pytest.mark.parametrize("mode", ["P", "RGB"])
def test_bad_parameters_raise_valueerror_and_nothing_is_written(mode: str, options: dict[str, Any]) -> None:
    stream = BytesIO()
    with pytest.raises(ValueError, match=next(iter(options))):
        palette_image().convert(mode).save(stream, "KMQ", **options)
    assert stream.getvalue() == b""


@pytest.mark.parametrize("size", [(0, 0), (0, 4), (4, 0)])
@pytest.mark.parametrize("mode", ["P", "RGB"])
def test_empty_images_are_refused(mode: str, size: tuple[int, int]) -> None:
    stream = BytesIO()
    with pytest.raises(UnsupportedError, match=f"cannot write an empty image \\({size[0]}x{size[1]}\\) as KMQ"):
        Image.new(mode, size).save(stream, "KMQ")
    assert stream.getvalue() == b""


# Opening


def test_opening_reads_the_head_only() -> None:
    data = saved(palette_image((300, 300), 256))
    stream = BytesIO(data)
    with Image.open(stream) as image:
        assert image.format == "KMQ"
        assert image.get_format_mimetype() == "image/x-kmq"
        assert (image.mode, image.size) == ("P", (300, 300))
        assert image.palette is not None
        assert image.palette.mode == "RGB"
    head = data[: -300 * 300 // 2]
    assert Image.open(BytesIO(head)).size == (300, 300)


def test_the_extension_is_known() -> None:
    assert Image.registered_extensions()[".kmq"] == "KMQ"


def test_the_signature_is_the_codecs() -> None:
    assert KmqImagePlugin._SIGNATURE == container.SIGNATURE


@pytest.mark.parametrize(
    "data", [b"", b"\x8bKM", b"\x8bKMQ"[::-1] + bytes(40), b"\x89PNG\r\n\x1a\n", b"KMQ" + bytes(40)]
)
def test_other_files_are_not_identified(data: bytes) -> None:
    with pytest.raises(Image.UnidentifiedImageError):
        Image.open(BytesIO(data))


def test_opening_from_a_path_closes_the_file_after_loading(tmp_path: Path) -> None:
    image = palette_image()
    path = tmp_path / "a.kmq"
    image.save(path)
    with Image.open(path) as opened:
        stream = opened.fp
        assert stream is not None
        assert not stream.closed
        opened.load()
        assert stream.closed
        assert opened.tobytes() == image.tobytes()
    path.unlink()


def test_a_callers_stream_stays_open_and_is_left_at_the_end_of_the_image() -> None:
    stream = BytesIO(saved(palette_image()) + b"more")
    Image.open(stream).load()
    assert not stream.closed
    assert stream.read() == b"more"


def test_streams_that_cannot_seek_are_fine() -> None:
    class Pipe(BytesIO):
        def seek(self, *args: Any) -> int:
            raise OSError("no seeking")

        tell = seek  # type: ignore[assignment]

        def seekable(self) -> bool:
            return False

    class Socket:
        """A file with read() alone."""

        def __init__(self, data: bytes) -> None:
            self.read = BytesIO(data).read

    image = palette_image()
    assert Image.open(Socket(saved(image))).tobytes() == image.tobytes()  # type: ignore[arg-type]
    parser = ImageFile.Parser()
    parser.feed(Pipe(saved(image)).read())
    assert parser.close().tobytes() == image.tobytes()


def test_short_reads_are_put_together() -> None:
    class Trickle(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(size if size is None or size < 0 else min(size, 16))

    image = palette_image((30, 30))
    assert Image.open(Trickle(saved(image))).tobytes() == image.tobytes()


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (64, 64)])
def test_a_parser_fed_byte_by_byte_gives_the_image(size: tuple[int, int]) -> None:
    image = palette_image(size, 4)
    image.info["transparency"] = b"\x01\x02"
    parser = ImageFile.Parser()
    for byte in saved(image):
        parser.feed(bytes([byte]))
    result = parser.close()
    assert result.tobytes() == image.tobytes()
    assert looks(result) == looks(image)


def test_a_parser_that_gets_too_little_raises_oserror() -> None:
    data = saved(palette_image((64, 64)))
    for length in (3, 8, len(data) // 2, len(data) - 1):
        parser = ImageFile.Parser()
        parser.feed(data[:length])
        with pytest.raises(OSError, match=r"KMQ|cannot parse"):
            parser.close()


@pytest.mark.parametrize("loaded", [False, True])
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_images_can_be_pickled(protocol: int, loaded: bool) -> None:
    image = palette_image()
    image.info["transparency"] = b"\x01\x02"
    opened = Image.open(BytesIO(saved(image)))
    if loaded:
        opened.load()
    result = pickle.loads(pickle.dumps(opened, protocol))
    assert result.tobytes() == image.tobytes()
    assert looks(result) == looks(image)


def test_copies_crops_and_conversions_work_without_load() -> None:
    image = palette_image((20, 10))
    data = saved(image)
    assert Image.open(BytesIO(data)).copy().tobytes() == image.tobytes()
    assert Image.open(BytesIO(data)).crop((3, 2, 9, 8)).tobytes() == image.crop((3, 2, 9, 8)).tobytes()
    assert looks(Image.open(BytesIO(data))) == looks(image)
    assert np.array_equal(np.asarray(Image.open(BytesIO(data))), np.asarray(image))


def test_the_palette_of_an_opened_image_can_be_changed() -> None:
    opened = reopened(palette_image(entries=2))
    opened.palette = ImagePalette.raw("RGB", b"\1\2\3\4\5\6")
    assert opened.convert("RGB").getpixel((0, 0)) in {(1, 2, 3), (4, 5, 6)}


# Damage and danger


def test_a_truncated_body_raises_oserror() -> None:
    data = saved(palette_image((40, 40), 256))
    with Image.open(BytesIO(data[:-20])) as image, pytest.raises(TruncatedError, match="truncated KMQ file"):
        image.load()


def test_truncated_images_are_shown_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    original = palette_image((40, 40), 256)
    data = saved(original)
    shown = np.asarray(Image.open(BytesIO(data[: -4 - 10 * 40])))
    assert np.array_equal(shown[:30], np.asarray(original)[:30])
    assert not shown[30:].any()
    assert Image.open(BytesIO(data[:-1])).tobytes() == original.tobytes()
    assert Image.open(BytesIO(data)).tobytes() == original.tobytes()


def test_a_corrupt_body_raises_oserror_even_where_truncated_images_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytearray(saved(palette_image((40, 40), 256)))
    data[-100] ^= 1
    for truncated in (False, True):
        monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", truncated)
        with Image.open(BytesIO(data)) as image, pytest.raises(CorruptError, match="invalid KMQ file"):
            image.load()


def test_a_newer_file_says_that_it_needs_a_newer_version() -> None:
    with pytest.raises(UnsupportedError, match=r"version 9; a newer pillow-kmq is needed"):
        Image.open(BytesIO(b"\x8bKMQ\x09whatever"))


def test_pillows_limit_on_pixels_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    data = saved(Image.new("P", (100, 100)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 9_000)
    with pytest.warns(Image.DecompressionBombWarning):
        Image.open(BytesIO(data))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000)
    with pytest.raises(Image.DecompressionBombError):
        Image.open(BytesIO(data))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert Image.open(BytesIO(data)).size == (100, 100)


def test_a_size_that_the_file_cannot_fill_is_refused_on_opening() -> None:
    writer = container.Writer(9000, 9000)
    writer.chunk("D", b"\x01\x03\x00", checked=True)
    with pytest.raises(CorruptError, match="cannot hold 9000x9000 pixels"):
        Image.open(BytesIO(writer.getvalue()))


def test_damaged_files_give_an_image_or_an_error_that_pillow_users_expect() -> None:
    chance = random.Random(4)
    originals = [saved(palette_image((w, h), k, seed=w)) for w, h, k in ((1, 1, 1), (9, 7, 16), (40, 30, 256))]
    expected = (OSError, Image.DecompressionBombError, Image.DecompressionBombWarning)
    outcomes = {"image": 0, "error": 0}
    for number in range(3000):
        data = bytearray(chance.choice(originals))
        for _ in range(chance.randrange(4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        if number % 3 == 0:
            del data[chance.randrange(len(data)) :]
        try:
            Image.open(BytesIO(data)).load()
        except expected:
            outcomes["error"] += 1
        else:
            outcomes["image"] += 1
    assert min(outcomes.values()) > 100


# Registration


def test_registering_again_changes_nothing() -> None:
    before = list(Image.ID), dict(Image.EXTENSION), dict(Image.SAVE)
    pillow_kmq.register_kmq_opener()
    assert (list(Image.ID), dict(Image.EXTENSION), dict(Image.SAVE)) == before


def test_importing_the_package_loads_neither_numpy_nor_the_codec() -> None:
    unwanted = {"numpy", "numba", "pillow_kmq.codec", "pillow_kmq.saving.options"}
    code = f"import sys, pillow_kmq; print({unwanted} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_saving_and_opening_a_palette_image_needs_no_numba(tmp_path: Path) -> None:
    code = (
        "import sys, pillow_kmq; from PIL import Image; path = sys.argv[1]; "
        "Image.new('P', (3, 3), 1).save(path); Image.open(path).load(); print('numba' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.kmq")], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def test_the_public_functions_read_and_write_the_same_files() -> None:
    image = palette_image(entries=5)
    decoded = pillow_kmq.decode(saved(image))
    assert isinstance(decoded, IndexedImage)
    assert pillow_kmq.encode(decoded) == saved(image)
    assert codec.COMPRESSIONS == ("deflate", "fast", "default", "max")


@pytest.mark.parametrize("name", ["PNG", "GIF"])
def test_palettes_from_other_formats_survive_the_way_through_kmq(name: str) -> None:
    image = palette_image(entries=8, highest=7)
    image.info["transparency"] = 3
    first = BytesIO()
    image.save(first, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        source = Image.open(first)
        result = reopened(source)
    assert result.tobytes() == source.tobytes()
    assert looks(result) == looks(source)
