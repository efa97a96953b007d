"""Find the scans to prepare and what is known of them: a BIDS dataset, a folder of scans or pictures, or one file."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brainlab.cohort.classes import one_spelling
from brainlab.cohort.recipes import PreparationRecipe, find_recipe
from brainlab.cohort.sources.bids import BidsDataset
from brainlab.cohort.sources.file_table import (
    details_of,
    doubts,
    listed_files,
    take_spelling_of_table,
    unused_columns,
)
from brainlab.cohort.sources.folder_search import FolderSearch
from brainlab.cohort.sources.image_files import Note, file_stem, is_prepared_dataset, matches
from brainlab.cohort.sources.names.person_names import SUBJECT
from brainlab.cohort.sources.scan_source import ScanSource
from brainlab.cohort.sources.table_rows import few, read_table
from brainlab.cohort.sources.visits import join_visits
from brainlab.cohort.template import SPACE
from brainlab.cohort.views import SLICE
from brainlab.errors import InputError
from brainlab.files.picture_files import PICTURE_ENDINGS
from brainlab.files.unfinished import refuse_unfinished

CLASS_COLUMNS = ("class", "diagnosis", "dx", "group")
NOT_MRI = {"pet", "spect", "ct"}
"""Suffixes and words of images that show a head otherwise."""


@dataclass(frozen=True)
class Found:
    """The scans of a source, and what the user should know about the search, as {path, reason}."""

    scans: list[ScanSource]
    warnings: list[Note]


def find_sources(
    source: Path | str,
    recipe: PreparationRecipe | str | None,
    labels: str | None = None,
    include: str | None = None,
    table: Path | str | None = None,
    class_folders: bool = False,
    nameless: str | None = None,
) -> Found:
    """List the scans under `source` with their metadata, in a fixed order.

    recipe: what they are to be prepared by; without one every scan is listed, whatever its sequence and version.
    labels: column of the tables that names the class; by default the first of class, diagnosis, dx, group.
    include: a pattern that the relative path or the file name must match; everything that matches is taken. Without it
    only the recipe's sequences are, and one version of each visit (`scan_choice`).
    table: a CSV or TSV that maps `file` (relative to the source) to `participant`, `class`, `age`, ...; files that it
    does not list are left out. People are guessed for rows without a participant only.
    class_folders: the folders right below `source` are classes.
    nameless: the person of images whose path names nobody, such as `visit1/flair.nii`; by default the source's name.
    Of a recipe of several sequences each source is a visit, with its scans by sequence (`visits`). Of a recipe for
    pictures the files are pictures.
    Without a table and outside a BIDS dataset, people, visits and sequences are guessed from the paths (`scan_places`)
    so that scans of one person do not fall on both sides of the split; the warnings say what was taken for what.
    Raises InputError when nothing is found, the column does not exist, or the work in the source has not ended.
    """
    source, table = Path(source), None if table is None else Path(table)
    recipe = None if recipe is None else find_recipe(recipe)
    pictures = recipe is not None and recipe.pictures
    if recipe is not None and recipe.free and not recipe.modalities:
        raise InputError(
            f"recipe {recipe.name}: needs the names of sequences, got none; name two or more with --modalities, first "
            "the one that the others are brought onto"
        )
    if not source.exists():
        raise InputError(f"{source}: no such file or folder; give a BIDS dataset, a folder of scans or one scan")
    if class_folders and table is not None:
        raise InputError("--class-folders: the --table names the classes; give one of the two")
    if include is not None and table is not None:
        raise InputError("--include: the --table lists the files; give one of the two")
    if source.is_dir() and is_prepared_dataset(source):
        raise InputError(
            f"{source}: needs scans, got a dataset that is prepared already; use it as it is, or give the folder of "
            "the scans that it was made from"
        )
    if recipe is not None and pictures and source.is_file() and not source.name.lower().endswith(PICTURE_ENDINGS):
        raise InputError(
            f"{source}: {recipe.name} needs a picture ({', '.join(PICTURE_ENDINGS)}); give one, or a folder"
        )
    search = FolderSearch(source if source.is_dir() else source.parent, class_folders, pictures)
    reader = _Reader(search, labels)
    refuse_unfinished(search.base)
    notes: list[Note] = []
    if table is not None:
        listed = listed_files(table, search.base, notes)
        unnamed = [path for path, row in listed if details_of(row, [])["participant"] is None]
        search.guess_places(unnamed, nameless or search.base.resolve().name)
        notes += search.people_notes(unnamed)
        scans = _from_table(table, listed, reader, notes)
        if not scans:
            raise InputError(f"--table {table}: lists no scan; give a row a scan")
    elif source.is_file():
        if include is not None and not matches(Path(source.name), include):
            raise InputError(f"--include '{include}': does not match {source}; leave it out")
        search.guess_places([source], nameless or file_stem(source.name))
        scans = [reader.scan(source)]
    else:
        files, notes = search.scans(recipe, include, nameless or source.resolve().name)
        scans = [reader.scan(path) for path in files]
    if class_folders and not any(_class_folder(scan.relative) for scan in scans):
        raise InputError(f"--class-folders: no scan lies in a folder below {source}; leave the flag out")
    if labels is not None and labels.lower() not in reader.columns:
        known = ", ".join(sorted(reader.columns)) or "none"
        raise InputError(f"--labels {labels}: no such column; the tables have: {known}")
    notes += [{"path": ".", "reason": note} for note in reader.name_classes()]
    if table is not None:
        details = [scan.details for scan in scans]
        reasons = doubts(details) + _without_class(details, [row for _, row in listed], labels)
        notes += [{"path": str(table), "reason": reason} for reason in reasons]
    if class_folders:
        for scan in scans:
            scan.details["class"] = scan.details["class"] or _class_folder(scan.relative)
    more: list[Note] = []
    if recipe is not None and recipe.several:
        scans, more = join_visits(scans, recipe)
    elif recipe is not None and not pictures:
        more = _other_sequences(scans, recipe)
    return Found(scans, notes + more + reader.warnings())


def _other_sequences(scans: list[ScanSource], recipe: PreparationRecipe) -> list[Note]:
    """Note scans of other sequences than the recipe's, which come in when asked for, or when there are no others."""
    names = Counter(scan.details["modality"] for scan in scans)
    others = {name: count for name, count in names.items() if name is not None and name not in recipe.modalities}
    if not others:
        return []
    what = ", ".join(f"{count} {name}" for name, count in sorted(others.items()))
    reason = f"{recipe.name} is for {' or '.join(recipe.modalities)}, got {what}"
    if len(names) > 1:
        reason += "; several sequences in one prepared dataset can look like classes"
    if NOT_MRI & {name.lower() for name in others}:
        reason += "; registration is made for MRI, look at each image"
    return [{"path": ".", "reason": reason}]


