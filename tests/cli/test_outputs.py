"""Names of outputs, streams and devices, and files that are never overwritten."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from command_line import kmq, names, picture, posix_only
from pillow_kmq.cli.outputs import Job, plan

pytestmark = pytest.mark.usefixtures("inside")


def test_the_plan_names_each_output() -> None:
    assert plan(["a/b.c.png", "-"], None, None, None) == [
        Job("a/b.c.png", "a/b.c-kmq.png", "png"),
        Job("-", "-", "png"),
    ]
    assert plan(["a"], None, None, "kmq") == [Job("a", "a.kmq", "kmq")]


def test_a_dash_reads_standard_input_and_writes_standard_output() -> None:
    picture()
    result = kmq("5", "-", stdin=Path("a.png").read_bytes())
    assert result.exit_code == 0, result.stderr
    assert Image.open(BytesIO(result.stdout_bytes)).mode == "P"
    assert "stdin -> stdout" in result.stderr
    assert names() == {"a.png"}


def test_without_inputs_standard_input_is_converted() -> None:
    picture()
    data = Path("a.png").read_bytes()
    expected = kmq("5", "-", stdin=data).stdout_bytes
    assert kmq("5", stdin=data).stdout_bytes == kmq("-k5", stdin=data).stdout_bytes == expected
    assert kmq("5", "-o", "b.png", stdin=data).exit_code == 0
    assert Path("b.png").read_bytes() == expected


def test_standard_input_may_go_to_a_file_and_a_file_to_standard_output() -> None:
    picture()
    assert kmq("-", "-o", "b.kmq", stdin=Path("a.png").read_bytes()).exit_code == 0
    assert Image.open("b.kmq").size == (40, 30)
    result = kmq("a.png", "-o", "-", "--format", "kmq")
    assert Image.open(BytesIO(result.stdout_bytes)).format == "KMQ"


def test_empty_standard_input_is_an_error_with_a_sentence() -> None:
    result = kmq("-", stdin=b"")
    assert result.exit_code == 25
    assert result.stderr == "kmq: stdin: standard input is empty\n"
    assert result.stdout == ""


@posix_only
def test_a_named_pipe_is_an_input(inside: Path) -> None:
    picture()
    os.mkfifo("pipe")
    with subprocess.Popen("cat a.png > pipe", shell=True):
        result = kmq("pipe", "-o", "b.png")
    assert result.exit_code == 0, result.stderr
    assert Image.open("b.png").size == (40, 30)


@pytest.mark.parametrize("arguments", [("a.png", "-o", "out.png"), ("a.png", "--ext", "-kmq.png")])
def test_an_existing_file_is_kept_unless_forced(arguments: tuple[str, ...]) -> None:
    picture()
    target = "out.png" if "-o" in arguments else "a-kmq.png"
    Path(target).write_bytes(b"precious")
    result = kmq(*arguments)
    assert result.exit_code == 15
    assert result.stderr == f"kmq: a.png: the output {target} already exists; use --force to overwrite it\n"
    assert Path(target).read_bytes() == b"precious"
    assert kmq(*arguments, "--force").exit_code == 0
    assert Image.open(target).mode == "P"


def test_an_input_is_replaced_by_its_output_only_if_forced() -> None:
    picture()
    before = Path("a.png").read_bytes()
    for arguments in (("-o", "a.png"), ("--ext", ".png")):
        assert kmq("a.png", *arguments).exit_code == 15
        assert Path("a.png").read_bytes() == before
    assert kmq("a.png", "--ext", ".png", "-f").exit_code == 0
    assert Image.open("a.png").mode == "P"
    assert names() == {"a.png"}


def test_no_two_inputs_are_written_to_one_output() -> None:
    picture("a.png")
    picture("a.jpg")
    result = kmq("a.png", "a.jpg")
    assert result.exit_code == 15
    assert result.stderr.startswith("kmq: a.jpg: the output a-kmq.png is also that of a.png")
    assert names() == {"a.png", "a.jpg", "a-kmq.png"}


def test_no_input_is_destroyed_before_it_is_read() -> None:
    picture("a.jpg")
    picture("a.png")
    before = Path("a.png").read_bytes()
    result = kmq("--ext", ".png", "-f", "a.jpg", "a.png")
    assert result.exit_code == 15
    assert "kmq: a.jpg: the output a.png is another input" in result.stderr
    assert Path("a.jpg").exists()
    assert Image.open("a.png").mode == "P", "a.png itself was converted"
    assert Path("a.png").read_bytes() != before


@posix_only
def test_one_file_under_two_names_counts_as_one() -> None:
    picture()
    os.symlink("a.png", "b.png")
    problems = [job.problem is not None for job in plan(["a.png", "./a.png"], None, None, None)]
    assert problems == [False, True]
    assert plan(["b.png"], "a.png", None, None)[0].problem is None
    assert all(job.problem for job in plan(["a.png", "b.png"], None, ".png", None)[1:])


@posix_only
def test_permissions_are_those_of_the_replaced_file_or_of_a_new_one() -> None:
    picture()
    previous = os.umask(0o027)
    try:
        assert kmq("a.png").exit_code == 0
    finally:
        os.umask(previous)
    assert stat.S_IMODE(os.stat("a-kmq.png").st_mode) == 0o640
    os.chmod("a-kmq.png", 0o604)
    assert kmq("-f", "a.png").exit_code == 0
    assert stat.S_IMODE(os.stat("a-kmq.png").st_mode) == 0o604


@posix_only
def test_a_symbolic_link_stays_and_its_file_is_replaced() -> None:
    picture()
    Path("real.png").write_bytes(b"old")
    os.symlink("real.png", "link.png")
    assert kmq("a.png", "-o", "link.png", "-f").exit_code == 0
    assert os.path.islink("link.png")
    assert Image.open("real.png").mode == "P"


@posix_only
@pytest.mark.parametrize("arguments", [(), ("-f",), ("--format", "kmq")])
def test_a_device_is_written_and_never_replaced(arguments: tuple[str, ...]) -> None:
    picture()
    result = kmq("a.png", "-o", "/dev/null", *arguments)
    assert result.exit_code == 0, result.output
    assert Path("/dev/null").is_char_device()


@posix_only
def test_a_full_device_and_a_socket_are_refused(inside: Path) -> None:
    picture()
    if Path("/dev/full").is_char_device():
        result = kmq("a.png", "-o", "/dev/full")
        assert (result.exit_code, result.stderr) == (
            16,
            "kmq: a.png: cannot write /dev/full: no space left on device\n",
        )
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.png")
        result = kmq("a.png", "-o", "socket.png", "-f")
    assert result.exit_code == 16
    assert "the output socket.png is neither a file nor a pipe" in result.stderr


@posix_only
def test_a_named_pipe_is_an_output() -> None:
    picture()
    os.mkfifo("pipe.gif")
    with subprocess.Popen("cat pipe.gif > b.gif", shell=True):
        result = kmq("a.png", "-o", "pipe.gif")
    assert result.exit_code == 0, result.stderr
    assert Path("pipe.gif").is_fifo()
    assert Image.open("b.gif").size == (40, 30)


def test_a_failing_write_leaves_the_old_file_and_no_temporary_one(monkeypatch: pytest.MonkeyPatch) -> None:
    picture()
    Path("a-kmq.png").write_bytes(b"precious")

    replace = os.replace

    def full(source: str, target: str) -> None:
        if os.path.basename(target) == "a-kmq.png":  # compiled kernels are put into place by the same function
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    result = kmq("-f", "a.png")
    assert result.stderr == "kmq: a.png: cannot write a-kmq.png: no space left on device\n"
    assert Path("a-kmq.png").read_bytes() == b"precious"
    assert names() == {"a.png", "a-kmq.png"}


def test_skip_if_larger_writes_nothing_and_exits_with_98() -> None:
    Image.new("RGB", (1, 1), "red").save("a.png", optimize=True)
    Image.linear_gradient("L").convert("RGB").rotate(30).save("b.bmp")
    result = kmq("--skip-if-larger", "a.png", "b.bmp")
    assert result.exit_code == 98
    assert "; not smaller, so not written" in result.stdout.splitlines()[0]
    assert names() == {"a.png", "b.bmp", "b-kmq.png"}


def test_skip_if_larger_passes_the_input_on_in_a_pipeline() -> None:
    Image.new("RGB", (1, 1), "red").save("a.png", optimize=True)
    data = Path("a.png").read_bytes()
    result = kmq("--skip-if-larger", "-", stdin=data)
    assert (result.exit_code, result.stdout_bytes) == (98, data)


@posix_only
@pytest.mark.jit
def test_dev_stdout_may_be_a_file(inside: Path) -> None:
    picture()
    with open("b.png", "wb") as file:
        command = [sys.executable, "-m", "pillow_kmq", "a.png", "-o", "/dev/stdout"]
        assert subprocess.run(command, stdout=file, check=False, timeout=120).returncode == 0
    assert kmq("info", "b.png").stdout.startswith("b.png: PNG, 40x30, mode P")
