"""Find the scans to prepare and what is known of them: a BIDS dataset, a folder of NIfTI files, or one file."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from brainlab.cohort.bids import SEQUENCES, BidsDataset, entities, find_root
from brainlab.cohort.classes import one_spelling
from brainlab.cohort.file_table import details_of, listed_files
from brainlab.cohort.recipes import PreparationRecipe
from brainlab.cohort.table_rows import few, read_table
from brainlab.cohort.template import SPACE
from brainlab.errors import InputError
from brainlab.volume import FILE_ENDINGS

CLASS_COLUMNS = ("class", "diagnosis", "dx", "group")
SKIPPED_IN_BIDS = ("derivatives", "sourcedata", "code")


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
        scans = _from_table(table, base, reader, warnings)
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
    warnings += [{"path": ".", "reason": note} for note in reader.name_classes()]
    return Found(scans, warnings + reader.warnings())


class _Reader:
    """Turns a path into a `ScanSource`, keeping each BIDS dataset open."""

    def __init__(self, base: Path, labels: str | None) -> None:
        self.base = base
        self.columns: set[str] = set()
        self.problems: dict[str, dict[str, None]] = {}
        self._labelled: dict[Path | None, list[tuple[dict[str, Any], dict[str, str]]]] = {}
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
            problems: list[str] = []
            details |= {name: value for name, value in details_of(row, problems).items() if value is not None}
            for problem in problems:
                self.problems.setdefault(problem, {})[relative] = None
        details["participant"] = details["participant"].strip()  # a table cannot tell 'anna' from 'anna '
        self.columns |= set(cells) | (dataset.columns if dataset is not None else set())
        # a table of the user's names the classes of all its files by one column; a dataset has one of its own
        owner = dataset.root if dataset is not None and row is None else None
        self._labelled.setdefault(owner, []).append((details, cells))
        return ScanSource(
            path,
            relative,
            details,
            in_template_space=sidecar.get("SkullStripped") is True and sidecar.get("SpatialReference") == SPACE,
            simulated=dataset is not None and dataset.is_simulated(sidecar),
        )

    def name_classes(self) -> list[str]:
        """Set the class of every scan described so far; returns what to tell the user.

        One column names the classes of a whole dataset: a scan without a cell there has no class, whatever another
        column says of it.
        """
        notes = []
        for owner, scans in self._labelled.items():
            filled = {name for _, cells in scans for name in cells}
            filled |= self._datasets[owner].columns if owner is not None else set()
            columns = [name for name in self._label_columns if name in filled]
            if len(columns) > 1:
                notes.append(f"classes are those of column '{columns[0]}', not '{columns[1]}' (choose with --labels)")
            for details, cells in scans if columns else []:
                details["class"] = cells.get(columns[0])
        every = [details for scans in self._labelled.values() for details, _ in scans]
        changes, doubts = one_spelling(details["class"] for details in every)
        for details in every:
            details["class"] = changes.get(details["class"], details["class"])
        return [*notes, *doubts]

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
                for line, row in read_table(path).rows:
                    key = (row.get("participant_id", ""), row.get("session_id") or row.get("session"))
                    place = f"{path}: line {line}"
                    numbers = {
                        name: _volume_ml(value, name, place) for name, value in row.items() if name.endswith("_ml")
                    }
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


def _from_table(table: Path, base: Path, reader: _Reader, warnings: list[dict[str, str]]) -> list[ScanSource]:
    """Describe the files that the user's table lists."""
    scans = [reader.scan(path, row) for path, row in listed_files(table, base, warnings)]
    reasons = [f"{problem} ({few(files)})" for problem, files in reader.problems.items()]
    if reasons:
        warnings.append({"path": str(table), "reason": few(reasons, "; ")})
    return scans


def _volume_ml(text: str, column: str, place: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(f"{place}: needs a number for {column}, got {text!r}; correct it or write n/a") from error


def _matches(relative: Path, pattern: str) -> bool:
    return fnmatch(relative.as_posix(), pattern) or fnmatch(relative.name, pattern)


def _stem(name: str) -> str:
    return next((name[: -len(end)] for end in sorted(FILE_ENDINGS, key=len)[::-1] if name.lower().endswith(end)), name)


def _guess_modality(name: str) -> str | None:
    """Guess the sequence from a free file name."""
    words = {"flair": "FLAIR", "t1": "T1w", "t2": "T2w", "pd": "PDw", "dwi": "dwi"}
    return next((modality for word, modality in words.items() if word in name.lower()), None)
