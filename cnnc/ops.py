"""The operations of the C library by name, and the settings of the machine they run on.

Each operation is a callable that takes its fields by name (see csrc/ops.h): called with NumPy arrays it computes at
once; handed to a tape it is recorded. `cnnc.functional` is the friendly front for plain arrays.
"""

import os
import threading
import warnings
from typing import NamedTuple

import numpy as np

from cnnc import _core
from cnnc.geometry.windows import numbers_for, times

OPS = _core.OPS
ALGORITHMS = ("auto", "direct", "winograd_6x6", "winograd_4x4")  # of convolution, in the order of csrc/conv/conv.h
CONV_SIZES = ("N", "H", "W", "C", "KH", "KW", "CG", "K", "OH", "OW")  # their axes, in order
# the activations that an operation can end in, numbered as in csrc/activation/activation.h
ENDINGS = (None, *(name for name, operation in OPS.items() if f"{name}_dx" in OPS
                   and [field.name for field in operation.fields] == ["x", "y", "LENGTH", "alpha"]))  # fmt: skip
_forked = threading.Event()


def op(name):
    """The operation called `name`."""
    return OPS[name]


def reads(name, field):
    """Whether the operation called `name` has an input of that name."""
    return field in op(name).inputs


# --- a window in the field names of csrc/ops.h ----------------------------------------------------------


def _fields(window):
    (top, _), (left, _) = window.padding
    return {"stride_h": window.stride[0], "stride_w": window.stride[1], "pad_top": top, "pad_left": left}


def conv_fields(window, flip=False, algorithm="auto"):
    """Fields of the convolutions; `flip` reads the filter flipped both ways."""
    return {**_fields(window), "dilation_h": window.dilation[0], "dilation_w": window.dilation[1],
            "flip": int(flip), "algorithm": ALGORITHMS.index(algorithm)}  # fmt: skip


def check_algorithm(algorithm, window, groups):
    """Raises ValueError unless it is known and can compute a convolution with this window in so many groups."""
    if algorithm not in ALGORITHMS:
        raise ValueError(f"algorithm must be one of {', '.join(ALGORITHMS)}, received {algorithm!r}")
    if not algorithm.startswith("winograd"):
        return
    axes = {1: (None, 0), 2: (0, 1), 3: (1, 2)}[len(window.kernel)]  # those that convolutions of images see
    seen = window.part(*axes)
    kernels = [(3, 3), (5, 5)] if algorithm == "winograd_6x6" else [(3, 3)]
    if seen.kernel not in kernels or (*seen.stride, *seen.dilation, groups) != (1, 1, 1, 1, 1):
        known = " or ".join(times(kernel) for kernel in kernels)
        raise ValueError(
            f"algorithm {algorithm} must have a kernel of {known}, stride 1, dilation 1 and one group, received kernel "
            f"{times(seen.kernel)}, stride {times(seen.stride)}, dilation {times(seen.dilation)}, groups {groups}"
        )


def ending(activation=None, alpha=0.0):
    """Fields of an operation that ends in an activation, by the name of its operation."""
    return {"act": ENDINGS.index(activation), "alpha": float(alpha)}


def conv_ending(activation=None, alpha=0.0):
    """The same for a convolution, which may write some of y's channels: here the first and all."""
    return {**ending(activation, alpha), "first": 0}


def conv_sizes(x_shape, w_shape, out):
    """The sizes of a convolution of images and filters of these shapes whose results have `out` rows and columns, for
    operations that do not see all arrays.
    """
    return dict(zip(CONV_SIZES, (*x_shape, *w_shape, *out), strict=True))


def recorded_sizes(fields):
    """The size fields of a convolution, without those of its ending, from the fields of a recorded one."""
    sizes = conv_sizes(fields["x"].shape, fields["w"].shape, fields["y"].shape[1:3])
    names = [field.name for field in op("correlate2d_pack").fields if field.kind == "size"]
    return {**sizes, **{name: fields[name] for name in names if name not in sizes}}


