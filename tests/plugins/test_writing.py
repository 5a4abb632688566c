"""Bytes are written completely or not at all: streams that take a part, full disks, and `pillow_kmq.save`."""

from __future__ import annotations

import errno
import io
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import pillow_kmq
from pillow_kmq.cli.statuses import UNREADABLE, UNWRITABLE
from pillow_kmq.errors import CancelledError, OptionError, OptionTypeError, QualityError, SizeError
from pillow_kmq.saving.files import replace_file, write_all

posix_only = pytest.mark.skipif(os.name != "posix", reason="POSIX devices, permissions and pipes")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="/dev/full")

DATA = bytes(range(256)) * 1000


class Raw(io.RawIOBase):
    """A raw stream that takes no more than `at_once` bytes of a write, and `room` bytes in all."""

    def __init__(self, at_once: int, room: int = 1 << 30) -> None:
        self.at_once, self.room = at_once, room
        self.taken = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        part = bytes(data[: min(self.at_once, self.room - len(self.taken))])
        if not part:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.taken += part
        return len(part)


def picture(mode: str = "RGB", size: tuple[int, int] = (24, 16)) -> Image.Image:
    return Image.merge("RGB", [Image.linear_gradient("L").resize(size)] * 3).convert(mode)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# Streams


@pytest.mark.parametrize("at_once", [1000, 65536, len(DATA)])
def test_a_stream_that_takes_a_part_gets_everything(at_once: int) -> None:
    stream = Raw(at_once)
    write_all(stream, DATA)
    assert stream.taken == DATA


def test_a_stream_that_fills_up_is_an_error() -> None:
    with pytest.raises(OSError, match="No space left"):
        write_all(Raw(1000, room=2500), DATA)


def test_a_stream_that_takes_nothing_is_an_error_and_no_endless_loop() -> None:
    class Stuck(io.RawIOBase):
        def write(self, data: Any) -> None:
            return None

    with pytest.raises(OSError, match="takes no more data"):
        write_all(Stuck(), DATA)


def test_an_object_that_only_looks_like_a_file_may_return_nothing() -> None:
    class Response:
        def __init__(self) -> None:
            self.taken = b""

        def write(self, data: bytes) -> None:
            assert type(data) is bytes
            self.taken += data

    response = Response()
    write_all(response, DATA)
    assert response.taken == DATA


@posix_only
@pytest.mark.parametrize("buffering", [0, -1])
def test_a_pipe_that_does_not_block_is_waited_for(buffering: int) -> None:
    source, target = os.pipe()
    os.set_blocking(target, False)
    parts: list[bytes] = []

    def read() -> None:
        with open(source, "rb") as file:
            parts.append(file.read())

    reader = threading.Thread(target=read)
    reader.start()
    with open(target, "wb", buffering=buffering) as file:
        write_all(file, DATA)
        os.set_blocking(target, True)  # for what the buffer still holds
    reader.join()
    assert parts == [DATA]


@pytest.mark.parametrize("options", [{}, {"save_all": True, "append_images": [picture().rotate(90)]}])
@pytest.mark.parametrize("format_", ["KMQ", "PNG8"])
def test_both_plugins_write_everything_to_a_raw_stream(format_: str, options: dict[str, Any]) -> None:
    if format_ == "PNG8":
        options = {}
    whole, stream = io.BytesIO(), Raw(10)
    picture().save(whole, format_, **options)
    picture().save(stream, format_, **options)
    assert stream.taken == whole.getvalue()


# The command


def command(arguments: list[str], folder: Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "pillow_kmq", *arguments], cwd=folder, stderr=subprocess.PIPE, timeout=100, **options
    )


@linux_only
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_behind_standard_output_is_a_sentence_and_status_16(tmp_path: Path, unbuffered: str) -> None:
    picture().save(tmp_path / "a.png")
    with open("/dev/full", "wb") as full:
        run = command(["a.png", "-o", "-"], tmp_path, stdout=full, env={**os.environ, "PYTHONUNBUFFERED": unbuffered})
    assert run.stderr == b"kmq: a.png: cannot write to standard output: no space left on device\n"
    assert run.returncode == UNWRITABLE


