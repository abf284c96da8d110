"""Convolutions and the pooling after them, some images at a time: results that never leave the cache.

What a pooling reads is several times as large as what it makes of it. Where nobody else reads it, the convolution that
computes it, and those before whose results only the next one reads, are cut along the images:

    conv(x[0:9]) -> a, conv(a) -> b, pool(b) -> y[0:9], conv(x[9:18]) -> a, conv(a) -> b, pool(b) -> y[9:18], ...

with a and b of nine images, not all. The bits stay: each image is computed by the algorithm that was chosen for the
whole batch, and filters are packed once.
"""

import itertools

from cnnc.ops import ALGORITHMS, op, planned, recorded_sizes
from cnnc.steps import Buffer, Step

PART = 1 << 20  # bytes of the largest result for each thread: what a second-level cache holds, or nearly so
DEARER = 1.02  # times the estimated work: with few images, some algorithms make transformed filters too often


def parts_of(graph, threads):
    """{pooling: the steps that take its place, convolution: none} wherever a graph's are better cut into parts."""
    cut = {}
    for step in graph:
        chain = _chain(graph, step) if step.op is not None and step.op.name in ("max_pool2d", "avg_pool2d") else []
        while chain and step not in cut:
            if parts := _parts(chain, step, PART * threads):
                cut.update({**dict.fromkeys(chain, ()), step: parts})
            chain = chain[1:]
    return cut


def _chain(graph, pool):
    """The convolutions before a pooling whose results nobody but the next step reads, in their order."""
    chain, step = [], pool
    while (maker := graph.maker(step.fields["x"], step)) and maker.op and maker.op.name == "correlate2d":
        x, y = step.fields["x"], maker.fields["y"]
        inputs = [buffer for name, buffer in maker.named_buffers() if name != "y"]
        late = all(graph.untouched(buffer, maker, pool) for buffer in inputs)  # it may as well run where the pooling is
        if not late or x.shape[0] != y.shape[0] or y.shape[-1] != maker.fields["w"].shape[-1]:
            break
        chain.insert(0, maker)
        step = maker
    return chain


def _parts(chain, pool, nbytes):
    """The steps that do the same as a chain and its pooling, with up to so many bytes at a time (but whole images).

    None if they may as well stay whole.
    """
    n, largest = pool.fields["x"].shape[0], max(conv.fields["y"].nbytes for conv in chain)
    count = -(-n // max(1, nbytes * n // largest))
    if count < 2 or largest < 2 * nbytes:
        return None
    bounds = [n * number // count for number in range(count + 1)]
    ranges = list(itertools.pairwise(bounds))
    sizes = [end - first for first, end in ranges]
    fixed = [_same_algorithm(conv, sizes) for conv in chain]
    if None in fixed:
        return None
    results = [Buffer((max(sizes), *conv.fields["y"].shape[1:]), conv.fields["y"].dtype) for conv in chain]
    steps = [_packing(conv, fields, max(sizes)) for conv, fields in zip(chain, fixed, strict=True)
             if fields["packed"] is not conv.fields.get("packed")]  # fmt: skip
    for first, end in ranges:
        x = chain[0].fields["x"].part(first, end)
        for conv, fields, result in zip(chain, fixed, results, strict=True):
            y, residual = result.part(0, end - first), conv.fields.get("residual")
            residual = residual and residual.part(first, end)
            steps.append(conv.like(**fields, x=_input(conv, x), residual=residual, y=y))
            x = y
        outputs = {name: pool.fields[name].part(first, end) for name in pool.writes}
        steps.append(pool.like(x=_input(pool, x), **outputs))
    return steps


def _input(step, images):
    """Some images in the shape in which a step reads them all."""
    return images.reshape((images.shape[0], *step.fields["x"].shape[1:]))


def _same_algorithm(conv, images):
    """The fields by which a convolution of so many images each time is that of all: algorithm and packed filters.

    None if it takes longer than all at once.
    """
    sizes, dtype, packed = recorded_sizes(conv.fields), conv.fields["w"].dtype, conv.fields.get("packed")
    plan = planned(sizes, dtype)
    sizes["algorithm"] = ALGORITHMS.index(plan.with_packed if packed else plan.forward)
    plans = {n: planned({**sizes, "N": n}, dtype) for n in {*images, sizes["N"]}}
    lengths = {plans[n].packed_length for n in images} | ({packed.shape[0]} if packed else set())
    if len(lengths) > 1 or sum(plans[n].seconds[-1] for n in images) > DEARER * plans[sizes["N"]].seconds[-1]:
        return None
    (length,) = lengths  # of packed filters, which tells their form; 0 if nothing is packed
    if length and not packed:
        packed = Buffer((length,), dtype)
    return {"algorithm": sizes["algorithm"], "packed": packed}


def _packing(conv, fields, images):
    """The step that packs the filters of a convolution of so many images."""
    sizes = {**recorded_sizes(conv.fields), "algorithm": fields["algorithm"], "N": images}
    step = Step(op("correlate2d_pack"), None, {**sizes, "w": conv.fields["w"], "packed": fields["packed"]}, ["packed"])
    step.layer, step.part = conv.layer, conv.part
    return step
