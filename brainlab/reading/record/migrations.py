"""Bring a study.db that an earlier version of brainlab made up to date. `schema.sql` is always the present version."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from brainlab.errors import InputError

SCHEMA_VERSION = 2
MIGRATIONS: dict[int, str] = {1: Path(__file__).with_name("version_2.sql").read_text(encoding="utf-8")}
"""SQL that brings a study.db of version k to k + 1, by k; version 1 is the first."""


def migrate(path: Path, version: int, timeout_s: float) -> None:
    """Bring a database of an earlier version up to date in one transaction; refuse one of a later version.

    Foreign keys are off meanwhile, and a table that is renamed leaves what refers to it alone, as a step that builds a
    table anew needs (sqlite.org/lang_altertable.html, section 7); references are checked before it counts.
    """
    if version > SCHEMA_VERSION or not all(step in MIGRATIONS for step in range(version, SCHEMA_VERSION)):
        raise InputError(f"{path}: needs schema version {SCHEMA_VERSION}, got {version}; use the brainlab that made it")
    with closing(sqlite3.connect(path, timeout=timeout_s, isolation_level=None)) as db:
        for pragma in ("synchronous = FULL", "fullfsync = ON", "legacy_alter_table = ON"):
            db.execute(f"PRAGMA {pragma}")
        db.execute("BEGIN IMMEDIATE")
        (version,) = db.execute("PRAGMA user_version").fetchone()  # another process may have been first
        for step in range(version, SCHEMA_VERSION):
            for statement in statements(MIGRATIONS[step]):
                db.execute(statement)
        if orphan := db.execute("PRAGMA foreign_key_check").fetchone():
            raise sqlite3.IntegrityError(f"migration: a row of {orphan[0]} refers to a missing {orphan[2]}")
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        db.execute("COMMIT")


def statements(script: str) -> Iterator[str]:
    """Split SQL into statements; `executescript` would commit before it begins."""
    statement = ""
    for piece in script.split(";")[:-1]:
        statement += f"{piece};"
        if sqlite3.complete_statement(statement):  # a trigger has semicolons within
            yield statement
            statement = ""
