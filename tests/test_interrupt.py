"""Ctrl-C: it is heard soon, ends what it should end, and breaks nothing for the next call."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pillow_kmq import codec, kmeans, quantize
from pillow_kmq import interruptible as waiting
from pillow_kmq.cli import outputs
from pillow_kmq.codec.animation.reader import FrameReader
from pillow_kmq.codec.container.raw_deflate import deflate
from pillow_kmq.codec.levels import striped
from pillow_kmq.codec.levels.level import Symbols
from pillow_kmq.codec.picture import Picture
from pillow_kmq.codec.symbols.stripes import CODINGS, join
from pillow_kmq.errors import KmqError
from pillow_kmq.kernels.kernel import Variant
from pillow_kmq.quant import kmeans as kmeans_module
from pillow_kmq.quant.clustering import assign, lloyd
from pillow_kmq.quant.clustering import wu as split
from pillow_kmq.quant.dithering import ordered
from pillow_kmq.saving import files as writing
from pillow_kmq.types import IndexedImage

SOON = 5.0  # seconds; mostly it takes hundredths
COLORS = np.random.default_rng(0).permutation(1 << 24)[:256].astype("<u4") | 0xFF000000


def noise(height: int, width: int) -> IndexedImage:
    """An image that no level can compress, and that takes the levels long."""
    indices = np.random.default_rng(1).integers(0, 256, (height, width), np.uint8)
    return IndexedImage(COLORS.view(np.uint8).reshape(-1, 4), indices)


@contextmanager
def ctrl_c(after: float) -> Iterator[None]:
    """Send SIGINT to this process `after` some seconds; it must be heard soon, and no thread go on."""
    before = threading.active_count()
    timer = threading.Timer(after, os.kill, (os.getpid(), signal.SIGINT))
    began = time.monotonic()
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
    finally:
        timer.cancel()
    heard = time.monotonic() - began
    timer.join()
    assert heard < after + SOON
    deadline = time.monotonic() + 1
    while threading.active_count() > before:
        assert time.monotonic() < deadline
        time.sleep(0.01)


# Threads


def until(stop: bytearray) -> None:
    """Work that looks whether to stop."""
    deadline = time.monotonic() + 60
    while not stop[0] and time.monotonic() < deadline:
        time.sleep(0.01)


def test_ctrl_c_stops_threads_and_leaves_out_what_they_have_not_begun_with() -> None:
    stop, begun = bytearray(1), []
    with ctrl_c(0.2):
        waiting.in_threads(lambda item: until(stop) if not begun.append(item) else None, range(9), 2, stop)
    assert begun == [0, 1]


def test_the_main_thread_waits_so_that_it_hears_ctrl_c() -> None:
    stop = bytearray(1)
    with ctrl_c(0.2):
        waiting.wait_for(lambda: until(stop), stop)
    assert stop[0]


def test_ctrl_c_ends_the_search_for_a_small_png() -> None:
    image = Image.fromarray(noise(2500, 2500).indices)
    image.putpalette(COLORS.view(np.uint8).reshape(-1, 4)[:, :3].tobytes())
    with ctrl_c(1.0):
        image.save(BytesIO(), format="PNG8", optimize=6)


def test_threads_that_do_not_stop_are_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_PATIENCE", 0.05)
    go_on, failed = threading.Event(), bytearray(1)
    began = time.monotonic()
    with pytest.raises(ZeroDivisionError):
        waiting.in_threads(lambda item: (item and go_on.wait(60)) or 1 // item, range(3), 3, failed)
    assert time.monotonic() - began < SOON
    assert failed[0]
    go_on.set()


def test_results_come_in_order_and_other_threads_do_the_work_themselves() -> None:
    assert waiting.in_threads(lambda item: item * item, range(50), 3, bytearray(1)) == [i * i for i in range(50)]
    where = []
    thread = threading.Thread(
        target=lambda: waiting.wait_for(lambda: where.append(threading.get_ident()), bytearray(1))
    )
    thread.start()
    thread.join()
    assert where == [thread.ident]


# The codec


def stripe_of(level: str, image: IndexedImage, stop: bytes) -> int:
    """Encode the first stripe: the number of rows done."""
    model: Any = striped.level_of(CODINGS[level])
    picture = Picture(image.palette.tobytes(), image.indices)
    height, width = image.indices.shape
    pixels = picture.symbols(bytes(range(256)), model.margins).reshape(-1)
    symbols = Symbols(pixels, width, height, image.palette.tobytes(), model.option(picture))
    return int(model.run(False, np.empty(1 << 20, np.uint8), 1 << 18, symbols, 0, bytearray(stop))[0])


@pytest.mark.jit
@pytest.mark.parametrize("level", ["default", "max"])
def test_kernels_stop_within_a_row(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Variant, "wanted", lambda *_: True)
    image = noise(3, 3000)
    assert stripe_of(level, image, b"\0") == 3
    assert stripe_of(level, image, b"\1") == 0


@pytest.mark.jit
def test_ctrl_c_ends_an_encoder_of_the_level_max_and_the_next_call_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Variant, "wanted", lambda *_: True)  # not only when there is no time
    small = noise(70, 80)
    before = codec.encode(small, compression="max")
    large = noise(3000, 3000)
    with ctrl_c(0.5):
        codec.encode(large, compression="max")
    assert codec.encode(small, compression="max") == before


@pytest.mark.jit
@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_ends_a_decoder_of_the_level_max_and_the_next_call_is_right(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Variant, "wanted", lambda *_: True)
    first, colors = CODINGS["max"] | 3 << 4, COLORS.tobytes()
    # Compiled before there are threads.
    one = striped.decode_striped(first, bytes(8), 1, 1, colors, partial=True).indices()
    # Random bytes are an image, too.
    large = join(first, b"", [(1500, np.random.default_rng(number).bytes(1 << 22)) for number in range(4)])
    codec.set_threads(threads)
    try:
        with ctrl_c(0.5):
            striped.decode_striped(large[0], large[1:], 6000, 3000, colors)
    finally:
        codec.set_threads(None)
    assert striped.decode_striped(first, bytes(8), 1, 1, colors, partial=True).indices() == one


@pytest.mark.parametrize("size", [0, 1, 1 << 14, (1 << 14) + 1, 300_000])
def test_blocks_deflate_to_the_same_bytes(size: int) -> None:
    data = np.random.default_rng(2).integers(0, 9, size, np.uint8).tobytes()
    for level, strategy in ((5, zlib.Z_DEFAULT_STRATEGY), (9, zlib.Z_FILTERED)):
        whole = zlib.compressobj(level, zlib.DEFLATED, -15, 7, strategy)
        assert deflate(data, level, strategy) == whole.compress(data) + whole.flush()


def test_frames_are_right_after_one_that_was_interrupted() -> None:
    random = np.random.default_rng(8)
    indices = np.repeat(random.integers(0, 7, (1, 40, 40), np.uint8), 6, axis=0)
    for number in range(6):  # dots that stay
        indices[number:, random.integers(0, 40, 9), random.integers(0, 40, 9)] = 7
    palette = COLORS[:8].view(np.uint8).reshape(-1, 4)
    reader = codec.read_animation(codec.encode_animation([IndexedImage(palette, frame) for frame in indices], 10))
    assert isinstance(reader, FrameReader)
    reader.frame(1)
    draw = reader._draw

    def draw_all(_: int) -> None:
        assert reader._drawn is not None
        count = reader._drawn.count
        draw(len(reader._drawn.pictures))
        reader._drawn.count = count
        raise KeyboardInterrupt

    reader._draw = draw_all  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        reader.frame(2)
    reader._draw = draw  # type: ignore[method-assign]
    assert all((reader.frame(number) == indices[number]).all() for number in (1, 0, 5, 2))


# The quantiser: kernels that return now and then do what they did at once


@pytest.mark.jit
def test_kmeans_is_the_same_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    points = np.random.default_rng(3).integers(0, 30, (1000, 3)).astype(float)
    weights = np.random.default_rng(4).integers(0, 3, 1000)
    far = np.arange(12.0).reshape(4, 3) * 1e4  # all but one are empty at first
    starts: tuple[Any, ...] = ("k-means++", "random", "wu", far)
    whole = [kmeans(points, 4 if init is far else 40, weights=weights, init=init, n_init=2) for init in starts]
    for module, name in ((assign, "_AT_ONCE"), (lloyd, "_AT_ONCE"), (split, "_AT_ONCE")):
        monkeypatch.setattr(module, name, 1)
    monkeypatch.setattr(kmeans_module, "_SORTED_AT_ONCE", 100)
    for init, expected in zip(starts, whole, strict=True):
        result = kmeans(points, 4 if init is far else 40, weights=weights, init=init, n_init=2)
        assert (result.centroids == expected.centroids).all()
        assert (result.labels == expected.labels).all()
        assert (result.inertia, result.n_iter) == (expected.inertia, expected.n_iter)


def test_distinct_points_are_those_that_numpy_finds() -> None:
    random = np.random.default_rng(5)
    for rows in (random.integers(0, 4, (500, 3)).astype(float), random.random((300, 4)), np.array([[0.0], [-0.0]])):
        mass = random.random(len(rows))
        expected, inverse = np.unique(rows, axis=0, return_inverse=True)
        distinct, masses = kmeans_module._merge_duplicates(rows, mass)
        assert (distinct == expected).all()
        assert (masses == np.bincount(inverse.ravel(), mass)).all()


def test_ordered_dithering_is_the_same_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(6).integers(0, 256, (1, 200, 3), np.uint8)
    whole = quantize(Image.fromarray(pixels), 8, dither="bayer").tobytes()
    monkeypatch.setattr(ordered, "_AT_ONCE", 70)
    assert quantize(Image.fromarray(pixels), 8, dither="bayer").tobytes() == whole


# The command


def test_a_file_that_cannot_be_finished_is_taken_away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(writing, "_ending", False)
    monkeypatch.setattr(writing, "_PATIENCE", 0.1)
    old = tmp_path / "a.kmq"
    old.write_bytes(b"old")
    replacing, go_on = threading.Event(), threading.Event()
    replace = os.replace

    def slowly(source: str, target: str) -> None:
        replacing.set()
        go_on.wait(60)
        replace(source, target)

    monkeypatch.setattr(os, "replace", slowly)
    failures: list[Exception] = []

    def work() -> None:
        try:
            outputs.write(str(old), b"new")
        except KmqError as error:
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert replacing.wait(60)
    assert len(list(tmp_path.iterdir())) == 2
    writing.abandon()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]
    go_on.set()
    thread.join()
    assert failures
    assert old.read_bytes() == b"old"


def test_nothing_is_written_after_the_command_gave_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(writing, "_ending", False)
    monkeypatch.setattr(writing, "_PATIENCE", 0.1)
    writing.abandon()
    thread = threading.Thread(target=outputs.write, args=(str(tmp_path / "a.kmq"), b"new"), daemon=True)
    thread.start()
    thread.join(0.2)
    assert thread.is_alive()
    assert not list(tmp_path.iterdir())
    monkeypatch.undo()
    thread.join()


@pytest.mark.jit
@pytest.mark.skipif(os.name != "posix", reason="needs a terminal to pretend")
def test_ctrl_c_ends_the_command_as_a_signal_does_and_leaves_files_as_they_were(tmp_path: Path) -> None:
    Image.fromarray(np.random.default_rng(7).integers(0, 256, (1500, 2000, 3), np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "a.kmq").write_bytes(b"old")
    controller, terminal = pty.openpty()
    arguments = "-m", "pillow_kmq", "a.png", "--format", "kmq", "--compression", "max", "--force"
    process = subprocess.Popen([sys.executable, *arguments], cwd=tmp_path, stdout=subprocess.PIPE, stderr=terminal)
    os.close(terminal)
    shown = b""
    while b"%" not in shown:
        shown += os.read(controller, 1000)
    time.sleep(0.5)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert time.monotonic() - began < SOON
    shown += os.read(controller, 100_000)
    os.close(controller)
    assert process.returncode == -signal.SIGINT, shown  # to a shell, this is 130
    assert shown.startswith(b"\r[1/1] a.png")
    assert shown.endswith(b"%\r\n")
    assert shown.count(b"\n") == 1
    assert output == b""
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", "a.kmq"}
    assert (tmp_path / "a.kmq").read_bytes() == b"old"
