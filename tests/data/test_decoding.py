"""One image file: every format and mode comes out as the picture that was put in, upright and on white."""

import math
import tracemalloc
import unittest.mock

import numpy as np
import pytest
from samples import good

pytest.importorskip("PIL", reason="images need Pillow: pip install cnnc[images]")
from PIL import Image, JpegImagePlugin

from cnnc.data import ImageFolder, read_image
from cnnc.data.decoding import decode

PICTURE = good.picture(48, 64)
LOSSY = {"JPEG": 8, "WEBP": 8, "GIF": 14}  # mean difference, of 256


def whole(width, height):
    return 0, 0, width, height


def saved(path, image, form="PNG", **options):
    image.save(path, form, **options)
    return path


@pytest.mark.parametrize("form", ["JPEG", "PNG", "BMP", "GIF", "WEBP"])
@pytest.mark.parametrize("channels", [1, 3])
def test_formats(form, channels, tmp_path):
    path = saved(tmp_path / "no suffix at all", Image.fromarray(PICTURE[:, :48]), form)
    pixels = decode(path, 48, channels, whole)
    assert (pixels.shape, pixels.dtype) == ((48, 48, channels), np.uint8)
    expected = np.asarray(Image.fromarray(PICTURE[:, :48]).convert("RGB" if channels == 3 else "L"))
    difference = np.abs(pixels.astype(int) - expected.reshape(pixels.shape)).mean()
    assert difference <= LOSSY.get(form, 0)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_orientation(orientation, form, tmp_path):
    """Each file shows the same picture upright: it was turned the other way before it was saved."""
    methods = Image.Transpose
    away = {
        2: methods.FLIP_LEFT_RIGHT, 3: methods.ROTATE_180, 4: methods.FLIP_TOP_BOTTOM, 5: methods.TRANSPOSE,
        6: methods.ROTATE_90, 7: methods.TRANSVERSE, 8: methods.ROTATE_270,
    }  # fmt: skip
    upright = Image.fromarray(good.picture(480, 640))
    stored = upright.transpose(away[orientation]) if orientation in away else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    seen = []

    def box(width, height):
        seen.append((width, height))
        return 0, 0, 320, 240

    pixels = decode(saved(tmp_path / "a", stored, form, exif=exif), 60, 3, box)
    expected = decode(saved(tmp_path / "b", upright, form), 60, 3, box)
    assert seen == [(640, 480)] * 2
    assert np.abs(pixels.astype(int) - expected).mean() < (0.5 if form == "PNG" else 6)


