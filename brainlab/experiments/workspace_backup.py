"""A whole workspace in one file, taken while readers read and runs train, and the way back into an empty folder.

The file is a tar archive. Each study lies in it as its own backup (`brainlab study backup`), verified; everything else
as it is, with the SHA-256 of each file in `.backup.json`, the last member. It holds the truth of studies and the key
of participants' hashes: its owner alone may read it.
"""

import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import brainlab
from brainlab.counted import counted
from brainlab.errors import UNREADABLE_ARCHIVE, InputError, naming_path
from brainlab.files.json_object import read_json
from brainlab.files.whole import whole_file
from brainlab.reading.desk.backup import Restored, backup_study, restore_study
from brainlab.workspace import workspace

FORMAT = 1
MANIFEST = ".backup.json"
"""The last member; nothing of a workspace that is kept begins with a dot but what `KEPT_HIDDEN` names."""
STUDIES, RUNS, COHORTS = "studies", "runs", "cohorts"
KEPT_HIDDEN = (".replaced",)
"""Hidden folders that are kept: studies that a backup has replaced. What else is hidden belongs to work in progress."""

Show = Callable[[Iterable[Path], int], Iterable[Path]]


@dataclass(frozen=True)
class Backup:
    """What was written. bytes: size of the archive."""

    studies: list[str]
    runs: list[str]
    cohorts: list[str]
    files: int
    bytes: int


def backup_workspace(
    out: Path, *, folder: Path | None = None, cohorts: bool = True, show: Show | None = None
) -> Backup:
    """Write the workspace to one file, which appears whole or not at all.

    folder: the workspace; that of the environment if absent.
    cohorts: whether to keep prepared datasets, too, which are most of its size and can be prepared again.
    show: wraps the files, given their number, to draw a progress bar.
    Raises InputError where there is nothing to keep or the archive would lie in what it keeps, StorageError where a
    study is not whole: an earlier backup stays then.
    """
    folder = (folder or workspace()).resolve()
    if out.resolve().is_relative_to(folder):
        raise InputError(f"{out}: lies in the workspace {folder}, which it is to keep; choose a place outside")
    studies = sorted(path.parent for path in (folder / STUDIES).glob("[!.]*/study.db"))
    files = sorted(_files(folder, studies, cohorts))
    if not studies and not files:
        raise InputError(f"{folder}: needs a workspace with studies, runs or cohorts, got none; set BRAINLAB_WORKSPACE")
    hashes: dict[str, str] = {}
    with whole_file(out, on_disk=True, mode=0o600) as scratch, tarfile.open(scratch, mode="w") as tar:
        for path in show([*studies, *files], len(studies) + len(files)) if show else [*studies, *files]:
            name = path.relative_to(folder).as_posix()
            if path in studies:
                with tempfile.TemporaryDirectory(prefix=".backup-", dir=out.parent) as own:
                    copy = Path(own) / "study.tar"
                    backup_study(path, copy)
                    hashes[f"{name}.tar"] = _add(tar, copy, f"{name}.tar")
            elif (added := _added_if_there(tar, path, name)) is not None:
                hashes[name] = added
        manifest = {"format": FORMAT, "brainlab": brainlab.__version__, "sha256": hashes}
        text = (json.dumps(manifest, indent=1) + "\n").encode()
        member = tarfile.TarInfo(MANIFEST)
        member.size, member.mode = len(text), 0o600
        tar.addfile(member, io.BytesIO(text))
    return Backup(
        studies=[path.name for path in studies],
        runs=_names(hashes, RUNS, "config.json"),
        cohorts=_names(hashes, COHORTS, "recipe.json"),
        files=len(hashes),
        bytes=out.stat().st_size,
    )


