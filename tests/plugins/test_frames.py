"""Which pictures of a file are frames, what is known of each, and what a damaged one costs."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageSequence, PngImagePlugin

import pillow_kmq
from pillow_kmq.errors import FrameReadError
from pillow_kmq.frames import Frames, duration_of, frame_numbers, plays, repetitions_of
from places import CASES

DURATIONS = [500, 250, 100, 70]
COLORS = ["red", "lime", "blue", "yellow"]

Image.init()
with_avif = pytest.mark.skipif("AVIF" not in Image.SAVE_ALL, reason="this Pillow has no AVIF")
PLAYING = ["GIF", "PNG", "WEBP", pytest.param("AVIF", marks=with_avif), "KMQ"]
PAGES = ["TIFF", "MPO"]


def pictures(colors: list[str] = COLORS, size: tuple[int, int] = (8, 8)) -> list[Image.Image]:
    return [Image.new("RGB", size, color) for color in colors]


def animation(format_: str, colors: list[str] = COLORS, **options: Any) -> Image.Image:
    first, *rest = pictures(colors)
    stream = BytesIO()
    first.save(stream, format_, save_all=True, append_images=rest, **{"duration": DURATIONS[: len(colors)], **options})
    return Image.open(stream)


def with_default_image(colors: list[str] = COLORS) -> Image.Image:
    stream = BytesIO()
    Image.new("RGB", (8, 8), "black").save(
        stream,
        "PNG",
        save_all=True,
        default_image=True,
        append_images=pictures(colors),
        duration=DURATIONS[: len(colors)],
    )
    return Image.open(stream)


def saved(image: Image.Image, **options: Any) -> Image.Image:
    stream = BytesIO()
    image.save(stream, "KMQ", save_all=True, **options)
    return Image.open(stream)


def durations(image: Image.Image) -> list[int]:
    return [frame.info["duration"] for frame in ImageSequence.Iterator(image)]


def first_pixels(images: Any) -> list[tuple[int, ...]]:
    return [image.convert("RGB").getpixel((0, 0)) for image in images]


# Durations


@pytest.mark.parametrize("format_", PLAYING)
def test_every_format_keeps_the_duration_of_every_frame(format_: str) -> None:
    assert durations(saved(animation(format_))) == DURATIONS


@pytest.mark.parametrize("format_", PLAYING)
def test_appended_animations_keep_their_durations(format_: str) -> None:
    first = Image.new("RGB", (8, 8), "white")
    assert durations(saved(first, append_images=[animation(format_)])) == [0, *DURATIONS]


@pytest.mark.parametrize("duration", [-5, float("nan"), float("inf"), "long", None, 1 << 40])
def test_an_odd_duration_in_a_file_is_clipped_and_blocks_nothing(duration: Any) -> None:
    first, second = pictures(["red", "lime"])
    second.info["duration"] = duration
    assert duration_of(second) == (0xFFFFFFFF if duration == 1 << 40 else 0)
    assert durations(saved(first, append_images=[second])) == [0, duration_of(second)]


@pytest.mark.parametrize(
    ("format_", "loop", "repetitions"),
    [("GIF", 0, 0), ("GIF", 3, 3), ("PNG", 0, 0), ("PNG", 1, None), ("PNG", 3, 2), ("WEBP", 1, None), ("WEBP", 3, 2)],
)
def test_an_animation_is_played_as_often_as_its_format_says(format_: str, loop: int, repetitions: int | None) -> None:
    original = animation(format_, loop=loop)
    assert repetitions_of(original) == repetitions
    assert saved(original).info.get("loop") == repetitions


# Frames


@pytest.mark.parametrize("format_", [*PLAYING, "TIFF"])
def test_frames_come_in_order_and_the_image_shows_what_it_showed_before(format_: str) -> None:
    image = animation(format_, loop=0)
    image.seek(2)
    before = image.convert("RGB").tobytes()
    frames = Frames(image)
    for _ in range(2):
        shown = first_pixels(frames)
        assert np.abs(np.array(shown) - first_pixels(pictures())).max() < 40  # AVIF and JPEG lose something
    assert len(frames) == 4
    assert image.tell() == 2
    assert image.convert("RGB").tobytes() == before


@pytest.mark.parametrize("format_", PLAYING)
def test_quantize_all_sees_the_frames_of_an_animation(format_: str) -> None:
    image = animation(format_)
    expected = pillow_kmq.quantize_all([frame.copy() for frame in ImageSequence.Iterator(image)], 3, dither=1.0)
    image.seek(1)
    results = pillow_kmq.quantize_all(image, 3, dither=1.0)
    assert image.tell() == 1
    assert [result.tobytes() for result in results] == [result.tobytes() for result in expected]
    assert results[0].getpalette() == expected[0].getpalette()


def test_the_default_image_of_an_apng_is_no_frame() -> None:
    image = with_default_image()
    assert image.n_frames == 5
    assert frame_numbers(image) == range(1, 5)
    kmq = saved(image)
    assert durations(kmq) == DURATIONS
    assert first_pixels(ImageSequence.Iterator(kmq)) == first_pixels(pictures())
    assert first_pixels(pillow_kmq.quantize_all(image)) == first_pixels(pictures())
    assert image.tell() == 0


@pytest.mark.parametrize("format_", ["KMQ", "PNG8"])
def test_of_a_default_image_and_a_single_frame_save_all_takes_the_frame(format_: str) -> None:
    image, stream, reports = with_default_image(["red"]), BytesIO(), []
    image.save(stream, format_, save_all=True, report=reports.append)
    assert first_pixels([Image.open(stream)]) == [(255, 0, 0)]
    assert reports[0].psnr == float("inf")
    assert image.tell() == 0


def test_a_gif_that_grows_has_frames_of_its_final_size() -> None:
    """Its screen has 8x8 pixels, and its second frame begins at (4, 4)."""
    stream = BytesIO()
    first, second = pictures(["red", "lime"])
    first.save(stream, "GIF", save_all=True, append_images=[second])
    data = bytearray(stream.getvalue())
    place = data.rindex(b"\x2c\0\0\0\0")
    data[place + 1 : place + 5] = struct.pack("<HH", 4, 4)
    kmq = saved(Image.open(BytesIO(data)))
    kmq.seek(1)
    assert kmq.size == (12, 12)
    assert kmq.convert("RGB").getpixel((11, 11)) == (0, 255, 0)


@pytest.mark.parametrize("format_", PLAYING)
def test_frames_that_were_not_all_iterated_can_be_iterated_again(format_: str) -> None:
    """Pillow's APNG plugin alone reads on at the wrong place."""
    image = animation(format_, loop=0)
    for number in (1, 2):
        frames = iter(Frames(image))
        for _ in range(number):
            assert next(frames).getpixel((0, 0)) is not None
        del frames
        assert image.tell() == 0
    assert len(list(Frames(image))) == 4


