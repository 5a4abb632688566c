"""Who may import whom, read off the source, and what `import pillow_kmq` costs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pillow_kmq
from places import ROOT

SOURCE = Path(pillow_kmq.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))

PILLOW = {
    "",
    "KmqImagePlugin",
    "Png8ImagePlugin",
    "alpha",
    "cli",
    "collection",
    "color_profile",
    "compare",
    "comparing",
    "drop_in",
    "frames",
    "notebook",
    "palette_files.images",
    "pillow_originals",
    "quant.alpha_palette",
    "quant.background",
    "quant.given_colors",
    "quant.image_palette",
    "quant.pillow",
    "quant.pillow_source",
    "quant.shared_palette",
    "quant.tiles.pillow",
    "regions",
    "report",
    "saving",
}
"""Modules, and packages with all that is in them, that import Pillow."""

NUMBA = {"kernels.compiler"}
LLVMLITE = {"kernels.compiler", "kernels.machine"}
CLICK = {"cli"}
OPTIONAL = {
    "distributed": {"collection.dask_engine"},
    "fsspec": {"collection.storage"},
    "pyarrow": {"collection.parquet"},
    "matplotlib": {"comparing.page", "comparing.plots"},
    "jinja2": {"comparing.page"},
    "ssimulacra2": {"comparing.measures"},
    "flip_evaluator": {"comparing.measures"},
    "imagequant": {"comparing.rivals"},
    "pillow_jxl": {"comparing.rivals"},
    "tqdm": {"cli.progress"},
}
"""Modules that import packages when they are used: those of the extras, and what few runs need."""

LAYERS = (
    ("errors",),
    ("checks", "paeth", "png_chunks", "types", "quality_scale", "notebook", "processors"),
    ("interruptible", "kernels"),
    ("alpha", "color", "frames", "icc_profile", "saving.files"),
    ("color_profile", "pillow_originals"),
    ("codec.container", "codec.entropy", "codec.threads"),
    ("codec.symbols",),
    ("codec.palette", "codec.picture"),
    ("codec.levels",),
    ("codec.pixels",),
    ("codec.reader",),
    ("codec.writer",),
    ("codec.animation", "codec.region", "codec.checksums", "codec.listing"),
    ("codec", "quant"),
    ("compare", "palette_files"),
    ("report",),
    ("quant.given_colors", "quant.pillow", "quant.shared_palette", "quant.tiles.pillow"),
    ("drop_in", "saving"),
    ("KmqImagePlugin", "Png8ImagePlugin"),
    ("regions",),
    ("comparing",),
    ("",),
    ("collection",),
    ("cli",),
    ("__main__",),
)
"""From low to high: a module imports nothing from a higher layer. A package stands for its modules not named here."""

UPWARDS = {
    ("report", "quant.pillow"),
    ("quant", "quant.pillow"),
    ("cli", "__main__"),
    ("compare", "comparing.row"),
    ("compare", "comparing.table"),
}
"""The exceptions: a report maps the image to measure its quality, packages export their public functions, and users
know `table` as a function of `compare`."""


def name_of(path: Path) -> str:
    """Return `quant.remap` for .../quant/remap.py, `quant` for .../quant/__init__.py, and "" for the package itself."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path) for path in MODULES}


