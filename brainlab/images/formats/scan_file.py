"""Read the file of a volume in any of the formats that there are: which one it is tells its content, not its name."""

from pathlib import Path

from brainlab.errors import UnreadableScanError
from brainlab.files.image_start import START_BYTES, start_of_image
from brainlab.files.picture_files import PICTURE_ENDINGS
from brainlab.images.formats.freesurfer import is_mgh, read_mgh
from brainlab.images.formats.metaimage import is_metaimage, read_metaimage, voxels_of_metaimage
from brainlab.images.formats.minc import is_minc, read_minc
from brainlab.images.formats.nifti import check_nifti_header, pair_of, read_nifti
from brainlab.images.formats.nrrd import is_nrrd, read_nrrd, voxels_of_nrrd
from brainlab.images.formats.stored import StoredScan, opened, refusing_damage

NIFTI_ENDINGS = (".nii", ".nii.gz")
SINGLE_ENDINGS = (*NIFTI_ENDINGS, ".mgz", ".mgh", ".nrrd", ".mha", ".mnc", ".mnc.gz")
"""Names of files that hold a scan alone: NIfTI, FreeSurfer, NRRD, MetaImage and MINC."""
FILE_ENDINGS = (*SINGLE_ENDINGS, ".img", ".img.gz", ".hdr", ".nhdr", ".mhd")
"""Those and names of one of two files: `.hdr` stands for the pair with its `.img`, `.nhdr` and `.mhd` name another."""
SLICE_ENDINGS = (*PICTURE_ENDINGS, *SINGLE_ENDINGS)
"""Of files that may hold one slice."""
PAIRED = (".img", ".img.gz", ".hdr", ".hdr.gz")
READERS = {
    "MGH": ((".mgz", ".mgh"), is_mgh, read_mgh),
    "NRRD": ((".nrrd", ".nhdr"), is_nrrd, read_nrrd),
    "MetaImage": ((".mha", ".mhd"), is_metaimage, read_metaimage),
    "MINC": ((".mnc", ".mnc.gz"), is_minc, read_minc),
}
"""Format to endings of its files' names, how it is told, and what reads it; all else is read as NIfTI."""
VOXEL_FILES = {"NRRD": voxels_of_nrrd, "MetaImage": voxels_of_metaimage}
"""Format to what returns the file of voxels that its header names."""


def read_scan_file(path: Path, *, series: bool = False, flat: bool = False) -> StoredScan:
    """Read one file. Raises UnreadableScanError with the reason alone, without the path.

    series: whether it may hold several images, voxels [X, Y, Z, n].  flat: whether it may be one slice, of one voxel
    along one axis.
    """
    kind, _ = _told(path)
    read = READERS[kind][2] if kind in READERS else read_nifti
    return read(path, series=series, flat=flat)


def check_header(path: Path) -> None:
    """Raise UnreadableScanError, with the reason alone, where no scan can be in a file by its header.

    Voxels are not read: what is damaged behind the header is found by `read_scan_file`.
    """
    kind, start = _told(path)
    if kind in VOXEL_FILES:
        VOXEL_FILES[kind](path)
    elif kind == "NIfTI":
        check_nifti_header(path)
    elif not READERS[kind][1](start):
        raise UnreadableScanError(f"does not begin as {kind}; damaged, or of another format")


def files_of(path: Path) -> tuple[Path, ...]:
    """Return the files that a scan lies in: its own alone, or a header and the file of its voxels.

    A scan that cannot be read is one file.
    """
    name = path.name.lower()
    try:
        if name.endswith(PAIRED):
            return pair_of(path)
        kind = format_of(path)
        beside = VOXEL_FILES[kind](path) if kind in VOXEL_FILES else None
    except (UnreadableScanError, OSError):
        return (path,)
    return (path,) if beside is None else (path, beside)


def format_of(path: Path) -> str:
    """Return the format that a file's name tells: NIfTI, MGH, NRRD, MetaImage or MINC."""
    name = path.name.lower()
    return next((kind for kind, (endings, _, _) in READERS.items() if name.endswith(endings)), "NIfTI")


def _told(path: Path) -> tuple[str, bytes]:
    """Return the format that a file's content tells, or else its name, and how it begins."""
    if path.name.lower().endswith(PAIRED):  # an image without a header begins with its voxels, which may be anything
        return "NIfTI", b""
    start_of_image(path)
    with refusing_damage(), opened(path) as stream:
        start = stream.read(START_BYTES)
    return next((kind for kind, (_, begins, _) in READERS.items() if begins(start)), format_of(path)), start
