"""A command that is killed while it saves leaves the old file or the new one, whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

import pillow_kmq  # noqa: F401 - registers the format

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL")

_KILLS = 24


def command(folder: Path, *options: str) -> subprocess.Popen[bytes]:
    line = [sys.executable, "-m", "pillow_kmq", "-q", "-f", "-o", "out.kmq", "--effort", "fast", *options, "in.png"]
    return subprocess.Popen(line, cwd=folder)


@pytest.mark.parametrize("where", ["anywhere", "while writing"])
def test_a_killed_command_leaves_the_old_file_or_the_new_one_whole(tmp_path: Path, where: str) -> None:
    Image.effect_noise((4000, 2000), 60).save(tmp_path / "in.png", compress_level=1)  # grey: no palette is searched
    deflate = ("--compression", "deflate")
    started = time.monotonic()
    assert command(tmp_path, *deflate).wait() == 0
    whole = time.monotonic() - started
    new = (tmp_path / "out.kmq").read_bytes()

    rng = random.Random(0)
    interrupted = left = 0
    for _ in range(_KILLS):
        old = b"old" + rng.randbytes(9)
        (tmp_path / "out.kmq").write_bytes(old)
        process = command(tmp_path, *deflate)
        if where == "anywhere":
            time.sleep(rng.uniform(0, whole))
        else:
            while process.poll() is None and not list(tmp_path.glob(".kmq-*.tmp")):
                time.sleep(0.0002)
            time.sleep(rng.uniform(0, 0.003))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert (tmp_path / "out.kmq").read_bytes() in (old, new)
        temporary = list(tmp_path.glob(".kmq-*.tmp"))
        assert {path.name for path in tmp_path.iterdir()} == {"in.png", "out.kmq", *(path.name for path in temporary)}
        assert len(temporary) <= 1
        interrupted += process.returncode == -signal.SIGKILL
        left += len(temporary)
        for path in temporary:
            path.unlink()
    print(f"{where}: {interrupted} of {_KILLS} killed before the end, {left} left a temporary file")
    assert interrupted > _KILLS // 4
    assert where == "anywhere" or left > 0
