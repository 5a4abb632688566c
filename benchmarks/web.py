"""CPU time of the decoder in JavaScript (in Node) and of Python's, compiled, on the same files.

    python benchmarks/web.py            # our sample images at every level
    python benchmarks/web.py FILE...    # other .kmq files

One thread each, in turns, the least of nine rounds, or of sixty where Python takes less than a tenth of a second;
`first` is JavaScript's round before these, when nothing is compiled yet. CPU seconds count all threads of Node, its
compiler included.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from pillow_kmq import codec

HERE = Path(__file__).resolve().parent
SAMPLES = (("photo", 256), ("gradient", 256), ("screenshot", 256), ("sprite", 64), ("pixel-art", 32))
ROUNDS, MANY = 9, 60
BRIEF = 100  # milliseconds


def sample_files(folder: Path) -> list[Path]:
    """The samples as `.kmq` at every level."""
    files = []
    for name, colors in SAMPLES:
        for level in codec.COMPRESSIONS:
            files.append(folder / f"{name}-{level}.kmq")
            with Image.open(HERE.parent / "sample_images" / f"{name}.png") as image:
                image.save(files[-1], colors=colors, compression=level)
    return files


def python_ms(path: Path) -> float:
    """CPU milliseconds of one decode."""
    data = path.read_bytes()
    begin = time.process_time()
    codec.decode(data)
    return 1000 * (time.process_time() - begin)


class Node:
    """A Node process that decodes."""

    def __init__(self) -> None:
        command = ["node", str(HERE / "web.mjs")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def ms(self, path: Path) -> float:
        """CPU milliseconds of one decode."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{path}\n")
        return float(self.process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self.process.communicate()


def main() -> None:
    """Print a table."""
    codec.set_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(name).resolve() for name in sys.argv[1:]] or sample_files(Path(folder))
        print("| file | size | bytes | Python, ms | JavaScript, ms | first | ratio |\n|---|---|---|---|---|---|---|")
        for path in files:
            node = Node()
            first, _ = node.ms(path), python_ms(path)
            python, javascript = [], []
            for _ in range(MANY if python_ms(path) < BRIEF else ROUNDS):  # the browser's compiler takes some to end
                python.append(python_ms(path))
                javascript.append(node.ms(path))
            node.close()
            head = codec.decode(path.read_bytes())
            print(
                f"| {path.stem} | {head.width}x{head.height} | {path.stat().st_size} | {min(python):.1f} "
                f"| {min(javascript):.1f} | {first:.1f} | {min(javascript) / min(python):.2f} |"
            )


if __name__ == "__main__":
    main()
