# cython: language_level=3
"""The binding: checks arrays against an operation's signature, releases the GIL, calls C. No maths.

An operation's signature (from csrc/ops.h) names its fields in order, and every field is 8 bytes, so one
piece of code fills the argument struct of any operation, for a call at once or for a recorded program, which is
replayed by _program.pxi.
"""

from libc.stdint cimport int64_t, uintptr_t
from libc.string cimport memcpy

import threading

import numpy as np

cimport cython
cimport numpy as cnp

cnp.import_array()

cdef extern from "cnnc.h" nogil:
    ctypedef int (*cnnc_fn)(const void *args, void *scratch, int threads)
    ctypedef size_t (*cnnc_scratch_fn)(const void *args, int threads)
    ctypedef struct cnnc_op:
        const char *name
        const char *signature
        size_t args_size
        cnnc_fn run[2]
        cnnc_scratch_fn scratch[2]
    const cnnc_op cnnc_ops[]
    const int cnnc_op_count
    int cnnc_isa_count()
    const char *cnnc_isa_name(int)
    int cnnc_isa_supported(int)
    int cnnc_isa_level()
    int cnnc_isa_set(int)
    int cnnc_has_openmp()
    int cnnc_max_threads()
    void cnnc_set_max_threads(int)

DTYPES = {"u8": np.dtype(np.uint8), "i32": np.dtype(np.int32), "i64": np.dtype(np.int64),
          "u64": np.dtype(np.uint64), "f64": np.dtype(np.float64)}
REALS = (np.dtype(np.float32), np.dtype(np.float64))
ALIGNMENT = 64


# --- threads and instruction sets ----------------------------------------------------------------------

cdef int thread_limit = 1


def set_thread_limit(int threads, bint tell_openmp):
    """At most this many threads from now on; `tell_openmp` also raises OpenMP's own limit to it."""
    global thread_limit
    thread_limit = threads
    if tell_openmp:
        cnnc_set_max_threads(threads)


def one_thread():
    """Operations that this thread of Python calls use no other thread from now on."""
    cnnc_set_max_threads(1)


cpdef int threads():
    """The threads that an operation called now may use: our limit, lowered by what OpenMP was told by others."""
    return max(1, min(thread_limit, cnnc_max_threads()))


def isa_levels():
    """{name: supported on this machine}, from the lowest instruction set level to the highest."""
    return {cnnc_isa_name(i).decode(): bool(cnnc_isa_supported(i)) for i in range(cnnc_isa_count())}


def isa():
    """The name of the instruction set level in force."""
    return cnnc_isa_name(cnnc_isa_level()).decode()


cpdef int isa_level():
    """The number of the instruction set level in force."""
    return cnnc_isa_level()


def use_isa(name):
    """Switches to a level by name; raises ValueError for one that is unknown or that this machine lacks."""
    levels = isa_levels()
    if name not in levels or cnnc_isa_set(list(levels).index(name)) != 0:
        able = ", ".join(level for level, supported in levels.items() if supported)
        raise ValueError(f"the instruction set must be one of {able} on this machine: received {name!r}")


def has_openmp():
    """Whether the C library was built with OpenMP."""
    return bool(cnnc_has_openmp())


# --- operations ----------------------------------------------------------------------------------------

@cython.final
cdef class Field:
    """One field of an argument struct."""
    cdef readonly str name, kind            # kind: in, out, size, num
    cdef readonly str type                  # real, u8, ...; "" for size and num
    cdef readonly tuple axes
    cdef readonly bint optional
    cdef readonly int star                  # position of the axis that takes the product of several, or -1

    def __init__(self, text):
        words = text.split()
        self.kind = words[0]
        self.star = -1
        self.axes = ()
        if self.kind in ("size", "num"):
            self.type = ""
            self.name = words[1]
            return
        self.type, self.name = words[1], words[2]
        axes = words[3:]
        self.optional = axes[-1].endswith("?")
        axes[-1] = axes[-1].rstrip("?")
        for position, axis in enumerate(axes):
            if axis.endswith("*"):
                self.star = position
        self.axes = tuple(axis.rstrip("*") for axis in axes)

    def sizes(self, shape):
        """The axes' sizes in an array of this shape, or None if it has the wrong number of axes."""
        if self.star < 0:
            return shape if len(shape) == len(self.axes) else None
        after = len(self.axes) - self.star - 1
        if len(shape) < len(self.axes) - 1:
            return None
        end = len(shape) - after
        product = 1
        for size in shape[self.star:end]:
            product *= size
        return (*shape[:self.star], product, *shape[end:])


