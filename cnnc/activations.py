"""The activations, an entry each: formulas, setting, value and gradient in NumPy, paper, example.

An entry is made into functions of `cnnc.reference` and `cnnc.functional` and into a layer, each with its docstring.
The C library has a row for each in csrc/activation/activations.h.
"""

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cnnc.geometry import is_number

__all__ = ["ACTIVATIONS", "Activation", "Setting", "functions"]


@dataclass(eq=False, repr=False)
class Setting:
    """The one number that an activation may take: at least 0, or greater if it must be `positive`.

    `shown` is its value in examples, `in_layer` what the layer calls it, if not by its name.
    """

    name: str
    default: float
    shown: float
    meaning: str
    positive: bool = False
    in_layer: str = ""

    @property
    def field(self):
        return self.in_layer or self.name

    @property
    def rule(self):
        return "greater than 0" if self.positive else "at least 0"

    def checked(self, value, name=""):
        """The value as a float; ValueError if it breaks the rule. `name` is what the caller calls it."""
        if not is_number(value) or value < 0 or (self.positive and value == 0):
            raise ValueError(f"{name or self.name} must be a finite number, {self.rule}, received {value!r}")
        return float(value)


@dataclass(eq=False, repr=False)
class Activation:
    """One activation.

    `about` and `slope` are the first lines of docstrings. `value(x, setting)` and `gradient(dy, x, setting)` take
    float64 arrays, and the setting if there is one. `example` holds three x, their y, and dx for a dy of ones, as
    they are printed.
    """

    name: str
    layer: str
    about: str
    slope: str
    paper: str
    value: Callable
    gradient: Callable
    example: tuple
    setting: Setting | None = None


def _logistic(x):
    small = np.exp(-np.abs(x))  # at most 1, whatever the sign of x
    return np.where(x > 0, 1.0, small) / (1.0 + small)


_SCALE, _DEPTH = 1.0507009873554805, 1.7580993408473766  # of selu: they keep means at 0 and variances at 1
_normal = np.vectorize(lambda x: math.erfc(-x / math.sqrt(2)) / 2, otypes=[float])  # P(a standard normal number < x)


