"""What a context-mixing level is made of (docs/FORMAT.md, section 7.2)."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from .tree import Tree

if TYPE_CHECKING:
    from ..types import Indices


class Model(NamedTuple):
    """A level for `mixed` to run.

    kernels: has mixed_stripe. rows, columns: the margin of a stripe's symbols, above and on either
    side. work: about how many times that of the level `default` a pixel costs; stripes are as many times larger.
    option: of an image and its number of symbols: 0..3, how large tables are. plain, arrays: the state at the start of
    a stripe, from symbols, tree and option, without NumPy and for compiled kernels.
    """

    kernels: ModuleType
    rows: int
    columns: int
    work: int
    option: Callable[[Indices, int], int]
    plain: Callable[[Any, Tree, int], Any]
    arrays: Callable[[Any, Tree, int], Any]
