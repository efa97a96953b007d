"""Pairs for 'which of the two is real?': each real image beside one fake, the side drawn by lot."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from brainlab.errors import InputError
from brainlab.reading.protocol.questions import SIDES
from brainlab.reading.record.sealing import Case


def pair_cases(cases: Sequence[Case], lot: np.random.Generator) -> list[Case]:
    """Return one case a pair, practice apart from the study itself.

    Every image is in one pair only: one that came twice would be known again, and would betray itself as the real one
    of several pairs. Slices are paired by their level, so that the level says nothing. Of each fake source's pairs half
    have the real image on the left; an odd one is drawn by lot.
    lot: random numbers under the study's salt, never of the protocol's seed alone, which lies in study.db.
    """
    return [pair for practice in (False, True) for pair in _pairs([c for c in cases if c.practice == practice], lot)]


def _pairs(cases: Sequence[Case], lot: np.random.Generator) -> list[Case]:
    real, fake = (_by_level([case for case in cases if case.label == label], lot) for label in ("real", "fake"))
    if len(real) != len(fake):
        raise InputError(f"pairs need as many real as fake images, got {len(real)} and {len(fake)}")
    sides: dict[str, list[str]] = {}
    for source in dict.fromkeys(case.source for case in fake):
        n = sum(case.source == source for case in fake)
        even = [*SIDES] * (n // 2) + [str(lot.choice(SIDES))] * (n % 2)
        sides[source] = [even[place] for place in lot.permutation(n)]
    return [_pair(a, b, sides[b.source].pop()) for a, b in zip(real, fake, strict=True)]


def _by_level(cases: Sequence[Case], lot: np.random.Generator) -> list[Case]:
    """Order images by slice number where they have one, else at random."""
    shuffled = [cases[place] for place in lot.permutation(len(cases))]
    return sorted(shuffled, key=lambda case: case.detail.get("slice", 0))


def _pair(real: Case, fake: Case, side: str) -> Case:
    if real.pixels.shape != fake.pixels.shape or real.voxel_size_mm != fake.voxel_size_mm:
        raise InputError(
            f"both images of a pair must look alike: {real.source} has shape {real.pixels.shape} at "
            f"{real.voxel_size_mm} mm, {fake.source} {fake.pixels.shape} at {fake.voxel_size_mm} mm"
        )
    images = (real, fake) if side == SIDES[0] else (fake, real)
    return replace(
        fake,
        pixels=np.stack([image.pixels for image in images]),
        label=side,
        disease_class=real.disease_class,
        participant_hash=real.participant_hash,
        detail={"real": {"source": real.source, **real.detail}, "fake": fake.detail},
    )
