"""A network that reads the cases of an unblinded study, having seen none of them nor other images of their people.

It is the network of the metric `machine_reader_auc`, taught on other images from the study's own sources. These are
parted by person, each sample and each file of a folder being a person of its own. Every part of the cases is scored by
a network that learnt from the other parts' images, and its log odds are put on the scale of the images that this
network did not see either: 0 half-way between the means of real and generated ones, 1 their standard deviation.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from brainlab.errors import InputError
from brainlab.evaluation.image_classifier import ImageClassifier
from brainlab.evaluation.metrics.machine_reader import FOLDS, LEAST, MOST
from brainlab.experiments.studies.folder_supply import FolderSupply
from brainlab.experiments.studies.locking import open_sources, stimulus_pixels
from brainlab.experiments.studies.stimuli import CohortSupply, Stimulus, Supply
from brainlab.images.pictures import to_bytes
from brainlab.images.voxel_components import block_means, block_sides
from brainlab.reading.desk.lifecycle import load_protocol
from brainlab.reading.images.rendering import magnification
from brainlab.reading.report.export import Sealed, sealed_cases
from brainlab.reading.statistics.paired.machine_scores import MachineReader
from brainlab.types import BoolArray, FloatArray, UInt8Array, Watch

NAME = "classifier"


@dataclass(frozen=True)
class ClassifierReading:
    """A score for every case, and what the network learnt from. people: of the real images, as far as known."""

    machine: MachineReader
    real: int
    generated: int
    people: int


@dataclass(frozen=True, eq=False)
class Images:
    """Images to learn from or to score, [n, *shape], which of them are real, and whose they are."""

    levels: UInt8Array
    real: BoolArray
    owners: tuple[str, ...]


def read_by_classifier(folder: Path, watch: Watch | None = None) -> ClassifierReading:
    """Score the main cases of an unblinded study of single images; the same study gets the same scores.

    Raises StudyStateError before the study is unblinded; InputError for pairs, for a source that is gone or no longer
    what it was, and where its sources have fewer than 200 images of a kind or fewer than five people.
    """
    cases = sealed_cases(folder)
    protocol = load_protocol(folder)
    if protocol.grouped:
        raise InputError("a classifier reads single images; this study shows pairs")
    supplies = {supply.source.name: supply for supply in open_sources(protocol)}
    learnt, factor = _to_learn_from(list(supplies.values()), folder.name)
    shown = Images(
        np.stack([coarse(case.pixels, factor) for case in cases]),
        np.array([case.label == "real" for case in cases]),
        tuple(_owner_of_case(case, supplies[case.source]) for case in cases),
    )
    scores = cross_fitted(learnt, shown, protocol.seed, watch)
    people = {owner for owner, real in zip(learnt.owners, learnt.real, strict=True) if real}
    machine = MachineReader(NAME, {case.stimulus: float(score) for case, score in zip(cases, scores, strict=True)})
    return ClassifierReading(machine, int(learnt.real.sum()), int((~learnt.real).sum()), len(people))


def cross_fitted(learnt: Images, shown: Images, seed: int, watch: Watch | None = None) -> FloatArray:
    """Return how real each image that was shown looks to a network that saw nothing of its owner: [n]."""
    random = np.random.default_rng(seed)
    folds: dict[str, int] = {}
    for real in (True, False):
        both = zip((*learnt.owners, *shown.owners), (*learnt.real, *shown.real), strict=True)
        owners = random.permutation(sorted({owner for owner, kind in both if kind == real}))
        folds |= {str(owner): place % FOLDS for place, owner in enumerate(owners)}
    of_learnt, of_shown = (np.array([folds[owner] for owner in images.owners]) for images in (learnt, shown))
    scores = np.empty(len(shown.owners))
    for fold in watch(range(FOLDS), "Learning", FOLDS) if watch else range(FOLDS):
        apart, now = of_learnt == fold, of_shown == fold
        network = ImageClassifier(seed).fit(learnt.levels[~apart], learnt.real[~apart])
        if now.any():
            unseen = network.decision_function(learnt.levels[apart])
            scores[now] = _on_scale(network.decision_function(shown.levels[now]), unseen, learnt.real[apart])
    return scores


def coarse(pixels: UInt8Array, factor: int) -> UInt8Array:
    """Undo the enlargement of an image and average a large one over blocks; slices [rows, columns] are turned.

    Left-right comes first, as in a volume [X, Y, Z]: the network flips images along their first axis.
    """
    small = block_means(pixels[None], (factor,) * pixels.ndim)
    levels = to_bytes(block_means(small, block_sides(small.shape[1:])))[0]
    return levels.swapaxes(0, 1) if levels.ndim == 2 else levels


def _to_learn_from(supplies: Sequence[Supply], study: str) -> tuple[Images, int]:
    """Draw images that readers do not see, half of them real, and return by what their enlargement is undone."""
    salt = hashlib.sha256(f"case classifier {study}".encode()).digest()
    labels = [supply.source.truth for supply in supplies]
    levels, real, owners = [], [], []
    factor = 1
    for supply in supplies:
        for number, stimulus in enumerate(supply.draw_for_probe(-(-MOST // labels.count(supply.source.truth)), salt)):
            pixels = stimulus_pixels(stimulus, supply)
            factor = magnification(stimulus.image.shape, supply.protocol)
            levels.append(coarse(pixels, factor))
            real.append(supply.source.truth == "real")
            owners.append(_owner(stimulus, supply, f"image {number}"))
    images = Images(np.stack(levels), np.array(real), tuple(owners))
    for kind, of_kind in (("real", images.real), ("generated", ~images.real)):
        count = int(of_kind.sum())
        if count < LEAST:
            raise InputError(f"the classifier needs {LEAST} {kind} images of the sources to learn from, got {count}")
        people = len({owner for owner, here in zip(owners, of_kind, strict=True) if here})
        if people < FOLDS:
            raise InputError(f"the classifier needs {kind} images of {FOLDS} people, got {people}")
    return images, factor


def _owner(stimulus: Stimulus, supply: Supply, otherwise: str) -> str:
    """Return whose an image is: a person's, a file's, or nobody else's."""
    if stimulus.participant is not None:
        return f"person {stimulus.participant}"
    if isinstance(supply, FolderSupply):
        return f"{supply.source.name}: file {stimulus.detail['file']}"
    return f"{supply.source.name}: {otherwise}"


def _owner_of_case(case: Sealed, supply: Supply) -> str:
    """Return whose a case is; truth.db names no person, but the scan, which must still be the one that was shown."""
    if isinstance(supply, CohortSupply):
        stimulus = supply.again(case.detail)
        pixels = stimulus_pixels(stimulus, supply)
        if not np.array_equal(pixels, case.pixels):
            raise InputError(
                f"cohort {supply.source.name}: needs the scans that readers saw, got others in their place; put the "
                "cohort back as it was at the lock"
            )
        return _owner(stimulus, supply, "")
    if isinstance(supply, FolderSupply):
        return f"{supply.source.name}: file {case.detail['file']}"
    return f"{supply.source.name}: case {case.stimulus}"


def _on_scale(log_odds: FloatArray, unseen: FloatArray, real: BoolArray) -> FloatArray:
    """Return log odds on the scale of images of known truth that the network did not see either."""
    kinds = [unseen[real], unseen[~real]]
    middle = np.mean([kind.mean() for kind in kinds])
    spread = np.sqrt(np.mean([kind.var() for kind in kinds]))
    return (log_odds - middle) / max(float(spread), 1e-6)
