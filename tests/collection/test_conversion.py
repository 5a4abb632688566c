"""Conversion of many files: outputs, skipping of finished files, failures, manifests."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pillow_kmq.collection import convert, learn_palette, read_manifest
from pillow_kmq.collection.rendering import Job, RenderSettings, render_batch
from pillow_kmq.compare import oklab_distance
from pillow_kmq.errors import CancelledError, OptionError, OptionTypeError
from pillow_kmq.quant.named_palettes import hardware_palette
from pillow_kmq.quant.options import Options, SharedPalette
from tile_images import write_tiles

pytestmark = pytest.mark.jit


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    return write_tiles(tmp_path / "in", 20)


def contents(folder: Path) -> dict[str, bytes]:
    """Content of all images in a folder, by name."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.suffix in (".png", ".kmq")}


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """What changes when a file is written again."""
    return {str(p): (p.stat().st_ino, p.stat().st_mtime_ns) for p in folder.rglob("*.png")}


def test_outputs_share_the_palette_and_keep_folders(paths, tmp_path):
    learned = learn_palette(paths, 16, processes=1)
    summary = convert(paths, learned, tmp_path / "out", processes=1)
    assert (summary.converted, summary.unchanged, summary.failed) == (20, 0, 0)
    for path in paths:
        with Image.open(tmp_path / "out" / path.relative_to(tmp_path / "in")) as image:
            image.load()
        palette = np.frombuffer(image.convert("P").palette.tobytes(), np.uint8).reshape(-1, 3)
        assert np.array_equal(palette, learned.colors[:, :3])
    assert summary.input_bytes == sum(path.stat().st_size for path in paths)
    assert summary.output_bytes == sum(len(data) for data in contents(tmp_path / "out").values())


def test_outputs_and_manifest_do_not_depend_on_the_number_of_processes(paths, tmp_path):
    learned = learn_palette(paths, 16, processes=1)
    found = []
    for processes in (1, 2):
        out = tmp_path / f"out{processes}"
        convert(paths[:: 3 - 2 * processes], learned, out, processes=processes)
        manifest = (out / "manifest.jsonl").read_text().replace(f"out{processes}", "out")
        found.append((contents(out), manifest))
    assert found[0] == found[1]


def test_a_second_run_converts_nothing(paths, tmp_path):
    first = convert(paths, "cga", tmp_path / "out", processes=1)
    before, manifest = stamps(tmp_path / "out"), (tmp_path / "out" / "manifest.jsonl").read_bytes()
    second = convert(paths, "cga", tmp_path / "out", processes=1)
    assert (second.converted, second.unchanged) == (0, 20)
    assert (second.input_bytes, second.output_bytes) == (first.input_bytes, first.output_bytes)
    assert stamps(tmp_path / "out") == before
    assert (tmp_path / "out" / "manifest.jsonl").read_bytes() == manifest


def test_only_what_changed_is_converted_again(paths, tmp_path):
    out = tmp_path / "out"
    convert(paths, "cga", out, processes=1)
    Image.new("RGB", (9, 9), "red").save(paths[3])
    (out / "2" / "0002.png").unlink()
    (out / "5" / "0005.png").write_bytes(b"spoilt")
    summary = convert(paths, "cga", out, processes=1)
    assert (summary.converted, summary.unchanged) == (3, 17)
    assert Image.open(out / "3" / "0003.png").size == (9, 9)
    assert len(list(read_manifest(out / "manifest.jsonl"))) == 20


@pytest.mark.parametrize(
    "change",
    [{"palette": "web-safe"}, {"dither": "none"}, {"background": "red"}, {"compact": True}, {"save_options": {}}],
    ids=str,
)
def test_changed_options_convert_everything_again(paths, tmp_path, change):
    call = {"palette": "cga", "out": tmp_path / "out", "processes": 1}
    convert(paths, **call)
    assert convert(paths, **{**call, **change}).converted == 20


