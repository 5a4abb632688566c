"""`kmq palette learn`: one palette for files, folders, patterns and tile pyramids."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from command_line import kmq, names, not_root, picture
from pillow_kmq import read_palette
from pillow_kmq.collection import learn_palette
from tile_images import noise, write_pyramid, write_tiles

pytestmark = pytest.mark.usefixtures("inside")


@pytest.fixture
def tiles(inside: Path) -> list[Path]:
    return write_tiles(Path("tiles"), 40)


def learned(*arguments: str, status: int = 0) -> list[list[int]]:
    """Run the verb, and return the palette that it has written."""
    result = kmq("palette", "learn", *arguments, "-f", "-o", "a.json")
    assert result.exit_code == status, result.stderr
    colors: list[list[int]] = read_palette("a.json").colors.tolist()
    return colors


def test_patterns_folders_and_files_give_the_palette_of_the_collection(tiles: list[Path]) -> None:
    expected = learn_palette(tiles, 32, processes=1).colors.tolist()
    assert learned("tiles/**/*.png", "-k", "32") == expected
    assert learned("--recursive", "tiles", "-k", "32") == expected
    assert learned(*map(str, tiles), "-k", "32") == expected


def test_the_number_of_processes_changes_nothing(tiles: list[Path]) -> None:
    assert learned("-r", "tiles", "-k", "32", "-j", "1") == learned("-r", "tiles", "-k", "32", "-j", "2")


def test_options_reach_the_search(tiles: list[Path]) -> None:
    Image.new("RGB", (8, 8), "#00a0ff").save("rare.png")
    rare, inputs = [0, 160, 255, 255], ("-r", "tiles", "rare.png", "-k", "16")
    assert rare not in learned(*inputs)
    assert rare in learned(*inputs, "--min-share", "0.001")
    assert rare in learned(*inputs, "--fixed", "#00a0ff")
    for name, value in (("space", "srgb"), ("effort", "fast")):
        expected = learn_palette([*tiles, "rare.png"], 16, processes=1, **{name: value})
        assert learned(*inputs, f"--{name}", value) == expected.colors.tolist()


def test_include_and_exclude_choose_files_in_folders(tiles: list[Path]) -> None:
    some = [path for path in tiles if path.parent.name in ("2", "3")]
    wanted = learn_palette([path for path in some if path.parent.name == "2"], 16, processes=1).colors.tolist()
    arguments = ("--include", "2/*", "--include", "3/*", "--exclude", "3")
    assert learned("-r", "tiles", "-k", "16", *arguments) == wanted
    assert kmq("palette", "learn", "tiles", "--include", "2/*").exit_code == 4


def test_the_tiles_of_a_pyramid_are_counted_and_equal_ones_once(tiles: list[Path]) -> None:
    files = {(3, number, 0): path.read_bytes() for number, path in enumerate(tiles)}
    write_pyramid(Path("map.mbtiles"), files | {(3, number, 1): tiles[0].read_bytes() for number in range(9)})
    distinct = list({path.read_bytes(): path for path in tiles}.values())
    assert learned("map.mbtiles", "-k", "16") == learn_palette(distinct, 16, processes=1).colors.tolist()


def test_all_frames_of_animations_and_16_bits_are_read_as_by_the_command(inside: Path) -> None:
    frames = [Image.new("RGB", (4, 4), color) for color in ("#102030", "#405060")]
    frames[0].save("a.gif", save_all=True, append_images=frames[1:])
    Image.new("I;16", (4, 4), 257 * 200).save("b.png")
    assert learned("a.gif", "b.png") == [[16, 32, 48, 255], [64, 80, 96, 255], [200, 200, 200, 255]]


def test_without_an_output_hex_colours_are_printed(inside: Path) -> None:
    Image.new("RGB", (4, 4), "#102030").save("a.png")
    result = kmq("palette", "learn", "a.png")
    assert (result.stdout, result.stderr) == ("102030\n", "1 image -> stdout: 1 colour\n")
    assert kmq("palette", "learn", "-q", "a.png").stderr == ""


def test_grouped_colours_are_reported(inside: Path) -> None:
    for number in range(10):
        noise(number, 200).save(f"{number}.png")
    result = kmq("palette", "learn", "*.png", "-k", "8", "--effort", "fast", "-o", "a.gpl")
    assert result.stderr.startswith("10 images -> a.gpl: 8 colours; similar colours were counted as one, within ")


def test_files_that_cannot_be_read_are_named_and_left_out(tiles: list[Path]) -> None:
    Path("bad.png").write_bytes(b"words")
    write_pyramid(Path("map.mbtiles"), {(1, 0, 0): tiles[0].read_bytes(), (1, 1, 0): b"odd"})
    Path("bad.mbtiles").write_text("words")
    names = ("bad.png", "missing.png", "*.gif", "tiles", "bad.mbtiles", "map.mbtiles")
    result = kmq("palette", "learn", *names, "-o", "a.gpl")
    assert read_palette("a.gpl").colors.tolist() == learn_palette(tiles[:1], processes=1).colors.tolist()
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "kmq: *.gif: no file matches this pattern",
        "kmq: tiles: cannot read it: it is a folder; add --recursive to convert the images in it",
        "kmq: bad.mbtiles: not an MBTiles file: file is not a database",
        "kmq: bad.png: not an image that Pillow can read",
        "kmq: map.mbtiles (tile 1/1/0): not an image that Pillow can read",
        "kmq: missing.png: cannot read it: no such file or directory",
        "1 image -> a.gpl: 256 colours",
    ]


@pytest.mark.parametrize(
    ("name", "status"), [("missing.png", 2), ("bad.png", 25), ("missing.mbtiles", 2), ("*.gif", 2), ("-", 2)]
)
def test_without_any_image_nothing_is_written(name: str, status: int) -> None:
    Path("bad.png").write_bytes(b"words")
    result = kmq("palette", "learn", name, "-o", "a.gpl")
    assert result.exit_code == status
    assert names() == {"bad.png"}


@not_root
def test_a_file_without_permission_has_the_status_of_one_that_cannot_be_read(inside: Path) -> None:
    picture("a.png")
    Path("a.png").chmod(0)
    assert kmq("palette", "learn", "a.png").exit_code == 2


def test_an_existing_output_is_refused_before_anything_is_read(inside: Path) -> None:
    Path("a.gpl").write_text("mine")
    result = kmq("palette", "learn", "missing.png", "-o", "a.gpl")
    assert (result.exit_code, result.stderr) == (
        15,
        "kmq: the output a.gpl already exists; use --force to overwrite it\n",
    )


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("-o", "a.xyz"), 4, "a.xyz"),
        (("--dask", "tcp://host:8786", "-j", "2"), 4, "--dask and --jobs cannot be combined"),
        (("--fixed", "no-such"), 4, "no-such"),
        (("-k", "1", "--fixed", "#000,#fff"), 4, "2 fixed colours"),
    ],
)
def test_invalid_options_are_refused(arguments: tuple[str, ...], status: int, words: str) -> None:
    picture("a.png")
    result = kmq("palette", "learn", "a.png", *arguments)
    assert result.exit_code == status
    assert words in " ".join(result.stderr.split())


def test_a_scheduler_that_is_not_there_is_named(inside: Path) -> None:
    picture("a.png")
    result = kmq("palette", "learn", "a.png", "--dask", "tcp://127.0.0.1:1")
    assert result.exit_code == 1
    assert result.stderr.startswith((
        "kmq: cannot connect to a Dask scheduler at tcp://127.0.0.1:1: ",
        "kmq: a cluster needs Dask: pip install pillow-kmq[dask]",
    ))  # fmt: skip
