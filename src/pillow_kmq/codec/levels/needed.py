"""Small kernels that go with those of stripes: compiled together, by two processes, so that later files profit."""

from __future__ import annotations

from ...kernels import Kernel
from ...kernels.ahead import prepare
from ...kernels.kernel import Variant
from ..palette.sorted_colors_kernel import code_colors
from ..symbols.margins_kernel import map_rows


def prepare_with(stripes: Variant, decoding: bool, *others: Kernel) -> None:
    """Compile what codes stripes. others: kernels that the level calls beside those of palettes and margins."""
    prepare([stripes, map_rows.variant(), code_colors.variant(decoding), *(other.variant() for other in others)])
