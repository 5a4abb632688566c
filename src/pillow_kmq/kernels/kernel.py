"""Kernels: Python functions that run as machine code, compiled once and loaded from disk afterwards."""

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
_LONG = 600  # milliseconds of plain Python that justify compiling
_RESULTS: dict[str, Any] = {"i64": ctypes.c_int64, "f64": ctypes.c_double, "": None}


@cache
def enabled() -> bool:
    """Return whether kernels run as machine code; under NUMBA_DISABLE_JIT=1 they run as plain Python."""
    return os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")


@cache
def checking() -> bool:
    """Return whether kernels check every index, as under NUMBA_BOUNDSCHECK=1: for tests, and never cached on disk."""
    return enabled() and os.environ.get("NUMBA_BOUNDSCHECK", "0") not in ("", "0")


class Kernel:
    """Decorator of a function whose parameters are annotated with the words of `types`.

    The function may call helpers, which are plain functions of this package and are compiled with it.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        assert isinstance(function, FunctionType)
        self.function = function
        self.name = f"{function.__module__.partition('.')[2]}.{function.__name__}"
        self.combinations: Iterable[tuple[bool, ...]] | None = None
        """Combinations of constants to compile variants for; None for all of them."""
        self._variants: dict[tuple[str, tuple[bool, ...]], Variant] = {}
        update_wrapper(self, function)
        _KERNELS[function.__module__, function.__name__] = self

    @cached_property
    def signature(self) -> Signature:
        """Types of the parameters and results."""
        return Signature.of(self.function)

    @cached_property
    def digest(self) -> str:
        """Hash of the kernel's source and of everything that it uses."""
        return digest(self.function)

    @cached_property
    def _constants(self) -> list[int]:
        return [index for index, kind in enumerate(self.signature.parameters) if kind == Scalar("constant")]

    @cached_property
    def _generic(self) -> bool:
        return self.signature.generic

    def __call__(self, *arguments: Any) -> Any:
        """Run the kernel, as machine code if `enabled`, else as plain Python."""
        return self.bind(*arguments)()

    def bind(self, *arguments: Any) -> Callable[..., Any]:
        """Return a function that runs the kernel on these arguments, and takes any missing last ones, all numbers.

        Arrays are checked here only, which makes calls in a loop cheaper.
        """
        if not enabled():
            return partial(self.function, *arguments)
        constants = tuple(bool(arguments[index]) for index in self._constants)
        real = real_of(self.signature.parameters, arguments) if self._generic else ""
        variant = self.variant(*constants, real=real)
        return variant.checked(arguments) if checking() else variant.function(arguments)

    def variant(self, *constants: bool, real: str = "") -> Variant:
        """Return the variant for these constants and, if the kernel is generic, for `real`, "f32" or "f64"."""
        key = real, constants
        if key not in self._variants:
            self._variants[key] = Variant(self, real, constants)
        return self._variants[key]

    @cached_property
    def single(self) -> Variant:
        """The variant of a kernel without constants; in single precision if the kernel is generic."""
        return self.variant(real="f32" if self._generic else "")

    def variants(self) -> Iterator[Variant]:
        """Yield all variants of the kernel."""
        for values in self.combinations or product((False, True), repeat=len(self._constants)):
            for real in ("f32", "f64") if self._generic else ("",):
                yield self.variant(*values, real=real)


def find(module: str, name: str) -> Kernel:
    """Import a module and return its kernel of a given name."""
    import_module(module)
    return _KERNELS[module, name]


def every_variant() -> list[Variant]:
    """Return all variants of all kernels in the modules imported so far."""
    return [variant for kernel in _KERNELS.values() for variant in kernel.variants()]


class Variant:
    """A kernel specialised for certain types and constants."""

    def __init__(self, kernel: Kernel, real: str, constants: tuple[bool, ...]) -> None:
        self.kernel = kernel
        self.real, self.constants = real, constants
        self.signature = kernel.signature.concrete(real)
        self.name = f"{kernel.name}-{real}{''.join('ft'[value] for value in constants)}".rstrip("-")
        self._address = 0

    @property
    def symbol(self) -> str:
        """Name of the compiled function, which includes the hash of its source."""
        return f"{self.name}-{self.kernel.digest}"

    def available(self) -> bool:
        """Load the variant if it was compiled before, and return whether it was."""
        if self._address:
            return True
        with _LOCK:
            if not self._address and enabled() and not checking():
                self._address = shipped.address(self.symbol) or _kept(self.symbol)
            return self._address != 0 or checking()

    def wanted(self, milliseconds: float = 0) -> bool:
        """Return whether to run machine code: if it is available, or if plain Python takes long enough to compile it.

        Args:
            milliseconds: Estimated time of the call in plain Python; 0 (default) never justifies compiling.
        """
        return self._address != 0 or (enabled() and (milliseconds > _LONG or self.available()))

    def compile(self) -> None:
        """Compile the variant unless it is available."""
        with _LOCK:
            if self.available():
                return
            try:
                from . import compiler
            except ImportError as error:
                message = f'cannot compile kernel {self.name} without Numba: pip install "pillow-kmq[compile]"'
                raise ImportError(message) from error
            from . import machine, store

            _announce()
            module = compiler.optimize(self.kernel.function, self.signature, self.constants, self.symbol)
            code = compiler.object_code(module)
            store.write(self.symbol, code)
            self._address = machine.load(code, self.symbol)

    @cached_property
    def _run(self) -> Any:
        """The compiled function, which runs without the GIL."""
        self.compile()
        types = [one for kind in self.signature.parameters for one in kind.c_types]
        if self.signature.number:
            return ctypes.CFUNCTYPE(None, *types, ctypes.c_void_p)(self._address)
        return ctypes.CFUNCTYPE(_RESULTS[self.signature.results], *types)(self._address)

    def function(self, arguments: tuple[Any, ...]) -> Callable[..., Any]:
        """Return a function that runs the variant on these arguments and takes any missing last ones.

        Raises TypeError for too many arguments, or for an array of another type or shape.
        """
        run, signature = self._run, self.signature
        if len(arguments) > len(signature.parameters):
            raise TypeError(f"kernel {self.name} takes {len(signature.parameters)} arguments, not {len(arguments)}")
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
        """Return a function as `function` does, which checks every index."""
        from .compiler import checked, writable

        kinds = self.signature.parameters
        rest = [writable(value) for kind, value in zip(kinds, arguments, strict=False) if kind != Scalar("constant")]
        return partial(checked(self.kernel.function, self.signature, self.constants), *rest)


@cache
def _announce() -> None:
    from .store import LOG

    LOG.info("compiling kernels, once per installation ...")


def _kept(symbol: str) -> int:
    """Load a kernel from the cache on disk. Return its address, or 0 if it is not there."""
    from . import store

    code = store.read(symbol)
    if code is not None:
        from .machine import load

        with suppress(RuntimeError):
            return load(code, symbol)
    return 0
