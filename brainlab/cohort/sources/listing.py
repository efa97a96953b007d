"""List what a source holds and what is odd about it, before anything is prepared."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brainlab.cohort.recipes import PreparationRecipe
from brainlab.cohort.sources.bids import entities, find_root
from brainlab.cohort.sources.discovery import find_sources
from brainlab.cohort.sources.image_files import Note
from brainlab.cohort.sources.scan_source import ScanSource
from brainlab.errors import UnreadableScanError
from brainlab.files.image_start import start_of_image
from brainlab.files.picture_files import PICTURE_ENDINGS, check_picture
from brainlab.images.formats.scan_file import check_header

NAMED_APART = ("sub", "ses", "suffix")
UNKNOWN = "unknown sequence"
ZIP_START = b"PK\x03\x04"


@dataclass(frozen=True)
class Listing:
    """The scans of a source.

    scans: for each its columns of `scans.tsv`, as far as they are known, `path` and `entities`, what a BIDS name says
    beside participant, session and suffix. warnings: what is odd, or left out, as {path, reason}.
    failed: scans that are plainly no images, as {path, stage, reason}; what is damaged inside shows when it is read.
    """

    scans: list[dict[str, Any]]
    warnings: list[Note]
    failed: list[dict[str, str]]

    def by_sequence(self) -> dict[str, list[dict[str, Any]]]:
        """Return the scans of each sequence in the order of its name; `UNKNOWN` is one, where names tell none."""
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for scan in self.scans:
            found[str(scan["modality"] or UNKNOWN)].append(scan)
        return dict(sorted(found.items()))


def list_scans(
    source: Path | str,
    recipe: PreparationRecipe | str | None = None,
    labels: str | None = None,
    include: str | None = None,
    table: Path | str | None = None,
    class_folders: bool = False,
    nameless: str | None = None,
) -> Listing:
    """Return every scan under `source`, or those that a recipe would prepare; arguments as of `find_sources`.

    Voxels are not read. Raises InputError as `find_sources` does.
    """
    found = find_sources(source, recipe, labels, include, table, class_folders, nameless)
    scans = [each for scan in found.scans for each in (scan, *scan.others.values())]
    failed = [
        {"path": scan.relative, "stage": "read", "reason": reason} for scan in scans if (reason := _no_image(scan.path))
    ]
    return Listing([_entry(scan) for scan in scans], found.warnings + _missing_files(Path(source)), failed)


def _entry(scan: ScanSource) -> dict[str, Any]:
    parts = entities(scan.path.name)
    named = {name: label for name, label in parts.items() if name not in NAMED_APART} if "sub" in parts else {}
    known = {name: value for name, value in scan.details.items() if name != "source"}
    return {"path": scan.relative, **known, "entities": named}


def _no_image(path: Path) -> str:
    """Return why a file is plainly no image, told by its header; empty of one that may be."""
    try:
        if start_of_image(path).startswith(ZIP_START):
            return "a zip archive; unpack it, or give it to 'brainlab import-dicom' where it holds DICOM files"
        check = check_picture if path.name.lower().endswith(PICTURE_ENDINGS) else check_header
        check(path)
    except UnreadableScanError as error:
        return error.reason
    except OSError as error:
        return f"cannot be read ({error.strerror or error})"
    return ""


def _missing_files(source: Path) -> list[Note]:
    """Return which files a BIDS dataset lacks that say what it is and who is in it."""
    if not source.is_dir() or find_root(source, source) is None:
        return []
    wanted = {
        "dataset_description.json": "none: the dataset does not say that it is BIDS, nor of which version",
        "participants.tsv": "none: age, sex and class are known from other tables only",
    }
    return [{"path": name, "reason": reason} for name, reason in wanted.items() if not (source / name).is_file()]
