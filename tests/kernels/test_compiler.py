"""Compiling: ahead of time, with every index checked, and interrupted."""

from __future__ import annotations

import os

import pytest

from toy_package import RESULTS, Package

pytestmark = pytest.mark.jit


# Ahead of time

PREPARE = """
from pillow_kmq.kernels.ahead import prepare
from pillow_kmq.kernels.kernel import every_variant
told = []
prepare(every_variant(), lambda *what: told.append(what))
"""
VARIANTS = 11


def test_all_variants_can_be_compiled_before_they_are_needed(package: Package) -> None:
    told = package.run(PREPARE + "show(told)")
    assert len(package.files) == VARIANTS
    names, done = zip(*told, strict=True)
    assert len(set(names)) == VARIANTS
    assert {"toys.add", "toys.chosen-tf", "toys.squared-f32"} <= set(names)
    assert done[0] == 0
    assert list(done) == sorted(done)
    assert done[-1] < 1
    assert package.run(PREPARE + "show([told, 'numba' in sys.modules])") == [[], False]


HELPER = """
from pillow_kmq.kernels.ahead import _helper
from pillow_kmq.kernels.kernel import every_variant
show(_helper(every_variant()).wait())
"""


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one processor")
def test_another_process_helps_to_compile(package: Package) -> None:
    assert package.run(HELPER) == 0
    assert len(package.files) == VARIANTS


def test_nothing_is_prepared_for_plain_python(package: Package) -> None:
    assert package.run(PREPARE + "show([told, 'llvmlite' in sys.modules])", NUMBA_DISABLE_JIT="1") == [[], False]


# With every index checked

OUT_OF_RANGE = """
line = toys.Line(np.arange(4), np.arange(4, dtype=np.uint8), 1.5)
try:
    found = toys.along(line, 0, 6)
except IndexError as error:
    found = str(error)
show([found, toys.along(line, 1, 4)])
"""
KINDS = """
from contextlib import suppress
values, out, kinds = np.zeros(2, np.float32), np.zeros((1, 2), np.float32), np.zeros((1, 1), np.int32)
found = []
for call in (
    lambda: toys.squared(values, out, kinds), lambda: toys.fractions(np.zeros((1, 1))),
    lambda: toys.fill(np.zeros((1, 1, 3), np.float32), np.ones(3, bool), np.zeros(2, np.uint8)),
):
    with suppress(IndexError):
        call()
        found.append("not found")
show(found)
"""


def test_an_index_out_of_range_is_an_error_if_indices_are_checked(package: Package) -> None:
    message = "index is out of bounds"
    assert package.run(OUT_OF_RANGE, NUMBA_BOUNDSCHECK="1") == [message, 15]
    assert package.run(KINDS, NUMBA_BOUNDSCHECK="1") == []
    assert not package.files
    assert not list(package.temporary.iterdir())


def test_results_are_the_same_with_every_index_checked(package: Package) -> None:
    assert package.run(RESULTS, NUMBA_BOUNDSCHECK="1")[0] == package.run(RESULTS, NUMBA_DISABLE_JIT="1")[0]
    assert not package.files


def test_nothing_is_prepared_where_indices_are_checked(package: Package) -> None:
    assert package.run(PREPARE + "show([told, 'numba' in sys.modules])", NUMBA_BOUNDSCHECK="1") == [[], False]


READ_ONLY = """
table = np.frombuffer(bytes(4), np.uint8)
toys.fill(np.zeros((1, 1, 2), np.float32), np.zeros(2, bool), table)
show(toys.along(toys.Line(np.arange(4), table, 1.5), 0, 4))
"""


def test_what_a_kernel_does_not_write_may_be_read_only(package: Package) -> None:
    assert package.run(READ_ONLY) == package.run(READ_ONLY, NUMBA_BOUNDSCHECK="1") == 1


# Interrupted

INTERRUPT = """
import signal
from numba.core.codegen import CPUCodeLibrary
hook, calls = CPUCodeLibrary._object_compiled_hook.__func__, []
def interrupted(cls, *arguments):
    calls.append(arguments)
    if len(calls) == 1:
        signal.raise_signal(signal.SIGINT)
    return hook(cls, *arguments)
CPUCodeLibrary._object_compiled_hook = classmethod(interrupted)
before, heard = signal.getsignal(signal.SIGINT), False
try:
    toys.add(np.arange(10), 0)
except KeyboardInterrupt:
    heard = True
show([heard, signal.getsignal(signal.SIGINT) is before, toys.add(np.arange(10), 0), len(calls) > 0])
"""


def test_a_ctrl_c_that_a_callback_of_llvm_would_lose_is_heard_when_the_kernel_is_compiled(package: Package) -> None:
    assert package.run(INTERRUPT) == [True, True, 1045, True]
    assert not package.errors


def test_kernels_compile_in_other_threads_and_without_a_handler(package: Package) -> None:
    thread = "import threading\nthread = threading.Thread(target=toys.add, args=(np.arange(3), 0))\n"
    ignored = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    for code in (f"{thread}thread.start()\nthread.join()\n", f"{ignored}toys.divide(1, 2)\n"):
        assert package.run(code + "show('numba' in sys.modules)") is True
    assert len(package.files) == 2
