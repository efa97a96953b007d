"""Each problem of a study is one line, however many SQLite takes."""

from typing import Any, cast

from brainlab.reading.record import integrity


class Damaged:
    """A database of which SQLite finds two pages damaged, and says so on two lines of one row."""

    def execute(self, statement: str) -> list[tuple[str, ...]]:
        if "integrity" not in statement:
            return []
        return [("*** in database main ***\nOn tree page 31 cell 14: Rowid 50 out of order",), ("ok",)]


def test_what_sqlite_finds_is_one_line():
    assert integrity._structure(cast(Any, Damaged())) == [
        "*** in database main *** On tree page 31 cell 14: Rowid 50 out of order"
    ]