def restore_workspace(archive: Path, folder: Path) -> list[Restored]:
    """Bring a workspace back into a folder that is new or empty; return its studies, each verified.

    Studies of earlier versions of brainlab are brought up to date. Raises InputError where the folder holds something,
    or the file is no such backup, is cut short, or holds other bytes than were written: nothing is restored then.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: needs a new or empty folder to restore a workspace into; choose another")
    with archive.open("rb") as file:  # before anything is made, and by its own name where it cannot be read
        return _restore(archive, file, folder)


def _restore(archive: Path, file: BinaryIO, folder: Path) -> list[Restored]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with naming_path(folder):
        scratch = Path(tempfile.mkdtemp(prefix=".restoring-", dir=folder.parent))
    try:
        with naming_path(folder):
            _unpack(archive, file, scratch)
            copies = sorted((scratch / STUDIES).glob("*.tar"))
            restored = []
            for copy in copies:
                restored.append(restore_study(copy, scratch / STUDIES))
                copy.unlink()
            scratch.chmod(0o700)
            if folder.exists():
                folder.rmdir()
            scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return restored


def _files(folder: Path, studies: list[Path], cohorts: bool) -> Iterator[Path]:
    """Yield what is kept beside the studies: no scratch files, no locks, nothing of a process that works now."""
    for parent, folders, names in os.walk(folder):
        place = Path(parent)
        top = place == folder
        folders[:] = [
            name
            for name in folders
            if (not name.startswith(".") or name in KEPT_HIDDEN)
            and place / name not in studies
            and not (top and name == COHORTS and not cohorts)
        ]
        yield from (place / name for name in names if not name.startswith("."))
        # A cohort or run that is a link to another disk belongs to the workspace; links within one may go in circles.
        if place.parent == folder:
            for name in folders:
                if (place / name).is_symlink():
                    yield from (path for path in (place / name).rglob("*") if path.is_file() and _shown(path, place))


def _shown(path: Path, above: Path) -> bool:
    return not any(part.startswith(".") for part in path.relative_to(above).parts)


def _added_if_there(tar: tarfile.TarFile, path: Path, name: str) -> str | None:
    """Add a file and return its SHA-256; None where it went meanwhile, as a training's old samples do."""
    try:
        return _add(tar, path, name)
    except FileNotFoundError:
        return None


def _add(tar: tarfile.TarFile, path: Path, name: str) -> str:
    with path.open("rb") as stream:
        found = os.fstat(stream.fileno())
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.mtime = found.st_size, found.st_mode & 0o700, int(found.st_mtime)
        hashed = _Hashed(stream)
        tar.addfile(member, hashed)
        return hashed.hexdigest()


class _Hashed:
    """A file that is hashed as it is read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._hash = stream, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._hash.update(data)
        return data

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def _unpack(archive: Path, file: BinaryIO, folder: Path) -> None:
    """Write the files of a backup into a folder and check each against the manifest. archive: what messages name."""
    found: dict[str, str] = {}
    try:
        with tarfile.open(fileobj=file) as tar:
            for member in tar:
                found[member.name] = _extract(archive, tar, member, folder)
    except (*UNREADABLE_ARCHIVE, FileExistsError, NotADirectoryError) as error:  # the latter of names that clash
        raise InputError(f"{archive}: not a backup of a workspace, or cut short; take another") from error
    if found.pop(MANIFEST, None) is None:
        raise InputError(f"{archive}: is cut short, or no backup of a workspace: needs {MANIFEST}; take another")
    manifest = read_json(folder / MANIFEST, "take another backup")
    (folder / MANIFEST).unlink()
    kept = manifest.get("sha256")
    if manifest.get("format") != FORMAT or not isinstance(kept, dict):
        found_format = manifest.get("format")
        raise InputError(f"{archive}: needs a backup of format {FORMAT}, got {found_format!r}; update brainlab")
    if bad := sorted({name for name in {*found, *kept} if found.get(name) != kept.get(name)}):
        raise InputError(f"{archive}: is damaged, nothing was restored: {counted(len(bad), 'file')}, first {bad[0]}")


def _extract(archive: Path, tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> str:
    parts = PurePosixPath(member.name).parts
    source = tar.extractfile(member) if member.isreg() else None
    if source is None or not parts or member.name.startswith("/") or ".." in parts or "\\" in member.name:
        raise InputError(f"{archive}: not a backup of a workspace: it holds {member.name!r}; take another")
    place = folder.joinpath(*parts)
    place.parent.mkdir(parents=True, exist_ok=True)
    hashed = _Hashed(source)  # type: ignore[arg-type]
    with place.open("xb") as written:
        shutil.copyfileobj(hashed, written, 1 << 20)
    place.chmod(member.mode & 0o700 | 0o400)
    os.utime(place, (member.mtime, member.mtime))
    return hashed.hexdigest()


def _names(names: Iterable[str], kind: str, mark: str) -> list[str]:
    """Return the folders of a kind, which hold a file of this name."""
    split = [PurePosixPath(name).parts for name in names]
    return sorted(parts[1] for parts in split if len(parts) == 3 and (parts[0], parts[2]) == (kind, mark))