def imports(path: Path) -> list[tuple[str, bool]]:
    """What a module imports, as full dotted names, and whether it does so on import rather than later."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = ["pillow_kmq", *path.relative_to(SOURCE).parent.parts]
    late: set[ast.AST] = set()
    for node in ast.walk(tree):
        checking = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if checking or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            late.update(ast.walk(node))
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node not in late) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found += [(f"{module}.{alias.name}", node not in late) for alias in node.names]
    return found


def imported(path: Path, package: str) -> bool:
    return any(name == package or name.startswith(package + ".") for name, _ in imports(path))


def is_in(name: str, places: set[str] | tuple[str, ...]) -> bool:
    return name in places or any(name.startswith(f"{place}.") for place in places if place)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_import_rules(path):
    name = name_of(path)
    if not is_in(name, PILLOW):
        assert not imported(path, "PIL")
    if name not in NUMBA:
        assert not imported(path, "numba")
    if name not in LLVMLITE:
        assert not imported(path, "llvmlite")
    if not is_in(name, CLICK):
        assert not imported(path, "click")
    for package, places in OPTIONAL.items():
        late = name in places and all(not now for full, now in imports(path) if full.startswith(package))
        assert late or not imported(path, package)
    if is_in(name, ("codec",)):
        assert not imported(path, "pillow_kmq.quant")
        assert not imported(path, "pillow_kmq.color")
    if is_in(name, ("quant",)):
        assert not imported(path, "pillow_kmq.codec")


def layer_of(name: str) -> int:
    """The layer that names the module, or the innermost package around it."""
    place = name
    while not any(place in layer for layer in LAYERS):
        assert place, f"no layer has {name}"
        place = place.rpartition(".")[0]
    return next(number for number, layer in enumerate(LAYERS) if place in layer)


def modules_imported(path: Path) -> set[str]:
    """The modules of this package that a module imports, now or later."""
    found = set()
    for full, _ in imports(path):
        if full.partition(".")[0] == "pillow_kmq":
            name = full.partition(".")[2]
            while name not in NAMES:
                name = name.rpartition(".")[0]
            found.add(name)
    return found


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_is_imported_from_a_layer_above(path):
    name = name_of(path)
    for other in modules_imported(path):
        assert layer_of(other) <= layer_of(name) or (name, other) in UPWARDS, f"{name} imports {other}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_file_is_long(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_the_rules_see_what_they_forbid(tmp_path, monkeypatch):
    module = tmp_path / "quant" / "bad.py"
    module.parent.mkdir()
    module.write_text("from ..codec import encode\ndef f():\n    import PIL.Image\n")
    monkeypatch.setattr(sys.modules[__name__], "SOURCE", tmp_path)
    assert imports(module) == [("pillow_kmq.codec.encode", True), ("PIL.Image", False)]


def modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print('\\n'.join(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_importing_the_package_loads_no_numba_and_no_numpy():
    assert not {"numba", "llvmlite", "numpy", "click"} & modules_after("import pillow_kmq")


def test_installing_the_quantiser_loads_no_numba_and_no_numpy():
    loaded = modules_after(
        "import pillow_kmq; pillow_kmq.install(); from PIL import Image; Image.new('L', (1, 1)).convert('RGB')"
    )
    assert not {"numba", "llvmlite", "numpy"} & loaded


def test_importing_the_package_adds_little_to_pillow():
    added = modules_after("import pillow_kmq") - modules_after("import PIL.Image")
    ours = {name for name in added if name.startswith("pillow_kmq")}
    assert len(ours) <= 6
    pillows = {name for name in added if name.startswith("PIL.")}
    assert len(added - ours - pillows) <= 25


def test_every_public_name_resolves_and_is_documented():
    for name in pillow_kmq.__all__:
        assert getattr(pillow_kmq, name).__doc__
    assert set(pillow_kmq.__all__) <= set(dir(pillow_kmq))
    with pytest.raises(AttributeError, match="nonsense"):
        pillow_kmq.nonsense  # noqa: B018


def modules_of_the_table() -> list[str]:
    """The modules that ARCHITECTURE.md's table names; `.x` means one of the folder named before it."""
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    found = []
    for line in text.splitlines():
        if line.startswith("| `"):
            folder = ""
            for name in re.findall(r"`([\w.]+)`", line.split("|")[1]):
                found.append(folder + name if name.startswith(".") else name)
                folder = found[-1].rpartition(".")[0]
    return found


def test_the_table_of_modules_names_each_once():
    named = [name for name in modules_of_the_table() if not name.endswith((".js", "js"))]
    packages = {name_of(path) for path in MODULES if path.name == "__init__.py"}
    assert sorted(named) == sorted(NAMES - packages)
