"""Answers joined with truth, for statistics and files. Only of an unblinded study: nothing leaves before."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd

from brainlab.errors import InputError, StudyStateError
from brainlab.files.spreadsheet import csv_text
from brainlab.files.whole import write_whole
from brainlab.reading.desk.lifecycle import load_protocol
from brainlab.reading.protocol.questions import Question
from brainlab.reading.protocol.validation import SIDE_BY_SIDE_KEYS
from brainlab.reading.record.arrangement import as_sealed
from brainlab.reading.record.store import StorageError, Store
from brainlab.reading.report.imrmc import imrmc_table
from brainlab.reading.report.sqlite_file import write_sqlite

COLUMNS = (
    "reader",
    "round",
    "case",
    "phase",
    "occurrence",
    "position",
    "answer",
    "confidence",
    "truth",
    "source",
    "class",
    "shown_at",
    "received_at",
    "active_ms",
    "revisions",
)
"""Columns of every export. A cue and further questions follow, one column each, and where a case has several
images SIDE_BY_SIDE_KEYS."""

ALL_PHASES = ("practice", "main", "repeat")


def answers_frame(folder: Path, phases: Sequence[str] = ("main", "repeat"), round_: int | None = 1) -> pd.DataFrame:
    """Return one row a presentation, in the order of reading, with what the reader said and what it was.

    phases: which presentations. round_: first, second, ... reading, None for all. Readers who withdrew are left out; a
    case that was not answered has an empty answer; `revisions` counts how often an answer was given or taken back.
    Where a case has several images in an order drawn for each presentation, answers, places and truth go by the images
    as sealed, so that presentations compare: `answer_shown` is what the reader chose on the screen, and `arrangement`
    the sealed images from left to right, counted from 1 ('2 1' for a pair whose sides were exchanged).
    Raises StudyStateError before the study is unblinded.
    """
    if unknown := [phase for phase in phases if phase not in ALL_PHASES]:
        raise InputError(f"phase: needs some of {', '.join(ALL_PHASES)}, got {', '.join(unknown)}")
    truth = sealed_truth(folder)
    questions = load_protocol(folder).all_questions
    with Store(folder).read() as db:
        given = {(row["presentation"], row["question"]): row for row in db.execute("SELECT * FROM answer")}
        presentations = db.execute(_PRESENTATIONS).fetchall()
    rows = [
        _row(presentation, truth[presentation["stimulus"]], given, questions)
        for presentation in presentations
        if presentation["phase"] in phases and round_ in (None, presentation["round"])
    ]
    several = any(presentation["arrangement"] for presentation in presentations)
    keys = [question.key for question in questions[1:]]
    frame = pd.DataFrame(rows, columns=[*COLUMNS, *keys, *(SIDE_BY_SIDE_KEYS if several else ())])
    return frame.astype({"confidence": "Int64", "active_ms": "Int64"})


def export_answers(folder: Path, target: Path | str, everything: bool = False) -> int:
    """Write the answers to a .csv, .json, .db (SQLite) or .imrmc.csv file, whole, and return the number of rows.

    By default the first reading without practice and repeats: one row a reader and case. everything: all there is.
    The FDA's iMRMC format takes the main cases of every reading and knows nothing else; see `imrmc`.
    """
    target = Path(target)
    if not target.name.endswith((".csv", ".json", ".db", ".imrmc")):
        raise InputError(f"{target}: needs a file name that ends in .csv, .json or .db, or in .imrmc.csv")
    if target.name.endswith((".imrmc.csv", ".imrmc")):
        frame = answers_frame(folder, ("main",), None)
        write_whole(target, imrmc_table(frame))
        return int(frame["answer"].notna().sum())
    frame = answers_frame(folder, ALL_PHASES, None) if everything else answers_frame(folder, ("main",))
    if target.suffix == ".db":
        write_sqlite(target, frame, load_protocol(folder).all_questions)
        return len(frame)
    text = csv_text(frame) if target.suffix == ".csv" else frame.to_json(orient="records", indent=1)
    write_whole(target, text)
    return len(frame)


def sealed_truth(folder: Path) -> dict[str, sqlite3.Row]:
    """Return what each case is, by stimulus: label, source, class and where exactly it is from.

    Raises StudyStateError before the study is unblinded, StorageError when truth.db is missing or damaged.
    """
    store = Store(folder)
    with store.read() as db:
        state = db.execute("SELECT state FROM study").fetchone()[0]
    if state != "unblinded":
        raise StudyStateError(f"answers are shown after unblinding only; the study is {state}")
    path = store.truth_path
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            db.row_factory = sqlite3.Row
            return {row["stimulus"]: row for row in db.execute("SELECT * FROM truth")}
    except sqlite3.Error as error:
        raise StorageError(f"{path}: the sealed truth cannot be read ({error}); restore it from a backup") from error


_PRESENTATIONS = """
SELECT presentation.*, reading.reader, reading.round,
    (SELECT count(*) FROM answer_event JOIN question ON key = question
     WHERE presentation = presentation.id AND question.position = 0) AS revisions
FROM presentation JOIN reading ON reading.id = reading JOIN reader ON reader.code = reading.reader
WHERE reader.withdrawn_at IS NULL
ORDER BY reader.rowid, reading.round, presentation.position
"""


def _row(
    presentation: sqlite3.Row,
    truth: sqlite3.Row,
    given: dict[tuple[str, str], sqlite3.Row],
    questions: Sequence[Question],
) -> dict[str, Any]:
    answers = {question.key: given.get((presentation["id"], question.key)) for question in questions}
    first, *further = questions
    verdict = answers[first.key]
    row = {name: presentation[name] for name in ("reader", "round", "phase", "occurrence", "position", "revisions")}
    row |= {
        "case": presentation["stimulus"],
        "truth": truth["label"],
        "source": truth["source"],
        "class": truth["class"],
    }
    row |= {name: verdict[name] if verdict else None for name in ("confidence", "shown_at", "received_at", "active_ms")}
    row["answer"] = row["answer_shown"] = verdict["value"] if verdict else None
    row |= {q.key: answers[q.key]["value"] if answers[q.key] else None for q in further}  # type: ignore[index]
    return row if presentation["arrangement"] is None else _by_image(row, presentation["arrangement"], questions)


def _by_image(row: dict[str, Any], arrangement: str, questions: Sequence[Question]) -> dict[str, Any]:
    """Turn answers by place on the screen, and marks in an image at a place, into those by sealed image."""
    first, *further = questions
    if row["answer"] is not None:
        shown = row["answer"].split(",")  # a ranking names all places
        row["answer"] = ",".join(as_sealed(place, first.places, arrangement) for place in shown)
    for question in further:
        if question.kind == "place" and row[question.key] is not None:
            mark = json.loads(row[question.key])
            row[question.key] = json.dumps(mark | {"side": as_sealed(mark["side"], first.places, arrangement)})
    row["arrangement"] = " ".join(str(image + 1) for image in json.loads(arrangement))
    return row
