"""Attacks on a sealed study by somebody who has the repository, the protocol, study.db and the runs, not truth.db.

Each attack returns what it believes of each stimulus; what it does not know counts as a guess. There are as many real
as fake images, so .5 is chance, or quartets with one real image each, where .25 is. When all images followed from the
protocol's seed, the first three told every image.
"""

import hashlib
import itertools
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brainlab.experiments.studies.locking import lock_study, open_sources, preview
from brainlab.experiments.studies.stimuli import sample_noise
from brainlab.images.grid import Grid
from brainlab.reading.desk import lifecycle
from brainlab.reading.images.rendering import render, slice_indices
from brainlab.reading.protocol.composition import practice_counts, shared_heights
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.protocol.questions import LABELS, ONE_REAL, VERDICT
from brainlab.reading.record.arrangement import images_in
from brainlab.reading.record.grouping import group_cases
from brainlab.reading.record.salt import generator
from brainlab.reading.record.sealing import Case
from brainlab.reading.record.store import Store
from brainlab.reading.report.export import sealed_truth
from brainlab.runs.run import Run, load_run
from brainlab.types import Float32Array, UInt8Array

VOXEL_MM = (4.0, 4.0)
Belief = dict[str, str]


@dataclass(frozen=True)
class Loot:
    """What the attacker has of a study. stimuli: rows in the order of the file. pixel_sha256: of the images of each.
    orders: of each reading, stimuli."""

    protocol: Protocol
    stimuli: list[str]
    pixel_sha256: dict[str, list[str]]
    orders: list[list[str]]

    @property
    def chance(self) -> float:
        """Share of right beliefs of who guesses."""
        return 1 / len(self.protocol.questions[0].places or LABELS)

    @classmethod
    def of(cls, folder: Path) -> "Loot":
        with Store(folder).read() as db:
            rows = db.execute("SELECT id, shape_json, pixels FROM stimulus ORDER BY rowid").fetchall()
            shown = db.execute("SELECT reading, stimulus FROM presentation ORDER BY reading, position").fetchall()
        readings = itertools.groupby(shown, key=lambda row: row[0])
        return cls(
            lifecycle.load_protocol(folder),
            [row[0] for row in rows],
            {
                id_: [sha256(image) for image in np.split(np.frombuffer(p, np.uint8), images_in(s))]
                for id_, s, p in rows
            },
            [[row[1] for row in group] for _, group in readings],
        )


@pytest.fixture(params=[VERDICT, ONE_REAL], ids=["single", "quartets"])
def design(request: pytest.FixtureRequest) -> dict[str, object]:
    """Return changes to a protocol: eight single images of each kind, then eight quartets."""
    fakes = 8 if request.param is VERDICT else 24
    sources = (Source(kind="cohort", name="simulated", n=8), Source(kind="run", name="tiny-vae", n=fakes))
    return {"questions": (request.param,), "sources": sources}


@pytest.fixture
def run(tiny_workspace: Path) -> Run:
    return load_run(tiny_workspace / "runs" / "tiny-vae")


def locked(root: Path, **changes: object) -> Path:
    """Lock a study of the one protocol, seed 0."""
    values = {"title": "Sealed", "readers": (Reader(code="A"),), "practice": 2, "seed": 0}
    values["slice_range"] = (0.45, 0.55)  # few slices, so that all can be tried
    folder = lifecycle.study_folder(lifecycle.create_study(Protocol(**{**values, **changes}), root), root)
    lock_study(folder)
    return folder


def truth_of(folder: Path) -> dict[str, sqlite3.Row]:
    """The sealed truth, as only a test may see it."""
    db = sqlite3.connect(Store(folder).truth_path)
    db.row_factory = sqlite3.Row
    return {row["stimulus"]: row for row in db.execute("SELECT * FROM truth")}


def images_in_truth(row: sqlite3.Row) -> list[dict[str, Any]]:
    """What truth.db says of each image of a stimulus."""
    detail = json.loads(row["detail_json"])
    return detail.get("images", [{**dict(row), **detail}])


def salt_of(folder: Path) -> bytes:
    return sqlite3.connect(Store(folder).truth_path).execute("SELECT salt FROM salt").fetchone()[0]


def accuracy(folder: Path, belief: Belief) -> float:
    """Share of right beliefs; what nothing is believed of counts as a guess does."""
    chance, truth = Loot.of(folder).chance, truth_of(folder)
    return float(np.mean([belief[s] == row["label"] if s in belief else chance for s, row in truth.items()]))


