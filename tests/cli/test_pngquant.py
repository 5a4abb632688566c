"""Every row of the tables in docs/coming-from-pngquant.md, with pngquant itself where it is installed.

No output here is a special file: pngquant replaces those when it runs as root.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from places import ROOT

PNGQUANT = shutil.which("pngquant", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
KMQ = [sys.executable, "-m", "pillow_kmq"]
PAGE = (ROOT / "docs" / "coming-from-pngquant.md").read_text(encoding="utf-8")

pytestmark = [
    pytest.mark.usefixtures("inside"),
    pytest.mark.skipif(os.name != "posix", reason="folders that cannot be written"),
]


@dataclass
class Program:
    """pngquant or kmq. ending: of its default output names."""

    command: list[str]
    ending: str

    def __call__(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([*self.command, *arguments], input=stdin, capture_output=True, timeout=120, check=False)

    def palette(self, *arguments: str) -> list[tuple[int, ...]]:
        """Return the entries, RGBA, of the output for a.png."""
        assert self(*arguments, "--force", "--output", "out.png", "a.png").returncode == 0
        return entries("out.png")

    def bytes(self, *arguments: str) -> bytes:
        """Return the output for a.png with 16 colours."""
        done = self(*arguments, "16", "-", stdin=Path("a.png").read_bytes())
        assert done.returncode == 0, done.stderr
        return done.stdout


def entries(name: str) -> list[tuple[int, ...]]:
    with Image.open(name) as image:
        alphas = image.info.get("transparency", b"")
        alphas = b"\xff" * alphas + b"\0" if isinstance(alphas, int) else alphas
        colors = image.getpalette("RGB") or []
    return [(*colors[3 * i : 3 * i + 3], alphas[i] if i < len(alphas) else 255) for i in range(len(colors) // 3)]


@pytest.fixture(params=["pngquant", "kmq"])
def program(request: pytest.FixtureRequest, samples: Path) -> Program:
    """Each of the two programs, in a folder with some files."""
    if request.param == "pngquant" and PNGQUANT is None:
        pytest.skip("pngquant is not installed")
    shutil.copy(samples / "pixel-art.png", "b.png")
    image = Image.open(samples / "sprite.png").convert("RGBA").resize((96, 96))
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", "words")
    image.save("a.png", pnginfo=words)
    Image.new("RGB", (1, 1)).save("dot.png", optimize=True)
    Path("damaged.png").write_bytes(Path("a.png").read_bytes()[:1000])
    Path("words.png").write_text("these are words")
    return Program([str(PNGQUANT)], "-fs8.png") if request.param == "pngquant" else Program(KMQ, "-kmq.png")


# Options


def takes_a_number_of_colours(program: Program) -> None:
    assert len(program.palette("7")) <= 7
    assert program("257", "a.png").returncode == 4


def keeps_to_a_quality(program: Program) -> None:
    few, many = (len(program.palette(*option)) for option in (("--quality", "0-30"), ("-Q", "0-90")))
    assert few < many
    assert program("4", "--quality=99-100", "a.png").returncode == 99
    assert program("--quality", "80-60", "a.png").returncode == 4


def takes_a_speed(program: Program) -> None:
    for option in (("--speed", "1"), ("--speed=3",), ("-s11",), ("-s", "4")):
        assert program(*option, "--force", "a.png").returncode == 0
    assert program("--speed", "12", "a.png").returncode == 4
    dithers = program.bytes("-s11") != program.bytes("-s11", "--nofs")
    assert dithers == (program.command == KMQ)


def has_no_dithering(program: Program) -> None:
    assert program.bytes("--nofs") != program.bytes()
    assert program.bytes("--nofs") == program.bytes("--floyd=0")


def means_no_dithering_by_ordered(program: Program) -> None:
    assert program.bytes("--ordered") == program.bytes("--nofs")


def has_floyd_of_a_strength(program: Program) -> None:
    assert program.bytes("--floyd") == program.bytes("--floyd=1") != program.bytes("--floyd=0.5")
    assert program("--floyd", "0.5", "a.png").returncode == 2  # which is a file name


def posterizes(program: Program) -> None:
    assert all(value % 17 == 0 for entry in program.palette("--posterize", "4") for value in entry if entry[3])
    assert program("--posterize", "5", "a.png").returncode == 4


def takes_a_map(program: Program) -> None:
    if program.command != KMQ:
        pytest.skip("pngquant 3.0.3 refuses every map with status 4")
    assert program("16", "-o", "map.png", "b.png").returncode == 0
    assert program.palette("--map", "map.png") == entries("map.png")


def names_the_output(program: Program) -> None:
    for option in (("--output", "c.png"), ("-od.png",)):
        assert program("--nofs", *option, "a.png").returncode == 0
    assert program("--nofs", "-o", "-", "a.png").stdout == Path("c.png").read_bytes() == Path("d.png").read_bytes()
    assert program("-o", "e.png", "a.png", "b.png").returncode == 4
    assert program("-o", "e.png", "--ext", "x.png", "a.png").returncode == 4


def names_the_suffix(program: Program) -> None:
    assert program("--ext", "-x.png", "a.png").returncode == 0
    assert Path("a-x.png").exists()
    assert program("a.png").returncode == 0
    assert Path(f"a{program.ending}").exists()


def overwrites_if_forced(program: Program) -> None:
    assert [program(*option, "a.png").returncode for option in ((), (), ("--force",), ("-f",))] == [0, 15, 0, 0]


def skips_what_does_not_pay(program: Program) -> None:
    assert program("--skip-if-larger", "16", "a.png").returncode == 0
    assert program("--skip-if-larger", "dot.png").returncode == 98
    assert not Path(f"dot{program.ending}").exists()


def strips(program: Program) -> None:
    assert program("--strip", "-o", "c.png", "a.png").returncode == 0
    assert "Comment" not in Image.open("c.png").info


def puts_the_transparent_colour_last(program: Program) -> None:
    alphas = [entry[3] for entry in program.palette("--transbug", "16")]
    assert alphas[-1] == 0
    assert 0 not in alphas[:-1]


def ignores_iebug(program: Program) -> None:
    assert program.bytes("--iebug") == program.bytes()


def says_more(program: Program) -> None:
    assert len({len(program(*option, "-f", "a.png").stdout) for option in ((), ("--verbose",), ("-v",))}) > 1


def tells_its_version(program: Program) -> None:
    for option in ("--version", "-V"):
        done = program(option)
        assert done.returncode == 0
        assert re.search(rb"\d+\.\d+\.\d+", done.stdout)


def helps(program: Program) -> None:
    for option in ("--help", "-h"):
        done = program(option)
        assert done.returncode == 0
        assert b"--quality" in done.stdout


def reads_standard_input(program: Program) -> None:
    data = Path("a.png").read_bytes()
    assert program("-", stdin=data).stdout.startswith(b"\x89PNG")
    held = program("4", "--quality", "99-100", "-", stdin=data)
    assert held.returncode == 99
    with Image.open("a.png") as image, Image.open(BytesIO(held.stdout)) as passed_on:
        assert passed_on.convert("RGBA").tobytes() == image.tobytes()
    assert program("-", "-o", "c.png", stdin=data).returncode == 0
    assert Path("c.png").exists()


def reads_it_without_a_file(program: Program) -> None:
    data = Path("a.png").read_bytes()
    assert program("16", stdin=data).stdout == program("16", "-", stdin=data).stdout
    assert program(stdin=data).returncode == (0 if program.command == KMQ else 1)


def takes_names_after_two_dashes(program: Program) -> None:
    shutil.copy("a.png", "-a.png")
    assert program("16", "--", "-a.png").returncode == 0
    assert Path(f"-a{program.ending}").exists()


OPTIONS: dict[str, Callable[[Program], None]] = {
    "`64`, as the first argument": takes_a_number_of_colours,
    "`--quality MIN-MAX`, `-Q`": keeps_to_a_quality,
    "`--speed N`, `-s`": takes_a_speed,
    "`--nofs`": has_no_dithering,
    "`--ordered`": means_no_dithering_by_ordered,
    "`--floyd`, `--floyd=N`": has_floyd_of_a_strength,
    "`--posterize N`": posterizes,
    "`--map FILE`": takes_a_map,
    "`--output FILE`, `-o`": names_the_output,
    "`--ext SUFFIX`": names_the_suffix,
    "`--force`, `-f`": overwrites_if_forced,
    "`--skip-if-larger`": skips_what_does_not_pay,
    "`--strip`": strips,
    "`--transbug`": puts_the_transparent_colour_last,
    "`--iebug`": ignores_iebug,
    "`--verbose`, `-v`": says_more,
    "`--version`, `-V`": tells_its_version,
    "`--help`, `-h`": helps,
    "`-`": reads_standard_input,
    "no file": reads_it_without_a_file,
    "`--`, before file names": takes_names_after_two_dashes,
}


@pytest.mark.parametrize("row", OPTIONS)
def test_an_option_does_what_it_does_in_pngquant(row: str, program: Program) -> None:
    OPTIONS[row](program)


# Exit statuses: arguments, pngquant's status, ours

STATUSES: dict[int, list[tuple[Sequence[str], int, int]]] = {
    0: [(["a.png"], 0, 0), (["a.png", "b.png"], 0, 0)],
    1: [(["--unknown", "a.png"], 1, 4)],
    2: [(["missing.png"], 2, 2), (["missing.png", "a.png"], 2, 2), (["a.png", "missing.png"], 2, 2)],
    4: [(["300", "a.png"], 4, 4), (["--quality", "much", "a.png"], 4, 4)],
    15: [(["-o", "b.png", "a.png"], 15, 15), (["--ext", ".png", "a.png"], 15, 15)],
    16: [(["-o", "missing/c.png", "a.png"], 16, 16), (["--ext", "/c.png", "a.png"], 16, 16)],
    25: [(["damaged.png"], 25, 25), (["words.png"], 25, 25), (["-"], 25, 25)],
    98: [(["--skip-if-larger", "dot.png"], 98, 98)],
    99: [(["4", "--quality", "99-100", "a.png"], 99, 99)],
}
LAST = [
    (["missing.png", "damaged.png"], 25, 25),
    (["damaged.png", "missing.png"], 2, 2),
    (["--quality", "99-100", "4", "a.png", "missing.png"], 2, 2),
    (["--quality", "99-100", "4", "missing.png", "a.png"], 99, 99),
    (["--ext", ".png", "a.png", "missing.png", "b.png"], 15, 15),
]


@pytest.mark.parametrize(
    ("arguments", "theirs", "ours"), [case for cases in STATUSES.values() for case in cases] + LAST, ids=str
)
def test_the_exit_status_is_that_of_pngquant(arguments: list[str], theirs: int, ours: int, program: Program) -> None:
    assert program(*arguments).returncode == (ours if program.command == KMQ else theirs)


def rows(title: str) -> list[str]:
    """Return the first cells of the table under a title."""
    part = PAGE.split(f"## {title}\n")[1].split("\n## ")[0]
    return [line.split("|")[1].strip() for line in part.splitlines() if line.startswith("| ")][1:]


def test_every_row_of_the_tables_is_tested() -> None:
    assert rows("Options") == list(OPTIONS)
    assert list(map(int, rows("Exit status"))) == list(STATUSES)
