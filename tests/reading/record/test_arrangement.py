"""Images side by side: each presentation has an order of its own, and statistics compare images, not sides."""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.questions import SIDES, WHICH, Question
from brainlab.reading.record import integrity
from brainlab.reading.record.arrangement import arranged, as_sealed, as_shown, draw_arrangement, images_in
from brainlab.reading.record.grouping import group_cases
from brainlab.reading.record.salt import generator
from brainlab.reading.record.sealing import seal
from brainlab.reading.record.store import Store, connect
from brainlab.reading.report.export import answers_frame
from brainlab.reading.report.study_report import study_report
from brainlab.reading.room.session import ReaderSession

SALT = b"one salt of 256 bits for a study"[:32]
PLACE = Question(key="where", kind="place", text="Where?", required=False)


def lock_pairs(make_protocol, make_cases, root, salt=SALT, **changes):
    """Return the folder of a locked study of ten pairs and its readers' tokens; real images are bright."""
    values = {"practice": 2, "practice_feedback": True, "repeats_share": 0.5, "rounds": 2, "washout_weeks": 0}
    protocol = make_protocol(**{"questions": (WHICH,), **values, **changes})
    folder = lifecycle.study_folder(lifecycle.create_study(protocol, root), root)
    seal(folder, group_cases(make_cases(protocol), WHICH, np.random.default_rng(2)), {}, salt=salt)
    return folder, {link.reader: link.token for link in lifecycle.issue_links(folder)}


@pytest.fixture
def pairs(make_protocol, make_cases, tmp_path):
    return lock_pairs(make_protocol, make_cases, tmp_path)


def read(folder, token, choose):
    """Read both rounds, answering what `choose(left, right)` says of the mean greys of the two sides; returns what was
    shown and told: (phase, brighter side, answer, feedback)."""
    session, seen = ReaderSession.open(folder, token, "the only tab of this reader"), []
    session.acquire_lease(takeover=True)
    while session.state != "done":
        for event in ("welcome_done", "consent_given"):
            session.record_event(event)
        while case := session.current():
            pixels, shape = session.pixels(case.id)
            left, right = np.frombuffer(pixels, np.uint8).reshape(shape).mean(axis=(1, 2))
            answer = choose(left, right)
            told = session.answer(case.id, answer, confidence=3, idempotency_key=case.answer_key).feedback
            seen.append((case.phase, SIDES[int(right > left)], answer, told))
            if not session.look().progress.done:
                break  # a new reading, with its own welcome
    return seen


def brighter(left, right):
    return SIDES[int(right > left)]


def unblinded(folder):
    lifecycle.close(folder)
    lifecycle.unblind(folder, "tester")
    return answers_frame(folder, ("practice", "main", "repeat"), None)


@pytest.mark.parametrize("images", [2, 4, 6, 8])
def test_names_and_pixels_lead_from_sealed_to_shown_and_back(images):
    places = [f"place {k}" for k in range(images)]
    sealed = bytes(range(images * 3))
    for attempt in range(20):
        order = draw_arrangement(images, np.random.default_rng(attempt))
        shown = arranged(sealed, order)
        for place, name in enumerate(places):
            image = places.index(as_sealed(name, places, order))
            assert shown[place * 3 : place * 3 + 3] == sealed[image * 3 : image * 3 + 3]
            assert as_shown(places, order)[image] == name
    assert as_shown(places, None) == places
    assert as_sealed(places[1], places, None) == places[1]
    assert arranged(sealed, None) == sealed


def test_every_order_is_equally_likely_and_a_single_image_has_none():
    lot = np.random.default_rng(0)
    assert draw_arrangement(1, lot) is None
    counts = Counter(draw_arrangement(3, lot) for _ in range(6000))
    assert len(counts) == 6
    assert all(900 < count < 1100 for count in counts.values())
    assert images_in('{"shape": [4, 12, 10], "voxel_size_mm": [1, 1]}') == 4
    assert images_in('{"shape": [4, 12, 10], "voxel_size_mm": [1, 1, 1]}') == 1


def test_single_images_have_no_arrangement(study):
    with Store(study.folder).read() as db:
        assert {row[0] for row in db.execute("SELECT arrangement FROM presentation")} == {None}


def test_readers_see_what_is_arranged_and_are_told_of_the_side_they_saw(pairs):
    folder, tokens = pairs
    seen = read(folder, tokens["A"], brighter)
    assert {(side, told) for phase, side, _, told in seen if phase == "practice"} <= {
        (side, f"The {side} image was real.") for side in SIDES
    }
    assert {told for phase, _, _, told in seen if phase == "main"} == {None}
    with Store(folder).read() as db:
        stored = [row[0] for row in db.execute("SELECT value FROM answer ORDER BY sequence")]
        orders = db.execute(
            "SELECT stimulus, json_group_array(arrangement) AS orders FROM presentation GROUP BY stimulus"
        ).fetchall()
    assert stored == [answer for _, _, answer, _ in seen], "answers are kept as the reader gave them"
    assert sum(len(set(json.loads(row["orders"]))) == 2 for row in orders) > len(orders) / 2
    assert integrity.verify(folder).ok


