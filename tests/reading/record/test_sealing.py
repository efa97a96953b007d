"""What a lock fixes, and what it must not fix."""

import random
import sqlite3
from pathlib import Path

from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import Reader
from brainlab.reading.record import integrity, sealing
from brainlab.reading.record.order import draw_order
from brainlab.reading.record.sealing import seal
from brainlab.reading.record.store import Store, file_sha256
from tests.reading.conftest import sealable


def _holders(folder, words: str) -> set[str]:
    """Return the tables of study.db in which some words occur."""
    with Store(folder).read() as db:
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name for name in tables for row in db.execute(f"SELECT * FROM {name}") if words in str(tuple(row))}


def test_a_readers_name_is_in_one_table_and_gone_after_withdrawal(study):
    assert _holders(study.folder, "Ann Example") == {"reader_name"}
    lifecycle.withdraw_reader(study.folder, "A")
    assert _holders(study.folder, "Ann Example") == set()
    assert integrity.verify(study.folder).ok


def test_other_users_of_the_machine_read_neither_answers_nor_truth_also_while_it_is_written(
    make_protocol, layout, tmp_path, monkeypatch
):
    protocol = make_protocol(**layout)
    folder = lifecycle.study_folder(lifecycle.create_study(protocol, tmp_path), tmp_path)
    written: dict[str, int] = {}
    connect = sqlite3.connect

    def connect_and_look(path, **options):
        if str(path).endswith("truth.db"):
            written["truth.db"] = Path(path).stat().st_mode & 0o777
        return connect(path, **options)

    monkeypatch.setattr(sealing.sqlite3, "connect", connect_and_look)
    seal(folder, sealable(protocol), {})
    monkeypatch.undo()
    assert written["truth.db"] == 0o600
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes["truth.db"] == 0o400
    assert {modes[name] for name in modes if name.startswith("study.db")} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_orders_follow_from_seed_and_salt_and_not_from_the_seed_alone(make_protocol, layout, tmp_path):
    """Orders of single images from the labels too, with which they do not go together; of quartets from none."""
    readers = tuple(Reader(code=f"R{number}") for number in range(20))
    protocol, salt = make_protocol(**layout, readers=readers, rounds=3), b"s" * 32
    folder = lifecycle.study_folder(lifecycle.create_study(protocol, tmp_path), tmp_path)
    seal(folder, sealable(protocol), {}, salt=salt)
    truth = dict(sqlite3.connect(Store(folder).truth_path).execute("SELECT stimulus, label FROM truth"))
    with Store(folder).read() as db:
        rows = [row[0] for row in db.execute("SELECT id FROM stimulus ORDER BY rowid")]
        shown = db.execute(
            "SELECT reader, round, stimulus, phase FROM presentation"
            " JOIN reading ON reading = reading.id ORDER BY position"
        ).fetchall()
    practice = [any(s["stimulus"] == row and s["phase"] == "practice" for s in shown) for row in rows]
    real = [not protocol.grouped and truth[row] == "real" for row in rows]
    for number, reader in enumerate(readers):
        for round_ in (1, 2, 3):
            seed = (protocol.seed, number, round_)
            own = [(s["stimulus"], s["phase"]) for s in shown if (s["reader"], s["round"]) == (reader.code, round_)]
            orders = [
                [(rows[s.case], s.phase) for s in draw_order(real, practice, protocol.repeats, (*seed, *salts))]
                for salts in ((int.from_bytes(salt),), ())
            ]
            assert orders[0] == own
            assert orders[1] != own


def test_every_reader_and_every_reading_has_an_order_of_its_own(make_protocol, layout, tmp_path):
    protocol = make_protocol(**layout, rounds=2)
    folder = lifecycle.study_folder(lifecycle.create_study(protocol, tmp_path), tmp_path)
    seal(folder, sealable(protocol), {})
    query = "SELECT stimulus FROM presentation WHERE reading = ? ORDER BY position"
    with Store(folder).read() as db:
        orders = [tuple(row[0] for row in db.execute(query, (reading,))) for reading in range(1, 5)]
    assert len(set(orders)) == 4
    assert len({frozenset(order) for order in orders}) == 1


def test_no_guess_of_the_truth_can_be_tried_against_its_hash(make_protocol, layout, tmp_path, monkeypatch):
    """study.db holds the hash of truth.db: who rebuilds every row rightly, but not the salt, gets another hash."""
    monkeypatch.setattr(sealing.random, "SystemRandom", lambda: random.Random(1))
    protocol, hashes = make_protocol(**layout), []
    cases = sealable(protocol)
    for salt in (b"s" * 32, b"s" * 32, None, None):
        ids = iter(f"{number:024x}" for number in range(1000))
        monkeypatch.setattr("brainlab.reading.record.sealing.new_id", ids.__next__)
        folder = lifecycle.study_folder(lifecycle.create_study(protocol, tmp_path), tmp_path)
        seal(folder, cases, {}, salt=salt)
        hashes.append(file_sha256(Store(folder).truth_path))
    assert hashes[0] == hashes[1]  # the rest of the file is as told
    assert len(set(hashes)) == 3
