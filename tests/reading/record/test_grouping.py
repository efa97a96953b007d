"""Images side by side: each once, of one height and of different people, in an order that study.db does not tell."""

import json
import sqlite3
from dataclasses import replace

import numpy as np
import pytest

from brainlab.errors import InputError
from brainlab.reading.desk import lifecycle
from brainlab.reading.protocol.design import Source
from brainlab.reading.protocol.questions import ONE_FAKE, ONE_REAL, RANKING, WHICH
from brainlab.reading.record import integrity
from brainlab.reading.record.grouping import group_cases
from brainlab.reading.record.sealing import Case, seal
from brainlab.reading.record.store import Store
from brainlab.reading.report.export import answers_frame
from brainlab.reading.room.session import ReaderSession


def _case(label: str, grey: int, source: str | None = None, practice: bool = False, level: int = 0) -> Case:
    pixels = np.full((4, 3), grey, dtype=np.uint8)
    return Case(
        pixels, (1.0, 1.0), label, source or label, practice, seed=grey, detail={"slice": level}, height=level / 100
    )


def _cases(n: int) -> list[Case]:
    return [_case("real", 200 + k, level=k) for k in range(n)] + [_case("fake", k, level=k) for k in range(n)]


def test_every_image_is_in_one_pair_and_the_label_is_the_real_ones_side():
    pairs = group_cases(_cases(20), WHICH, np.random.default_rng(0))
    greys = sorted(int(image[0, 0]) for pair in pairs for image in pair.pixels)
    assert greys == [*range(20), *range(200, 220)]
    for pair in pairs:
        assert pair.pixels.shape == (2, 4, 3)
        left, right = pair.pixels[:, 0, 0]
        assert (pair.label == "left") == (left > right)
        assert (pair.kind, pair.source) == ("slice", "fake")


def test_sides_are_drawn_by_lot_anew_each_time():
    drawn = [[pair.label for pair in group_cases(_cases(40), WHICH, np.random.default_rng(k))] for k in range(3)]
    assert all(8 <= labels.count("left") <= 32 for labels in drawn)
    assert drawn[0] != drawn[1] or drawn[1] != drawn[2]


def test_images_are_paired_by_height_and_practice_apart():
    cases = [*_cases(6), _case("real", 250, practice=True), _case("fake", 99, practice=True)]
    pairs = group_cases(cases, WHICH, np.random.default_rng(0))
    assert [pair.practice for pair in pairs] == [False] * 6 + [True]
    assert {int(image[0, 0]) for image in pairs[-1].pixels} == {250, 99}
    for pair in pairs[:-1]:
        assert len({image["slice"] for image in pair.detail["images"]}) == 1


def test_uneven_or_unlike_images_make_no_pairs():
    with pytest.raises(InputError, match="3 real images need 3 fake ones beside them"):
        group_cases([*_cases(2), _case("real", 9)], WHICH, np.random.default_rng(0))
    odd = Case(np.zeros((5, 3), dtype=np.uint8), (1.0, 1.0), "fake", "fake")
    with pytest.raises(InputError, match="side by side must look alike"):
        group_cases([_case("real", 200), odd], WHICH, np.random.default_rng(0))


def _quartets(real: int, fakes: dict[str, int], people: int = 100) -> list[Case]:
    cases = [
        replace(_case("real", 200 + k % 50, "people", level=k), participant_hash=f"p{k % people}") for k in range(real)
    ]
    return cases + [_case("fake", k, name, level=k) for name, n in fakes.items() for k in range(n)]


def test_a_quartet_has_one_real_image_among_fakes_of_one_source():
    groups = group_cases(_quartets(8, {"a": 12, "b": 12}), ONE_REAL, np.random.default_rng(0))
    assert len(groups) == 8
    for group in groups:
        images = group.detail["images"]
        (place,) = [str(k + 1) for k, image in enumerate(images) if image["label"] == "real"]
        assert (group.label, group.pixels.shape) == (place, (4, 4, 3))
        assert {image["source"] for image in images if image["label"] == "fake"} == {group.source}
        assert [int(image[0, 0]) >= 200 for image in group.pixels] == [image["label"] == "real" for image in images]
    assert [group.source for group in groups].count("a") == 4
    shown = [int(image[0, 0]) + 100 * (group.source == "b") for group in groups for image in group.pixels]
    assert len(set(shown)) == 32  # no image twice
    assert len({group.label for group in groups}) > 1


def test_three_real_images_beside_one_fake_are_of_different_people():
    groups = group_cases(_quartets(24, {"a": 4, "b": 4}, people=5), ONE_FAKE, np.random.default_rng(0))
    assert len(groups) == 8
    for group in groups:
        real = [image["participant_hash"] for image in group.detail["images"] if image["label"] == "real"]
        assert len(set(real)) == 3
        assert group.run_sha256 is None
        assert group.seed == next(image["seed"] for image in group.detail["images"] if image["label"] == "fake")


