"""Readers of images: volumes, DICOM, pictures, arrays."""

import io
import warnings
import zipfile
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.fuzz import image_seeds as seeds
from benchmarks.fuzz.parser import DEEP, LARGE, Parser, gzipped, in_file
from brainlab.cohort.dicom.importing import import_dicom
from brainlab.cohort.preparation.series import choose_images
from brainlab.errors import UnreadableScanError
from brainlab.experiments.evaluation.image_files import open_images
from brainlab.files.array_files import open_array
from brainlab.files.picture_files import check_picture, read_pictures
from brainlab.images.dicom.pixels import stored_frames
from brainlab.images.dicom.slice_file import read_dicom
from brainlab.images.formats.scan_file import check_header
from brainlab.images.provenance import Provenance, to_text
from brainlab.images.provenance_files import origin_of, save_png
from brainlab.images.volume import Volume


def _after(check: Callable[[Path], None], read: Callable[[Path], Any]) -> Callable[[Path], Any]:
    """Return what reads a file that a listing has looked at: what is read, no listing may have refused."""

    def look_and_read(path: Path) -> Any:
        refused: UnreadableScanError | None = None
        try:
            check(path)
        except UnreadableScanError as error:
            refused = error
        found = read(path)
        if refused is not None:
            raise AssertionError(f"is read, and a listing refuses it: {refused}")
        return found

    return look_and_read


_load = _after(check_header, Volume.load)


def _of_frame(content: bytes, folder: Path) -> Any:
    """Read a compressed frame within a file that is whole; the first byte says which kind it is."""
    kind = seeds.PACKED[(content[:1] or b"\0")[0] % len(seeds.PACKED)]
    _, syntax, shape = seeds.compressed(kind)
    return in_file("a.dcm", lambda path: stored_frames(path, [0]))(
        seeds.dicom_of(content[1:] or b"\0\0", syntax, shape), folder
    )


def _import_dicom(content: bytes, folder: Path) -> Any:
    (folder / "scanner").mkdir()
    (folder / "scanner" / "1").write_bytes(content)
    return import_dicom(folder / "scanner", folder / "bids")


def _import_zip(content: bytes, folder: Path) -> Any:
    """Import an archive as the Cohort page does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return in_file("a.zip", lambda path: import_dicom(path, folder / "bids"))(content, folder)


def _zips() -> Iterable[bytes]:
    for packing in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", packing) as archive:
            archive.writestr("a/1.dcm", next(iter(seeds.dicom())))
            archive.writestr("../b\\c", b"")
        yield stream.getvalue()


def _packed_arrays() -> Iterable[bytes]:
    for save in (np.savez, np.savez_compressed):
        stream = io.BytesIO()
        save(stream, seeds.VOXELS)
        yield stream.getvalue()


def _read_picture(content: bytes, folder: Path) -> Any:
    ending = {b"\x89P": ".png", b"II": ".tif", b"\xff\xd8": ".jpg", b"BM": ".bmp"}.get(content[:2], ".png")
    return in_file(f"a{ending}", _after(check_picture, read_pictures))(content, folder)


def _set_of_pictures(content: bytes, folder: Path) -> Any:
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(content)
    return open_images(folder)


def _with_provenance() -> Iterable[bytes]:
    said = (Provenance(kind="generated", seed=3, draw=1),)
    stream = io.BytesIO()
    save_png(seeds.picture(), stream, said)
    yield stream.getvalue()
    yield from list(seeds.nifti())[:1]


def _sidecar(content: bytes, folder: Path) -> Any:
    (folder / "a.npy").write_bytes(b"")
    return in_file("a.json", lambda path: origin_of(path.with_name("a.npy")))(content, folder)


PARSERS = {
    "nifti": Parser(seeds.nifti, in_file("a.nii", _load)),
    "nifti-gz": Parser(seeds.nifti, gzipped("a.nii.gz", _load)),
    "mgh": Parser(seeds.mgh, in_file("a.mgh", _load)),
    "nrrd": Parser(seeds.of_sitk("a.nrrd"), in_file("a.nrrd", _load)),
    "nrrd-diffusion": Parser(
        seeds.nrrd_diffusion, in_file("a.nrrd", lambda path: Volume.load(path, choose_images(path)))
    ),
    "metaimage": Parser(seeds.of_sitk("a.mha"), in_file("a.mha", _load)),
    "minc": Parser(lambda: [seeds.written(seeds.minc)], in_file("a.mnc", _load)),
    "dicom": Parser(seeds.dicom, in_file("a.dcm", read_dicom)),
    "dicom-frame": Parser(
        lambda: [bytes([number]) + seeds.compressed(kind)[0] for number, kind in enumerate(seeds.PACKED)], _of_frame
    ),
    "dicom-import": Parser(seeds.dicom, _import_dicom),
    "dicom-mosaic": Parser(seeds.csa_headers, lambda csa, folder: _import_dicom(seeds.mosaic_of(csa), folder), LARGE),
    "dicom-zip": Parser(_zips, _import_zip),
    "picture": Parser(seeds.pictures, _read_picture),
    "picture-set": Parser(seeds.pictures, _set_of_pictures),
    "array": Parser(seeds.arrays, in_file("a.npy", open_array)),
    "array-packed": Parser(_packed_arrays, in_file("a.npz", open_array)),
    "array-set": Parser(lambda: [seeds.unit_array()], in_file("a.npy", open_images)),
    "provenance": Parser(_with_provenance, in_file("a.png", origin_of)),
    "provenance-json": Parser(lambda: [to_text((Provenance(kind="generated", seed=3),)).encode(), DEEP], _sidecar),
}
if find_spec("h5py"):
    PARSERS["minc-2"] = Parser(lambda: [seeds.written(seeds.minc_2)], in_file("a.mnc", _load), LARGE)
