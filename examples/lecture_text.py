"""How examples/lecture.py prints numbers, matrices, tables and exercises."""

import itertools

import numpy as np


def short(value):
    """A number in few digits; -0 is 0."""
    return f"{round(float(value), 4) + 0.0:g}"


def by(shape):
    """A shape in the lecture's words: 28x28x6."""
    return "x".join(map(str, shape))


def beside(*pairs):
    """Prints (title, matrix) pairs next to each other, columns under each other."""
    blocks = []
    for title, matrix in pairs:
        values = np.round(matrix, 4) + 0.0  # what rounding made of 3 is 3, and -0 is 0
        digits = max(len(f"{value:g}".partition(".")[2]) for value in values.flat)
        width = max(len(f"{value:.{digits}f}") for value in values.flat)
        rows = [title, *(" ".join(f"{value:{width}.{digits}f}" for value in row) for row in values)]
        blocks.append([row.ljust(max(map(len, rows))) for row in rows])
    for cells in itertools.zip_longest(*blocks):
        columns = [" " * len(block[0]) if cell is None else cell for cell, block in zip(cells, blocks, strict=True)]
        print(("  " + "     ".join(columns)).rstrip())


def table(head, rows):
    """Prints rows of texts under their heads: the first column left, the others right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        cells = [cell.rjust(w) if i else cell.ljust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))]
        print(("  " + "   ".join(cells)).rstrip())


def compare(name, slide, computed):
    """Says where a table on a slide and the computed one differ: hands slip."""
    slide, computed = np.array(slide), np.asarray(computed)
    off = np.argwhere(~np.isclose(slide, computed))
    for p, q in off:
        print(f"  A slip on the slide of {name}: y[{p}, {q}] is {computed[p, q]:g}, not {slide[p, q]:g}.")
    if not off.size:
        print(f"  The slide of {name} has the same table.")


def options(question, choices, right, solution):
    """Prints an exercise with its choices, an arrow at those that are right; `solution` is the lecture's letter."""
    print(f"\n{question}")
    found = [letter for letter, choice in zip("abcd", choices, strict=True) if right(choice)]
    for letter, choice in zip("abcd", choices, strict=True):
        said = by(choice) if isinstance(choice, tuple) else f"{choice:,}"
        print(f"  {'->' if letter in found else '  '} {letter}) {said}")
    print(f"     computed: {', '.join(found)}; the lecture's solution: {solution}")
