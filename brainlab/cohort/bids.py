"""Read what a BIDS dataset says about its scans: participants, sessions, sidecars.

A reader of our own rather than pybids or bids2table: those index whole datasets into tables and stop at, or pass over,
just what real datasets hold (byte-order marks, 'n/a', ages such as '89+', rows without folders, broken sidecars), while
here one image's metadata is wanted, as far as it can be had, with a note for what could not.
"""

import csv
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from brainlab.cohort.image_files import file_stem

MISSING = {"", "n/a", "na", "nan", "none", "null", "unknown", "-"}
SEQUENCES = ("FLAIR", "T1w", "T2w", "PDw", "T2starw", "T1rho", "PDT2", "inplaneT1", "inplaneT2", "angio", "dwi", "DIR")
"""Suffixes of images that can be prepared; bold, field maps, masks and the like are left out."""
ACQUISITION = {
    "echo_time_s": ("EchoTime", 1.0),
    "repetition_time_s": ("RepetitionTime", 100.0),
    "inversion_time_s": ("InversionTime", 20.0),
    "pixel_bandwidth_hz": ("PixelBandwidth", float("inf")),
    "field_strength_t": ("MagneticFieldStrength", float("inf")),
}
"""Column to BIDS field, and the value in s above which it was surely written in ms."""
AGE_COLUMNS = ("age", "age_years", "age_at_scan", "age_at_visit", "age_yrs", "participant_age")
SEX_COLUMNS = ("sex", "gender")


def find_root(path: Path, stop: Path) -> Path | None:
    """Return the innermost folder from `path` up to `stop` that is a BIDS dataset, or None."""
    for folder in (path, *path.parents):
        if (folder / "dataset_description.json").is_file() or (folder / "participants.tsv").is_file():
            return folder
        if folder == stop:
            break
    return stop if stop.is_dir() and any(child.is_dir() for child in stop.glob("sub-*")) else None


def entities(name: str) -> dict[str, str]:
    """Split a BIDS file name: `sub-01_run-2_FLAIR.nii.gz` -> {'sub': '01', 'run': '2', 'suffix': 'FLAIR'}."""
    stem = file_stem(name).removesuffix(".json")
    *pairs, suffix = stem.split("_")
    found = dict(pair.split("-", 1) for pair in pairs if "-" in pair)
    return {**found, "suffix": suffix}


class BidsDataset:
    """Metadata of one dataset, read when asked for. `notes` gathers what could not be read."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.notes: dict[str, str] = {}
        self._read_json, self._read_table, self._sidecars = cache(_read_json), cache(read_table), cache(_sidecars)
        self.description = self._json(root / "dataset_description.json")
        self._participants = self._rows(root / "participants.tsv", "participant_id")
        self._levels = self._json(root / "participants.json")

    def row(self, path: Path) -> dict[str, str]:
        """Return the table cells that hold for one image: participant, then session, then scan, the closer one winning.

        Column names are in lower case; missing cells are left out.
        """
        parts = entities(path.name)
        subject = f"sub-{parts.get('sub', '')}"
        row = dict(self._participants.get(subject, self._participants.get(parts.get("sub", ""), {})))
        folder = self.root / subject
        session = parts.get("ses")
        if session:
            sessions = self._rows(folder / f"{subject}_sessions.tsv", "session_id")
            row |= sessions.get(f"ses-{session}", sessions.get(session, {}))
        for name in (f"{subject}_scans.tsv", f"ses-{session}/{subject}_ses-{session}_scans.tsv"):
            scans = self._rows(folder / name, "filename")
            base = (folder / name).parent
            row |= scans.get(path.relative_to(base).as_posix(), {}) if path.is_relative_to(base) else {}
        return row

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
        parts, row, sidecar = entities(path.name), self.row(path), self.sidecar(path)
        session = parts.get("ses")
        return {
            "participant": f"sub-{parts['sub']}",
            "session": f"ses-{session}" if session else None,
            "modality": next((name for name in SEQUENCES if name.lower() == parts["suffix"].lower()), parts["suffix"]),
            **person(row, self._levels),
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

    def _json(self, path: Path) -> dict[str, Any]:
        if not path.is_file():
            return {}
        values = self._read_json(path)
        if values is None:
            self.notes[path.relative_to(self.root).as_posix()] = "not a JSON object: passed over"
        return values or {}

    def _rows(self, path: Path, key: str) -> dict[str, dict[str, str]]:
        return {row[key]: row for row in self._read_table(path) if key in row} if path.is_file() else {}


def read_table(path: Path) -> list[dict[str, str]]:
    """Read a TSV or CSV with any line ends, byte-order mark or encoding; missing cells are left out of their row."""
    lines = [line for line in _text(path).splitlines() if line.strip()]
    if not lines:
        return []
    delimiter = "\t" if "\t" in lines[0] else next((mark for mark in ",;" if mark in lines[0]), "\t")
    rows = csv.reader(lines, delimiter=delimiter)
    names = [name.strip().lower() for name in next(rows)]
    return [
        {name: cell.strip() for name, cell in zip(names, row, strict=False) if cell.strip().lower() not in MISSING}
        for row in rows
    ]


def person(row: Mapping[str, str], levels: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return `age_years` and `sex` (F, M, O) of a table row whose columns are in lower case."""
    ages = (age_in_years(row[name]) for name in AGE_COLUMNS if name in row)
    sexes = (sex_letter(row[name], _levels(levels, name)) for name in SEX_COLUMNS if name in row)
    return {"age_years": next(ages, None), "sex": next(sexes, None)}


