"""The answers of a study as a SQLite file, for those who ask their questions in SQL or read with Datasette."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import sqlite_utils

from brainlab.files.whole import whole_file
from brainlab.reading.protocol.questions import Question

SQL_TYPES = {"round": int, "occurrence": int, "position": int, "confidence": int, "active_ms": int, "revisions": int}
"""Columns that hold whole numbers; all others are texts."""


def write_sqlite(target: Path, answers: pd.DataFrame, questions: Sequence[Question]) -> None:
    """Write the tables `answers`, with the columns of the CSV file, and `questions`, as they were asked.

    A missing value is NULL; the options of a question are separated by |.
    """
    columns = [str(name) for name in answers.columns]
    values = answers.astype(object).where(answers.notna(), None).itertuples(index=False)
    rows = [dict(zip(columns, row, strict=True)) for row in values]
    asked = [{"key": q.key, "kind": q.kind, "text": q.text, "options": "|".join(q.options)} for q in questions]
    with whole_file(target) as scratch:
        database = sqlite_utils.Database(scratch)
        database.table("questions").create({"key": str, "kind": str, "text": str, "options": str}, pk="key")
        database.table("questions").insert_all(asked)
        database.table("answers").create({name: SQL_TYPES.get(name, str) for name in columns})
        database.table("answers").insert_all(rows)
        database.table("answers").create_index(["reader", "round", "case"])
        database.close()
