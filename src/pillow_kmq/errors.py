"""The errors of this package. Each is also the builtin exception that Pillow's users expect."""


class KmqError(Exception):
    """Base class of all errors raised by pillow-kmq."""


class OptionError(KmqError, ValueError):
    """An argument has an invalid value; the message names the valid ones."""


class OptionTypeError(KmqError, TypeError):
    """An argument has the wrong type."""


class ModeError(KmqError, ValueError):
    """An image has a Pillow mode that is not supported; the message says how to convert it."""


class QualityError(KmqError, ValueError):
    """The minimum quality cannot be reached with the allowed colours; the message names the best quality."""


class StrictError(KmqError, ValueError):
    """With `strict=True`, a pixel is not in the given palette; the message names its colour and position."""


class SizeError(KmqError, ValueError):
    """No palette makes the file small enough; the message names the smallest size."""


class PaletteFileError(KmqError, ValueError):
    """A palette file is damaged, of an unknown format, or has too many colours."""


class NotKmqError(KmqError, SyntaxError):
    """The data do not start like a KMQ file; Pillow then tries its other plugins."""


class CorruptError(KmqError, OSError):
    """A KMQ file is damaged or breaks a rule of the format."""


class TruncatedError(CorruptError):
    """A KMQ file ends too early."""


class UnsupportedError(KmqError, OSError):
    """A KMQ file needs a newer decoder, or a file format does not support the mode of an image."""


class LimitError(KmqError, OSError):
    """A file or an image exceeds a limit."""


class FrameError(KmqError, EOFError):
    """An animation has no frame of this number."""


class FrameReadError(KmqError, OSError):
    """A frame cannot be read; the message says which and why."""


class WorkerLostError(KmqError, RuntimeError):
    """A worker process of a collection ended unexpectedly; the message says what is kept."""


class CancelledError(KmqError):
    """A progress callback asked to stop."""