def test_statistics_compare_images_and_not_sides(pairs):
    """A always finds the real image; B always says left, which is the same image by chance alone."""
    folder, tokens = pairs
    read(folder, tokens["A"], brighter)
    read(folder, tokens["B"], lambda left, right: "left")
    frame = unblinded(folder)
    assert (frame[frame["reader"] == "A"]["answer"] == frame[frame["reader"] == "A"]["truth"]).all()
    assert set(frame.loc[frame["reader"] == "B", "answer_shown"]) == {"left"}
    assert set(frame.loc[frame["reader"] == "B", "answer"]) == {"left", "right"}
    assert set(frame["arrangement"]) == {"1 2", "2 1"}
    assert frame.groupby("case")["truth"].nunique().eq(1).all()
    report = study_report(folder)
    assert report["intra_reader"][0]["value"] == 1
    assert report["per_reader"]["A"]["accuracy"]["value"] == 1
    assert report["between_rounds"][0]["per_reader"][0]["kappa"]["value"] == 1
    assert report["intra_reader"][1]["value"] != 1
    rows = report["further"][0]["rows"]
    bias = {row["reader"]: row["value"] for row in rows if row["figure"] == "chose the left image"}
    first = frame[(frame["reader"] == "A") & (frame["phase"] == "main") & (frame["round"] == 1)]
    assert bias == {"A": pytest.approx((first["answer_shown"] == "left").mean()), "B": 1}


def test_marks_go_by_the_image_that_was_marked(make_protocol, make_cases, tmp_path):
    folder, tokens = lock_pairs(make_protocol, make_cases, tmp_path, questions=(WHICH, PLACE), rounds=1)
    session = ReaderSession.open(folder, tokens["A"], "the only tab of this reader")
    session.acquire_lease()
    for event in ("welcome_done", "consent_given"):
        session.record_event(event)
    while case := session.current():
        pixels, shape = session.pixels(case.id)
        side = brighter(*np.frombuffer(pixels, np.uint8).reshape(shape).mean(axis=(1, 2)))
        mark = json.dumps({"voxel": [3, 4], "plane": "axial", "side": side})
        others = {"where": mark} if case.position % 2 else None
        session.answer(case.id, side, confidence=3, idempotency_key=case.answer_key, others=others)
    frame = unblinded(folder)
    marked = frame[frame["where"].notna()]
    assert 0 < len(marked) < len(frame[frame["reader"] == "A"])
    assert [json.loads(mark)["side"] for mark in marked["where"]] == marked["truth"].tolist()
    assert (marked["answer_shown"] != marked["answer"]).any()


@pytest.mark.parametrize(
    "change", ["arrangement = '[0, 1]'", "arrangement = NULL", "arrangement = NULL WHERE phase = 'practice'"]
)
def test_a_changed_arrangement_is_found(pairs, change):
    folder, _ = pairs
    with closing(connect(folder / "study.db")) as db:
        db.execute("DROP TRIGGER presentation_is_fixed")
        db.execute(f"UPDATE presentation SET {change}")
    assert integrity.verify(folder).problems == (
        "questions, images or a reader's order are not those that were sealed at lock",
    )


def test_arrangements_say_nothing_of_the_labels_and_follow_from_the_salt(make_protocol, make_cases, tmp_path):
    agree, drawn = [], []
    for number in range(12):
        folder, _ = lock_pairs(make_protocol, make_cases, tmp_path, SALT if number < 2 else None, practice=0)
        with closing(sqlite3.connect(Store(folder).truth_path)) as db:
            truth = dict(db.execute("SELECT stimulus, label FROM truth"))
        with Store(folder).read() as db:
            rows = db.execute("SELECT stimulus, arrangement FROM presentation ORDER BY reading, position").fetchall()
        drawn.append([row["arrangement"] for row in rows])
        agree += [(truth[row["stimulus"]] == "left") == (row["arrangement"] == "[0, 1]") for row in rows]
    assert len(agree) == 12 * 60
    assert abs(np.mean(agree) - 0.5) < 4.5 * 0.5 / np.sqrt(len(agree))
    assert drawn[0] == drawn[1]
    assert len({tuple(orders) for orders in drawn}) == 11
    assert drawn[0][:15] != drawn[0][15:30], "every reading has its own"
    known = generator(b"", "arrangements", 0, 1)
    assert drawn[2][:15] != [draw_arrangement(2, known) for _ in range(15)]


def test_a_question_may_not_take_the_name_of_a_column(make_protocol, tmp_path):
    taken = replace(PLACE, key="arrangement")
    with pytest.raises(InputError, match="columns of its own named arrangement"):
        lifecycle.create_study(make_protocol(questions=(WHICH, taken)), tmp_path)
    assert lifecycle.create_study(make_protocol(questions=(*make_protocol().questions, taken)), tmp_path)
