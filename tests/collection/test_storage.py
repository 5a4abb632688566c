"""Files of collections: names relative to a folder, and remote files."""

from __future__ import annotations

import os

import numpy as np
import pytest

from pillow_kmq.collection import convert, learn_palette, read_manifest, storage
from pillow_kmq.errors import OptionError
from tile_images import tiles, write_tiles

on_posix = pytest.mark.skipif(os.name == "nt", reason="paths of POSIX")


@on_posix
@pytest.mark.parametrize(
    ("paths", "root", "names"),
    [
        (["/a/b/c.png", "/a/d.png"], None, ["b/c.png", "d.png"]),
        (["/a/b/c.png"], None, ["c.png"]),
        (["/a/b/c.png"], "/a", ["b/c.png"]),
        (["/a/b/../c.png"], "/a/", ["c.png"]),
        (["/c.png"], None, ["c.png"]),
        (["s3://bucket/a/b.png", "s3://bucket/c.png"], None, ["a/b.png", "c.png"]),
        (["memory://a/b.png"], "memory://a", ["b.png"]),
        (["memory:///a/b.png"], "memory://", ["a/b.png"]),
        ([], None, []),
    ],
)
def test_names_are_relative_to_the_root_or_to_the_common_folder(paths, root, names):
    assert storage.relative_names(paths, root) == names


@on_posix
@pytest.mark.parametrize(("paths", "root"), [(["/a/b.png"], "/c"), (["/a/b.png", "s3://a/b.png"], None)])
def test_files_outside_the_root_are_refused(paths, root):
    with pytest.raises(OptionError):
        storage.relative_names(paths, root)


def test_local_files_are_written_with_their_folders(tmp_path):
    path = str(tmp_path / "a" / "b" / "c.bin")
    assert storage.identity(path) is None
    storage.write(path, b"1")
    first = storage.identity(path)
    assert storage.read(path) == b"1"
    storage.write(path, b"12")
    assert storage.identity(path) != first


@pytest.fixture
def memory():
    """Fsspec's file system in memory, empty."""
    system = pytest.importorskip("fsspec").filesystem("memory")
    system.rm("/", recursive=True) if system.ls("/") else None
    yield system
    system.rm("/", recursive=True) if system.ls("/") else None


@pytest.mark.parametrize("folder", ["memory://bucket/out", "memory:///bucket/out/"])
def test_remote_files_are_written_whole(memory, folder):
    path = storage.join(folder, "a/b.bin")
    assert storage.identity(path) is None
    storage.write(path, b"12")
    assert storage.read(path) == b"12"
    assert storage.identity(path).startswith("2-")


@pytest.mark.jit
def test_remote_collections_are_those_of_local_files(memory, tmp_path):
    paths = write_tiles(tmp_path / "in", 12)
    urls = [f"memory://in/{path.relative_to(tmp_path / 'in').as_posix()}" for path in paths]
    for path, url in zip(paths, urls, strict=True):
        storage.write(url, path.read_bytes())
    learned = learn_palette(urls, 16, processes=1)
    assert np.array_equal(learned.colors, learn_palette(tiles(12), 16, processes=1).colors)
    manifest = tmp_path / "manifest.jsonl"
    convert(paths, learned, tmp_path / "out", processes=1)
    summary = convert(urls, learned, "memory://out", processes=1, manifest=manifest)
    assert (summary.converted, summary.failed) == (12, 0)
    for record in read_manifest(manifest):
        local = record["output"].replace("memory://out", str(tmp_path / "out"))
        with open(local, "rb") as file:
            assert storage.read(record["output"]) == file.read()
    assert convert(urls, learned, "memory://out", processes=1, manifest=manifest).unchanged == 12
    memory.rm("/out/0/0007.png")
    assert convert(urls, learned, "memory://out", processes=1, manifest=manifest).converted == 1
