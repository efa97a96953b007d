"""Images out of a run: NIfTI for volumes, PNG for slices, into a folder that holds those of one call and no others."""

import contextlib
import errno
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from brainlab.counted import sized
from brainlab.errors import InputError
from brainlab.files.folder_lock import folder_in_use
from brainlab.files.json_text import parse_json
from brainlab.files.unfinished import is_unfinished, mark_finished, mark_unfinished
from brainlab.files.whole import write_whole
from brainlab.images.grid import Grid
from brainlab.images.pictures import to_bytes
from brainlab.images.provenance import Provenance
from brainlab.images.provenance_files import save_png, write_sidecar
from brainlab.images.volume import Volume
from brainlab.types import Float32Array

RECORD = ".brainlab-files.json"
"""Names of the files that brainlab put into a folder, so that `--overwrite` takes away nothing else."""

_UNFINISHED = ".unfinished-"
_FINISHED = ".finished"
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS, errno.EXDEV}
"""What file systems say that know no hard links."""


def save_image(image: Float32Array, grid: Grid, stem: Path, provenance: Provenance, axes: str = "RAS") -> Path:
    """Write a volume as `stem.nii.gz` with its affine (mm), or a slice in [0, 1] as `stem.png`; return the path.

    axes: towards which side each axis of a volume's file goes.

    The picture has a pixel for each voxel and is turned as radiologists look at it. Both say where the image comes
    from, and so does `stem.json`.
    """
    stem.parent.mkdir(parents=True, exist_ok=True)
    if grid.plane is not None:
        return save_picture(Image.fromarray(to_bytes(grid.view(image))), stem, [provenance])
    path = stem.parent / f"{stem.name}.nii.gz"
    Volume(image, grid.affine).save(path, axes, [provenance])
    write_sidecar(path, [provenance])
    return path


def save_picture(picture: Image.Image, stem: Path, provenance: Sequence[Provenance]) -> Path:
    """Write a picture as `stem.png` and where its images come from, in it and in `stem.json`; return the path."""
    path = stem.parent / f"{stem.name}.png"
    save_png(picture, path, provenance)
    write_sidecar(path, provenance)
    return path


def scan_name(scan: "pd.Series[Any]", row: int) -> str:
    """Return a name for the files of a row of a dataset's table, such as `sub-01_ses-1_0007`.

    What the table does not know is left out. Where datasets were put together a participant is `dataset/sub-01`, which
    becomes `dataset_sub-01`.
    """
    parts = []
    for prefix, column in (("sub-", "participant"), ("ses-", "session")):
        value = scan.get(column)
        if pd.notna(value) and str(value):
            *above, last = str(value).split("/")
            parts += [*above, prefix + last.removeprefix(prefix)]
    return "_".join([*parts, f"{row:04d}"])


@contextmanager
def whole_folder(out: Path, work: str, *, overwrite: bool, task: str = "") -> Iterator[Path]:
    """Yield a scratch folder whose files become those of `out` once all are written; after an error `out` is as before.

    work: the command, for another process that wants the same folder.
    overwrite: put them in the place of files that an earlier call left there. Without it `out` must be new or empty.
    task: says all that the files depend on. With it a call that was interrupted, or met a full disk, leaves its scratch
    folder, and the next of the same task finds there what had been done (`finished`).
    Raises InputError where `out` is in use or holds files that may not be replaced; OSError that names `out`, on a full
    disk for instance.
    """
    new = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    try:
        with folder_in_use(out, work):
            old = _replaceable(out, overwrite=overwrite)
            scratch = out / f"{_UNFINISHED}{hashlib.sha256(task.encode()).hexdigest()[:16]}"
            for left in out.glob(f"{_UNFINISHED}*"):  # by a process that was killed
                if not task or left != scratch:
                    shutil.rmtree(left)
            scratch.mkdir(exist_ok=True)
            keep = False
            try:
                yield scratch
                _move(scratch, out, old, work)
            except (OSError, KeyboardInterrupt) as error:
                if keep := (scratch / _FINISHED).is_dir():
                    error.add_note("finished images are kept")
                raise
            finally:
                if not keep:
                    _discard(scratch)
    except OSError as error:
        if error.filename and _UNFINISHED not in str(error.filename):
            raise
        named = OSError(error.errno or errno.EIO, error.strerror or str(error), str(out))
        for note in getattr(error, "__notes__", []):
            named.add_note(note)
        raise named from error
    finally:
        if new:
            with contextlib.suppress(OSError):  # it holds something, as it should
                out.rmdir()


def finished(scratch: Path, name: str) -> dict[str, Any] | None:
    """Return what `keep_finished` kept of an image in the scratch folder of a task; None where it is to be made."""
    try:
        found = parse_json((scratch / _FINISHED / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def keep_finished(scratch: Path, name: str, facts: Mapping[str, Any]) -> None:
    """Say that an image lies whole in the scratch folder of a task. facts: what is told of it besides, as JSON."""
    (scratch / _FINISHED).mkdir(exist_ok=True)
    write_whole(scratch / _FINISHED / f"{name}.json", json.dumps(facts) + "\n")


def refuse_beyond_disk(folder: Path, written: int, wanted: int) -> None:
    """Raise InputError where the rest of `wanted` images, as large as the `written` ones in a folder, cannot fit."""
    bytes_each = sum(path.stat().st_size for path in folder.iterdir()) / written
    needed, free = bytes_each * (wanted - written), shutil.disk_usage(folder).free
    if needed > free:
        raise InputError(
            f"--n: {wanted} images take about {sized(bytes_each * wanted)} of disk, {sized(free)} are "
            f"free; draw at most {written + int(free / bytes_each)}"
        )


def _replaceable(out: Path, *, overwrite: bool) -> set[str]:
    """Return the names in a folder that may be replaced; raise InputError where anything else is in it."""
    names = {path.name for path in out.iterdir() if not path.name.startswith(".")}
    if not names:
        return set()
    if not overwrite and not is_unfinished(out):
        raise InputError(
            f"{out}: exists and is not empty; replace what is in it with --overwrite, or choose another OUT"
        )
    try:
        ours = set(parse_json((out / RECORD).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        ours = set()
    if foreign := sorted(names - ours):
        raise InputError(f"{out}: holds {foreign[0]}, which brainlab did not write there; choose another OUT")
    return names


def _discard(scratch: Path) -> None:
    """Remove a scratch folder, which by half must not be found by the next call of its task."""
    with contextlib.suppress(OSError):
        gone = scratch.with_name(f"{_UNFINISHED}gone")
        shutil.rmtree(gone, ignore_errors=True)
        shutil.rmtree(scratch.rename(gone))


def _put(source: Path, place: Path) -> None:
    """Put a file in its place, and leave it where it is: a call that is killed now finds all its files there again."""
    if place.exists() and place.samefile(source):
        return
    new = place.with_name(f".{place.name}.new")
    new.unlink(missing_ok=True)
    try:
        new.hardlink_to(source)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        shutil.copyfile(source, new)
    new.replace(place)


def _move(scratch: Path, out: Path, old: set[str], work: str) -> None:
    names = {path.name for path in scratch.iterdir() if not path.name.startswith(".")}
    record = out / RECORD
    # Of a process killed below all files are brainlab's, and not to be read as they are.
    write_whole(record, json.dumps(sorted(names | old)) + "\n")
    mark_unfinished(out, work)
    for name in old - names:
        (out / name).unlink()
    for name in names:
        _put(scratch / name, out / name)
    with contextlib.suppress(OSError):  # on a full disk the longer record will do
        write_whole(record, json.dumps(sorted(names)) + "\n")
    mark_finished(out)
