"""An archive is never trusted: nothing lands outside the scratch folder, and none fills the disk."""

import errno
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from brainlab.cohort.dicom import source_files as module
from brainlab.cohort.dicom.source_files import SourceFiles, source_files
from brainlab.errors import InputError


@pytest.fixture
def packed(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that packs files, by their names in the archive."""

    def pack(files: dict[str, bytes], **options: int) -> Path:
        path = tmp_path / "in" / "packed.zip"
        path.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as out:
            for name, content in files.items():
                out.writestr(name, content)
        return path

    return pack


def contents(files: SourceFiles) -> dict[str, bytes]:
    return {files.names[path]: path.read_bytes() for path in files.paths}


def test_entries_are_known_by_their_names_and_gone_afterwards(tmp_path: Path, packed: Callable[..., Path]):
    archive = packed({"a/b/one": b"1", "two.dcm": b"2", "DICOMDIR": b"x", ".hidden": b"x", "__MACOSX/a": b"x"})
    with source_files(archive, tmp_path / "scratch") as files:
        assert contents(files) == {"a/b/one": b"1", "two.dcm": b"2"}
        assert stat.S_IMODE((tmp_path / "scratch").stat().st_mode) == 0o700
    assert not (tmp_path / "scratch").exists()


def test_folders_behind_links_are_read_once_and_those_left_out_are_told(tmp_path: Path):
    root = tmp_path / "scanner"
    for place in (root / "a", root / ".hidden", tmp_path / "elsewhere"):
        place.mkdir(parents=True)
        (place / "image").write_bytes(b"x")
    (root / "b").symlink_to(tmp_path / "elsewhere")
    (root / "c").symlink_to(tmp_path / "elsewhere")
    (root / "d").symlink_to(root)
    with source_files(root, tmp_path / "scratch") as files:
        assert list(files.names.values()) == ["a/image", "b/image"]
        assert {note["path"]: note["reason"].partition(":")[0] for note in files.skipped} == {
            ".hidden": "a hidden folder",
            "c": "the same folder as b, read once",
            "d": "the same folder as ., read once",
        }


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """As root reads every folder, the refusal is made up."""
    (tmp_path / "scanner" / "closed").mkdir(parents=True)
    whole = os.scandir

    def refusing(place: str):
        if str(place).endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", place)
        return whole(place)

    monkeypatch.setattr(os, "scandir", refusing)
    with source_files(tmp_path / "scanner", tmp_path / "scratch") as files:
        assert files.skipped == [{"path": "closed", "reason": "a folder that cannot be read (Permission denied)"}]


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/evil", "..\\evil", "\\evil", "C:\\evil", "C:/evil"])
def test_a_path_out_of_the_archive_is_not_followed(name: str, tmp_path: Path, packed: Callable[..., Path]):
    archive = packed({name: b"evil", "good": b"good"})
    with source_files(archive, tmp_path / "deep" / "scratch") as files:
        assert contents(files) == {"good": b"good"}
        assert files.skipped[0]["reason"] == "a path that leads out of the archive"
        assert not list(tmp_path.rglob("*evil*"))


def test_a_link_in_an_archive_is_not_followed(tmp_path: Path, packed: Callable[..., Path]):
    archive = packed({"good": b"good"})
    with zipfile.ZipFile(archive, "a") as out:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        out.writestr(link, "/etc/passwd")
    with source_files(archive, tmp_path / "scratch") as files:
        assert contents(files) == {"good": b"good"}
        assert files.skipped == [{"path": "link", "reason": "a link, not a file"}]


def test_a_bomb_is_stopped_by_what_it_unpacks_to_not_by_what_it_says(
    tmp_path: Path, packed: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "RATIO_FROM_BYTES", 1 << 20)
    archive = packed({str(number): bytes(4 << 20) for number in range(4)})
    raw = archive.read_bytes()
    archive.write_bytes(raw.replace((4 << 20).to_bytes(4, "little"), (9).to_bytes(4, "little")))  # sizes that lie
    with pytest.raises(InputError, match=r"cannot be unpacked|unpacks to more than 100 times"):
        source_files(archive, tmp_path / "scratch").__enter__()
    archive.write_bytes(raw)
    with pytest.raises(InputError, match="unpacks to more than 100 times its size"):
        source_files(archive, tmp_path / "scratch").__enter__()
    assert not (tmp_path / "scratch").exists()


def test_what_is_no_archive_after_all(tmp_path: Path, packed: Callable[..., Path]):
    archive = packed({"one": b"1" * 1000})
    archive.write_bytes(archive.read_bytes()[:60])
    with pytest.raises(InputError, match=r"cannot be unpacked \(damaged"):
        source_files(archive, tmp_path / "scratch").__enter__()


def _changed(raw: bytes, local: int, central: int, value: bytes) -> bytes:
    """Return an archive of one entry with bytes of both its headers changed, at these places of each."""
    content = bytearray(raw)
    for start, place in ((raw.index(b"PK\3\4"), local), (raw.index(b"PK\1\2"), central)):
        content[start + place : start + place + len(value)] = value
    return bytes(content)


def test_an_entry_without_a_name_is_left_out(tmp_path: Path, packed: Callable[..., Path]):
    archive = packed({"ab": b"1", "cd": b"2"})
    raw = bytearray(archive.read_bytes())
    for start, place, size in ((raw.index(b"PK\3\4"), 26, 30), (raw.index(b"PK\1\2"), 28, 46)):
        raw[start + place : start + place + 2] = b"\0\0"  # the name has no letters
        raw[start + place + 2 : start + place + 4] = b"\2\0"  # they are more about it, of two bytes
        raw[start + size : start + size + 2] = b"\0\0"
    archive.write_bytes(raw)
    with source_files(archive, tmp_path / "scratch") as files:
        assert list(files.names.values()) == ["cd"]
        assert files.skipped == [{"path": "", "reason": "an entry without a name"}]


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: _changed(raw, 8, 10, b"\x63\0"),  # packed in a way that nobody knows
        lambda raw: _changed(raw, 8, 10, b"\x0e\0"),  # as LZMA, which it is not
        lambda raw: _changed(raw, 8, 10, b"\x0c\0"),  # as BZ2
        lambda raw: _changed(raw, 4, 6, b"\xd2\0"),  # of version 21 of the format
        # the directory begins further on than the file, so that the entry begins before it
        lambda raw: raw[:-6] + (len(raw) + 500).to_bytes(4, "little") + raw[-2:],
    ],
)
def test_damage_of_every_kind_is_one_line(
    change: Callable[[bytes], bytes], tmp_path: Path, packed: Callable[..., Path]
):
    archive = packed({"one": bytes(1000)})
    archive.write_bytes(change(archive.read_bytes()))
    with pytest.raises(InputError, match=r"cannot be unpacked \(damaged, or packed in a way"):
        source_files(archive, tmp_path / "scratch").__enter__()


def test_an_archive_with_a_password(tmp_path: Path, packed: Callable[..., Path]):
    archive = packed({"one": b"1" * 1000})
    raw = bytearray(archive.read_bytes())
    for start in (raw.index(b"PK\3\4") + 6, raw.index(b"PK\1\2") + 8):
        raw[start] |= 1  # the flag of an encrypted entry
    archive.write_bytes(raw)
    with pytest.raises(InputError, match="a password is needed"):
        source_files(archive, tmp_path / "scratch").__enter__()


def test_what_a_killed_import_left_is_removed(tmp_path: Path):
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scratch" / "0000001").write_bytes(b"Mustermann")
    (tmp_path / "source").mkdir()
    with source_files(tmp_path / "source", tmp_path / "scratch") as files:
        assert files.paths == []
        assert not (tmp_path / "scratch").exists()