class ConvPlan(NamedTuple):
    """What a convolution will do: the algorithms of its passes and estimates of their seconds.

    `packed_length` is the length of the filters packed for the forward pass, 0 where nothing is packed.
    """

    forward: str
    data: str
    weights: str
    with_packed: str
    packed_length: int
    seconds: tuple


def conv_plan(x_shape, w_shape, window, algorithm="auto", dtype=np.float32):
    """The plan of a convolution of images and filters of these shapes; see the row of correlate2d_plan."""
    sizes = conv_sizes(x_shape, w_shape, window.output(*x_shape[1:3]))
    return planned({**sizes, **conv_fields(window, algorithm=algorithm)}, dtype)


def planned(fields, dtype):
    """The same from the size fields of a convolution, of which there may be more than it takes."""
    chosen, seconds, plan = np.empty(5, np.int64), np.empty(4, dtype), op("correlate2d_plan")
    sizes = {field.name: fields[field.name] for field in plan.fields if field.kind == "size"}
    plan(chosen=chosen, seconds=seconds, **sizes)
    return ConvPlan(*(ALGORITHMS[i] for i in chosen[:4]), int(chosen[4]), tuple(seconds.tolist()))


CONV_PASSES = {"correlate2d": "forward", "correlate2d_dx": "data", "correlate2d_dw": "weights"}


def algorithm(name, fields, dtype, packed=False):
    """The algorithm that an operation of convolution will use for these size fields; "" for another operation."""
    if name not in CONV_PASSES:
        return ""
    return getattr(planned(fields, dtype), "with_packed" if packed else CONV_PASSES[name])


def pool_fields(window):
    """Fields of max pooling."""
    return {**_fields(window), "KH": window.kernel[0], "KW": window.kernel[1]}


def mean_fields(window, count_include_pad):
    """Fields of average pooling."""
    (_, bottom), (_, right) = window.padding
    return {**pool_fields(window), "pad_bottom": bottom, "pad_right": right, "count_pad": int(bool(count_include_pad))}


def index_field(window):
    """Name and dtype of the field in which max pooling notes which tap of the window won."""
    taps = window.kernel[0] * window.kernel[1]
    return ("index8", np.uint8) if taps <= 256 else ("index32", np.int32)


def pool_stages(window, x_shape):
    """A pooling as poolings of images, one after the other: (window, input shape, output shape) of each.

    Signals are images of one row. Volumes are pooled frame by frame, then along the frames, with the pixels of a frame
    in one row: windows are boxes, whose maximum (the first of equal ones, too) and mean are those of their frames'.
    """
    n, *lengths, channels = x_shape
    out = window.output(*lengths)
    if len(lengths) == 1:
        return [(window.part(None, 0), (n, 1, *lengths, channels), (n, 1, *out, channels))]
    if len(lengths) == 2:
        return [(window, (n, *lengths, channels), (n, *out, channels))]
    frames, pixels = lengths[0], out[1] * out[2]
    return [
        (window.part(1, 2), (n * frames, *lengths[1:], channels), (n * frames, *out[1:], channels)),
        (window.part(0, None), (n, frames, pixels, channels), (n, out[0], pixels, channels)),
    ]


def frame_fields(window, groups):
    """Fields of stack_frames for a window on volumes."""
    return {"KD": window.kernel[0], "stride_d": window.stride[0], "pad_front": window.padding[0][0],
            "dilation_d": window.dilation[0], "groups": groups}  # fmt: skip


def filter_shapes(w_shape):
    """Filters (KD, KH, KW, CG, K) as what stack_frames takes and gives, and as filters of stacked frames."""
    depth, rows, columns, channels, filters = w_shape
    taps = (1, depth, rows * columns, channels * filters)
    return taps, (1, 1, rows * columns, depth * channels * filters), (rows, columns, depth * channels, filters)


