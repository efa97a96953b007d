"""What a lock fixes, and what it must not fix."""

from brainlab.reading import desk, integrity
from brainlab.reading.store import Store


def _holders(folder, words: str) -> set[str]:
    """Return the tables of study.db in which some words occur."""
    with Store(folder).read() as db:
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name for name in tables for row in db.execute(f"SELECT * FROM {name}") if words in str(tuple(row))}


def test_a_readers_name_is_in_one_table_and_gone_after_withdrawal(study):
    assert _holders(study.folder, "Ann Example") == {"reader_name"}
    desk.withdraw_reader(study.folder, "A")
    assert _holders(study.folder, "Ann Example") == set()
    assert integrity.verify(study.folder).ok
