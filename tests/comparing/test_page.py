"""The page as text: what it may fetch, its size, its data. tests/web has it in a browser."""

from __future__ import annotations

import json
import re
import sys
from base64 import b64decode, b64encode
from hashlib import sha256
from html.parser import HTMLParser
from io import BytesIO

import pytest
from PIL import Image

from pillow_kmq.comparing import page
from pillow_kmq.comparing.page import Compared, MissingPackageError, html_page
from pillow_kmq.comparing.table import table
from places import SAMPLES

pytestmark = pytest.mark.usefixtures("kernels_on_disk")
OPTIONS = {"dither": None, "space": None, "name": None, "progress": None}


def test_without_its_packages_the_page_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingPackageError, match=r"jinja2.*pip install 'pillow-kmq\[report\]'"):
        html_page([])


@pytest.fixture(scope="module")
def compared() -> list[Compared]:
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    found = []
    for name in ("photo.png", "sprite.png"):
        with Image.open(SAMPLES / name) as image:
            part = image.crop((150, 60, 230, 124))
        rows = table(part, (4, 16), compressions=("fast", "default"), against=("webp", "pillow"), **OPTIONS)
        found.append(Compared(name, rows, ["a <note>"]))
    return found


@pytest.fixture(scope="module")
def text(compared: list[Compared]) -> str:
    return html_page(compared)


class Elements(HTMLParser):
    """The start tags of a page, and the text of its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[str | None, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "script" and data.strip():
            attributes = self.tags[-1][1]
            self.scripts.append((attributes.get("class"), data))


def test_nothing_is_fetched(text: str) -> None:
    for tag, attributes in Elements(text).tags:
        for name in ("src", "href", "srcset", "xlink:href", "action", "data"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:")), (tag, name, value[:60])
    assert "@import" not in text
    assert re.search(r"url\((?!#)", text) is None


def test_the_policy_allows_the_one_script_of_the_page_and_no_network(text: str) -> None:
    found = Elements(text)
    policy = next(a["content"] for tag, a in found.tags if a.get("http-equiv") == "Content-Security-Policy")
    (code,) = (data for kind, data in found.scripts if kind is None)
    digest = b64encode(sha256(code.encode()).digest()).decode()
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert f"script-src 'sha256-{digest}' blob:;" in policy
    assert "unsafe-eval" not in policy
    assert re.search(r"https?:|\*", policy) is None


def test_identifiers_are_unique(text: str) -> None:
    names = [attributes["id"] for _, attributes in Elements(text).tags if "id" in attributes]
    twice = {name for name in names if names.count(name) > 1}
    assert twice == set()


def test_references_in_the_plots_lead_somewhere(text: str) -> None:
    names = {attributes["id"] for _, attributes in Elements(text).tags if "id" in attributes}
    assert set(re.findall(r'(?:url\(|href=")#([\w-]+)', text)) <= names


def test_the_page_takes_less_than_3_mb_beyond_the_pictures(text: str) -> None:
    pictures = sum(len(data) for kind, data in Elements(text).scripts if kind == "file")
    assert pictures > 10_000
    assert len(text.encode()) - pictures < 3_000_000


def test_the_files_are_those_of_the_rows_and_the_original(text: str, compared: list[Compared]) -> None:
    files = [b64decode(data) for kind, data in Elements(text).scripts if kind == "file"]
    for image in compared:
        with Image.open(BytesIO(files.pop(0))) as original:
            assert original.convert("RGBA").tobytes() == image.rows.original.convert("RGBA").tobytes()
        for row in image.rows:
            assert files.pop(0) == row.file
    assert not files


def test_the_data_are_the_rows(text: str, compared: list[Compared]) -> None:
    data = [json.loads(data) for kind, data in Elements(text).scripts if kind == "data"]
    for found, image in zip(data, compared, strict=True):
        assert found["name"] == image.name
        for one, row in zip(found["rows"], image.rows, strict=True):
            assert {key: one[key] for key in row.as_dict()} == row.as_dict()
        own = found["palettes"][found["rows"][0]["palette"]]
        assert sum(count for _, count in own) == 80 * 64
        assert len(own) == image.rows[0].used


def test_names_and_notes_are_escaped(compared: list[Compared]) -> None:
    name = "</script><b>&amp;"
    found = html_page([Compared(name, compared[0].rows, compared[0].notes)])
    assert name not in found
    assert "&lt;/script&gt;&lt;b&gt;&amp;amp;" in found
    assert "a &lt;note&gt;" in found


def test_the_same_rows_make_the_same_page(text: str, compared: list[Compared]) -> None:
    assert html_page(compared) == text


def test_the_decoder_is_kmq_js_as_a_part_of_a_function() -> None:
    code = page._script()
    assert "function decode(bytes" in code
    assert not re.search(r"(?m)^\s*(export|import)\b", code)
    assert "</script" not in code
