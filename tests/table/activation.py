"""Activations. The few terms of transcendental functions are the errors that csrc/core/simd_math.h states for them;
derivatives that are written in terms of y are as exact as y is, relative to the largest that they can be."""

from cnnc import reference
from table import FLAT, SHAPES, Spec, shape


def activation(op, forward_terms, backward_terms, setting=None, value=None, draw=None, **more):
    """The spec of an activation, with its setting's name, one value of it and how to draw others."""
    arguments = {setting: value} if setting else {}
    drawn = (lambda rng: {setting: draw(rng)}) if setting else (lambda rng: {})
    return Spec(
        op,
        [((s,), arguments) for s in SHAPES],
        lambda rng: ((shape(rng),), drawn(rng)),
        tails={"length": (FLAT, lambda n: (((n,),), arguments))},
        large=[(((100_003,),), arguments)],
        chain=[(op, "x", "y"), (f"{op}_dx", "dy y", "dx")],
        fields=lambda case: {"alpha": case.arguments.get(setting, 0.0)},
        in_place=[(op, "x", "y"), (f"{op}_dx", "dy", "dx"), (f"{op}_dx", "y", "dx")],
        forward_terms=forward_terms,
        backward_terms=backward_terms,
        is_activation=True,
        **more,
    )


SPECS = [
    activation("relu", None, None, exact=("forward", "backward"), linear=True),
    activation(
        "leaky_relu",
        lambda x, slope: (2, reference.leaky_relu(x, slope)),
        lambda dy, x, slope: (2, reference.leaky_relu_backward(dy, x, slope)),
        "slope",
        0.2,
        lambda rng: rng.uniform(0, 2),
        linear=True,
    ),
    activation(
        "elu",
        lambda x, alpha: (4, reference.elu(x, alpha)),
        lambda dy, x, alpha: (6, dy * max(1, alpha)),
        "alpha",
        1.5,
        lambda rng: rng.uniform(0.01, 3),
    ),
    activation("sigmoid", lambda x: (4, reference.sigmoid(x)), lambda dy, x: (8, dy * reference.sigmoid(x))),
    activation("tanh", lambda x: (4, reference.tanh(x)), lambda dy, x: (8, dy)),
]
