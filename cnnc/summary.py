"""What a network costs, before it runs: the table of its layers and the memory of its plans."""

import math

from cnnc import geometry, training
from cnnc.checks import check_count
from cnnc.layers import Auxiliary, Reshape
from cnnc.ops import CONV_PASSES, algorithm, get_num_threads
from cnnc.tape import Tape


def _text(n):
    return f"{n:,}"


def _bytes(n):
    for unit in ("B", "KB", "MB", "GB"):
        if n < 1024 or unit == "GB":
            return f"{n} B" if unit == "B" else f"{n:.1f} {unit}"
        n /= 1024
    return None


def _field(layer, field, jump):
    """The receptive field and stride after a layer, a number for each axis; a container's is its widest branch's.

    Both are None where places on the input have lost their meaning.
    """
    if isinstance(layer, Auxiliary):  # hands its input on
        return field, jump
    children = layer.children()
    if hasattr(layer, "join"):
        branches = [(*_field(child, field, jump), child.output_shape) for child in children]
        known = [branch for branch in branches if branch[0] is not None]
        whole = [branch for branch in known if branch[2] == layer.output_shape] or known
        return (tuple(map(max, zip(*(f for f, *_ in known), strict=True))), whole[0][1]) if known else (None, None)
    for child in children:
        field, jump = _field(child, field, jump)
    window = layer.window()
    if isinstance(layer, Reshape) or (window and field and len(field) != len(layer.input_shape) - 1):
        return None, None
    return geometry.receptive_field([window], field, jump) if window and field else (field, jump)


def _leaves(layer, field, jump, aside=False):
    """(layer, field, jump, whether in an auxiliary head) of every layer without children, in order."""
    children = layer.children()
    aside = aside or isinstance(layer, Auxiliary)
    if not children:
        yield (layer, *_field(layer, field, jump), aside)
    for child in children:
        yield from _leaves(child, field, jump, aside)
        if not hasattr(layer, "join"):
            field, jump = _field(child, field, jump)


def algorithms(net, batch_size):
    """id of a convolution -> (forward pass in inference, forward in training, gradient of data, gradient of weights).

    What is not computed, such as the gradient of the images, is "-".
    """
    n, team = check_count(batch_size, "batch_size"), get_num_threads()
    found = {}
    for mode in (False, True):
        plan = _both_passes(net, n, team) if mode else net.plan_inference(n, net.dtype, team)[0]
        for step, call in zip(plan.steps, plan.calls, strict=True):
            if step.op is not None and step.op.name in CONV_PASSES:
                packed = step.fields.get("packed") is not None
                column = 0 if not mode else 1 + list(CONV_PASSES).index(step.op.name)
                row = found.setdefault(id(step.layer), ["-"] * 4)
                row[column] = algorithm(step.op.name, call.sizes, net.dtype, packed)
    return found


def _both_passes(net, n, team):
    """The plan of the forward and the backward pass, without a loss."""
    net.settle()
    net.flat.grad  # noqa: B018 - layers record views into it
    tape = Tape(net.dtype, training=True, rng=net.rng)
    net.apply(tape, net.record_input(tape, n, net.dtype)[1])
    return tape.plan(team)


def rows(net, batch_size=None):
    """One dict for each layer and one of totals. Auxiliary heads cost nothing in inference, as is counted.

    With a batch size, convolutions tell their algorithms.
    """
    itemsize = net.dtype.itemsize
    table, counted = [], set()
    chosen = {} if batch_size is None else algorithms(net, batch_size)
    start = (1,) * (len(net.input_shape) - 1)
    for layer, field, jump, aside in _leaves(net, start, start):
        own = {id(p): p.size for p in layer.own_parameters().values() if p.learned and id(p) not in counted}
        counted.update(own)
        seen = field and len(field) == len(layer.input_shape) - 1
        places = jump and len(jump) == len(layer.output_shape) - 1
        table.append({
            "layer": f"{layer.title} (in training)" if aside else layer.title,
            "output_shape": layer.output_shape,
            "parameters": sum(own.values()),
            "receptive_field": tuple(map(math.ceil, field)) if seen else None,
            "stride": jump if places else None,
            "macs": 0 if aside else layer.macs(),
            "memory": 0 if aside else math.prod(layer.output_shape) * itemsize,
        })  # fmt: skip
        if batch_size is not None:
            table[-1]["algorithms"] = tuple(chosen.get(id(layer), ()))
    total = {key: sum(row[key] for row in table) for key in ("parameters", "macs", "memory")}
    table.append({"layer": "total", "output_shape": net.output_shape, "receptive_field": None, "stride": None, **total})
    return table


def _cells(row):
    def axes(value):
        if value is None:
            return "-"
        return str(value[0]) if len(set(value)) == 1 else "x".join(map(str, value))

    shape = "x".join(map(str, row["output_shape"]))
    return [row["layer"], shape, _text(row["parameters"]), axes(row["receptive_field"]), axes(row["stride"]),
            _text(row["macs"]), _bytes(row["memory"]), *row.get("algorithms", ())]  # fmt: skip


def table(net, table_rows):
    """The rows as text."""
    head = ["layer", "output", "parameters", "field", "stride", "MACs", "memory"]
    if any("algorithms" in row for row in table_rows):
        head += ["inference", "training", "data", "weights"]
    lines = [cells + [""] * (len(head) - len(cells)) for cells in (head, *map(_cells, table_rows))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    text = ["  ".join(c.ljust(w) if i < 2 else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths, strict=True)))
            for line in lines]  # fmt: skip
    rule = "-" * len(text[0])
    text = [line.rstrip() for line in text]
    shape = "x".join(map(str, net.input_shape))
    note = f"input {shape}; receptive field and stride in input pixels; MACs and activation memory for one image"
    if "data" in head:
        note += "\nalgorithms of the forward pass in inference and in training, of the gradients of data and of weights"
    return "\n".join([text[0], rule, *text[1:-1], rule, text[-1], note])


def memory(net, batch_size, train, optimizer, loss):
    """Bytes by use, from the plan of one batch."""
    n = check_count(batch_size, "batch_size")
    flat = net.flat
    if train:
        trainer = training.Trainer(net, optimizer or training.SGD(momentum=0.9), loss)
        plan, _ = trainer.plan(n, net.dtype, one_hot=not trainer.loss.classes, team=get_num_threads())
        state = sum(array.nbytes for array in trainer.state.values())
    else:
        plan, _ = net.plan_inference(n, net.dtype, get_num_threads())
        state = 0
    use = {"parameters": flat.all.nbytes, "gradients": flat.data.nbytes if train else 0, "optimizer": state,
           "prepared": sum(array.nbytes for item in plan.prepared for array in item.arrays),
           "activations": plan.activations, "scratch": plan.scratch}  # fmt: skip
    return {**use, "total": sum(use.values())}