@cython.final
cdef class Op:
    """One operation of the C library. Called with arrays it computes at once; `pack` prepares a recorded call."""
    cdef const cnnc_op *op
    cdef readonly str name
    cdef readonly tuple fields
    cdef readonly frozenset inputs, outputs
    cdef readonly dict flags                # accumulate field -> the outputs that it is about

    def __repr__(self):
        return f"<op {self.name}({', '.join(field.name for field in self.fields)})>"

    def pack(self, dict values):
        """Checks `values` (field name -> array, number or None) and fills an argument struct.

        Arrays may be NumPy arrays or symbolic buffers (anything with `shape` and `dtype`), whose addresses are
        filled in later. Raises TypeError or ValueError that names the operation, the field, the rule and the value.
        """
        cdef Call call = Call.__new__(Call)
        cdef cnp.ndarray words = np.zeros(len(self.fields), np.int64)
        cdef int64_t *word = <int64_t *> cnp.PyArray_DATA(words)
        cdef double number
        cdef Field field
        cdef int i
        cdef dict sizes = {}
        cdef set unknown = set(values)
        real = None
        call.op = self
        call.words = words
        call.arrays = []
        call.symbols = []
        for i, field in enumerate(self.fields):
            unknown.discard(field.name)
            if not field.axes:
                continue
            value = values.get(field.name)
            if value is None:
                if not field.optional:
                    raise TypeError(f"{self.name}: {field.name} is required: received None")
                continue
            dtype = value.dtype
            if field.type == "real":
                if real is None:
                    if dtype not in REALS:
                        raise TypeError(f"{self.name}: {field.name} must be float32 or float64: received {dtype}")
                    real = dtype
                wanted = real
            else:
                wanted = DTYPES[field.type]
            if dtype != wanted:
                raise TypeError(f"{self.name}: {field.name} must be {wanted}: received {dtype}")
            shape = field.sizes(value.shape)
            if shape is None:
                raise ValueError(f"{self.name}: {field.name} must have the axes ({', '.join(field.axes)}): "
                                 f"received shape {value.shape}")
            for axis, size in zip(field.axes, shape):
                known = int(axis) if axis.isdigit() else sizes.setdefault(axis, size)
                if size != known:
                    raise ValueError(f"{self.name}: axis {axis} must be {known} in {field.name} as elsewhere: "
                                     f"received {size} (shape {value.shape})")
            if isinstance(value, np.ndarray):
                if not value.flags.c_contiguous or not value.flags.aligned:
                    raise ValueError(f"{self.name}: {field.name} must be C-contiguous and aligned: "
                                     f"received strides {value.strides}")
                if field.kind == "out" and not value.flags.writeable:
                    raise ValueError(f"{self.name}: {field.name} must be writeable: received a read-only array")
                word[i] = <int64_t> <uintptr_t> cnp.PyArray_DATA(value)
                call.arrays.append(value)
            else:
                call.symbols.append((i, value))
        for i, field in enumerate(self.fields):
            if field.kind == "size":
                if field.name not in sizes and field.name not in values:
                    raise TypeError(f"{self.name}: {field.name} is required: received nothing")
                word[i] = sizes[field.name] if field.name in sizes else values[field.name]
            elif field.kind == "num":
                number = values[field.name]
                memcpy(&word[i], &number, 8)
        if unknown:
            raise TypeError(f"{self.name} has no field {sorted(unknown)}: it has {[f.name for f in self.fields]}")
        call.real = 0 if real is None else REALS.index(real)  # to NumPy, None equals float64
        return call

    def __call__(self, **values):
        cdef Call call = self.pack(values)
        cdef int team = threads()
        if call.symbols:
            raise TypeError(f"{self.name}: calling at once needs arrays: received a symbolic {call.symbols[0][1]!r}")
        cdef cnp.ndarray scratch = scratch_for(call.scratch(team))
        cdef cnnc_fn run = self.op.run[call.real]
        cdef void *args = cnp.PyArray_DATA(call.words)
        cdef void *area = cnp.PyArray_DATA(scratch)
        cdef int answer
        with nogil:
            answer = run(args, area, team)
        return answer


