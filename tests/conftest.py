"""Fixtures that several test modules share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import pillow_kmq
from pillow_kmq.codec import pixels
from pillow_kmq.kernels.kernel import checking

ROOT = Path(__file__).resolve().parent.parent
CORPORA = ROOT.parent / "shared" / "corpora"


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile all kernels before several processes run tests, which would each compile them."""
    if session.config.getoption("numprocesses", None) and not hasattr(session.config, "workerinput"):
        pillow_kmq.warmup()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse names with addresses, which differ from process to process: tests in several processes would not start."""
    unstable = [item.nodeid for item in items if " at 0x" in item.nodeid]
    if unstable:
        raise pytest.UsageError(f"give these tests ids: {', '.join(unstable)}")


@pytest.fixture(scope="session")
def kernels_on_disk() -> None:
    """All kernels are kept on disk when a test that asks for this begins."""
    if checking():
        pytest.skip("no kernels are kept whose indices are checked")
    pillow_kmq.warmup()


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of sample images in this repository."""
    return ROOT / "sample_images"


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of larger test images that lies beside a developer's checkout; skips where it is absent."""
    if not CORPORA.is_dir():
        pytest.skip("the development corpora are not beside this checkout")
    return CORPORA


@pytest.fixture(scope="session", autouse=True)
def _small_images_take_the_model_of_max() -> Iterator[None]:
    """At the level `max`, as larger ones do, which would take tests too long."""
    before, pixels.SMALL = pixels.SMALL, 0
    yield
    pixels.SMALL = before
