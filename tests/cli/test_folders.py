"""Which files in folders are converted, and where their outputs go."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pillow_kmq.cli.folders import IMAGES, Folders, Found
from pillow_kmq.cli.outputs import FORMATS, Job, plan
from pillow_kmq.errors import OptionError

posix_only = pytest.mark.skipif(os.name != "posix", reason="POSIX links and permissions")


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def touch(*paths: str) -> None:
    for path in paths:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(b"")


def found(top: str = "top", **options: object) -> list[str]:
    return [one.name.replace(os.sep, "/") for one in Folders(True, **options).files(top)]  # type: ignore[arg-type]


def planned(*inputs: str, ext: str | None = None, format_: str | None = None, out_dir: str | None = None) -> list[Job]:
    return plan(inputs, None, ext, format_, out_dir=out_dir, folders=Folders(True, closed=out_dir))


def paths(jobs: list[Job]) -> list[tuple[str, str]]:
    return [(job.source.replace(os.sep, "/"), job.target.replace(os.sep, "/")) for job in jobs]


# Walking


def test_a_folder_yields_its_images_and_those_of_its_subfolders_in_order() -> None:
    touch("top/b.png", "top/a.JPG", "top/notes.txt", "top/sub/deep/c.webp", "top/also/d.kmq", "top/Makefile")
    assert found() == ["a.JPG", "b.png", "also/d.kmq", "sub/deep/c.webp"]


def test_a_file_that_is_named_is_taken_whatever_its_name() -> None:
    touch("top/notes.txt")
    assert list(Folders(True, include=("*.png",)).files("top/notes.txt")) == [Found("top/notes.txt", "notes.txt")]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("top/*.png", ["a.png", "b.png"]),
        ("top/**/*.png", ["a.png", "b.png", "sub/deep/c.png"]),
        ("top/s*/**/*", ["sub/deep/c.png"]),
        ("*/[ab].png", ["top/a.png", "top/b.png"]),
    ],
)
def test_a_pattern_yields_files_with_names_below_its_fixed_part(pattern: str, expected: list[str]) -> None:
    touch("top/b.png", "top/a.png", "top/sub/deep/c.png", "top/.hidden.png")
    assert found(os.path.join(*pattern.split("/"))) == expected


def test_an_absolute_pattern_is_expanded(inside: Path) -> None:
    touch("top/a.png")
    assert found(str(inside / "*" / "*.png")) == ["top/a.png"]


def test_a_pattern_without_matches_is_a_problem_and_a_file_of_that_name_is_none() -> None:
    (only,) = Folders().files("*.png")
    assert only.problem == "no file matches this pattern"
    touch("[a].png")
    assert list(Folders().files("[a].png")) == [Found("[a].png", "[a].png")]


def test_patterns_leave_out_what_folders_leave_out() -> None:
    touch("a.png", "a-kmq.png", "b.jpg", "out/a.png", "drafts/c.png")
    jobs = plan(
        ("**/*.*",), None, None, None, out_dir="out", folders=Folders(True, exclude=("drafts/*",), closed="out")
    )
    assert paths(jobs) == [("a.png", "out/a.png"), ("b.jpg", "out/b.png")]


def test_a_folder_without_recursive_is_a_problem_with_a_way_out() -> None:
    touch("top/a.png")
    (only,) = Folders().files("top")
    assert only.problem == "cannot read it: it is a folder; add --recursive to convert the images in it"


def test_a_folder_without_images_is_a_problem() -> None:
    touch("top/notes.txt")
    (only,) = Folders(True).files("top")
    assert "no images" in str(only.problem)


def test_hidden_files_and_folders_are_left_out_unless_included() -> None:
    touch("top/.a.png", "top/.git/b.png", "top/c.png")
    assert found() == ["c.png"]
    assert found(include=(".a.*",)) == [".a.png"]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"include": ("*.txt",)}, ["a.txt", "sub/b.txt"]),
        ({"include": ("*.PNG",)}, ["a.png", "sub/B.png", "sub/er/c.png"]),
        ({"include": ("sub/*",)}, ["sub/B.png", "sub/b.txt", "sub/er/c.png"]),
        ({"exclude": ("a.*",)}, ["sub/B.png", "sub/er/c.png"]),
        ({"exclude": ("sub",)}, ["a.png"]),
        ({"exclude": ("sub/",)}, ["a.png"]),
        ({"exclude": ("sub/er",)}, ["a.png", "sub/B.png"]),
        ({"exclude": ("*/c.png",)}, ["a.png", "sub/B.png"]),
        ({"include": ("*.png", "*.txt"), "exclude": ("b.*",)}, ["a.png", "a.txt", "sub/er/c.png"]),
    ],
)
def test_patterns_choose_by_name_or_by_path(options: dict[str, tuple[str, ...]], names: list[str]) -> None:
    touch("top/a.png", "top/a.txt", "top/sub/B.png", "top/sub/b.txt", "top/sub/er/c.png")
    assert found(**options) == names


@posix_only
def test_links_to_folders_are_not_followed_and_links_to_files_are() -> None:
    touch("top/a.png", "elsewhere.png")
    os.symlink(".", "top/loop")
    os.symlink("../elsewhere.png", "top/b.png")
    os.symlink("nowhere.png", "top/broken.png")
    os.mkfifo("top/pipe.png")
    assert found() == ["a.png", "b.png"]


@posix_only
def test_a_link_to_a_folder_is_walked_if_it_is_named() -> None:
    touch("top/a.png")
    os.symlink("top", "link")
    assert [one.path for one in Folders(True).files("link")] == ["link/a.png"]


@posix_only
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read anything")
def test_a_folder_that_cannot_be_read_is_named_and_the_others_are_walked() -> None:
    touch("top/a.png", "top/closed/b.png")
    os.chmod("top/closed", 0)
    walked = list(Folders(True).files("top"))
    os.chmod("top/closed", 0o700)
    assert [(one.path, one.problem) for one in walked] == [
        ("top/a.png", None),
        ("top/closed", "cannot read the folder: permission denied"),
    ]


def test_every_extension_is_one_that_pillow_opens() -> None:
    import pillow_kmq  # noqa: F401 - registers .kmq

    known = Image.registered_extensions()
    unknown = {extension for extension in IMAGES if known.get(f".{extension}") not in Image.OPEN}
    assert unknown <= {"avif"}  # which Pillow opens since 11.3


# Outputs


def test_outputs_lie_next_to_their_inputs() -> None:
    touch("top/a.png", "top/sub/b.jpg")
    assert paths(planned("top")) == [("top/a.png", "top/a-kmq.png"), ("top/sub/b.jpg", "top/sub/b-kmq.png")]


def test_an_output_folder_has_the_subfolders_and_plain_names() -> None:
    touch("top/a.png", "top/sub/b.jpg", "other/c.png")
    assert paths(planned("top", "other/c.png", out_dir="out")) == [
        ("top/a.png", "out/a.png"),
        ("top/sub/b.jpg", "out/sub/b.png"),
        ("other/c.png", "out/c.png"),
    ]
    assert [job.target for job in planned("other/c.png", out_dir="out", ext="-small.png")] == [
        os.path.join("out", "c-small.png")
    ]
    assert [job.target for job in planned("other/c.png", out_dir="out", format_="kmq")] == [
        os.path.join("out", "c.kmq")
    ]


def test_an_output_folder_inside_the_folder_is_not_walked() -> None:
    touch("top/a.png", "top/out/a.png", "top/out/sub/b.png")
    assert paths(planned("top", out_dir="top/out")) == [("top/a.png", "top/out/a.png")]


def test_an_output_folder_may_be_the_folder_itself() -> None:
    touch("top/a.png")
    assert paths(planned("top", out_dir="top")) == [("top/a.png", "top/a.png")]


def test_equal_names_in_one_output_folder_are_a_problem() -> None:
    touch("one/a.png", "two/a.png")
    first, second = planned("one", "two", out_dir="out")
    assert first.problem is None
    assert "is also that of one" in str(second.problem)


def test_a_file_is_converted_once_if_its_folder_is_named_too() -> None:
    touch("top/a.png", "top/b.png")
    assert paths(planned("top", "top/b.png", "top")) == [
        ("top/a.png", "top/a-kmq.png"),
        ("top/b.png", "top/b-kmq.png"),
    ]


# Outputs of earlier runs


def test_outputs_of_earlier_runs_in_folders_are_left_out() -> None:
    touch("top/a.png", "top/a-kmq.png", "top/gone-KMQ.png", "top/a-fs8.png")
    assert [source for source, _ in paths(planned("top"))] == ["top/a-fs8.png", "top/a.png"]
    assert [source for source, _ in paths(planned("top", ext="-fs8.png"))] == ["top/a.png"]
    assert [source for source, _ in paths(planned("top", ext="-FS8.png"))] == ["top/a.png"]
    assert [source for source, _ in paths(planned("top", out_dir="out"))] == ["top/a-fs8.png", "top/a.png"]


def test_a_kmq_file_in_a_folder_is_an_output_if_its_original_lies_there() -> None:
    touch("top/a.png", "top/a.kmq", "top/b.kmq")
    assert [source for source, _ in paths(planned("top", format_="kmq"))] == ["top/a.png", "top/b.kmq"]


def test_an_output_that_is_named_next_to_its_original_does_not_block_it() -> None:
    jobs = planned("a-kmq.png", "a.png", "b-kmq.png")
    assert [(job.source, job.problem, job.own_output) for job in jobs] == [
        ("a-kmq.png", None, True),
        ("a.png", None, False),
        ("b-kmq.png", None, False),
    ]


def test_an_original_is_never_taken_for_an_output() -> None:
    touch("top/a.jpg", "top/a.png")
    first, second = planned("top", ext=".png")
    assert (first.source, second.source) == (os.path.join("top", "a.jpg"), os.path.join("top", "a.png"))
    assert "is another input" in str(first.problem)
    assert not second.own_output
    assert second.problem is None


NAMES = st.lists(
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["a", "b", "sub/a"]),
        st.sampled_from(["", "-kmq", "-kmq-kmq"]),
        st.sampled_from([".png", ".jpg", ".kmq"]),
    ),
    unique=True,
    min_size=1,
    max_size=12,
)


@settings(deadline=None)
@given(names=NAMES, ext=st.sampled_from([None, ".png", ".kmq", "-x.png"]), out=st.sampled_from([None, "out", "top"]))
def test_no_output_is_written_twice_and_no_other_input_is_overwritten(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], ext: str | None, out: str | None
) -> None:
    base = str(tmp_path_factory.mktemp("any"))
    touch(*(f"{base}/top/{name}" for name in names))
    jobs = planned(f"{base}/top", ext=ext, out_dir=out and f"{base}/{out}")
    valid = [job for job in jobs if job.problem is None]
    targets = [job.target for job in valid]
    assert len(set(targets)) == len(targets)
    for job in valid:
        assert not any(other.source == job.target for other in valid if other is not job)


# Wrong usage


@pytest.mark.parametrize(
    ("inputs", "output", "ext", "out_dir", "words"),
    [
        (["top"], "b.png", None, None, "use --out-dir"),
        (["top"], "b.png", None, "out", "--output and --out-dir"),
        (["-"], None, None, "out", "no name"),
        (["top"], None, None, "", "must not be empty"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    inputs: list[str], output: str | None, ext: str | None, out_dir: str | None, words: str
) -> None:
    touch("top/a.png", "top/b.png")
    with pytest.raises(OptionError, match=words):
        plan(inputs, output, ext, None, out_dir=out_dir, folders=Folders(True))


def test_patterns_without_recursive_are_refused() -> None:
    with pytest.raises(OptionError, match="add --recursive"):
        plan(["a.png"], None, None, None, folders=Folders(exclude=("b",)))


@pytest.mark.parametrize("format_", FORMATS)
def test_default_names_of_all_formats_are_known_as_outputs(format_: str) -> None:
    touch("top/a.jpg")
    (first,) = planned("top", format_=format_)
    touch(first.target)
    for again in (None, format_):
        if again or format_ != "kmq":
            assert [job.source for job in planned("top", format_=again)] == [first.source]
