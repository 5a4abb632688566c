"""The principal axis of a cluster, by power iteration."""

from __future__ import annotations

import numpy as np


def principal_axis(v00, v01, v02, v03, v11, v12, v13, v22, v23, v33, steps):  # type: ignore[no-untyped-def]
    """Return the axis of largest inertia, four coordinates of unit length, and the inertia along it.

    v00 to v33: second moments of the cluster about its mean, the upper half of a symmetric matrix.
    steps: number of iterations.
    """
    # The start is biased towards the widest coordinate, so that it is not orthogonal to the axis.
    a0, a1, a2, a3 = v00 + abs(v01), v11 + abs(v12), v22 + abs(v23), v33 + abs(v03)
    length = 0.0
    for _ in range(steps):
        b0 = v00 * a0 + v01 * a1 + v02 * a2 + v03 * a3
        b1 = v01 * a0 + v11 * a1 + v12 * a2 + v13 * a3
        b2 = v02 * a0 + v12 * a1 + v22 * a2 + v23 * a3
        b3 = v03 * a0 + v13 * a1 + v23 * a2 + v33 * a3
        length = np.sqrt(b0 * b0 + b1 * b1 + b2 * b2 + b3 * b3)
        if not length > 0.0:
            break
        a0, a1, a2, a3 = b0 / length, b1 / length, b2 / length, b3 / length
    return a0, a1, a2, a3, length
