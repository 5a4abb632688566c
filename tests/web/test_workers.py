"""Decoding in workers, in a headless Chromium."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from browser import run
from places import VECTORS

if TYPE_CHECKING:
    from selenium import webdriver

COUNT = len(json.loads((VECTORS / "vectors.json").read_text()))


@pytest.mark.parametrize("function", ["decode", "decodeInWorker"])
def test_all_vectors_decode_to_what_they_state(page: webdriver.Chrome, function: str) -> None:
    assert run(page, "return wrongVectors(kmq[a[0]])", function) == {"count": COUNT, "wrong": []}


def test_a_worker_decodes_while_the_page_stays_responsive(page: webdriver.Chrome) -> None:
    script = """
        const bytes = await bytesOf("/made/photo.kmq");
        const before = bytes.length;
        let ticks = 0;
        const timer = setInterval(() => ticks++, 1);
        const image = await kmq.decodeInWorker(bytes);
        clearInterval(timer);
        const here = kmq.decode(bytes);
        return [hex(image.indices) === hex(here.indices), hex(image.palette) === hex(here.palette), ticks,
          bytes.length === before];
    """
    same_pixels, same_palette, ticks, untouched = run(page, script)
    assert (same_pixels, same_palette, untouched) == (True, True, True)
    assert ticks > 3


def test_without_workers_decoding_falls_back_to_the_page(page: webdriver.Chrome) -> None:
    script = """
        globalThis.Worker = class { constructor() { throw new DOMException("no", "SecurityError"); } };
        const again = await import("/web/kmq-worker.js?again");
        const image = await again.decodeInWorker(await bytesOf("/vectors/good-two-by-two.kmq"));
        const error = await again.decodeInWorker(new Uint8Array(9)).catch((caught) => caught);
        return [hex(image.indices), error.kind];
    """
    assert run(page, script) == ["01000001", "not-kmq"]


def test_a_worker_that_cannot_be_loaded_falls_back_to_the_page(page: webdriver.Chrome) -> None:
    script = """
        const Real = Worker;
        globalThis.Worker = class extends Real { constructor(_, options) { super("/nowhere.js", options); } };
        const again = await import("/web/kmq-worker.js?lost");
        const bytes = await bytesOf("/vectors/good-two-by-two.kmq");
        const images = await Promise.all([again.decodeInWorker(bytes), again.decodeInWorker(bytes)]);
        return [...images, await again.decodeInWorker(bytes)].map((image) => hex(image.indices));
    """
    assert run(page, script) == ["01000001"] * 3


