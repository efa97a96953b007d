"""Pictures of every kind become the same grey levels, and what is no picture of a slice is refused with its reason."""

import struct

import numpy as np
import pytest
from PIL import Image

from brainlab.errors import UnreadableScanError
from brainlab.files import picture_files
from brainlab.files.picture_files import check_picture, count_pages, is_deep, read_pictures

ROWS, COLUMNS = np.mgrid[0:24, 0:32]
LEVELS = (7 * ROWS + 2 * COLUMNS).astype(np.uint8)


def written(path, image, **options):
    image.save(path, **options)
    return read_pictures(path)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P"])
def test_modes_of_8_bits_hold_the_same_levels(tmp_path, mode):
    image = Image.fromarray(LEVELS).convert(mode)
    read = written(tmp_path / "a.png", image)
    (page,) = read.pages
    np.testing.assert_allclose(page, LEVELS, atol=1e-4)
    assert not read.deep
    assert read.notes == (("colour image without colours: turned to grey",) if mode in ("RGB", "RGBA") else ())


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_16_bits_keep_their_levels(tmp_path, ending):
    deep = LEVELS.astype(np.uint16) * 16
    read = written(tmp_path / f"a.{ending}", Image.fromarray(deep))
    np.testing.assert_array_equal(read.pages[0], deep)
    assert read.deep
    assert is_deep(tmp_path / f"a.{ending}")
    assert read.darkest_and_brightest == pytest.approx((0, np.percentile(deep, 99.5)))


def test_all_pages_of_a_tiff_are_read(tmp_path):
    pages = [Image.fromarray(LEVELS + number) for number in range(3)]
    read = written(tmp_path / "a.tiff", pages[0], save_all=True, append_images=pages[1:])
    assert [page[0, 0] for page in read.pages] == [0, 1, 2]


def test_a_picture_is_turned_as_its_exif_says(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    read = written(tmp_path / "a.png", Image.fromarray(LEVELS), exif=exif)
    np.testing.assert_array_equal(read.pages[0], np.rot90(LEVELS, -1))


def test_transparent_parts_are_black(tmp_path):
    image = Image.fromarray(LEVELS).convert("RGBA")
    opaque = np.full(LEVELS.shape, 255, np.uint8)
    opaque[:12] = 0
    image.putalpha(Image.fromarray(opaque))
    read = written(tmp_path / "a.png", image)
    assert not read.pages[0][:12].any()
    np.testing.assert_allclose(read.pages[0][12:], LEVELS[12:], atol=1e-4)
    assert "transparent parts taken as black" in read.notes


def test_the_grain_of_a_jpeg_is_no_colour_and_a_red_lesion_is_one(tmp_path):
    noise = np.random.default_rng(0).integers(0, 60, LEVELS.shape).astype(np.uint8)
    colours = np.stack([LEVELS // 2 + noise] * 3, axis=-1)
    written(tmp_path / "grain.jpg", Image.fromarray(colours), quality=40)
    colours[4:8, 4:8] = (255, 0, 0)
    with pytest.raises(UnreadableScanError, match=r"2\.1% of its pixels are coloured"):
        written(tmp_path / "a.png", Image.fromarray(colours))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "an empty file"),
        (b"<html>", "a saved web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", "a git-lfs pointer"),
        (b"GIMP or whatever", "in no format of pictures"),
        (None, "cannot be read"),
    ],
)
def test_damaged_files_are_one_line(tmp_path, content, reason):
    path = tmp_path / "a.png"
    Image.fromarray(LEVELS).save(path)
    path.write_bytes(path.read_bytes()[:60] if content is None else content)
    with pytest.raises(UnreadableScanError, match=reason) as error:
        read_pictures(path)
    assert "\n" not in str(error.value)
    assert "a.png" not in error.value.reason, "whoever shows it names the file, an upload by its own name"
    assert not is_deep(path)


def test_a_header_tells_a_picture_from_what_is_none(tmp_path):
    Image.fromarray(LEVELS).save(tmp_path / "a.png")
    check_picture(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"GIMP or whatever")
    with pytest.raises(UnreadableScanError, match=r"^cannot be read as a picture \(it is in no format of pictures\)$"):
        check_picture(tmp_path / "b.png")


def test_thumbnails_and_missing_numbers_are_refused(tmp_path):
    with pytest.raises(UnreadableScanError, match="needs at least 16 pixels a side, got 8x32"):
        written(tmp_path / "a.png", Image.fromarray(LEVELS[:8]))
    values = LEVELS.astype(np.float32)
    values[0, 0] = np.nan
    with pytest.raises(UnreadableScanError, match="no numbers"):
        written(tmp_path / "a.tif", Image.fromarray(values))


def test_a_tiff_whose_0_is_white_is_turned_round(tmp_path):
    """Pillow does so for 8 bits only."""
    image = np.arange(32 * 32, dtype=np.uint16).reshape(32, 32) * 60
    Image.fromarray(65535 - image).save(tmp_path / "a.tif")
    raw = bytearray((tmp_path / "a.tif").read_bytes())
    tag = raw.index(struct.pack("<HHI", 262, 3, 1))
    raw[tag + 8 : tag + 10] = struct.pack("<H", 0)
    (tmp_path / "b.tif").write_bytes(raw)
    (plain,), (turned,) = (read_pictures(tmp_path / name).pages for name in ("a.tif", "b.tif"))
    np.testing.assert_array_equal(plain, 65535 - image)
    np.testing.assert_array_equal(turned, image)


@pytest.mark.filterwarnings("error", "ignore::ResourceWarning")  # which is of what another test left open
def test_more_pixels_than_slices_have_are_refused_before_they_are_unpacked(tmp_path, monkeypatch):
    """A kilobyte of PNG can claim a gigabyte of pixels; Pillow warns of many on the page, and refuses still more."""
    Image.new("1", (12_000, 12_000)).save(tmp_path / "bomb.png")
    assert (tmp_path / "bomb.png").stat().st_size < 30_000
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("its pixels were unpacked"))
    with pytest.raises(UnreadableScanError, match="claims 12000 x 12000 pixels, more than slices have"):
        read_pictures(tmp_path / "bomb.png")


def test_pages_count_together(tmp_path, monkeypatch):
    pages = [Image.fromarray(LEVELS)] * 3
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    assert count_pages(tmp_path / "a.tif") == 3
    monkeypatch.setattr(picture_files, "MOST_PIXELS", 2 * LEVELS.size)
    with pytest.raises(UnreadableScanError, match="claims 32 x 24 pixels on page 2"):
        read_pictures(tmp_path / "a.tif")
    (tmp_path / "b.tif").write_bytes(b"II*\0 cut off")
    assert count_pages(tmp_path / "b.tif") == 1, "whoever reads it says what is wrong"


def test_the_white_of_a_file_is_known_unless_it_holds_decimals(tmp_path):
    assert written(tmp_path / "a.jpg", Image.fromarray(LEVELS)).white == 255
    assert written(tmp_path / "a.png", Image.fromarray(LEVELS.astype(np.uint16))).white == 65535
    read = written(tmp_path / "a.tif", Image.fromarray(LEVELS.astype(np.float32)))
    assert (read.white, read.format) == (None, "TIFF")
