"""Find the scans to prepare and what is known of them: a BIDS dataset, a folder of NIfTI files, or one file."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from brainlab.cohort.bids import (
    ACQUISITION,
    SEQUENCES,
    BidsDataset,
    acquisition,
    entities,
    find_root,
    person,
    read_table,
)
from brainlab.cohort.recipes import PreparationRecipe
from brainlab.cohort.template import SPACE
from brainlab.errors import InputError
from brainlab.volume import FILE_ENDINGS

CLASS_COLUMNS = ("class", "diagnosis", "dx", "group")
SKIPPED_IN_BIDS = ("derivatives", "sourcedata", "code")
FILE_COLUMNS = ("file", "path", "filename", "source")
PARTICIPANT_COLUMNS = ("participant", "participant_id", "subject", "subject_id")


@dataclass(frozen=True)
class ScanSource:
    """One scan to prepare.

    relative: path as the user sees it, relative to the source folder. details: columns of `scans.tsv`, truth included.
    in_template_space: already skull-stripped and on the MNI152 template, so that it needs no registration.
    """

    path: Path
    relative: str
    details: dict[str, Any] = field(default_factory=dict)
    in_template_space: bool = False
    simulated: bool = False


@dataclass(frozen=True)
class Found:
    """The scans of a source, and what the user should know about the search, as {path, reason}."""

    scans: list[ScanSource]
    warnings: list[dict[str, str]]


def find_sources(
    source: Path,
    recipe: PreparationRecipe,
    labels: str | None = None,
    include: str | None = None,
    table: Path | None = None,
) -> Found:
    """List the scans under `source` with their metadata, in a fixed order.

    labels: column of the tables that names the class; by default the first of class, diagnosis, dx, group.
    include: a pattern that the relative path or the file name must match; it also lifts the choice of sequences.
    table: a CSV or TSV that maps `file` (relative to the source) to `participant`, `class`, `age`, ...; files that it
    does not list are left out.
    Without a table and outside a BIDS dataset, the folder right below `source` is taken as the participant, so that
    scans of one person never fall on both sides of the split; a file right in `source` is its own participant.
    Raises InputError when nothing is found or the column does not exist.
    """
    if not source.exists():
        raise InputError(f"{source}: no such file or folder; give a BIDS dataset, a folder of NIfTI files or one NIfTI")
    base = source if source.is_dir() else source.parent
    reader = _Reader(base, labels)
    warnings: list[dict[str, str]] = []
    if table is not None:
        scans = _from_table(table, base, reader)
    else:
        files = [source] if source.is_file() else list(_images(source))
        files = [path for path in files if include is None or _matches(path.relative_to(base), include)]
        if include is None and source.is_dir():
            files = _chosen(files, base, reader, recipe, warnings)
        scans = [reader.scan(path) for path in files]
    if not scans:
        among = f" that matches '{include}'" if include else ""
        raise InputError(f"{source}: no image{among} ({', '.join(FILE_ENDINGS)}) found; name a folder that holds scans")
    if labels is not None and labels.lower() not in reader.columns:
        known = ", ".join(sorted(reader.columns)) or "none"
        raise InputError(f"--labels {labels}: no such column; the tables have: {known}")
    return Found(scans, warnings + reader.warnings())


class _Reader:
    """Turns a path into a `ScanSource`, keeping each BIDS dataset open."""

    def __init__(self, base: Path, labels: str | None) -> None:
        self.base = base
        self.columns: set[str] = set()
        self._label_columns = (labels.lower(),) if labels else CLASS_COLUMNS
        self._datasets: dict[Path, BidsDataset] = {}
        self._truth: dict[Path, dict[tuple[str, str | None], dict[str, float]]] = {}
        self._roots: dict[Path, Path | None] = {}

    def dataset(self, path: Path) -> BidsDataset | None:
        """Return the BIDS dataset that an image belongs to, if its name is a BIDS name."""
        if "sub" not in entities(path.name):
            return None
        if path.parent not in self._roots:
            self._roots[path.parent] = find_root(path.parent, self.base)
        root = self._roots[path.parent]
        if root is not None and root not in self._datasets:
            self._datasets[root] = BidsDataset(root)
        return None if root is None else self._datasets[root]

    def scan(self, path: Path, row: Mapping[str, str] | None = None) -> ScanSource:
        """Describe one image; a row of the user's table wins over what the dataset says."""
        relative = path.relative_to(self.base).as_posix() if path.is_relative_to(self.base) else str(path)
        dataset = self.dataset(path)
        details: dict[str, Any] = {"source": relative, "class": None}
        sidecar: dict[str, Any] = {}
        cells: dict[str, str] = {}
        if dataset is None:
            parts, named = Path(relative).parts, entities(path.name)
            person_name = f"sub-{named['sub']}" if "sub" in named else parts[0] if len(parts) > 1 else _stem(path.name)
            session = f"ses-{named['ses']}" if "ses" in named else None
            details |= {"participant": person_name, "session": session, "modality": _guess_modality(path.name)}
        else:
            sidecar, cells = dataset.sidecar(path), dataset.row(path)
            details |= dataset.describe(path)
            details |= self._truth_of(dataset.root, details["participant"], details["session"])
            if dataset.root != self.base:
                details["participant"] = f"{dataset.root.name}/{details['participant']}"
        if row is not None:
            cells |= row
            details |= {name: value for name, value in _from_row(row).items() if value is not None}
        self.columns |= set(cells)
        details["class"] = next((cells[name] for name in self._label_columns if name in cells), None)
        return ScanSource(
            path,
            relative,
            details,
            in_template_space=sidecar.get("SkullStripped") is True and sidecar.get("SpatialReference") == SPACE,
            simulated=dataset is not None and dataset.is_simulated(sidecar),
        )

    def warnings(self) -> list[dict[str, str]]:
        return [
            {"path": (root / name).relative_to(self.base).as_posix(), "reason": reason}
            for root, dataset in self._datasets.items()
            for name, reason in dataset.notes.items()
        ]

    def _truth_of(self, root: Path, participant: str, session: str | None) -> dict[str, float]:
        """Return the volumes (`*_ml`) that a simulation knows of a participant, or of one visit."""
        if root not in self._truth:
            self._truth[root] = {}
            for path in sorted((root / "derivatives" / "truth").glob("*.tsv")):
                for row in read_table(path):
                    key = (row.get("participant_id", ""), row.get("session_id") or row.get("session"))
                    numbers = {name: float(value) for name, value in row.items() if name.endswith("_ml")}
                    self._truth[root].setdefault(key, {}).update(numbers)
        known = self._truth[root]
        return {**known.get((participant, None), {}), **known.get((participant, session), {})}


