"""What tests in a browser need: `tox -e web` runs them; in other runs, they are not for every machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

import browser as browsers
from pillow_kmq import codec
from pillow_kmq.types import IndexedImage
from places import SAMPLES

if TYPE_CHECKING:
    from selenium import webdriver


@pytest.fixture(scope="session")
def asked() -> None:
    """Skip where tests of the web part were not asked for; where they were, missing parts are a failure."""
    if "KMQ_TEST_WEB" not in os.environ:
        pytest.skip("KMQ_TEST_WEB is not set: tox -e web runs the tests in Chromium")


@pytest.fixture(scope="session")
def made(asked: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our samples, as palette PNG and as KMQ, which have the same pixels, and animations."""
    folder = tmp_path_factory.mktemp("made")
    for name, colors in (("photo", 256), ("gradient", 256), ("sprite", 64), ("screenshot", 64), ("pixel-art", 32)):
        with Image.open(SAMPLES / f"{name}.png") as image:
            image.save(folder / f"{name}.kmq", colors=colors)
        with Image.open(folder / f"{name}.kmq") as image:
            image.convert("RGBA").save(folder / f"{name}.png")
    with Image.open(folder / "photo.kmq") as image:
        image.resize((1200, 1200)).save(folder / "large.kmq", compression="max")
    palette = np.array([[250, 0, 0, 255], [0, 250, 0, 255], [0, 0, 250, 255]], np.uint8)
    flat = [IndexedImage(palette, np.full((20, 30), i, np.uint8)) for i in range(3)]
    for name, plays, durations in (
        ("once", 1, [100, 150, 100]),
        ("endless", 0, [60, 60, 60]),
        ("quick", 0, [0, 0, 9999]),
    ):
        (folder / f"{name}.kmq").write_bytes(codec.encode_animation(flat, durations, plays=plays))
    with Image.open(folder / "screenshot.kmq") as image:
        frames = [image.copy(), image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    frames[0].save(folder / "text.kmq", save_all=True, append_images=frames[1:], duration=60_000)
    return folder


@pytest.fixture(scope="session")
def address(made: Path) -> Iterator[str]:
    """The address of the server."""
    with browsers.serve(made) as address:
        yield address


@pytest.fixture(scope="session")
def elsewhere(made: Path) -> Iterator[str]:
    """The address of a server of the same files, which is another origin."""
    with browsers.serve(made) as address:
        yield address


@pytest.fixture(scope="session")
def browser(asked: None) -> Iterator[Any]:
    """A browser for all tests: Chromium, or Firefox where KMQ_BROWSER says so."""
    driver = browsers.start_firefox() if os.environ.get("KMQ_BROWSER") == "firefox" else browsers.start()
    yield driver
    driver.quit()


@pytest.fixture
def page(browser: webdriver.Chrome, address: str) -> webdriver.Chrome:
    """The page of the tests, fresh."""
    browsers.visit(browser, f"{address}/page.html")
    return browser
