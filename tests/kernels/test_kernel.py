"""Kernels give as machine code what they give as plain Python, whatever they take and return."""

from __future__ import annotations

import pytest

from toy_package import Package

RESULTS = """
line = toys.Line(np.arange(9), np.arange(9, dtype=np.uint8), 2.75)
cube, marks, counts = np.zeros((2, 3, 2), np.float32), np.array([True, False]), bytearray(3)
found = [
    toys.add(np.arange(10), -3),
    toys.divide(7, 2), toys.divide(-0.5, 4),
    toys.numbers(255, 2**32 - 1, True), toys.numbers(0, 0, False),
    toys.fractions(np.array([[1.0, 2.0], [3.0, 5.0]])),
    toys.fill(cube, marks, np.frombuffer(counts, np.uint8)), cube.tolist(), list(counts),
    [toys.chosen(first, 10, second) for first, second in toys.chosen.combinations],
    toys.along(line, 2, 9),
]
for real, bits in ((np.float32, np.int32), (np.float64, np.int64)):
    values, out, kinds = np.array([0.1, 1 / 3], real), np.zeros((1, 2), real), np.zeros((1, 2), bits)
    found += [toys.squared(values, out, kinds), out.tolist(), kinds.tolist()]
call = toys.along.bind(line)
found.append([call(first, 9) for first in range(9)])
show([found, *("numba" in sys.modules, "llvmlite" in sys.modules)])
"""
"""Of all toys, for each type of number and each variant."""

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
