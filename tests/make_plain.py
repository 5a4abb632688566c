"""Makes codec/level_default_plain_photo.py, ..._small.py and ..._graphics.py: run `python tests/make_plain.py`.

The decoders of the level `default` in plain Python open small images. A quarter of their time would be calls, and what
only tells compilers of types. So the one source of the model is rewritten without: helpers are pasted in, `decoding`
and the other constants are known. test_make_plain.py fails where the files and that source differ.
"""

from __future__ import annotations

import ast
import copy
import inspect
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from pillow_kmq.codec.entropy import range_coder_kernel as arithmetic
from pillow_kmq.codec.levels.default import mixer_kernel as mixing
from pillow_kmq.codec.levels.default import stripe_kernel as level_default

KINDS = {
    "photo": {"placed": True, "sure_flags": False},
    "small": {"placed": True, "sure_flags": True},
    "graphics": {"placed": False, "sure_flags": True},
}
TARGETS = {kind: Path(level_default.__file__).with_name(f"level_default_plain_{kind}.py") for kind in KINDS}
HEAD = '''\
"""The decoder of the model of the level `default` ({}) in plain Python, with helpers pasted in.

Written by tests/make_plain.py from level_default; not to be changed by hand.
"""
# ruff: noqa
# fmt: off
# mypy: ignore-errors

from .arithmetic import repeats
from .level_default import address_bits, code_run, node_colors, parts


'''
PASTED = (
    (mixing, "mixed_bit"), (mixing, "learn"), (arithmetic, "shift"), (arithmetic, "code_bit"), (arithmetic, "which"),
)  # fmt: skip


def module_text(kind: str) -> str:
    """What a target should contain."""
    helpers = {name: function_of(module, name) for module, name in PASTED}
    kernel = function_of(level_default, "mixed_stripe")
    kernel.body = every(Known({"decoding": True, **KINDS[kind], "none": 0, "stop": 0}), kernel.body)
    kernel.body = every(Paste(helpers, names_in(kernel)), kernel.body)
    kernel.body = every(Known({}), kernel.body)
    return HEAD.format(kind) + ast.unparse(ast.fix_missing_locations(kernel)) + "\n"


def function_of(module: ModuleType, name: str) -> ast.FunctionDef:
    """The source of a function, without its docstring, with the module's constants as numbers."""
    function = ast.parse(inspect.getsource(getattr(module, name))).body[0]
    assert isinstance(function, ast.FunctionDef)
    numbers = {key: value for key, value in vars(module).items() if isinstance(value, int)}
    function.body = every(Known(numbers), function.body[1:])
    return function


def every(visitor: ast.NodeTransformer, statements: Iterable[ast.stmt]) -> list[ast.stmt]:
    """What a visitor makes of statements: of each one, some or none."""
    result: list[ast.stmt] = []
    for statement in statements:
        made = visitor.visit(statement)
        result += made if isinstance(made, list) else [made]
    return result


def names_in(node: ast.AST, *, stored: bool = False) -> set[str]:
    """Names that something uses, or assigns to."""
    kinds = (ast.Store,) if stored else (ast.Load, ast.Store)
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, kinds)}


class Known(ast.NodeTransformer):
    """Puts numbers for names that are known, and leaves out branches that then are, and hints to compilers."""

    def __init__(self, numbers: dict[str, int]) -> None:
        self.numbers = numbers

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(self.numbers[node.id]) if node.id in self.numbers else node

    def visit_Assign(self, node: ast.Assign) -> ast.stmt | list[ast.stmt]:
        if isinstance(node.targets[0], ast.Name) and node.targets[0].id in self.numbers:
            return []
        return self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        """No item of an array that is known to be 0 is anything else: plain Python need not look whether to stop."""
        self.generic_visit(node)
        return node.value if is_number(node.value, 0) else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, ast.Add) and is_number(node.left, 0):
            return node.right
        if is_number(node.left) and is_number(node.right):
            return ast.Constant(eval(ast.unparse(node)))
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        return node.args[0] if isinstance(node.func, ast.Name) and node.func.id == "narrow" else node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        """As a condition, which only tells true from false; nowhere else do kernels have any."""
        self.generic_visit(node)
        decides = isinstance(node.op, ast.Or)
        known = [bool(part.value) for part in node.values if isinstance(part, ast.Constant)]
        if decides in known:
            return ast.Constant(decides)
        node.values = [part for part in node.values if not isinstance(part, ast.Constant)]
        return node if len(node.values) > 1 else node.values[0] if node.values else ast.Constant(not decides)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, ast.Not) and isinstance(node.operand, ast.Constant):
            return ast.Constant(not node.operand.value)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.test, ast.Constant):
            return node.body if node.test.value else node.orelse
        return node

    def visit_If(self, node: ast.If) -> ast.stmt | list[ast.stmt]:
        node.test = self.visit(node.test)
        node.body, node.orelse = every(self, node.body), every(self, node.orelse)
        if isinstance(node.test, ast.Constant):
            return node.body if node.test.value else node.orelse
        return node


