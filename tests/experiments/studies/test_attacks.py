"""Attacks on a sealed study by somebody who has the repository, the protocol, study.db and the runs, not truth.db.

Each attack returns what it believes of each stimulus; what it does not know counts as a coin. There are as many real as
fake images, so .5 is chance. When all images followed from the protocol's seed, the first three told every image.
"""

import hashlib
import itertools
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from brainlab import workspace
from brainlab.experiments.studies import locking
from brainlab.experiments.studies.locking import lock_study, open_sources, preview
from brainlab.experiments.studies.stimuli import sample_noise
from brainlab.images.grid import Grid
from brainlab.reading.desk import lifecycle
from brainlab.reading.images.rendering import render, slice_indices
from brainlab.reading.protocol.design import Protocol, Reader, Source
from brainlab.reading.record.store import Store
from brainlab.reading.report.export import sealed_truth
from brainlab.runs.run import Run, load_run
from brainlab.types import Float32Array, UInt8Array

REAL, FAKE = Source(kind="cohort", name="simulated", n=8), Source(kind="run", name="tiny-vae", n=8)
VOXEL_MM = (4.0, 4.0)
Belief = dict[str, str]


@dataclass(frozen=True)
class Loot:
    """What the attacker has of a study. stimuli: rows in the order of the file. orders: of each reading, stimuli."""

    protocol: Protocol
    stimuli: list[str]
    pixel_sha256: dict[str, str]
    orders: list[list[str]]

    @classmethod
    def of(cls, folder: Path) -> "Loot":
        with Store(folder).read() as db:
            rows = db.execute("SELECT id, pixel_sha256 FROM stimulus ORDER BY rowid").fetchall()
            shown = db.execute("SELECT reading, stimulus FROM presentation ORDER BY reading, position").fetchall()
        readings = itertools.groupby(shown, key=lambda row: row[0])
        return cls(
            lifecycle.load_protocol(folder),
            [row[0] for row in rows],
            {row[0]: row[1] for row in rows},
            [[row[1] for row in group] for _, group in readings],
        )


