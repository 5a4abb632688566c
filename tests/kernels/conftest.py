"""What tests of kernels share."""

from __future__ import annotations

from pathlib import Path

import pytest

from toy_package import Package


@pytest.fixture
def package(tmp_path: Path) -> Package:
    """A copy of the package without any kernel compiled."""
    return Package(tmp_path)