# What plays


@pytest.mark.parametrize("format_", PLAYING)
def test_animations_play(format_: str) -> None:
    assert plays(animation(format_))
    assert not plays(animation(format_, ["red"], duration=100))


def test_a_gif_without_durations_plays() -> None:
    stream = BytesIO()
    first, second = pictures(["red", "lime"])
    first.save(stream, "GIF", save_all=True, append_images=[second])
    assert "duration" not in Image.open(stream).info
    assert plays(Image.open(stream))


@pytest.mark.parametrize("format_", PAGES)
def test_pages_and_the_pictures_of_a_phone_do_not_play(format_: str) -> None:
    image = animation(format_, COLORS[:2])  # Pillow writes wrong offsets of more in an MPO
    assert image.is_animated
    assert not plays(image)


def test_layers_do_not_play_and_are_no_frames() -> None:
    with Image.open(CASES / "03-layers.psd") as image:
        assert not plays(image)
        assert len(Frames(image)) == 1
        before = image.convert("RGB").tobytes()
        kmq = saved(image)
        assert kmq.n_frames == 1
        assert image.convert("RGB").tobytes() == before


class Foreign(Image.Image):
    """As image plugins of other packages have it: what a frame is becomes known when it is loaded."""

    format: Any = "JXL"
    n_frames = 2
    is_animated = True
    timed = True

    def load(self) -> Any:
        if self.timed:
            self.info["duration"] = 40 + self.tell()
        return super().load()

    def tell(self) -> int:
        return getattr(self, "_frame", 0)

    def seek(self, frame: int) -> None:
        self._frame = frame
        self.info.pop("duration", None)