def age_in_years(text: str) -> float | None:
    """Read an age: `34`, `34.5`, `89+` (89), `20-25` (22.5), `034Y`, `18M` (DICOM months)."""
    found = re.fullmatch(r"\s*[<>~]?\s*(\d+(?:[.,]\d+)?)\s*(?:[-–]\s*(\d+(?:\.\d+)?))?\s*(\+|[a-zA-Z]*)\.?\s*", text)
    if not found:
        return None
    low = float(found[1].replace(",", "."))
    age = (low + float(found[2])) / 2 if found[2] else low
    years = age / {"m": 12, "w": 52.18, "d": 365.25}.get(found[3][:1].lower(), 1)
    return years if years < 130 else None


def sex_letter(text: str, levels: Mapping[str, Any] | None = None) -> str | None:
    """Return F, M or O (other, diverse); a number only where the dataset says what it stands for."""
    level = (levels or {}).get(text.strip(), text)
    if isinstance(level, Mapping):  # BIDS 1.8 and later: {"Description": ..., "TermURL": ...}
        level = level.get("Description", text)
    word = str(level).strip().lower()
    if word in ("f", "female", "w", "woman", "girl"):
        return "F"
    if word in ("m", "male", "man", "boy"):
        return "M"
    return "O" if word in ("o", "other", "d", "diverse", "divers", "x", "nonbinary", "non-binary", "intersex") else None


def acquisition(sidecar: Mapping[str, Any]) -> dict[str, float | None]:
    """Return the acquisition columns in s, Hz and T; times written in ms are converted."""
    return {column: _number(sidecar.get(field), limit) for column, (field, limit) in ACQUISITION.items()}


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


def _levels(levels: Mapping[str, Any] | None, column: str) -> Mapping[str, Any] | None:
    """Return the meanings of a column's values from participants.json."""
    for name, entry in (levels or {}).items():
        if name.lower() == column and isinstance(entry, dict) and isinstance(entry.get("Levels"), dict):
            return entry["Levels"]
    return None


def _sidecars(folder: Path) -> tuple[tuple[str, dict[str, str]], ...]:
    return tuple((path.name, entities(path.name)) for path in folder.glob("*.json"))


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        values = json.loads(_text(path))
    except (ValueError, OSError):
        return None
    return values if isinstance(values, dict) else None


def _text(path: Path) -> str:
    """Read text in UTF-8 with or without a byte-order mark, UTF-16 with one, or Latin-1."""
    raw = path.read_bytes()
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
