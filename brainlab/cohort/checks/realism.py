"""How much people differ, and how their tissue looks: figures by which simulated brains are compared with real ones.

A model spends its code on what differs between people. So simulated people have to differ as real ones do: from each
other, from their own mirror image, in the outline, band by band of spatial frequency; and their tissue has to have the
contrast, the unevenness and the fine texture of a scan. All figures are of volumes of [0, 1] at 4 mm on the template's
grid (recipe flair-40), one scan a person, people in groups of seven, so that more people change nothing. What depends
on the number in a group is missing where there are fewer than seven.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from brainlab.cohort.prepared import PreparedDataset
from brainlab.cohort.recipes import RECIPES, flair_blocks
from brainlab.cohort.template import grid_affine, mni_tissue
from brainlab.errors import InputError
from brainlab.images.laplacian import laplacian_variance
from brainlab.images.volume import Volume
from brainlab.types import BoolArray, Float32Array, FloatArray, IntArray

GROUP = 7
MOST_PEOPLE = 140
BANDS = np.linspace(0, 0.5, 11)
"""Edges of the bands of spatial frequency, in cycles a voxel."""
IN_BRAIN = 0.15
"""Above it a voxel counts as brain, below as outside."""
STEP_MM = 4
VOXEL_ML = STEP_MM**3 / 1000


@dataclass(frozen=True)
class Reference:
    """A figure of real scans: mean and standard deviation over people, where they were measured one by one."""

    mean: float
    sd: float | None = None


REAL_FLAIR = {
    "pairwise_mse": Reference(0.0169),
    "voxel_sd": Reference(0.0484),
    "mirror_mse": Reference(0.0090),
    "outline_ml": Reference(153),
    "sharpness": Reference(0.092, 0.012),
    "grey_to_white": Reference(1.087, 0.053),
    "white_sd": Reference(0.079),
    "white_neighbours": Reference(0.79, 0.08),
    "dark_centre_ml": Reference(11.9, 8.5),
}
"""Of the FLAIR of seven people with multiple sclerosis at 3 T (open_ms_data, Lesjak et al. 2018), recipe flair-40."""

REAL_LOG_POWER = (7.13, 5.79, 4.79, 4.18, 3.72, 3.36, 3.03, 2.75, 2.51, 2.29)
REAL_DIFFERENCE_ENERGY = (2.44, 2.32, 2.28, 2.06, 1.81, 1.53, 1.22, 0.97, 0.79, 0.65)
"""By band, of the same people; the energy of differences in 1e-3."""

REAL_CONTRAST = {
    "FLAIR": {
        "deep_grey_to_white": Reference(0.99, 0.07),
        "fluid_to_white": Reference(0.60, 0.14),
    },
    "T1w": {
        "grey_to_white": Reference(0.86, 0.02),
        "deep_grey_to_white": Reference(0.97, 0.03),
        "fluid_to_white": Reference(0.61, 0.07),
        "sharpness": Reference(0.082),
        "white_sd": Reference(0.067),
    },
    "T2w": {
        "grey_to_white": Reference(1.35, 0.07),
        "deep_grey_to_white": Reference(1.23, 0.05),
        "fluid_to_white": Reference(2.31, 0.33),
        "sharpness": Reference(0.089),
        "white_sd": Reference(0.060),
    },
    "dwi": {
        "grey_to_white": Reference(1.04, 0.04),
        "deep_grey_to_white": Reference(0.79, 0.13),
        "fluid_to_white": Reference(0.55, 0.06),
        "sharpness": Reference(0.061),
        "white_sd": Reference(0.102),
    },
    "ADC": {
        "grey_to_white": Reference(1.20, 0.03),
        "deep_grey_to_white": Reference(1.48, 0.42),
        "fluid_to_white": Reference(2.88),
        "sharpness": Reference(0.109),
        "white_sd": Reference(0.131),
    },
}
"""By BIDS suffix: medians relative to white matter, prepared with flair-40, so with the partial volume of 4 mm: 11
FLAIR, 8 T1 (2D, 3 mm) and 7 T2 scans of open_ms_data, 2 b 1000 and 2 ADC maps of ISLES 2022."""


@dataclass(frozen=True, kw_only=True)
class Realism:
    """What a cohort's people look like and how they differ; intensities in [0, 1].

    people: how many there are. pairwise_mse: mean squared difference of two people. voxel_sd: standard deviation
    across people, mean over voxels. mirror_mse: squared difference of a scan and its own mirror image. outline_ml: sum
    of 2p(1-p) over voxels, p the share of people who have brain there. sharpness: variance of the Laplacian.
    grey_to_white: ratio of medians. white_sd: standard deviation in white matter inside one scan. white_neighbours:
    correlation of neighbouring voxels there, by which texture is told from speckle. dark_centre_ml: voxels darker than
    half of white matter about the ventricles. log_power and difference_energy (1e-3): by BANDS.
    Figures that compare people are missing (nan) where there is one person only, voxel_sd and outline_ml where there
    are fewer than seven; people beyond the last whole group are not compared.
    """

    people: int
    pairwise_mse: float
    voxel_sd: float
    mirror_mse: float
    outline_ml: float
    sharpness: float
    grey_to_white: float
    white_sd: float
    white_neighbours: float
    dark_centre_ml: float
    log_power: tuple[float, ...]
    difference_energy: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """Means over people: median intensity of a tissue relative to that of white matter; sharpness and white_sd as in
    `Realism`.
    """

    grey_to_white: float
    deep_grey_to_white: float
    fluid_to_white: float
    sharpness: float
    white_sd: float


@dataclass(frozen=True)
class Regions:
    """Voxels of the 4 mm grid, each [40, 48, 40]."""

    grey: BoolArray
    deep_grey: BoolArray
    white: BoolArray
    white_core: BoolArray
    fluid: BoolArray
    centre: BoolArray


@lru_cache(maxsize=1)
def regions() -> Regions:
    """Return where the template has which tissue nearly alone."""
    blocks = flair_blocks(4)
    tissue = mni_tissue()
    grey, white, fluid = (
        blocks.apply(Volume(share, grid_affine())).data for share in (tissue.grey, tissue.white, tissue.fluid)
    )
    place = np.indices(grey.shape)
    x, y, z = np.tensordot(blocks.affine[:3, :3], place, 1) + blocks.affine[:3, 3, None, None, None]
    i, j, k = place
    centre = (abs(i - 19.5) < 9) & (abs(j - 24) < 12) & (abs(k - 22) < 8)
    thalami = (abs(x) <= 16) & (abs(y + 18) <= 16) & (abs(z - 8) <= 8)
    return Regions(
        grey=grey > 0.75,
        deep_grey=(grey > 0.6) & thalami,
        white=white > 0.9,
        white_core=white > 0.95,
        fluid=(fluid > 0.6) & centre,
        centre=np.asarray(centre),
    )


@dataclass(frozen=True)
class SequenceRealism:
    """What was measured of the scans of one sequence.

    people, of: how many, and whom in words. contrast: tissue medians. realism: how people differ, of FLAIR alone, whose
    real figures are known.
    """

    people: int
    of: str
    contrast: Contrast
    realism: Realism | None


def measure(dataset: PreparedDataset) -> dict[str, SequenceRealism]:
    """Measure each sequence of a cohort, one scan a person: of people with multiple sclerosis, if there are two.

    The real people had multiple sclerosis; of a cohort without such people, everybody is measured, and of more than
    MOST_PEOPLE as many, evenly spaced. A scan of unknown sequence counts as FLAIR, which the recipe is for.
    Raises InputError where the volumes are not those of recipe flair-40.
    """
    recipe = RECIPES["flair-40"]
    if dataset.shape != recipe.shape or not np.allclose(dataset.affine, recipe.affine, atol=1e-3):
        raise InputError(f"realism: needs the 4 mm grid of recipe {recipe.name}, got {dataset.grid}")
    if not dataset.unit_range:
        raise InputError(f"realism: needs values from 0 to 1, as of recipe {recipe.name}, got z-scores")
    scans = dataset.scans.reset_index(drop=True)
    names = scans["modality"].fillna("FLAIR").astype(str) if len(dataset.channels) == 1 else None
    found = {}
    for channel, name in enumerate(dataset.channels if names is None else sorted(set(names))):
        rows = scans if names is None else scans[names == name]
        rows = rows.drop_duplicates("participant")
        patients = rows[rows["class"] == "ms"]
        of, chosen = ("people with multiple sclerosis", patients) if len(patients) > 1 else ("people", rows)
        places = chosen.index.to_numpy()
        places = places[np.linspace(0, len(places) - 1, min(len(places), MOST_PEOPLE)).round().astype(int)]
        volumes = dataset.batch(places)[:, channel if names is None else 0]
        found[name] = SequenceRealism(
            len(volumes), of, contrast(volumes), realism(volumes) if name == "FLAIR" else None
        )
    return found


@dataclass(frozen=True)
class Row:
    """One figure beside that of real scans; None where there is none."""

    name: str
    here: float | None
    real: float | None
    real_sd: float | None


def beside_real(sequence: str, measured: SequenceRealism) -> list[Row]:
    """Return every figure of a sequence beside the one of real scans."""
    rows: list[Row] = []
    if (found := measured.realism) is not None:
        rows += [_row(name, getattr(found, name), real) for name, real in REAL_FLAIR.items()]
        for name, values, reals in (
            ("log10_power", found.log_power, REAL_LOG_POWER),
            ("difference_energy", found.difference_energy, REAL_DIFFERENCE_ENERGY),
        ):
            for low, high, value, real_value in zip(BANDS[:-1], BANDS[1:], values, reals, strict=True):
                rows.append(_row(f"{name}_{low:.2f}_{high:.2f}", value, Reference(real_value)))
    real_contrast = REAL_CONTRAST.get(sequence, {})
    for name, value in dataclasses.asdict(measured.contrast).items():
        if not any(row.name == name for row in rows):
            rows.append(_row(name, value, real_contrast.get(name)))
    return rows


def _row(name: str, here: float, real: Reference | None) -> Row:
    return Row(name, here if np.isfinite(here) else None, real.mean if real else None, real.sd if real else None)


def realism(volumes: Float32Array) -> Realism:
    """Measure people [n, 40, 48, 40] in [0, 1], one scan each, on the grid of flair-40."""
    groups = [volumes[start : start + GROUP] for start in range(0, max(1, len(volumes) - GROUP + 1), GROUP)]
    pairs = [(group[i], group[j]) for group in groups for i in range(len(group)) for j in range(i)]
    some = regions()
    white = np.array([np.median(scan[some.white]) for scan in volumes])
    shares = [(group > IN_BRAIN).mean(0) for group in groups if len(group) == GROUP]
    outlines = [(2 * share * (1 - share)).sum() * VOXEL_ML for share in shares]
    bands = np.bincount(_band_of_frequency(volumes.shape[1:]).ravel(), minlength=len(BANDS))[: len(BANDS) - 1]
    powers = [_energy_by_band(scan - scan.mean()) / bands for scan in volumes]
    energies = [1000 * _energy_by_band(one - other) / one.size**2 for one, other in pairs]
    return Realism(
        people=len(volumes),
        pairwise_mse=_mean([np.square(one - other).mean() for one, other in pairs]),
        voxel_sd=_mean([group.std(0).mean() for group in groups if len(group) == GROUP]),
        mirror_mse=_mean([np.square(scan - scan[::-1]).mean() for scan in volumes]),
        outline_ml=_mean(outlines),
        sharpness=float(laplacian_variance(volumes, scale=1).mean()),
        grey_to_white=_ratio(volumes, some.grey, some.white),
        white_sd=_mean([scan[some.white].std() for scan in volumes]),
        white_neighbours=_mean([_neighbours(scan, some.white_core) for scan in volumes]),
        dark_centre_ml=_mean(
            [((scan < 0.5 * level) & some.centre).sum() * VOXEL_ML for scan, level in zip(volumes, white, strict=True)]
        ),
        log_power=tuple(np.mean(np.log10(powers), axis=0).round(4).tolist()),
        difference_energy=tuple(np.mean(energies, axis=0).round(4).tolist())
        if pairs
        else (float("nan"),) * (len(BANDS) - 1),
    )


def contrast(volumes: Float32Array) -> Contrast:
    """Measure tissue medians of people [n, 40, 48, 40] of one sequence, on the grid of flair-40."""
    some = regions()
    return Contrast(
        grey_to_white=_ratio(volumes, some.grey, some.white),
        deep_grey_to_white=_ratio(volumes, some.deep_grey, some.white),
        fluid_to_white=_ratio(volumes, some.fluid, some.white),
        sharpness=float(laplacian_variance(volumes, scale=1).mean()),
        white_sd=_mean([scan[some.white].std() for scan in volumes]),
    )


def _ratio(volumes: Float32Array, tissue: BoolArray, white: BoolArray) -> float:
    """Median of a tissue over that of white matter, mean over people; nan where white matter is black."""
    levels = np.array([[np.median(scan[where]) for where in (tissue, white)] for scan in volumes])
    seen = levels[levels[:, 1] > 0]
    return _mean((seen[:, 0] / seen[:, 1]).tolist())


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


@lru_cache(maxsize=1)
def _band_of_frequency(shape: tuple[int, ...]) -> IntArray:
    """Number of the band of each frequency of a volume [*shape]; the last is beyond the bands."""
    x, y, z = np.meshgrid(*(np.square(np.fft.fftfreq(side)) for side in shape), indexing="ij")
    return np.digitize(np.sqrt(x + y + z), BANDS) - 1


def _energy_by_band(image: Float32Array) -> FloatArray:
    """Sum of the squared spectrum in each band."""
    power = np.square(np.abs(np.fft.fftn(image)))
    energy = np.bincount(_band_of_frequency(image.shape).ravel(), power.ravel(), len(BANDS))
    return np.asarray(energy[: len(BANDS) - 1], np.float64)


def _neighbours(scan: Float32Array, inside: BoolArray) -> float:
    """Correlation of neighbouring voxels that both lie inside, mean over the three directions."""
    found = []
    for axis in range(3):
        low, high = ([slice(None)] * 3 for _ in range(2))
        low[axis], high[axis] = slice(None, -1), slice(1, None)
        both = inside[tuple(low)] & inside[tuple(high)]
        found.append(np.corrcoef(scan[tuple(low)][both], scan[tuple(high)][both])[0, 1])
    return float(np.mean(found))