@posix_only
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_leaves_is_a_sentence_and_status_16(tmp_path: Path, unbuffered: str) -> None:
    Image.effect_noise((500, 400), 90).save(tmp_path / "a.png")  # more than a pipe holds
    source, target = os.pipe()
    leaving = threading.Thread(target=lambda: (os.read(source, 10), os.close(source)))
    leaving.start()
    run = command(["a.png", "-o", "-"], tmp_path, stdout=target, env={**os.environ, "PYTHONUNBUFFERED": unbuffered})
    os.close(target)
    leaving.join()
    assert run.stderr == b"kmq: a.png: cannot write to standard output: broken pipe\n"
    assert run.returncode == UNWRITABLE


@posix_only
@pytest.mark.parametrize(
    ("arguments", "closed", "status", "message"),
    [
        (
            ["a.png", "-o", "-"],
            1,
            UNWRITABLE,
            "a.png: cannot write to standard output: it is closed; use --output to name a file",
        ),
        (["-"], 0, UNREADABLE, "stdin: cannot read it: standard input is closed"),
    ],
)
def test_a_closed_standard_stream_is_a_sentence(
    tmp_path: Path, arguments: list[str], closed: int, status: int, message: str
) -> None:
    picture().save(tmp_path / "a.png")
    line = f'exec "{sys.executable}" -m pillow_kmq {" ".join(arguments)} {closed}>&-'
    run = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert run.stderr == f"kmq: {message}\n"
    assert run.returncode == status


