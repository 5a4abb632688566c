"""The errors this package raises: one family, each also the builtin that Pillow and its users expect."""


class KmqError(Exception):
    """Base of every error that pillow-kmq raises on purpose."""


class OptionError(KmqError, ValueError):
    """An argument has a value that makes no sense; the message says which values do."""


class OptionTypeError(KmqError, TypeError):
    """An argument has the wrong type."""


class ModeError(KmqError, ValueError):
    """An image has a Pillow mode that cannot be quantised; the message says how to convert it."""


class QualityError(KmqError, ValueError):
    """The least quality asked for cannot be reached with the colours allowed; the message says what can."""


class SizeError(KmqError, ValueError):
    """No palette makes the file as small as asked; the message says how small it gets."""


class NotKmqError(KmqError, SyntaxError):
    """The data do not start like a KMQ file (Pillow then asks its other plugins)."""


class CorruptError(KmqError, OSError):
    """A KMQ file is damaged: broken data stream."""


class TruncatedError(CorruptError):
    """A KMQ file ends too early."""


class UnsupportedError(KmqError, OSError):
    """A valid KMQ file needs a newer decoder, or an image has a mode that a format cannot hold."""


class LimitError(KmqError, OSError):
    """A file or an image is larger than the limits in force."""


class FrameError(KmqError, EOFError):
    """There is no such frame."""


class FrameReadError(KmqError, OSError):
    """A frame of an image cannot be read; the message says which and why."""


class CancelledError(KmqError):
    """A progress callback asked to stop."""
