"""The files of a source: a folder of any depth, one file, or a zip archive, which is never trusted.

Entries of an archive are unpacked under numbers, not under their names, so that none can land elsewhere.
"""

import errno
import os
import shutil
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from brainlab.errors import UNREADABLE_ARCHIVE, InputError
from brainlab.images.dicom.header import INDEX

ZIP_START = b"PK"
CHUNK_BYTES = 1 << 20
MOST_ENTRIES = 1_000_000
MOST_UNPACKED_BYTES = 1 << 36
"""Of one archive: 64 GiB, more than a thousand examinations."""
MOST_RATIO, RATIO_FROM_BYTES = 100, 1 << 28
"""How much larger an archive may become, and from where on it counts: images pack to a half or a tenth."""


@dataclass
class SourceFiles:
    """paths: of the files, in the order of their names. names: how the user knows each. skipped: folders that are not
    read and entries that are not unpacked, with the reason."""

    paths: list[Path] = field(default_factory=list)
    names: dict[Path, str] = field(default_factory=dict)
    skipped: list[dict[str, str]] = field(default_factory=list)

    def add(self, path: Path, name: str) -> None:
        self.paths.append(path)
        self.names[path] = name


@contextmanager
def source_files(source: Path, scratch: Path) -> Iterator[SourceFiles]:
    """List the files of a source. scratch: a folder to unpack an archive into, which is gone afterwards; one that a
    killed import left is removed first, since images of patients lie in it.

    Raises InputError where there is no such source, or it is an archive that cannot or must not be unpacked.
    """
    shutil.rmtree(scratch, ignore_errors=True)
    if source.is_dir():
        yield _in_folder(source)
        return
    if not source.is_file():
        raise InputError(f"{source}: no such file or folder; give a folder of DICOM files, or a zip archive of one")
    with source.open("rb") as stream:
        packed = stream.read(2) == ZIP_START
    if not packed:
        alone = SourceFiles()
        alone.add(source, source.name)
        yield alone
        return
    try:
        yield _unpacked(source, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _in_folder(folder: Path) -> SourceFiles:
    """Return all files below a folder but hidden ones and indices; folders that are left out are told.

    Links are followed, each folder once: they may lead round in a circle.
    """
    found = SourceFiles()
    seen: dict[str, str] = {}

    def skip(path: Path, reason: str) -> None:
        found.skipped.append({"path": path.relative_to(folder).as_posix(), "reason": reason})

    def unreadable(error: OSError) -> None:
        skip(Path(os.fsdecode(error.filename)), f"a folder that cannot be read ({error.strerror})")

    for place, folders, names in os.walk(folder, followlinks=True, onerror=unreadable):
        inside = Path(place)
        if (first := seen.setdefault(os.path.realpath(place), place)) != place:
            skip(inside, f"the same folder as {Path(first).relative_to(folder).as_posix()}, read once")
            folders.clear()
            continue
        for name in sorted(name for name in folders if name.startswith(".")):
            skip(inside / name, "a hidden folder: its name begins with a dot; rename it if it holds images")
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = inside / name
            if _counts(name):
                found.add(path, path.relative_to(folder).as_posix())
    return found


def _counts(name: str) -> bool:
    return not name.startswith(".") and name.lower() != INDEX


def _unpacked(archive: Path, scratch: Path) -> SourceFiles:
    found = SourceFiles()
    left = min(MOST_UNPACKED_BYTES, max(RATIO_FROM_BYTES, archive.stat().st_size * MOST_RATIO))
    try:
        with zipfile.ZipFile(archive) as content:
            entries = content.infolist()
            if len(entries) > MOST_ENTRIES:
                raise InputError(f"{archive}: holds {len(entries):,} files, more than {MOST_ENTRIES:,}; split it")
            scratch.mkdir(parents=True, mode=0o700)
            for number, entry in enumerate(entries):
                name = entry.filename
                if name.endswith("/"):  # a folder
                    continue
                if reason := _why_not(entry):
                    found.skipped.append({"path": name, "reason": reason})
                    continue
                if not _counts(name.rpartition("/")[2]) or name.startswith("__MACOSX/"):
                    continue
                path = scratch / f"{number:07d}"
                left = _unpack(content, entry, path, left, archive)
                found.add(path, name)
    except (*UNREADABLE_ARCHIVE, OSError) as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise  # of the disk, not of a place in the archive that is none, or of BZ2
        raise InputError(f"{archive}: cannot be unpacked ({_reason(error)}); unpack it and give the folder") from error
    return found


def _why_not(entry: zipfile.ZipInfo) -> str:
    """Return why an entry is left where it is, empty where it is not."""
    if not entry.filename:
        return "an entry without a name"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "a link, not a file"
    parts = entry.filename.replace("\\", "/").split("/")
    if ".." in parts or entry.filename.startswith(("/", "\\")) or ":" in parts[0]:
        return "a path that leads out of the archive"
    return ""


def _unpack(content: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, left: int, archive: Path) -> int:
    """Unpack one entry and return how many bytes may still come. What an entry says of its size is not believed."""
    with content.open(entry) as packed, path.open("xb") as out:
        while chunk := packed.read(CHUNK_BYTES):
            left -= len(chunk)
            if left < 0:
                raise InputError(
                    f"{archive}: unpacks to more than {MOST_RATIO} times its size, or to more than "
                    f"{MOST_UNPACKED_BYTES >> 30} GiB; unpack it yourself and give the folder"
                )
            out.write(chunk)
    return left


def _reason(error: Exception) -> str:
    return "a password is needed" if "password" in str(error) else "damaged, or packed in a way that is not known"
