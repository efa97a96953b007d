"""EDSS of each visit: from a table, from the sessions tables of a BIDS dataset, or from `scans.tsv`."""

import math
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from brainlab.cohort.sources.table_rows import PARTICIPANT_COLUMNS, SESSION_COLUMNS, read_table
from brainlab.errors import InputError
from brainlab.experiments.myelin.visits import PetVisits, Visit

EDSS = "edss"
MOST = 10.0
"""EDSS goes from 0 (no finding) to 10."""

Scores = dict[tuple[str, str | None], float]
"""By participant and session; session None where a table has no column for it, or a row no cell."""


def scores_of(cohort: PetVisits, clinical: Path | None) -> Scores:
    """Return EDSS by visit.

    clinical: a TSV or CSV with columns participant, session and edss, or a BIDS dataset with sub-*/sub-*_sessions.tsv;
    None takes the column `edss` of `scans.tsv`, if there is one. Raises InputError for what cannot be read, and where
    a table speaks of none of the dataset's visits.
    """
    if clinical is None:
        scans = cohort.dataset.scans
        if EDSS not in scans:
            return {}
        table = cohort.dataset.folder / "scans.tsv"
        visits = [visit for visits in cohort.people().values() for visit in visits]
        return {
            (visit.participant, visit.session): _score(str(scans[EDSS][visit.row]), f"{table}: {visit.name}")
            for visit in visits
            if pd.notna(scans[EDSS][visit.row])
        }
    scores = _of_table(clinical) if clinical.is_file() else _of_dataset(clinical)
    people = cohort.people()
    if not any(edss_at(scores, visit) is not None for visits in people.values() for visit in visits):
        first = next(iter(people.values()))[0]
        raise InputError(
            f"{clinical}: needs an edss of a visit such as {first.name}, got none; use the names of scans.tsv"
        )
    return scores


def edss_at(scores: Scores, visit: Visit) -> float | None:
    """Return the EDSS of a visit, or of a participant whose row names no session."""
    return scores.get((visit.participant, visit.session), scores.get((visit.participant, None)))


def _of_table(path: Path) -> Scores:
    return dict(_rows(path))


def _of_dataset(folder: Path) -> Scores:
    """Read the sessions tables of a BIDS dataset, which are named by their participant."""
    tables = sorted(folder.glob("sub-*/sub-*_sessions.tsv"))
    if not tables:
        raise InputError(
            f"{folder}: needs a table, or a folder with sub-*/sub-*_sessions.tsv, got neither; check the path"
        )
    return {key: score for path in tables for key, score in _rows(path, path.name.removesuffix("_sessions.tsv"))}


def _rows(path: Path, participant: str | None = None) -> Iterator[tuple[tuple[str, str | None], float]]:
    """Yield participant and session with the EDSS of each row that has one.

    participant: of the whole table, where no column names them.
    """
    table = read_table(path)
    people = next((name for name in PARTICIPANT_COLUMNS if name in table.columns), None)
    if EDSS not in table.columns and participant is not None:
        return  # a person without a disease has none
    if EDSS not in table.columns or (people is None and participant is None):
        found = ", ".join(table.columns) or "none"
        raise InputError(
            f"{path}: needs the columns participant, session and edss, got {found}; name them in the header"
        )
    sessions = next((name for name in SESSION_COLUMNS if name in table.columns), None)
    seen: dict[tuple[str, str | None], int] = {}
    for line, row in table.rows:
        name = participant if people is None else row.get(people)
        if name is None or EDSS not in row:
            continue
        key = (name, row.get(sessions) if sessions else None)
        if key in seen:
            visit = " ".join(filter(None, key))
            raise InputError(f"{path}: lines {seen[key]} and {line}: needs one edss of {visit}, got two; keep one")
        seen[key] = line
        yield key, _score(row[EDSS], f"{path}: line {line}")


def _score(cell: str, where: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not 0 <= value <= MOST:
        raise InputError(f"{where}: needs an edss from 0 to {MOST:g}, got {cell!r}; correct it, or write n/a")
    return value