@cython.final
cdef class Call:
    """An operation with its filled argument struct. `symbols` lists (field number, buffer) still without address."""
    cdef readonly Op op
    cdef readonly list arrays, symbols
    cdef cnp.ndarray words
    cdef int real

    def scratch(self, int team):
        """The bytes of scratch this call needs with `team` threads."""
        return self.op.op.scratch[self.real](cnp.PyArray_DATA(self.words), team)

    @property
    def sizes(self):
        """The size fields by name."""
        cdef int64_t *word = <int64_t *> cnp.PyArray_DATA(self.words)
        return {field.name: word[i] for i, field in enumerate(self.op.fields) if field.kind == "size"}


def accumulate_flags(names, outputs):
    """{field: outputs that it tells to add}: `accumulate_dx` tells dx alone, `accumulate` those without one."""
    own = {f"accumulate_{name}": (name,) for name in sorted(outputs) if f"accumulate_{name}" in names}
    others = tuple(name for name in sorted(outputs) if (name,) not in own.values())
    return {**own, "accumulate": others} if "accumulate" in names else own


cdef dict load_ops():
    cdef dict found = {}
    cdef Op op
    cdef int i
    for i in range(cnnc_op_count):
        op = Op.__new__(Op)
        op.op = &cnnc_ops[i]
        op.name = cnnc_ops[i].name.decode()
        op.fields = tuple(Field(text) for text in cnnc_ops[i].signature.decode().split(";") if text)
        op.inputs = frozenset(field.name for field in op.fields if field.kind == "in")
        op.outputs = frozenset(field.name for field in op.fields if field.kind == "out")
        op.flags = accumulate_flags({field.name for field in op.fields}, op.outputs)
        found[op.name] = op
    return found


OPS = load_ops()


# --- memory ----------------------------------------------------------------------------------------------

def aligned(size_t nbytes, bint zeros=False):
    """A fresh uint8 array of `nbytes`, aligned to a cache line. Zeroed pages cost nothing until they are touched."""
    raw = (np.zeros if zeros else np.empty)(nbytes + ALIGNMENT, np.uint8)
    cdef uintptr_t address = <uintptr_t> cnp.PyArray_DATA(raw)
    cdef size_t skip = (ALIGNMENT - address % ALIGNMENT) % ALIGNMENT
    return raw[skip:skip + nbytes]


cpdef bint alike(cnp.ndarray a, b):
    """Whether b is an array of a's shape and type whose bytes could be a's; both are C-contiguous."""
    return (type(b) is cnp.ndarray and (<cnp.ndarray> b).dtype is a.dtype and cnp.PyArray_SAMESHAPE(a, b)
            and cnp.PyArray_IS_C_CONTIGUOUS(a) and cnp.PyArray_IS_C_CONTIGUOUS(b))


def fill(cnp.ndarray to, source):
    """to[...] = source, in less time where both are alike."""
    if alike(to, source):
        memcpy(cnp.PyArray_DATA(to), cnp.PyArray_DATA(source), cnp.PyArray_NBYTES(to))
    else:
        to[...] = source


# Scratch of calls at once is kept per thread up to this size: fresh pages cost more than small kernels.
cdef size_t KEPT_SCRATCH = 1 << 24
kept = threading.local()


cdef cnp.ndarray scratch_for(size_t nbytes):
    if nbytes > KEPT_SCRATCH:
        return aligned(nbytes)
    area = getattr(kept, "scratch", None)
    if area is None or <size_t> area.size < nbytes:
        area = kept.scratch = aligned(max(nbytes, <size_t> 1 << 16))
    return area


# --- recorded programs -------------------------------------------------------------------------------------

include "_program.pxi"
