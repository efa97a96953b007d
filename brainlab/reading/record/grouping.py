"""Images side by side: which ones make a case, and where each of them stands. Pairs, alternatives, rankings."""

import json
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

import numpy as np

from brainlab.errors import InputError
from brainlab.reading.protocol.composition import wanted_and_others
from brainlab.reading.protocol.questions import LABELS, Question
from brainlab.reading.record.sealing import Case

ALL_SOURCES = "all sources"
"""Source of a ranking, which has an image of each."""


def group_cases(cases: Sequence[Case], first: Question, lot: np.random.Generator) -> list[Case]:
    """Return one case for each group of images, practice apart from the study itself.

    Every image is in one group only: one that came twice would be known again, and would betray what it is. Images of
    one height make a group, so that the height says nothing (see `shared_heights`), and real images of a group are of
    different people as far as there are others. The order of a group's images is drawn by lot; readers see them in
    another (see `arrangement`).
    lot: random numbers under the study's salt, never of the protocol's seed alone, which lies in study.db.
    """
    make = _rankings if first.kind == "ranking" else _alternatives
    return [
        group
        for practice in (False, True)
        for group in make([case for case in cases if case.practice == practice], first, lot)
    ]


def _alternatives(cases: Sequence[Case], first: Question, lot: np.random.Generator) -> list[Case]:
    """One wanted image among others: see `composition`."""
    each = wanted_and_others(first)
    wanted, other = sorted(LABELS, key=lambda label: each[label])
    if first.kind == "pair":
        wanted, other = "real", "fake"
    ones = _by_height([case for case in cases if case.label == wanted], lot)
    chunks = [chunk for own in _by_fake_source(cases, other) for chunk in _chunks(_by_height(own, lot), each[other])]
    chunks = [chunks[place] for place in lot.permutation(len(chunks))]
    chunks.sort(key=lambda chunk: median(case.height for case in chunk))
    if len(ones) != len(chunks):
        raise InputError(f"{len(ones)} {wanted} images need {each[other] * len(ones)} {other} ones beside them")
    return [_group(one, chunk, first.places, lot) for one, chunk in zip(ones, chunks, strict=True)]


def _rankings(cases: Sequence[Case], first: Question, lot: np.random.Generator) -> list[Case]:
    """One image of every source."""
    names = list(dict.fromkeys(case.source for case in cases))
    sources = [_by_height([case for case in cases if case.source == name], lot) for name in names]
    if len({len(own) for own in sources}) > 1 or (sources and len(sources) != first.images):
        raise InputError(f"a ranking needs as many images of each of {first.images} sources")
    return [
        _ranking([images[place] for place in lot.permutation(len(images))]) for images in zip(*sources, strict=True)
    ]


def _by_fake_source(cases: Sequence[Case], label: str) -> list[list[Case]]:
    """The images of a label: fake ones by source, of which a case has one; real ones all together."""
    own = [case for case in cases if case.label == label]
    if label == "real":
        return [own]
    return [[case for case in own if case.source == name] for name in dict.fromkeys(case.source for case in own)]


def _by_height(cases: Sequence[Case], lot: np.random.Generator) -> list[Case]:
    """Order images by height, those of one height at random."""
    return sorted((cases[place] for place in lot.permutation(len(cases))), key=lambda case: case.height)


def _chunks(cases: list[Case], size: int) -> list[list[Case]]:
    """Cut images in order into groups of `size`, each of different people as far as there are others."""
    left, chunks = list(cases), []
    while left:
        chunk: list[Case] = []
        while left and len(chunk) < size:
            people = {case.participant_hash for case in chunk} - {None}
            free = next((i for i, case in enumerate(left) if case.participant_hash not in people), 0)
            chunk.append(left.pop(free))
        chunks.append(chunk)
    return chunks


def _group(one: Case, others: Sequence[Case], places: Sequence[str], lot: np.random.Generator) -> Case:
    """Put the image that is looked for among the others, in an order drawn by lot."""
    together = [one, *others]
    order = lot.permutation(len(together)).tolist()
    images = [together[at] for at in order]
    real = next(image for image in images if image.label == "real")
    fakes = [image for image in images if image.label == "fake"]
    made = {"run_sha256": fakes[0].run_sha256, "seed": fakes[0].seed} if len(fakes) == 1 else {}
    return replace(
        _side_by_side(images),
        **made,
        label=places[order.index(0)],
        source=fakes[0].source,
        disease_class=real.disease_class,
        participant_hash=real.participant_hash,
    )


def _ranking(images: Sequence[Case]) -> Case:
    """Put images side by side; the truth of a ranking is which source each place shows."""
    sources = json.dumps([image.source for image in images], ensure_ascii=False)
    return replace(_side_by_side(images), label=sources, source=ALL_SOURCES, disease_class=None, participant_hash=None)


def _side_by_side(images: Sequence[Case]) -> Case:
    """Return one case of several images: what each is, is in its detail."""
    first = images[0]
    for image in images[1:]:
        if image.pixels.shape != first.pixels.shape or image.voxel_size_mm != first.voxel_size_mm:
            raise InputError(
                f"images side by side must look alike: {first.source} has shape {first.pixels.shape} at "
                f"{first.voxel_size_mm} mm, {image.source} {image.pixels.shape} at {image.voxel_size_mm} mm"
            )
    return replace(
        first,
        pixels=np.stack([image.pixels for image in images]),
        run_sha256=None,
        seed=None,
        detail={
            "images": [
                {
                    "source": image.source,
                    "label": image.label,
                    "participant_hash": image.participant_hash,
                    "run_sha256": image.run_sha256,
                    "seed": image.seed,
                    **image.detail,
                }
                for image in images
            ]
        },
    )
