"""Small kernels that are compiled together with those of stripes, by two processes, so that later files profit."""

from __future__ import annotations

from ...kernels import Kernel
from ...kernels.ahead import prepare
from ...kernels.kernel import Variant
from ..palette.sorted_colors_kernel import code_colors
from ..symbols.margins_kernel import map_rows


def prepare_with(stripes: Variant, decoding: bool, *others: Kernel) -> None:
    """Compile the kernels that code stripes, palettes and margins.

    Args:
        stripes: The variant that codes stripes.
        decoding: Compile for decoding instead of encoding.
        others: Further kernels that the level calls.
    """
    prepare([stripes, map_rows.variant(), code_colors.variant(decoding), *(other.variant() for other in others)])
