"""Read what a BIDS dataset says about its scans: participants, sessions, sidecars.

A reader of our own rather than pybids or bids2table: those index whole datasets into tables and stop at, or pass over,
just what real datasets hold (byte-order marks, 'n/a', ages such as '89+', rows without folders, broken sidecars), while
here one image's metadata is wanted, as far as it can be had, with a note for what could not.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from brainlab.cohort.sources.demographics import person
from brainlab.cohort.sources.image_files import file_stem
from brainlab.cohort.sources.names.name_matching import PERSON_WORDS, SESSION_WORDS
from brainlab.cohort.sources.table_rows import PARTICIPANT_COLUMNS, SESSION_COLUMNS, KeyedRows, few
from brainlab.counted import counted
from brainlab.files.json_text import parse_json
from brainlab.files.textfile import read_text

SEQUENCES = ("FLAIR", "T1w", "T1SE", "T2w", "PDw", "T2starw", "T1rho", "PDT2", "inplaneT1", "inplaneT2", "angio",
             "dwi", "DIR", "ADC", "FA", "RD", "AD", "MTRmap", "DVR")  # fmt: skip
"""Suffixes of images and maps that can be prepared, and T1SE; bold, field maps, masks and the like are left out."""
SPIN_ECHO = ("se", "tse", "t1se", "spinecho")
"""Labels `acq-` of a T1w that is a spin echo: another contrast than the gradient echo that the suffix alone means."""
ACQUISITION = {
    "echo_time_s": ("EchoTime", 1.0),
    "repetition_time_s": ("RepetitionTime", 100.0),
    "inversion_time_s": ("InversionTime", 20.0),
    "pixel_bandwidth_hz": ("PixelBandwidth", float("inf")),
    "field_strength_t": ("MagneticFieldStrength", float("inf")),
}
"""Column to BIDS field, and the value in s above which it was surely written in ms."""
TABLE_ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".xls", ".ods")


def find_root(path: Path, stop: Path) -> Path | None:
    """Return the innermost folder from `path` up to `stop` that is a BIDS dataset, or None."""
    for folder in (path, *path.parents):
        if says_bids(folder):
            return folder
        if folder == stop:
            break
    return stop if stop.is_dir() and any(child.is_dir() for child in stop.glob("sub-*")) else None


def says_bids(folder: Path) -> bool:
    """Whether a folder says by a file of its own that it is a BIDS dataset."""
    return (folder / "dataset_description.json").is_file() or (folder / "participants.tsv").is_file()


def entities(name: str) -> dict[str, str]:
    """Split a BIDS file name: `sub-01_run-2_FLAIR.nii.gz` -> {'sub': '01', 'run': '2', 'suffix': 'FLAIR'}."""
    stem = file_stem(name).removesuffix(".json")
    *pairs, suffix = stem.split("_")
    found = dict(pair.split("-", 1) for pair in pairs if "-" in pair)
    return {**found, "suffix": suffix}


def sequence(parts: Mapping[str, str]) -> str | None:
    """Return the sequence that a BIDS name tells, None where it is none that can be prepared."""
    suffix = parts["suffix"].lower()
    if suffix == "t1w" and parts.get("acq", "").lower() in SPIN_ECHO:
        return "T1SE"
    return next((name for name in SEQUENCES if name.lower() == suffix), None)


class BidsDataset:
    """Metadata of one dataset, read when asked for. `notes` tells, by file, what could not be read or matched."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._unreadable: dict[Path, str] = {}
        self._left_out: dict[Path, dict[str, dict[str, None]]] = {}
        self._odd_times: dict[str, dict[Path, None]] = {}
        self._read_json, self._sidecars, self._visits = cache(_read_json), cache(_sidecars), cache(_visits)
        self._tables: dict[Path, KeyedRows] = {}
        self.description = self._json(root / "dataset_description.json")
        people = sorted(folder.name for folder in root.glob("sub-*") if folder.is_dir())
        self._participants = self._table(root / "participants.tsv", PARTICIPANT_COLUMNS, people, PERSON_WORDS)

    @property
    def notes(self) -> dict[str, str]:
        """What a user should know of the dataset's tables and sidecars, by path below the root."""
        found: dict[Path, list[str]] = {path: [text] for path, text in self._unreadable.items()}
        for path, table in self._tables.items():
            found.setdefault(path, []).extend(table.notes())
        for path, problems in self._left_out.items():
            sentences = [f"{problem} ({few(people)})" for problem, people in problems.items()]
            found.setdefault(path, []).append(few(sentences, "; "))
        for problem, images in self._odd_times.items():
            found.setdefault(next(iter(images)), []).append(f"{problem} ({few(path.name for path in images)})")
        for path in [] if self._participants.path.is_file() else sorted(self.root.iterdir()):
            if path.stem.lower() == "participants" and path.suffix.lower() in TABLE_ENDINGS:
                found[path] = [
                    "not read: needs participants.tsv (tab-separated text); save it under that name and format"
                ]
        unlisted = [
            (path, name) for path, table in self._tables.items() if not table.words for name in table.without_row
        ]
        if unlisted:
            found.setdefault(unlisted[0][0], []).append(f"no row for {few(Path(name).name for _, name in unlisted)}")
        return _once_each({path.relative_to(self.root).as_posix(): notes for path, notes in found.items()})

    @property
    def columns(self) -> set[str]:
        """Columns that any row of the tables read so far fills."""
        return {name for table in self._tables.values() for name in table.columns}

    def row(self, path: Path) -> dict[str, str]:
        """Return the table cells that hold for one image: participant, then session, then scan, the closer one winning.

        Column names are in lower case; missing cells are left out, and those of rows that contradict each other.
        """
        return {name: cell for _, cells in self._layers(path) for name, cell in cells.items()}

    def sidecar(self, path: Path) -> dict[str, Any]:
        """Return the JSON values that hold for one image by the inheritance principle, the closest file winning."""
        wanted = entities(path.name)
        folders = [folder for folder in path.parents if folder.is_relative_to(self.root)]
        values: dict[str, Any] = {}
        for folder in reversed(folders):
            fitting = [
                (len(found), name)
                for name, found in self._sidecars(folder)
                if found["suffix"] == wanted["suffix"] and found.items() <= wanted.items()
            ]
            for _, name in sorted(fitting):
                values |= self._json(folder / name)
        return values

    def describe(self, path: Path) -> dict[str, Any]:
        """Return participant, session, modality, age, sex and acquisition of one image, None where not given."""
        parts, sidecar = entities(path.name), self.sidecar(path)
        session = parts.get("ses")
        for problem in odd_times(sidecar):
            self._odd_times.setdefault(problem, {})[path] = None
        return {
            "participant": f"sub-{parts['sub']}",
            "session": f"ses-{session}" if session else None,
            "modality": sequence(parts) or parts["suffix"],
            **self._person(path),
            **acquisition(sidecar),
        }

    def is_simulated(self, sidecar: Mapping[str, Any]) -> bool:
        """Whether the dataset or the image says that it was simulated."""
        generated = self.description.get("GeneratedBy")
        names = (
            [str(item.get("Name", "")) for item in generated if isinstance(item, dict)]
            if isinstance(generated, list)
            else []
        )
        return bool(
            sidecar.get("Simulated") or self.description.get("Simulated") or any("simulat" in n.lower() for n in names)
        )

    def _layers(self, path: Path) -> list[tuple[Path, dict[str, str]]]:
        """Return the tables that speak of an image, the closest last, each with the cells that hold for it.

        What is contradictory in a closer table is not taken from one further away.
        """
        parts = entities(path.name)
        subject, session = f"sub-{parts.get('sub', '')}", f"ses-{parts['ses']}" if parts.get("ses") else None
        folder = self.root / subject
        visits = self._visits(folder)
        layers = [(self._participants.path, self._participants.cells(subject, session, visits))]
        if session:
            wanted = [*visits, *([] if session in visits else [session])]
            sessions = self._table(folder / f"{subject}_sessions.tsv", SESSION_COLUMNS, wanted, SESSION_WORDS)
            layers.append((sessions.path, sessions.cells(session)))
        for name in (f"{subject}_scans.tsv", f"{session}/{subject}_{session}_scans.tsv"):
            place = (folder / name).parent
            if (folder / name).is_file() and path.is_relative_to(place):
                scans = self._table(folder / name, ("filename",), ())
                layers.append((scans.path, scans.cells(path.relative_to(place).as_posix())))
        for number, (_, cells) in enumerate(layers):
            contradictory = {name for _, closer in layers[number:] for name, cell in closer.items() if not cell}
            layers[number] = layers[number][0], {name: c for name, c in cells.items() if name not in contradictory}
        return layers

    def _person(self, path: Path) -> dict[str, Any]:
        """Return age and sex of one image's participant, each table read in the units of the JSON file beside it."""
        known: dict[str, Any] = {"age_years": None, "sex": None}
        meanings = self._json(self.root / "participants.json")
        for table, cells in self._layers(path):
            kind = table.stem.rpartition("_")[2]
            meanings = meanings | self._json(self.root / f"{kind}.json") | self._json(table.with_suffix(".json"))
            problems: list[str] = []
            known |= {name: value for name, value in person(cells, meanings, problems).items() if value is not None}
            for problem in problems:
                self._left_out.setdefault(table, {}).setdefault(problem, {})[f"sub-{entities(path.name)['sub']}"] = None
        return known

    def _json(self, path: Path) -> dict[str, Any]:
        if not path.is_file():
            return {}
        values = self._read_json(path)
        if values is None:
            self._unreadable[path] = "not a JSON object: passed over"
        return values or {}

    def _table(self, path: Path, keys: Sequence[str], wanted: Iterable[str], words: Sequence[str] = ()) -> KeyedRows:
        if path not in self._tables:
            self._tables[path] = KeyedRows(path, keys, wanted, words)
        return self._tables[path]


