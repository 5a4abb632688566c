"""Rows to CSV and Markdown, with the machine and the versions they were measured on."""

from __future__ import annotations

import csv
import datetime
import os
import platform
import statistics
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

from rivals import versions

Row = dict[str, object]
HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"


def processor() -> str:
    """Its model, as far as the system tells."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return model


def machine() -> str:
    """Processor, cores, system, Python: one line."""
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{processor()}, {os.cpu_count()} cores, {system}"


def commit() -> str:
    """The commit that was measured, with a plus where files of the package differ from it."""
    git = ["git", "-C", str(HERE)]
    try:
        name = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
        changed = subprocess.run([*git, "status", "--porcelain", "--", "../src"], capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return name.stdout.strip() + ("+" if changed.stdout.strip() else "")


TIMES = "CPU time, one thread each, compiled, candidates in turns; only the ratios travel"


def heading(images: str, times: str = TIMES) -> str:
    """What every result starts with: which images there are, and how times were taken."""
    today = datetime.date.today().isoformat()
    programs = ", ".join(f"{name} {version}" for name, version in versions().items())
    load = f"; load average {os.getloadavg()[0]:.1f} at the end" if hasattr(os, "getloadavg") else ""
    return (
        f"- date: {today}; commit {commit()}\n- machine: {machine()}{load}\n- versions: {programs}\n"
        f"- images: {images}\n"
        f"- time: {times}\n"
    )


def write_csv(name: str, rows: list[Row], folder: Path = RESULTS) -> None:
    """One line per measurement."""
    folder.mkdir(parents=True, exist_ok=True)
    fields = list(dict.fromkeys(field for row in rows for field in row))
    with (folder / f"{name}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fields, lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _short(value) for key, value in row.items()} for row in rows)


def _short(value: object) -> object:
    return f"{value:.5g}" if isinstance(value, float) else value


def mean(rows: Iterable[Row], field: str) -> float | None:
    """Mean of a field over the rows that have it."""
    values = [float(row[field]) for row in rows if row.get(field) is not None]  # type: ignore[arg-type]
    return statistics.fmean(values) if values else None


def median(rows: Iterable[Row], field: str) -> float | None:
    """Median of a field over the rows that have it."""
    values = [float(row[field]) for row in rows if row.get(field) is not None]  # type: ignore[arg-type]
    return statistics.median(values) if values else None


Column = tuple[str, str, Callable[[Iterable[Row], str], float | None], str]
"""Heading, field, how rows are summed up, format."""


def table(rows: list[Row], columns: list[Column], first: str = "candidate") -> str:
    """A Markdown table with a line per value of `first`, in the order of appearance."""
    lines = ["| " + " | ".join([first, *(column[0] for column in columns)]) + " |"]
    lines.append("|---" + "|---:" * len(columns) + "|")
    for name in dict.fromkeys(row[first] for row in rows):
        group = [row for row in rows if row[first] == name]
        cells = []
        for _, field, summary, style in columns:
            value = summary(group, field)
            cells.append("" if value is None else format(value, style))
        lines.append("| " + " | ".join([str(name), *cells]) + " |")
    return "\n".join(lines) + "\n"