def _images(folder: Path) -> Iterator[Path]:
    """Yield image files in a fixed order, each folder once; in a BIDS dataset not those derived from others."""
    seen: set[str] = set()
    for here, folders, names in os.walk(folder, followlinks=True):
        inside = Path(here)
        # Data sets are often trees of links, which may lead round in a circle or twice to one place.
        if (real := os.path.realpath(here)) in seen:
            folders.clear()
            continue
        seen.add(real)
        if (inside / "recipe.json").is_file() and list(inside.glob("volumes.npy*")):
            folders.clear()
            continue
        is_bids = (inside / "dataset_description.json").is_file() or (inside / "participants.tsv").is_file()
        skipped = SKIPPED_IN_BIDS if is_bids else ()
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in skipped)
        for name in sorted(names):
            if name.startswith(".") or not name.lower().endswith(FILE_ENDINGS):
                continue
            if name.lower().endswith(".hdr") and name[:-4] + ".img" in names:
                continue
            yield inside / name


def _chosen(
    files: list[Path], base: Path, reader: _Reader, recipe: PreparationRecipe, warnings: list[dict[str, str]]
) -> list[Path]:
    """Of the images of BIDS datasets, keep those of the recipe's sequences if there are any; say what is left out."""
    canonical = {suffix.lower(): suffix for suffix in SEQUENCES}
    suffixes = {path: entities(path.name)["suffix"].lower() for path in files if reader.dataset(path) is not None}
    sequences = {path: canonical[suffix] for path, suffix in suffixes.items() if suffix in canonical}
    wanted = [path for path, suffix in sequences.items() if suffix in recipe.modalities]
    kept = set(wanted or sequences)
    left = Counter(suffix for path, suffix in sequences.items() if path not in kept)
    if left:
        what = ", ".join(f"{count} {suffix}" for suffix, count in sorted(left.items()))
        reason = f"left out: {what}; {recipe.name} is for {', '.join(recipe.modalities)} (take others with --include)"
        warnings.append({"path": ".", "reason": reason})
    return [path for path in files if path in kept or path not in suffixes]


def _from_table(table: Path, base: Path, reader: _Reader) -> list[ScanSource]:
    """Read the user's table of files."""
    if not table.is_file():
        raise InputError(f"--table {table}: no such file; give a CSV with the columns file, participant, class")
    rows = read_table(table)
    column = next((name for name in FILE_COLUMNS if any(name in row for row in rows)), None)
    if column is None:
        raise InputError(f"--table {table}: no column 'file' with the path of each scan; add one")
    scans = []
    for row in rows:
        if column not in row:
            continue
        path = Path(row[column])
        places = [path] if path.is_absolute() else [base / path, table.parent / path]
        scans.append(reader.scan(next((place for place in places if place.exists()), places[0]), row))
    return scans


def _from_row(row: Mapping[str, str]) -> dict[str, Any]:
    """Translate a row of the user's table to columns of `scans.tsv`, None where it says nothing."""
    fields = {field.lower(): field for field, _ in ACQUISITION.values()}
    named = {fields[name]: value for name, value in row.items() if name in fields}
    named |= {ACQUISITION[name][0]: value for name, value in row.items() if name in ACQUISITION}
    return {
        "participant": next((row[name] for name in PARTICIPANT_COLUMNS if name in row), None),
        "session": row.get("session") or row.get("session_id"),
        "modality": row.get("modality") or row.get("sequence"),
        **person(row),
        **acquisition(named),
    }


def _matches(relative: Path, pattern: str) -> bool:
    return fnmatch(relative.as_posix(), pattern) or fnmatch(relative.name, pattern)


def _stem(name: str) -> str:
    return next((name[: -len(end)] for end in sorted(FILE_ENDINGS, key=len)[::-1] if name.lower().endswith(end)), name)


def _guess_modality(name: str) -> str | None:
    """Guess the sequence from a free file name."""
    words = {"flair": "FLAIR", "t1": "T1w", "t2": "T2w", "pd": "PDw", "dwi": "dwi"}
    return next((modality for word, modality in words.items() if word in name.lower()), None)