@linux_only
def test_sentences_that_cannot_be_printed_do_not_end_the_batch(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        picture().save(tmp_path / name)
    with open("/dev/full", "wb") as full:
        run = command(["a.png", "b.png"], tmp_path, stdout=full)
    assert run.stderr == b"kmq: cannot write to standard output: no space left on device\n"
    assert run.returncode == UNWRITABLE
    assert {"a-kmq.png", "b-kmq.png"} < names(tmp_path)


@linux_only
@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_that_cannot_be_printed_is_a_sentence_and_status_16(tmp_path: Path, option: str) -> None:
    with open("/dev/full", "wb") as full:
        run = command([option], tmp_path, stdout=full)
    assert run.stderr == b"kmq: cannot write to standard output: no space left on device\n"
    assert run.returncode == UNWRITABLE


@posix_only
def test_without_any_standard_stream_files_are_written_all_the_same(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.png")
    line = f'exec "{sys.executable}" -m pillow_kmq a.png <&- >&- 2>&-'
    assert subprocess.run(["sh", "-c", line], cwd=tmp_path, timeout=100).returncode == 0
    assert "a-kmq.png" in names(tmp_path)


# Files


def cancel(done: float) -> bool:
    return False


def interrupt(done: float) -> None:
    raise KeyboardInterrupt


REFUSED: list[tuple[type[BaseException], dict[str, Any]]] = [
    (QualityError, {"colors": 2, "quality": (90, 100)}),
    (SizeError, {"max_bytes": 10}),
    (CancelledError, {"progress": cancel}),
    (KeyboardInterrupt, {"progress": interrupt}),
    (OptionError, {"colors": 300}),
]


@pytest.mark.parametrize(("error", "options"), REFUSED, ids=lambda value: getattr(value, "__name__", ""))
@pytest.mark.parametrize(("name", "format_"), [("a.kmq", None), ("a.png", "PNG8")])
def test_a_refused_save_leaves_the_old_file(
    tmp_path: Path, name: str, format_: str | None, error: type[BaseException], options: dict[str, Any]
) -> None:
    (tmp_path / name).write_bytes(b"precious")
    with pytest.raises(error):
        pillow_kmq.save(picture(), tmp_path / name, format_, **options)
    assert (tmp_path / name).read_bytes() == b"precious"
    assert names(tmp_path) == {name}


def test_image_save_empties_an_existing_file_as_the_documentation_says(tmp_path: Path) -> None:
    (tmp_path / "a.kmq").write_bytes(b"precious")
    with pytest.raises(QualityError):
        picture().save(tmp_path / "a.kmq", colors=2, quality=(90, 100))
    assert (tmp_path / "a.kmq").read_bytes() == b""


@pytest.mark.parametrize("failing", ["replace", "write"])
def test_a_failing_system_leaves_the_old_file_and_is_named_by_the_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    target = tmp_path / "a.bin"
    target.write_bytes(b"precious")
    if failing == "replace":

        def replace(source: str, target: str) -> None:
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(os, "replace", replace)
    else:
        monkeypatch.setattr("pillow_kmq.saving.files.write_all", lambda *_: Raw(1, room=0).write(b"x"))
    with pytest.raises(OSError, match=r"a\.bin"):
        replace_file(str(target), DATA)
    assert target.read_bytes() == b"precious"
    assert names(tmp_path) == {"a.bin"}


def test_a_save_into_a_missing_folder_names_the_target(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"missing.+a\.kmq"):
        pillow_kmq.save(picture(), tmp_path / "missing" / "a.kmq")


@pytest.mark.parametrize("kind", [str, Path, os.fsencode])
def test_the_format_follows_from_the_extension_of_any_path(tmp_path: Path, kind: Callable[[str], Any]) -> None:
    Image.init()
    for extension, format_ in [(".kmq", "KMQ"), (".PNG", "PNG"), (".webp", "WEBP"), (".jp2", "JPEG2000")]:
        pillow_kmq.save(picture(), kind(str(tmp_path / f"a{extension}")))
        with Image.open(tmp_path / f"a{extension}") as saved:
            assert saved.format == format_


def test_options_reach_the_plugin(tmp_path: Path) -> None:
    frames = [picture("P"), picture("P").rotate(180)]
    pillow_kmq.save(frames[0], tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=70)
    with Image.open(tmp_path / "a.gif") as saved:
        assert (getattr(saved, "n_frames", 1), saved.info["duration"]) == (2, 70)


def test_the_bytes_are_those_of_image_save(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.png", "PNG8", colors=9)
    pillow_kmq.save(picture(), tmp_path / "b.png", "png8", colors=9)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_an_image_is_saved_over_the_file_that_it_is_read_from(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as opened:
        pillow_kmq.save(opened, tmp_path / "a.png", "PNG8", colors=4)
    with Image.open(tmp_path / "a.png") as saved:
        assert saved.mode == "P"
        assert len(saved.getcolors() or ()) == 4


@posix_only
def test_permissions_and_symbolic_links_are_kept(tmp_path: Path) -> None:
    (tmp_path / "real.kmq").write_bytes(b"old")
    os.chmod(tmp_path / "real.kmq", 0o604)
    os.symlink("real.kmq", tmp_path / "link.kmq")
    pillow_kmq.save(picture(), tmp_path / "link.kmq")
    assert (tmp_path / "link.kmq").is_symlink()
    assert stat.S_IMODE(os.stat(tmp_path / "real.kmq").st_mode) == 0o604
    with Image.open(tmp_path / "real.kmq") as saved:
        assert saved.format == "KMQ"


def test_a_file_object_gets_everything_or_nothing() -> None:
    stream = Raw(7)
    with pytest.raises(QualityError):
        pillow_kmq.save(picture(), stream, "KMQ", colors=2, quality=(90, 100))
    assert not stream.taken
    pillow_kmq.save(picture(), stream, "PNG")
    assert bytes(stream.taken).endswith(b"IEND\xaeB`\x82")


@pytest.mark.parametrize(
    ("path", "format_", "error", "words"),
    [
        ("a.xyz", None, OptionError, "cannot tell the format from 'a.xyz'"),
        ("a", None, OptionError, "cannot tell the format from 'a'"),
        ("a.psd", None, OptionError, "one that Pillow can save"),
        ("a.png", "PNG9", OptionError, "one that Pillow can save"),
        ("a.png", 8, OptionTypeError, "format must be a string or None, not int"),
        ("", "PNG", OptionError, "path must name a file"),
        ("a\0b.png", "PNG", OptionError, "path must name a file"),
        (".", "PNG", OptionError, "regular file"),
        (os.devnull, "PNG", OptionError, "regular file"),
        (7, "PNG", OptionTypeError, "path must be a path or a binary file object, not int"),
        (io.BytesIO(), None, OptionError, "give `format`"),
        (io.StringIO(), "PNG", OptionTypeError, "binary file object, such as"),
    ],
)
def test_a_bad_target_or_format_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: Any, format_: Any, error: type[Exception], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    worked: list[float] = []
    with pytest.raises(error, match=words):
        pillow_kmq.save(picture(), path, format_, progress=worked.append)
    assert not worked
    assert not names(tmp_path)


def test_other_things_than_images_and_appending_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionTypeError, match="im must be a Pillow image, not str"):
        pillow_kmq.save("a.png", tmp_path / "b.png")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=r"use Image\.save"):
        pillow_kmq.save(picture(), tmp_path / "b.pdf", append=True)