def filter_fields(w_shape):
    """Fields of stack_frames that make filters those of stacked frames."""
    return {"KD": w_shape[0], "stride_d": 1, "pad_front": 0, "dilation_d": 1, "groups": 1}


def rescale_fields(shape, scale, offset):
    """Fields of rescaling an array of this shape: numbers, or one for each channel of its last axis.

    Raises:
        ValueError: when they are neither.
    """
    channels = shape[-1] if len(shape) else 1
    scale, offset = numbers_for(channels, scale, "scale"), numbers_for(channels, offset, "offset")
    several = max(len(scale), len(offset))
    return {"scale": np.resize(scale, several), "offset": np.resize(offset, several)}


def resample_fields(rows, columns):
    """Fields of resampling: two matrices of `cnnc.geometry.resampling`."""
    return {f"{axis}_{field}": array for axis, matrix in (("row", rows), ("column", columns))
            for field, array in matrix._asdict().items()}  # fmt: skip


# --- threads and instruction set ---------------------------------------------------------------------------


def isa():
    """The name of the instruction set level in force."""
    return _core.isa()


def _default_threads():
    """OMP_NUM_THREADS if set, else the least of the CPUs this process may run on and its control group's quota."""
    setting = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if setting.isdigit() and int(setting) > 0:
        return int(setting)
    try:
        cpus = len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        cpus = os.cpu_count() or 1
    return max(1, min(cpus, _cgroup_cpus()))


def _cgroup_cpus():
    """The whole CPUs that the control group's quota (version 2, then version 1) allows; very many without one."""
    try:
        with open("/sys/fs/cgroup/cpu.max") as file:
            quota, period = file.read().split()
    except (OSError, ValueError):
        try:
            with open("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") as q, open("/sys/fs/cgroup/cpu/cpu.cfs_period_us") as p:
                quota, period = q.read().strip(), p.read().strip()
        except OSError:
            return 1 << 30
    if quota in ("max", "-1"):
        return 1 << 30
    return max(1, -(-int(quota) // int(period)))


def set_num_threads(n):
    """Sets how many threads the kernels use at most; results are the same bits for any number.

    Args:
        n: a positive int.

    Raises:
        ValueError: if `n` is not a positive int.

    Example:
        >>> import cnnc
        >>> before = cnnc.get_num_threads()
        >>> cnnc.set_num_threads(1)
        >>> cnnc.get_num_threads()
        1
        >>> cnnc.set_num_threads(before)
    """
    if isinstance(n, bool) or not hasattr(n, "__index__") or not 1 <= int(n) <= 1024:
        raise ValueError(f"the number of threads must be an int from 1 to 1024: received {n!r}")
    _forked.clear()
    _core.set_thread_limit(int(n), True)


def get_num_threads():
    """Returns how many threads the kernels use at most: `set_num_threads`, else the environment's default.

    Example:
        >>> import cnnc
        >>> cnnc.get_num_threads() >= 1
        True
    """
    if _forked.is_set():
        _forked.clear()
        warnings.warn(
            "cnnc runs with one thread in a forked process, whose OpenMP threads did not survive the fork; "
            "use the 'spawn' start method for more",
            RuntimeWarning,
            stacklevel=3,
        )
    return _core.threads()


def one_thread():
    """Makes operations called from this thread of Python use no other: for threads that work beside a network."""
    _core.one_thread()


def _after_fork():
    """The child has no OpenMP team and waiting for it would hang: run serially, and say so once."""
    if _core.has_openmp() and _core.threads() > 1:
        _core.set_thread_limit(1, False)
        _forked.set()


def _start():
    level = os.environ.get("CNNC_ISA")
    if level:
        try:
            _core.use_isa(level)
        except ValueError as error:
            raise ImportError(f"CNNC_ISA: {error}") from None
    _core.set_thread_limit(_default_threads(), False)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_after_fork)


_start()
