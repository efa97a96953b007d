"""Arrays of numbers are opened; pickles, words, archives of several and damaged files are refused in one line."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from brainlab.errors import UnreadableScanError
from brainlab.files import array_files
from brainlab.files.array_files import let_go, one_by_one, open_array, read_arrays

IMAGES = np.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize("ending", ["npy", "npz"])
def test_an_array_comes_back_as_it_was_whatever_its_name(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    np.save(path, IMAGES) if ending == "npy" else np.savez_compressed(path, samples=IMAGES)
    np.testing.assert_array_equal(open_array(path), IMAGES)
    other = path.rename(tmp_path / ("b.npz" if ending == "npy" else "b.npy"))
    np.testing.assert_array_equal(open_array(other), IMAGES)


def test_large_arrays_are_not_read_before_they_are_asked_for(tmp_path):
    np.save(tmp_path / "a.npy", IMAGES)
    assert isinstance(open_array(tmp_path / "a.npy"), np.memmap)


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.array([{"a": 1}], dtype=object), "not a NumPy file|cannot be read as an array"),
        (np.array(["a", "b"]), "needs real numbers"),
        (np.ones((2, 2)) * 1j, "needs real numbers"),
        (np.empty((0, 4)), "needs images"),
    ],
)
def test_what_is_no_image_of_numbers_is_refused(tmp_path, array, reason):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(UnreadableScanError, match=reason) as error:
        open_array(tmp_path / "a.npy")
    assert "\n" not in str(error.value)


def test_an_archive_needs_one_array_that_memory_can_hold(tmp_path, monkeypatch):
    np.savez(tmp_path / "a.npz", real=IMAGES, fake=IMAGES)
    with pytest.raises(UnreadableScanError, match=r"needs one array, got 2 \(real, fake\)"):
        open_array(tmp_path / "a.npz")
    np.savez_compressed(tmp_path / "b.npz", np.zeros(10_000))
    monkeypatch.setattr(array_files, "MOST_BYTES", 10_000)
    with pytest.raises(UnreadableScanError, match="claims 80,128 bytes"):
        open_array(tmp_path / "b.npz")


@pytest.mark.parametrize("ending", ["npy", "npz"])
def test_damaged_files_are_one_line(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    np.save(path, IMAGES) if ending == "npy" else np.savez(path, IMAGES)
    whole = path.read_bytes()
    for content in (b"", whole[: len(whole) // 2], whole[:-20], b"no array at all", b"PK and then nothing"):
        path.write_bytes(content)
        with pytest.raises(UnreadableScanError, match=f"a.{ending}: ") as error:
            open_array(path)
        assert "\n" not in str(error.value)


def test_a_damaged_checksum_in_an_archive_is_found(tmp_path):
    np.savez(tmp_path / "a.npz", IMAGES)
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        start = archive.infolist()[0].header_offset
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[start + 200] ^= 0xFF
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(UnreadableScanError, match="cannot be read as an array"):
        open_array(tmp_path / "a.npz")


def test_a_header_that_python_cannot_take_apart_is_refused(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, np.zeros((3, 4)))
    path.write_bytes(path.read_bytes().replace(b"}", b"("))
    with pytest.raises(UnreadableScanError, match="cannot be read as an array"):
        open_array(path)


@pytest.mark.parametrize(("place", "value"), [(8, 0x63), (8, 0x0E), (4, 0xD2), (6, 0x01)])
def test_an_archive_that_python_cannot_unpack_is_one_line(place, value, tmp_path):
    """Of an unknown compression, damaged in another, of a later version of the format, encrypted."""
    np.savez(tmp_path / "a.npz", IMAGES)
    content = bytearray((tmp_path / "a.npz").read_bytes())
    for start, further in ((content.index(b"PK\3\4"), 0), (content.index(b"PK\1\2"), 2)):
        content[start + place + further] = value
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(UnreadableScanError, match="cannot be read as an array") as caught:
        open_array(tmp_path / "a.npz")
    assert "\n" not in str(caught.value)


def test_a_member_that_is_no_array_is_one_line(tmp_path):
    """NumPy returns the bytes of what does not begin as an array does."""
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("real.npy", b"no array")
    with pytest.raises(UnreadableScanError, match="'real' in it is no array"):
        open_array(tmp_path / "a.npz")
    np.save(tmp_path / "b.npy", IMAGES)
    with pytest.raises(ValueError, match="one array without a name"):
        read_arrays(tmp_path / "b.npy")
    np.savez(tmp_path / "c.npz", real=IMAGES, fake=IMAGES[:1])
    assert {name: array.shape for name, array in read_arrays(tmp_path / "c.npz").items()} == {
        "real": IMAGES.shape,
        "fake": IMAGES[:1].shape,
    }


def resident_bytes() -> int:
    """Return how much of files, which may lie in memory themselves, this process holds in memory (Linux)."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith(("RssFile", "RssShmem")))


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="asks Linux")
def test_pages_that_were_read_go_out_again_and_the_array_can_still_be_read(tmp_path):
    np.save(tmp_path / "a.npy", np.ones(1 << 23))
    array = np.load(tmp_path / "a.npy", mmap_mode="r")
    before = resident_bytes()
    assert array.sum() == 1 << 23
    assert resident_bytes() - before > 6e7
    let_go(array[1:])
    assert resident_bytes() - before < 1e6
    assert array.sum() == 1 << 23
    let_go(np.ones(3))


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="asks Linux")
def test_of_parts_that_are_read_one_by_one_few_stay(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((1024, 8192)))
    array = np.load(tmp_path / "a.npy", mmap_mode="r")
    before = resident_bytes()
    held = []
    for number, part in enumerate(one_by_one(array)):
        assert part.all()
        held += [resident_bytes() - before] if number % 64 == 0 else []
    assert len(held) == 16
    assert max(held) < 3e7
