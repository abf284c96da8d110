"""Builds the C library once per instruction set (csrc/build.py) and links it into the extension cnnc._core."""

import importlib.util
import os
import pathlib
import shlex

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = pathlib.Path(__file__).resolve().parent


def csrc_build():
    spec = importlib.util.spec_from_file_location("csrc_build", ROOT / "csrc" / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class BuildWithKernels(build_ext):
    def run(self):
        self.csrc = csrc_build()
        os.environ["CC"] = shlex.join(self.csrc.compiler())  # one compiler for all, not the one Python was built with
        super().run()

    def build_extension(self, ext):
        import numpy

        openmp = self.csrc.openmp_flags()
        # one folder for every way to install: what was compiled with the same flags is not compiled again
        ext.extra_objects = self.csrc.build(ROOT / "build/csrc", openmp)
        ext.depends = [*ext.depends, *ext.extra_objects]  # other settings make other objects, and those a new link
        ext.extra_compile_args = ["-O2", "-g0", "-fvisibility=hidden", *self.csrc.WARNINGS]
        ext.extra_link_args = [*openmp, "-lm", "-Wl,--strip-all"]
        ext.include_dirs = ["csrc", numpy.get_include()]
        ext.define_macros = [("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")]
        super().build_extension(ext)


headers_and_sources = sorted(str(p.relative_to(ROOT)) for p in (ROOT / "csrc").rglob("*.[ch]"))
depends = ["cnnc/_program.pxi", *headers_and_sources, "csrc/build.py"]
setup(
    ext_modules=[Extension("cnnc._core", ["cnnc/_core.pyx"], depends=depends)],
    cmdclass={"build_ext": BuildWithKernels},
)
