"""Animations through Pillow and the command line."""

from __future__ import annotations

import pickle
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image, ImageDraw, ImageFile, ImageSequence

from pillow_kmq import codec
from pillow_kmq.cli.command import main


def gif(path: Path, *, disposal: Any = 0, local: bool = False, transparent: bool = False, loop: Any = 0) -> Image.Image:
    """A GIF with frames of parts of the canvas, some the same."""
    frames = []
    for number in range(6):
        frame = Image.new("RGBA", (40, 30), (0, 0, 0, 0) if transparent else (200, 200, 200, 255))
        draw = ImageDraw.Draw(frame)
        for i in range(8):
            shift = 31 * number * local
            draw.rectangle(
                (4 + number * 3 + 2 * i, 5 + i, 9 + number * 3 + i * 2, 9 + i),
                ((37 * i + shift) % 256, 255 - shift, 9 * i),
            )
        frames.append(frame)
    frames[4] = frames[3]
    quantised = [frame.quantize(64, dither=Image.Dither.NONE) for frame in frames] if local else frames
    options: dict[str, Any] = {} if loop is None else {"loop": loop}
    quantised[0].save(
        path,
        save_all=True,
        append_images=quantised[1:],
        duration=[50, 60, 70, 80, 90, 100],
        disposal=disposal,
        **options,
    )
    return Image.open(path)


def looks(image: Image.Image) -> list[Any]:
    """All frames as colours, invisible ones alike."""
    frames = []
    for frame in ImageSequence.Iterator(image):
        pixels = np.array(frame.convert("RGBA"))
        pixels[pixels[..., 3] == 0] = 0
        frames.append(pixels)
    return frames


def same(some: list[Any], others: list[Any]) -> bool:
    return len(some) == len(others) and all(np.array_equal(a, b) for a, b in zip(some, others, strict=True))


def durations(image: Image.Image) -> list[int]:
    return [frame.info["duration"] for frame in ImageSequence.Iterator(image)]


def saved(image: Image.Image, **options: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, "KMQ", **{"save_all": True, **options})
    return stream.getvalue()


def reopened(image: Image.Image, **options: Any) -> Image.Image:
    return Image.open(BytesIO(saved(image, **options)))


def palette_frames(count: int = 4) -> list[Image.Image]:
    frames = []
    for number in range(count):
        frame = Image.new("P", (9, 8), 3)
        frame.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 10, 20, 30, 255, 0, 0])
        frame.paste(number % 5, (number, 1, number + 3, 4))
        frames.append(frame)
    return frames


def animation(**options: Any) -> Image.Image:
    first, *rest = palette_frames()
    return reopened(first, append_images=rest, duration=40, **options)


# GIF -> KMQ -> GIF


@pytest.mark.parametrize("disposal", [0, 1, 2, 3, [0, 1, 2, 3, 1, 2]])
@pytest.mark.parametrize("local", [False, True])
@pytest.mark.parametrize("transparent", [False, True])
def test_gifs_keep_every_frame_duration_and_transparency(
    tmp_path: Path, disposal: Any, local: bool, transparent: bool
) -> None:
    original = gif(tmp_path / "a.gif", disposal=disposal, local=local, transparent=transparent)
    kmq = reopened(original)
    assert kmq.n_frames == original.n_frames
    assert same(looks(kmq), looks(original))
    assert durations(kmq) == durations(original)
    assert kmq.info["loop"] == 0
    kmq.seek(0)
    kmq.save(tmp_path / "b.gif", save_all=True, disposal=2 if transparent else 0)
    again = Image.open(tmp_path / "b.gif")
    assert sum(durations(again)) == sum(durations(original))
    assert again.info["loop"] == 0
    if not local:  # Pillow writes at most 256 colours a frame, with its own quantiser
        expected = [looks(original)[i] for i in range(original.n_frames)]
        assert same(looks(again), expected)


