"""Who may import whom, read off the source, and what `import pillow_kmq` costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import pillow_kmq

SOURCE = Path(pillow_kmq.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))

PILLOW = {
    "KmqImagePlugin",
    "animated",
    "Png8ImagePlugin",
    "_compat",
    "saving",
    "writing",
    "alpha",
    "color_profile",
    "drop_in",
    "originals",
    "compare",
    "fitting",
    "frames",
    "inputs",
    "kept_palette",
    "metadata",
    "cli",
    "conversion",
    "quant.alpha_palette",
    "quant.background",
    "quant.images",
    "quant.pillow",
    "regions",
    "report",
}
NUMBA = {"kernels.compiler"}
LLVMLITE = {"kernels.compiler", "kernels.machine"}
COMPILED = {"color", "compiling", "quant", "codec", "kernels"}
CLICK = {"cli"}


def name_of(path: Path) -> str:
    """`quant.search` for .../quant/search.py, `quant` for .../quant/__init__.py, and "" for the package itself."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


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


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_import_rules(path):
    name = name_of(path)
    room = name.split(".")[0]
    if name not in PILLOW:
        assert not imported(path, "PIL")
    if name not in NUMBA:
        assert not imported(path, "numba")
    if name not in LLVMLITE:
        assert not imported(path, "llvmlite")
    if name not in CLICK:
        assert not imported(path, "click")
    if room not in COMPILED:
        assert not imported(path, "pillow_kmq.kernels")
    if room == "kernels":
        others = {n.split(".")[1] for n, _ in imports(path) if n.startswith("pillow_kmq.")}
        assert others <= {"kernels"}
    if room == "codec":
        assert not imported(path, "pillow_kmq.quant")
        assert not imported(path, "pillow_kmq.color")
    if room == "quant":
        assert not imported(path, "pillow_kmq.codec")
    if room in ("types", "errors"):
        others = {n.split(".")[1] for n, _ in imports(path) if n.startswith("pillow_kmq.")}
        assert others <= {"errors"}


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
