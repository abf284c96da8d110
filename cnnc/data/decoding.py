"""One image file to the square of pixels that a network wants, by Pillow, which is an extra.

A file may be damaged or made to do harm. Formats are few, sizes are compared with a limit before pixels are decoded,
and whatever a decoder stumbles over becomes one kind of error that names the file.
"""

import io
import math
import os

import numpy as np

from cnnc.checks import check_count
from cnnc.data.boxes import centre_box

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP")
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp")
MAX_PIXELS = 1 << 26
INSTALL_PILLOW = "reading images needs Pillow, an extra: pip install cnnc[images]"
ORIENTATION = 0x0112  # the EXIF tag


def pillow():
    """Pillow's module Image, with the formats that are read here and no others.

    >>> pillow().__name__
    'PIL.Image'
    """
    try:
        # All at once, for the threads that decode later must not import at the same time.
        from PIL import BmpImagePlugin, GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin
    except ImportError as error:
        raise ImportError(INSTALL_PILLOW) from error
    del BmpImagePlugin, GifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin
    return Image


def check_pixels(max_pixels):
    """A positive int up to what Pillow decodes at all, or ValueError; for None, the usual one."""
    most = pillow().MAX_IMAGE_PIXELS or math.inf  # it warns beyond that, and refuses beyond twice as many
    if max_pixels is None:
        return min(MAX_PIXELS, most)
    if check_count(max_pixels, "max_pixels") > most:
        raise ValueError(f"max_pixels must be at most PIL.Image.MAX_IMAGE_PIXELS, {most}: received {max_pixels}")
    return int(max_pixels)


def read_image(path, size=224, channels=3, max_pixels=None):
    """One image as a network that learned from an `ImageFolder` wants it: of the middle, size x size pixels.

    The shorter side is scaled to `size * 8 // 7` pixels. EXIF's orientation is followed, transparent parts become
    white, of an animation the first frame is taken.

    Args:
        path: str or os.PathLike, a JPEG, PNG, BMP, GIF or WebP file, told by its content.
        size: int, pixels a side.
        channels: 3 for RGB or 1 for grey.
        max_pixels: int, the largest image that is decoded, in up to 12 bytes a pixel where parts are transparent;
            2**26 unless given, or as many as Pillow is allowed to decode.

    Returns:
        A new uint8 array (size, size, channels).

    Raises:
        ValueError: when an argument is out of its range, or the file is none of these formats, larger than max_pixels,
            cut or damaged.
        OSError: when the file cannot be opened or read.
        ImportError: when Pillow is missing.

    >>> import os, tempfile
    >>> from PIL import Image
    >>> from cnnc.data import read_image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "red.png")
    ...     Image.new("RGB", (60, 40), "red").save(path)
    ...     read_image(path, size=2)[0].tolist()
    [[255, 0, 0], [255, 0, 0]]
    """
    size, channels = check_count(size, "size"), check_channels(channels)
    return decode(path, size, channels, lambda w, h: centre_box(w, h, size), check_pixels(max_pixels))


def check_channels(channels):
    """3 for RGB or 1 for grey, or ValueError."""
    if channels not in (1, 3):
        raise ValueError(f"channels must be 1 or 3: received {channels!r}")
    return int(channels)


