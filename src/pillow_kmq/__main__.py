"""Entry point of the command `kmq` and of `python -m pillow_kmq`.

The command runs in a thread, so that a signal ends it at once: Python calls signal handlers in the main thread, and
only when that is not computing, compiling or reading.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
_MOMENT = 0.1  # seconds; on Windows, waiting without a timeout cannot be interrupted


def main() -> None:
    """Run the command. Ctrl-C ends the process by the signal, so that a shell sees status 130 and ends its loop."""
    gc.set_threshold(20_000)  # imports create many objects and free few: collection would take a tenth of start-up
    ours = _set_handlers(signal.SIG_DFL)  # there is nothing to clean up during imports
    from .cli import command as cli
    from .cli.terminal import unprintable

    def end(number: int, _: FrameType | None) -> None:
        cli.clean_up()
        if os.name == "posix":
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        os._exit(128 + number)

    failures: list[BaseException] = []

    def work() -> None:
        try:
            cli.main()
        except OSError as error:  # without a file name: --help, --version or the like could not be printed
            failures.append(error if error.filename else unprintable(error))
        except BaseException as error:
            failures.append(error)

    _set_handlers(end, ours)
    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    while worker.is_alive():
        worker.join(_MOMENT)
    if isinstance(failures[0], SystemExit):  # the normal case
        _leave(failures[0])
    raise failures[0]


def _leave(error: SystemExit) -> None:
    """End the process without Python's clean-up, which takes as long as quantising an icon.

    Return if Python has to print a message or if output cannot be flushed.
    """
    if isinstance(error.code, str):
        return
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except (OSError, ValueError):
        return
    os._exit(error.code or 0)


def _set_handlers(handler: Any, names: tuple[str, ...] = _ENDING) -> tuple[str, ...]:
    """Install `handler` for signals that have Python's default handling, and return their names."""
    default = signal.SIG_DFL, signal.default_int_handler
    ours = tuple(name for name in names if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) in default)
    for name in ours:
        signal.signal(getattr(signal, name), handler)
    return ours


if __name__ == "__main__":
    main()
