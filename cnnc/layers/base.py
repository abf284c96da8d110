"""What every layer is: typed fields, what it does to a shape, what it computes, forward beside backward."""

import dataclasses
import math

import numpy as np

from cnnc import settings
from cnnc.geometry import KINDS, checked_size, is_number
from cnnc.parameters import Parameter

__all__ = ["Layer", "LayerError"]


class LayerError(ValueError):
    """A rule that a layer's input or settings broke; the message starts with the layer and its position."""


class Layer:
    """Base class of all layers.

    A layer of C operations implements `declare` (shapes and parameters) and `record` (operations on a tape). A layer
    written in NumPy only implements `forward` and `backward`; its output shape is found by trying `forward` on zeros.

    Fields that a class declares as a dataclass are its settings: they are saved with the network.

    Example:
        >>> import cnnc, numpy as np
        >>> class Square(cnnc.Layer):
        ...     def forward(self, x):
        ...         self.x = x
        ...         return x * x
        ...
        ...     def backward(self, dy):
        ...         return 2 * self.x * dy
        >>> net = cnnc.Sequential([Square()])
        >>> net(np.array([[1.0, 2.0, 3.0]]))
        array([[1., 4., 9.]], dtype=float32)
    """

    path = ""  # the position in the network, "3" or "3.0.1"; set when the network is built
    input_shape = None  # without the batch axis; set when the network is built
    output_shape = None
    trainable = True  # False freezes the layer and those inside it; read when a trainer is made
    lr_scale = 1.0  # factor of the learning rate of this layer and those inside it; read when a trainer is made
    place = None  # marks the network that was built with the layer last
    frozen = False  # whether this layer or one around it is not trainable; set when a trainer is made

    # --- to implement

    def declare(self, shape):
        """Checks an input shape (no batch axis), assigns parameters to attributes, returns the output shape."""
        return np.shape(self.forward(np.zeros((1, *shape), np.float32)))[1:]

    def record(self, tape, x):
        """Tells the tape what to run forward and backward on the buffer `x`; returns the output buffer."""
        again = tape.differentiable and any(layer is self for layer, _ in tape.trace)
        self.expect(not again, "a layer in NumPy remembers one input, use a second one", "it again")
        own = self.own_parameters()
        gradients = {name: tape.grad(p) for name, p in own.items() if tape.grad(p) is not None}
        constant = [p for name, p in own.items() if name not in gradients]
        y = tape.new((x.shape[0], *self.output_shape))

        def forward(x, y):
            y[...] = self._shaped("forward", self.forward(x), y.shape)

        def backward(again, dy, dx, **gradients):
            for name, gradient in gradients.items():
                if name not in again:
                    gradient.fill(0)
            kept = [p.grad for p in constant]
            try:
                for p in constant:
                    p.grad = np.zeros(p.shape, dy.dtype)  # what backward adds there, nobody reads
                result = self.backward(dy)
            finally:
                for p, grad in zip(constant, kept, strict=True):
                    p.grad = grad
            if dx is not None:
                result = self._shaped("backward", result, dx.shape)
                dx[...] = dx + result if "dx" in again else result

        tape.call(forward, x, y, needs_grad=bool(gradients))
        if y.needs_grad:
            tape.call_backward(backward, tape.grad(y), {"dx": tape.grad(x), **gradients})
        return y

    def _shaped(self, method, result, shape):
        result = np.asarray(result)
        self.expect(result.shape == shape, f"{method} must return an array of shape {shape}", result.shape)
        return result

    def forward(self, x):
        """NumPy layers: the output for a batch `x`."""
        raise TypeError(f"{type(self).__name__} must implement record, or forward and backward in NumPy")

    def backward(self, dy):
        """NumPy layers: the gradient of the input; gradients of parameters are added to their `grad`."""
        raise TypeError(f"{type(self).__name__} must implement backward(dy) to be trained")

    def window(self):
        """(kernel, stride, dilation) along the input's axes, for the receptive field; None if it sees single places.

        Each has a number for each axis. A layer that enlarges has a Fraction as its stride.
        """
        return None

    def sees(self, spans):
        """The places of the input that outputs depend on: (first, last) along each axis, of both.

        Unless a layer knows better, outputs see their own place, and all there is where the axes change. Statistics
        of a whole image, as some normalisations use, do not count.
        """
        if self.children():
            for child in reversed(self.children()):
                spans = child.sees(spans)
            return spans
        return spans if self.input_shape[:-1] == self.output_shape[:-1] else everywhere(self.input_shape)

    def macs(self):
        """Multiply-adds for one image."""
        return 0

    def children(self):
        """The layers inside, in order."""
        return ()

    def first(self):
        """The layer that gets the input as it is, and alone."""
        return self

    # --- common to all

    @property
    def title(self):
        """How errors name the layer: its class and position."""
        return f'{type(self).__name__} "{self.path}"' if self.path else type(self).__name__

    def build_at(self, path, shape):
        """Places the layer at `path` on an input of `shape`; returns the output shape. Errors name the layer."""
        shape = tuple(shape)
        if self.input_shape is not None:  # the layer has a place already, and its parameters
            same = self.input_shape == shape
            self.expect(same, f"a layer that is used again must see {self.input_shape} again", shape)
            return self.output_shape
        self.path = path
        self.input_shape = shape
        try:
            if not self.children():  # else the first of them says so
                checked_size(shape)
            for field in dataclasses.fields(self) if dataclasses.is_dataclass(self) else ():
                value = getattr(self, field.name)
                good = field.type is not bool or isinstance(value, (bool, np.bool_))
                self.expect(good, f"{field.name} must be True or False", value)
            self.output_shape = tuple(int(n) for n in self.declare(self.input_shape))
            checked_size(self.output_shape)
        except LayerError:
            raise
        except ValueError as error:
            raise LayerError(f"{self.title}: {error}") from None
        return self.output_shape

    def apply(self, tape, x):
        """Records the layer and notes its output in the tape's trace."""
        around, tape.layer = tape.layer, self
        y = self.record(tape, x)
        tape.layer = around
        tape.trace.append((self, y))
        return y

    def own_parameters(self):
        """Attribute name -> Parameter, for the parameters assigned to this layer's attributes."""
        return {name: value for name, value in vars(self).items() if isinstance(value, Parameter)}

    def settle(self, trainable=True, lr_scale=1.0, seen=None):
        """Hands `trainable` and `lr_scale` down to the parameters of this layer and of those inside it.

        `seen` notes what each layer got: one with parameters that is used again must get the same.
        """
        self.expect(self.trainable in (True, False), "trainable must be True or False", self.trainable)
        self.expect(is_number(self.lr_scale) and self.lr_scale >= 0, "lr_scale must be 0 or more", self.lr_scale)
        self.freeze(not (trainable and self.trainable))
        lr_scale *= self.lr_scale
        seen = {} if seen is None else seen
        settings = not self.frozen, lr_scale
        first = seen.setdefault(id(self), settings)
        same = settings == first or not self.own_parameters()
        self.expect(same, f"a layer used again must get the same trainable, lr_scale {first}", settings)
        for parameter in self.own_parameters().values():
            parameter.lr_scale = lr_scale
        for child in self.children():
            child.settle(not self.frozen, lr_scale, seen)

    def freeze(self, frozen):
        """Notes whether this layer, without those inside it, takes part in training."""
        self.frozen = frozen
        for parameter in self.own_parameters().values():
            parameter.trainable = parameter.learned and not frozen

    def walk(self):
        """This layer and all layers inside it, in order."""
        yield self
        for child in self.children():
            yield from child.walk()

    __repr__ = settings.shown

    def config(self):
        """The settings that rebuild this layer: its fields."""
        return settings.values(self)

    def images(self, shape, rank=2):
        """Checks that an input shape is that of images (H, W, C), signals (L, C) or volumes; returns it."""
        kind, axes = KINDS[rank]
        if len(shape) != rank + 1:
            wanted = ", ".join(axes)
            raise LayerError(f"{self.title}: the input must be {kind} ({wanted}, C): received the shape {tuple(shape)}")
        return shape

    def expect(self, condition, rule, received):
        """Raises a LayerError that states the rule and what was received unless the condition holds."""
        if not condition:
            raise LayerError(f"{self.title}: {rule}: received {received!r}")


layer = settings.settings  # class decorator of layers with settings


def everywhere(shape):
    """(first, last) along each axis but the channels."""
    return tuple((0, n - 1) for n in shape[:-1])


def macs_of(outputs, terms):
    """Multiply-adds of `outputs` (a shape) sums of `terms` products each."""
    return math.prod(outputs) * terms
