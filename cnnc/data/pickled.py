"""Data out of a pickle without unpickling: dicts, lists, tuples, strings, numbers, and uint8 arrays of NumPy.

A pickle is a program that may call anything. Here its instructions are read one by one, and only those that make data
are followed. An array is made in a pickle by calls; their few names are recognised, and what they would have made is
made here. Any other name is refused, and nothing is ever called or imported.

The instructions are those of the standard library's pickletools.
"""

import math

import numpy as np

MAX_INSTRUCTIONS = 1 << 20
MAX_LINE = 256  # bytes of a line: a number, a name, a short string

# What an array's pickle names; the module's name has changed with NumPy 2.
RECONSTRUCT = ("numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct")
ARRAY = "numpy ndarray"
DTYPE = "numpy dtype"

NUMBERS = {"INT", "BININT", "BININT1", "BININT2", "LONG1"}
STRINGS = {"STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE"}
BYTES = {"BINBYTES", "SHORT_BINBYTES", "BINBYTES8"}
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
EMPTY = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
PUTS = {"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"}
GETS = {"GET", "BINGET", "LONG_BINGET"}
IGNORED = {"PROTO", "FRAME"}


def read_pickled(stream, size, path, instructions=MAX_INSTRUCTIONS):
    """Read the dict that a pickle of plain data and uint8 arrays holds.

    Python 2's strings become str, one letter a byte.

    Args:
        stream: io.BufferedReader, the pickle.
        size: int, the bytes in it; never more are read.
        path: str or os.PathLike, the file, for messages.
        instructions: int, the most that there may be; each costs about 100 bytes of memory.

    Returns:
        dict, its arrays as read-only numpy.ndarray of uint8.

    Raises:
        ValueError: when the pickle is damaged, holds anything but such a dict, or names anything to be called.

    The format is that of the module pickle, protocols 0 to 4: A. Pitrou: PEP 3154, Pickle protocol version 4, 2011.

    >>> import io, pickle
    >>> pickled = pickle.dumps({"labels": [3, 1]}, protocol=2)
    >>> read_pickled(io.BufferedReader(io.BytesIO(pickled)), len(pickled), "a.pickle")
    {'labels': [3, 1]}
    >>> pickled = pickle.dumps({"surprise": print}, protocol=2)
    >>> read_pickled(io.BufferedReader(io.BytesIO(pickled)), len(pickled), "a.pickle")
    Traceback (most recent call last):
    ...
    ValueError: a.pickle: must be a pickle of plain data and uint8 arrays, received the name '__builtin__ print'
    """
    import pickletools  # here, for few programs read pickles

    machine = _Machine(size)
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(_Limited(stream, size))):
            if count == instructions:
                raise ValueError(f"more than {instructions} instructions")
            if opcode.name == "STOP":
                return _finished(machine.stack)
            machine.run(opcode.name, argument)
    except _StackError as error:
        raise ValueError(f"{path}: must be a whole pickle, received {error}") from error
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{path}: must be a pickle of plain data and uint8 arrays, received {error}") from error
    raise ValueError(f"{path}: must be a whole pickle, received no end")


class _StackError(Exception):
    """An instruction found on the stack or in the memory not what it needs."""


class _Name:
    """What a pickle names in order to call it: a module and something in it, as text that is only ever compared."""

    def __init__(self, text):
        if text not in (*RECONSTRUCT, ARRAY, DTYPE):
            raise ValueError(f"the name {text[:80]!r}")
        self.text = text


class _Mark:
    """Where on the stack the elements of a list, tuple or dict begin."""


class _Type:
    """Stands for uint8, the one dtype there is here."""


class _Array:
    """Stands for an array, which a pickle first makes and then fills."""

    values = None


class _Limited:
    """A stream of which at most `size` bytes are read, and no long line; asked for more, it says so before it reads."""

    def __init__(self, stream, size):
        self._stream, self._size, self._at = stream, size, 0

    def tell(self):
        """Bytes read so far."""
        return self._at

    def read(self, count):
        """That many bytes, all of them."""
        if count > self._size - self._at:
            raise ValueError(f"{count} bytes where {self._size - self._at} are left")
        data = self._stream.read(count)
        self._at += len(data)
        return data

    def readline(self):
        """Bytes up to a newline, with it."""
        line = self._stream.readline(min(MAX_LINE, self._size - self._at))
        if not line.endswith(b"\n"):
            raise ValueError(f"a line that does not end in {MAX_LINE} bytes")
        self._at += len(line)
        return line


