"""The decoder in JavaScript (src/pillow_kmq/web), run by Node: the tests of tests/web, and files encoded here."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import pillow_kmq
from pillow_kmq import codec, quantize
from pillow_kmq.types import IndexedImage
from places import ROOT, SAMPLES, VECTORS

HERE = Path(__file__).parent
WEB = ROOT / "src" / "pillow_kmq" / "web"
OLDEST = 18


def node_version() -> int:
    """The major version of Node, 0 where there is none."""
    if shutil.which("node") is None:
        return 0
    shown = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    return int(shown.removeprefix("v").split(".")[0])


# Where the tests of the web decoder are asked for, a missing Node is a failure.
needs_node = pytest.mark.skipif(
    node_version() < OLDEST and "KMQ_TEST_WEB" not in os.environ, reason=f"Node {OLDEST} or newer is not installed"
)


def run(*arguments: str | Path) -> str:
    done = subprocess.run(["node", *map(str, arguments)], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@needs_node
def test_every_test_in_javascript_passes() -> None:
    files = sorted(HERE.glob("*.test.mjs"))
    vectors = json.loads((VECTORS / "vectors.json").read_text())
    shown = run("--test", "--test-reporter=tap", *files)
    passed = re.search(r"^# pass (\d+)$", shown, re.MULTILINE)
    assert passed is not None
    assert int(passed[1]) > len(vectors)
    assert re.search(r"^# fail 0$", shown, re.MULTILINE)
    assert re.search(r"^# skipped 0$", shown, re.MULTILINE)


def entry_of(name: str, image: IndexedImage) -> dict[str, Any]:
    height, width = image.indices.shape
    palette, indices = image.palette.tobytes().hex(), image.indices.tobytes().hex()
    stated = {"width": width, "height": height, "palette": palette, "indices": indices, "metadata": {}}
    return {"file": name, "outcome": "good", **stated}


def rgba(frame: IndexedImage | np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return frame.palette[frame.indices] if isinstance(frame, IndexedImage) else frame


def sample(name: str, colors: int, size: tuple[int, int]) -> IndexedImage:
    with Image.open(SAMPLES / name) as file:
        image = quantize(file.crop((0, 0, *size)), colors)
    palette = np.frombuffer(bytes(image.getpalette("RGBA") or b""), np.uint8).reshape(-1, 4)
    return IndexedImage(palette.copy(), np.asarray(image))


@needs_node
def test_files_of_the_encoder_decode_to_the_same_pixels(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    images = {
        "photo": sample("photo.png", 256, (200, 120)),
        "sprite": sample("sprite.png", 16, (150, 150)),
        "screenshot": sample("screenshot.png", 40, (260, 130)),
        "noise": IndexedImage(random.integers(0, 256, (256, 4), np.uint8), random.integers(0, 256, (90, 70), np.uint8)),
        "flat": IndexedImage(np.array([[9, 8, 7, 255]], np.uint8), np.zeros((300, 200), np.uint8)),
        "ramp": IndexedImage(
            np.repeat(np.arange(256, dtype=np.uint8)[:, None], 4, 1),
            np.arange(20000).reshape(100, 200).astype(np.uint8),
        ),
    }
    entries = []
    for name, image in images.items():
        for level in codec.COMPRESSIONS:
            file = f"{name}-{level}.kmq"
            (tmp_path / file).write_bytes(codec.encode(image, compression=level))
            entries.append(entry_of(file, image))
    (tmp_path / "list.json").write_text(json.dumps(entries))
    assert f"{len(entries)} of {len(entries)} as stated" in run(HERE / "files.mjs", tmp_path / "list.json")


@needs_node
def test_animations_of_the_encoder_decode_to_the_same_frames(tmp_path: Path) -> None:
    picture = sample("sprite.png", 40, (96, 80))
    moved = [IndexedImage(picture.palette, np.roll(picture.indices, (i // 2, 3 * i), (0, 1))) for i in range(7)]
    random = np.random.default_rng(6)
    changing = [
        IndexedImage(random.integers(0, 256, (20 + 80 * i, 4), np.uint8), random.integers(0, 20, (30, 24), np.uint8))
        for i in range(3)
    ]
    colors = [random.integers(0, 256, (20, 30, 4), np.uint8) for _ in range(2)]
    entries = []
    for name, frames in (("moved", moved), ("changing", changing), ("colors", colors)):
        for level in codec.COMPRESSIONS:
            durations = [40 * (1 + i // 2) for i in range(len(frames))]
            data = codec.encode_animation(frames, durations, plays=3, compression=level)
            file = f"{name}-{level}.kmq"
            (tmp_path / file).write_bytes(data)
            height, width = rgba(frames[0]).shape[:2]
            entries.append(
                {
                    "file": file,
                    "outcome": "good",
                    "width": width,
                    "height": height,
                    "palette": codec.read_head(BytesIO(data)).palette.tobytes().hex(),
                    "plays": 3,
                    "durations": durations,
                    "indexed": False,
                    "frames": [rgba(frame).tobytes().hex() for frame in frames],
                }
            )
    (tmp_path / "list.json").write_text(json.dumps(entries))
    assert f"{len(entries)} of {len(entries)} as stated" in run(HERE / "files.mjs", tmp_path / "list.json")


@needs_node
def test_the_png_of_an_image_has_the_colors_of_its_pixels(tmp_path: Path) -> None:
    run(HERE / "png.mjs", tmp_path)
    entries = json.loads((VECTORS / "vectors.json").read_text())
    still = [entry for entry in entries if entry["outcome"] == "good" and "frames" not in entry]
    assert {path.name for path in tmp_path.iterdir()} == {f"{entry['file']}.png" for entry in still}
    for entry in still:
        palette = np.tile(np.array([0, 0, 0, 255], np.uint8), (256, 1))
        stated = np.frombuffer(bytes.fromhex(entry["palette"]), np.uint8).reshape(-1, 4)
        palette[: len(stated)] = stated
        indices = np.frombuffer(bytes.fromhex(entry["indices"]), np.uint8).reshape(entry["height"], entry["width"])
        with Image.open(tmp_path / f"{entry['file']}.png") as png:
            assert np.array_equal(np.asarray(png), indices), entry["file"]
            assert np.array_equal(np.asarray(png.convert("RGBA")), palette[indices]), entry["file"]


def test_the_decoder_stays_small() -> None:
    assert (WEB / "kmq.js").stat().st_size < 40_000


def test_the_npm_package_exports_files_that_exist_and_has_the_version_of_the_python_package() -> None:
    package = json.loads((WEB / "package.json").read_text())
    entries = [entry if isinstance(entry, dict) else {"default": entry} for entry in package["exports"].values()]
    assert all((WEB / name).is_file() for entry in entries for name in entry.values())
    assert package["version"] == pillow_kmq.__version__


def test_modules_import_nothing_but_each_other() -> None:
    imports = re.compile(r"""^import .* from "(.*)";$""", re.MULTILINE)
    assert "import" not in (WEB / "kmq.js").read_text()
    imported = {path.stem: set(imports.findall(path.read_text())) for path in WEB.glob("*.js")}
    assert imported == {
        "kmq": set(),
        "kmq-png": {"./kmq.js"},
        "kmq-worker-script": {"./kmq-png.js"},
        "kmq-worker": {"./kmq-png.js", "./kmq.js"},
        "kmq-pictures": {"./kmq-worker.js"},
        "kmq-player": {"./kmq.js"},
        "kmq-image": {"./kmq-pictures.js", "./kmq-player.js"},
    }
