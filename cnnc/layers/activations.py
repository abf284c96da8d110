"""Activation layers: each entry of cnnc.activations as a class; and softmax."""

from cnnc.activations import ACTIVATIONS
from cnnc.layers.base import Layer, layer
from cnnc.ops import reads


class Elementwise(Layer):
    """An activation, computed in place where that is safe."""

    activation = None  # the entry

    def setting(self):
        """The activation's setting, checked, as the operations take it."""
        setting = self.activation.setting
        return setting.checked(getattr(self, setting.field), setting.field) if setting else 0.0

    def declare(self, shape):
        self.setting()
        return shape

    def record(self, tape, x):
        name, alpha = self.activation.name, self.setting()
        y = tape.like(x)
        read = {"x": x} if reads(f"{name}_dx", "x") else {"y": y}
        tape.forward(name, x=x, y=y, alpha=alpha)
        tape.backward(f"{name}_dx", dy=tape.grad(y), **read, dx=tape.grad(x), alpha=alpha)
        return y


_DOC = """{about}

{slope}

{paper}
{settings}
Example:
    >>> import cnnc
    >>> net = cnnc.Sequential([cnnc.{layer}({shown})])
    >>> print(net([{x}])[0].round(4))
    {y}
"""
_SETTINGS = """
Args:
    {field}: {alias}{meaning}, {rule}.

Raises:
    LayerError: when {field} is not finite and {rule}.
"""


def _class(activation):
    """The layer of an entry, with the setting as its field."""
    setting, (x, y, _) = activation.setting, activation.example
    fields, settings, shown = {}, "", ""
    if setting:
        fields, shown = {setting.field: setting.default}, setting.shown
        alias = f"{setting.name}, " if setting.field != setting.name else ""
        settings = _SETTINGS.format(field=setting.field, alias=alias, meaning=setting.meaning, rule=setting.rule)
    texts = {"layer": activation.layer, "about": activation.about, "slope": activation.slope, "paper": activation.paper}
    doc = _DOC.format(**texts, settings=settings, shown=shown, x=x, y=y)
    namespace = {"__module__": __name__, "__doc__": doc, "activation": activation, **fields}
    namespace["__annotations__"] = dict.fromkeys(fields, float)
    return layer(type(activation.layer, (Elementwise,), namespace))


_CLASSES = {activation.layer: _class(activation) for activation in ACTIVATIONS}
globals().update(_CLASSES)
__all__ = ["Softmax"]
__all__ += list(_CLASSES)


@layer
class Softmax(Layer):
    """y[k] = exp(x[k]) / sum over j of exp(x[j]), over the last axis; stable for large x.

    Networks end in logits: the loss "cross_entropy" contains the softmax. Use this layer where probabilities themselves
    are the output.

    Example:
        >>> import cnnc
        >>> cnnc.Sequential([cnnc.Softmax()])([[1e4, 1e4]])
        array([[0.5, 0.5]], dtype=float32)
    """

    def declare(self, shape):
        return shape

    def record(self, tape, x):
        y = tape.like(x)
        tape.forward("softmax", x=x, y=y)
        tape.backward("softmax_dx", dy=tape.grad(y), y=y, dx=tape.grad(x))
        return y
