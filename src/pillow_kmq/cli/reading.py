"""Errors of Pillow and of this package while a file is read, as one kind with an exit status."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, UnidentifiedImageError

from ..errors import KmqError, UnsupportedError
from ..frames import read_failure
from .statuses import DAMAGED, UNREADABLE, Refused


@contextmanager
def reading() -> Iterator[None]:
    """Raise Refused, or another KmqError, for whatever Pillow raises; suppress its warnings, meant for programmers."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except UnsupportedError as error:
        raise Refused(str(error), UNREADABLE) from None
    except KmqError:
        raise
    except UnidentifiedImageError:
        raise Refused("not an image that Pillow can read", DAMAGED) from None
    except Image.DecompressionBombError as error:
        raise Refused(f"too large: {error}", UNREADABLE) from None
    except MemoryError:
        raise Refused("not enough memory for an image of this size") from None
    except Exception as error:  # Pillow's decoders raise more than OSError for damaged files
        raise Refused(f"damaged image: {read_failure(error)}", DAMAGED) from None
