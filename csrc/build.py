"""Compiles csrc into object files, with nothing but Python and a C compiler.

The one place that knows which source is compiled how: setup.py imports it, and the C tests and other
users call it as `python csrc/build.py OUTPUT_DIRECTORY [compiler flags ...]`, which leaves a static
library `libcnnc.a` there.

Environment: CC is the compiler (a cross compiler builds for its own target), CNNC_OPENMP=0 builds without
threads, CNNC_EMULATE_AVX512=1 compiles the AVX-512 level to AVX2 code of the same shape, for tests on any x86-64.
CFLAGS is not read: flags such as -ffast-math must not reach the kernels.
"""

import concurrent.futures
import functools
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parent
WARNINGS = ["-Wall", "-Wextra"]
WITHOUT_OPENMP = ["-Wno-unknown-pragmas"]
FLAGS = ["-std=gnu11", "-O3", "-g0", "-fPIC", "-fvisibility=hidden", "-fno-math-errno", "-fno-trapping-math", *WARNINGS]

# Level name -> (vector bytes, compiler flags). csrc/core/isa.h and isa.c know the same names.
BASELINE = {"baseline": (16, [])}
X86_64 = {
    **BASELINE,
    "avx2": (32, ["-mavx2", "-mfma"]),
    "avx512": (64, ["-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl", "-mfma", "-mprefer-vector-width=512"]),
}
EMULATED_AVX512 = (64, ["-mavx2", "-mfma", "-Wno-psabi", "-DCNNC_EMULATE_AVX512"])


def compiler():
    """The command of the C compiler: $CC, or the first of cc, gcc and clang that is there."""
    command = shlex.split(os.environ.get("CC", "")) or [next(filter(shutil.which, ("cc", "gcc", "clang")), "cc")]
    if not shutil.which(command[0]):
        sys.exit(
            "cnnc is compiled on this machine and needs a C compiler: install GCC or Clang (Debian, Ubuntu: apt-get "
            f"install gcc libc6-dev) or set CC to its command: received {shlex.join(command)!r}, which is not there"
        )
    return command


@functools.lru_cache
def levels(command, emulate):
    """The levels of the machine that the compiler compiles for."""
    target = subprocess.run([*command, "-dumpmachine"], check=True, capture_output=True, text=True).stdout
    if target.split("-")[0] not in ("x86_64", "amd64"):
        return BASELINE
    return {**X86_64, "avx512": EMULATED_AVX512} if emulate else X86_64


def emulation():
    return bool(os.environ.get("CNNC_EMULATE_AVX512"))


def openmp_flags():
    """Flags with which a small OpenMP program compiles and runs; a message and WITHOUT_OPENMP if there are none."""
    program = "#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }\n"
    if os.environ.get("CNNC_OPENMP", "1") == "0":
        print("cnnc: OpenMP switched off by CNNC_OPENMP=0, kernels will use one thread", file=sys.stderr)
        return WITHOUT_OPENMP
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "openmp.c")
        source.write_text(program)
        command = [*compiler(), str(source), "-fopenmp", "-o", str(source.with_suffix(""))]
        try:
            subprocess.run(command, check=True, capture_output=True)
            subprocess.run([str(source.with_suffix(""))], check=True, capture_output=True)
            return ["-fopenmp"]
        except (OSError, subprocess.CalledProcessError):
            print("cnnc: this compiler has no OpenMP, kernels will use one thread", file=sys.stderr)
            return WITHOUT_OPENMP


def units(openmp):
    """Every (source, object name, flags): core once, families per element type, kernels also per level.

    Kernels know no threads and are compiled without `openmp`, the flags of it: builds with and without share them.
    """
    for source in sorted(SOURCE.glob("*/*.c")):
        name = f"{source.parent.name}_{source.stem}"
        if source.parent.name == "core":
            yield source, name, [*openmp, *(["-DCNNC_EMULATE_AVX512"] if emulation() else [])]
        elif not source.stem.endswith("_kernels"):
            yield source, f"{name}_f32", openmp
            yield source, f"{name}_f64", [*openmp, "-DCNNC_DOUBLE"]
        else:
            for level, (width, flags) in levels(tuple(compiler()), emulation()).items():
                level_flags = [f"-DCNNC_LEVEL={level}", f"-DCNNC_VBYTES={width}", *flags]
                yield source, f"{name}_f32_{level}", level_flags
                if level == "baseline":
                    yield source, f"{name}_f64_{level}", ["-DCNNC_DOUBLE", *level_flags]


def build(output, openmp, extra=()):
    """Compiles into the folder `output` and returns the list of object files. A compiler error ends the process."""
    output = pathlib.Path(output)
    output.mkdir(parents=True, exist_ok=True)
    common = [*compiler(), *FLAGS, *extra]
    newest_header = max(header.stat().st_mtime for header in [*SOURCE.rglob("*.h"), pathlib.Path(__file__)])

    def one(unit):
        source, name, flags = unit
        target = output / f"{name}.o"
        command = [*common, *flags, "-c", str(source), "-o", str(target)]
        stamp = output / f"{name}.command"
        line = shlex.join(command)
        current = target.exists() and stamp.exists() and stamp.read_text() == line
        if not current or target.stat().st_mtime < max(source.stat().st_mtime, newest_header):
            if subprocess.run(command, check=False).returncode:
                sys.exit(f"cnnc: the compiler stopped at {line}")
            stamp.write_text(line)
        return str(target)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(one, units(openmp)))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    objects = build(sys.argv[1], openmp_flags(), sys.argv[2:])
    library = pathlib.Path(sys.argv[1], "libcnnc.a")
    library.unlink(missing_ok=True)
    subprocess.run([os.environ.get("AR", "ar"), "rcs", str(library), *objects], check=True)
    print(library)
