"""Compiled kernels on disk: whatever lies there and however many use it, results are right."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from toy_package import Package

pytestmark = pytest.mark.jit
posix_only = pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
as_root = pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root gives files away")

ADD = "show([toys.add(np.arange(10), 0), 'numba' in sys.modules])"
BOTH = "show([toys.add(np.arange(10), 0), toys.divide(1, 4), 'numba' in sys.modules])"
COMPILED, LOADED = [1045, True], [1045, False]
WARNING = "pillow_kmq: cannot cache compiled kernels on disk"


# Damage


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, bytes]]:
    """Names and content of files of two kernels."""
    package = Package(tmp_path_factory.mktemp("code"))
    package.run("show(toys.add(np.arange(10), 0) + toys.divide(1, 2))")
    return {path.name.split("-")[0].split(".")[-1]: (path.name, path.read_bytes()) for path in package.files}


def flipped(file: bytes, place: int) -> bytes:
    return file[:place] + bytes([file[place] ^ 1]) + file[place + 1 :]


def checked(code: bytes) -> bytes:
    """Anything, behind a checksum of it."""
    return hashlib.sha256(code).digest() + code


DAMAGES: dict[str, Callable[[bytes, bytes], bytes]] = {
    "empty": lambda file, _: b"",
    "a part of the checksum": lambda file, _: file[:20],
    "no code": lambda file, _: file[:32],
    "no code and its checksum": lambda file, _: checked(b""),
    "the first half": lambda file, _: file[: len(file) // 2],
    "all but the last byte": lambda file, _: file[:-1],
    "more than there was": lambda file, _: file + b"\0",
    "another bit of code": lambda file, _: flipped(file, 700),
    "another bit of checksum": lambda file, _: flipped(file, 3),
    "text": lambda file, _: b"no such file\n" * 50,
    "text and its checksum": lambda file, _: checked(b"no such file\n" * 50),
    "zeros and their checksum": lambda file, _: checked(bytes(5000)),
    "half of the code and its checksum": lambda file, _: checked(file[32 : len(file) // 2]),
    "the file of another kernel": lambda _, other: other,
    "the code of another kernel and its checksum": lambda _, other: checked(other[32:]),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_or_foreign_file_is_compiled_again_and_repaired(
    package: Package, code: dict[str, tuple[str, bytes]], damage: Callable[[bytes, bytes], bytes]
) -> None:
    name, file = code["add"]
    package.cache.mkdir()
    path = package.cache / name
    path.write_bytes(damage(file, code["divide"][1]))
    assert package.run(ADD) == COMPILED
    assert path.read_bytes() == file
    assert package.files == [path]
    assert package.run(ADD) == LOADED


def test_a_file_of_another_kernel_that_passes_for_this_one_is_compiled_again(
    package: Package, code: dict[str, tuple[str, bytes]]
) -> None:
    name, file = code["add"]
    other = code["divide"][1][32:]
    store = "from pathlib import Path; from pillow_kmq.kernels import store\n"
    package.cache.mkdir()
    assert package.run(f"{store}store.put(Path({str(package.cache / name)!r}), {other!r}); " + ADD) == COMPILED
    assert (package.cache / name).read_bytes() == file


UNREADABLE = """
import pathlib
read_bytes = pathlib.Path.read_bytes
def refuse(path):
    if path.suffix == ".o" and path.stat().st_mode & 0o400 == 0:
        raise PermissionError(13, "Permission denied")
    return read_bytes(path)
