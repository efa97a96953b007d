"""What is looked at when a study is locked and never refuses it: copies of training scans, and the spectrum.

The gate itself is `reading.blinding`. Here are warnings about the models' own doing, kept with the lock for the report.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy.stats import binomtest

from brainlab.cohort.origin import lineage
from brainlab.cohort.prepared import PreparedDataset
from brainlab.counted import noun
from brainlab.errors import InputError
from brainlab.evaluation.copies import RARE, closeness, judge
from brainlab.evaluation.metrics.spectrum import radial_power, spectral_distance_db
from brainlab.evaluation.neighbours import nearest
from brainlab.experiments.studies.stimuli import CohortSupply, Stimulus, Supply
from brainlab.images.grid import Grid
from brainlab.images.pictures import to_bytes, to_unit
from brainlab.runs.provenance import recognise
from brainlab.runs.run import Run
from brainlab.types import Float32Array, FloatArray, IntArray, UInt8Array

SPECTRUM_IMAGES = 50
RELABELLINGS = 200
HELD_OUT_SCANS = 200
BLOCK = 64
IDENTICAL = 1e-9

Cut = tuple[str, int | None] | None
"""Plane and number of a slice, without number where the image is a slice itself; None for whole volumes."""


@dataclass(frozen=True)
class Closeness:
    """How close a source's fakes are to the scans that its run was trained on.

    checked: False where that cannot be known, with the `reason`. n: fakes. training_scans: those at hand, of the
    `training_scans_total` of the run. share_closer, share_copies: of the fakes, see `copies.Judged`. warned: more
    copies than chance makes.
    """

    name: str
    checked: bool
    reason: str = ""
    n: int = 0
    training_scans: int = 0
    training_scans_total: int = 0
    held_out_scans: int = 0
    share_closer: float | None = None
    share_copies: float | None = None
    warned: bool = False

    def to_dict(self) -> dict[str, object]:
        return asdict(self)


def closeness_to_training(
    name: str, run: Run, fakes: Sequence[Stimulus], supplies: Sequence[Supply], datasets: Sequence[PreparedDataset]
) -> Closeness:
    """Compare the fakes of a run with the scans it was trained on, slice by slice as readers see them.

    supplies: of the study; held-out scans of its cohorts are the yardstick. datasets: cohorts at hand, in which
    training scans are looked for by the hashes that the run keeps.
    """
    total = sum(int(data.get("scans", 0)) for data in lineage(run.settings))
    training = training_scans(run, datasets)
    held_out = [
        _as_seen(run, supply.dataset, supply.held_out[:HELD_OUT_SCANS])
        for supply in supplies
        if isinstance(supply, CohortSupply) and run.fits(supply.dataset)
    ]
    owners = [data.scans["participant"].to_numpy(dtype=str)[rows] for data, rows in training]
    people = np.concatenate([np.empty(0, dtype=str), *owners])
    if len(set(people)) < 3:
        cohort = run.settings["data"].get("name", "unknown")
        reason = f"the scans of its training cohort ({cohort}) are not available"
        return Closeness(name, False, reason, len(fakes), training_scans_total=total)
    if sum(len(rows) for _, rows in held_out) < 5:
        reason = "there are fewer than five held-out real scans on its grid to compare with"
        return Closeness(name, False, reason, len(fakes), training_scans_total=total)
    comparable = _comparable(run.grid, fakes)
    known = _cut_all(training, list(comparable))
    reference = _cut_all(held_out, list(comparable))
    found: dict[str, list[FloatArray]] = {"fake": [], "held out": []}
    for cut, images in comparable.items():
        for label, group in (("fake", images), ("held out", _unit(reference[cut]))):
            found[label].append(closeness(group, _unit(known[cut]), people))
    closer, copies = judge(np.concatenate(found["fake"]), np.concatenate(found["held out"]))
    return Closeness(
        name,
        True,
        "",
        len(fakes),
        len(people),
        total,
        sum(len(rows) for _, rows in held_out),
        float(closer.mean()),
        float(copies.mean()),
        bool(binomtest(int(copies.sum()), len(copies), RARE, alternative="greater").pvalue < 0.01),
    )


def refuse_known_scans(
    name: str, reals: Sequence[Stimulus], runs: Sequence[Run], datasets: Sequence[PreparedDataset]
) -> None:
    """Raise InputError when a real case is, voxel by voxel, a scan that a run was trained on, whatever it is called."""
    same = 0
    for data in datasets:
        seen = np.zeros(len(data), dtype=bool)
        for run in runs:
            seen |= recognise(run, data).seen
        if seen.sum() < 2:
            continue
        comparable = _comparable(data.grid, reals)
        for cut, levels in _cut_all([(data, np.flatnonzero(seen))], list(comparable)).items():
            known = _unit(levels)
            distances = nearest(comparable[cut], known).distances
            same += int((distances[:, 0] < IDENTICAL).sum())
    if same:
        raise InputError(
            f"{name}: {same} of its images {noun(same, 'is', 'are')}, voxel by voxel, "
            f"{noun(same, 'a scan', 'scans')} that a run was trained on under other names; take them out, or read "
            "another cohort"
        )


def training_scans(run: Run, datasets: Sequence[PreparedDataset]) -> list[tuple[PreparedDataset, IntArray]]:
    """Return the scans of people that a run was trained on, as the run sees them: datasets with rows."""
    found = [(data, np.flatnonzero(recognise(run, data).seen)) for data in datasets if run.fits(data)]
    return [_as_seen(run, data, rows) for data, rows in found if len(rows)]


def _as_seen(run: Run, data: PreparedDataset, rows: IntArray) -> tuple[PreparedDataset, IntArray]:
    """Return a dataset as a run sees it, and which of its rows are of some scans: a run of slices sees many a scan."""
    seen = run.see(data)
    return seen, np.flatnonzero(np.repeat(np.isin(np.arange(len(data)), rows), len(seen) // len(data)))


@dataclass(frozen=True)
class Spectrum:
    """How far the mean spectrum of a source's fakes is from that of the real images.

    distance_db: root mean square over the frequencies. chance_db: what 95% of relabellings of the same images stay
    below. warned: above it. Fakes are never repaired: the spectrum is the models' own doing.
    """

    name: str
    n: int
    distance_db: float
    chance_db: float
    warned: bool

    def to_dict(self) -> dict[str, object]:
        return asdict(self)


def power_of(pixels: UInt8Array) -> FloatArray:
    """Return the power of a rendered image over the frequencies: [bins]."""
    return radial_power(_unit(pixels[None]))[1][0]


def compare_spectra(name: str, fake: Sequence[FloatArray], real: Sequence[FloatArray], seed: int) -> Spectrum:
    """Compare spectra from `power_of` of a source's fakes with those of real images."""
    random = np.random.default_rng(seed)
    together = np.stack([*fake, *real])
    chance = []
    for _ in range(RELABELLINGS):
        order = random.permutation(len(together))
        chance.append(spectral_distance_db(together[order[: len(fake)]], together[order[len(fake) :]]))
    distance, limit = spectral_distance_db(np.stack(fake), np.stack(real)), float(np.quantile(chance, 0.95))
    return Spectrum(name, len(fake), distance, limit, distance > limit)