class _Reader:
    """Turns a path into a `ScanSource`, keeping each BIDS dataset open."""

    def __init__(self, search: FolderSearch, labels: str | None) -> None:
        self.base = search.base
        self._search = search
        self.columns: set[str] = set()
        self.problems: dict[str, dict[str, None]] = {}
        self._labelled: dict[Path | None, list[tuple[dict[str, Any], dict[str, str]]]] = {}
        self._label_columns = (labels.lower(),) if labels else CLASS_COLUMNS
        self._datasets: dict[Path, BidsDataset] = {}
        self._truth: dict[Path, dict[tuple[str, str | None], dict[str, float]]] = {}

    def dataset(self, path: Path) -> BidsDataset | None:
        """Return the BIDS dataset that an image belongs to, if its name is a BIDS name."""
        root = self._search.bids_root(path)
        if root is not None and root not in self._datasets:
            self._datasets[root] = BidsDataset(root)
        return None if root is None else self._datasets[root]

    def scan(self, path: Path, row: Mapping[str, str] | None = None) -> ScanSource:
        """Describe one image; a row of the user's table wins over what the dataset says."""
        relative = path.relative_to(self.base).as_posix() if path.is_relative_to(self.base) else str(path)
        dataset = self.dataset(path)
        details: dict[str, Any] = {"source": relative, "class": None}
        if (number := self._search.slice_numbers.get(path)) is not None:
            details[SLICE] = number
        sidecar: dict[str, Any] = {}
        cells: dict[str, str] = {}
        if dataset is None:
            place = self._search.place(path)
            details |= {"participant": place.participant, "session": place.session, "modality": place.name.sequence}
            root = self._search.root(path.parent)
            if root not in (None, self.base) and SUBJECT.fullmatch(place.participant):
                details["participant"] = f"{root.name}/{place.participant}"
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


def _from_table(
    table: Path, listed: list[tuple[Path, dict[str, str]]], reader: _Reader, warnings: list[Note]
) -> list[ScanSource]:
    """Describe the files that the user's table lists."""
    scans = [reader.scan(path, row) for path, row in listed]
    people = [details_of(row, [])["participant"] for _, row in listed]
    guessed = [scan.details for scan, name in zip(scans, people, strict=True) if name is None]
    taken = take_spelling_of_table([name.strip() for name in people if name is not None], guessed)
    warnings += [{"path": str(table), "reason": reason} for reason in taken]
    reasons = [f"{problem} ({few(files)})" for problem, files in reader.problems.items()]
    if reasons:
        warnings.append({"path": str(table), "reason": few(reasons, "; ")})
    return scans


def _without_class(
    scans: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, str]], labels: str | None
) -> list[str]:
    """Return that no scan has a class though the user's table has columns that may hold it."""
    others = [name for name in unused_columns(rows) if name != "split"]
    if labels is not None or not others or any(details["class"] is not None for details in scans):
        return []
    *most, last = CLASS_COLUMNS
    return [f"no scan has a class: no column {', '.join(most)} or {last}, but {few(others)} (choose with --labels)"]


def _volume_ml(text: str, column: str, place: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InputError(f"{place}: needs a number for {column}, got {text!r}; correct it or write n/a") from error


def _class_folder(relative: str) -> str | None:
    """Return the folder right below the source that an image lies in."""
    folder, slash, _ = relative.partition("/")
    return folder if slash else None
