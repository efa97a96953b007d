"""Find the label image of each scan in a folder of BIDS derivatives."""

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from brainlab.cohort.sources.bids import entities, sequence
from brainlab.cohort.sources.scan_source import ScanSource
from brainlab.counted import counted
from brainlab.errors import InputError
from brainlab.files.delimited import parse_table
from brainlab.files.textfile import read_text
from brainlab.files.unfinished import refuse_unfinished

PATTERN = "sub-*/**/*_dseg.nii*"
TABLE = "dseg.tsv"
"""Names of the labels: columns index and name, as BIDS has them."""
HIGHEST_LABEL = 255
OWN_SPACES = ("orig", "native", "scanner", "individual")
"""What `space-` says of an image in the scanner's coordinates, beside the name of a sequence."""
FREE = ("suffix", "space", "desc", "res", "den", "seg", "atlas", "label")
"""Parts of a name that belong to the segmentation, not to its scan."""


@dataclass(frozen=True)
class Segmentations:
    """Label images of scans.

    files: by `relative` of the scan. failed: scans without one that is clear, as {path, stage, reason}. names: of
    labels by number, as the folder's table gives them.
    """

    files: Mapping[str, Path]
    failed: list[dict[str, str]]
    names: Mapping[int, str]

    def of(self, scans: Iterable[ScanSource]) -> list[ScanSource]:
        """Return the scans that have a segmentation, with it."""
        return [
            dataclasses.replace(scan, segmentation=self.files[scan.relative])
            for scan in scans
            if scan.relative in self.files
        ]

    def named(self, numbers: Iterable[int]) -> dict[str, str]:
        """Return the names of the table's labels and of those that occur, by number as text; `label-7` without one."""
        every = sorted({*self.names, *numbers})
        return {str(number): self.names.get(number, f"label-{number}") for number in every}


def find_segmentations(folder: Path | str, scans: Sequence[ScanSource]) -> Segmentations:
    """Find for each scan the `sub-*/**/*_dseg.nii.gz` of its participant and session.

    Of several the one whose name has most in common with the scan's is taken, then the one that says least beside it;
    one in a template's space fits only a scan that lies there too.
    Raises InputError where the folder holds no segmentation, or none of any of these scans, a damaged table, or the
    work in it has not ended.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"--segmentations {folder}: no such folder; give one with sub-*/ses-*/anat/*_dseg.nii.gz")
    refuse_unfinished(folder)
    candidates = defaultdict(list)
    for path in sorted(folder.glob(PATTERN)):
        parts = entities(path.name)
        candidates[parts.get("sub"), parts.get("ses")].append(path)
    if not candidates:
        raise InputError(f"--segmentations {folder}: needs files sub-*/ses-*/anat/*_dseg.nii.gz, found none")
    files, failed = {}, []
    for scan in scans:
        found, reason = _fitting(candidates[_visit(scan)], scan)
        if found is None:
            failed.append({"path": scan.relative, "stage": "segmentation", "reason": f"{reason} in {folder}"})
        else:
            files[scan.relative] = found
    if not files:
        raise InputError(
            f"--segmentations {folder}: fits none of the {counted(len(scans), 'scan')}; {failed[0]['path']}: "
            f"{failed[0]['reason']}"
        )
    return Segmentations(files, failed, _names(folder / TABLE))


def _visit(scan: ScanSource) -> tuple[str | None, str | None]:
    """Return the labels `sub-` and `ses-` of a scan's person and visit."""
    session = scan.details.get("session")
    return str(scan.details["participant"]).removeprefix("sub-"), session and str(session).removeprefix("ses-")


def _fitting(candidates: Sequence[Path], scan: ScanSource) -> tuple[Path | None, str]:
    """Return the segmentation of a scan among those of its visit, or None and why."""
    if not candidates:
        person, session = _visit(scan)
        return None, f"no segmentation named sub-{person}{f'_ses-{session}' if session else ''}_*_dseg.nii.gz"
    own = entities(scan.path.name)
    best: dict[tuple[int, int], list[Path]] = defaultdict(list)
    for path in candidates:
        parts = entities(path.name)
        told = {name: value for name, value in parts.items() if name not in FREE}
        if not _in_space_of(scan, parts.get("space")) or any(own.get(name, told[name]) != told[name] for name in told):
            continue
        same = sum(own.get(name) == value for name, value in told.items())
        same += parts.get("space", "").casefold() == str(scan.details.get("modality")).casefold()
        best[-same, len(parts)].append(path)
    if not best:
        return None, f"no segmentation on the scan's own coordinates, only {candidates[0].name} and the like"
    chosen = best[min(best)]
    if len(chosen) > 1:
        return None, f"several segmentations that fit alike, such as {chosen[0].name} and {chosen[1].name}; keep one"
    return chosen[0], ""


def _in_space_of(scan: ScanSource, space: str | None) -> bool:
    """Whether an image whose name says `space-...` lies in the coordinates of a scan."""
    if space is None or space.casefold() in OWN_SPACES or sequence({"suffix": space}):
        return True
    return scan.in_template_space and space.upper().startswith("MNI")


def _names(path: Path) -> dict[int, str]:
    """Return the names of labels up to `HIGHEST_LABEL`; nothing where there is no table."""
    if not path.is_file():
        return {}
    names: dict[int, str] = {}
    for line, cells in parse_table(read_text(path), str(path), ("index", "name")).rows:
        index, name = cells["index"], cells["name"]
        if not index.isdecimal() or not name:
            raise InputError(f"{path}: line {line}: needs a whole number and a name, got '{index}' and '{name}'")
        number = int(index)
        if number in names or name in names.values():
            raise InputError(f"{path}: line {line}: label {index} '{name}' stands twice; give each number its own name")
        if 0 < number <= HIGHEST_LABEL:
            names[number] = name
    return names
