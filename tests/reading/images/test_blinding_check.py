"""Attempts to see through the blinding: each test is one way to peek, and shows it shut."""

import dataclasses
import json
import sqlite3
import zlib

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.stats import mannwhitneyu

from brainlab.errors import InputError
from brainlab.reading.desk import lifecycle
from brainlab.reading.images.blinding_check import FEATURES, LIMIT_AUC, probe, rendering_features
from brainlab.reading.images.rendering import render
from brainlab.reading.record.sealing import seal
from brainlab.reading.record.store import Store
from brainlab.reading.room.session import ReaderSession
from tests.reading.conftest import sealable


@pytest.fixture
def study(make_study, layout):
    """A study of single images, then one of quartets."""
    return make_study(**layout)


def test_a_whole_reading_never_opens_the_truth(study, monkeypatch):
    """The truth is taken away and every connection watched: the reading room does not notice."""
    opened = []
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path, *a, **k: opened.append(str(path)) or connect(path, *a, **k))
    Store(study.folder).truth_path.unlink()
    session = study.enter()
    session.look()
    study.read_all()
    session.undo()
    assert len(opened) > 50
    assert not [path for path in opened if "truth" in path]


def test_nothing_that_a_reader_gets_names_a_source_or_label(study):
    session = study.enter()
    told = []
    while case := session.current():
        told.append(
            json.dumps([dataclasses.asdict(part) for part in (session.look(), session.room, session.progress())])
        )
        value = study.truth_of(session, case.id)
        session.answer(case.id, value, confidence=3, idempotency_key=case.answer_key)
    text = " ".join(told)
    for secret in (
        "people",
        "machine",
        "Bright against dark",
        "Ann Example",
        "repeat",
        "healthy",
        "seed",
        'fake", "real',
    ):
        assert secret not in text
    assert "stimulus" not in text


def test_ids_carry_no_meaning(study):
    """Neither the ids, nor the order of rows in the file, nor the seed say anything of a case."""
    with Store(study.folder).read() as db:
        stimuli = [row[0] for row in db.execute("SELECT id FROM stimulus ORDER BY rowid")]
        presentations = [row[0] for row in db.execute("SELECT id FROM presentation")]
    assert all(len(id_) == 24 for id_ in stimuli + presentations)
    assert len(set(stimuli + presentations)) == len(stimuli) + len(presentations)


def test_rows_of_the_database_are_shuffled(make_protocol, layout, tmp_path):
    """In 15 studies the label of a row, or its sealed place, and its place in the file are uncorrelated."""
    protocol, rhos = make_protocol(**layout, practice=0), []
    for _ in range(15):
        folder = lifecycle.study_folder(lifecycle.create_study(protocol, tmp_path), tmp_path)
        seal(folder, sealable(protocol), {})
        with Store(folder).read() as db:
            rows = [np.frombuffer(row[0], np.uint8) for row in db.execute("SELECT pixels FROM stimulus")]
        bright = [row.reshape(-1, 120).mean(axis=1) > 125 for row in rows]
        label = [row.argmax() if protocol.grouped else row[0] for row in bright]
        rhos.append(np.corrcoef(label, np.arange(len(rows)))[0, 1])
    assert abs(np.mean(rhos)) < 0.3


def test_a_repeat_has_another_id_and_the_same_pixels(study):
    with Store(study.folder).read() as db:
        pairs = db.execute(
            "SELECT a.id AS first, b.id AS second, a.position AS before, b.position AS after FROM presentation AS a"
            " JOIN presentation AS b ON a.reading = b.reading AND a.stimulus = b.stimulus AND b.occurrence = 2"
            " WHERE a.occurrence = 1 AND a.reading = 1"
        ).fetchall()
    assert len(pairs) == 2
    assert all(pair["first"] != pair["second"] and pair["before"] < pair["after"] for pair in pairs)
    session, seen = study.enter(), {}
    while case := session.current():
        images = np.frombuffer(session.pixels(case.id)[0], np.uint8).reshape(-1, 120)
        seen[case.id] = (sorted(image.tobytes() for image in images), case.phase)
        session.answer(case.id, study.truth_of(session, case.id), confidence=3, idempotency_key=case.answer_key)
    for pair in pairs:
        assert seen[pair["first"]] == seen[pair["second"]]


def test_pixels_are_the_readers_own_and_only_near_the_current_case(study):
    session, other = study.enter("A"), study.enter("B", "the other reader's tab")
    with Store(study.folder).read() as db:
        ids = [row[0] for row in db.execute("SELECT id FROM presentation WHERE reading = 1 ORDER BY position")]
    assert session.pixels(ids[0])
    assert session.pixels(ids[1])
    for id_ in (*ids[2:], other.current().id, "", "../truth.db"):
        with pytest.raises(InputError, match=r"^no such image$"):
            session.pixels(id_)
    for _ in range(3):
        case = session.current()
        session.answer(case.id, study.truth_of(session, case.id), confidence=3, idempotency_key=case.answer_key)
    assert session.pixels(ids[2])
    with pytest.raises(InputError, match=r"^no such image$"):
        session.pixels(ids[0])