def test_heights_of_a_group_are_near_each_other():
    groups = group_cases(_quartets(8, {"a": 24}), ONE_REAL, np.random.default_rng(0))
    for group in groups:
        fakes = [image["slice"] for image in group.detail["images"] if image["label"] == "fake"]
        assert max(fakes) - min(fakes) == 2
    real = [next(i["slice"] for i in group.detail["images"] if i["label"] == "real") for group in groups]
    means = [np.mean([i["slice"] for i in group.detail["images"] if i["label"] == "fake"]) for group in groups]
    assert np.corrcoef(real, means)[0, 1] > 0.99


def test_a_ranking_shows_each_source_once_and_its_truth_is_which_stands_where():
    question = replace(RANKING, images=3)
    groups = group_cases(_quartets(5, {"a": 5, "b": 5}), question, np.random.default_rng(0))
    assert len(groups) == 5
    for group in groups:
        assert json.loads(group.label) == [image["source"] for image in group.detail["images"]]
        assert sorted(json.loads(group.label)) == ["a", "b", "people"]
        assert group.source == "all sources"
    assert len({group.label for group in groups}) > 1
    with pytest.raises(InputError, match="as many images of each of 3 sources"):
        group_cases(_quartets(5, {"a": 5, "b": 4}), question, np.random.default_rng(0))


@pytest.fixture
def paired(make_protocol, make_cases, tmp_path):
    """Return a locked study of ten pairs, one of practice, with the token of its reader A."""
    # `make_cases` deals practice to real and fake in turn, so two practice images make one practice pair.
    protocol = make_protocol(questions=(WHICH,), practice=2, practice_feedback=True)
    folder = lifecycle.study_folder(lifecycle.create_study(protocol, tmp_path), tmp_path)
    seal(folder, group_cases(make_cases(protocol), WHICH, np.random.default_rng(0)), {})
    return folder, {link.reader: link.token for link in lifecycle.issue_links(folder)}


def test_a_protocol_of_pairs_counts_pairs_and_needs_both_kinds(make_protocol):
    assert (make_protocol(questions=(WHICH,)).cases, make_protocol().cases) == (10, 20)
    sources = (Source(kind="cohort", name="people", n=3), Source(kind="run", name="machine", n=10))
    with pytest.raises(InputError, match="as many real as fake images, got 3 real and 10 fake"):
        make_protocol(questions=(WHICH,), sources=sources)


def test_pairs_are_read_exported_and_verified(paired):
    folder, tokens = paired
    for code, token in tokens.items():
        session = ReaderSession.open(folder, token, f"the only tab of {code}")
        session.acquire_lease()
        session.record_event("welcome_done")
        session.record_event("consent_given")
        while case := session.current():
            pixels, shape = session.pixels(case.id)
            assert (case.images, case.shape, shape) == (2, (12, 10), (2, 12, 10))
            left, right = np.frombuffer(pixels, np.uint8).reshape(shape).mean(axis=(1, 2))
            side = "left" if left > right else "right"
            with pytest.raises(InputError, match="needs one of left, right"):
                session.answer(case.id, "real", confidence=3, idempotency_key=case.answer_key)
            told = session.answer(case.id, side, confidence=3, idempotency_key=case.answer_key).feedback
            assert told == (f"The {side} image was real." if case.phase == "practice" else None)
    assert integrity.verify(folder).ok
    lifecycle.close(folder)
    lifecycle.unblind(folder, "tester")
    frame = answers_frame(folder)
    assert len(frame) == 2 * 11
    assert (frame["answer"] == frame["truth"]).all()
    assert set(frame["source"]) == {"machine"}
    main = frame[(frame["phase"] == "main") & (frame["reader"] == "A")]
    assert len(main) == 10
    assert set(main["truth"]) <= {"left", "right"}


def test_a_study_of_an_earlier_brainlab_is_still_whole(make_protocol, make_cases, tmp_path):
    protocol = make_protocol(practice_feedback=True)
    folder = lifecycle.study_folder(lifecycle.create_study(protocol, tmp_path), tmp_path)
    before = json.loads(protocol.to_json())
    for question in before["questions"]:
        del question["low"], question["high"]  # as it was written when questions had no ends
    with Store(folder).write() as db:
        db.execute("UPDATE study SET protocol_json = ?", (json.dumps(before),))
    seal(folder, make_cases(protocol), {})
    assert integrity.verify(folder).ok
    assert lifecycle.load_protocol(folder) == protocol.again(protocol.seed)


def test_no_side_can_be_read_from_the_study_file(paired):
    folder, _ = paired
    truth = dict(sqlite3.connect(Store(folder).truth_path).execute("SELECT stimulus, label FROM truth"))
    with Store(folder).read() as db:
        stimuli = db.execute("SELECT id, kind, shape_json, length(pixels) AS bytes FROM stimulus").fetchall()
        words = {row[0] for row in db.execute("SELECT protocol_json FROM study")}
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        held = [str(tuple(row)) for name in tables if name != "feedback" for row in db.execute(f"SELECT * FROM {name}")]
    assert len({(row["kind"], row["shape_json"], row["bytes"]) for row in stimuli}) == 1
    assert json.loads(stimuli[0]["shape_json"])["shape"] == [2, 12, 10]
    rows = [row for row in held if any(side in row for side in ("'left'", "'right'"))]
    assert not rows
    assert not any(side in text for text in words for side in ('"left"', '"right"'))
    assert set(truth) == {row["id"] for row in stimuli}
