"""What dense layers do beyond the sums of tests/table/dense.py: activations at the end, and rows whose bits do not
depend on the batch."""

import numpy as np
import pytest

from cnnc import ops

# one of each way to multiply: a few rows by a small and a large matrix, rows without packing, strips, a convolution
PROBLEMS = [(1, 90, 37), (6, 1030, 270), (30, 420, 43), (70, 50, 133), (300, 64, 30)]


def product(x, w, b, activation=None, alpha=0.0):
    y = np.full((len(x), w.shape[1]), np.nan, x.dtype)
    ops.op("dense")(x=x, w=w, b=b, y=y, **ops.ending(activation, alpha))
    return y


def arrays(m, c, k, dtype=np.float32):
    rng = np.random.default_rng(3)
    return [rng.standard_normal(shape).astype(dtype) for shape in ((m, c), (c, k), (k,))]


@pytest.mark.parametrize("sizes", PROBLEMS)
@pytest.mark.parametrize("team", [1, 3])
def test_an_activation_at_the_end_gives_the_bits_of_its_operation(sizes, team, isa, threads):
    threads(team)
    plain = product(*arrays(*sizes))
    for name in ops.ENDINGS[1:]:
        expected = np.empty_like(plain)
        ops.op(name)(x=plain, y=expected, alpha=0.3)
        np.testing.assert_array_equal(product(*arrays(*sizes), name, 0.3), expected, err_msg=name)


@pytest.mark.parametrize(("c", "k"), [(1, 1), (3, 5), (5, 8), (9, 9), (400, 120), (84, 10), (500, 200)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_of_a_small_matrix_have_the_same_bits_in_any_batch(c, k, dtype, isa):
    x, w, b = arrays(300, c, k, dtype)
    every = product(x, w, b)
    for rows in (1, 2, 5, 16, 17, 64, 65, 256):
        np.testing.assert_array_equal(product(x[:rows], w, b), every[:rows], err_msg=f"{rows} rows")
