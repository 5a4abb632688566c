"""How kernels are compiled: for a target of Numba that knows whole numbers alone, or for Numba's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from PIL import Image
from pillow_kmq.codec.compiled import compiled

import pillow_kmq  # noqa: F401
from pillow_kmq import _jit
from pillow_kmq.codec.levels.default import stripe_kernel as level_default

FILES = [Path(__file__).parent / "vectors" / f"good-mixed-option-{option}-60.kmq" for option in (1, 3)]

OPENING = """
import sys
import numba
numba.__version__ = sys.argv[1]
import pillow_kmq
from PIL import Image
from pillow_kmq.codec import level_default, worth
from pillow_kmq.codec.compiled import compiled
worth.prefer_compiled()
print(Image.open(sys.argv[2]).tobytes().hex())
print(type(compiled(level_default).mixed_stripe).__module__)
"""

pytestmark = pytest.mark.jit
needs_target = pytest.mark.skipif(
    _jit.integer_jit() is numba.njit, reason="this package was not tested with the inside of this version of Numba"
)


@needs_target
def test_kernels_of_the_codec_are_compiled_for_whole_numbers() -> None:
    assert type(compiled(level_default).mixed_stripe).__module__ == "pillow_kmq._integer_target"


def item(values, place):  # type: ignore[no-untyped-def]
    return values[place]


def change(values, place):  # type: ignore[no-untyped-def]
    values[place] = 1


@needs_target
@pytest.mark.parametrize("use", [item, change])
def test_places_of_items_are_not_asked_whether_they_are_negative(use: Any) -> None:
    listings = []
    for jit in (_jit.integer_jit(), numba.njit):
        function: Any = jit(**_jit._OPTIONS)(use)
        _jit.ready(function, (np.zeros(4, np.uint16), 3))
        listings += function.inspect_llvm().values()
    own, others = ("select" in listing for listing in listings)
    assert others
    assert not own


def test_other_versions_of_numba_keep_their_own_target() -> None:
    assert _jit.integer_jit(version="0.61.2") is numba.njit
    assert _jit.integer_jit(version="1.0.0rc1") is numba.njit


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_files_open_the_same_with_other_versions_of_numba(tmp_path: Path, file: Path) -> None:
    command = [sys.executable, "-c", OPENING, "1.0.0", str(file)]
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert run.stdout.split() == [Image.open(file).tobytes().hex(), "numba.core.registry"]


@needs_target
def test_functions_of_others_compile_beside_the_target() -> None:
    @numba.njit
    def total(count: int) -> float:
        values = np.zeros(count)
        for i, name in enumerate(["a", "bc"]):
            values[i] = min(len(name), 5, 7)
        return values.sum()  # type: ignore[no-any-return]

    assert type(compiled(level_default).mixed_stripe) is not type(total)
    assert total(4) == 3


def either(first, x):  # type: ignore[no-untyped-def]
    if first:
        return x + 1
    return x.none_such


@needs_target
def test_what_a_constant_argument_rules_out_is_not_even_typed() -> None:
    function = _jit.integer_jit()(either)  # not kept on disk
    assert _jit.ready(function, (True, 4))(True, 4) == 5
    with pytest.raises(numba.TypingError):
        _jit.ready(function, (False, 4))


@needs_target
def test_helpers_are_compiled_once_whatever_known_numbers_they_are_given() -> None:
    jit = _jit.integer_jit()

    def plus(first, x, y):  # type: ignore[no-untyped-def]
        return x + y if first else x - y

    plus = _jit.inlined(plus, jit)

    def sums(x):  # type: ignore[no-untyped-def]
        return plus(True, x, 1) + plus(True, 2, x) + plus(True, 3, 4)

    function = jit(sums)
    assert _jit.ready(function, (5,))(5) == 20
    assert len(plus.overloads) == 1  # type: ignore[attr-defined]
