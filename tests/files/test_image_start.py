"""What is plainly no image is said in one line, whatever its name."""

import pytest

from brainlab.errors import UnreadableScanError
from brainlab.files.image_start import start_of_image


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "an empty file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", "git lfs pull"),
        (b"../../.git/annex/objects/a/b.png", "datalad get"),
        (b"/annex/objects/SHA256E-s1--1.dcm", "datalad get"),
        (b"\n<!DOCTYPE html>", "a saved web page"),
    ],
)
def test_pointers_and_nothing_are_no_images(tmp_path, content, reason):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(UnreadableScanError, match=reason):
        start_of_image(tmp_path / "a.png")


def test_links_to_nothing_and_folders_are_no_images(tmp_path):
    (tmp_path / "a.dcm").symlink_to(tmp_path / "gone")
    with pytest.raises(UnreadableScanError, match="a broken link"):
        start_of_image(tmp_path / "a.dcm")
    with pytest.raises(UnreadableScanError, match="not a file"):
        start_of_image(tmp_path)


def test_an_image_begins_as_it_is(tmp_path):
    (tmp_path / "a").write_bytes(b"\x89PNG" + bytes(400))
    assert start_of_image(tmp_path / "a").startswith(b"\x89PNG")
