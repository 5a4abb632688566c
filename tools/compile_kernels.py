"""Compiler of all kernels for one level of the instruction set, run by the build hook.

    python tools/compile_kernels.py LEVEL FILE

NUMBA_CPU_NAME names the target processor. FILE gets object code for the platform's linker.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

import llvmlite.binding as llvm

from pillow_kmq.kernels.compiler import object_code, optimize
from pillow_kmq.kernels.kernel import every_variant
from pillow_kmq.kernels.shipped import BASELINE, c_name
from pillow_kmq.kernels.warm_up import MODULES

_HAS_V3 = """
define i32 @has_x86_64_v3() {
    %most = call i32 asm "cpuid", "={eax},{eax},~{ebx},~{ecx},~{edx}"(i32 0)
    %one = call i32 asm "cpuid", "={ecx},{eax},~{eax},~{ebx},~{edx}"(i32 1)
    %seven = call i32 asm "cpuid", "={ebx},{eax},{ecx},~{eax},~{ecx},~{edx}"(i32 7, i32 0)
    %more = call i32 asm "cpuid", "={ecx},{eax},~{eax},~{ebx},~{edx}"(i32 -2147483647)
    %has_seven = icmp uge i32 %most, 7
    %first = and i32 %one, 943722496 ; FMA, MOVBE, OSXSAVE, AVX, F16C
    %has_first = icmp eq i32 %first, 943722496
    %second = and i32 %seven, 296 ; BMI1, AVX2, BMI2
    %has_second = icmp eq i32 %second, 296
    %third = and i32 %more, 32 ; LZCNT
    %has_third = icmp eq i32 %third, 32
    %a = and i1 %has_seven, %has_first
    %b = and i1 %has_second, %has_third
    %has = and i1 %a, %b
    br i1 %has, label %ask_system, label %no
ask_system:
    %kept = call i32 asm "xgetbv", "={eax},{ecx},~{edx}"(i32 0)
    %avx = and i32 %kept, 6
    %has_avx = icmp eq i32 %avx, 6
    %yes = zext i1 %has_avx to i32
    ret i32 %yes
no:
    ret i32 0
}
"""


def main(level: str, path: Path) -> None:
    """Write object code with one function for each variant of each kernel."""
    for name in MODULES:
        import_module(f"pillow_kmq.{name}")
    modules = [
        optimize(one.kernel.function, one.signature, one.constants, c_name(level, one.symbol))
        for one in every_variant()
    ]
    if level == BASELINE and llvm.get_process_triple().startswith("x86_64"):
        llvm.initialize_native_asmparser()
        modules.append(llvm.parse_assembly(_HAS_V3))
    for module in modules if os.name == "nt" else ():
        for one in module.functions:
            if one.linkage == llvm.Linkage.external and not one.is_declaration:
                one.storage_class = "dllexport"
    path.write_bytes(object_code(*modules))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
