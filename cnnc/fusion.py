"""Recorded steps made fewer: what layers record in small operations, done in fewer passes over memory.

Layers know nothing of each other. When recording ends, the use of every buffer is known, so a step whose result only
one other step reads can be made a part of that step, if its operation has a field for it:

    correlate2d, dense, normalise, add -> activation        the activation is done while the results are in the cache
    normalise or correlate2d -> add                         the other summand becomes the field `residual`
    correlate2d -> concat                                   the convolution writes its channels of the larger image
    activation's gradient -> normalise's gradient           dy is multiplied by the slope where it is read
    a copy of a gradient                                    whoever reads the copy reads the original
    avg_pool2d_dx -> activation's gradient                  dx is multiplied by the slope while it is in the cache
    max_pool2d_dx -> relu_dx                                the other way round, which is a quarter of the work or less

Which bits come out does not change, for these are the same sums in the same order. In inference, parameters are
prepared once for as long as they do not change, which may round differently:

    correlate2d or dense -> normalise_by                    the normalisation is folded into weights and bias
    correlate2d                                             filters are packed
"""

from cnnc import _core
from cnnc.graph import Graph, has, later_slots, only, stamped
from cnnc.ops import ALGORITHMS, ENDINGS, op, planned, recorded_sizes
from cnnc.prepared import Prepared, fold_into
from cnnc.steps import Buffer

CODES = {name: number for number, name in enumerate(ENDINGS) if name}  # of the field `act`


