"""The C operations called between guards, and as chains: forward, then backward with what forward left behind."""

import numpy as np

from cnnc import _core, reference
from table import bounds, outputs

GUARD = 67  # elements on both sides: more than the widest vector; odd, so that arrays lie at any element's address
BESIDE = 113  # what lies beside outputs; any type holds it


# --- calling between guards ---------------------------------------------------------------------------------


def place(array, is_input):
    """A copy of the array inside a larger buffer: (copy, buffer). Beside inputs lies NaN, beside outputs a number."""
    beside = np.nan if is_input and array.dtype.kind == "f" else BESIDE
    buffer = np.full(array.size + 2 * GUARD, beside, array.dtype)
    copy = buffer[GUARD : GUARD + array.size].reshape(array.shape)
    copy[...] = array
    return copy, buffer


def call(name, inputs, results, settings):
    """Runs an operation. `results` hold what the outputs hold before; returns them as they are afterwards.

    What lies beside an input would show in the results as NaN if it were used; inputs, and what lies beside outputs,
    must stay as they are.
    """
    given = {field: array for field, array in {**inputs, **results}.items() if array is not None}
    placed = {field: place(array, field in inputs) for field, array in given.items()}
    before = {field: placed[field][1].tobytes() for field in given if field in inputs}
    arrays = {field: array for field, (array, _) in placed.items()}
    known = {field.name for field in _core.OPS[name].fields}
    assert _core.OPS[name](**arrays, **{k: v for k, v in settings.items() if k in known}) == 0
    for field, (_, buffer) in placed.items():
        if field in inputs:
            assert buffer.tobytes() == before[field], f"{name} wrote into its input {field}"
        else:
            intact = (buffer[:GUARD] == BESIDE).all() and (buffer[-GUARD:] == BESIDE).all()
            assert intact, f"{name} wrote beside {field}"
    return {field: arrays[field] for field in results}


# --- operations as a chain: forward, then backward with what forward left ---------------------------------------


def values_of(case, dtype):
    """The arrays of a case, and what its chain starts from, by field name."""
    arrays = case.arrays(dtype)
    values = dict(zip(case.spec.takes.split(), arrays, strict=False))
    if "labels" in values and values["labels"].ndim == 2:
        values["target"] = values.pop("labels")
    for field, array in values.items():
        values[field] = array.astype(np.int32) if array.dtype.kind == "i" else array.astype(dtype)
    seed = case.arguments.get("seed", 0)
    return arrays, {**values, "dy": case.gradient(arrays), "rng": np.array([seed, 0], np.uint64)}


def expected_of(case, arrays, dtype):
    """Field -> (exact result, bound), as far as functions of the reference return it."""
    expected = {}
    for name, taken in case.calls(arrays):
        exact = outputs(getattr(reference, name)(*taken, **case.arguments))
        fields = (case.spec.gives if name == case.op else case.spec.gradients).split()
        expected.update(zip(fields, zip(exact, bounds(name, taken, case.arguments, dtype), strict=True), strict=False))
    return {**expected, **case.spec.more(case, arrays, dtype, expected)}


def shape_of(field, expected):
    """The shape of an output: what is expected of it, or for an index the shape of y."""
    shape = expected["y" if field.startswith("index") else field][0].shape
    return shape or (1,)


def run_chain(case, dtype, values, expected, check=True):
    """Runs the operations of a case, each with every `accumulate`; returns the bits of all results."""
    values, settings, bits = dict(values), case.spec.fields(case), []
    types = {"real": np.dtype(dtype), **_core.DTYPES}
    for name, taken, given in case.spec.chain:
        operation = _core.OPS[name]
        kinds = {field.name: types[field.type] for field in operation.fields if field.type}
        inputs = {field: values.get(field) for field in taken.split()}
        fields = [f for f in given.split() if f != "db" or "b" in values]
        for accumulate in (1, 0) if operation.flags else (0,):
            start = {}
            for field in fields:
                shape = shape_of(field, expected)
                fill = np.nan if kinds[field].kind == "f" else -1 if kinds[field].kind == "i" else 255
                start[field] = np.full(shape, fill, kinds[field])
                if accumulate:
                    start[field] = np.random.default_rng(7).standard_normal(shape).astype(dtype)
            after = call(name, inputs, start, {**settings, **dict.fromkeys(operation.flags, accumulate)})
            bits += [array.tobytes() for array in after.values()]
            for field, array in after.items():
                if check and field in expected:
                    exact, slack = expected[field]
                    if accumulate:
                        exact = exact + start[field]
                        slack = slack + np.finfo(dtype).eps * np.abs(exact)
                    wrong = ~(np.abs(array - exact) <= slack)  # NaN is wrong too
                    where = f"{name}.{field} on {_core.isa()} with {_core.threads()} threads, accumulate {accumulate}"
                    assert not wrong.any(), f"{where}: {wrong.sum()} of {wrong.size} are wrong in {case}"
        values.update(after)
    return bits
