"""CPU time of candidates that are run in turns, so that a machine's moods hit all of them alike."""

from __future__ import annotations

import gc
import resource
import statistics
import time

from PIL import Image

from rivals import Candidate

Timed = tuple[Image.Image, list[float]]


def cpu_seconds(candidate: Candidate, image: Image.Image, k: int) -> tuple[Image.Image, float]:
    """One run: the result, and the CPU seconds of all threads (of its child process for a command)."""
    if candidate.child:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = candidate.run(image, k)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return result, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    begin = time.process_time()
    result = candidate.run(image, k)
    return result, time.process_time() - begin


def in_turns(candidates: list[Candidate], image: Image.Image, k: int, rounds: int) -> dict[str, Timed]:
    """Each candidate once, then each again, ...: its first result and one time per round; slow ones run once.

    Raises RuntimeError where pillow-kmq gives another result in a later round.
    """
    found: dict[str, Timed] = {}
    for turn in range(rounds):
        for one in candidates:
            if turn and one.slow:
                continue
            gc.collect()
            result, seconds = cpu_seconds(one, image, k)
            first, times = found.setdefault(one.name, (result, []))
            times.append(seconds)
            if one.ours and result.tobytes() != first.tobytes():
                raise RuntimeError(f"{one.name} is not deterministic")
    return found


def relative(times: list[float], reference: list[float]) -> float:
    """Median over rounds of the time over the reference's time in the same round."""
    return statistics.median(a / b for a, b in zip(times, reference, strict=False))