@pytest.mark.parametrize("loop", [None, 0, 1, 5])
def test_gifs_keep_their_loop(tmp_path: Path, loop: int | None) -> None:
    original = gif(tmp_path / "a.gif", loop=loop)
    kmq = reopened(original)
    assert kmq.info.get("loop") == original.info.get("loop")
    kmq.save(tmp_path / "b.gif", save_all=True)
    assert Image.open(tmp_path / "b.gif").info.get("loop") == loop


def test_a_gif_of_more_than_256_colours_in_all_is_kept_without_loss(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    frames = []
    for _ in range(4):
        frame = Image.fromarray(rng.integers(0, 256, (30, 40), np.uint8)).convert("P")
        frame.putpalette(rng.integers(0, 256, 768, np.uint8).tobytes())
        frames.append(frame)
    kmq = reopened(frames[0], append_images=frames[1:])
    assert kmq.mode == "RGBA"
    assert same(looks(kmq), [np.array(frame.convert("RGBA")) for frame in frames])


# Saving


def test_palette_images_of_one_palette_keep_their_indices() -> None:
    kmq, frames = animation(), palette_frames()
    assert (kmq.mode, kmq.n_frames, kmq.is_animated) == ("P", 4, True)
    assert kmq.getpalette() == frames[0].getpalette()
    for number, frame in enumerate(frames):
        kmq.seek(number)
        assert kmq.tobytes() == frame.tobytes()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA", "CMYK"])
def test_frames_of_other_modes_and_few_colours_are_kept(mode: str) -> None:
    frames = [frame.convert(mode) for frame in palette_frames()]
    kmq = reopened(frames[0], append_images=frames[1:])
    assert same(looks(kmq), [np.array(frame.convert("RGBA")) for frame in frames])


def test_frames_of_many_colours_are_quantised_with_one_palette() -> None:
    ramp = Image.fromarray(np.indices((60, 60)).sum(0).astype(np.uint8) * 2)
    frames = [
        Image.merge("RGB", [ramp, ramp.rotate(90 * i), ramp.transpose(Image.Transpose.ROTATE_180)]) for i in range(3)
    ]
    kmq = reopened(frames[0], append_images=frames[1:])
    assert kmq.mode == "P"
    assert len(kmq.getpalette() or ()) == 3 * 256
    for number, frame in enumerate(frames):
        kmq.seek(number)
        difference = np.array(kmq.convert("RGB")).astype(int) - np.array(frame)
        assert np.abs(difference).mean() < 12


def test_keywords_of_quantize_ask_for_one_palette(tmp_path: Path) -> None:
    original = gif(tmp_path / "a.gif", local=True)
    kmq = reopened(original, colors=5)
    assert kmq.mode == "P"
    assert len(kmq.getpalette() or ()) <= 3 * 5
    assert kmq.n_frames == original.n_frames


def test_appended_animations_give_all_their_frames_and_stay_where_they_were() -> None:
    first, second = animation(), animation()
    first.seek(2)
    second.seek(1)
    kmq = reopened(first, append_images=[second])
    assert kmq.n_frames == 8
    assert (first.tell(), second.tell()) == (2, 1)


def test_without_save_all_the_current_frame_is_saved() -> None:
    image = animation()
    image.seek(2)
    kmq = reopened(image, save_all=False)
    assert (kmq.n_frames, kmq.is_animated) == (1, False)
    assert kmq.tobytes() == palette_frames()[2].tobytes()


def test_a_still_image_is_the_same_file_with_save_all() -> None:
    frame = palette_frames()[0]
    assert saved(frame) == saved(frame, save_all=False)


@pytest.mark.parametrize(("duration", "expected"), [(30, [30] * 4), ([1, 2, 3, 4], [1, 2, 3, 4]), (33.4, [33] * 4)])
def test_durations_may_be_one_number_or_one_for_each_frame(duration: Any, expected: list[int]) -> None:
    first, *rest = palette_frames()
    assert durations(reopened(first, append_images=rest, duration=duration)) == expected


@pytest.mark.parametrize(("loop", "plays"), [(None, 1), (0, 0), (1, 2), (4, 5)])
def test_loop_counts_repetitions(loop: Any, plays: int) -> None:
    first, *rest = palette_frames()
    data = saved(first, append_images=rest, loop=loop)
    assert codec.read_animation(data).plays == plays
    assert Image.open(BytesIO(data)).info.get("loop") == loop


@pytest.mark.parametrize(
    "options",
    [
        {"duration": -1},
        {"duration": "long"},
        {"duration": [1, 2]},
        {"loop": -1},
        {"loop": "often"},
        {"compression": "best"},
        {"max_bytes": 5000},
        {"palette_mode": "odd"},
        {"append_images": [Image.new("P", (3, 3))]},
        {"append_images": ["picture"]},
        {"append_images": 5},
        {"report": 5},
        {"dpi": 5},
    ],
    ids=lambda options: next(iter(options)),
)
def test_bad_parameters_raise_valueerror_and_nothing_is_written(options: dict[str, Any]) -> None:
    first, *rest = palette_frames()
    stream = BytesIO()
    with pytest.raises(ValueError, match=next(iter(options))):
        first.save(stream, "KMQ", save_all=True, **{"append_images": rest, **options})
    assert stream.getvalue() == b""


@pytest.mark.parametrize("mode", ["I", "F", "I;16"])
def test_modes_that_cannot_be_stored_raise_oserror(mode: str) -> None:
    with pytest.raises(OSError, match="cannot write mode"):
        saved(Image.new(mode, (3, 3)), append_images=[Image.new(mode, (3, 3))])


def test_metadata_and_a_report_go_with_an_animation() -> None:
    first, *rest = palette_frames()
    reports: list[Any] = []
    kmq = reopened(first, append_images=rest, comment="c", dpi=(72, 72), report=reports.append)
    assert kmq.info["comment"] == b"c"
    assert reports[0].psnr == float("inf")
    assert reports[0].bytes == len(saved(first, append_images=rest, comment="c", dpi=(72, 72)))


# Opening


def test_frames_may_be_sought_in_any_order_before_or_after_loading() -> None:
    frames = palette_frames()
    image = animation()
    for number in (3, 0, 2, 2, 1, 3):
        image.seek(number)
        assert image.tell() == number
        image.load()
        assert image.tobytes() == frames[number].tobytes()
    image = animation()
    image.load()
    copy = image.copy()
    image.seek(1)
    assert copy.tobytes() == frames[0].tobytes()
    assert image.convert("RGB").tobytes() == frames[1].convert("RGB").tobytes()


@pytest.mark.parametrize("number", [-1, 4, 99])
def test_seeking_beyond_the_end_is_an_eoferror_and_changes_nothing(number: int) -> None:
    image = animation()
    image.seek(2)
    with pytest.raises(EOFError):
        image.seek(number)
    assert image.tell() == 2
    assert image.tobytes() == palette_frames()[2].tobytes()


def test_a_still_image_has_one_frame() -> None:
    image = reopened(palette_frames()[0])
    image.seek(0)
    assert (image.n_frames, image.is_animated, image.tell()) == (1, False, 0)
    assert "duration" not in image.info
    with pytest.raises(EOFError):
        image.seek(1)


def test_a_path_stays_open_for_frames_and_is_closed_in_the_end(tmp_path: Path) -> None:
    first, *rest = palette_frames()
    first.save(tmp_path / "a.kmq", save_all=True, append_images=rest)
    with Image.open(tmp_path / "a.kmq") as image:
        image.load()
        image.seek(3)
        stream = image.fp
        assert image.tobytes() == rest[-1].tobytes()
    assert stream.closed


def test_a_parser_fed_in_pieces_gives_the_first_frame() -> None:
    first, *rest = palette_frames()
    data = saved(first, append_images=rest)
    parser = ImageFile.Parser()
    for byte in data:
        parser.feed(bytes([byte]))
    image = parser.close()
    assert image.n_frames == 4
    assert image.tobytes() == first.tobytes()  # Pillow closes what it was fed


def test_a_frame_can_be_pickled() -> None:
    image = animation()
    image.seek(2)
    again = pickle.loads(pickle.dumps(image))
    assert again.tobytes() == palette_frames()[2].tobytes()


def test_a_truncated_animation_shows_what_arrived_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pillow_kmq.codec.animation.scene._ROOM", 50)
    first, *rest = palette_frames()
    data = saved(first, append_images=rest)
    image = Image.open(BytesIO(data[:-3]))
    image.seek(3)
    with pytest.raises(OSError, match="truncated"):
        image.load()
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    image = Image.open(BytesIO(data[:-3]))
    image.seek(3)
    assert image.tobytes() == rest[1].tobytes()


def test_what_a_tolerant_load_has_shown_is_not_kept_for_a_strict_one(monkeypatch: pytest.MonkeyPatch) -> None:
    first, *rest = palette_frames()
    data = saved(first, append_images=rest)
    image = Image.open(BytesIO(data[:-3]))
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    image.seek(3)
    image.load()
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", False)
    image.seek(0)
    image.seek(3)
    with pytest.raises(OSError, match="truncated"):
        image.load()


def test_pillows_limit_holds_for_every_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    image = animation()
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 30)
    with pytest.raises(Image.DecompressionBombError):
        image.seek(1)


