"""Layers made of layers: with Sequential, Add, Multiply and Concat every network of the lecture can be written."""

import math
from collections.abc import Iterable

from cnnc.geometry import is_int, is_number
from cnnc.layers.base import Layer, everywhere, layer
from cnnc.ops import ending

__all__ = ["Add", "Auxiliary", "Chain", "Concat", "Identity", "Multiply", "PadChannels"]


class Container(Layer):
    """A layer with a list of layers inside."""

    def __init__(self, layers):
        self.expect(isinstance(layers, Iterable), "its layers must be a list", layers)
        self.layers = list(layers)
        for i, child in enumerate(self.layers):
            self.expect(isinstance(child, Layer), f"element {i} must be a layer", child)
        self.expect(self.layers, f"a {type(self).__name__} needs at least one layer", self.layers)

    def __len__(self):
        return len(self.layers)

    def __getitem__(self, position):
        return self.layers[position]

    def children(self):
        return tuple(self.layers)

    def child_path(self, position):
        return f"{self.path}.{position}" if self.path else str(position)


class Chain(Container):
    """Layers one after the other: what Sequential does, without what makes it a network.

    Args:
        layers: a list of layers.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.Add([cnnc.Identity(), cnnc.Chain([cnnc.ReLU(), cnnc.Tanh()])])])([[-1.0, 100.0]])
        array([[ -1., 101.]], dtype=float32)
    """

    def first(self):
        return self.layers[0].first()

    def declare(self, shape):
        for i, child in enumerate(self.layers):
            shape = child.build_at(self.child_path(i), shape)
        return shape

    def record(self, tape, x):
        for child in self.layers:
            x = child.apply(tape, x)
        return x


class Auxiliary(Chain):
    """A head on the side: in training its layers lead to logits of their own, whose loss is added to the network's.

    loss = main loss + sum over heads of weight * head loss; y = x: what follows sees the input of the head. In
    inference the head is not computed, but its parameters stay.
    (Szegedy et al.: Going deeper with convolutions, 2015.)

    Args:
        branch: a layer or a list of layers; its output must have the shape of the network's.
        weight: of the head's loss, 0 or more.

    Raises:
        LayerError: for a weight outside its range.

    Example:
        >>> import cnnc
        >>> net = cnnc.Sequential([cnnc.Dense(8), cnnc.Auxiliary(cnnc.Dense(2)), cnnc.ReLU(), cnnc.Dense(2)])
        >>> net.build((3,), seed=0).count_parameters()
        68
    """

    def __init__(self, branch, weight=0.3):
        super().__init__(branch if isinstance(branch, (list, tuple)) else [branch])
        self.expect(is_number(weight) and weight >= 0, "weight must be 0 or more", weight)
        self.weight = float(weight)

    def config(self):
        return {"weight": self.weight}

    def first(self):
        return self

    def declare(self, shape):
        self.head_shape = super().declare(shape)
        return shape

    def sees(self, spans):
        return spans

    def record(self, tape, x):
        if tape.training:
            tape.heads.append((super().record(tape, x), self.weight))
        return x


class Branches(Container):
    """Layers side by side on the same input. A branch may be a list of layers, which becomes a Chain."""

    def __init__(self, branches):
        self.expect(isinstance(branches, Iterable), "its branches must be a list", branches)
        super().__init__(Chain(b) if isinstance(b, (list, tuple)) else b for b in branches)

    def declare(self, shape):
        return self.join([child.build_at(self.child_path(i), shape) for i, child in enumerate(self.layers)])

    def sees(self, spans):
        def of_branch(child):  # factors for channels come from all over the image
            same = child.output_shape[:-1] == self.output_shape[:-1]
            return child.sees(spans if same else everywhere(child.output_shape))

        axes = zip(*map(of_branch, self.layers), strict=True)
        return tuple((min(first for first, _ in axis), max(last for _, last in axis)) for axis in axes)


class Add(Branches):
    """The sum of its branches' outputs, which must have one shape: a residual connection.

    y = sum over b of branch_b(x); an empty branch `[]` is not allowed, use `cnnc.Identity()`.
    (He, Zhang, Ren, Sun: Deep residual learning for image recognition, 2016.)

    Args:
        branches: layers, or lists of layers.

    Raises:
        LayerError: when built, if the outputs differ in shape.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.Add([cnnc.Identity(), cnnc.ReLU()])])([[-1.0, 2.0]])
        array([[-1.,  4.]], dtype=float32)
    """

    def join(self, shapes):
        self.expect(len(set(shapes)) == 1, "all branches must have the same output shape", shapes)
        return shapes[0]

    def record(self, tape, x):
        outputs = [child.apply(tape, x) for child in self.layers]
        y = tape.new((x.shape[0], *self.output_shape))
        tape.forward("add", a=outputs[0], b=outputs[1] if len(outputs) > 1 else None, y=y, **ending())
        for output in outputs[2:]:
            tape.forward("add", a=output, b=None, y=y, **ending())  # the second time a step writes y, it adds
        for output in outputs:
            tape.backward("add", a=tape.grad(y), b=None, y=tape.grad(output), **ending())
        return y


