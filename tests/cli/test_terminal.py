"""What the command says, and when it compiles kernels."""

from __future__ import annotations

import logging
import re
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageFilter

from command_line import kmq, names, picture, run
from pillow_kmq.cli import batch
from pillow_kmq.cli.batch import convert
from pillow_kmq.cli.command import main
from pillow_kmq.compare import oklab_distance
from pillow_kmq.kernels import ahead, store
from pillow_kmq.kernels.kernel import _announce

pytestmark = pytest.mark.usefixtures("inside")


def test_the_report_states_sizes_saving_colours_and_error() -> None:
    picture("a.bmp", size=(100, 80))
    result = kmq("16", "a.bmp")
    before, after = Path("a.bmp").stat().st_size, Path("a-kmq.png").stat().st_size
    saved = 100 * (1 - after / before)
    assert result.stdout.startswith(
        f"a.bmp -> a-kmq.png: {before:,} -> {after:,} bytes, {saved:.1f} % saved, 16 colours, error "
    )
    stated = float(re.search(r"error (\d+\.\d+)", result.stdout)[1])  # type: ignore[index]
    blurred = [Image.open(name).convert("RGB").filter(ImageFilter.GaussianBlur(1)) for name in ("a.bmp", "a-kmq.png")]
    assert stated == pytest.approx(oklab_distance(*blurred), abs=0.006)
    assert result.stderr == ""


def test_a_larger_result_and_an_exact_one_are_called_so() -> None:
    Image.new("RGB", (1, 1), "red").save("a.png", optimize=True)
    result = kmq("a.png", "--allow-larger")
    assert "% larger, 1 colour, exact" in result.stdout
    assert "a.png: note: the output is larger than the input" in result.stdout


def test_quiet_says_nothing_but_errors_and_verbose_says_more() -> None:
    picture()
    result = kmq("-q", "a.png", "missing.png")
    assert result.stdout == ""
    assert "missing.png" in result.stderr
    assert "a-kmq.png" in names()
    assert "40x30 RGB" in kmq("-v", "-f", "a.png").stdout


@pytest.fixture
def compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Converting says what it would say if it compiled two kernels, and could not keep them."""

    def compile_and_convert(*arguments: Any) -> Any:
        _announce.__wrapped__()
        for number, name in enumerate(("quant.some", "quant.other"), 1):
            ahead.LOG.debug(ahead.COMPILING, number, 2, name)
        store._warn.__wrapped__()
        return convert(*arguments)

    monkeypatch.setattr(batch, "convert", compile_and_convert)


class Terminal(StringIO):
    """A stream that is taken for a terminal."""

    def isatty(self) -> bool:
        return True


ANNOUNCED = "kmq: compiling kernels, once per installation ...\n"
WARNED = (
    "kmq: cannot cache compiled kernels on disk, so each process compiles them again; "
    "set KMQ_CACHE_DIR to a writable directory\n"
)


@pytest.mark.usefixtures("compiling")
def test_it_says_once_that_it_compiles_and_warns_in_one_line() -> None:
    picture()
    result = kmq("a.png")
    assert result.exit_code == 0
    assert result.stderr == ANNOUNCED + WARNED
    assert result.stdout.startswith("a.png -> a-kmq.png: ")


@pytest.mark.usefixtures("compiling")
def test_quiet_says_nothing_of_compiling() -> None:
    picture()
    result = kmq("-q", "a.png")
    assert (result.exit_code, result.output, result.stderr) == (0, "", "")


@pytest.mark.usefixtures("compiling")
def test_a_terminal_shows_how_many_kernels_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    picture()
    monkeypatch.setattr(sys, "stderr", Terminal())
    with pytest.raises(SystemExit):
        main(["a.png"])
    shown = sys.stderr.getvalue()  # type: ignore[attr-defined]
    start = "[1/1] a.png   0 %"
    first, second = (f"[1/1] a.png: compiling kernel {number} of 2" for number in (1, 2))
    lines = ["", start, " " * len(start), ANNOUNCED, first, second, " " * len(second), WARNED]
    assert shown.startswith("\r".join(lines))
    assert re.fullmatch(r"\r +\r", shown[shown.rindex("100 %") + 5 :])


def test_records_are_for_the_command_alone() -> None:
    log = logging.getLogger("pillow_kmq")
    before = log.level, list(log.handlers)
    picture()
    assert kmq("a.png").exit_code == 0
    assert (log.level, log.handlers) == before


LOADED = (
    "import atexit, sys; atexit.register(lambda: print({'numba', 'llvmlite'} & set(sys.modules), file=sys.stderr)); "
    "from pillow_kmq.cli.command import main; main()"
)


@pytest.mark.parametrize(
    "arguments",
    [
        ("a.png",),
        ("--verbose", "a.png", "-o", "b.png"),
        ("a.kmq", "-o", "b.png"),
        ("a.png", "-o", "b.kmq", "--compression", "deflate"),
    ],
)
def test_indexed_images_that_are_only_converted_need_no_kernel(arguments: tuple[str, ...]) -> None:
    picture().convert("P", palette=Image.Palette.ADAPTIVE).save("a.png")
    Image.open("a.png").save("a.kmq", compression="deflate")
    result = run("-c", LOADED, *arguments)
    assert (result.returncode, result.stderr) == (0, b"set()\n")
    assert len(names()) == 3
