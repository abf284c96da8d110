"""A network trained by others with PyTorch, on real images, where CNNC_DATA has both."""

import lzma
import os
from pathlib import Path

import numpy as np
import pytest

import cnnc

FOLDER = Path(os.environ.get("CNNC_DATA", "/nowhere"))
WEIGHTS = FOLDER / "resnet_cifar10" / "resnet20.safetensors"
REFERENCE = FOLDER / "resnet_cifar10" / "resnet20.reference.npz"
IMAGES = FOLDER / "cifar10" / "test_batch.bin.xz"
MEAN, DEVIATION = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
MISSING = [path.name for path in (WEIGHTS, REFERENCE, IMAGES) if not path.is_file()]


def real_images():
    """CIFAR-10's test set: x as this network wants it, and labels."""
    with lzma.open(IMAGES) as file:
        rows = np.frombuffer(file.read(), np.uint8).reshape(10_000, 1 + 3 * 32 * 32)  # label, red, green, blue
    x = rows[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return (x / np.float32(255) - MEAN) / DEVIATION, rows[:, 0]


@pytest.mark.skipif(bool(MISSING), reason=f"set CNNC_DATA to a folder with cifar10 and resnet_cifar10: no {MISSING}")
def test_trained_weights_classify_as_published():
    net = cnnc.models.resnet_cifar(20)
    assert len(cnnc.load_torch_weights(net, WEIGHTS)) == len(net.state())
    x, labels = real_images()
    logits = net.predict(x, batch_size=250)
    classes = logits.argmax(axis=1)
    reference = np.load(REFERENCE)
    assert (classes != labels).sum() == 827
    assert (classes == reference["pred_all"]).sum() >= 9_998
    np.testing.assert_allclose(logits[:100], reference["logits_first100"], rtol=0, atol=1e-3)
