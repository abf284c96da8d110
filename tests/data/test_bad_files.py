"""Files that are damaged or meant to do harm: each is refused by name, and costs no more memory than a good one."""

import tracemalloc

import pytest
from samples import bad, good

from cnnc.data import ImageFolder, cifar, cifar10, open_array

LITTLE = 4 << 20
XZ = LITTLE + (8 << 20)  # the dictionary of a decoder of what lzma.compress makes


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(cifar, "TEN", good.TEN)


def refuse(path, message, read, memory=LITTLE):
    """Reading says what is wrong with the file and takes little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=message) as caught:
            read()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert str(caught.value).startswith(f"{path}: ")
    assert "received" in str(caught.value)
    assert len(str(caught.value)) < 600
    assert peak < memory


@pytest.mark.parametrize("name", bad.BATCH_FILES)
def test_batches(name, tmp_path):
    contents, message = bad.BATCH_FILES[name]
    for batch, data in bad.RECORDS.items():
        (tmp_path / batch).write_bytes(data)
    path = tmp_path / bad.NAME
    path.write_bytes(contents)
    refuse(path, message, lambda: cifar10(tmp_path), XZ if name.startswith("xz") else LITTLE)


@pytest.mark.parametrize("name", bad.ARCHIVES)
def test_archives(name, tmp_path):
    contents, message = bad.ARCHIVES[name]
    path = tmp_path / "cifar-10-binary.tar.gz"
    path.write_bytes(contents)
    refuse(path, message, lambda: cifar10(tmp_path))
    assert list(tmp_path.iterdir()) == [path], "nothing is unpacked"


@pytest.mark.parametrize("name", bad.PICKLES)
def test_pickles(name, tmp_path, capsys):
    contents, message = bad.PICKLES[name]
    for batch, data in good.cifar_files(good.TEN, False).items():
        (tmp_path / batch).write_bytes(data)
    path = tmp_path / "data_batch_1"
    path.write_bytes(contents)
    refuse(path, message, lambda: cifar10(tmp_path))
    assert capsys.readouterr().out == "", "nothing is called"


@pytest.mark.parametrize("name", bad.NPY)
def test_arrays(name, tmp_path, capsys):
    contents, message = bad.NPY[name]
    path = tmp_path / "images.npy"
    path.write_bytes(contents)
    refuse(path, message, lambda: open_array(path))
    assert capsys.readouterr().out == "", "nothing is called"


def pytest_generate_tests(metafunc):
    if "image" in metafunc.fixturenames:
        pytest.importorskip("PIL", reason="images need Pillow: pip install cnnc[images]")
        from samples.bad_images import IMAGES

        metafunc.parametrize("image", IMAGES)


def test_images(image, tmp_path):
    from samples.bad_images import IMAGES, PNG

    suffix, contents, message = IMAGES[image]
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "good.png").write_bytes(PNG)
    path = tmp_path / "class" / f"bad{suffix}"
    path.write_bytes(contents)
    images = ImageFolder(tmp_path, size=16)
    refuse(path, message, lambda: images.read([0, 1], None))
    ((listed, trouble),) = images.check()
    assert listed == str(path)
    assert trouble.startswith(f"{path}: ")