def test_all_cases_have_one_shape_size_and_length(study):
    session, kinds = study.enter(), set()
    while case := session.current():
        data, shape = session.pixels(case.id)
        kinds.add((len(data), shape, case.shape, case.voxel_size_mm, case.kind))
        session.answer(case.id, study.truth_of(session, case.id), confidence=3, idempotency_key=case.answer_key)
    (kind,) = kinds
    assert kind in (
        (120, (12, 10), (12, 10), (4.0, 4.0), "slice"),
        (480, (4, 12, 10), (12, 10), (4.0, 4.0), "slice"),
    )


def test_cases_that_do_not_look_alike_cannot_be_locked(make_protocol, layout, tmp_path):
    protocol = make_protocol(**layout)
    folder = lifecycle.study_folder(lifecycle.create_study(protocol, tmp_path), tmp_path)
    cases = sealable(protocol)
    images = cases[0].pixels.shape[:-2]
    for odd in (
        dataclasses.replace(cases[-1], pixels=np.zeros((*images, 12, 11), np.uint8)),
        dataclasses.replace(cases[-1], voxel_size_mm=(4.0, 2.0)),
        dataclasses.replace(cases[-1], pixels=np.zeros((*images, 12, 10), np.float32)),
    ):
        with pytest.raises(InputError, match="machine"):
            seal(folder, [*cases[:-1], odd], {})
    assert lifecycle.study_status(folder).state == "draft"
    assert not Store(folder).truth_path.exists()


def test_a_link_tells_nothing_apart(study):
    """A wrong study, a wrong token and a withdrawn reader sound the same."""
    lifecycle.withdraw_reader(study.folder, "B")
    told = set()
    for folder, token in (
        (study.folder, "wrong"),
        (study.folder / "no", "wrong"),
        (study.folder, study.tokens["B"]),
    ):
        with pytest.raises(lifecycle.BrainlabError) as caught:
            ReaderSession.open(folder, token, "a tab with a long token")
        told.add(str(caught.value))
    assert len(told) == 1


def test_tokens_are_not_in_the_database(study):
    study.read_all()
    content = b"".join(path.read_bytes() for path in study.folder.iterdir())
    for token in study.tokens.values():
        assert token.encode() not in content


# --- the probe -------------------------------------------------------------------------------------------------------


def _brains(n: int, seed: int) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:40, :48]
    images = []
    for _ in range(n):
        radius = random.uniform(13, 17)
        disc = (rows - 20) ** 2 + (columns - 24) ** 2 < radius**2
        images.append(np.where(disc, np.clip(random.normal(random.uniform(0.4, 0.7), 0.1, disc.shape), 0.1, 1), 0))
    return images


def _probe(real, fake):
    return probe(*(np.array([rendering_features(pixels) for pixels in group]) for group in (real, fake)))


def _levels(images):
    return [np.rint(image * 255).astype(np.uint8) for image in images]


def test_the_probe_passes_images_of_one_making():
    finding = _probe(_levels(_brains(200, 1)), _levels(_brains(200, 2)))
    assert finding.passed
    assert finding.suspects == ()
    assert (finding.real, finding.fake) == (200, 200)


