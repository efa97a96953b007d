"""The images of one visit: each sequence that is asked for, of the same tissue, with the truth on each image's grid."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from brainlab.cohort.template import grid_affine
from brainlab.simulation.disease import lesions
from brainlab.simulation.people.anatomy import Anatomy
from brainlab.simulation.people.tissue_shares import TISSUES
from brainlab.simulation.scanning.acquisition import Scan, draw_scan, scan_image
from brainlab.simulation.scanning.head import Head, Native, brain_surface, draw_native, head_signal, resample
from brainlab.simulation.sequences.composition import VisitTissue, compose
from brainlab.simulation.sequences.registry import Reading, Sequence
from brainlab.simulation.sequences.scanners import Scanner
from brainlab.types import Float32Array, FloatArray, UInt8Array


@dataclass(frozen=True)
class Truth:
    """What is known of a visit, on one grid: each [X, Y, Z], with the affine from voxels to mm."""

    affine: FloatArray
    brain: UInt8Array
    labels: UInt8Array
    lesion: UInt8Array
    myelin: Float32Array
    stroke: UInt8Array | None
    """Mask of the acute infarct; None where the person has none at this visit."""


@dataclass(frozen=True)
class SimulatedImage:
    """One image [X, Y, Z] of a sequence, in the scanner's or the sequence's units, on the grid of its truth."""

    sequence: Sequence
    scan: Scan
    image: Float32Array
    also: dict[str, Float32Array]
    """Further images of the scan by BIDS suffix."""
    truth: Truth

    @property
    def affine(self) -> FloatArray:
        return self.truth.affine


@dataclass(frozen=True)
class HeadInScanner:
    """A person's head and how it lies in the scanner at a visit."""

    head: Head
    position: FloatArray


@dataclass(frozen=True)
class _Channels:
    """What one scan gives: channels [channels, X, Y, Z] relative to a reference tissue whose signal is `reference`."""

    scan: Scan
    channels: Float32Array
    reference: float
    truth: Truth
    skull_stripped: bool


def image_visit(
    visit: VisitTissue,
    sequences: tuple[Sequence, ...],
    scanner: Scanner,
    stream: Callable[[str], np.random.Generator],
    native: HeadInScanner | None = None,
) -> list[SimulatedImage]:
    """Return one image a sequence, in their order.

    stream: a scan's own random numbers by its name, so that no sequence changes another.
    native: None images the brain without skull on the template's grid.
    """
    truth = visit_truth(visit)
    if native is None:
        truth = _embedded(truth, visit.anatomy)
    scans: dict[str, _Channels] = {}
    for sequence in sequences:
        if sequence.scan not in scans:
            rng = stream(sequence.scan)
            scan = draw_scan(rng, scanner, sequence)
            scans[sequence.scan] = (
                _on_template(visit, truth, sequence, scan)
                if native is None
                else _whole_head(rng, visit, truth, sequence, scan, native)
            )
    return [_read(sequence, scans[sequence.scan]) for sequence in sequences]


def visit_truth(visit: VisitTissue) -> Truth:
    """Return the truth of a visit on the anatomy's box."""
    anatomy = visit.anatomy
    labels = visit.labels
    return Truth(
        affine=anatomy.affine,
        brain=(anatomy.brain >= 0.5).astype(np.uint8),
        labels=labels,
        lesion=(labels == 11).astype(np.uint8),
        myelin=lesions.myelin_map(anatomy, visit.lesions),
        stroke=None if visit.infarct is None else visit.infarct.mask(anatomy),
    )


def _read(sequence: Sequence, made: _Channels) -> SimulatedImage:
    """Read a sequence's images from the channels of its scan. Inside the brain no voxel is 0, as it is outside."""

    def read(reading: Reading) -> Float32Array:
        image = reading(made.channels, made.scan.technique, made.reference)
        return image if sequence.units else image * np.float32(made.scan.gain)

    image, also = read(sequence.reading), {suffix: read(reading) for suffix, reading in sequence.also}
    if made.skull_stripped:
        inside = made.truth.brain
        image = _inside(image, sequence, inside)
        also = {suffix: _inside(other, sequence, inside) for suffix, other in also.items()}
    return SimulatedImage(sequence, made.scan, image, also, made.truth)


def _inside(image: Float32Array, sequence: Sequence, brain: UInt8Array) -> Float32Array:
    return np.asarray(np.maximum(image, sequence.step) * brain, np.float32)


def _on_template(visit: VisitTissue, truth: Truth, sequence: Sequence, scan: Scan) -> _Channels:
    """Image the brain without skull on the template's grid."""
    anatomy, size = visit.anatomy, visit.anatomy.voxel_size_mm
    signal = compose(scan.technique, visit)
    reference = float(signal.tissue[TISSUES.index(sequence.reference)])
    channels = [
        anatomy.embed(scan_image(part, reference, scan, (size, size, size), number, resampled=True))
        for number, part in enumerate(signal.channels)
    ]
    return _Channels(scan, np.stack(channels), reference, truth, skull_stripped=True)


def _whole_head(
    rng: np.random.Generator,
    visit: VisitTissue,
    truth: Truth,
    sequence: Sequence,
    scan: Scan,
    native: HeadInScanner,
) -> _Channels:
    """Image the head on the scan's own grid."""
    grid = draw_native(rng, scan, visit.anatomy.voxel_size_mm, native.position)
    signal = compose(scan.technique, visit)
    reference = float(signal.tissue[TISSUES.index(sequence.reference)])
    x, y, z = np.abs(np.diag(grid.affine)[:3])
    template_mm = float(np.cbrt(np.linalg.det(native.position[:3, :3])))
    heads = head_signal(native.head, visit.anatomy, signal.channels, scan, template_mm)
    channels = [
        scan_image(resample(grid, part, native.head.affine), reference, scan, (x, y, z), number)
        for number, part in enumerate(heads)
    ]
    return _Channels(scan, np.stack(channels), reference, _resampled(truth, visit, grid), skull_stripped=False)


def _embedded(truth: Truth, anatomy: Anatomy) -> Truth:
    """Put the truth of the anatomy's box into the template's whole grid."""
    arrays = {name: anatomy.embed(getattr(truth, name)) for name in ("brain", "labels", "lesion", "myelin")}
    stroke = None if truth.stroke is None else anatomy.embed(truth.stroke)
    return Truth(affine=grid_affine(anatomy.voxel_size_mm), stroke=stroke, **arrays)


def _resampled(truth: Truth, visit: VisitTissue, grid: Native) -> Truth:
    """Bring the truth onto a scan's grid; the brain is then as one would draw it on the head."""
    affine = visit.anatomy.affine
    brain = (resample(grid, brain_surface(visit.anatomy), affine) >= 0.5).astype(np.uint8)
    labels = resample(grid, truth.labels, affine, order=0) * brain
    return Truth(
        affine=grid.affine,
        brain=brain,
        labels=labels,
        lesion=(labels == 11).astype(np.uint8),
        myelin=resample(grid, truth.myelin, affine),
        stroke=None if truth.stroke is None else resample(grid, truth.stroke, affine, order=0) * brain,
    )
