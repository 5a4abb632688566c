"""Run the examples of the documentation, and write down what they print.

    python tests/examples.py        # rewrites the output that the pages show

Blocks of one page run in order, in one folder that holds the sample images. Python blocks share their variables; what
they print stands in a block `text` right after them. In a block `console`, each line `$ ...` is a command, and the
lines below are what it prints. Blocks `sh` set something up (pip, git, a server) and do not run.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "docs" / "index.md",
    *sorted((ROOT / "docs").glob("coming-from-*.md")),
    ROOT / "docs" / "options.md",
    ROOT / "docs" / "command.md",
    *sorted((ROOT / "docs" / "guide").glob("*.md")),
]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)


@dataclass
class Example:
    """A block of a page.

    language: "python" or "console". start, end: where the block and its output stand in the page. code: of Python, or
    one command. expected: what the page says it prints.
    """

    language: str
    start: int
    end: int
    code: str
    expected: str


def languages(page: Path) -> set[str]:
    """Return the languages of all blocks of a page."""
    return set(re.findall(r"^```(\w*)$", page.read_text(encoding="utf-8"), re.MULTILINE)[::2])


def examples(text: str) -> list[Example]:
    """Return all examples of a page, a console block as one for each command."""
    found = []
    for block in BLOCK.finditer(text):
        if block[1] == "python":
            found.append(Example("python", block.start(), block.end(), block[2], block[3] or ""))
        elif block[1] == "console":
            start = block.start(2)
            for command in re.finditer(r"\$ (.*\n)((?:(?!\$ ).*\n)*)", block[2]):
                at = start + command.start(2), start + command.end(2)
                found.append(Example("console", *at, command[1].strip(), command[2]))
    return found


class Session:
    """The folder and the variables that the examples of a page share."""

    def __init__(self, folder: Path) -> None:
        for sample in (ROOT / "sample_images").glob("*.png"):
            shutil.copy(sample, folder)
        self._folder = folder
        self._names: dict[str, Any] = {"__name__": "__main__"}

    def output(self, example: Example) -> str:
        """Run an example and return what it prints."""
        return self._python(example.code) if example.language == "python" else self._console(example.code)

    def _python(self, code: str) -> str:
        printed = io.StringIO()
        with chdir(self._folder), redirect_stdout(printed):
            exec(compile(code, "<example>", "exec"), self._names)
        return printed.getvalue()

    def _console(self, command: str) -> str:
        """Run a command in a shell, where `kmq` is that of this Python. Standard error is printed, too."""
        prelude = f'kmq() {{ "{sys.executable}" -m pillow_kmq "$@"; }}\n'
        environment = {**os.environ, "PYTHONWARNINGS": ""}
        done = subprocess.run(
            ["bash", "-c", prelude + command],
            cwd=self._folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return done.stdout


def run(page: Path) -> Iterator[tuple[Example, str]]:
    """Run all examples of a page; yield each with what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        session = Session(Path(folder))
        for example in examples(page.read_text(encoding="utf-8")):
            yield example, session.output(example)


def rewrite(page: Path) -> None:
    """Replace the output that a page shows by what its examples print."""
    text = page.read_text(encoding="utf-8")
    for example, printed in reversed(list(run(page))):
        if example.language == "python":
            output = f"\n```text\n{printed}```\n" if printed else ""
            printed = f"```python\n{example.code}```\n{output}"
        text = text[: example.start] + printed + text[example.end :]
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for each in map(Path, sys.argv[1:]) if len(sys.argv) > 1 else PAGES:
        rewrite(each)
