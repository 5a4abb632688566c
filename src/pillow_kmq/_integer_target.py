# mypy: disallow-untyped-calls=False
"""A target of Numba for kernels of whole numbers, of arrays and tuples of them, and of nothing else.

It is Numba's own target for the processor with fewer declarations and passes. To load all that Numba can compile takes
longer than to load a kernel from disk, and to ask every one of its additions (of strings, lists, dates, ufuncs) about
each addition of a kernel takes a third of the time in which it compiles.

It differs in one thing: items of arrays are counted from the start alone. A negative place is out of bounds, which only
NUMBA_BOUNDSCHECK=1 tells: plain Python and Numba's own target count it from the end.

Everything here is Numba's inside, which may change: `_jit` uses it with those versions alone that it was tested with.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import numba
from numba import _dynfunc  # type: ignore[attr-defined]
from numba.core import codegen, compiler, consts, cpu, intrinsics, ir, registry, types
from numba.core.compiler_machinery import FunctionPass, PassManager, register_pass
from numba.core.target_extension import CPU, dispatcher_registry, target_registry
from numba.core.typed_passes import (
    AnnotateTypes,
    IRLegalization,
    NativeLowering,
    NoPythonBackend,
    NopythonTypeInference,
    PreLowerStripPhis,
)
from numba.core.typing import arraydecl, builtins, collections, context, npydecl, templates
from numba.core.untyped_passes import (
    DeadBranchPrune,
    FixupArgs,
    GenericRewrites,
    IRProcessing,
    ReconstructSSA,
    RewriteSemanticConstants,
    TranslateByteCode,
)

_NAME = "pillow_kmq_integers"
_DECLARING = {module.__name__ for module in (builtins, arraydecl, collections)}


@register_pass(mutates_CFG=False, analysis_only=False)
class _LiteralArguments(FunctionPass):
    """Makes constants of arguments that are known to be true or false, so that branches on these are pruned."""

    _name = "pillow_kmq_literal_arguments"

    def __init__(self) -> None:
        FunctionPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        func_ir = state.func_ir
        for block in func_ir.blocks.values():
            for assign in block.find_insts(ir.Assign):
                argument = assign.value
                if isinstance(argument, ir.Arg) and isinstance(state.args[argument.index], types.BooleanLiteral):
                    assign.value = ir.Const(state.args[argument.index].literal_value, assign.loc)
                    definitions = func_ir._definitions[assign.target.name]
                    definitions[definitions.index(argument)] = assign.value
        func_ir._consts = consts.ConstantInference(func_ir)
        return True


_PASSES = (
    TranslateByteCode, FixupArgs, IRProcessing, _LiteralArguments, RewriteSemanticConstants, DeadBranchPrune,
    GenericRewrites, ReconstructSSA, NopythonTypeInference, PreLowerStripPhis, IRLegalization, AnnotateTypes,
    NativeLowering, NoPythonBackend,
)  # fmt: skip


class _Integers(CPU):
    """What Numba knows the target by."""


target_registry[_NAME] = _Integers


class _Typing(context.BaseContext):
    """What types operators and functions take and give."""

    def _load_builtins(self) -> None:
        if not self._registries:
            self.install_registry(_declarations())


def _declarations() -> Any:
    """Those of Numba's declarations that are about numbers, arrays and tuples."""
    all_of_them = templates.builtin_registry
    few = templates.Registry()
    few.functions = [_from_the_start(one) for one in all_of_them.functions if _declares(one)]
    few.attributes = [template for template in all_of_them.attributes if _declares(template)]
    npydecl.register_number_classes(few.register_global)
    for value, kind in all_of_them.globals:
        if isinstance(kind, types.Function):
            kept = tuple(_from_the_start(template) for template in kind.templates if _declares(template))
            if kept:
                few.register_global(value, types.Function(kept))
    return few


@cache
def _from_the_start(template: Any) -> Any:
    """The same, but if it is about items of arrays, their places are not asked whether they are negative.

    Kernels count from the start, and Numba would add the length to what is below zero: three operations for each item.
    """
    if not issubclass(template, arraydecl.GetItemBuffer | arraydecl.SetItemBuffer):
        return template

    def generic(self: Any, args: Any, kws: Any) -> Any:
        found = template.generic(self, args, kws)
        if found is None or not isinstance(found.args[1], types.Integer):
            return found
        return found.replace(args=(found.args[0], types.uintp, *found.args[2:]))

    return type(template.__name__, (template,), {"generic": generic})


def _declares(template: type) -> bool:
    return any(base.__module__ in _DECLARING for base in template.__mro__)


class _Library(codegen.JITCodeLibrary):
    """The code of a kernel, or of a helper."""

    pasted = False
    """Whether it is a helper: optimised with the kernels that it is pasted into, and no machine code of its own."""

    def _optimize_final_module(self) -> None:
        if not self.pasted:
            super()._optimize_final_module()

    def _finalize_final_module(self) -> None:
        if self.pasted:
            self._finalized = True
        else:
            super()._finalize_final_module()


class _Codegen(codegen.JITCPUCodegen):
    _library_class = _Library


class _Context(cpu.CPUContext):
    """How they become machine code."""

    def init(self) -> None:
        super().init()
        self._internal_codegen = _Codegen(_NAME)

    def load_additional_registries(self) -> None:
        from numba.cpython import numbers, rangeobj, tupleobj  # noqa: F401
        from numba.np import arrayobj  # noqa: F401

    def post_lowering(self, mod: Any, library: Any) -> None:
        """As Numba's, without its run time, which kernels have no use for."""
        if self.is32bit:
            intrinsics.fix_divmod(mod)

    def get_executable(self, library: _Library, fndesc: Any, env: Any) -> Any:
        if not fndesc.inline:
            return super().get_executable(library, fndesc, env)
        library.pasted = True
        library.finalize()
        return _dynfunc.make_function(fndesc.lookup_module(), fndesc.qualname, "", 0, env, (library,))


class _Target(registry.CPUTarget):
    """Both of them."""

    def __init__(self) -> None:
        super().__init__(_NAME)
        self._typing = _Typing()
        self._context = _Context(self._typing, _NAME)

    @property
    def typing_context(self) -> _Typing:
        return self._typing

    @property
    def target_context(self) -> _Context:
        return self._context


class _Dispatcher(registry.CPUDispatcher):
    targetdescr = _Target()

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """Numba's, but a known number does not ask for a helper of its own: LLVM sees it where the helper is pasted."""
        args = tuple(types.unliteral(one) if isinstance(one, types.IntegerLiteral) else one for one in args)
        return super().get_call_template(args, kws)


class _Compiler(compiler.CompilerBase):
    """Numba's passes without those for closures, `with` blocks, list comprehensions, literals and array expressions."""

    def define_pipelines(self) -> list[PassManager]:
        passes = PassManager(_NAME)
        for one in _PASSES:
            passes.add_pass(one, one.__name__)
        passes.finalize()
        return [passes]


dispatcher_registry[_Integers] = _Dispatcher

jit = partial(numba.jit, _target=_NAME, pipeline_class=_Compiler)
"""`numba.jit` for this target."""