def is_number(node: ast.expr, number: int | None = None) -> bool:
    return isinstance(node, ast.Constant) and number in (None, node.value)


class Paste(ast.NodeTransformer):
    """Puts the bodies of helpers where `names = helper(...)` and `helper(...)` stand."""

    def __init__(self, helpers: dict[str, ast.FunctionDef], taken: set[str]) -> None:
        self.helpers = helpers
        self.taken = taken

    def visit_Assign(self, node: ast.Assign) -> ast.stmt | list[ast.stmt]:
        return self.pasted(node, node.value, node.targets[0])

    def visit_Expr(self, node: ast.Expr) -> ast.stmt | list[ast.stmt]:
        return self.pasted(node, node.value, None)

    def visit_If(self, node: ast.If) -> ast.stmt:
        node.body, node.orelse = every(self, node.body), every(self, node.orelse)
        return node

    def visit_While(self, node: ast.While) -> ast.stmt:
        node.body = every(self, node.body)
        return node

    def pasted(self, node: ast.stmt, call: ast.expr, target: ast.expr | None) -> ast.stmt | list[ast.stmt]:
        """The statements that do what a call and its assignment do."""
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in self.helpers):
            return node
        helper = copy.deepcopy(self.helpers[call.func.id])
        arguments = dict(zip((argument.arg for argument in helper.args.args), call.args, strict=True))
        stored = names_in(helper, stored=True)
        constants = {name: value for name, value in arguments.items() if isinstance(value, ast.Constant)}
        numbers = {name: value.value for name, value in constants.items() if name not in stored}
        helper.body = every(Known(numbers), helper.body)
        results = parts_of(helper.body.pop().value) if isinstance(helper.body[-1], ast.Return) else []
        assert not any(isinstance(part, ast.Return) for part in ast.walk(helper)), "one return, at the end"

        targets = parts_of(target)
        used = set().union(*map(names_in, (*helper.body, *results)))
        arguments = {name: value for name, value in arguments.items() if name in used}
        names, first = self.names(helper, arguments, dict(zip(map(ast.unparse, results), targets, strict=True)))
        rename = Rename(names)
        results = [rename.visit(result) for result in results]
        last = [
            ast.Assign([one], result)
            for one, result in zip(targets, results, strict=True)
            if ast.unparse(one) != ast.unparse(result)
        ]
        assert len(last) <= 1, "one may change what another reads"
        return first + every(self, every(rename, helper.body)) + last

    def names(
        self, helper: ast.FunctionDef, arguments: dict[str, ast.expr], returned: dict[str, ast.expr]
    ) -> tuple[dict[str, str], list[ast.stmt]]:
        """What a helper's variables are called where it is pasted, and assignments before it.

        returned: what its results are assigned to.
        """
        stored = names_in(helper, stored=True)
        names: dict[str, str] = {}
        first: list[ast.stmt] = []
        for name in sorted({*arguments, *stored}):
            value, target = arguments.get(name), returned.get(name)
            if isinstance(target, ast.Name):
                names[name] = target.id
            elif isinstance(value, ast.Name) and name not in stored:
                names[name] = value.id
            else:
                names[name] = f"{helper.name}_{name}" if name in self.taken else name
            if value is not None and ast.unparse(value) != names[name]:
                first.append(ast.Assign([ast.Name(names[name], ast.Store())], value))
        changed = {names[name] for name in stored}
        read = set().union(*(names_in(statement.value) for statement in first))
        assert not changed & {names[name] for name in arguments if name not in stored}, "an argument would change"
        assert not read & {statement.targets[0].id for statement in first}, "an argument would change"
        return names, first


def parts_of(node: ast.expr | None) -> list[ast.expr]:
    """The parts of a tuple, or the one thing."""
    return [] if node is None else node.elts if isinstance(node, ast.Tuple) else [node]


class Rename(ast.NodeTransformer):
    """Other names for variables."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Name(self.names.get(node.id, node.id), node.ctx)


if __name__ == "__main__":
    for kind, target in TARGETS.items():
        target.write_text(module_text(kind), encoding="utf-8")