ACTIVATIONS = (
    Activation(
        "relu",
        "ReLU",
        "Rectified linear unit: `y = max(0, x)`; -0.0 becomes 0.",
        "`dx = dy` where x > 0, else 0; at 0 the derivative is taken to be 0.",
        "Nair, Hinton: Rectified linear units improve restricted Boltzmann machines, 2010.",
        value=lambda x: np.where(x <= 0, 0.0, x),
        gradient=lambda dy, x: np.where(x <= 0, 0.0, dy),  # asked this way round, a gradient passes where x is NaN
        example=("[-2, 0, 3]", "[0. 0. 3.]", "[0. 0. 1.]"),
    ),
    Activation(
        "leaky_relu",
        "LeakyReLU",
        "Leaky rectified linear unit: `y = x` where x > 0, else `slope * x`.",
        "`dx = dy` where x > 0, else `slope * dy`; at 0 the derivative is slope.",
        "Maas, Hannun, Ng: Rectifier nonlinearities improve neural network acoustic models, 2013.",
        value=lambda x, slope: np.where(x > 0, x, slope * np.minimum(x, 0.0)),
        gradient=lambda dy, x, slope: np.where(x > 0, dy, slope * dy),
        example=("[-2, 0, 3]", "[-0.5  0.   3. ]", "[0.25 0.25 1.  ]"),
        setting=Setting("slope", 0.01, 0.25, "the factor of negative values"),
    ),
    Activation(
        "elu",
        "ELU",
        "Exponential linear unit: `y = x` where x > 0, else `alpha * (exp(x) - 1)`.",
        "`dx = dy` where x > 0, else `alpha * exp(x) * dy`; at 0 the derivative is alpha.",
        "Clevert, Unterthiner, Hochreiter: Fast and accurate deep network learning by exponential linear units, 2016.",
        value=lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0))),
        gradient=lambda dy, x, alpha: np.where(x > 0, dy, alpha * np.exp(np.minimum(x, 0.0)) * dy),
        example=("[-1000, 0, 3]", "[-2.  0.  3.]", "[0. 2. 1.]"),
        setting=Setting("alpha", 1.0, 2.0, "y falls to -alpha for very negative x", positive=True, in_layer="scale"),
    ),
    Activation(
        "sigmoid",
        "Sigmoid",
        "Logistic function: `y = 1 / (1 + exp(-x))`, computed without overflow for any x.",
        "`dx = y * (1 - y) * dy` with y = sigmoid(x).",
        "Rumelhart, Hinton, Williams: Learning representations by back-propagating errors, 1986.",
        value=_logistic,
        gradient=lambda dy, x: _logistic(x) * _logistic(-x) * dy,  # sigmoid(-x) is 1 - sigmoid(x), with all its digits
        example=("[-10000, 0, 10000]", "[0.  0.5 1. ]", "[0.   0.25 0.  ]"),
    ),
    Activation(
        "tanh",
        "Tanh",
        "Hyperbolic tangent: `y = (exp(x) - exp(-x)) / (exp(x) + exp(-x))`.",
        "`dx = (1 - y**2) * dy` with y = tanh(x).",
        "LeCun, Bottou, Orr, Mueller: Efficient backprop, 1998.",
        value=np.tanh,
        gradient=lambda dy, x: (1.0 - np.tanh(x) ** 2) * dy,
        example=("[-10000, 0, 10000]", "[-1.  0.  1.]", "[0. 1. 0.]"),
    ),
    Activation(
        "selu",
        "SELU",
        "Scaled exponential linear unit: `y = 1.0507 * x` where x > 0, else `1.7581 * (exp(x) - 1)`.",
        "`dx = 1.0507 * dy` where x > 0, else `1.7581 * exp(x) * dy`; at 0 the derivative is 1.7581.",
        "Klambauer, Unterthiner, Mayr, Hochreiter: Self-normalizing neural networks, 2017.",
        value=lambda x: np.where(x > 0, _SCALE * x, _DEPTH * np.expm1(np.minimum(x, 0.0))),
        gradient=lambda dy, x: dy * np.where(x > 0, _SCALE, _DEPTH * np.exp(np.minimum(x, 0.0))),
        example=("[-1000, 0, 3]", "[-1.7581  0.      3.1521]", "[0.     1.7581 1.0507]"),
    ),
    Activation(
        "gelu",
        "GELU",
        "Gaussian error linear unit: `y = x * P(x)` with P(x) = (1 + erf(x / sqrt(2))) / 2.",
        "`dx = (P(x) + x * exp(-x**2 / 2) / sqrt(2 * pi)) * dy`.",
        "Hendrycks, Gimpel: Gaussian error linear units, 2016.",
        value=lambda x: x * _normal(x),
        gradient=lambda dy, x: dy * (_normal(x) + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)),
        example=("[-1, 0, 2]", "[-0.1587  0.      1.9545]", "[-0.0833  0.5     1.0852]"),
    ),
    Activation(
        "softplus",
        "Softplus",
        "Smooth form of relu: `y = log(1 + exp(beta * x)) / beta`, computed without overflow for any x.",
        "`dx = dy / (1 + exp(-beta * x))`.",
        "Dugas, Bengio, Belisle, Nadeau, Garcia: Incorporating second-order functional knowledge, 2001.",
        value=lambda x, beta: np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(beta * x))) / beta,
        gradient=lambda dy, x, beta: dy * _logistic(beta * x),
        example=("[-1, 0, 2]", "[0.0635 0.3466 2.0091]", "[0.1192 0.5    0.982 ]"),
        setting=Setting("beta", 1.0, 2.0, "the larger, the closer to relu", positive=True),
    ),
    Activation(
        "hard_swish",
        "HardSwish",
        "Swish without exponentials: `y = x * min(max(x + 3, 0), 6) / 6`.",
        "`dx = dy * (x / 3 + 1 / 2)` where -3 < x < 3, else 0 below and dy above.",
        "Howard, Sandler, Chu, and others: Searching for MobileNetV3, 2019.",
        value=lambda x: x * np.clip(x / 6 + 0.5, 0.0, 1.0),
        gradient=lambda dy, x: np.where(x <= -3, 0.0, np.where(x < 3, dy * (x / 3 + 0.5), dy)),
        example=("[-1, 0, 2]", "[-0.3333  0.      1.6667]", "[0.1667 0.5    1.1667]"),
    ),
    Activation(
        "silu",
        "SiLU",
        "Sigmoid linear unit, or swish: `y = x / (1 + exp(-x))`.",
        "`dx = s * (1 + x * (1 - s)) * dy` with s = sigmoid(x).",
        "Elfwing, Uchibe, Doya: Sigmoid-weighted linear units for neural network function approximation, 2018.",
        value=lambda x: x * _logistic(x),
        gradient=lambda dy, x: dy * _logistic(x) * (1.0 + x * _logistic(-x)),
        example=("[-1, 0, 2]", "[-0.2689  0.      1.7616]", "[0.0723 0.5    1.0908]"),
    ),
)


