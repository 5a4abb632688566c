"""What a context-mixing level is made of (docs/FORMAT.md, section 7.2)."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from ..symbols.color_tree import Tree

if TYPE_CHECKING:
    from ..picture import Picture


class Model(NamedTuple):
    """A level for `mixed` to run.

    kernels: has mixed_stripe. rows, columns: the margin of a stripe's symbols, above and on either side. work: about
    how many times that of the level `default` a pixel costs; stripes are as many times larger. option: of a picture,
    0..3, how large tables are, and at the level `default` which model it has. milliseconds: how long plain
    Python may take for a number of pixels, symbols and bytes. plain, arrays: the state at the start of a stripe, from
    symbols, tree and option, without NumPy and for compiled kernels. constants: what
    mixed_stripe takes behind `decoding`, by option.
    """

    kernels: ModuleType
    rows: int
    columns: int
    work: int
    option: Callable[[Picture], int]
    milliseconds: Callable[[int, int, int], float]
    plain: Callable[[Any, Tree, int], Any]
    arrays: Callable[[Any, Tree, int], Any]
    constants: Callable[[int], tuple[bool, ...]] = lambda _: ()
