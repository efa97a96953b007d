"""Read the header of one DICOM file: only the tags that are asked for, never the pixels, never more than it holds."""

import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydicom import config, dcmread
from pydicom.dataset import Dataset
from pydicom.filereader import read_file_meta_info
from pydicom.tag import Tag
from pydicom.uid import DeflatedExplicitVRLittleEndian

from brainlab.errors import UnreadableScanError
from brainlab.files.image_start import start_of_image

DICOM_ENDINGS = (".dcm", ".dicom", ".ima")
INDEX = "dicomdir"
"""Name, in small letters, of a file that lists others and is no image."""
PREAMBLE_BYTES, MAGIC = 128, b"DICM"
NOT_DICOM = "not a DICOM file"
MOST_INFLATED_BYTES = 1 << 28
"""Of a deflated file, which a few bytes could make of any size."""
FIRST_GROUPS = (b"\x02\0", b"\x08\0")
"""How a file without preamble begins: with the first tag of its meta information, or of the image itself."""


def is_dicom(path: Path) -> bool:
    """Whether a file begins as DICOM files do; scanners often give them no ending. A pipe or device is not opened."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            return stream.read(PREAMBLE_BYTES + len(MAGIC))[PREAMBLE_BYTES:] == MAGIC
    except OSError:
        return False


def read_header(path: Path, tags: Sequence[str | tuple[int, int]]) -> Dataset:
    """Return tags of a file; to be called, and the tags to be read, within `quietly`.

    Raises UnreadableScanError, with the reason alone, where the file is no DICOM, and whatever pydicom raises.
    """
    start = start_of_image(path)
    bare = start[PREAMBLE_BYTES : PREAMBLE_BYTES + len(MAGIC)] != MAGIC
    if bare and start[:2] not in FIRST_GROUPS:
        raise UnreadableScanError(NOT_DICOM)
    if not bare:
        _check_deflated(path)
    header = dcmread(path, stop_before_pixels=True, force=bare, specific_tags=[*map(Tag, tags)])
    if not len(header):
        raise UnreadableScanError(NOT_DICOM)
    return header


@contextmanager
def quietly() -> Iterator[None]:
    """Read a damaged file's tags as they stand: pydicom warns of them, and would print names and ids.

    Whatever pydicom raises becomes UnreadableScanError with a reason that quotes nothing of the file.
    """
    mode = config.settings.reading_validation_mode
    config.settings.reading_validation_mode = config.IGNORE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except UnreadableScanError:
        raise
    except OSError as error:
        if error.errno is not None:
            raise UnreadableScanError(f"cannot be read ({error.strerror})") from None
        raise UnreadableScanError("a damaged DICOM file; copy or export it again") from None
    except (Exception, RecursionError):
        # pydicom raises many kinds for bad bytes, nested sequences and wrong types; no file may end the import
        raise UnreadableScanError("a damaged DICOM file; copy or export it again") from None
    finally:
        config.settings.reading_validation_mode = mode


def _check_deflated(path: Path) -> None:
    """Refuse a deflated file that would not stay small; pydicom inflates it whole."""
    meta = read_file_meta_info(path)
    if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        return
    start = PREAMBLE_BYTES + len(MAGIC) + 12 + int(meta.FileMetaInformationGroupLength)
    with path.open("rb") as stream:
        stream.seek(start)
        inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(stream.read(), MOST_INFLATED_BYTES)
    if len(inflated) >= MOST_INFLATED_BYTES:
        raise UnreadableScanError("a deflated file that unpacks to more than any image; export it again")
