"""`--dask` without a cluster; tests/collection/test_dask.py has one."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_line import kmq, names, picture
from tile_images import write_pyramid

pytestmark = pytest.mark.usefixtures("inside")

NOWHERE = "tcp://127.0.0.1:1"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("a.png", "-j", "2"), "--dask and --jobs cannot be combined"),
        (("-",), "--dask works on files"),
        (("a.png", "-o", "-"), "--dask works on files"),
        (("map.mbtiles",), "--dask does not apply to .mbtiles files"),
    ],
)
def test_what_a_cluster_cannot_do_is_refused(arguments: tuple[str, ...], words: str) -> None:
    picture("a.png")
    write_pyramid(Path("map.mbtiles"), {(0, 0, 0): Path("a.png").read_bytes()})
    result = kmq("--dask", NOWHERE, *arguments)
    assert result.exit_code == 4
    assert words in " ".join(result.stderr.split())


def test_a_scheduler_that_is_not_there_is_named_and_nothing_is_written(inside: Path) -> None:
    picture("a.png")
    result = kmq("--dask", NOWHERE, "a.png")
    assert result.exit_code == 1
    assert result.stderr.startswith((
        f"kmq: cannot connect to a Dask scheduler at {NOWHERE}: ",
        "kmq: a cluster needs Dask: pip install pillow-kmq[dask]",
    ))  # fmt: skip
    assert names() == {"a.png"}


def test_a_dry_run_needs_no_cluster(inside: Path) -> None:
    picture("a.png")
    assert kmq("--dask", NOWHERE, "--dry-run", "a.png").stdout == "a.png -> a-kmq.png\n"