pathlib.Path.read_bytes = refuse  # for root, too
"""


@posix_only
def test_a_file_that_cannot_be_read_is_compiled_again_and_replaced(
    package: Package, code: dict[str, tuple[str, bytes]]
) -> None:
    name, file = code["add"]
    package.cache.mkdir()
    (package.cache / name).write_bytes(file)
    (package.cache / name).chmod(0)
    assert package.run(UNREADABLE + ADD) == COMPILED
    assert package.run(UNREADABLE + ADD) == LOADED


def test_a_directory_in_place_of_a_file_does_no_harm(package: Package, code: dict[str, tuple[str, bytes]]) -> None:
    (package.cache / code["add"][0] / "something").mkdir(parents=True)
    assert package.run(ADD) == COMPILED
    assert package.run(ADD) == LOADED
    assert [path.name for path in package.temporary.glob("*/*")] == [code["add"][0]]
    assert not package.errors


def test_what_could_not_be_written_to_its_end_leaves_no_file(package: Package) -> None:
    full = "import os\ndef replace(*_):\n    raise OSError(28, 'No space left on device')\nos.replace = replace\n"
    assert package.run(full + ADD) == COMPILED
    assert package.errors.count(WARNING) == 1
    assert not package.files
    assert not list(package.temporary.glob("*/*"))


# Many at once


def test_processes_that_compile_at_once_are_all_right(package: Package) -> None:
    together = [package.start(BOTH) for _ in range(3)]
    assert [package.finish(process)[:2] for process in together] == [[1045, 0.25]] * 3
    assert len(package.files) == 2
    assert package.run(BOTH) == [1045, 0.25, False]


THREADS = """
from concurrent.futures import ThreadPoolExecutor
from pillow_kmq.kernels import compiler
compiled, object_code = [], compiler.object_code
def counting(*arguments):
    compiled.append(arguments)
    return object_code(*arguments)
compiler.object_code = counting
with ThreadPoolExecutor(8) as pool:
    sums = set(pool.map(lambda i: toys.add(np.arange(10), i) - i, range(200)))
show([sorted(sums), len(compiled)])
"""


def test_threads_that_need_a_kernel_at_once_compile_it_once(package: Package) -> None:
    assert package.run(THREADS) == [[1045], 1]


FORK = """
import os
before = {before}
child = os.fork()
if child == 0:
    os._exit(0 if toys.add(np.arange(10), 0) == 1045 and toys.divide(1, 4) == 0.25 else 1)
