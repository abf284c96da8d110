"""Image files that must be refused: {name: (suffix, bytes, what the message must say)}."""

import io
import struct
import zlib

from PIL import Image

from samples import good

PNG, JPEG, BMP = good.image(), good.image("JPEG"), good.image("BMP")
GIF, WEBP = good.image("GIF"), good.image("WEBP")


def chunk(kind, data):
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, data=b"", before=b""):
    """A PNG of eight-bit RGB with whatever pixels and chunks before them."""
    header = chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + before + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def jpeg_of(width, height):
    """The good JPEG claiming another size."""
    at = JPEG.index(b"\xff\xc0") + 5
    return JPEG[:at] + struct.pack(">2H", height, width) + JPEG[at + 4 :]


def bmp_of(width, height):
    """The good BMP claiming another size."""
    return BMP[:18] + struct.pack("<2i", width, height) + BMP[26:]


def gif_of(width, height):
    """The good GIF claiming another size."""
    return GIF[:6] + struct.pack("<2H", width, height) + GIF[10:]


def tiff():
    """A format that is whole but not read."""
    target = io.BytesIO()
    Image.new("RGB", (8, 8)).save(target, "TIFF")
    return target.getvalue()


WHOLE = "must be a whole image, JPEG, PNG, BMP, GIF, WEBP, received "
IMAGES = {
    "empty": (".png", b"", WHOLE),
    "text": (".jpg", b"<html>not found</html>", WHOLE),
    "zeros": (".png", bytes(4096), WHOLE),
    "a TIFF called PNG": (".png", tiff(), WHOLE),
    "a PostScript program": (".png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n(x) print\n", WHOLE),
    "a vector drawing": (".png", b"<svg xmlns='http://www.w3.org/2000/svg' width='8' height='8'/>", WHOLE),
    "a PNG's magic alone": (".png", PNG[:8], WHOLE),
    "a PNG cut in its header": (".png", PNG[:20], WHOLE),
    "a PNG cut in its pixels": (".png", PNG[: len(PNG) // 2], WHOLE),
    "a PNG with a wrong checksum": (".png", PNG[:29] + b"\0\0\0\0" + PNG[33:], WHOLE),
    "a PNG with damaged pixels": (".png", png(64, 48, b"x\x01" + b"\xff" * 9000), WHOLE),
    "a PNG with too few pixels": (".png", png(64, 48, zlib.compress(bytes(1000))), WHOLE),
    "a PNG of no pixels": (".png", png(0, 48), WHOLE),
    "a PNG of a huge size": (".png", png(1 << 30, 1 << 30), WHOLE),
    "a PNG bomb": (".png", png(60_000, 60_000, zlib.compress(bytes(1 << 24))), WHOLE),
    "a PNG just above the limit": (
        ".png",
        png(8193, 8192),
        WHOLE + r"ValueError: 8193 x 8192 pixels, more than 67108864",
    ),
    "a PNG with a text of a gigabyte": (
        ".png",
        png(64, 48, zlib.compress(bytes(1000)), chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 26)))),
        WHOLE,
    ),
    "a PNG with a chunk of gigabytes": (".png", PNG[:33] + b"\xff\xff\xff\xf0teXt" + PNG[33:], WHOLE),
    "a PNG that goes on with gigabytes": (".png", PNG[:-12] + b"\xff\xff\xff\xf0IDAT", WHOLE),
    "a JPEG's magic alone": (".jpg", JPEG[:4], WHOLE),
    "a JPEG cut in its header": (".jpg", JPEG[:100], WHOLE),
    "a JPEG cut in its pixels": (".jpg", JPEG[: len(JPEG) // 2], WHOLE),
    "a JPEG of a huge size": (".jpg", jpeg_of(65_500, 65_500), WHOLE),
    "a JPEG with more lines than it has": (".jpg", jpeg_of(64, 6000)[:-2], WHOLE),
    "a JPEG of no lines": (".jpg", jpeg_of(64, 0), WHOLE),
    "a BMP cut": (".bmp", BMP[:-1000], WHOLE),
    "a BMP of a huge size": (".bmp", bmp_of(1 << 30, 1 << 30), WHOLE),
    "a BMP of a width below zero": (".bmp", bmp_of(-64, 48), WHOLE),
    "a GIF cut": (".gif", GIF[: len(GIF) // 2], WHOLE),
    "a GIF of a huge size": (".gif", gif_of(65_535, 65_535), WHOLE),
    "a GIF without an image": (".gif", GIF[:13] + b";", WHOLE),
    "a WebP cut": (".webp", WEBP[: len(WEBP) // 2], WHOLE),
    "a WebP's header alone": (".webp", WEBP[:30], WHOLE),
}
