"""A folder of images: what is found in it, what is refused, and that crops do not depend on threads."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from samples import good

pytest.importorskip("PIL", reason="images need Pillow: pip install cnnc[images]")
from PIL import Image

from cnnc.data import ImageFolder, Loader


def write(path, data=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(good.image() if data is None else data)
    return path


@pytest.fixture
def root(tmp_path):
    """Three classes of images of several formats, and things that are none."""
    root = tmp_path / "root"
    write(root / "cat" / "b.PNG")
    write(root / "cat" / "a.jpg", good.image("JPEG", 60, 50))
    write(root / "dog" / "deep" / "er" / "c.webp", good.image("WEBP", 30, 90))
    write(root / "dog" / "d.gif", good.image("GIF"))
    write(root / "ant" / "e.bmp", good.image("BMP"))
    for name in ("readme.txt", "cat/labels.csv", ".git/f.png", "dog/.cache/g.png", "picture.png"):
        write(root / name)
    return root


def test_classes_are_sorted_folders(root):
    images = ImageFolder(root, size=10)
    assert images.classes == ["ant", "cat", "dog"]
    assert [os.path.relpath(path, root) for path in images.paths] == [
        "ant/e.bmp", "cat/a.jpg", "cat/b.PNG", "dog/d.gif", "dog/deep/er/c.webp",
    ]  # fmt: skip
    assert images.labels.tolist() == [0, 1, 1, 2, 2]
    assert (images.labels.dtype, images.dtype, images.shape, len(images)) == (np.int64, np.uint8, (10, 10, 3), 5)


def test_classes_of_another_folder(root):
    images = ImageFolder(root, size=10, classes=["dog", "bee", "cat", "ant"])
    assert images.classes == ["dog", "bee", "cat", "ant"]
    assert images.labels.tolist() == [0, 0, 2, 2, 3]
    assert [os.path.basename(path) for path in images.paths] == ["d.gif", "c.webp", "a.jpg", "b.PNG", "e.bmp"]


def test_images_come_in_the_order_asked_for(root):
    images = ImageFolder(root, size=10, channels=1)
    x = images.read(np.array([4, 0, 4]), np.random.default_rng(0))
    assert (x.shape, x.dtype) == ((3, 10, 10, 1), np.uint8)
    np.testing.assert_array_equal(x[0], x[2])
    np.testing.assert_array_equal(x[1:2], images.read([0], None))
    assert images.read([], None).shape == (0, 10, 10, 1)


@pytest.mark.parametrize("crop", ["centre", "random"])
def test_threads_do_not_change_a_bit(root, crop):
    images = ImageFolder(root, size=24, crop=crop)
    few, many = (list(Loader(images, batch_size=2, threads=threads, seed=3)) for threads in (1, 4))
    for (x, labels), (y, others) in zip(few, many, strict=True):
        np.testing.assert_array_equal(x, y)
        np.testing.assert_array_equal(labels, others)
    index = np.arange(40) % len(images)
    expected = images.read(index, np.random.default_rng(3))
    np.testing.assert_array_equal(images.read(index, np.random.default_rng(3)), expected)
    differs = (images.read(index, np.random.default_rng(4)) != expected).any()
    assert differs == (crop == "random")


def test_random_numbers_are_drawn_before_decoding(root):
    """As many as there are images, whatever they are: what follows in the stream is always the same."""
    images = ImageFolder(root, crop="random", size=8)
    left = []
    for index in ([0, 1], [4, 4]):
        rng = np.random.default_rng(0)
        images.read(index, rng)
        left.append(rng.random())
    assert left[0] == left[1]


@pytest.mark.parametrize(("height", "width", "size"), [(300, 451, 224), (48, 64, 20), (500, 500, 7), (33, 1000, 32)])
def test_centre_crop_is_scaling_then_cutting(root, height, width, size):
    path = root / "cat" / "a.jpg"
    Image.fromarray(good.picture(height, width)).save(path, "PNG")
    images = ImageFolder(root, size=size)
    x = images.read([images.paths.index(str(path))], None)[0].astype(int)
    scale = (size * 8 // 7) / min(height, width)
    scaled = Image.fromarray(good.picture(height, width)).resize(
        (round(width * scale), round(height * scale)), Image.Resampling.BILINEAR
    )
    left, top = (scaled.width - size) / 2, (scaled.height - size) / 2
    expected = scaled.resize((size, size), Image.Resampling.BILINEAR, (left, top, left + size, top + size))
    assert np.abs(x - np.asarray(expected)).mean() < 4, "the same but for half a pixel"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, "size must be a positive int: received 0"),
        ({"size": 2.5}, "received 2.5"),
        ({"crop": "center"}, "crop must be 'centre' or 'random': received 'center'"),
        ({"channels": 4}, "received 4"),
        ({"area": (0, 1)}, r"received \(0, 1\)"),
        ({"area": (0.5, 2)}, r"received \(0.5, 2\)"),
        ({"area": (0.5, float("nan"))}, "nan"),
        ({"aspect": (2, 1)}, r"received \(2, 1\)"),
        ({"max_pixels": 0}, "received 0"),
        ({"max_pixels": 1 << 28}, "must be at most PIL.Image.MAX_IMAGE_PIXELS, 89478485: received 268435456"),
        ({"classes": "cat"}, "classes must be a list of names of folders: received 'cat'"),
        ({"classes": ["ant", "cat", "dog", "cat"]}, "classes must be named once each"),
        ({"classes": ["cat", "dog"]}, "root/ant: must be one of the classes"),
    ],
)
def test_arguments_out_of_range(root, options, message):
    with pytest.raises(ValueError, match=message):
        ImageFolder(root, **options)


def test_what_can_be_known_without_decoding_is_refused_at_once(root, tmp_path):
    outside = write(tmp_path / "outside.png")
    (tmp_path / "rooted").mkdir()  # begins like root, but is not in it
    image = root / "cat" / "l.png"
    cases = {
        "must have an image, received none": lambda: os.mkdir(root / "empty"),
        "a class must have an image": lambda: write(root / "text" / "notes.txt"),
        "must stay below .*, received one to .*outside.png": lambda: image.symlink_to(outside),
        "a link must stay below": lambda: image.symlink_to("../../outside.png"),
        "received one to /etc/passwd": lambda: image.symlink_to("/etc/passwd"),
        "received a link to nothing": lambda: image.symlink_to("nothing.png"),
        "a folder of images must not be a link": lambda: (root / "other").symlink_to(tmp_path / "rooted"),
        "must not be a link, received one to .*cat": lambda: (root / "cat" / "again").symlink_to(root / "cat"),
        "regular file, received prw": lambda: os.mkfifo(image),
    }
    for message, make in cases.items():
        before = set(root.rglob("*"))
        make()
        with pytest.raises(ValueError, match=message) as caught:
            ImageFolder(root)
        assert str(caught.value).startswith(str(root))
        for path in sorted(set(root.rglob("*")) - before, reverse=True):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    ImageFolder(root)


def test_a_loop_of_links_is_refused(root):
    (root / "cat" / "a.png").symlink_to("b.png")
    (root / "cat" / "b.png").symlink_to("a.png")
    with pytest.raises((ValueError, OSError), match=r"root.*cat"):
        ImageFolder(root)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_files_are_refused(root):
    (root / "cat" / "b.PNG").chmod(0)
    with pytest.raises(ValueError, match="an image must be readable, received -----"):
        ImageFolder(root)


def test_links_inside_are_followed(root):
    (root / "dog" / "z.png").symlink_to("../cat/b.PNG")
    images = ImageFolder(root, size=6)
    np.testing.assert_array_equal(*images.read([len(images) - 1, 2], None))


def test_no_folder_and_no_class(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        ImageFolder(tmp_path / "nowhere")
    write(tmp_path / "a.png")
    with pytest.raises(ValueError, match="a folder of images for each class, received no folder"):
        ImageFolder(tmp_path)


def test_deep_folders_are_no_harm(tmp_path):
    path = tmp_path / "class"
    path.mkdir()
    here = os.getcwd()
    try:
        os.chdir(path)
        for _ in range(25):  # in all longer than the system takes for a path
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
    finally:
        os.chdir(here)
    write(tmp_path / "class" / "a.png")
    with pytest.raises(OSError, match="File name too long"):
        ImageFolder(tmp_path)


def test_check_lists_the_bad_files(root):
    assert ImageFolder(root).check() == []
    bad = [write(root / "ant" / "a.png", good.image()[:-700]), write(root / "dog" / "x.jpg", b"")]
    with ThreadPoolExecutor(2) as pool:
        images = ImageFolder(root)
        found = images.check(map=pool.map)
    assert [path for path, _ in found] == [str(path) for path in bad]
    assert all(message.startswith(f"{path}: ") for path, message in found)
    (root / "cat" / "a.jpg").unlink()
    assert len(images.check()) == 3


def test_without_pillow_the_extra_is_named(root, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r"pip install cnnc\[images\]"):
        ImageFolder(root)
