"""Kernels give as machine code what they give as plain Python, whatever they take and return."""

from __future__ import annotations

import pytest

from toy_package import RESULTS, Package

pytestmark = pytest.mark.jit


def test_machine_code_compiled_and_loaded_gives_what_plain_python_gives(package: Package) -> None:
    plain = package.run(RESULTS, NUMBA_DISABLE_JIT="1")
    assert not package.files
    compiled = package.run(RESULTS)
    assert len(package.files) == 11
    loaded = package.run(RESULTS)
    assert (plain[1:], compiled[1:]) == ([False, False], [True, True])
    assert loaded[1:] == [False, True]
    assert plain[0] == compiled[0] == loaded[0]
    assert plain[0][0] == 1042
