"""The public surface: names and signatures that users rely on, in public_api.txt.

A change there is a decision. `python tests/test_public_api.py` writes it down.
"""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import pillow_kmq
from pillow_kmq import codec, collection, compare, errors

SNAPSHOT = Path(__file__).parent / "public_api.txt"
MODULES = (pillow_kmq, codec, collection, compare, errors)


def public_names(module) -> list[str]:
    """Return the names in `__all__`, or else the functions and classes defined in a module."""
    if hasattr(module, "__all__"):
        return sorted(module.__all__)
    found = vars(module).items()
    return sorted(
        name for name, value in found if getattr(value, "__module__", "") == module.__name__ and name[0] != "_"
    )


def described(name: str, value: object) -> list[str]:
    """Return the lines that stand for a public name."""
    if inspect.isclass(value) and issubclass(value, Exception):
        return [f"{name}({', '.join(base.__name__ for base in value.__bases__)})"]
    if inspect.isclass(value):
        members = sorted(
            member for base in value.__mro__ if base.__module__.startswith("pillow_kmq") for member in vars(base)
        )
        fields = [member for member in dict.fromkeys(members) if member[0] != "_"]
        return [f"{name}{signature(value)}", *(f"    .{field}" for field in fields)]
    return [f"{name}{signature(value)}" if callable(value) else f"{name} = {value!r}"]


def signature(value: object) -> str:
    """Return parameters with their defaults, without types."""
    plain = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters(value)]
    return str(inspect.Signature(plain))


def parameters(value: object) -> list[inspect.Parameter]:
    return list(inspect.signature(value).parameters.values())


def surface() -> str:
    """Return all public names as text."""
    lines = []
    for module in MODULES:
        lines.append(f"[{module.__name__}]")
        for name in public_names(module):
            lines += described(name, getattr(module, name))
        lines.append("")
    return "\n".join(lines)


def test_public_names_and_signatures_are_those_of_the_snapshot():
    assert surface().splitlines() == SNAPSHOT.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_public_name_is_documented(module):
    assert all(inspect.getdoc(getattr(module, name)) for name in public_names(module))


def test_every_public_name_is_listed_for_completion():
    assert set(pillow_kmq.__all__) <= set(dir(pillow_kmq))


if __name__ == "__main__":
    SNAPSHOT.write_text(surface(), encoding="utf-8")