def _comparable(grid: Grid, stimuli: Sequence[Stimulus]) -> dict[Cut, Float32Array]:
    """Group images by how images of a grid are cut to be compared with them: {cut: [n, *shape]}.

    Slices of which a prepared dataset is made have no number, so that each is compared with all images of its plane.
    Images that nothing on the grid can be compared with are left out.
    """
    groups: dict[Cut, list[Float32Array]] = {}
    for stimulus in stimuli:
        plane, number = stimulus.detail.get("plane"), stimulus.detail.get("slice")
        cut: Cut = None if plane is None else (plane, number if grid.plane is None else None)
        shape = _shape_of(grid, cut)
        if shape == stimulus.image.shape:
            groups.setdefault(cut, []).append(stimulus.image)
    return {cut: np.stack(groups[cut]).astype(np.float32) for cut in sorted(groups, key=str)}


def _shape_of(grid: Grid, cut: Cut) -> tuple[int, ...] | None:
    """Return the shape of a cut through an image of a grid; None where there is no such cut."""
    if cut is None:
        return grid.shape if grid.plane is None else None
    plane, number = cut
    numbered = number is not None and number < grid.depth(plane) if grid.plane is None else grid.plane == plane
    return tuple(reversed(grid.slice_grid(plane, number).shape)) if numbered else None


def _cut_all(scans: Sequence[tuple[PreparedDataset, IntArray]], cuts: Sequence[Cut]) -> dict[Cut, UInt8Array]:
    """Cut the same slices out of many scans, each of which is read once: {cut: [n, rows, columns]}."""
    found: dict[Cut, list[UInt8Array]] = {cut: [] for cut in cuts}
    for data, rows in scans:
        for start in range(0, len(rows), BLOCK):
            for volume in data.batch(rows[start : start + BLOCK])[:, 0]:
                levels = to_bytes(volume)
                for cut in cuts:
                    found[cut].append(levels if cut is None else data.grid.view(levels, *cut))
    return {cut: np.stack(images) for cut, images in found.items()}


def _unit(levels: UInt8Array) -> Float32Array:
    return to_unit(levels)