def foreign(**attributes: Any) -> Foreign:
    image = Image.new("RGB", (3, 2), "red")
    image.__class__ = Foreign
    for name, value in attributes.items():
        setattr(image, name, value)
    return image  # type: ignore[return-value]


def test_a_format_of_another_package_plays_if_its_frames_have_durations() -> None:
    assert plays(foreign())
    assert not plays(foreign(timed=False))
    assert durations(saved(foreign())) == [40, 41]


def test_an_image_of_somebodys_own_plays_if_it_has_several_frames() -> None:
    assert plays(foreign(format=None, timed=False))
    assert not plays(foreign(format=None, n_frames=1))


def test_pages_are_frames_where_all_are_asked_for() -> None:
    image = animation("TIFF")
    assert durations(saved(image, duration=90)) == [90] * 4
    assert len(pillow_kmq.quantize_all(image)) == 4


def test_pages_of_different_sizes_are_refused_with_both() -> None:
    stream = BytesIO()
    Image.new("RGB", (8, 6)).save(stream, "TIFF", save_all=True, append_images=[Image.new("RGB", (5, 4))])
    with pytest.raises(ValueError, match="frame 2 has 5x4 pixels and the first 8x6"):
        saved(Image.open(stream))


# Reports


@pytest.mark.parametrize("options", [{}, {"colors": 3}], ids=str)
def test_a_report_on_an_animation_measures_all_frames_without_decoding_the_file(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    image, reports = animation("PNG"), []
    image.seek(1)
    saved(image, report=reports.append, **options)
    monkeypatch.setattr("pillow_kmq.codec.animation.reader.FrameReader.frame", None)
    (report,) = reports
    exact = not options
    assert (report.frames, report.colors) == (4, 4 if exact else 3)
    assert (report.psnr == float("inf"), report.delta_e == 0) == (exact, exact)
    assert str(report).startswith("4 frames, ")
    assert image.tell() == 1


def test_the_psnr_of_an_animation_is_that_of_the_mean_error_of_all_frames() -> None:
    frames, reports = pictures(), []
    frames[0].save(BytesIO(), "KMQ", save_all=True, append_images=frames[1:], colors=2, report=reports.append)
    results = pillow_kmq.quantize_all(frames, 2)
    errors = [
        (np.asarray(frame, float) - np.asarray(result.convert("RGB"))) ** 2
        for frame, result in zip(frames, results, strict=True)
    ]
    assert reports[0].psnr == pytest.approx(10 * np.log10(255**2 / np.mean(errors)))


# Damaged frames


@pytest.mark.parametrize(
    "error", [SyntaxError("odd"), struct.error("odd"), EOFError("odd"), IndexError("odd")], ids=repr
)
def test_a_frame_that_cannot_be_read_is_an_oserror_with_its_number(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = animation("PNG")
    seek = PngImagePlugin.PngImageFile.seek

    def failing(self: Any, frame: int) -> None:
        if frame == 2:
            raise error
        seek(self, frame)

    monkeypatch.setattr(PngImagePlugin.PngImageFile, "seek", failing)
    for attempt in (lambda: saved(image), lambda: pillow_kmq.quantize_all(image)):
        with pytest.raises(OSError, match=r"cannot read frame 3: .*odd") as caught:
            attempt()
        assert isinstance(caught.value, FrameReadError)
        assert image.tell() == 0


def test_frames_that_cannot_be_counted_are_an_oserror() -> None:
    with (
        Image.open(CASES / "03-truncated-animation.gif") as image,
        pytest.raises(OSError, match="cannot count the pictures: the data are damaged or truncated"),
    ):
        saved(image)


def test_a_decompression_bomb_among_the_frames_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    image = animation("KMQ")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 30)
    with pytest.raises(Image.DecompressionBombError):
        list(Frames(image))
