"""README and guide: every example runs and prints what the page says, and every link of the README leads somewhere."""

from __future__ import annotations

import os
import re
import shutil

import pytest

import pillow_kmq
from examples import PAGES, ROOT, languages, run
from pillow_kmq.codec import set_threads

SITE = "https://pillow-kmq.github.io/pillow-kmq/"
REPOSITORY = "https://github.com/pillow-kmq/pillow-kmq"
RAW = "https://raw.githubusercontent.com/pillow-kmq/pillow-kmq/main/"

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
TIME = re.compile(r"; \d+\.\d s$", re.MULTILINE)  # at the end of a summary
WORKFLOWS = ("tests.yml", "docs.yml")


def about_the_same(printed: str, expected: str) -> bool:
    """Compare outputs. Versions of zlib and NumPy differ a little: numbers but integers below 1000 may by 2 %.

    The time that a run took may be any.
    """
    printed, expected = (TIME.sub("; a time", text) for text in (printed, expected))
    if NUMBER.sub("#", printed) != NUMBER.sub("#", expected):
        return False
    pairs = zip(NUMBER.findall(printed), NUMBER.findall(expected), strict=True)
    return all(a == b or _close(a, b) for a, b in pairs)


def _close(a: str, b: str) -> bool:
    exact = len(b) < 4 and "." not in b
    return not exact and abs(float(a.replace(",", "")) - float(b.replace(",", ""))) <= 0.02 * float(b.replace(",", ""))


@pytest.mark.parametrize(
    ("printed", "expected", "same"),
    [
        ("61,994 bytes, 20 colours", "62,000 bytes, 20 colours", True),
        ("61,994 bytes, 20 colours", "66,000 bytes, 20 colours", False),
        ("61,994 bytes, 20 colours", "61,994 bytes, 21 colours", False),
        ("61,994 bytes, 20 colours", "61,994 bytes, exact", False),
        ("2 files, 92.1 % saved; 0.4 s", "2 files, 92.1 % saved; 12.7 s", True),
        ("2 files, 92.1 % saved; 0.4 s\nnext", "2 files, 92.1 % saved; 1.0 s\nnext", True),
        ("2 files, 92.1 % saved; 0.4 s", "2 files, 92.1 % saved", False),
        ("animation: 4 frames, 0.4 s, played once", "animation: 4 frames, 0.8 s, played once", False),
    ],
)
def test_outputs_are_compared_by_words_and_numbers(printed, expected, same):
    assert about_the_same(printed, expected) == same


@pytest.mark.jit
@pytest.mark.skipif(os.name == "nt", reason="commands are those of a POSIX shell")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_print_what_the_page_says(page):
    if page.name == "build-scripts.md" and shutil.which("make") is None:
        pytest.skip("make is not installed")
    try:
        for example, printed in run(page):
            assert about_the_same(printed, example.expected), f"{example.code}\nprints\n{printed}"
    finally:
        pillow_kmq.uninstall()
        set_threads(None)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_block_escapes(page):
    assert languages(page) <= {"python", "console", "text", "sh"}


@pytest.mark.skipif(not (ROOT / ".github").exists(), reason="source distributions have a part of the repository")
def test_links_of_the_readme_are_absolute_and_lead_somewhere():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert len(links) > 10
    for link in links:
        if link.startswith(SITE):
            page = link.removeprefix(SITE).split("#")[0].rstrip("/") or "index"
            outside = {"changelog": "CHANGELOG.md", "contributing": "CONTRIBUTING.md", "security": "SECURITY.md"}
            names = [outside[page]] if page in outside else [f"docs/{page}.md", f"docs/{page}/index.md"]
            assert any((ROOT / name).exists() for name in names), link
        elif link.startswith(RAW):
            assert (ROOT / link.removeprefix(RAW)).exists(), link
        elif link.startswith(f"{REPOSITORY}/actions"):
            assert any(name in link for name in WORKFLOWS), link
        elif link.startswith(REPOSITORY):
            path = re.sub("^/(blob|tree)/main/", "", link.removeprefix(REPOSITORY))
            assert (ROOT / path.lstrip("/")).exists(), link
        else:
            assert link.startswith("https://"), link


def test_the_readme_is_read_in_two_minutes():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150
