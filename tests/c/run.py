"""Builds the C library with sanitizers, without Python, and runs its tests: python tests/c/run.py [compiler flags ...]

The flags replace the sanitizers'. CC chooses the compiler and CNNC_RUN a command to run the result with, so that a
cross compiler works too: CC=aarch64-linux-gnu-gcc CNNC_RUN=qemu-aarch64 python tests/c/run.py -static -fopenmp
On a machine without AVX-512 that level is built as AVX2 code of the same shape and tested so. The last line printed
is "N passed, M failed".
"""

import importlib.util
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
CSRC = HERE.parent.parent / "csrc"
SANITIZERS = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
# Operations allocate nothing; what is left at the end is the team of threads of some OpenMP libraries.
ENVIRONMENT = {"ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1"}


def csrc_build():
    spec = importlib.util.spec_from_file_location("csrc_build", CSRC / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def has_avx512():
    try:
        return "avx512bw" in pathlib.Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


def run(folder, flags):
    """Builds and runs the tests of both element types; returns (passed, failed)."""
    build = csrc_build()
    openmp = build.openmp_flags()
    objects = build.build(folder, openmp, flags)
    passed = failed = 0
    for name, define in ("f32", []), ("f64", ["-DCNNC_DOUBLE"]):
        program = folder / f"test_{name}"
        source = [str(HERE / "test_ops.c"), "-I", str(CSRC), *define]
        options = ["-std=gnu11", *build.WARNINGS, *openmp, *flags]
        subprocess.run([*build.compiler(), *options, *source, *objects, "-lm", "-o", str(program)], check=True)
        command = [*shlex.split(os.environ.get("CNNC_RUN", "")), str(program)]
        environment = {**ENVIRONMENT, **os.environ}
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
        print(done.stdout, end="", flush=True)
        counts = re.search(r"^(\d+) passed, (\d+) failed$", done.stdout, re.MULTILINE)
        good, bad = (int(counts[1]), int(counts[2])) if counts else (0, 0)
        ended = counts and done.returncode == (bad > 0)  # else a sanitizer or a signal ended it
        passed, failed = passed + good, failed + bad + (not ended)
    return passed, failed


def main():
    if not has_avx512():
        os.environ.setdefault("CNNC_EMULATE_AVX512", "1")
    with tempfile.TemporaryDirectory() as folder:
        passed, failed = run(pathlib.Path(folder), sys.argv[1:] or SANITIZERS)
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
