"""A folder of images, one folder a class: decoded as they are asked for, so that only batches in work are in memory."""

import itertools
import os
import stat

import numpy as np

from cnnc.checks import check_count, check_interval
from cnnc.data.boxes import TRIES, centre_box, random_box
from cnnc.data.decoding import SUFFIXES, check_channels, check_pixels, decode


class ImageFolder:
    """Images below a folder, the folders in it being the classes: `root/cat/1.jpg`, `root/dog/more/2.png`.

    Files are found by their suffix (.jpg, .jpeg, .png, .bmp, .gif, .webp) at any depth; other files, and folders whose
    name begins with a dot, are passed over. Nothing is decoded before `read`; what can be known without, is checked.

    `crop="centre"` scales the shorter side to `size * 8 // 7` pixels and cuts size x size out of the middle.
    `crop="random"` cuts a random part, of a share of the image's area and a ratio of width to height out of the
    intervals given, and scales that; for learning, as in C. Szegedy et al.: Going deeper with convolutions, CVPR 2015.
    Where no such part was found in 10 tries, it is the largest one in the middle whose ratio is allowed.

    Args:
        root: str or os.PathLike, the folder.
        size: int, pixels a side of each image that is read.
        crop: "centre" or "random".
        channels: 3 for RGB or 1 for grey.
        area: pair of floats, the least and the largest share of the area for random crops, above 0 and at most 1.
        aspect: pair of floats, the least and the largest ratio of width to height for random crops.
        max_pixels: int, the largest image that is decoded; what its header says is compared before. Decoding takes up
            to 12 bytes a pixel in each thread. 2**26 unless given, or as many as Pillow is allowed to decode.
        classes: list of str, the folders in the order in which labels count; for a folder to judge by that may lack
            classes of the one to learn from, `classes=learn.classes`. All folders, sorted, unless given.

    Attributes:
        classes: list of str, the names of the folders; labels count in this order.
        paths: list of str, the files, class by class.
        labels: int64 array (N,).
        shape: (size, size, channels), of one image.
        dtype: numpy.uint8.

    Raises:
        ValueError: when an argument is out of its range, there is no class, a folder is none of the classes or has no
            image, or a link leads out of root, to a folder or to nothing, or what is called like an image is not a
            regular file or not readable.
        OSError: when a folder cannot be read.
        ImportError: when Pillow is missing.

    >>> import os, tempfile
    >>> import numpy as np
    >>> from PIL import Image
    >>> from cnnc.data import ImageFolder
    >>> with tempfile.TemporaryDirectory() as root:
    ...     for name, colour in (("blue", (0, 0, 255)), ("red", (255, 0, 0))):
    ...         os.mkdir(os.path.join(root, name))
    ...         Image.new("RGB", (40, 30), colour).save(os.path.join(root, name, "1.png"))
    ...     images = ImageFolder(root, size=8)
    ...     x = images.read([0, 1], np.random.default_rng(0))
    >>> images.classes, images.labels, len(images)
    (['blue', 'red'], array([0, 1]), 2)
    >>> x.shape, x[:, 0, 0].tolist()
    ((2, 8, 8, 3), [[0, 0, 255], [255, 0, 0]])
    """

    def __init__(self, root, size=224, crop="centre", channels=3, area=(0.08, 1), aspect=(3 / 4, 4 / 3),
                 max_pixels=None, classes=None):  # fmt: skip
        size, channels, self.max_pixels = check_count(size, "size"), check_channels(channels), check_pixels(max_pixels)
        if crop not in ("centre", "random"):
            raise ValueError(f"crop must be 'centre' or 'random': received {crop!r}")
        self.area, self.aspect = check_interval(area, "area", 0, 1), check_interval(aspect, "aspect", 0, 100)
        self.root = os.fspath(root)
        self.crop = crop
        self.shape, self.dtype = (size, size, channels), np.dtype(np.uint8)
        inside = os.path.realpath(root)
        with os.scandir(root) as entries:
            folders = sorted(entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir())
        if not folders:
            raise ValueError(f"{self.root}: must have a folder of images for each class, received no folder")
        self.classes = folders if classes is None else _classes(classes)
        if unknown := sorted(set(folders) - set(self.classes)):
            raise ValueError(f"{os.path.join(self.root, unknown[0])}: must be one of the classes {self.classes}")
        self.paths, counts = [], [0] * len(self.classes)
        there = set(folders)
        for label, name in enumerate(self.classes):
            if name in there:
                files = sorted(_images(os.path.join(self.root, name), inside))
                if not files:
                    raise ValueError(f"{os.path.join(self.root, name)}: a class must have an image, received none")
                self.paths += files
                counts[label] = len(files)
        self.labels = np.repeat(np.arange(len(counts), dtype=np.int64), counts)

    def __len__(self):
        return len(self.paths)

    def read(self, index, rng):
        """Decode images.

        Args:
            index: sequence of n ints, the images' positions in paths; any order, also more than once.
            rng: numpy.random.Generator, for random crops; a crop in the centre draws nothing.

        Returns:
            A new uint8 array (n, size, size, channels).

        Raises:
            ValueError: when a file is not a whole image of the formats read, or too large; the message names it.
            OSError: when a file cannot be opened.
        """
        index = np.asarray(index, np.int64)
        numbers = rng.random((len(index), TRIES, 4)) if self.crop == "random" else itertools.repeat(None)
        images = np.empty((len(index), *self.shape), self.dtype)
        for image, at, row in zip(images, index, numbers, strict=False):
            image[...] = self._decode(at, row)
        return images

    def check(self, map=map):
        """Decode every file and tell which cannot be.

        Args:
            map: like the builtin, which is applied to what decodes one image; a ThreadPoolExecutor's uses its threads.

        Returns:
            list of (path, message), the bad files in the order of paths.
        """
        found = zip(self.paths, map(self._trouble, range(len(self))), strict=True)
        return [(path, trouble) for path, trouble in found if trouble]

    def _trouble(self, at):
        try:
            decode(self.paths[at], self.shape[0], self.shape[2], centre_box, self.max_pixels)
        except (OSError, ValueError) as error:
            return str(error)
        return None

    def _decode(self, at, numbers):
        def box(width, height):
            if numbers is None:
                return centre_box(width, height, self.shape[0])
            return random_box(width, height, numbers, self.area, self.aspect)

        return decode(self.paths[at], self.shape[0], self.shape[2], box, self.max_pixels)


