"""A Dask cluster on this machine for tests: a scheduler and workers as processes."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Cluster:
    """A running cluster.

    client: connected to the scheduler. workers: the processes, which are not restarted if they die.
    """

    client: Any
    workers: list[subprocess.Popen[bytes]]


@contextmanager
def running_cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    """Start a scheduler and workers of one thread; stop them at the end. `folder` holds logs and scratch files."""
    from distributed import Client

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    alone = ["--no-dashboard"]
    processes = [_start("scheduler", folder, "--host", "127.0.0.1", "--port", str(port), *alone)]
    try:
        for _ in range(workers):
            options = ["--nthreads", "1", "--no-nanny", "--memory-limit", "0", "--local-directory", str(folder)]
            processes.append(_start("worker", folder, address, *options, *alone))
        with Client(address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)
            yield Cluster(client, processes[1:])
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


def _start(kind: str, folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments]
    with (folder / f"{kind}.log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
