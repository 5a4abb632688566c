"""Fixtures of the tests of the command."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kernels_on_disk: None) -> Path:
    """The test works inside a folder of its own, so that names stay short, and has nothing to compile."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
