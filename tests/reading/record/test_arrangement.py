"""Images side by side: each presentation has an order of its own, and statistics compare images, not sides."""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from math import factorial

import numpy as np
import pytest
from scipy.stats import chisquare

from brainlab.errors import InputError
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import Reader, Source
from brainlab.reading.protocol.questions import ONE_REAL, SIDES, WHICH, Question
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


def lock_groups(make_protocol, make_cases, root, salt=SALT, question=WHICH, lot=2, **changes):
    """Return the folder of a locked study of ten pairs, or quartets, and its readers' tokens; real images are bright.

    lot: seed of the grouping.
    """
    values = {"practice": 2, "practice_feedback": True, "repeats_share": 0.5, "rounds": 2, "washout_weeks": 0}
    values["sources"] = (
        Source(kind="cohort", name="people", n=10),
        Source(kind="run", name="machine", n=10 * (len(question.places) - 1)),
    )
    protocol = make_protocol(**{"questions": (question,), **values, **changes})
    folder = lifecycle.study_folder(lifecycle.create_study(protocol, root), root)
    seal(folder, group_cases(make_cases(protocol), question, np.random.default_rng(lot)), {}, salt=salt)
    return folder, {link.reader: link.token for link in lifecycle.issue_links(folder)}


both = pytest.mark.parametrize("question", [WHICH, ONE_REAL], ids=["pairs", "quartets"])


@pytest.fixture
def pairs(make_protocol, make_cases, tmp_path):
    """Five pairs with the real image sealed first and five with it second, six of them repeated: both always are."""
    return lock_groups(make_protocol, make_cases, tmp_path, lot=0, repeats_share=0.6)


def read(folder, token, choose):
    """Read both rounds, answering what `choose(places, greys)` says of the mean greys of the images as they stand;
    returns what was shown and told: (phase, brightest place, answer, feedback)."""
    session, seen = ReaderSession.open(folder, token, "the only tab of this reader"), []
    session.acquire_lease(takeover=True)
    while session.state != "done":
        for event in ("welcome_done", "consent_given"):
            session.record_event(event)
        while case := session.current():
            pixels, shape = session.pixels(case.id)
            places, greys = case.questions[0].places, np.frombuffer(pixels, np.uint8).reshape(shape).mean(axis=(1, 2))
            answer = choose(places, greys)
            told = session.answer(case.id, answer, confidence=3, idempotency_key=case.answer_key).feedback
            seen.append((case.phase, brightest(places, greys), answer, told))
            if not session.look().progress.done:
                break  # a new reading, with its own welcome
    return seen


def brightest(places, greys):
    return places[int(np.argmax(greys))]


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


@both
def test_readers_see_what_is_arranged_and_are_told_of_the_side_they_saw(make_protocol, make_cases, tmp_path, question):
    """And of a practice case alone, whose images are in no other."""
    folder, tokens = lock_groups(make_protocol, make_cases, tmp_path, question=question)
    seen = read(folder, tokens["A"], brightest)
    words = "The {} image was real." if question is WHICH else "Image {} was real."
    practised = [(place, told) for phase, place, _, told in seen if phase == "practice"]
    assert practised
    assert all(told == words.format(place) for place, told in practised)
    assert {told for phase, _, _, told in seen if phase == "main"} == {None}
    with Store(folder).read() as db:
        told = {row[0] for row in db.execute("SELECT stimulus FROM feedback")}
        assert told == {row[0] for row in db.execute("SELECT stimulus FROM presentation WHERE phase = 'practice'")}
        cases = [np.frombuffer(row[0], np.uint8) for row in db.execute("SELECT pixels FROM stimulus")]
        images = [image.tobytes() for case in cases for image in case.reshape(len(question.places), -1)]
        assert len(set(images)) == len(images)
        stored = [row[0] for row in db.execute("SELECT value FROM answer ORDER BY sequence")]
        orders = db.execute(
            "SELECT stimulus, json_group_array(arrangement) AS orders FROM presentation GROUP BY stimulus"
        ).fetchall()
    assert stored == [answer for _, _, answer, _ in seen], "answers are kept as the reader gave them"
    assert sum(len(set(json.loads(row["orders"]))) > 1 for row in orders) > len(orders) / 2
    assert integrity.verify(folder).ok


def test_statistics_compare_images_and_not_sides(pairs):
    """A always finds the real image; B always says left, which is the same image by chance alone."""
    folder, tokens = pairs
    read(folder, tokens["A"], brightest)
    read(folder, tokens["B"], lambda places, greys: places[0])
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
    folder, tokens = lock_groups(make_protocol, make_cases, tmp_path, questions=(WHICH, PLACE), rounds=1)
    session = ReaderSession.open(folder, tokens["A"], "the only tab of this reader")
    session.acquire_lease()
    for event in ("welcome_done", "consent_given"):
        session.record_event(event)
    while case := session.current():
        pixels, shape = session.pixels(case.id)
        side = brightest(SIDES, np.frombuffer(pixels, np.uint8).reshape(shape).mean(axis=(1, 2)))
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


