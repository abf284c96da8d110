"""The benchmarks that train: both networks learn alike, a folder's memory is bounded."""

import numpy as np
import pytest

import cnnc

LABELS = np.arange(256) % 10
X = (np.random.default_rng(0).integers(0, 156, (256, 32, 32, 3)) + 10 * LABELS[:, None, None, None]).astype(np.uint8)


def test_both_learn_the_same(tmp_path):
    pytest.importorskip("torch", reason="comparison with PyTorch needs torch")
    pytest.importorskip("matplotlib", reason="pictures need matplotlib: pip install cnnc[plot]")
    from benchmarks import beside

    rows = beside.run((X, LABELS), (X[:50], LABELS[:50]), epochs=1)
    (ours,), (theirs,) = rows["cnnc"], rows["PyTorch"]
    assert ours[0] == pytest.approx(theirs[0], rel=1e-3)
    beside.draw(rows, tmp_path / "beside.svg")
    assert (tmp_path / "beside.svg").stat().st_size > 1000


def test_a_folder_takes_little_memory(tmp_path):
    pytest.importorskip("PIL.Image", reason="images need Pillow: pip install cnnc[images]")
    from benchmarks import folder

    folder.make(tmp_path, 200)
    cnnc.set_num_threads(1)
    found = folder.train(tmp_path)
    assert found["images"] == 200
    assert found["MB that the process grew by"] < 2 * found["MB in the plan"] + found["MB of batches prepared ahead"]
