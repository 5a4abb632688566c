"""The installed command, as a process of its own: odd names, folders, disks and terminals."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import pillow_kmq
from command_line import names, picture, posix_only, run
from pillow_kmq.cli.command import EXAMPLES

pytestmark = pytest.mark.usefixtures("inside")

root_on_linux = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or shutil.which("mount") is None, reason="mounts a file system"
)
SCRIPT = Path(sys.executable).parent / "kmq"
KMQ = [str(SCRIPT)] if SCRIPT.exists() else [sys.executable, "-m", "pillow_kmq"]


def installed(*arguments: str | bytes, **options: object) -> subprocess.CompletedProcess[bytes]:
    command: list[str | bytes] = [*KMQ, *arguments]
    return subprocess.run(command, capture_output=True, timeout=120, check=False, **options)  # type: ignore[call-overload]


def test_the_module_runs_as_a_command() -> None:
    picture()
    result = run("-m", "pillow_kmq", "12", "a.png")
    assert result.returncode == 0, result.stderr
    assert b"a.png -> a-kmq.png: " in result.stdout
    assert len(Image.open("a-kmq.png").getpalette() or []) == 36
    result = run("-m", "pillow_kmq", "12", "-", input=Path("a.png").read_bytes())
    assert result.stdout == Path("a-kmq.png").read_bytes()
    assert run("-m", "pillow_kmq", "missing.png").returncode == 2


def test_help_version_and_completion_need_neither_numpy_nor_numba() -> None:
    script = (
        "import sys; from pillow_kmq.cli.command import main; main({0}, standalone_mode=False); "
        "sys.exit(any(name in sys.modules for name in ('numpy', 'numba')))"
    )
    assert run("-c", script.format(["--help"])).returncode == 0
    assert run("-c", script.format(["--completion", "zsh"])).returncode == 0
    result = run("-c", script.format(["--version"]))
    assert result.returncode == 0
    assert pillow_kmq.__version__.encode() in result.stdout


@posix_only
@pytest.mark.parametrize(("example", "meaning"), EXAMPLES)
def test_an_example_of_the_help_runs(example: str, meaning: str, inside: Path, samples: Path) -> None:
    for name in ("photo.png", "sprite.png"):
        shutil.copy(samples / name, inside)
    (inside / "site").mkdir()
    shutil.copy(samples / "sprite.png", inside / "site")
    before = names()
    function = f"kmq() {{ '{KMQ[0]}' {' '.join(KMQ[1:])} \"$@\"; }}\n"
    done = subprocess.run(["bash", "-c", function + example], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert names() > before or "--force" in example


# Names


ODD = ["two  spaces.png", "Größe ☃ 🎨.png", "100%s.png", "[a]*?.png", 'it\'s "it".png', "tab\tline\n.png", "16.png"]


@posix_only
@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
def test_any_name_is_converted(name: str, locale: str) -> None:
    picture(name)
    result = installed("5", name, env={**os.environ, "LC_ALL": locale})
    assert result.returncode == 0, result.stderr
    assert names() == {name, name.removesuffix(".png") + "-kmq.png"}


@posix_only
@pytest.mark.parametrize(
    "environment", [{}, {"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "POSIX"}], ids=str
)
def test_names_that_cannot_be_printed_are_converted_or_named_as_well_as_possible(environment: dict[str, str]) -> None:
    picture("a.png")
    shutil.copy("a.png", b"caf\xe9 \xe2\x98\x83.png")
    result = installed("5", b"caf\xe9 \xe2\x98\x83.png", b"missing\xe9.png", env={**os.environ, **environment})
    assert os.path.exists(b"caf\xe9 \xe2\x98\x83-kmq.png")
    assert (result.returncode, b"Traceback" in result.stderr) == (2, False)
    assert b"cannot read it: no such file or directory" in result.stderr
    assert b"5 colours" in result.stdout


@pytest.mark.parametrize("name", ["-a.png", "--quality.png", "-"])
def test_names_with_leading_dashes_follow_two_dashes_or_a_folder(name: str) -> None:
    picture("a.png")
    os.rename("a.png", name)
    if name != "-":
        assert installed("5", "--", name).returncode == 0
    assert installed("5", "-f", f"./{name}").returncode == 0
    assert names() == {name, name.removesuffix(".png") + "-kmq.png"}
    assert installed("5", "-o", "./-", "-f", "--format", "png", f"./{name}").returncode == 0
    assert Image.open("./-").mode == "P"


# Folders and disks


@posix_only
def test_a_folder_that_cannot_be_written_is_named_and_the_others_are_done() -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    picture()
    Path("closed").mkdir()
    shutil.copy("a.png", "closed")
    Path("closed").chmod(0o500)
    try:
        result = installed("5", "closed/a.png", "a.png")
    finally:
        Path("closed").chmod(0o700)
    assert result.returncode == 16
    assert result.stderr == b"kmq: closed/a.png: cannot write closed/a-kmq.png: permission denied\n"
    assert names() == {"closed", "a.png", "a-kmq.png"}


@pytest.fixture
def disk(inside: Path) -> Iterator[Path]:
    """A file system of 64 kB, in memory."""
    folder = inside / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@root_on_linux
def test_a_full_disk_leaves_the_old_file_and_no_part_of_a_new_one(disk: Path, samples: Path) -> None:
    (disk / "photo.png").write_bytes(b"precious")
    shutil.copy(samples / "photo.png", ".")
    picture("a.png")
    arguments = ("--force", "-o", "disk/photo.png", "photo.png")
    for format_ in ((), ("--format", "kmq")):
        result = installed(*arguments, *format_)
        assert result.returncode == 16
        assert result.stderr == b"kmq: photo.png: cannot write disk/photo.png: no space left on device\n"
        assert {path.name: path.read_bytes() for path in disk.iterdir()} == {"photo.png": b"precious"}
    assert installed("-o", "disk/a.png", "a.png").returncode == 0


@root_on_linux
def test_a_read_only_file_system_is_named_and_the_others_are_done(disk: Path) -> None:
    picture()
    shutil.copy("a.png", disk)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    result = installed("5", "disk/a.png", "a.png")
    assert result.returncode == 16
    assert result.stderr == b"kmq: disk/a.png: cannot write disk/a-kmq.png: read-only file system\n"
    assert Path("a-kmq.png").exists()


@posix_only
def test_a_reader_that_goes_away_is_an_error_with_a_sentence() -> None:
    picture("a.png", size=(900, 900))
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*KMQ, "a.png", "-o", "-"], stdout=writer, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (16, b"kmq: a.png: cannot write to standard output: broken pipe\n")


# Terminals


def in_terminal(*arguments: str, stdout: bool = False) -> tuple[int, str]:
    """Run the command with standard input and error, and output if `stdout`, on a terminal.

    Returns the exit status and what the terminal was sent.
    """
    import pty

    main, side = pty.openpty()
    output = side if stdout else subprocess.DEVNULL
    process = subprocess.Popen([*KMQ, *arguments], stdin=side, stdout=output, stderr=side)
    os.close(side)
    shown = b""
    while True:
        try:
            part = os.read(main, 1 << 16)
        except OSError:  # the other side is closed
            break
        if not part:
            break
        shown += part
    os.close(main)
    return process.wait(timeout=60), shown.decode().replace("\r\n", "\n")


@posix_only
def test_without_an_input_the_command_does_not_wait_for_a_terminal() -> None:
    status, shown = in_terminal()
    assert status == 4
    assert "no input: name an image, or see kmq --help" in shown
    status, shown = in_terminal("16")
    assert status == 4
    assert "no input after the number of colours 16" in " ".join(shown.split())


@posix_only
def test_an_image_is_not_written_to_a_terminal() -> None:
    picture()
    status, shown = in_terminal("a.png", "-o", "-", stdout=True)
    assert status == 16
    assert shown.endswith("redirect the output or use --output to name a file\n")
    assert "PNG\r" not in shown


@posix_only
def test_a_terminal_shows_progress_and_a_file_does_not() -> None:
    picture(size=(300, 300))
    status, shown = in_terminal("a.png")
    assert status == 0
    assert "a.png   0 %" in shown
    assert installed("-f", "a.png").stderr == b""
    status, shown = in_terminal("--quiet", "-f", "a.png")
    assert (status, shown) == (0, "")