@pytest.fixture
def root(tiny_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BRAINLAB_WORKSPACE", str(tiny_workspace))
    monkeypatch.setattr(workspace, "MODELS", tmp_path / "no models")
    monkeypatch.setattr(locking, "PROBE_IMAGES", 4)  # too few to judge, and quick
    return tmp_path


@pytest.fixture
def run(tiny_workspace: Path) -> Run:
    return load_run(tiny_workspace / "runs" / "tiny-vae")


def locked(root: Path, **changes: object) -> Path:
    """Lock a study of the one protocol, seed 0."""
    values = {"title": "Sealed", "sources": (REAL, FAKE), "readers": (Reader(code="A"),), "practice": 2, "seed": 0}
    values["slice_range"] = (0.45, 0.55)  # few slices, so that all can be tried
    folder = lifecycle.study_folder(lifecycle.create_study(Protocol(**{**values, **changes}), root), root)
    lock_study(folder)
    return folder


def truth_of(folder: Path) -> dict[str, sqlite3.Row]:
    """The sealed truth, as only a test may see it."""
    db = sqlite3.connect(Store(folder).truth_path)
    db.row_factory = sqlite3.Row
    return {row["stimulus"]: row for row in db.execute("SELECT * FROM truth")}


def accuracy(folder: Path, belief: Belief) -> float:
    """Share of right beliefs; what nothing is believed of counts one half."""
    return float(np.mean([belief[s] == row["label"] if s in belief else 0.5 for s, row in truth_of(folder).items()]))


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
    fakes = {s for s in loot.stimuli if loot.pixel_sha256[s] in hashes}
    return {s: "fake" if s in fakes else "real" for s in loot.stimuli} if fakes else {}


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


def test_attack_1_drawing_the_study_again_finds_no_fake(root, run):
    folder = locked(root)
    loot = Loot.of(folder)
    # As versions without a salt drew them: torch, under a seed of 31 bits that follows from the protocol's.
    old = np.random.default_rng([loot.protocol.seed, 1]).integers(2**31)
    images = [*slices(run.sample(9, int(old))[1], loot.protocol)]
    size = FAKE.n + 1
    supply = next(s for s in open_sources(loot.protocol) if s.source == FAKE)
    for salt in guessable_salts(loot, folder.name):
        images += [render(one.image, VOXEL_MM, loot.protocol)[0] for one in supply.draw(size, salt)]
    images += preview(loot.protocol, per_source=size)[FAKE.name]
    assert accuracy(folder, matched(loot, images)) == 0.5


def test_attack_2_an_unblinded_twin_tells_nothing(root):
    """By pixels, by place in the file, by position in a reading, by rank of the id."""
    many = (0.4, 0.7)  # slices, so that no lock is out of new ones
    folder, twin = (locked(root, slice_range=many) for _ in range(2))
    lifecycle.close(twin)
    lifecycle.unblind(twin, "the attacker")
    loot, other, truth = Loot.of(folder), Loot.of(twin), sealed_truth(twin)
    told = {other.pixel_sha256[s]: truth[s]["label"] for s in other.stimuli}
    by_pixels = {s: told[found] for s, found in loot.pixel_sha256.items() if found in told}
    assert not by_pixels
    beliefs = [
        {s: truth[t]["label"] for s, t in zip(mine, theirs, strict=True)}
        for mine, theirs in (
            (loot.stimuli, other.stimuli),
            (loot.orders[0][:18], other.orders[0][:18]),
            (sorted(loot.stimuli), sorted(other.stimuli)),
        )
    ]
    assert max(abs(accuracy(folder, belief) - 0.5) for belief in beliefs) < 0.45


def test_attack_3_not_even_the_sealed_seeds_are_enough_without_the_salt(root, run):
    """Stronger than counting seeds: the attacker is told those that count. Torch, and the code's own draw."""
    folder = locked(root)
    loot = Loot.of(folder)
    seeds = [row["seed"] for row in truth_of(folder).values() if row["seed"] is not None]
    codes = [run.sample(1, seed % 2**32)[0][0] for seed in seeds]
    codes += [run.draw_code(sample_noise(seed, salt)) for seed in seeds for salt in (b"", bytes(32))]
    assert accuracy(folder, matched(loot, slices(run.decode(np.stack(codes)), loot.protocol))) == 0.5


def test_seed_salt_and_run_draw_every_fake_again_after_unblinding(root, run):
    folder = locked(root, sources=(REAL, Source(kind="run", name="tiny-vae", n=8, truncation=0.5)))
    (salt,) = sqlite3.connect(Store(folder).truth_path).execute("SELECT salt FROM salt").fetchone()
    assert len(salt) == 32
    loot = Loot.of(folder)
    for stimulus, row in truth_of(folder).items():
        if row["label"] == "fake":
            volume = run.decode(0.5 * run.draw_code(sample_noise(row["seed"], salt))[None])[0]
            image = Grid.unplaced(volume.shape).view(volume, "axial", json.loads(row["detail_json"])["slice"])
            assert sha256(render(image, VOXEL_MM, loot.protocol)[0]) == loot.pixel_sha256[stimulus]


def test_whole_volumes_that_recur_are_counted_and_warned_of(root):
    """There are 21 held-out scans: two studies of 12 share three at least, and no lock can help that."""
    sources = (Source(kind="cohort", name="simulated", n=12), Source(kind="run", name="tiny-vae", n=1))
    folders = [locked(root, sources=sources, stimulus="volume", practice=0) for _ in range(2)]
    first, second = (set(Loot.of(folder).pixel_sha256.values()) for folder in folders)
    assert 3 <= len(first & second) <= 8  # the fewest of twelve draws; all 12 would be most
    assert lifecycle.lock_checks(folders[1])["recurring"] == [{"study": folders[0].name, "images": len(first & second)}]