def _classes(names):
    """Names of folders, each once, or ValueError."""
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"classes must be a list of names of folders: received {names!r}")
    if len(set(names)) < len(names):
        raise ValueError(f"classes must be named once each: received {names!r}")
    return list(names)


def _images(folder, inside):
    """The paths of all images below a folder, which must be below `inside`, a real path."""
    folders = [folder]
    while folders:
        folder = folders.pop()
        if os.path.islink(folder):
            target = os.path.realpath(folder)
            raise ValueError(f"{folder}: a folder of images must not be a link, received one to {target}")
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir():
                    if not entry.name.startswith("."):
                        folders.append(entry.path)
                elif entry.name.lower().endswith(SUFFIXES):
                    _check_file(entry, inside)
                    yield entry.path


def _check_file(entry, inside):
    """What can be known of a file without opening it."""
    if entry.is_symlink():
        target = os.path.realpath(entry.path)
        if os.path.commonpath([inside, target]) != inside:
            raise ValueError(f"{entry.path}: a link must stay below {inside}, received one to {target}")
    try:
        mode = entry.stat().st_mode
    except FileNotFoundError:
        raise ValueError(f"{entry.path}: an image must be a file, received a link to nothing") from None
    if not stat.S_ISREG(mode):
        raise ValueError(f"{entry.path}: an image must be a regular file, received {stat.filemode(mode)}")
    if not os.access(entry.path, os.R_OK):
        raise ValueError(f"{entry.path}: an image must be readable, received {stat.filemode(mode)}")
