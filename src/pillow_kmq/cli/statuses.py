"""Exit statuses of the command: those of pngquant, where it has one.

After several failures, the status is that of the last one in the order of the inputs, as in pngquant.
"""

from __future__ import annotations

from ..errors import (
    CorruptError,
    FrameReadError,
    KmqError,
    OptionError,
    OptionTypeError,
    QualityError,
    SizeError,
    StrictError,
)

FAILED = 1  # a reason that none of the others describes
UNREADABLE = 2
WRONG_USAGE = 4
EXISTS = 15  # an existing file, or the output of another input, would be overwritten
UNWRITABLE = 16
DAMAGED = 25  # a damaged image, or not an image
NOT_IN_PALETTE = 97  # held back by --strict
LARGER = 98  # held back by --skip-if-larger or --max-bytes
TOO_BAD = 99  # held back by --quality

MEANINGS = {
    0: "all outputs were written",
    FAILED: "an input failed for another reason, such as too little memory",
    UNREADABLE: "an input cannot be read",
    WRONG_USAGE: "wrong usage",
    EXISTS: "an output exists, or is that of another input",
    UNWRITABLE: "an output cannot be written",
    DAMAGED: "an input is damaged or is not an image",
    NOT_IN_PALETTE: "--strict held an output back",
    LARGER: "--skip-if-larger or --max-bytes held an output back",
    TOO_BAD: "--quality held an output back",
    130: "Ctrl-C",
}
"""The meaning of each status, for the help."""

_STATUSES: dict[type[KmqError], int] = {
    StrictError: NOT_IN_PALETTE,
    QualityError: TOO_BAD,
    SizeError: LARGER,
    OptionError: WRONG_USAGE,
    OptionTypeError: WRONG_USAGE,
    CorruptError: DAMAGED,
    FrameReadError: DAMAGED,
}


class Refused(KmqError):
    """Error of one input that cannot be converted; the message is shown to the user.

    Attributes:
        status: The exit status.
    """

    def __init__(self, message: str, status: int = FAILED) -> None:
        super().__init__(message)
        self.status = status


def status_of(error: KmqError) -> int:
    """Return the exit status for an error of one input."""
    if isinstance(error, Refused):
        return error.status
    return next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), FAILED)