def decode(path, size, channels, box, max_pixels=MAX_PIXELS):
    """Decode one image file, cut a box out and bring it to size x size pixels by area-weighted bilinear interpolation.

    The box is in the image's own pixels after it has been turned as its EXIF orientation says. Of an animation the
    first frame is taken. A JPEG much larger than needed is decoded at a half, a quarter or an eighth. Transparent parts
    become white; 16 bits become 8.

    Args:
        path: str or os.PathLike, a JPEG, PNG, BMP, GIF or WebP file, told by its content.
        size: int, pixels a side.
        channels: 3 for RGB, 1 for grey.
        box: function from width and height to (left, top, right, bottom), floats.
        max_pixels: int, the largest image that is decoded, in up to 12 bytes a pixel where parts are transparent.

    Returns:
        uint8 array (size, size, channels).

    Raises:
        ValueError: when the file is none of these formats, larger than max_pixels, cut or damaged.
        OSError: when the file cannot be opened or read.

    >>> import os, tempfile
    >>> import numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "red.png")
    ...     pillow().new("RGB", (60, 40), "red").save(path)
    ...     decode(path, 2, 3, lambda width, height: (0, 0, width, height))[0].tolist()
    [[255, 0, 0], [255, 0, 0]]
    """
    image_module = pillow()
    with _File(path) as file:
        stored = file.stored
        if stored > 8 * max_pixels + (1 << 20):  # 16 bits of red, green, blue and alpha, packed not at all
            raise ValueError(f"{path}: an image of {max_pixels} pixels is no larger than that, received {stored} bytes")
        try:
            return _decode(image_module, file, size, channels, box, max_pixels)
        except MemoryError:
            raise
        except Exception as error:  # decoders raise errors of every kind
            reason = f"{type(error).__name__}: {error}".splitlines()[0][:200]
            raise ValueError(f"{path}: must be a whole image, {', '.join(FORMATS)}, received {reason}") from error


class _File(io.BufferedReader):
    """A file of which no more is asked for than there is: Python takes the memory for as much as it is asked to read,
    and a PNG may say that the next piece of it has 4 GiB."""

    def __init__(self, path):
        super().__init__(io.FileIO(path))
        self.stored = os.fstat(self.fileno()).st_size

    def read(self, size=-1):
        """At most what is left."""
        left = max(self.stored - self.tell(), 0)
        return super().read(left if size is None or size < 0 else min(size, left))


def _decode(image_module, file, size, channels, box, max_pixels):
    with image_module.open(file, formats=FORMATS) as image:
        if math.prod(image.size) > max_pixels:
            raise ValueError(f"{image.width} x {image.height} pixels, more than {max_pixels}")
        scaled = image.format in ("JPEG", "MPO")
        if not scaled:
            image.load()
        orientation = _orientation(image)
        turned = orientation >= 5
        width, height = image.size[::-1] if turned else image.size
        left, top, right, bottom = box(width, height)
        if scaled:  # to as many pixels as leave the box at least as large as the result
            enough = math.ceil(width * size / (right - left)), math.ceil(height * size / (bottom - top))
            image.draft(image.mode, enough[::-1] if turned else enough)
        pixels = _turned(image_module, _eight_bits(image_module, image, channels), orientation)
    x, y = pixels.width / width, pixels.height / height
    cut = max(left * x, 0), max(top * y, 0), min(right * x, pixels.width), min(bottom * y, pixels.height)
    small = pixels.resize((size, size), image_module.Resampling.BILINEAR, cut)
    return np.array(small).reshape(size, size, channels)


def _orientation(image):
    """1 to 8 as EXIF counts; 1, upright, also where it says nothing that could be understood."""
    try:
        orientation = image.getexif().get(ORIENTATION, 1)
    except Exception:  # cameras write broken tags below pictures that are whole
        return 1
    return orientation if orientation in range(1, 9) else 1


def _turned(image_module, image, orientation):
    """The image upright."""
    turns = image_module.Transpose
    methods = {
        2: turns.FLIP_LEFT_RIGHT,
        3: turns.ROTATE_180,
        4: turns.FLIP_TOP_BOTTOM,
        5: turns.TRANSPOSE,
        6: turns.ROTATE_270,
        7: turns.TRANSVERSE,
        8: turns.ROTATE_90,
    }
    return image.transpose(methods[orientation]) if orientation in methods else image


def _eight_bits(image_module, image, channels):
    """The image, now decoded, as RGB or grey, eight bits each, on white."""
    image.load()
    if image.mode.startswith("I"):  # 16 bits of grey; Pillow's own conversion would cut values at 255
        image = image_module.fromarray((np.asarray(image).clip(0, 0xFFFF) >> 8).astype(np.uint8))
    elif image.mode == "F":
        raise ValueError("pixels that are no whole numbers")
    if image.mode in ("LA", "PA", "La", "RGBA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = image_module.alpha_composite(image_module.new("RGBA", image.size, "white"), image)
    mode = "RGB" if channels == 3 else "L"
    return image if image.mode == mode else image.convert(mode)