def test_an_interrupted_run_continues_where_it_stopped(paths, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(CancelledError):
        convert(paths, "cga", out, processes=1, progress=lambda done: done < 0.5)
    finished = stamps(out)
    assert 8 <= len(finished) < 20
    with (out / "manifest.jsonl").open("ab") as file:
        file.write(b'{"path": "cut o')  # as if the process had been killed
    summary = convert(paths, "cga", out, processes=1)
    assert summary.converted + summary.unchanged == 20
    assert summary.unchanged >= 8
    assert {name: stamp for name, stamp in stamps(out).items() if name in finished} == finished
    records = list(read_manifest(out / "manifest.jsonl"))
    assert [record["path"] for record in records] == sorted(str(path) for path in paths)


def test_a_file_that_a_lost_attempt_has_written_is_not_written_again(paths, tmp_path):
    options = Options(palette=hardware_palette("cga"))
    settings = RenderSettings(options, ".png", {}, compact=False, measure=True)
    job = Job(str(paths[0]), str(tmp_path / "out.png"), True, None)
    (first,) = render_batch(settings, [job])
    before = stamps(tmp_path)
    (second,) = render_batch(settings, [job])
    assert stamps(tmp_path) == before
    assert second == first
    render_batch(settings, [job._replace(new=False)])
    assert stamps(tmp_path) != before


def test_records_say_what_was_reached(paths, tmp_path):
    convert(paths, "cga", tmp_path / "out", processes=1, dither="none")
    for record in read_manifest(tmp_path / "out" / "manifest.jsonl"):
        with Image.open(record["path"]) as original, Image.open(record["output"]) as image:
            assert (record["width"], record["height"]) == image.size == (32, 32)
            assert record["colors"] == len(image.getcolors())
            assert record["delta_e"] == pytest.approx(oklab_distance(original, image, background="white"), abs=1e-3)
        assert record["input_bytes"] == os.path.getsize(record["path"])
        assert record["output_bytes"] == os.path.getsize(record["output"])
        assert record["error"] is None


def test_errors_are_left_out_if_asked(paths, tmp_path):
    convert(paths[:2], "cga", tmp_path / "out", processes=1, measure=False)
    assert all(record["delta_e"] is None for record in read_manifest(tmp_path / "out" / "manifest.jsonl"))


def test_failures_stop_nobody_and_are_tried_again(paths, tmp_path):
    good = paths[4].read_bytes()
    paths[4].write_bytes(good[: len(good) // 2])
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "blue")]
    frames[0].save(paths[0].with_name("moves.gif"), save_all=True, append_images=frames[1:])
    Image.new("I", (4, 4)).save(paths[0].with_name("deep.tif"))
    everything = [*paths, paths[0].with_name("moves.gif"), paths[0].with_name("deep.tif"), paths[0].with_name("no.png")]
    summary = convert(everything, "cga", tmp_path / "out", processes=1)
    assert (summary.converted, summary.failed) == (19, 4)
    errors = {
        Path(record["path"]).name: record["error"]
        for record in read_manifest(summary.manifest)
        if record["error"] is not None
    }
    assert "truncated" in errors["0004.png"].lower()
    assert "split it into frames" in errors["moves.gif"]
    assert "mode I" in errors["deep.tif"]
    assert "No such file" in errors["no.png"]
    paths[4].write_bytes(good)
    assert convert(paths, "cga", tmp_path / "out", processes=1).converted == 1


def test_compact_files_show_the_same_in_fewer_bytes(paths, tmp_path):
    paths = paths[:5]  # opaque
    learned = learn_palette(paths, 64, processes=1)
    full = convert(paths, learned, tmp_path / "full", processes=1)
    compact = convert(paths, learned, tmp_path / "compact", processes=1, compact=True)
    assert compact.output_bytes < full.output_bytes
    for name in contents(tmp_path / "full"):
        a, b = (Image.open(tmp_path / folder / name).convert("RGBA") for folder in ("full", "compact"))
        assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize("suffix", [".kmq", ".gif"])
def test_other_formats(paths, tmp_path, suffix):
    convert(paths[:3], "web-safe", tmp_path / "out", processes=1, suffix=suffix)
    with Image.open(tmp_path / "out" / f"0/0000{suffix}") as image:
        assert (image.mode, image.size) == ("P", (32, 32))


def test_pictures_are_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (8, 4), "red").save(tmp_path / "a.jpg", exif=exif)
    convert([tmp_path / "a.jpg"], "cga", tmp_path / "out", processes=1)
    assert Image.open(tmp_path / "out" / "a.png").size == (4, 8)


def test_progress_rises_to_one(paths, tmp_path):
    seen: list[float] = []
    convert(paths, "cga", tmp_path / "out", processes=1, progress=seen.append)
    assert seen == sorted(seen)
    assert (len(seen), seen[-1]) == (20, 1.0)


def test_no_paths_are_no_error(tmp_path):
    assert convert([], "cga", tmp_path / "out", processes=1).converted == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"paths": "a.png"}, "pass a list"),
        ({"paths": [3]}, "paths must be a path"),
        ({"paths": 3}, "paths must be paths"),
        ({"paths": ["in/a.png", "in/a.jpg"]}, "have the same output"),
        ({"paths": ["a.png"], "out": "."}, "would replace an input"),
        ({"paths": ["a.png"], "root": "elsewhere"}, "not in the folder elsewhere"),
        ({"paths": ["a.png", "s3://b/c.png"]}, "all be local or all on one"),
        ({"suffix": ".bmp"}, "suffix must be one of"),
        ({"out": "s3://bucket/out"}, "pass a local path as manifest"),
        ({"out": 3}, "out must be a path"),
        ({"out": "a\0b"}, "out must name files"),
        ({"compact": 1}, "compact must be True or False, not int"),
        ({"save_options": "optimize"}, "save_options must be a dict"),
        ({"palette": 3}, "palette"),
        ({"palette": SharedPalette(object(), "oklab")}, "palette must be a list or array"),
        ({"space": "cmyk"}, "space must be one of"),
        ({"client": object()}, "client must be"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_invalid_arguments_are_refused(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((OptionError, OptionTypeError), match=message):
        convert(**{"paths": ["in/a.png"], "palette": "cga", "out": "out", "processes": 1, **arguments})
    assert not (tmp_path / "out").exists()


def test_lines_of_the_manifest_are_json(paths, tmp_path):
    summary = convert(paths[:3], "cga", tmp_path / "out", processes=1)
    lines = Path(summary.manifest).read_text().splitlines()
    assert [json.loads(line)["path"] for line in lines] == [str(path) for path in sorted(paths[:3])]


def test_manifests_become_parquet(paths, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    from pillow_kmq.collection import write_parquet

    paths[1].write_bytes(b"")
    summary = convert(paths, "cga", tmp_path / "out", processes=1)
    write_parquet(summary.manifest, tmp_path / "m.parquet")
    assert parquet.read_table(tmp_path / "m.parquet").to_pylist() == list(read_manifest(summary.manifest))
