"""Answers leave only unblinded, and then whole."""

import json
import sqlite3
from contextlib import closing

import pandas as pd
import pytest

from brainlab.errors import InputError, StudyStateError
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import Source
from brainlab.reading.record.store import StorageError
from brainlab.reading.report.export import COLUMNS, answers_frame, export_answers
from brainlab.reading.statistics.ratings import read_ratings
from brainlab.reading.statistics.study_statistics import study_statistics


@pytest.fixture
def finished(make_study):
    """A study read by A without a mistake and by B with one in five, closed."""
    study = make_study(cue=True)
    study.read_all("A")
    study.read_all("B", wrong_every=5)
    lifecycle.close(study.folder)
    return study


def test_nothing_leaves_before_unblinding(finished, tmp_path):
    for act in (lambda: answers_frame(finished.folder), lambda: export_answers(finished.folder, tmp_path / "x.csv")):
        with pytest.raises(StudyStateError, match="after unblinding only; the study is closed"):
            act()
    assert not (tmp_path / "x.csv").exists()


def test_answers_are_joined_with_their_truth(finished):
    lifecycle.unblind(finished.folder, "me")
    frame = answers_frame(finished.folder)
    assert list(frame.columns) == [*COLUMNS, "cue"]
    assert len(frame) == 2 * 22
    right = (frame["answer"] == frame["truth"]).groupby(frame["reader"]).mean()
    assert right["A"] == 1
    assert 0.7 < right["B"] < 0.9
    assert set(zip(frame["truth"], frame["source"], strict=True)) == {("real", "people"), ("fake", "machine")}
    assert frame.loc[frame["truth"] == "real", "class"].eq("healthy").all()
    assert frame.loc[frame["truth"] == "fake", "class"].isna().all()
    repeats = frame[frame["phase"] == "repeat"]
    assert repeats.groupby("reader").size().to_dict() == {"A": 2, "B": 2}
    assert set(repeats["case"]) <= set(frame.loc[frame["phase"] == "main", "case"])


@pytest.mark.parametrize("name", ["answers.csv", "answers.json"])
def test_files_hold_one_row_a_reader_and_case(finished, tmp_path, name):
    lifecycle.unblind(finished.folder, "me")
    assert export_answers(finished.folder, tmp_path / name) == 40
    frame = (
        pd.read_csv(tmp_path / name)
        if name.endswith("csv")
        else pd.DataFrame(json.loads((tmp_path / name).read_text(encoding="utf-8")))
    )
    assert not frame.duplicated(["reader", "case"]).any()
    assert frame["confidence"].eq(4).all()
    assert frame["active_ms"].eq(900).all()
    assert export_answers(finished.folder, tmp_path / name, everything=True) == 48
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [name]


def test_the_sqlite_file_holds_the_rows_of_the_csv_file_and_the_questions(finished, tmp_path):
    lifecycle.unblind(finished.folder, "me")
    assert export_answers(finished.folder, tmp_path / "answers.db", everything=True) == 48
    export_answers(finished.folder, tmp_path / "answers.csv", everything=True)
    with closing(sqlite3.connect(tmp_path / "answers.db")) as db:
        stored = pd.read_sql("SELECT * FROM answers", db)
        empty = db.execute("SELECT count(*) FROM answers WHERE truth = 'fake' AND class IS NOT NULL").fetchone()
        kinds = db.execute("SELECT DISTINCT typeof(confidence), typeof(active_ms), typeof(position) FROM answers")
        assert kinds.fetchall() == [("integer", "integer", "integer")]
        assert db.execute("SELECT key, options FROM questions").fetchall()[0] == ("verdict", "real|fake")
    assert empty == (0,)
    assert stored.to_csv(index=False) == pd.read_csv(tmp_path / "answers.csv", dtype=object).to_csv(index=False)
    assert sorted(path.name for path in tmp_path.glob("answers*")) == ["answers.csv", "answers.db"]


def test_the_imrmc_file_has_truth_and_every_main_answer(finished, tmp_path):
    lifecycle.unblind(finished.folder, "me")
    assert export_answers(finished.folder, tmp_path / "answers.imrmc.csv") == 40
    lines = (tmp_path / "answers.imrmc.csv").read_text(encoding="utf-8").splitlines()
    rows = [line.split(",") for line in lines[lines.index("BEGIN DATA:") + 1 :]]
    assert sum(row[0] == row[2] == "truth" for row in rows) == 20
    assert {row[3] for row in rows if row[0] == "A"} == {"4", "-4"}


def test_missing_and_withdrawn_are_told_apart(make_study):
    study = make_study()
    session = study.enter("A")
    for _ in range(5):
        case = session.current()
        session.answer(case.id, "real", confidence=1, idempotency_key=case.answer_key)
    session.undo()
    study.read_all("B")
    lifecycle.withdraw_reader(study.folder, "B")
    lifecycle.close(study.folder)
    lifecycle.unblind(study.folder, "me")
    frame = answers_frame(study.folder)
    assert set(frame["reader"]) == {"A"}
    assert frame["answer"].notna().sum() == 2
    assert frame.loc[frame["revisions"] == 2, "answer"].isna().all()
    assert (frame["revisions"] == 2).sum() == 1


def test_a_missing_or_damaged_truth_is_one_line(finished):
    lifecycle.unblind(finished.folder, "me")
    truth = finished.folder / "truth.db"
    truth.chmod(0o600)
    truth.write_bytes(b"not a database, but as long as the header of one would have to be" * 9)
    with pytest.raises(StorageError, match=r"truth cannot be read .*restore it from a backup"):
        answers_frame(finished.folder)
    truth.unlink()
    with pytest.raises(StorageError, match=r"truth cannot be read .*restore it from a backup"):
        answers_frame(finished.folder)


def test_no_text_of_an_export_is_a_formula_and_it_can_be_read_again(make_study, tmp_path):
    study = make_study(
        cue=True, sources=(Source(kind="cohort", name="+people", n=4), Source(kind="run", name="=run", n=4))
    )
    session = study.enter("A")
    while case := session.current():
        value = study.truth_of(session, case.id)
        session.answer(case.id, value, confidence=3, idempotency_key=case.answer_key, cue='=HYPERLINK("x")')
    lifecycle.close(study.folder)
    lifecycle.unblind(study.folder, "me")
    export_answers(study.folder, tmp_path / "answers.csv")
    assert set(pd.read_csv(tmp_path / "answers.csv")["cue"].dropna()) == {'\'=HYPERLINK("x")'}
    rows = read_ratings(tmp_path / "answers.csv").frame
    assert set(rows["source"]) == {"'+people", "'=run"}
    assert study_statistics(rows)["per_reader"]["A"]["accuracy"]["value"] == 1


def test_bad_targets_are_one_line(finished, tmp_path):
    with pytest.raises(InputError, match=r"\.csv, \.json or \.db"):
        export_answers(finished.folder, tmp_path / "answers.xlsx")
    with pytest.raises(InputError, match="practice, main, repeat"):
        answers_frame(finished.folder, phases=("all",))