def truth_and_showings(folder):
    """The truth by stimulus, as only a test may see it, and the rows (reading, position, ...) of all presentations."""
    with closing(sqlite3.connect(Store(folder).truth_path)) as db:
        truth = dict(db.execute("SELECT stimulus, label FROM truth"))
    with Store(folder).read() as db:
        columns = "reading, position, stimulus, occurrence, arrangement"
        return truth, db.execute(f"SELECT {columns} FROM presentation ORDER BY reading, position").fetchall()


@both
def test_arrangements_say_nothing_of_the_labels_and_follow_from_the_salt(make_protocol, make_cases, tmp_path, question):
    """The wanted image is shown anywhere, wherever it is sealed and whatever the position in the reading."""
    images, shown, positions, drawn = len(question.places), [], [], []
    for number in range(12):
        salt = SALT if number < 2 else None
        folder, _ = lock_groups(make_protocol, make_cases, tmp_path, salt, question, practice=0)
        truth, rows = truth_and_showings(folder)
        drawn.append([row["arrangement"] for row in rows])
        for row in rows:
            places = as_shown(question.places, row["arrangement"])
            shown.append(question.places.index(places[question.places.index(truth[row["stimulus"]])]))
            positions.append(row["position"])
    assert len(shown) == 12 * 60
    assert chisquare(np.bincount(shown, minlength=images)).pvalue > 1e-5
    assert abs(np.corrcoef(shown, positions)[0, 1]) < 4.5 / np.sqrt(len(shown))
    assert drawn[0] == drawn[1]
    assert len({tuple(orders) for orders in drawn}) == 11
    assert drawn[0][:15] != drawn[0][15:30], "every reading has its own"
    known = generator(b"", "arrangements", 0, 1)
    assert drawn[2][:15] != [draw_arrangement(images, known) for _ in range(15)]


@both
def test_eight_readers_arrangements_together_do_not_tell_the_image(make_protocol, make_cases, tmp_path, question):
    """Attacks with study.db: by the sealed place, and by where each sealed image is shown to all readers.

    Were the wanted image spread evenly over the places, or kept apart from where it stood before, the evenness of its
    places would tell it.
    """
    images, right = (
        len(question.places),
        {"sealed first": [], "most even": [], "most uneven": [], "most often first": []},
    )
    readers = tuple(Reader(code=f"R{k}") for k in range(8))
    coin = np.random.default_rng(0)
    for number in range(12):
        changes = {"lot": number, "practice": 0, "rounds": 1, "repeats_share": 0.0, "readers": readers}
        folder, _ = lock_groups(make_protocol, make_cases, tmp_path, None, question, **changes)
        truth, rows = truth_and_showings(folder)
        counts = {stimulus: np.zeros((images, images)) for stimulus in truth}  # [sealed image, place]
        for row in rows:
            for place, image in enumerate(json.loads(row["arrangement"])):
                counts[row["stimulus"]][image, place] += 1
        for stimulus, label in truth.items():
            spread = counts[stimulus].std(axis=1) + coin.uniform(0, 1e-6, images)
            first = counts[stimulus][:, 0] + coin.uniform(0, 1e-6, images)
            beliefs = (0, spread.argmin(), spread.argmax(), first.argmax())
            for found, belief in zip(right.values(), beliefs, strict=True):
                found.append(question.places[int(belief)] == label)
    error = np.sqrt((1 - 1 / images) / images / 120)
    assert {
        name: np.mean(found) for name, found in right.items() if abs(np.mean(found) - 1 / images) > 4.5 * error
    } == {}


@both
def test_a_repeat_is_not_known_by_the_order_of_its_images(make_protocol, make_cases, tmp_path, question):
    """It stands in the order of its first showing as often as any two showings do."""
    images, same = len(question.places), []
    for _ in range(6):
        _, rows = truth_and_showings(lock_groups(make_protocol, make_cases, tmp_path, None, question)[0])
        first = {(row["reading"], row["stimulus"]): row["arrangement"] for row in rows if row["occurrence"] == 1}
        same += [row["arrangement"] == first[row["reading"], row["stimulus"]] for row in rows if row["occurrence"] == 2]
    chance = 1 / factorial(images)
    assert len(same) == 6 * 4 * 5
    assert abs(np.mean(same) - chance) < 5.5 * np.sqrt(chance * (1 - chance) / len(same))


def test_a_question_may_not_take_the_name_of_a_column(make_protocol, tmp_path):
    taken = replace(PLACE, key="arrangement")
    with pytest.raises(InputError, match="columns of its own named arrangement"):
        lifecycle.create_study(make_protocol(questions=(WHICH, taken)), tmp_path)
    assert lifecycle.create_study(make_protocol(questions=(*make_protocol().questions, taken)), tmp_path)