# The command line


def test_the_command_line_keeps_all_frames_in_kmq_and_the_first_in_png(tmp_path: Path) -> None:
    original = gif(tmp_path / "a.gif", local=True)
    done = CliRunner().invoke(main, ["--format", "kmq", str(tmp_path / "a.gif")])
    assert done.exit_code == 0, done.output
    kmq = Image.open(tmp_path / "a.kmq")
    assert same(looks(kmq), looks(original))
    assert durations(kmq) == durations(original)
    assert kmq.info["loop"] == 0
    done = CliRunner().invoke(main, ["-o", str(tmp_path / "b.png"), str(tmp_path / "a.kmq")])
    assert done.exit_code == 0, done.output
    assert "first of" in done.output
    assert not Image.open(tmp_path / "b.png").is_animated


@pytest.mark.parametrize("number", [1.0, "1", None, [1], np.float64(1)])
def test_seeking_to_what_is_no_integer_is_a_typeerror_and_changes_nothing(number: Any) -> None:
    first, *rest = palette_frames()
    image = Image.open(BytesIO(saved(first, append_images=rest)))
    with pytest.raises(TypeError, match="frame must be an integer, not "):
        image.seek(number)
    assert image.tell() == 0
    assert image.tobytes() == first.tobytes()


def test_any_kind_of_integer_is_a_frame() -> None:
    first, *rest = palette_frames()
    image = Image.open(BytesIO(saved(first, append_images=rest)))
    for number in (np.int64(2), np.uint8(1), True):
        image.seek(number)
        assert type(image.tell()) is int
        assert image.tobytes() == [first, *rest][number].tobytes()


def test_an_apng_with_a_palette_keeps_it_when_its_frames_are_read_repeatedly() -> None:
    """Pillow loses it when it seeks back, and every save reads the frames twice."""
    frames = [Image.new("P", (4, 4), index) for index in range(3)]
    for frame in frames:
        frame.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    frames[0].save(png := BytesIO(), "PNG", save_all=True, append_images=frames[1:], duration=40)
    Image.open(png).save(kmq := BytesIO(), "KMQ", save_all=True)
    assert [pixels[0, 0, :3].tolist() for pixels in looks(Image.open(kmq))] == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