after = toys.add(np.arange(10), 0)
show([before, after, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="POSIX only")
@pytest.mark.parametrize("compiled", [False, True], ids=["compiled there", "loaded"])
def test_a_process_that_forks_has_kernels_on_both_sides(package: Package, compiled: bool) -> None:
    if compiled:
        package.run(BOTH)
    assert package.run(FORK.format(before="toys.add(np.arange(10), 0)")) == [1045, 1045, 0]
    assert package.run(FORK.format(before="1045")) == [1045, 1045, 0]


# Directories


def fallback(package: Package) -> Path:
    """Where kernels are kept if not where they should be."""
    return package.temporary / f"pillow-kmq-{os.getuid() if hasattr(os, 'getuid') else 'user'}"


def no_directory(package: Package) -> None:
    """Make it impossible to keep kernels where they should be: not even root can create that directory."""
    package.cache.write_bytes(b"")


def test_kernels_go_to_the_temporary_directory_if_there_is_no_other(package: Package) -> None:
    no_directory(package)
    assert package.run(ADD) == COMPILED
    assert len(list(fallback(package).iterdir())) == 1
    assert package.run(ADD) == LOADED
    assert not package.errors
    if os.name == "posix":
        assert fallback(package).stat().st_mode & 0o777 == 0o700


def test_the_temporary_directory_is_left_alone_if_there_is_another(package: Package) -> None:
    package.run(ADD)
    assert package.run(ADD) == LOADED
    assert not list(package.temporary.iterdir())


def test_without_any_directory_there_is_one_line_of_warning_and_the_right_result(package: Package) -> None:
    no_directory(package)
    fallback(package).write_bytes(b"")
    assert package.run(BOTH) == [1045, 0.25, True]
    assert package.errors.count(WARNING) == package.errors.count("\n") == 1
    assert "KMQ_CACHE_DIR" in package.errors


def test_so_there_is_where_not_even_a_temporary_directory_exists(package: Package) -> None:
    no_directory(package)
    nothing = "import tempfile\ndef gettempdir():\n    raise FileNotFoundError\ntempfile.gettempdir = gettempdir\n"
    assert package.run(nothing + BOTH) == [1045, 0.25, True]
    assert package.errors.count(WARNING) == package.errors.count("\n") == 1


def test_programs_can_turn_the_warning_off(package: Package) -> None:
    no_directory(package)
    fallback(package).write_bytes(b"")
    assert package.run("import logging; logging.getLogger('pillow_kmq').setLevel('ERROR'); " + ADD) == COMPILED
    assert not package.errors


def lend(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)


def give_away(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    os.chown(folder, 12345, 12345)


def link(folder: Path) -> None:
    elsewhere = folder.with_name("elsewhere")
    elsewhere.mkdir(mode=0o700)
    folder.symlink_to(elsewhere)


@posix_only
@pytest.mark.parametrize("prepare", [lend, pytest.param(give_away, marks=as_root), link])
def test_a_temporary_directory_in_the_hands_of_others_is_not_used(
    package: Package, code: dict[str, tuple[str, bytes]], prepare: Callable[[Path], None]
) -> None:
    no_directory(package)
    prepare(fallback(package))
    name, file = code["add"]
    (fallback(package) / name).write_bytes(file)
    assert package.run(BOTH) == [1045, 0.25, True]
    assert [path.name for path in fallback(package).iterdir()] == [name]
    assert package.errors.count(WARNING) == 1


def test_the_directory_asked_for_may_be_a_link_and_relative(package: Package) -> None:
    if os.name == "posix":
        (package.folder / "real").mkdir()
        package.cache.symlink_to("real")
    moving = "import os; toys.add(np.arange(10), 0); os.chdir('pillow_kmq'); "
    assert package.run(moving + BOTH, KMQ_CACHE_DIR="cache") == [1045, 0.25, True]
    assert len(package.files) == 2
    assert not (package.source / "cache").exists()


def test_the_directory_of_the_user_is_used_if_none_is_asked_for(package: Package) -> None:
    if os.name == "posix":
        places = {"HOME": str(package.folder), "XDG_CACHE_HOME": ""}
    else:
        places = {"LOCALAPPDATA": str(package.folder)}
    code = "from pillow_kmq.kernels import store; show([str(path) for path in store._directories()])"
    user, temporary = package.run(code, KMQ_CACHE_DIR="", **places)
    assert Path(user).is_relative_to(package.folder)
    assert "pillow-kmq" in user
    assert Path(temporary) == fallback(package)


def test_somebody_without_a_home_gets_no_directory_of_an_odd_name(package: Package) -> None:
    nowhere = "import os; os.path.expanduser = lambda path: path; "
    assert package.run(nowhere + ADD, KMQ_CACHE_DIR="", XDG_CACHE_HOME="", LOCALAPPDATA="") == COMPILED
    assert len(list(fallback(package).iterdir())) == 1
    assert not (package.folder / "~").exists()


# What is said


RECORDS = """
import logging
records = []
class Keep(logging.Handler):
    def emit(self, record):
        records.append(record.getMessage())
logging.getLogger("pillow_kmq").setLevel("INFO")
logging.getLogger("pillow_kmq").addHandler(Keep())
toys.add(np.arange(10), 0), toys.divide(1, 4), toys.add(np.arange(10), 0)
show(records)
"""


def test_a_process_that_compiles_says_so_once_and_one_that_loads_says_nothing(package: Package) -> None:
    message = "compiling kernels, once per installation ..."
    assert package.run(RECORDS) == [message]
    assert package.run(RECORDS) == []
    shutil.rmtree(package.cache)
    assert package.run(RECORDS.replace("toys.add(np.arange(10), 0), ", "")) == [message]
    assert not package.errors
