"""Every backward op against finite differences of its forward op, on at least five shapes each."""

import numpy as np
import pytest

from cnnc import reference

EPS, RTOL, ATOL = 1e-6, 1e-3, 1e-5

# op, shapes of the arrays that it is differentiated by, other arguments
CASES = [
    *(
        (op, shapes, arguments)
        for op in ("correlate2d", "convolve2d")
        for shapes, arguments in [
            (((2, 4, 5, 2), (3, 3, 2, 3), (3,)), {}),
            (((1, 5, 5, 2), (2, 3, 2, 2), (2,)), {"stride": (2, 1), "padding": ((0, 1), (2, 0))}),
            (((1, 5, 6, 1), (2, 2, 1, 2), (2,)), {"dilation": (3, 2), "padding": 1}),
            (((2, 4, 4, 4), (3, 3, 2, 2), (2,)), {"groups": 2, "padding": "same"}),
            (((1, 5, 4, 3), (3, 2, 1, 3), (3,)), {"groups": 3, "stride": 2}),
            (((2, 3, 3, 2), (1, 1, 2, 3), (3,)), {}),
        ]
    ),
    *(
        (op, (shape,), arguments)
        for op in ("max_pool2d", "avg_pool2d")
        for shape, arguments in [
            ((2, 4, 6, 2), {"size": 2}),
            ((1, 5, 5, 2), {"size": 3, "stride": 2}),
            ((1, 5, 4, 2), {"size": (2, 3), "stride": 1, "padding": (1, 0)}),
            ((2, 6, 5, 1), {"size": 3, "stride": 2, "padding": ((1, 0), (0, 1)), "ceil": True}),
            ((1, 4, 4, 3), {"size": 2, "stride": 3, "ceil": True}),
        ]
    ),
    ("avg_pool2d", ((1, 5, 5, 2),), {"size": 3, "stride": 2, "padding": 1, "count_include_pad": False}),
    *(
        (op, shapes, {})
        for m, k, n in [(1, 1, 1), (2, 3, 4), (5, 1, 2), (1, 6, 1), (4, 5, 3)]
        for op, shapes in [("matmul", ((m, k), (k, n))), ("dense", ((m, k), (k, n), (n,)))]
    ),
    *(("bias_add", (shape, shape[-1:]), {}) for shape in [(1,), (4,), (3, 2), (2, 3, 4), (2, 2, 3, 2)]),
    *(
        (op, (shape,), arguments)
        for shape in [(1,), (5,), (2, 3), (3, 1, 2), (2, 2, 2, 2)]
        for op, arguments in [
            ("relu", {}),
            ("leaky_relu", {"slope": 0.2}),
            ("elu", {"alpha": 1.5}),
            ("sigmoid", {}),
            ("tanh", {}),
            ("softmax", {}),
            ("dropout", {"rate": 0.4, "seed": 3, "step": 1, "stream": 2}),
            ("rescale", {"scale": 0.3, "offset": -1.0}),
        ]
    ),
]


def numerical_gradient(function, x):
    """Central differences of a number that depends on x, one element after the other."""
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        kept = x[i]
        x[i] = kept + EPS
        above = function()
        x[i] = kept - EPS
        below = function()
        x[i] = kept
        gradient[i] = (above - below) / (2 * EPS)
    return gradient


@pytest.mark.parametrize(("op", "shapes", "arguments"), CASES)
def test_backward_is_the_derivative(op, shapes, arguments):
    forward, backward = getattr(reference, op), getattr(reference, f"{op}_backward")
    rng = np.random.default_rng(len(CASES))
    arrays = [rng.standard_normal(shape) for shape in shapes]
    dy = rng.standard_normal(forward(*arrays, **arguments).shape)
    takes_bias = op in ("correlate2d", "convolve2d", "dense")  # whose value changes no gradient
    gradients = backward(dy, *(arrays[:2] if takes_bias else arrays), **arguments)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    assert len(gradients) == len(arrays)
    for x, dx in zip(arrays, gradients, strict=True):
        expected = numerical_gradient(lambda: np.vdot(forward(*arrays, **arguments), dy), x)
        assert dx.shape == x.shape
        np.testing.assert_allclose(dx, expected, rtol=RTOL, atol=ATOL)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (4, 2), (3, 7), (6, 10)])
@pytest.mark.parametrize("soft", [False, True])
def test_cross_entropy_backward_is_the_derivative(shape, soft):
    rng = np.random.default_rng(0)
    logits = rng.standard_normal(shape)
    labels = rng.dirichlet(np.ones(shape[1]), shape[0]) if soft else rng.integers(shape[1], size=shape[0])
    expected = numerical_gradient(lambda: reference.cross_entropy(logits, labels), logits)
    np.testing.assert_allclose(reference.cross_entropy_backward(logits, labels), expected, rtol=RTOL, atol=ATOL)


def test_every_backward_op_is_checked():
    backward = {name.removesuffix("_backward") for name in reference.__all__ if name.endswith("_backward")}
    assert backward == {op for op, _, _ in CASES} | {"cross_entropy"}
