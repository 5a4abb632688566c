"""What makes a kernel another one: its source, and what it reaches, wherever that is."""

from __future__ import annotations

import shutil
import zipfile
from importlib.machinery import ModuleSpec
from pathlib import Path

import llvmlite
import pytest

from pillow_kmq.kernels import machine, store
from toy_package import Package

pytestmark = pytest.mark.jit

DIGESTS = "show([toys.add.digest, toys.divide.digest, toys.along.digest])"
ADD = "show([toys.add(np.arange(10), 0), 'numba' in sys.modules])"
HELPERS, CONSTANTS = "others/helpers.py", "others/constants.py"


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        (HELPERS, "return x * 2", "return x * 2.0"),
        (CONSTANTS, "1000", "1001"),
        ("toys.py", "number = plus(number, values[i])", "number = plus(values[i], number)"),
    ],
    ids=["a helper of a helper in another folder", "a constant that the helper imports", "its own source"],
)
def test_whatever_a_kernel_reaches_changes_its_hash(package: Package, name: str, before: str, after: str) -> None:
    old = package.run(DIGESTS)[0]
    package.edit(name, before, after)
    assert package.run(DIGESTS)[0] != old


def test_fields_of_a_type_change_the_hash_wherever_it_is_defined(package: Package) -> None:
    package.edit(
        "toys.py",
        "from .others.helpers import Line, plus",
        "from .others.line import Line\nfrom .others.helpers import plus",
    )
    line = (package.source / HELPERS).read_text(encoding="utf-8").replace("from .constants import STEP\n", "")
    (package.source / "others" / "line.py").write_text(line, encoding="utf-8")
    add, _, along = package.run(DIGESTS)
    package.edit(
        "others/line.py", "    numbers: i64_flat\n    bytes: u8_flat\n", "    bytes: u8_flat\n    numbers: i64_flat\n"
    )
    assert package.run(DIGESTS)[0] == add
    assert package.run(DIGESTS)[2] != along


def test_nothing_else_changes_it(package: Package, tmp_path: Path) -> None:
    old = package.run(DIGESTS)
    package.edit("others/__init__.py", "", "UNUSED = 1")
    package.edit("kernels/ahead.py", "from __future__", "# Changed.\nfrom __future__")
    assert package.run(DIGESTS, PYTHONHASHSEED="7") == old
    shutil.copytree(package.source, tmp_path / "elsewhere" / "pillow_kmq")
    assert package.run(DIGESTS, PYTHONPATH=str(tmp_path / "elsewhere")) == old


@pytest.mark.parametrize(
    ("name", "before", "after", "answer"),
    [(HELPERS, "return x * 2", "return x * 3", 2013), (CONSTANTS, "1000", "2000", 2045)],
    ids=["helper", "constant"],
)
def test_after_an_edit_in_another_folder_a_kernel_is_compiled_again(
    package: Package, name: str, before: str, after: str, answer: int
) -> None:
    assert package.run(ADD) == [1045, True]
    assert package.run(ADD) == [1045, False]
    package.edit(name, before, after)
    assert package.run(ADD) == [answer, True]
    assert package.run(ADD) == [answer, False]
    package.edit(name, after, before)
    assert package.run(ADD) == [1045, False]


def test_a_change_in_how_kernels_are_compiled_compiles_them_again(package: Package) -> None:
    assert package.run(ADD) == [1045, True]
    package.edit("kernels/compiler.py", '"fastmath": False', '"fastmath": True')
    assert package.run(ADD) == [1045, True]


def compilers() -> str:
    """What the name of a file says of the processor and what compiled it."""
    return store._compilers.__wrapped__()


def test_a_file_is_for_one_processor_and_one_version_of_numba_and_llvmlite(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen = {compilers()}
    assert compilers() in seen
    cpu, features = machine.host()
    for host in (("another", features), (cpu, features + ",+another")):
        with monkeypatch.context() as patch:
            patch.setattr(machine, "host", lambda h=host: h)
            seen.add(compilers())
    with monkeypatch.context() as patch:
        patch.setattr(llvmlite, "__version__", "0.1")
        seen.add(compilers())
    (tmp_path / "_version.py").write_text("another", encoding="utf-8")
    monkeypatch.setattr(store, "find_spec", lambda _: ModuleSpec("numba", None, origin=str(tmp_path / "__init__.py")))
    seen.add(compilers())
    assert len(seen) == 5


def test_a_package_without_source_files_has_kernels_too(package: Package) -> None:
    with zipfile.ZipFile(package.folder / "all.zip", "w") as archive:
        for path in package.source.rglob("*.py"):
            archive.write(path, path.relative_to(package.folder))
    shutil.rmtree(package.source)
    zipped = str(package.folder / "all.zip")
    assert package.run(ADD, PYTHONPATH=zipped) == [1045, True]
    assert package.run(ADD, PYTHONPATH=zipped) == [1045, False]
