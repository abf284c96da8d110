"""The C operations called between guards, and as chains: forward, then backward with what forward left behind."""

import numpy as np
from cases import bounds, outputs

from cnnc import _core, geometry, ops, reference

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

CONV = [("correlate2d", "x w b", "y"), ("correlate2d_dx", "dy w", "dx"), ("correlate2d_dw", "dy x", "dw db")]
CHAINS = {
    "correlate2d": CONV,
    "convolve2d": CONV,
    "dense": [("dense", "x w b", "y"), ("dense_dx", "dy w", "dx"), ("dense_dw", "dy x", "dw db")],
    "matmul": [("dense", "x w", "y"), ("dense_dx", "dy w", "dx"), ("dense_dw", "dy x", "dw")],
    "bias_add": [("bias_add", "x b", "y"), ("bias_add_db", "dy", "db")],
    "max_pool2d": [("max_pool2d", "x", "y index8"), ("max_pool2d_dx", "dy index8", "dx"),
                   ("max_pool2d", "x", "y index32"), ("max_pool2d_dx", "dy index32", "dx"), ("max_pool2d", "x", "y")],
    "avg_pool2d": [("avg_pool2d", "x", "y"), ("avg_pool2d_dx", "dy", "dx")],
    **{op: [(op, "x", "y"), (f"{op}_dx", "dy y", "dx")] for op in ("relu", "leaky_relu", "elu", "sigmoid", "tanh")},
    "softmax": [("softmax", "x", "y"), ("softmax_dx", "dy y", "dx")],
    "cross_entropy": [("cross_entropy", "x labels target", "p row_loss loss hits"),
                      ("cross_entropy_dx", "p labels target", "dx")],
    "dropout": [("dropout", "x rng", "y")],
    "rescale": [("rescale", "x", "y"), ("rescale_dx", "dy", "dx")],
}  # fmt: skip
ACTIVATIONS = ("relu", "leaky_relu", "elu", "sigmoid", "tanh")


def settings_of(case):
    """A row's arguments as the fields of the C operations."""
    given = dict(case.arguments)
    if case.op in ("correlate2d", "convolve2d"):
        window, _ = geometry.convolution(*case.shapes, **given)
        return ops.conv_fields(window, flip=case.op == "convolve2d")
    if case.op == "max_pool2d":
        return ops.pool_fields(geometry.pooling(*case.shapes, **given)[0])
    if case.op == "avg_pool2d":
        counted = given.pop("count_include_pad", True)
        return ops.mean_fields(geometry.pooling(*case.shapes, **given)[0], counted)
    alpha = given.get("slope", given.get("alpha", 0.0))
    return {"scale": 1 / 255, "offset": 0.0, "rate": 0.5, "stream": 0, **given, "alpha": alpha}


def values_of(case, dtype):
    """What the chain starts from, by field name."""
    arrays = case.arrays(dtype)
    values = dict(zip(("x", "w", "b"), arrays, strict=False))
    if case.op == "cross_entropy":
        soft = arrays[1].ndim == 2
        return arrays, {"x": arrays[0], "target" if soft else "labels": arrays[1].astype(dtype if soft else np.int32)}
    if case.op == "bias_add":
        values["b"] = arrays[1]
    seed = case.arguments.get("seed", 0)
    return arrays, {**values, "dy": case.gradient(arrays), "rng": np.array([seed, 0], np.uint64)}


def expected_of(case, arrays, dtype):
    """Field -> (exact result, bound), as far as functions of the reference return it."""
    (_, given), *backward = case.calls(arrays)
    exact, slack = outputs(case.forward(reference, given)), bounds(case.op, given, case.arguments, dtype)
    expected = {"loss" if case.op == "cross_entropy" else "y": (exact[0], slack[0])}
    for name, taken in backward:
        exact = outputs(getattr(reference, name)(*taken, **case.arguments))
        names = ("dx", "db") if case.op == "bias_add" else ("dx", "dw", "db")
        expected.update(zip(names, zip(exact, bounds(name, taken, case.arguments, dtype), strict=True), strict=False))
    if case.op == "cross_entropy":
        x, labels = arrays
        expected["p"] = reference.softmax(x), bounds("softmax", [x], {}, dtype)[0]
        best = labels if labels.ndim == 1 else labels.argmax(axis=1)
        expected["hits"] = (x.argmax(axis=1) == best).sum(), 0
        rows = [reference.cross_entropy(x[i : i + 1], labels[i : i + 1]) for i in range(len(x))]
        expected["row_loss"] = np.array(rows), len(x) * expected["loss"][1]
    return expected


def shape_of(field, expected):
    if field in ("loss", "hits"):
        return (1,)
    return expected["y" if field.startswith("index") else field][0].shape


def run_chain(case, dtype, values, expected, check=True):
    """Runs the operations of a row, each with every `accumulate`; returns the bits of all results."""
    values, settings, bits = dict(values), settings_of(case), []
    types = {"real": np.dtype(dtype), **_core.DTYPES}
    for name, taken, given in CHAINS[case.op]:
        operation = _core.OPS[name]
        kinds = {field.name: types[field.type] for field in operation.fields if field.type}
        inputs = {field: values.get(field) for field in taken.split()}
        fields = [f for f in given.split() if f != "db" or "b" in values]
        for accumulate in (1, 0) if operation.accumulates else (0,):
            start = {}
            for field in fields:
                shape = shape_of(field, expected)
                fill = np.nan if kinds[field].kind == "f" else -1 if kinds[field].kind == "i" else 255
                start[field] = np.full(shape, fill, kinds[field])
                if accumulate:
                    start[field] = np.random.default_rng(7).standard_normal(shape).astype(dtype)
            after = call(name, inputs, start, {**settings, "accumulate": accumulate})
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