def sha256(pixels: UInt8Array) -> str:
    return hashlib.sha256(pixels.tobytes()).hexdigest()


def slices(volumes: Iterable[Float32Array], protocol: Protocol) -> Iterator[UInt8Array]:
    """Every slice of volumes that a study may show, rendered as it would be."""
    for volume in volumes:
        grid = Grid.unplaced(volume.shape)
        for level in slice_indices(grid, protocol):
            yield render(grid.view(np.asarray(volume, np.float32), "axial", level), VOXEL_MM, protocol)[0]


def matched(loot: Loot, images: Iterable[UInt8Array]) -> Belief:
    """Believe fake what has the pixels of a drawn image and, where there is any, real what has not."""
    hashes = {sha256(image) for image in images}
    fakes = {s: [own in hashes for own in loot.pixel_sha256[s]] for s in loot.stimuli}
    if not any(map(any, fakes.values())):
        return {}
    if not loot.protocol.grouped:
        return {s: "fake" if found else "real" for s, (found,) in fakes.items()}
    return {s: str(found.index(False) + 1) for s, found in fakes.items() if any(found) and not all(found)}


def guessable_salts(loot: Loot, study: str) -> list[bytes]:
    """What a careless lock might have taken: nothing, small numbers, the seed, hashes and ids that study.db holds."""
    text = loot.protocol.to_json()
    numbers = [loot.protocol.seed, *range(3)]
    words = [study, loot.protocol.sha256(), text, f"preview {loot.protocol.seed}", *map(str, numbers)]
    return [
        b"",
        *(n.to_bytes(32) for n in numbers),
        *(w.encode() for w in words),
        hashlib.sha256(text.encode()).digest(),
    ]


def drawn_again(loot: Loot, salt: bytes) -> Iterator[UInt8Array]:
    """The fakes that the lock's own code draws under a salt."""
    protocol, first = loot.protocol, loot.protocol.questions[0]
    supplies = open_sources(protocol)
    given = [(supply.source.name, supply.source.truth, supply.source.n) for supply in supplies]
    number = next(place for place, supply in enumerate(supplies) if supply.source.truth == "fake")
    size = given[number][2] + practice_counts(first, [truth for _, truth, _ in given], protocol.practice)[number]
    heights = None
    if protocol.grouped:
        heights = shared_heights(first, given, protocol.practice, generator(salt, "heights"))[number]
    for one in supplies[number].draw(size, salt, heights):
        yield render(one.image, VOXEL_MM, protocol)[0]


def test_attack_1_drawing_the_study_again_finds_no_fake(root, run, design):
    folder = locked(root, **design)
    loot = Loot.of(folder)
    # As versions without a salt drew them: torch, under a seed of 31 bits that follows from the protocol's.
    old = np.random.default_rng([loot.protocol.seed, 1]).integers(2**31)
    images = [*slices(run.sample(9, int(old))[1], loot.protocol)]
    for salt in guessable_salts(loot, folder.name):
        images += drawn_again(loot, salt)
    images += preview(loot.protocol, per_source=9)["tiny-vae"]
    assert accuracy(folder, matched(loot, images)) == loot.chance
    assert accuracy(folder, matched(loot, drawn_again(loot, salt_of(folder)))) == 1, "as after unblinding"


def test_attack_2_an_unblinded_twin_tells_nothing(root, design):
    """By pixels, by place in the file, by position in a reading, by rank of the id."""
    many = (0.4, 0.7)  # slices, so that no lock is out of new ones
    folder, twin = (locked(root, slice_range=many, **design) for _ in range(2))
    lifecycle.close(twin)
    lifecycle.unblind(twin, "the attacker")
    loot, other, truth = Loot.of(folder), Loot.of(twin), sealed_truth(twin)
    known = {image for found in other.pixel_sha256.values() for image in found}
    assert not [image for found in loot.pixel_sha256.values() for image in found if image in known]
    beliefs = [
        {s: truth[t]["label"] for s, t in zip(mine, theirs, strict=True)}
        for mine, theirs in (
            (loot.stimuli, other.stimuli),
            (loot.orders[0][:18], other.orders[0][:18]),
            (sorted(loot.stimuli), sorted(other.stimuli)),
        )
    ]
    assert max(abs(accuracy(folder, belief) - loot.chance) for belief in beliefs) < 0.9 * (1 - loot.chance)


