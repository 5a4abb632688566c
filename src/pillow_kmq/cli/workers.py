"""Worker processes that convert several inputs at a time.

Each has a pipe of its own, so that one that is killed, as by a system that runs out of memory, takes only its own input
with it. Processes are spawned, not forked: the command runs in a thread, and a forked process may find locked locks.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import connection, get_context, parent_process
from typing import Any

from ..saving.files import abandon
from .batch import Result, at_end, failure, perform
from .convert import Settings
from .outputs import Job

_MOMENT = 0.1
"""Seconds between updates of the progress bar, and between checks for signals on Windows."""

_PATIENCE = 1.5
"""Seconds that processes have to remove unfinished files when the command ends early."""

_READY = 0.5
"""Fraction of a job that is done when the kernels that it needs are compiled."""

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

_LOG = logging.getLogger("pillow_kmq")

_running: set[_Worker] = set()
_stopping = False


def in_processes(
    jobs: Sequence[Job],
    settings: Settings,
    count: int,
    progress: Callable[[float], object] | None,
    finished: Callable[[], object],
) -> Iterator[Result]:
    """Yield the results of all jobs, in the order of the jobs. Arguments are those of `batch.results`."""
    at_end.append(stop)
    pool = _Pool(jobs, settings, count, finished)
    try:
        for index in range(len(jobs)):
            while index not in pool.results:
                pool.turn()
                if progress is not None:
                    progress(0.0)
            yield pool.results.pop(index)
    except BaseException:
        stop()
        raise
    pool.close()


class _Pool:
    """The processes and the jobs that they share out.

    Attributes:
        results: Results that were not taken yet, by the index of the job.
    """

    def __init__(self, jobs: Sequence[Job], settings: Settings, count: int, finished: Callable[[], object]) -> None:
        self.results: dict[int, Result] = {}
        self._jobs, self._settings, self._count, self._finished = jobs, settings, count, finished
        self._workers: dict[Any, _Worker] = {}  # by their pipes
        self._next = 0
        self._ready = False
        self._said: set[str] = set()

    def turn(self) -> None:
        """Start processes, wait a moment for messages, and handle them."""
        # One process compiles what is not compiled yet; several would do so at the same time.
        count = self._count if self._ready else 1
        while len(self._workers) < count and self._next < len(self._jobs):
            try:
                worker = _Worker(self._settings)
            except OSError:  # too many processes, or too little memory for another one
                self._count = len(self._workers)
                break
            self._workers[worker.pipe] = worker
            self._hand_out(worker)
        if not self._workers:
            index, self._next = self._next, self._next + 1
            self._finish(index, perform(self._jobs[index], self._settings, None))
        for pipe in connection.wait(list(self._workers), _MOMENT):
            self._receive(self._workers[pipe])

    def _hand_out(self, worker: _Worker) -> None:
        """Send the next job to a worker, or end it if there is none."""
        if self._next == len(self._jobs):
            del self._workers[worker.pipe]
            worker.finish()
            return
        worker.index, self._next = self._next, self._next + 1
        with suppress(OSError):  # it has died, and the next turn will find out
            worker.pipe.send(self._jobs[worker.index])

    def _receive(self, worker: _Worker) -> None:
        try:
            message = worker.pipe.recv()
        except (EOFError, OSError):
            del self._workers[worker.pipe]
            self._finish(worker.index, failure(self._jobs[worker.index], worker.end()))
            return
        if isinstance(message, Result):
            self._finish(worker.index, message)
            self._hand_out(worker)
        elif isinstance(message, logging.LogRecord):
            text = message.getMessage()
            if message.levelno == logging.DEBUG or text not in self._said:
                self._said.add(text)
                _LOG.handle(message)
        else:
            self._ready = True

    def _finish(self, index: int, result: Result) -> None:
        self._ready = True
        self.results[index] = result
        self._finished()

    def close(self) -> None:
        """End all processes, none of which has a job."""
        for worker in self._workers.values():
            worker.finish()


class _Worker:
    """A worker process, as the command sees it.

    Attributes:
        pipe: Connection to the process.
        process: The process.
        index: Index of the job that it works on.
    """

    def __init__(self, settings: Settings) -> None:
        context = get_context("spawn")
        self.index = -1
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, settings, _LOG.level), daemon=True)
        with _signals_blocked():  # until the process has handlers of its own
            self.process.start()
        theirs.close()
        _running.add(self)

    def finish(self) -> None:
        """End a process that waits for a job."""
        self.pipe.close()
        self.process.join(_PATIENCE)
        _running.discard(self)

    def end(self) -> str:
        """Return how a process ended that did not finish its job. Does not return if the command is about to end."""
        self.pipe.close()
        self.process.join(_PATIENCE)
        time.sleep(_MOMENT)  # a signal may have been sent to all processes
        while _stopping:
            time.sleep(_PATIENCE)
        _running.discard(self)
        code = self.process.exitcode
        if code is not None and code < 0:
            name = signal.Signals(-code).name
            return f"the process that converted it was killed ({name}); if memory ran out, try fewer --jobs"
        return f"the process that converted it ended with status {code}"


def stop() -> None:
    """End all processes early. They remove unfinished files, unless they take too long."""
    global _stopping
    _stopping = True
    processes = [worker.process for worker in list(_running)]
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + _PATIENCE
    left = {process.sentinel for process in processes}
    while left and time.monotonic() < deadline:
        left -= set(connection.wait(left, _MOMENT))
    for process in processes:
        if process.sentinel in left:
            process.kill()


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Block signals in this thread; a process that it starts inherits that."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(pipe: Any, settings: Settings, level: int) -> None:
    """Run a worker process: convert in a thread, until a signal comes or the command has ended."""
    gc.set_threshold(20_000)  # as in the command itself
    for name in ("KMQ_THREADS", "OPENBLAS_NUM_THREADS"):  # the other processors have processes of their own
        os.environ.setdefault(name, "1")
    _handle_signals()
    threading.Thread(target=_work, args=(pipe, settings, level), daemon=True).start()
    command = parent_process()
    assert command is not None
    while not connection.wait([command.sentinel], _MOMENT if os.name == "nt" else None):
        pass
    _end()


def _handle_signals() -> None:
    """Leave Ctrl-C to the command, which gets it too, and end at once on other signals."""
    for number in _SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:  # as under nohup
            signal.signal(number, signal.SIG_IGN if number == signal.SIGINT else _end)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def _end(*_: object) -> None:
    abandon()
    os._exit(1)


def _work(pipe: Any, settings: Settings, level: int) -> None:
    """Convert the inputs that the command sends, until it closes the pipe."""
    lock = threading.Lock()

    def send(message: Any) -> None:
        with lock:
            pipe.send(message)

    _LOG.addHandler(_Sender(send))
    _LOG.setLevel(level)
    ready = False

    def progress(done: float) -> None:
        nonlocal ready
        if done >= _READY and not ready:
            ready = True
            send(None)

    status = 1
    try:
        while True:
            send(perform(pipe.recv(), settings, progress))
    except (EOFError, OSError):  # the command needs no more
        status = 0
    finally:
        os._exit(status)


class _Sender(logging.Handler):
    """Handler that passes log records on to the command."""

    def __init__(self, send: Callable[[Any], None]) -> None:
        super().__init__()
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record, with its text complete."""
        about = {"name": record.name, "levelno": record.levelno, "msg": record.getMessage()}
        with suppress(OSError):
            self._send(logging.makeLogRecord(about))
