"""A kernel: a Python function that runs as machine code, which is compiled once and loaded from then on."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache, cached_property, partial, update_wrapper
from importlib import import_module
from itertools import product
from types import FunctionType
from typing import Any

from . import shipped
from .sources import digest
from .types import Scalar, Signature, real_of

_LOCK = threading.RLock()
_KERNELS: dict[tuple[str, str], Kernel] = {}
_LONG = 600  # milliseconds, which compiling is worth
_RESULTS: dict[str, Any] = {"i64": ctypes.c_int64, "f64": ctypes.c_double, "": None}


@cache
def enabled() -> bool:
    """Whether kernels are compiled: false under NUMBA_DISABLE_JIT=1, when they run as plain Python."""
    return os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")


@cache
def checking() -> bool:
    """Whether compiled kernels check every index: under NUMBA_BOUNDSCHECK=1, for tests, anew in each process."""
    return enabled() and os.environ.get("NUMBA_BOUNDSCHECK", "0") not in ("", "0")


class Kernel:
    """A function whose parameters are annotated with the words of `types`; a decorator.

    It may call helpers, plain functions of this package, which are compiled with it.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        assert isinstance(function, FunctionType)
        self.function = function
        self.name = f"{function.__module__.partition('.')[2]}.{function.__name__}"
        self.combinations: Iterable[tuple[bool, ...]] | None = None
        """The values of constants that occur; None: all."""
        self._variants: dict[tuple[str, tuple[bool, ...]], Variant] = {}
        update_wrapper(self, function)
        _KERNELS[function.__module__, function.__name__] = self

    @cached_property
    def signature(self) -> Signature:
        """What it takes and gives."""
        return Signature.of(self.function)

    @cached_property
    def digest(self) -> str:
        """A hash of its source and of all that it reaches."""
        return digest(self.function)

    @cached_property
    def _constants(self) -> list[int]:
        return [place for place, kind in enumerate(self.signature.parameters) if kind == Scalar("constant")]

    @cached_property
    def _generic(self) -> bool:
        return self.signature.generic

    def __call__(self, *arguments: Any) -> Any:
        """Run it: as machine code, or as plain Python where `enabled` says so."""
        return self.bind(*arguments)()

    def bind(self, *arguments: Any) -> Callable[..., Any]:
        """What runs it on these arguments; it takes those at the end that are missing, which are numbers.

        Arrays are looked at once, here: for loops.
        """
        if not enabled():
            return partial(self.function, *arguments)
        constants = tuple(bool(arguments[place]) for place in self._constants)
        real = real_of(self.signature.parameters, arguments) if self._generic else ""
        variant = self.variant(*constants, real=real)
        return variant.checked(arguments) if checking() else variant.function(arguments)

    def variant(self, *constants: bool, real: str = "") -> Variant:
        """One of its variants. constants: the values of its constants. real: "f32" or "f64" where it has a choice."""
        key = real, constants
        if key not in self._variants:
            self._variants[key] = Variant(self, real, constants)
        return self._variants[key]

    @cached_property
    def single(self) -> Variant:
        """That of single precision, if it has a choice; of a kernel without constants."""
        return self.variant(real="f32" if self._generic else "")

    def variants(self) -> Iterator[Variant]:
        """All of its variants."""
        for values in self.combinations or product((False, True), repeat=len(self._constants)):
            for real in ("f32", "f64") if self._generic else ("",):
                yield self.variant(*values, real=real)


def find(module: str, name: str) -> Kernel:
    """The kernel of a name in a module, which is imported."""
    import_module(module)
    return _KERNELS[module, name]


def every_variant() -> list[Variant]:
    """All variants of all kernels of the modules that are imported."""
    return [variant for kernel in _KERNELS.values() for variant in kernel.variants()]


class Variant:
    """What a kernel is compiled to for some types and constants."""

    def __init__(self, kernel: Kernel, real: str, constants: tuple[bool, ...]) -> None:
        self.kernel = kernel
        self.real, self.constants = real, constants
        self.signature = kernel.signature.concrete(real)
        self.name = f"{kernel.name}-{real}{''.join('ft'[value] for value in constants)}".rstrip("-")
        self._address = 0

    @property
    def symbol(self) -> str:
        """The name of its machine code."""
        return f"{self.name}-{self.kernel.digest}"

    def at_hand(self) -> bool:
        """Load it, if it was compiled before; whether it was."""
        if self._address:
            return True
        with _LOCK:
            if not self._address and enabled() and not checking():
                self._address = shipped.address(self.symbol) or _kept(self.symbol)
            return self._address != 0 or checking()

    def wanted(self, milliseconds: float = 0) -> bool:
        """Whether to run it rather than plain Python, which takes so long: if that is long, or it is at hand."""
        return self._address != 0 or (enabled() and (milliseconds > _LONG or self.at_hand()))

    def compile(self) -> None:
        """Compile it, if need be."""
        with _LOCK:
            if self.at_hand():
                return
            try:
                from . import compiler
            except ImportError as error:
                raise ImportError(f'cannot compile {self.name}: pip install "pillow-kmq[compile]"') from error
            from . import machine, store

            _announce()
            module = compiler.optimize(self.kernel.function, self.signature, self.constants, self.symbol)
            code = compiler.object_code(module)
            store.write(self.symbol, code)
            self._address = machine.load(code, self.symbol)

    @cached_property
    def _run(self) -> Any:
        """The C function, which runs without the GIL."""
        self.compile()
        types = [one for kind in self.signature.parameters for one in kind.c_types]
        if self.signature.number:
            return ctypes.CFUNCTYPE(None, *types, ctypes.c_void_p)(self._address)
        return ctypes.CFUNCTYPE(_RESULTS[self.signature.results], *types)(self._address)

    def function(self, arguments: tuple[Any, ...]) -> Callable[..., Any]:
        """What runs it on these arguments and on those that are missing at the end."""
        run, signature = self._run, self.signature
        if len(arguments) > len(signature.parameters):
            raise TypeError(f"{self.name} takes {len(signature.parameters)} arguments, not {len(arguments)}")
        flat: list[Any] = []
        for kind, value in zip(signature.parameters, arguments, strict=False):
            kind.flatten(value, flat)
        number, result = signature.number, _RESULTS[signature.results]

        def call(*rest: Any, alive: Any = arguments) -> Any:
            if not number:
                return run(*flat, *rest)
            found = (result * number)()
            run(*flat, *rest, found)
            return tuple(found)

        return call

    def checked(self, arguments: tuple[Any, ...]) -> Callable[..., Any]:
        """The same, with every index checked."""
        from .compiler import checked, writable

        kinds = self.signature.parameters
        rest = [writable(value) for kind, value in zip(kinds, arguments, strict=False) if kind != Scalar("constant")]
        return partial(checked(self.kernel.function, self.signature, self.constants), *rest)


@cache
def _announce() -> None:
    from .store import LOG

    LOG.info("compiling kernels, once per installation ...")


def _kept(symbol: str) -> int:
    """Load a kernel that was compiled before; return its address, or 0 if it was not."""
    from . import store

    code = store.read(symbol)
    if code is not None:
        from .machine import load

        with suppress(RuntimeError):
            return load(code, symbol)
    return 0
