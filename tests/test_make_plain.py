"""The decoder for plain Python says what the model's one source says."""

from __future__ import annotations

import ast

import pytest

import make_plain
from pillow_kmq.codec.levels.default import stripe_kernel as level_default


@pytest.mark.parametrize("kind", make_plain.KINDS)
def test_the_plain_decoders_are_what_the_model_becomes(kind: str) -> None:
    written = make_plain.TARGETS[kind].read_text(encoding="utf-8")
    made = make_plain.module_text(kind)
    assert ast.dump(ast.parse(written)) == ast.dump(ast.parse(made)), "run tests/make_plain.py"
    assert "def mixed_stripe" in made
    assert not any(f"{name}(" in made for _, name in make_plain.PASTED)


def function(text: str) -> ast.FunctionDef:
    found = ast.parse(text).body[0]
    assert isinstance(found, ast.FunctionDef)
    return found


def pasted(helper: str, caller: str) -> str:
    made = function(helper)
    kernel = function(caller)
    paste = make_plain.Paste({made.name: made}, make_plain.names_in(kernel))
    kernel.body = make_plain.every(paste, kernel.body)
    return ast.unparse(ast.fix_missing_locations(kernel))


@pytest.mark.parametrize(
    ("helper", "call"),
    [
        ("def f(a, b):\n t = a\n a = b\n b = t\n return a, b", "x, y = f(x, y)"),
        ("def f(a, b):\n a += b\n return a", "x = f(x, y)"),
        ("def f(a, b):\n a += b\n return a", "x = f(y, 1)"),
        ("def f(a, b):\n a += b\n return b - a", "y = f(3, x)"),
        ("def f(a, b):\n x = a * 2\n if x > b:\n  x -= b\n return x + b", "y = f(y, x)"),
        ("def f(a, b):\n y = 5\n return a + b + y", "x = f(x + y, y + 7)"),
    ],
)
def test_pasting_changes_no_result(helper: str, call: str) -> None:
    caller = f"def g(x, y):\n {call}\n return x, y"
    both = []
    for text in (f"{helper}\n{caller}", pasted(helper, caller)):
        scope: dict[str, object] = {}
        exec(text, scope)
        both.append([scope["g"](x, y) for x in (-3, 2, 10) for y in (-1, 0, 7)])  # type: ignore[operator]
    assert both[0] == both[1]
    assert "f(" not in pasted(helper, caller)


@pytest.mark.parametrize(
    ("helper", "call"),
    [
        ("def f(a, b):\n a += b\n return a", "y = f(x, y)"),
        ("def f(a, b):\n a += b\n return a", "x = f(y, x + 1)"),
        ("def f(a, b):\n return b, a", "x, y = f(x, y)"),
        ("def f(a):\n if a:\n  return 1\n return 2", "x = f(x)"),
    ],
)
def test_what_cannot_be_pasted_is_refused(helper: str, call: str) -> None:
    with pytest.raises(AssertionError):
        pasted(helper, f"def g(x, y):\n {call}\n return x, y")


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        ("on and x", "x"), ("off and x", "False"), ("x and on and y", "x and y"), ("not off and on", "True"),
        ("on or x", "True"), ("off or x", "x"), ("x or off or y", "x or y"), ("off or not on", "False"),
    ],
)  # fmt: skip
def test_conditions_lose_what_is_known(condition: str, left: str) -> None:
    node = ast.parse(condition, mode="eval").body
    assert ast.unparse(make_plain.Known({"on": True, "off": False}).visit(node)) == left


def test_constants_of_the_model_stand_as_numbers() -> None:
    made = make_plain.module_text("small")
    assert "SHAPES" not in made
    assert str(level_default.SHAPES) in made
