"""Folders that tests read."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
CASES = TESTS / "cases"
VECTORS = TESTS / "vectors"
SAMPLES = ROOT / "sample_images"