class _Machine:
    """The pickle machine's stack and memory."""

    def __init__(self, size):
        self.stack = []
        self._memory = {}
        self._left = size  # bytes that arrays may still have: a string that is written once can be fetched many times

    def run(self, name, argument):
        """Follow one instruction."""
        if name in NUMBERS or name in STRINGS or name in BYTES:
            self.stack.append(argument)
        elif name in PUTS:
            self._memory[len(self._memory) if argument is None else argument] = self._top()
        elif name in GETS:
            if argument not in self._memory:
                raise _StackError(f"{name} {argument}, which was never put")
            self.stack.append(self._memory[argument])
        elif name in CONSTANTS:
            self.stack.append(CONSTANTS[name])
        elif name in EMPTY:
            self.stack.append(EMPTY[name]())
        elif name in TUPLES:
            self.stack.append(tuple(self._pop(TUPLES[name])))
        elif name == "MARK":
            self.stack.append(_Mark)
        elif name == "GLOBAL":
            self.stack.append(_Name(argument))
        elif hasattr(self, f"_run_{name.lower()}"):
            getattr(self, f"_run_{name.lower()}")()
        elif name not in IGNORED:
            raise ValueError(f"the instruction {name}")

    def _top(self, kind=object):
        """The last value on the stack, which must be of that kind."""
        if not self.stack or self.stack[-1] is _Mark or not isinstance(self.stack[-1], kind):
            raise _StackError("an instruction without its operand")
        return self.stack[-1]

    def _pop(self, count):
        """The last values of the stack, taken off it."""
        values = self.stack[-count:]
        if len(values) < count or any(value is _Mark for value in values):
            raise _StackError("an instruction without its operands")
        del self.stack[-count:]
        return values

    def _since_mark(self):
        """All values after the last mark, taken off the stack with it."""
        at = len(self.stack) - 1
        while at >= 0 and self.stack[at] is not _Mark:
            at -= 1
        if at < 0:
            raise _StackError("an instruction without its mark")
        values = self.stack[at + 1 :]
        del self.stack[at:]
        return values

    def _run_tuple(self):
        self.stack.append(tuple(self._since_mark()))

    def _run_list(self):
        self.stack.append(self._since_mark())

    def _run_append(self):
        (value,) = self._pop(1)
        self._top(list).append(value)

    def _run_appends(self):
        values = self._since_mark()
        self._top(list).extend(values)

    def _run_dict(self):
        values = self._since_mark()
        self.stack.append({})
        self._set(values)

    def _run_setitem(self):
        self._set(self._pop(2))

    def _run_setitems(self):
        self._set(self._since_mark())

    def _set(self, values):
        """Key, value, key, value, into the dict on the stack."""
        keys = values[::2]
        if len(values) % 2 or not all(isinstance(key, str) for key in keys):
            raise ValueError("a dict whose keys are not all strings")
        self._top(dict).update(zip(keys, values[1::2], strict=True))

    def _run_stack_global(self):
        module, name = self._pop(2)
        if not isinstance(module, str) or not isinstance(name, str):
            raise _StackError("a name that is not a string")
        self.stack.append(_Name(f"{module} {name}"))

    def _run_reduce(self):
        """A call, of which there are two: an array without contents, and its dtype."""
        called, arguments = self._pop(2)
        if not isinstance(called, _Name) or not isinstance(arguments, tuple) or len(arguments) != 3:
            raise ValueError("a call that makes no array")
        first = arguments[0]
        if called.text in RECONSTRUCT and isinstance(first, _Name) and first.text == ARRAY:
            self.stack.append(_Array())
        elif called.text == DTYPE and isinstance(first, str) and first == "u1":
            self.stack.append(_Type())
        else:
            raise ValueError("a call that makes no array of uint8")

    def _run_build(self):
        """What an object made by a call is filled with."""
        made, state = self._pop(2)
        if isinstance(made, _Array):
            made.values = _filled(state, self._left)
            self._left -= made.values.size
        elif not isinstance(made, _Type):
            raise ValueError("an object that is no array")
        self.stack.append(made)


def _filled(state, most):
    """The array of a state (version, shape, dtype, whether in Fortran's order, contents), of so many bytes at most."""
    if not isinstance(state, tuple) or len(state) != 5:
        raise ValueError("an array whose state is not of five parts")
    _, shape, dtype, fortran, contents = state
    if not isinstance(shape, tuple) or len(shape) > 4 or not all(type(n) is int and 0 <= n < 1 << 32 for n in shape):
        raise ValueError("an array whose shape is not of whole numbers, four at most")
    if not isinstance(dtype, _Type) or fortran:
        raise ValueError("an array that is not of uint8 in C's order")
    if not isinstance(contents, (str, bytes)) or len(contents) != math.prod(shape):
        raise ValueError(f"an array of shape {shape} with other contents than that")
    if len(contents) > most:
        raise ValueError("arrays that are larger together than the file")
    if isinstance(contents, str):
        contents = contents.encode("latin-1")
    return np.frombuffer(contents, np.uint8).reshape(shape)


def _finished(stack):
    """The dict that is left at the end, its arrays filled."""
    if len(stack) != 1 or not isinstance(stack[0], dict):
        raise _StackError("another end than one dict")
    finished = {key: value.values if isinstance(value, _Array) else value for key, value in stack[0].items()}
    if any(isinstance(value, _Array) and value.values is None for value in stack[0].values()):
        raise _StackError("an array without contents")
    return finished