@pytest.mark.parametrize(
    ("leak", "suspect"),
    [
        (lambda x: np.where(x == 0, 3, x), "background_haze"),
        (lambda x: np.pad(x[1:-1, 1:-1], 1, constant_values=1), "border"),
        (lambda x: np.pad(x[1:-1, 1:-1], 1, constant_values=255), "border"),
        (lambda x: np.pad(x[:, 1:], ((0, 0), (1, 0)), constant_values=40), "border"),
        (lambda x: x // 4 * 4, "odd_levels"),
        (lambda x: np.rint(x * (200 / 255)).astype(int) * 255 // 200, "empty_levels"),
        (lambda x: np.pad(x, 1), "byte_length"),
        (lambda x: np.where(x == 0, np.arange(x.shape[1]) % 2, x), "background_haze"),
    ],
)
def test_the_probe_names_each_leak(leak, suspect):
    real = [np.kron(x, np.ones((3, 3), np.uint8)) for x in _levels(_brains(60, 1))]
    fake = [leak(np.kron(x, np.ones((3, 3), np.uint8))).astype(np.uint8) for x in _levels(_brains(60, 2))]
    finding = _probe(real, fake)
    assert not finding.passed
    assert suspect in finding.suspects
    assert finding.auc > 0.9


def test_brains_that_end_in_white_have_no_fewer_odd_levels():
    """The more frequent levels become up to white, the more lead even ones; how much is white is the brain's doing."""

    def odd_levels(steepness):
        share = np.exp(np.arange(256) / steepness) if steepness else np.ones(256)
        pixels = np.repeat(np.arange(256), np.rint(3e5 * share / share.sum()).astype(int))
        return rendering_features(np.pad(pixels[: 500 * 500].reshape(500, 500)[::-1], 20).astype(np.uint8), 1)[3]

    assert odd_levels(0) == pytest.approx(0.5, abs=0.002)
    assert odd_levels(20) == pytest.approx(0.5, abs=0.002)


@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
@pytest.mark.parametrize("repeated", [2, 3])
def test_images_that_were_enlarged_before_are_known_by_their_blocks(make_protocol, interpolation, repeated):
    """They compress better, which no background, border or level shows."""
    protocol = make_protocol(magnification=8, interpolation=interpolation)

    def features(images):
        pixels = [render(image, (4.0, 4.0), protocol)[0] for image in images]
        return np.array([rendering_features(p, 8) for p in pixels]), [len(zlib.compress(p.tobytes())) for p in pixels]

    def enlarged(image):
        small = image[::repeated, ::repeated]
        return np.kron(small, np.ones((repeated, repeated)))[: image.shape[0], : image.shape[1]]

    real, long = features(_brains(60, 1))
    fake, short = features([enlarged(image) for image in _brains(60, 2)])
    assert mannwhitneyu(long, short).pvalue < 1e-6
    finding = probe(real, fake)
    assert not finding.passed
    assert finding.by_feature["blocks"] > 0.95
    assert "blocks" in finding.suspects


@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
def test_smoothness_of_the_brain_is_no_leak_of_rendering(make_protocol, interpolation):
    """Blurred fakes are the models' own doing, and the probe has nothing to say of them."""
    protocol = make_protocol(magnification=4, interpolation=interpolation)
    blurred = [np.where(x > 0, gaussian_filter(x, 1.5), 0) for x in _brains(200, 2)]
    groups = ([render(image, (4.0, 4.0), protocol)[0] for image in images] for images in (_brains(200, 1), blurred))
    finding = probe(*(np.array([rendering_features(pixels, 4) for pixels in group]) for group in groups))
    assert finding.passed
    assert finding.by_feature["blocks"] == 0.5


def test_a_brain_that_leaves_the_picture_is_no_border():
    """Fakes that reach the edge more often than scans are the models' own doing."""
    cut = [np.roll(x, -8, axis=0) for x in _levels(_brains(60, 2))]
    for image in cut:
        image[-8:] = 0
    assert all((image[0] > 0).any() for image in cut)
    finding = _probe(_levels(_brains(60, 1)), cut)
    assert finding.by_feature["border"] == 0.5


def test_images_of_one_making_are_hardly_ever_refused(make_protocol):
    """Studies without any leak are not refused, with the 200 images a label that a lock always takes."""
    protocol = make_protocol(magnification=2)
    areas = []
    for seed in range(4):
        groups = (
            [rendering_features(render(image, (4.0, 4.0), protocol)[0], 2) for image in _brains(200, 2 * seed + label)]
            for label in (0, 1)
        )
        areas.append(probe(*map(np.array, groups), seed=seed).auc)
    assert max(areas) <= LIMIT_AUC
    assert 0.4 < np.mean(areas) < 0.55


def test_rendering_shuts_what_the_probe_sees(make_protocol):
    """A decoder's haze and float levels against a stripped scan's exact zeros and 256 levels."""
    protocol = make_protocol(magnification=1)
    random = np.random.default_rng(0)
    real = [np.rint(image * 255) / 255 for image in _brains(200, 1)]
    fake = [np.where(image == 0, random.uniform(0, 0.035, image.shape), image) for image in _brains(200, 2)]
    assert not _probe(_levels(real), _levels(fake)).passed
    rendered = ([render(image, (4.0, 4.0), protocol)[0] for image in group] for group in (real, fake))
    finding = _probe(*rendered)
    assert finding.passed
    assert finding.by_feature["background_haze"] == 0.5


def test_without_two_labels_there_is_nothing_to_probe():
    finding = _probe(_levels(_brains(20, 1)), [])
    assert finding.auc is None
    assert finding.passed
    assert set(FEATURES) >= set(finding.by_feature)


def test_too_few_images_prove_nothing():
    finding = _probe(_levels(_brains(20, 1)), _levels(_brains(4, 2)))
    assert finding.auc is None
    assert not finding.judged


def test_images_of_one_person_are_not_known_again():
    """Ten real people seen twenty times each look like themselves, and no more real than the fakes."""
    random = np.random.default_rng(0)
    person = random.normal(size=(10, len(FEATURES)))
    real, fake = np.repeat(person, 20, axis=0), random.normal(size=(200, len(FEATURES)))
    groups = [f"person {n // 20}" for n in range(200)] + [f"fake {n}" for n in range(200)]
    assert probe(real, fake).auc > 0.9
    assert probe(real, fake, groups=groups).auc < 0.75


def test_the_limit_widens_where_chance_reaches_further():
    random = np.random.default_rng(0)
    many = probe(random.normal(size=(200, len(FEATURES))), random.normal(size=(200, len(FEATURES))))
    few = probe(random.normal(size=(20, len(FEATURES))), random.normal(size=(20, len(FEATURES))))
    assert many.limit == 0.6
    assert 0.65 < few.limit < 0.7
