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
BLOCK = re.compile(
    r'^```(?P<language>\w*)(?: title="(?P<file>[^"]+)")?\n(?P<code>.*?)^```\n(?:\n```text\n(?P<output>.*?)^```\n)?',
    re.MULTILINE | re.DOTALL,
)


@dataclass
class Example:
    """A block of a page.

    language: "python", "console" or "file". start, end: where the block and its output stand in the page. code: of
    Python, one command, or the content of the file. expected: what the page says it prints. file: name of a file.
    """

    language: str
    start: int
    end: int
    code: str
    expected: str = ""
    file: str = ""


def languages(page: Path) -> set[str]:
    """Return the languages of all blocks of a page, except files."""
    blocks = BLOCK.finditer(page.read_text(encoding="utf-8"))
    return {block["language"] for block in blocks if not block["file"]}


def examples(text: str) -> list[Example]:
    """Return all examples of a page, a console block as one for each command."""
    found = []
    for block in BLOCK.finditer(text):
        if block["file"]:
            found.append(Example("file", block.start(), block.end(), block["code"], file=block["file"]))
        elif block["language"] == "python":
            found.append(Example("python", block.start(), block.end(), block["code"], block["output"] or ""))
        elif block["language"] == "console":
            start = block.start("code")
            for command in re.finditer(r"\$ (.*\n)((?:(?!\$ ).*\n)*)", block["code"]):
                at = start + command.start(2), start + command.end(2)
                found.append(Example("console", *at, command[1].strip(), command[2]))
    return found


class Session:
    """The folder and the variables that the examples of a page share.

    Args:
        folder: Where they run, with the sample images.
        programs: Folder for the command `kmq` of this Python, so that make and xargs find it.
    """

    def __init__(self, folder: Path, programs: Path) -> None:
        for sample in (ROOT / "sample_images").glob("*.png"):
            shutil.copy(sample, folder)
        script = programs / "kmq"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pillow_kmq "$@"\n')
        script.chmod(0o755)
        path = os.pathsep.join([str(programs), os.environ["PATH"]])
        outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        self._environment = {**outside, "PYTHONWARNINGS": "", "PATH": path, "LC_ALL": "C.UTF-8"}
        self._folder = folder
        self._names: dict[str, Any] = {"__name__": "__main__"}

    def output(self, example: Example) -> str:
        """Run an example and return what it prints."""
        if example.language == "file":
            return self._file(self._folder / example.file, example.code)
        return self._python(example.code) if example.language == "python" else self._console(example.code)

    def _file(self, path: Path, content: str) -> str:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        return ""

    def _python(self, code: str) -> str:
        printed = io.StringIO()
        with chdir(self._folder), redirect_stdout(printed):
            exec(compile(code, "<example>", "exec"), self._names)
        return printed.getvalue()

    def _console(self, command: str) -> str:
        printed = self.shell(command).stdout
        return re.sub(r"; [\d.]+ s$", "; 0.4 s", printed, flags=re.MULTILINE)  # times differ from run to run

    def shell(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in bash. What it prints on standard error is in `stdout`, too."""
        return subprocess.run(
            ["bash", "-c", command],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def run(page: Path) -> Iterator[tuple[Example, str]]:
    """Run all examples of a page; yield each with what it printed."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as programs:
        session = Session(Path(folder), Path(programs))
        for example in examples(page.read_text(encoding="utf-8")):
            yield example, session.output(example)


def rewrite(page: Path) -> None:
    """Replace the output that a page shows by what its examples print."""
    text = page.read_text(encoding="utf-8")
    for example, printed in reversed(list(run(page))):
        if example.language == "file":
            continue
        if example.language == "python":
            output = f"\n```text\n{printed}```\n" if printed else ""
            printed = f"```python\n{example.code}```\n{output}"
        text = text[: example.start] + printed + text[example.end :]
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for each in map(Path, sys.argv[1:]) if len(sys.argv) > 1 else PAGES:
        rewrite(each)