# --- entries made into functions --------------------------------------------------------------------------------------

_VALUE = """{about}

{paper}

Args:
    x: any shape, real numbers.{setting}

Returns:
    {returns}

Raises:
    TypeError: when x does not hold real numbers.
    ValueError: when {broken}x is empty.

>>> print({name}({x}).round(4))
{y}
"""
_GRADIENT = """Gradient of {name}: {slope}

Args:
    dy: gradient of the output, real numbers.
    x{given}: as given to {name}.

Returns:
    dx. {returns}

Raises:
    ValueError, TypeError: as {name}, and when dy does not have the shape of x.

>>> print({name}_backward([1, 1, 1], {x}).round(4))
{dx}
"""


def functions(module, returns, value, gradient):
    """For every activation, `name(x, setting)` and `name_backward(dy, x, setting)`, by name: functions of `module`.

    `value(activation, x, setting)` and `gradient(activation, dy, x, setting)` compute, `returns` says what they return.
    """
    made = {}
    for activation in ACTIVATIONS:
        setting, (x, y, dx) = activation.setting, activation.example
        text = {
            "name": activation.name,
            "about": activation.about,
            "slope": activation.slope,
            "paper": activation.paper,
            "setting": f"\n    {setting.name}: {setting.meaning}, {setting.rule}." if setting else "",
            "given": f", {setting.name}" if setting else "",
            "broken": f"{setting.name} is not finite and {setting.rule}, or " if setting else "",
            "returns": returns,
            **{"x": f"{x}, {setting.shown}" if setting else x, "y": y, "dx": dx},
        }
        for name, arrays, doc, compute in (
            (activation.name, ("x",), _VALUE, value),
            (f"{activation.name}_backward", ("dy", "x"), _GRADIENT, gradient),
        ):
            made[name] = _function(module, name, arrays, doc.format(**text), activation, compute)
    return made


def _function(module, name, arrays, doc, activation, compute):
    """A function of these arrays and the activation's setting."""
    setting = activation.setting
    parameters = [inspect.Parameter(array, inspect.Parameter.POSITIONAL_OR_KEYWORD) for array in arrays]
    if setting:
        parameters.append(parameters[0].replace(name=setting.name, default=setting.default))
    signature = inspect.Signature(parameters)

    def function(*args, **kwargs):
        given = signature.bind(*args, **kwargs)
        given.apply_defaults()
        if setting:
            given.arguments[setting.name] = setting.checked(given.arguments[setting.name])
        return compute(activation, *given.args)

    function.__module__, function.__name__, function.__qualname__ = module, name, name
    function.__doc__, function.__signature__ = doc, signature
    return function
