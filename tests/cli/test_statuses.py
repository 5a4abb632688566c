"""Exit statuses of the command."""

from __future__ import annotations

import pytest

from pillow_kmq.cli.statuses import Refused, status_of
from pillow_kmq.errors import (
    FrameReadError,
    KmqError,
    ModeError,
    OptionError,
    QualityError,
    SizeError,
    StrictError,
    TruncatedError,
)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Refused("odd", 16), 16),
        (Refused("odd"), 1),
        (QualityError("odd"), 99),
        (SizeError("odd"), 98),
        (StrictError("odd"), 97),
        (TruncatedError("odd"), 25),
        (FrameReadError("odd"), 25),
        (OptionError("odd"), 4),
        (ModeError("odd"), 1),
    ],
    ids=repr,
)
def test_each_kind_of_error_has_its_status(error: KmqError, status: int) -> None:
    assert status_of(error) == status
