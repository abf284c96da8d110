"""Large dense layers updated strip by strip: gradients that never leave the cache.

The gradient of a large weight that is not kept (see `cnnc.training.Trainer`) would be written to memory by one step and
read again by the next. Cut into strips of rows, each is computed and used while it is in the cache, in a place that all
strips share.
"""

from cnnc.graph import only
from cnnc.steps import Buffer

STRIP = 1 << 22  # bytes of a gradient that two steps pass on through the shared cache


def strips_of(graph):
    """{update: the steps that take its place, gradient of dense weights: none} where a graph's are better cut."""
    pairs = {update: weights for weights in graph if (update := _update_of(graph, weights)) is not None}
    return {**dict.fromkeys(pairs.values(), ()), **{update: _strips(pairs[update], update) for update in pairs}}


def _update_of(graph, step):
    """The one step that uses a large gradient, knows no element's neighbours, and beside which `step` may as well run;
    None if `step` writes no such gradient.
    """
    if step.op is None or step.op.name != "dense_dw" or step.fields["dw"].storage.nbytes < 2 * STRIP:
        return None
    dw, db, sources = step.fields["dw"], step.fields.get("db"), [step.fields["dy"], step.fields["x"]]
    update = only(graph.readers(dw))
    if not graph.hidden(dw) or graph.writers(dw) != [step] or update is None or "param" not in update.fields:
        return None
    flat = all(field.axes in (("LENGTH",), ("8",), ()) for field in update.op.fields)
    later = all(graph.untouched(source, step, update) for source in sources)
    return update if flat and later and (db is None or graph.unused(db, step, update)) else None


def _strips(weights, update):
    """The steps that do the same as both, where the update is."""
    dw, db = weights.fields["dw"], weights.fields.get("db")
    rows, columns = dw.shape
    count = min(rows, -(-dw.storage.nbytes // STRIP))
    for number in range(count):
        first, end = rows * number // count, rows * (number + 1) // count
        strip = Buffer((end - first, columns), dw.dtype)
        yield weights.like(dw=strip, first=weights.fields["first"] + first, db=db if number == 0 else None)
        parts = {name: buffer.part(first * columns, end * columns) for name, buffer in update.named_buffers()
                 if buffer.shape == (rows * columns,)}  # fmt: skip
        gradient = {name: strip.reshape(part.shape) for name, part in parts.items() if part.storage is dw.storage}
        yield update.like(**{**parts, **gradient})
