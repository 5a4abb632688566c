"""`kmq decode`: `.kmq` files as PNG, GIF, APNG and WebP, without loss where the format allows it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from command_line import damage, kmq, names, not_root, picture, posix_only
from pillow_kmq import codec
from pillow_kmq.cli import decoding
from pillow_kmq.frames import Frames, duration_of
from places import VECTORS

pytestmark = pytest.mark.usefixtures("inside")


def decode_file(data: bytes, format_: str) -> tuple[bytes, list[str]]:
    return decoding.decoded(decoding.opened(data), format_)


def shown(image: Image.Image) -> Iterator[np.ndarray]:
    """Yield what each frame shows, RGBA, with transparent black for all invisible pixels."""
    for frame in Frames(image):
        pixels = np.array(frame.convert("RGBA"))
        pixels[pixels[..., 3] == 0] = 0
        yield pixels


def same_frames(one: Image.Image, other: Image.Image) -> bool:
    return all(np.array_equal(*pair) for pair in zip(shown(one), shown(other), strict=True))


def durations(file: bytes) -> list[int]:
    return [duration_of(frame) for frame in Frames(Image.open(BytesIO(file)))]


def kmq_of(*frames: Image.Image, **options: object) -> bytes:
    more = {"save_all": True, "append_images": frames[1:]} if len(frames) > 1 else {}
    frames[0].save(stream := BytesIO(), "KMQ", **more, **options)  # type: ignore[arg-type]
    return stream.getvalue()


def decoded(data: bytes, format_: str) -> Image.Image:
    return Image.open(BytesIO(decode_file(data, format_)[0]))


PALETTES = st.lists(st.tuples(*[st.integers(0, 255)] * 4), min_size=1, max_size=20)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(palette=PALETTES, width=st.integers(1, 9), height=st.integers(1, 9), data=st.data())
def test_png_keeps_palette_and_indices(palette, width, height, data):
    indices = data.draw(st.binary(min_size=width * height, max_size=width * height))
    image = Image.frombytes("P", (width, height), bytes(value % len(palette) for value in indices))
    image.putpalette([channel for color in palette for channel in color], "RGBA")
    file = kmq_of(image)
    png, original = decoded(file, "png"), Image.open(BytesIO(file))
    assert png.mode == "P"
    assert png.tobytes() == original.tobytes()
    assert png.getpalette()[: 3 * len(palette)] == original.getpalette()[: 3 * len(palette)]
    assert png.convert("RGBA").tobytes() == image.convert("RGBA").tobytes()
    assert decoded(file, "webp").convert("RGBA").tobytes() == image.convert("RGBA").tobytes()


def frames_of(colors: int, alpha: int | None, *, own_palettes: bool) -> list[Image.Image]:
    """Return frames that share most pixels; palettes of their own give them other colours."""
    rng = np.random.default_rng(colors)
    palette = rng.integers(0, 256, (colors, 4)).astype(np.uint8)
    palette[:, 3] = 255
    if alpha is not None:
        palette[0, 3] = alpha
    indices = rng.integers(0, colors, (14, 20)).astype(np.uint8)
    frames = []
    for number in range(4):
        indices[number : number + 3, number : number + 5] = rng.integers(0, colors, (3, 5))
        indices[-1, -1] = 0  # where Pillow reads a GIF that clears opaque frames, it fills them with a colour
        if own_palettes:
            palette[1:, :3] = rng.integers(0, 256, (colors - 1, 3))
        frames.append(Image.fromarray(palette[indices]))
    return frames


@pytest.mark.parametrize("own_palettes", [False, True])
@pytest.mark.parametrize("alpha", [None, 0, 128])
@pytest.mark.parametrize("format_", ["png", "apng", "webp", "gif"])
def test_animations_stay_animations(format_: str, alpha: int | None, own_palettes: bool) -> None:
    frames = frames_of(200 if own_palettes else 20, alpha, own_palettes=own_palettes)
    file = kmq_of(*frames, duration=[20, 40, 60, 80], loop=2)
    assert durations(decode_file(file, format_)[0]) == [20, 40, 60, 80]
    found = decoded(file, format_)
    assert found.info["loop"] == (2 if format_ == "gif" else 3)  # repetitions, or plays
    if format_ == "gif" and alpha == 128:
        for image in frames:
            image.putalpha(255)
        assert "GIF holds no translucent pixels: they become opaque or transparent" in decode_file(file, "gif")[1]
        file = kmq_of(*frames)
    assert same_frames(found, Image.open(BytesIO(file)))


@pytest.mark.parametrize("path", sorted(VECTORS.glob("good-*.kmq")), ids=lambda path: path.stem)
@pytest.mark.parametrize("format_", ["png", "webp"])
def test_every_vector_is_decoded(path: Path, format_: str) -> None:
    with warnings.catch_warnings(action="ignore"):
        before, found = durations(path.read_bytes()), decode_file(path.read_bytes(), format_)[0]
        longest = 65_535 if format_ == "png" else 16_777_215
        if len(before) > 1:
            assert sum(durations(found)) == sum(min(duration, longest) for duration in before)
        if len(durations(found)) == len(before):  # equal frames are merged
            assert same_frames(Image.open(BytesIO(found)), Image.open(path))


def test_durations_beyond_the_limit_of_a_format_are_shortened_with_a_note() -> None:
    file = kmq_of(Image.new("RGB", (2, 2), "red"), Image.new("RGB", (2, 2), "blue"), duration=[10, 70_000])
    encoded, notes = decode_file(file, "png")
    assert notes == ["frames are shown for at most 65.535 s, the limit of the format"]
    assert durations(encoded) == [10, 65_535]
    assert decode_file(file, "webp")[1] == []


def test_gif_keeps_all_colours_if_at_most_256_are_new_in_each_frame() -> None:
    rng = np.random.default_rng(0)
    left, right = rng.integers(0, 256, (2, 20, 10, 3), np.uint8)
    first = np.hstack([left, np.zeros_like(right)])
    file = kmq_of(Image.fromarray(first), Image.fromarray(np.hstack([left, right])), duration=40)
    encoded, notes = decode_file(file, "gif")
    assert notes == []
    assert same_frames(Image.open(BytesIO(encoded)), Image.open(BytesIO(file)))


def test_more_than_256_new_colours_in_a_frame_are_reduced_in_gif_only() -> None:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (2, 20, 20, 4), np.uint8) | np.array([0, 0, 0, 255], np.uint8)
    file = codec.encode_animation(list(frames), 40)
    encoded, notes = decode_file(file, "gif")
    assert notes == ["GIF holds 256 colours per frame: those of some frames are reduced"]
    assert Image.open(BytesIO(encoded)).n_frames == 2  # type: ignore[attr-defined]
    assert decode_file(file, "webp")[1] == decode_file(file, "png")[1] == []


def test_metadata_are_kept_as_far_as_the_format_holds_them() -> None:
    exif = Image.Exif()
    exif[0x010E] = "description"
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'
    file = kmq_of(
        Image.new("P", (4, 4)), exif=exif, xmp=xmp, dpi=(72, 72), comment="hello", text={"Title": "Sünset", "a\nb": "c"}
    )
    encoded, notes = decode_file(file, "png")
    png = Image.open(BytesIO(encoded))
    assert png.getexif()[0x010E] == "description"
    assert png.info["xmp"] == xmp
    assert png.info["dpi"] == pytest.approx((72, 72), abs=0.01)
    assert (png.info["Comment"], png.info["Title"]) == ("hello", "Sünset")
    assert notes == ["PNG holds only texts with keywords of 1 to 79 plain characters: others are left out"]
    encoded, notes = decode_file(file, "webp")
    assert Image.open(BytesIO(encoded)).getexif()[0x010E] == "description"
    assert notes == ["WebP holds no resolution and texts: they are left out"]
    encoded, notes = decode_file(file, "gif")
    assert Image.open(BytesIO(encoded)).info["comment"] == b"hello"
    assert notes == ["GIF holds no Exif, XMP, resolution and named texts: they are left out"]


@given(st.lists(st.integers(0, 10**5), min_size=1, max_size=50))
def test_rounded_durations_stay_in_step(durations: list[int]) -> None:
    rounded = decoding._rounded_to_10(durations)
    assert all(duration >= 0 and duration % 10 == 0 for duration in rounded)
    for end in range(len(durations) + 1):
        assert abs(sum(rounded[:end]) - sum(durations[:end])) <= 5


# The command


@pytest.mark.parametrize(
    ("arguments", "name", "format_"),
    [
        (("a.kmq",), "a.png", "PNG"),
        (("a.kmq", "--format", "gif"), "a.gif", "GIF"),
        (("a.kmq", "--format", "apng"), "a.apng", "PNG"),
        (("a.kmq", "-o", "b.webp"), "b.webp", "WEBP"),
        (("a.kmq", "-o", "b", "--format", "gif"), "b", "GIF"),
        (("a.kmq", "--out-dir", "out/new"), "out/new/a.png", "PNG"),
    ],
)
def test_the_output_is_named_or_lies_beside_the_input(arguments: tuple[str, ...], name: str, format_: str) -> None:
    picture("a.kmq", colors=9)
    result = kmq("decode", *arguments)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(f"a.kmq -> {name}: ")
    with Image.open(name) as image:
        assert image.format == format_
        assert image.convert("RGB").tobytes() == Image.open("a.kmq").convert("RGB").tobytes()


def test_a_file_is_overwritten_only_by_force() -> None:
    picture("a.kmq", colors=9)
    picture("b.kmq", colors=9)
    Path("a.png").write_bytes(b"mine")
    result = kmq("decode", "a.kmq", "b.kmq")
    assert result.exit_code == 15
    assert "the output a.png already exists; use --force to overwrite it" in result.stderr
    assert Path("a.png").read_bytes() == b"mine"
    assert "b.png" in names()
    assert kmq("decode", "-f", "a.kmq").exit_code == 0
    assert Path("a.png").read_bytes() != b"mine"


def test_two_inputs_never_have_one_output_even_by_force() -> None:
    Path("x").mkdir()
    picture("a.kmq", colors=9)
    picture("x/a.kmq", colors=4)
    result = kmq("decode", "-f", "--out-dir", "out", "a.kmq", "x/a.kmq")
    assert result.exit_code == 15
    assert "x/a.kmq: the output out/a.png is also that of a.kmq" in result.stderr.replace("\\", "/")
    assert len(Image.open("out/a.png").getpalette() or []) == 27


def test_pipelines_work() -> None:
    picture("a.kmq", colors=9)
    result = kmq("decode", "-", stdin=Path("a.kmq").read_bytes())
    assert result.exit_code == 0
    assert Image.open(BytesIO(result.stdout_bytes)).format == "PNG"
    assert result.stderr.startswith("stdin -> stdout: ")


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("truncated.kmq", 25, "truncated KMQ file"),
        ("notes.txt", 2, "not a .kmq file: `kmq` without a verb reads other images"),
        ("missing.kmq", 2, "cannot read it"),
    ],
)
def test_an_input_that_fails_is_named_and_the_others_are_converted(name: str, status: int, words: str) -> None:
    if status == 25 or name == "notes.txt":
        damage(name)
    picture("good.kmq", colors=9)
    before = names()
    result = kmq("decode", "good.kmq", name)
    assert result.exit_code == status
    assert f"kmq: {name}: {words}" in result.stderr
    assert names() == {*before, "good.png"}


@posix_only
@not_root
def test_a_folder_that_cannot_be_written_has_status_16() -> None:
    picture("a.kmq", colors=9)
    Path("locked").mkdir(mode=0o500)
    assert kmq("decode", "a.kmq", "--out-dir", "locked").exit_code == 16


def test_a_folder_that_cannot_be_made_has_status_16() -> None:
    picture("a.kmq", colors=9)
    Path("file").write_bytes(b"")
    result = kmq("decode", "a.kmq", "--out-dir", "file/x")
    assert result.exit_code == 16
    assert "cannot write file/x/a.png: not a directory" in result.stderr.replace("\\", "/")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("a.kmq", "b.kmq", "-o", "c.png"), "--output takes a single input, not 2"),
        (("a.kmq", "-o", "c.png", "--out-dir", "d"), "cannot be combined"),
        (("a.kmq", "-o", "c.jpg"), "cannot tell the format from 'c.jpg'"),
        (("a.kmq", "--format", "bmp"), "'bmp'"),
    ],
)
def test_wrong_usage_is_explained(arguments: tuple[str, ...], words: str) -> None:
    result = kmq("decode", *arguments)
    assert result.exit_code == 4
    assert words in " ".join(result.stderr.split())


def test_damaged_metadata_are_left_out_with_a_note() -> None:
    (path, *_) = sorted(VECTORS.glob("good-damaged-metadata-*.kmq"))
    assert decode_file(path.read_bytes(), "png")[1] == ["damaged metadata are left out"]


def test_kmq_files_in_folders_are_decoded_and_others_are_not() -> None:
    Path("art/sub").mkdir(parents=True)
    picture("art/sub/a.kmq", colors=9)
    picture("art/b.png", colors=9)
    assert kmq("decode", "art").exit_code == 2
    result = kmq("decode", "-r", "art", "--out-dir", "out")
    assert result.exit_code == 0, result.stderr
    assert [path.as_posix() for path in Path("out").rglob("*.*")] == ["out/sub/a.png"]


def test_a_folder_without_kmq_files_is_named() -> None:
    Path("art").mkdir()
    result = kmq("decode", "-r", "art")
    assert result.exit_code == 2
    assert result.stderr == "kmq: art: no file in it is like *.kmq\n"


def test_an_image_that_is_no_kmq_file_is_called_so_even_if_it_has_the_name_of_the_output() -> None:
    picture("a.png", colors=9)
    assert kmq("decode", "a.png").stderr == "kmq: a.png: not a .kmq file: `kmq` without a verb reads other images\n"