def test_attack_3_not_even_the_sealed_seeds_are_enough_without_the_salt(root, run, design):
    """Stronger than counting seeds: the attacker is told those that count. Torch, and the code's own draw."""
    folder = locked(root, **design)
    loot = Loot.of(folder)
    sealed = [image for row in truth_of(folder).values() for image in images_in_truth(row)]
    seeds = [image["seed"] for image in sealed if image["seed"] is not None]
    assert len(seeds) == sum(image["label"] == "fake" for image in sealed)
    codes = [run.sample(1, seed % 2**32)[0][0] for seed in seeds]
    codes += [run.draw_code(sample_noise(seed, salt)) for seed in seeds for salt in (b"", bytes(32))]
    assert accuracy(folder, matched(loot, slices(run.decode(np.stack(codes)), loot.protocol))) == loot.chance


def places_again(loot: Loot, heights: dict[str, int], salt: bytes) -> Belief:
    """Make the groups of a study again, as far as the order of their images goes, and match them by their heights.

    heights: of the stimuli that are no practice, as anatomy shows them.
    """
    blank = Case(np.zeros((2, 2), np.uint8), (1.0, 1.0), "real", "simulated")
    real = [replace(blank, height=place) for place in range(len(heights))]
    cases = [*real, *(replace(one, label="fake", source="tiny-vae") for one in real for _ in range(3))]
    made = group_cases(cases, loot.protocol.questions[0], generator(salt, "pairs"))
    return {stimulus: group.label for stimulus, group in zip(sorted(heights, key=heights.get), made, strict=True)}


def test_attack_4_making_the_groups_again_tells_no_place(root):
    """The order in which a case's images are sealed is drawn under the salt: what it is drawn for could be counted."""
    sources = (Source(kind="cohort", name="simulated", n=8), Source(kind="run", name="tiny-vae", n=24))
    folder = locked(root, questions=(ONE_REAL,), sources=sources, slice_range=(0.1, 0.9), practice=0)
    loot, truth = Loot.of(folder), truth_of(folder)
    heights = {stimulus: images_in_truth(row)[0]["slice"] for stimulus, row in truth.items()}
    assert len(set(heights.values())) == 8
    found = [accuracy(folder, places_again(loot, heights, salt)) for salt in guessable_salts(loot, folder.name)]
    assert max(found) < 1
    assert abs(np.mean(found) - loot.chance) < 0.3
    assert accuracy(folder, places_again(loot, heights, salt_of(folder))) == 1, "as after unblinding"


def test_seed_salt_and_run_draw_every_fake_again_after_unblinding(root, run, design):
    real, fake = design["sources"]
    folder = locked(root, **design | {"sources": (real, replace(fake, truncation=0.5))})
    salt = salt_of(folder)
    assert len(salt) == 32
    loot = Loot.of(folder)
    with Store(folder).read() as db:
        rows = db.execute("SELECT id, pixels FROM stimulus").fetchall()
    sealed_pixels = {row["id"]: np.frombuffer(row["pixels"], np.uint8) for row in rows}
    for stimulus, row in truth_of(folder).items():
        for place, sealed in enumerate(images_in_truth(row)):
            if sealed["label"] == "fake":
                volume = run.decode(0.5 * run.draw_code(sample_noise(sealed["seed"], salt))[None])[0]
                image = Grid.unplaced(volume.shape).view(volume, "axial", sealed["slice"])
                drawn = render(image, VOXEL_MM, loot.protocol)[0].astype(int)
                # Codes that are decoded one by one round otherwise than all at once: by a grey level at most.
                assert abs(drawn - sealed_pixels[stimulus].reshape(-1, *drawn.shape)[place]).max() <= 1


def test_whole_volumes_that_recur_are_counted_and_warned_of(root, design):
    """There are 21 held-out scans: two studies of 12 share three at least, and no lock can help that."""
    fakes = 36 if design["questions"] == (ONE_REAL,) else 1
    sources = (Source(kind="cohort", name="simulated", n=12), Source(kind="run", name="tiny-vae", n=fakes))
    folders = [locked(root, **design | {"sources": sources}, stimulus="volume", practice=0) for _ in range(2)]
    first, second = (
        {image for found in Loot.of(folder).pixel_sha256.values() for image in found} for folder in folders
    )
    assert 3 <= len(first & second) <= 8  # the fewest of twelve draws; all 12 would be most
    assert lifecycle.lock_checks(folders[1])["recurring"] == [{"study": folders[0].name, "images": len(first & second)}]
