"""`kmq verify`: valid files, damaged ones, and ones that cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from command_line import damage, kmq, picture
from places import VECTORS

pytestmark = pytest.mark.usefixtures("inside")


def vectors(kind: str) -> list[Any]:
    return [pytest.param(path, id=path.stem) for path in sorted(VECTORS.glob(f"{kind}-*.kmq"))]


@pytest.mark.parametrize("path", [each for each in vectors("good") if "damaged" not in each.id])
def test_every_valid_vector_is_valid(path: Path) -> None:
    result = kmq("verify", path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{path}: valid, ")


@pytest.mark.parametrize("path", vectors("good-damaged-metadata"))
def test_damaged_metadata_are_damage_though_the_picture_is_whole(path: Path) -> None:
    result = kmq("verify", path)
    assert (result.exit_code, result.stdout) == (25, "")
    assert "damaged metadata" in result.stderr


@pytest.mark.parametrize("path", vectors("bad"))
def test_every_invalid_vector_is_damaged(path: Path) -> None:
    result = kmq("verify", path)
    assert (result.exit_code, result.stdout) == (25, "")
    assert result.stderr.startswith(f"kmq: {path}: ")


@pytest.mark.parametrize("path", vectors("unsupported"))
def test_every_vector_of_a_newer_version_cannot_be_read(path: Path) -> None:
    result = kmq("verify", path)
    assert result.exit_code == 2
    assert "newer pillow-kmq is needed" in result.stderr


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(position=st.integers(0, 10**6), flip=st.integers(1, 255))
def test_no_changed_byte_goes_unnoticed(position: int, flip: int) -> None:
    if not Path("a.kmq").exists():
        picture("a.kmq", colors=16, comment="hello", dpi=(72, 72))
    data = bytearray(Path("a.kmq").read_bytes())
    data[position % len(data)] ^= flip
    Path("b.kmq").write_bytes(data)
    assert kmq("verify", "b.kmq").exit_code in (2, 25)


@pytest.mark.parametrize("suffix", ["png", "gif", "webp", "jpg", "tif", "kmq"])
def test_files_of_any_format_are_decoded(suffix: str) -> None:
    frames = [Image.new("RGB", (9, 7), color) for color in ("red", "lime", "blue")]
    several = {} if suffix == "jpg" else {"save_all": True, "append_images": frames[1:]}
    frames[0].save(f"a.{suffix}", **several)
    assert kmq("verify", f"a.{suffix}").stdout == f"a.{suffix}: valid, {'3 frames' if several else '1 frame'}\n"


@pytest.mark.parametrize("name", ["truncated.png", "truncated.kmq", "corrupt.png", "empty.png", "notes.txt"])
def test_a_damaged_file_has_status_25_and_the_others_are_checked(name: str) -> None:
    damage(name)
    picture()
    result = kmq("verify", name, "a.png")
    assert result.exit_code == 25
    assert result.stdout == "a.png: valid, 1 frame\n"
    assert result.stderr.startswith(f"kmq: {name}: ")


def test_a_damaged_last_frame_is_noticed() -> None:
    frames = [picture(size=(60, 50)).rotate(90 * turn) for turn in range(3)]
    frames[0].save("a.gif", save_all=True, append_images=frames[1:])
    data = Path("a.gif").read_bytes()
    Path("a.gif").write_bytes(data[:-200])
    assert kmq("verify", "a.gif").exit_code == 25


def test_a_missing_file_has_status_2_and_quiet_prints_errors_only() -> None:
    picture()
    result = kmq("verify", "-q", "a.png", "missing.kmq")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "missing.kmq: cannot read it: no such file" in result.stderr


def test_an_image_beyond_pillows_limit_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    picture()
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    result = kmq("verify", "a.png")
    assert result.exit_code == 2
    assert "too large" in result.stderr
