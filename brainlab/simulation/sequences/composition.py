"""From a person's tissue at a visit to the noiseless signal of a scan: one tissue after another, by share."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from brainlab.simulation.disease.lesions import MYELIN_LOSS, LesionMaps
from brainlab.simulation.disease.stroke import FLUID, Infarct
from brainlab.simulation.people.anatomy import Anatomy, label_image
from brainlab.simulation.people.tissue_shares import TISSUES
from brainlab.simulation.sequences.techniques import Technique
from brainlab.simulation.sequences.tissue import Properties, damaged, properties, white_matter
from brainlab.types import BoolArray, Float32Array, FloatArray, UInt8Array

WHITE = TISSUES.index("white")
SMALL_CHANGE = 0.01
"""Relative change of relaxation times from which the slope of a signal is taken."""


@dataclass(frozen=True)
class VisitTissue:
    """What every scan of one visit sees; arrays are [X, Y, Z] of the anatomy's box."""

    anatomy: Anatomy
    lesions: LesionMaps
    infarct: Infarct | None
    uneven: Float32Array
    """Relative deviation of relaxation times from the tissue's own."""
    coherence: Float32Array
    """How far white matter's fibres run one way, in [0, 1]."""
    factors: Mapping[str, FloatArray]
    """The person's own factors on the properties of TISSUES, each [8]."""

    @cached_property
    def labels(self) -> UInt8Array:
        """The most likely structure of each voxel, with the values of LABELS."""
        return label_image(self.anatomy, self.lesions.share)


@dataclass(frozen=True)
class Signal:
    """Noiseless magnitudes of a scan [channels, X, Y, Z], 0 outside the brain, and of each pure tissue [8]."""

    channels: Float32Array
    tissue: FloatArray
    """In the first channel."""


def compose(technique: Technique, visit: VisitTissue) -> Signal:
    """Return the signal of one scan of a visit.

    Signals are summed over the shares of a voxel with their signs, and magnitudes taken at the end. Unevenness enters
    to first order, by the slope of a small change of all tissue: right within 10% where it is .35, as at the wall of a
    ventricle in multiple sclerosis, and nearly exact elsewhere.
    """
    shares = visit.anatomy.shares
    tissue = properties(TISSUES, technique.field_strength_t).scaled(visit.factors)
    levels = technique.signals(tissue)
    slopes = (technique.signals(tissue.uneven(SMALL_CHANGE)) - levels) / SMALL_CHANGE
    own = {name: factors[WHITE] for name, factors in visit.factors.items()}
    crossing, one_way = technique.signals(white_matter(technique.field_strength_t, np.array([0.0, 1.0])).scaled(own)).T
    channels = np.zeros((len(levels), *visit.anatomy.shape), np.float32)
    for signal, level, slope, ordered in zip(channels, levels, slopes, one_way - crossing, strict=True):
        rise = np.zeros_like(signal)
        for share, height, steepness in zip(shares, level, slope, strict=True):
            signal += np.float32(height) * share
            rise += np.float32(steepness) * share
        signal += rise * visit.uneven
        if ordered:
            signal += np.float32(ordered) * visit.coherence * shares[WHITE]
    _add_lesions(channels, technique, visit)
    if visit.infarct is not None:
        _add_infarct(channels, technique, visit, visit.infarct)
    return Signal(np.abs(channels) * visit.anatomy.brain, np.abs(levels[0]))


def _lesion_tissue(technique: Technique, visit: VisitTissue, where: BoolArray) -> Properties:
    """Return what the lesions at some voxels [n] are made of."""
    share, damage = visit.lesions.share[where], visit.lesions.damage[where]
    bare = np.minimum(MYELIN_LOSS * visit.lesions.demyelinated[where] / share, 1)
    own = {name: factors[WHITE] for name, factors in visit.factors.items()}
    whole = white_matter(technique.field_strength_t, visit.coherence[where].astype(float)).scaled(own)
    return damaged(whole, technique.field_strength_t, damage.astype(float), bare.astype(float))


def _add_lesions(channels: Float32Array, technique: Technique, visit: VisitTissue) -> None:
    """Put lesions in the place of their share of each voxel."""
    ill = visit.lesions.share > 0
    share = visit.lesions.share[ill]
    for signal, level in zip(channels, technique.signals(_lesion_tissue(technique, visit, ill)), strict=True):
        signal[ill] += share * (level.astype(np.float32) - signal[ill])


def _add_infarct(channels: Float32Array, technique: Technique, visit: VisitTissue, infarct: Infarct) -> None:
    """Change each kind of tissue in an infarct, lesions too, into what it becomes; fluid stays fluid."""
    tissue = properties(TISSUES, technique.field_strength_t).scaled(visit.factors)
    changes = _change(technique, tissue, infarct)
    ill = infarct.share > 0
    free = infarct.share[ill] * (1 - visit.lesions.share[ill])
    for number, share in enumerate(visit.anatomy.shares):
        if number == FLUID:
            continue
        infarcted = free * share[ill]
        for signal, change in zip(channels, changes[:, number], strict=True):
            signal[ill] += np.float32(change) * infarcted
    both = ill & (visit.lesions.share > 0)
    infarcted = infarct.share[both] * visit.lesions.share[both]
    for signal, change in zip(
        channels, _change(technique, _lesion_tissue(technique, visit, both), infarct), strict=True
    ):
        signal[both] += change.astype(np.float32) * infarcted


def _change(technique: Technique, tissue: Properties, infarct: Infarct) -> FloatArray:
    """By how much the signal of tissue [channels, n] changes where it is infarcted."""
    slow = np.full_like(tissue.diffusivity_mm2_s, infarct.diffusivity_mm2_s)
    dead = replace(tissue.scaled(infarct.factors), diffusivity_mm2_s=slow)
    return technique.signals(dead) - technique.signals(tissue)
