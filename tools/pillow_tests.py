"""Comparison of the results of Pillow's own tests without and with this quantiser installed.

    python tools/pillow_tests.py

The source of the installed Pillow is downloaded from PyPI. The exit status is 1 if a test fails with this quantiser
only and is not listed in docs/coming-from-pillow.md.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

import PIL

HERE = Path(__file__).resolve().parent
LIST = HERE.parent / "docs" / "coming-from-pillow.md"
FILES = ("apng", "gif", "png", "tiff", "webp", "webp_alpha", "webp_animated")
IMAGES = ("convert", "getcolors", "putpalette", "quantize")
MODULES = [
    *(f"file_{name}" for name in FILES),
    *(f"image_{name}" for name in IMAGES),
    "imageops",
    "imagepalette",
    "pickle",
]


def pytest_configure() -> None:
    """Install this quantiser; called by pytest, which loads this module as a plugin."""
    import pillow_kmq

    pillow_kmq.install()


def sources(folder: Path) -> Path:
    """Download and unpack the source of the installed Pillow."""
    download = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", "pillow", "-d", folder]
    subprocess.run([*download, f"pillow=={PIL.__version__}"], check=True)
    (archive,) = folder.glob("pillow-*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder / archive.name.removesuffix(".tar.gz")


def failures(root: Path, *arguments: str) -> set[str]:
    """Run the tests and return the names of those that fail, without their parameters."""
    results = root / "results.xml"
    modules = [f"Tests/test_{name}.py" for name in MODULES]
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", f"--junitxml={results}"]
    paths = os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])])
    subprocess.run([*command, *arguments, *modules], cwd=root, env={**os.environ, "PYTHONPATH": paths}, check=False)
    cases = list(ElementTree.parse(results).iter("testcase"))
    assert len(cases) > 500, "Pillow's tests did not run"
    failed = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    return {f"{case.get('classname', '').split('.')[1]}::{case.get('name', '').split('[')[0]}" for case in failed}


def main() -> int:
    """Print the differences and return the exit status."""
    with TemporaryDirectory() as folder:
        root = sources(Path(folder))
        differ = failures(root, "-p", "pillow_tests") - failures(root)
    listed = set(re.findall(r"^\| `(test_\w+::\w+)`", LIST.read_text(encoding="utf-8"), re.MULTILINE))
    print(f"Pillow {PIL.__version__}: {len(differ)} tests differ")
    for name in sorted(differ | listed):
        print(name, "listed" if name in differ & listed else "NOT LISTED" if name in differ else "no difference")
    return 1 if differ - listed else 0


if __name__ == "__main__":
    sys.exit(main())