def acquisition(sidecar: Mapping[str, Any]) -> dict[str, float | None]:
    """Return the acquisition columns in s, Hz and T; times written in ms are converted."""
    return {column: _number(sidecar.get(field), limit) for column, (field, limit) in ACQUISITION.items()}


def odd_times(sidecar: Mapping[str, Any]) -> list[str]:
    """Return what is odd about the times of a sidecar, which BIDS gives in s: ms, or an echo after the repetition."""
    found = [
        f"{field} is above {limit:g} s: taken for ms"
        for field, limit in ACQUISITION.values()
        if (read := _number(sidecar.get(field), float("inf"))) is not None and read > limit
    ]
    times = acquisition(sidecar)
    echo, repetition = times["echo_time_s"], times["repetition_time_s"]
    if echo is not None and repetition is not None and echo > repetition:
        found.append("EchoTime is longer than RepetitionTime, one of them must be wrong")
    return found


def _number(value: Any, limit_s: float) -> float | None:
    """Return one positive number of a field that may be text, a list or missing."""
    value = value[0] if isinstance(value, list) and value else value
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    if not 0 < number < float("inf"):
        return None
    return number / 1000 if number > limit_s else number


def _once_each(notes: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Join the notes of each file; what holds for several files is said of the first."""
    files: dict[str, list[str]] = {}
    for path, sentences in notes.items():
        for sentence in sentences:
            files.setdefault(sentence, []).append(path)
    joined: dict[str, list[str]] = {}
    for sentence, paths in files.items():
        more = f" (so in {counted(len(paths) - 1, 'more file')})" if len(paths) > 1 else ""
        joined.setdefault(paths[0], []).append(sentence + more)
    return {path: "; ".join(sentences) for path, sentences in joined.items()}


def _visits(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(path.name for path in folder.glob("ses-*") if path.is_dir()))


def _sidecars(folder: Path) -> tuple[tuple[str, dict[str, str]], ...]:
    return tuple((path.name, entities(path.name)) for path in folder.glob("*.json"))


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        values = parse_json(read_text(path))
    except (ValueError, OSError):
        return None
    return values if isinstance(values, dict) else None