class Fusion:
    """The rules, on the steps of one recording.

    Attributes:
        became: a storage that is not used any more -> the one that took its place.
        prepared: what must be refreshed before the steps run, in this order.
        pairs: (input, output) buffers of steps that may run in place.
    """

    def __init__(self, steps, kept, shelf):
        self.steps = Graph(steps, kept)
        self.shelf = shelf
        self.became, self.prepared, self.pairs = {}, [], []

    def prepare(self, key, shapes, dtype, compute):
        """Buffers of prepared arrays; those of the same key are the same in every recording that shares the shelf."""
        if key not in self.shelf:
            self.shelf[key] = Prepared(shapes, dtype, compute)
        self.prepared.append(self.shelf[key])
        return self.shelf[key].buffers()

    def run(self, *rules):
        """Applies each rule to every step there is."""
        for rule in rules:
            for step in self.steps:
                if step.op is not None and self.steps.slots[step.slot] is step:
                    rule(self, step)

    def storage(self, storage):
        """The storage that took the place of another, or that itself."""
        while storage in self.became:
            storage = self.became[storage]
        return storage

    def fold(self, step):
        """Folds a normalisation by given statistics into the weights and bias before it."""
        if step.op.name != "normalise_by":
            return
        steps, x = self.steps, step.fields["x"]
        maker = steps.maker(x, step, "act")
        statistics = [step.fields[name] for name in ("mean", "var", "gamma", "beta")]
        if maker is None or maker.op.name not in ("correlate2d", "dense") or not has(step, "act"):
            return
        w, b = maker.fields["w"], maker.fields["b"]
        if not stamped(w, b, *statistics):
            return
        sources = [buffer and buffer.storage.array for buffer in (w, b, *statistics)]
        eps = step.fields["eps"]
        key = ("fold", *(a is not None and a.ctypes.data for a in sources), eps)
        w, b = self.prepare(key, (w.shape, w.shape[-1:]), w.dtype, lambda w, b: fold_into(w, b, *sources, eps))
        steps.drop(step)
        steps.change(maker, w=w, b=b, y=step.fields["y"].reshape(maker.fields["y"].shape))
        self.became[x.storage] = step.fields["y"].storage

    def activate(self, step):
        """Makes an activation a part of the step that computes its input."""
        steps, code = self.steps, CODES.get(step.op.name)
        maker = steps.maker(step.fields["x"], step, "act") if code else None
        if maker is None:
            return
        x, y = step.fields["x"], step.fields["y"]
        steps.drop(step)
        steps.change(maker, y=y.reshape(maker.fields["y"].shape), act=code, alpha=step.fields["alpha"])
        self.became[x.storage] = y.storage

    def join(self, step):
        """Makes a sum of two a part of the step that computes one of them."""
        steps, y = self.steps, step.fields.get("y")
        if step.op.name != "add" or step.fields["b"] is None or steps.writers(y) != [step]:
            return
        for mine, other in (("a", "b"), ("b", "a")):
            x, residual = step.fields[mine], step.fields[other]
            maker = steps.maker(x, step, "act", "residual")
            if maker is not None:
                shape = maker.fields["y"].shape
                steps.replace(step, by=maker)
                steps.change(maker, y=y.reshape(shape), residual=residual.reshape(shape), act=step.fields["act"],
                             alpha=step.fields["alpha"])  # fmt: skip
                self.became[x.storage] = y.storage
                return

    def place(self, step):
        """Has a convolution write where its result would be copied to: some channels of a larger image."""
        if step.op.name != "concat":
            return
        steps = self.steps
        maker = steps.maker(step.fields["x"], step, "first", "residual")
        if maker is not None:
            steps.drop(step)
            steps.change(maker, y=step.fields["y"], first=step.fields["offset"])

    def share_copy(self, step):
        """Makes a copy of a gradient the original itself, if neither is read after the other has been added to."""
        steps = self.steps
        if step.op.name != "add" or step.fields["b"] is not None or step.fields.get("act"):
            return
        source, copy = step.fields["a"], step.fields["y"]
        if not (steps.hidden(source) and steps.hidden(copy)) or steps.writers(copy)[0] is not step:
            return
        added = [later_slots(steps.writers(buffer), step) for buffer in (source, copy)]
        read = [later_slots(steps.readers(buffer), step) for buffer in (source, copy)]
        if added[0] and added[1]:
            return
        if all(not adds or not reads or reads[-1] < adds[0] for reads, adds in zip(read, reversed(added), strict=True)):
            steps.drop(step)
            steps.rename(copy, source)
            self.became[copy.storage] = source.storage

    def pool_last(self, step):
        """Takes ReLU's gradient before that of a max pooling: what was let through is what won and is above 0."""
        steps = self.steps
        if step.op.name != "relu_dx":
            return
        dy, dx = step.fields["dy"], step.fields["dx"]
        pool = steps.maker(dy, step)
        if pool is None or pool.op is None or pool.op.name != "max_pool2d_dx":
            return
        index = next(pool.fields[name] for name in ("index8", "index32") if pool.fields.get(name) is not None)
        (forward,) = steps.writers(index)
        pooled = forward.fields["y"]
        if forward.fields["x"].storage is not step.fields["y"].storage or len(steps.writers(pooled)) > 1:
            return
        masked = Buffer(pooled.shape, pooled.dtype)
        self.pairs.append((pool.fields["dy"], masked))
        steps.swap(step, pool)
        steps.change(step, dy=pool.fields["dy"], y=pooled, dx=masked)
        steps.change(pool, dy=masked, dx=dx.reshape(pool.fields["dx"].shape))
        self.became[dy.storage] = dx.storage

    def slope_of_pooling(self, step):
        """Makes an activation's gradient a part of the gradient of the average pooling after it."""
        steps, code = self.steps, CODES.get(step.op.name.removesuffix("_dx"))
        pool = steps.maker(step.fields["dy"], step, "from", "act") if code and "dy" in step.op.inputs else None
        if pool is None:
            return
        dy, dx, source = (step.fields[name] for name in ("dy", "dx", "y" if "y" in step.op.inputs else "x"))
        if steps.writers(dx)[0] is step and steps.untouched(source, pool, step):
            shape, alpha = pool.fields["dx"].shape, step.fields["alpha"]
            steps.drop(step)
            steps.change(pool, dx=dx.reshape(shape), act=code, alpha=alpha, **{"from": source.reshape(shape)})
            self.became[dy.storage] = dx.storage

    def slope(self, step):
        """Makes an activation's gradient a part of the gradient of the normalisation before it."""
        steps, code = self.steps, CODES.get(step.op.name.removesuffix("_dx"))
        if not code or "dy" not in step.op.inputs or "y" not in step.op.inputs:
            return
        dy, y, dx = (step.fields[name] for name in ("dy", "y", "dx"))
        readers, writers = steps.readers(dx), steps.writers(dx)
        if not readers or not steps.hidden(dx) or writers[0] is not step:
            return
        reader = readers[0]
        ready = has(reader, "y", "act", "dresidual") and reader.fields["dy"].storage is dx.storage
        alone = all(writer.slot > reader.slot for writer in writers[1:])
        if ready and alone and steps.untouched(dy, step, reader) and steps.untouched(y, step, reader):
            shape = reader.fields["dy"].shape
            used = len(readers) > 1 or len(writers) > 1
            fields = {"y": y.reshape(shape)}
            maker = only(steps.writers(y))
            if self.repeats(maker, reader) and step.op.name in ("relu_dx", "leaky_relu_dx"):
                fields = {"beta": maker.fields["beta"]}  # y's signs are found from x, which is read anyway
            steps.drop(step)
            steps.change(reader, dy=dy.reshape(shape), **fields, act=code, alpha=step.fields["alpha"],
                         dresidual=dx.reshape(shape) if used else None)  # fmt: skip
            if not used:
                self.became[dx.storage] = dy.storage

    @staticmethod
    def repeats(maker, reader):
        """Whether the gradient `reader` of a normalisation sees all that its forward step `maker` computed y from."""
        same = maker is not None and maker.op is not None and f"{maker.op.name}_dx" == reader.op.name
        x = reader.fields.get("x")
        return same and not maker.fields.get("residual") and x is not None and x.storage is maker.fields["x"].storage

    def pack(self, step):
        """Has filters packed beforehand, for the algorithm that is the fastest then."""
        if step.op.name != "correlate2d" or not has(step, "packed") or not stamped(step.fields["w"]):
            return
        w, sizes = step.fields["w"], recorded_sizes(step.fields)
        plan = planned(sizes, w.dtype)
        if plan.packed_length:
            sizes["algorithm"] = ALGORITHMS.index(plan.with_packed)
            source = w.storage.array.reshape(w.shape)
            of = source.ctypes.data, _core.isa(), plan.packed_length  # how filters are packed may depend on N
            key = ("pack", *of, *(n for name, n in sizes.items() if name != "N"))

            def compute(packed):
                op("correlate2d_pack")(w=source, packed=packed, **sizes)

            (packed,) = self.prepare(key, ((plan.packed_length,),), w.dtype, compute)
            self.steps.change(step, packed=packed, algorithm=sizes["algorithm"])


def fuse(steps, kept, differentiable, shelf):
    """Rewrites a list of recorded steps.

    Args:
        steps: in their order.
        kept: buffers that are filled before the first step or read after the last.
        differentiable: whether there is a backward pass.
        shelf: dict in which recordings of the same network share what is prepared.

    Returns:
        The `Fusion`, whose `steps` are those that are left.
    """
    fusion = Fusion(steps, kept, shelf)
    if not differentiable:
        fusion.run(Fusion.fold)
    fusion.run(Fusion.activate, Fusion.join, Fusion.place)
    if not differentiable:
        fusion.run(Fusion.pack)
    else:
        fusion.run(Fusion.share_copy, Fusion.pool_last, Fusion.slope_of_pooling, Fusion.slope)
    return fusion