def test_broken_exif_means_upright(tmp_path):
    plain = saved(tmp_path / "plain.jpg", Image.fromarray(PICTURE), "JPEG")
    broken = saved(tmp_path / "a.jpg", Image.fromarray(PICTURE), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    with pytest.warns(UserWarning, match="Corrupt EXIF data"):
        pixels = decode(broken, 20, 3, whole)
    np.testing.assert_array_equal(pixels, decode(plain, 20, 3, whole))


def test_transparency_is_white(tmp_path):
    rgba = np.dstack([PICTURE, np.zeros(PICTURE.shape[:2], np.uint8)])
    rgba[:, :32, 3] = 255
    palette = Image.fromarray(PICTURE).convert("P")
    cases = {
        "RGBA": saved(tmp_path / "a", Image.fromarray(rgba)),
        "LA": saved(tmp_path / "b", Image.fromarray(rgba).convert("LA")),
        "P": saved(tmp_path / "c", palette, transparency=bytes([255] * 255 + [0])),
        "WEBP": saved(tmp_path / "d", Image.fromarray(rgba), "WEBP", lossless=True),
    }
    for name in ("RGBA", "LA", "WEBP"):
        pixels = decode(cases[name], 64, 3, lambda width, height: (0, 0, 64, 48))
        assert (pixels[:, 33:] == 255).all(), name
        assert pixels[:, :31].mean() < 200, name
    np.testing.assert_array_equal(
        decode(cases["P"], 16, 3, whole), decode(saved(tmp_path / "e", palette.convert("RGB")), 16, 3, whole)
    )


def test_sixteen_bits_become_eight(tmp_path):
    grey = np.linspace(0, 65535, 64 * 64).astype(np.uint16).reshape(64, 64)
    pixels = decode(saved(tmp_path / "a.png", Image.fromarray(grey)), 64, 1, whole)
    np.testing.assert_array_equal(pixels[..., 0], grey >> 8)


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK"])
def test_modes_become_rgb(mode, tmp_path):
    image = Image.fromarray(PICTURE).convert(mode)
    path = saved(tmp_path / "a", image, "JPEG" if mode == "CMYK" else "PNG")
    expected = np.asarray(image.convert("RGB").crop((0, 0, 48, 48))).astype(int)
    assert np.abs(decode(path, 48, 3, lambda width, height: (0, 0, 48, 48)) - expected).mean() < 8


def test_first_frame_of_an_animation(tmp_path):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    for form in ("GIF", "WEBP", "PNG"):
        path = saved(tmp_path / form, frames[0], form, save_all=True, append_images=frames[1:])
        assert decode(path, 4, 3, whole)[0, 0].tolist()[2] < 10, form


@pytest.mark.parametrize("size", [(1, 5000), (5000, 1), (1, 1)])
def test_thin_images(size, tmp_path):
    path = saved(tmp_path / "a.png", Image.new("RGB", size, "red"))
    pixels = decode(path, 8, 3, lambda width, height: (0, 0, min(size) * 7 / 8, min(size) * 7 / 8))
    assert (pixels == [255, 0, 0]).all()


def test_large_jpegs_are_decoded_small(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.jpg", Image.fromarray(good.picture(800, 1200)), "JPEG")
    drafted = []
    draft = JpegImagePlugin.JpegImageFile.draft

    def spy(image, mode, size):
        draft(image, mode, size)
        drafted.append(image.size)

    monkeypatch.setattr(JpegImagePlugin.JpegImageFile, "draft", spy)
    small = decode(path, 50, 3, lambda width, height: (0, 0, 800, 800))
    assert drafted == [(150, 100)]
    exact = Image.fromarray(good.picture(800, 1200)).resize((50, 50), Image.Resampling.BILINEAR, (0, 0, 800, 800))
    assert np.abs(small.astype(int) - np.asarray(exact)).mean() < 4


def test_larger_files_than_any_image_are_not_read(tmp_path):
    path = tmp_path / "a.webp"
    with open(path, "wb") as file:
        file.write(good.image("WEBP"))
        file.truncate(1 << 34)  # a file of zeros takes no place
    with pytest.raises(ValueError, match="no larger than that, received 17179869184 bytes"):
        decode(path, 8, 3, whole)


def test_pixels_that_claim_gigabytes_take_no_memory(tmp_path):
    """All pixels are there, so the picture may be read; its chunk says it has 4 GiB of them."""
    data = good.image()
    (tmp_path / "a.png").write_bytes(data[:33] + b"\xff\xff\xff\xf0" + data[37:])
    tracemalloc.start()
    pixels = decode(tmp_path / "a.png", 8, 3, whole)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert pixels.shape == (8, 8, 3)
    assert peak < 4 << 20


def test_max_pixels_is_the_callers_choice(tmp_path):
    path = saved(tmp_path / "a.png", Image.fromarray(PICTURE))
    decode(path, 8, 3, whole, math.prod(PICTURE.shape[:2]))
    with pytest.raises(ValueError, match="64 x 48 pixels, more than 3071"):
        decode(path, 8, 3, whole, 3071)


def test_an_image_is_read_as_from_a_folder(tmp_path):
    folder = tmp_path / "root" / "a"
    folder.mkdir(parents=True)
    path = saved(folder / "a.png", Image.fromarray(PICTURE))
    expected = ImageFolder(tmp_path / "root", size=20).read([0], None)[0]
    np.testing.assert_array_equal(read_image(path, 20), expected)
    assert read_image(path, 5, channels=1).shape == (5, 5, 1)
    read_image(path, 20)[0] = 0  # it is the caller's
    for limit, most in ((3072, 3072), (3072, None), (None, 1 << 40), (None, None)):
        with unittest.mock.patch.object(Image, "MAX_IMAGE_PIXELS", limit):
            assert read_image(path, max_pixels=most).shape == (224, 224, 3)
    for settings in ({"size": 0}, {"channels": 2}, {"max_pixels": 3071}, {"max_pixels": 1 << 30}):
        with pytest.raises(ValueError, match="received"):
            read_image(path, **settings)


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        decode(tmp_path / "nowhere.png", 8, 3, whole)
