"""Build hook of wheels: with KMQ_BUILD_KERNELS=1 they carry all kernels (docs/ARCHITECTURE.md, "Kernels in wheels")."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_LEVELS = {"x86_64": {"x86-64-v3": "x86-64-v3", "baseline": "x86-64"}}
"""Levels of the instruction set by machine, and LLVM's names of processors that have no more."""
_ONE_LEVEL = {"baseline": "generic"}


def _asked() -> bool:
    return os.environ.get("KMQ_BUILD_KERNELS") == "1"


class KernelHook(BuildHookInterface):
    """Compiles kernels into a temporary folder, from which the wheel takes them."""

    def dependencies(self) -> list[str]:
        """Return what else the build needs."""
        return ["numba>=0.61", "pillow>=11"] if _asked() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile all kernels for each level."""
        if not _asked() or version == "editable":
            return
        self._folder = tempfile.mkdtemp()
        machine = {"AMD64": "x86_64"}.get(platform.machine(), platform.machine())
        for level, name in _LEVELS.get(machine, _ONE_LEVEL).items():
            command = [sys.executable, "tools/compile_kernels.py", f"{self._folder}/{level}"]
            target = {"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": "", "PYTHONPATH": "src"}
            subprocess.run(command, check=True, cwd=self.root, env={**os.environ, **target})
        build_data["force_include"][self._folder] = "pillow_kmq/kernels/objects"
        build_data["pure_python"] = False
        build_data["tag"] = "py3-none-" + self.build_config.builder.get_best_matching_tag().rpartition("-")[2]

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Delete what the wheel has now."""
        if hasattr(self, "_folder"):
            shutil.rmtree(self._folder)