class Multiply(Branches):
    """The product of its branches' outputs: gates, and weights for channels.

    y = product over b of branch_b(x). A branch may also end in one factor for each channel, (C,) or (1, 1, C) where
    others end in images (H, W, C): squeeze and excitation. (Hu, Shen, Sun: Squeeze-and-excitation networks, 2018.)

    Args:
        branches: layers, or lists of layers.

    Raises:
        LayerError: when built, if the outputs are neither of one shape nor factors of its channels.

    Example:
        >>> import cnnc
        >>> squeeze = [cnnc.GlobalAvgPool(), cnnc.Dense(2), cnnc.ReLU(), cnnc.Dense(8), cnnc.Sigmoid()]
        >>> cnnc.Sequential([cnnc.Multiply([cnnc.Identity(), squeeze])]).build((6, 6, 8)).output_shape
        (6, 6, 8)
    """

    def join(self, shapes):
        full = max(shapes, key=math.prod)
        factors = full[-1:], (1,) * (len(full) - 1) + full[-1:]
        same = all(shape == full or shape in factors for shape in shapes)
        self.expect(same, f"all branches must have the output shape {full} or one factor for each channel", shapes)
        return full

    def record(self, tape, x):
        outputs = [child.apply(tape, x) for child in self.layers]
        shape = (x.shape[0], *self.output_shape)
        y, *others = sorted(outputs, key=lambda output: output.shape != shape)  # one of the full shape first
        for other in others:
            y = self._product(tape, y, other)
        return y

    def _product(self, tape, a, b):
        y = tape.like(a)
        if b.shape == a.shape:
            tape.forward("multiply", a=a, b=b, y=y)
            tape.backward("multiply", a=tape.grad(y), b=b, y=tape.grad(a))
            tape.backward("multiply", a=tape.grad(y), b=a, y=tape.grad(b))
            return y
        b = b.reshape((a.shape[0], a.shape[-1]))
        tape.forward("multiply_channels", x=a, g=b, y=y)
        tape.backward("multiply_channels", x=tape.grad(y), g=b, y=tape.grad(a))
        tape.backward("multiply_channels_dg", dy=tape.grad(y), x=a, dg=tape.grad(b))
        return y


class Concat(Branches):
    """The outputs of its branches stacked along the channels.

    (Szegedy et al.: Going deeper with convolutions, 2015.)

    Args:
        branches: layers, or lists of layers.

    Raises:
        LayerError: when built, if the outputs differ in another axis than the last.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.Concat([cnnc.Identity(), cnnc.ReLU()])])([[-1.0, 2.0]])
        array([[-1.,  2.,  0.,  2.]], dtype=float32)
    """

    def join(self, shapes):
        same = len({shape[:-1] for shape in shapes}) == 1
        self.expect(same, "all branches must have the same output shape but for the last axis", shapes)
        return (*shapes[0][:-1], sum(shape[-1] for shape in shapes))

    def record(self, tape, x):
        outputs = [child.apply(tape, x) for child in self.layers]
        y = tape.new((x.shape[0], *self.output_shape))
        offset = 0
        for output in outputs:
            tape.forward("concat", x=output, y=y, offset=offset)
            tape.backward("concat_dx", dy=tape.grad(y), dx=tape.grad(output), offset=offset)
            offset += output.shape[-1]
        return y


class Identity(Layer):
    """y = x: the direct connection around a residual block.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.Identity()])([[1.0]])
        array([[1.]], dtype=float32)
    """

    def declare(self, shape):
        return shape

    def record(self, tape, x):
        return x


@layer
class PadChannels(Layer):
    """Channels of zeros before and after those of the input: the parameter-free shortcut onto more channels.

    (He, Zhang, Ren, Sun: Deep residual learning for image recognition, 2016, option A.)

    Args:
        before: how many channels of zeros come first.
        after: how many come last.

    Raises:
        LayerError: when built with counts that are not ints of at least 0.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.PadChannels(1, 2)])([[3.0, 4.0]])
        array([[0., 3., 4., 0., 0.]], dtype=float32)
    """

    before: int
    after: int

    def declare(self, shape):
        for name in ("before", "after"):
            count = getattr(self, name)
            self.expect(is_int(count) and count >= 0, f"{name} must be an int of at least 0", count)
        return (*shape[:-1], self.before + shape[-1] + self.after)

    def record(self, tape, x):
        y = tape.new((x.shape[0], *self.output_shape))
        tape.forward("pad_channels", x=x, y=y, offset=self.before)
        tape.backward("concat_dx", dy=tape.grad(y), dx=tape.grad(x), offset=self.before)
        return y
