"""Build hooks that compile all kernels into wheels if KMQ_BUILD_KERNELS=1 (docs/ARCHITECTURE.md, "Kernels in wheels").

Such wheels do not depend on Numba.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

_X86 = platform.machine() in ("x86_64", "AMD64")
_LEVELS = {"baseline": "x86-64", "x86_64_v3": "x86-64-v3"} if _X86 else {"baseline": "generic"}
"""Levels of the instruction set, and LLVM's names of processors that have just these instructions."""
_NAME, _LIBRARIES = ("libkmq.dll", ["msvcrt"]) if os.name == "nt" else ("libkmq.so", ["m"])


class Dependencies(MetadataHookInterface):
    """Dependencies of pyproject.toml, and Numba unless the wheel carries compiled kernels."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the dependencies to the metadata."""
        numba = [] if _asked() else metadata["optional-dependencies"]["compile"]
        metadata["dependencies"] = [*self.config["dependencies"], *numba]


class Kernels(BuildHookInterface):  # type: ignore[type-arg]
    """Shared library of all kernels, built in a temporary folder and added to the wheel."""

    def dependencies(self) -> list[str]:
        """Return further requirements of the build, for compiling kernels and for finding the linker."""
        numba = self.metadata.core.optional_dependencies["compile"]
        return [*self.metadata.core.dependencies, *numba, "setuptools"] if _asked() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the library, and tag the wheel for this platform and any version of Python 3."""
        if not _asked():
            return
        if self.target_name != "wheel" or version != "standard":
            raise ValueError(
                f"KMQ_BUILD_KERNELS=1 applies to standard wheels only, not to {self.target_name} {version}: unset it"
            )
        self._folder = TemporaryDirectory()
        library = str(Path(self._folder.name, _NAME))
        _link([self._compile(level, cpu) for level, cpu in _LEVELS.items()], library)
        build_data["force_include"][library] = f"pillow_kmq/kernels/{_NAME}"
        build_data["pure_python"] = False
        build_data["tag"] = "py3-none-" + self.build_config.builder.get_best_matching_tag().rpartition("-")[2]

    def _compile(self, level: str, cpu: str) -> str:
        path = str(Path(self._folder.name, f"{level}.o"))
        command = [sys.executable, "tools/compile_kernels.py", level, path]
        path_of_modules = os.pathsep.join(["src", *sys.path])
        target = {"NUMBA_CPU_NAME": cpu, "NUMBA_CPU_FEATURES": "", "PYTHONPATH": path_of_modules}
        subprocess.run(command, check=True, cwd=self.root, env={**os.environ, **target})
        return path


def _asked() -> bool:
    return os.environ.get("KMQ_BUILD_KERNELS") == "1"


def _link(objects: list[str], library: str) -> None:
    from setuptools._distutils.ccompiler import new_compiler
    from setuptools._distutils.sysconfig import customize_compiler

    compiler = new_compiler()
    customize_compiler(compiler)
    compiler.link_shared_object(objects, library, libraries=_LIBRARIES)
