"""What this installation and this machine are."""

import platform

import numpy as np

from cnnc import _core
from cnnc.ops import get_num_threads


def show_config():
    """Prints and returns version, instruction sets, OpenMP and threads.

    Example:
        >>> import cnnc
        >>> "isa" in cnnc.show_config()  # doctest: +ELLIPSIS
        cnnc ...
        True
    """
    import cnnc

    levels = [name for name, supported in _core.isa_levels().items() if supported]
    config = {
        "version": cnnc.__version__,
        "isa": _core.isa(),
        "isa_supported": levels,
        "openmp": _core.has_openmp(),
        "threads": get_num_threads(),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
    lines = [
        f"cnnc {config['version']}, Python {config['python']}, NumPy {config['numpy']}, {config['machine']}",
        f"instruction set: {config['isa']} (this machine supports {', '.join(levels)})",
        f"threads: {config['threads']}" if config["openmp"] else "threads: 1 (built without OpenMP)",
    ]
    print("\n".join(lines))
    return config
