"""What file(1) and desktops are told about KMQ files."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

import pillow_kmq
from pillow_kmq.codec.container.chunks import SIGNATURE
from places import VECTORS

DESKTOP = Path(pillow_kmq.__path__[0], "desktop")
NAMESPACE = "{http://www.freedesktop.org/standards/shared-mime-info}"


def file(*arguments: object) -> list[str]:
    """A line for each file: what the program says of it."""
    command = ["file", "--brief", "-m", str(DESKTOP / "kmq.magic"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


needs_file = pytest.mark.skipif(shutil.which("file") is None, reason="file(1) is not installed")


@needs_file
def test_file_recognises_every_good_vector() -> None:
    vectors = sorted(VECTORS.glob("good-*.kmq"))
    assert set(file(*vectors)) == {"KMQ palette image, version 1"}
    assert set(file("--mime-type", *vectors)) == {"image/x-kmq"}
    assert file("--extension", vectors[0]) == ["kmq"]


@needs_file
def test_file_recognises_no_other_signature() -> None:
    assert "KMQ" not in file(VECTORS / "bad-signature.kmq")[0]


def test_the_mime_type_is_declared_by_signature_and_name() -> None:
    (declared,) = ElementTree.parse(DESKTOP / "kmq.xml").getroot()
    assert declared.get("type") == Image.MIME["KMQ"]
    (match,) = declared.iter(NAMESPACE + "match")
    assert (match.get("type"), match.get("offset")) == ("string", "0")
    assert (match.get("value") or "").encode().decode("unicode_escape").encode("latin-1") == SIGNATURE
    (glob,) = declared.iter(NAMESPACE + "glob")
    assert Image.registered_extensions()[(glob.get("pattern") or "").removeprefix("*")] == "KMQ"


@pytest.mark.skipif(shutil.which("update-mime-database") is None, reason="shared-mime-info is not installed")
def test_shared_mime_info_accepts_the_declaration(tmp_path: Path) -> None:
    database = tmp_path / "mime"
    (database / "packages").mkdir(parents=True)
    shutil.copy(DESKTOP / "kmq.xml", database / "packages")
    environment = {**os.environ, "XDG_DATA_DIRS": str(tmp_path)}
    command = ["update-mime-database", str(database)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stderr == ""
    assert "image/x-kmq:*.kmq" in (database / "globs").read_text()
    assert b"\x8bKMQ" in (database / "magic").read_bytes()
