"""Winograd's algorithm written down from its definition, for the errors that it may make.

The matrices come from the points alone, by interpolation: a tile of m numbers of a correlation with r taps is
A' [(G g) . (B' d)] for m + r - 1 points. Here the same with absolute values of everything gives, for each number of
the result, the sum of the magnitudes of all that was added up on the way.
"""

from functools import cache

import numpy as np

from cnnc import geometry

POINTS = {6: (0, 11 / 16, -11 / 16, 3 / 2, -3 / 2), 4: (0, 1, -1)}  # and infinity


@cache
def matrices(size, taps):
    """A (size, m), G (size, taps) and B' (size, size) for tiles of `size` numbers of the input."""
    points = POINTS[size]

    def powers(count):
        return np.array([[p**i for i in range(count)] for p in points] + [[0] * (count - 1) + [1]], float)

    def product(roots):
        return np.pad(np.poly1d(roots, r=True).coeffs[::-1], (0, size - 1 - len(roots)))

    others = [[q for q in points if q != p] for p in points]
    scale = np.array([np.prod([p - q for q in rest]) for p, rest in zip(points, others, strict=True)] + [1.0])
    window = np.array([*map(product, others), product(points)])
    return powers(size - taps + 1), powers(taps) / scale[:, None], window


def both(matrix, x):
    """matrix @ x @ matrix.T over the axes 1 and 2 of tiles (N, rows, columns, channels)."""
    return np.einsum("ai,bj,nijc->nabc", matrix, matrix, x, optimize=True)


def cut(x, size, step, rows, columns):
    """Tiles (rows * columns * N, size, size, C) that are `step` pixels apart; zeros behind the end of x."""
    more = [
        (0, 0),
        *((0, max(0, (n - 1) * step + size - s)) for n, s in zip((rows, columns), x.shape[1:3], strict=True)),
    ]
    x = np.pad(x, [*more, (0, 0)])
    tiles = [x[:, i * step : i * step + size, j * step : j * step + size] for i in range(rows) for j in range(columns)]
    return np.concatenate(tiles)


def magnitudes(x, w, dy, padding, size):
    """What is added up, in absolute values, for y (without bias), dx and dw; x, w and dy are given as such."""
    x, w, dy = (np.abs(a).astype(float) for a in (x, w, dy))
    window, _ = geometry.convolution(x.shape, w.shape, padding=padding)
    taps = len(w)
    y = _sums(x, w, window.padding, dy.shape[1:3], size)
    back = [(taps - 1 - before, taps - 1 - after) for before, after in window.padding]
    dx = _sums(dy, w[::-1, ::-1].swapaxes(2, 3), back, x.shape[1:3], size)
    evaluate, scaled, inner = (np.abs(matrix) for matrix in matrices(size, taps))
    m = size - taps + 1
    rows, columns = (-(-n // m) for n in dy.shape[1:3])
    v = both(inner, cut(_padded(x, window.padding), size, m, rows, columns))
    d = both(evaluate, cut(dy, m, m, rows, columns))
    dw = both(scaled.T, np.einsum("nabc,nabk->abck", v, d).reshape(1, size, size, -1))
    return y, dx, dw.reshape(w.shape)


def _padded(x, padding):
    """Images with these zeros around them; negative ones are pixels that no window sees."""
    x = np.pad(x, [(0, 0), *((max(0, a), max(0, b)) for a, b in padding), (0, 0)])
    (top, bottom), (left, right) = ([max(0, -p) for p in sides] for sides in padding)
    return x[:, top : x.shape[1] - bottom, left : x.shape[2] - right]


def _sums(x, w, padding, output, size):
    evaluate, scaled, inner = (np.abs(matrix) for matrix in matrices(size, len(w)))
    m = size - len(w) + 1
    rows, columns = (-(-n // m) for n in output)
    v = both(inner, cut(_padded(x, padding), size, m, rows, columns))
    u = both(scaled, w.reshape(1, *w.shape[:2], -1)).reshape(size, size, *w.shape[2:])
    tiles = both(evaluate.T, np.einsum("nabc,abck->nabk", v, u, optimize=True))
    tiles = tiles.reshape(rows, columns, len(x), m, m, -1).transpose(2, 0, 3, 1, 4, 5)
    return tiles.reshape(len(x), rows * m, columns * m, -1)[:, : output[0], : output[1]]
