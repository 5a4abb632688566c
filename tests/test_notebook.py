"""What values show of themselves in notebooks."""

from __future__ import annotations

import os
import re
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

import pillow_kmq
from pillow_kmq import IndexedImage, Report, notebook
from pillow_kmq.compare import table
from places import ROOT

RED, CLEAR = (250, 0, 0, 255), (0, 0, 0, 0)
INDEXED = IndexedImage(np.array([RED, CLEAR], np.uint8), np.array([[0, 0, 1], [0, 1, 9]], np.uint8))


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data)).convert("RGBA")


def test_an_indexed_image_shows_its_pixels() -> None:
    image = opened(INDEXED._repr_png_())
    assert [image.getpixel((x, 0)) for x in range(3)] == [RED, RED, CLEAR]
    assert image.getpixel((2, 1)) == (0, 0, 0, 255)


def test_swatches_have_names_and_shares() -> None:
    html = INDEXED._repr_html_()
    assert 'title="#fa0000 50.0 %"' in html
    assert 'title="#00000000 33.3 %"' in html
    assert "3 x 2 pixels, 2 colours" in html


@pytest.mark.jit
def test_a_shared_palette_shows_its_entries_in_order() -> None:
    palette = pillow_kmq.shared_palette([Image.new("RGB", (2, 2), name) for name in ("red", "lime", "blue")], 3)
    png = opened(palette._repr_png_())
    shown = [png.getpixel((20 * number + 9, 9)) for number in range(3)]
    assert shown == [tuple(entry) for entry in palette.colors.tolist()]
    assert [f"#{found}" for found in re.findall(r'title="#(\w+) entry', palette._repr_html_())] == [
        notebook.hex_of(color) for color in shown
    ]


@pytest.mark.parametrize(("count", "size"), [(1, (20, 20)), (32, (640, 20)), (33, (640, 40)), (256, (640, 160))])
def test_swatches_are_in_rows_of_32(count: int, size: tuple[int, int]) -> None:
    assert opened(notebook.swatches_png([RED] * count)).size == size


@pytest.mark.jit
def test_a_report_shows_the_picture_and_what_is_known_of_it() -> None:
    image = Image.new("RGB", (8, 8), "red")
    report = Report(image, image.convert("P", palette=Image.Palette.ADAPTIVE), 1234)
    assert "1,234 bytes, 1 colour" in report._repr_html_()
    assert opened(report._repr_png_()).getpixel((0, 0)) == (255, 0, 0, 255)


@pytest.mark.jit
def test_rows_are_a_table_and_a_row_is_a_picture() -> None:
    rows = table(Image.new("RGB", (16, 16), "teal"), (2, 4), compressions=("fast",), against=())
    html = rows._repr_html_()
    assert html.count("<tr>") == 1 + 4
    assert "<td>.kmq fast</td><td>4</td>" in html
    assert opened(rows[0]._repr_png_()).size == (16, 16)
    assert f"PNG: {rows[0].bytes} bytes" in rows[0]._repr_html_()


def test_texts_are_escaped() -> None:
    assert "<td>&lt;b&gt;</td>" in notebook.table_of(["a"], [["<b>"]])
    assert "&lt;b&gt;" in notebook.page_of(Image.new("RGB", (1, 1)), "<b>")


def test_the_notebook_of_the_documentation_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    if "KMQ_TEST_REPORT" not in os.environ:
        pytest.skip("KMQ_TEST_REPORT is not set: tox -e report runs the notebook")
    import nbformat
    from nbclient import NotebookClient

    path = ROOT / "docs" / "compare.ipynb"
    written = nbformat.read(path, 4)
    run = nbformat.read(path, 4)
    folder = {"metadata": {"path": str(path.parent)}}
    NotebookClient(run, timeout=600, kernel_name="python3", resources=folder).execute()
    for before, after in zip(written.cells, run.cells, strict=True):
        assert outputs_of(before) == outputs_of(after), before.source


def outputs_of(cell: Any) -> list[set[str]]:
    """Return the types of the outputs of a cell that show a value."""
    shown = {"text/html", "image/png"}
    return [shown & set(found.data) - ({"image/png"} if "text/html" in found.data else set()) or {"text"}
            for found in cell.get("outputs", [])]  # fmt: skip
