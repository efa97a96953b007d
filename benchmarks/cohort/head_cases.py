"""Heads to measure `brainlab prepare` on: real and simulated ones, turned, thick-sliced, mirrored, and what is no head.

`head_cases(real, simulated)` yields them in one order. A case with `head` belongs to that head, in whose own mm all
its contrasts lie but for `to_head`, so that their fits can be compared.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, product
from pathlib import Path

import numpy as np
from scipy import ndimage

from brainlab.cohort.registration.coregistration import fit
from brainlab.cohort.registration.head import foreground
from brainlab.cohort.registration.resampling import resample
from brainlab.images.volume import Volume
from brainlab.types import BoolArray, FloatArray

PATIENTS = {
    "patient01/study1": "FLAIR T1W T2W",
    "patient01/study2": "FLAIR T1W T2W",
    "patient03/study1": "FLAIR T2W",
    "patient03/study2": "FLAIR T1W T2W",
    "patient04/study1": "FLAIR T1W T2W",
    "patient09/study2": "FLAIR",
}
"""Of `ms/`; the given masks of patient03 cut off the frontal lobes and are not used."""
STRIPPED = "ms_mni/patient07/{}_N4_noneck_reduced_winsor_regtoFLAIR_brain_N4_regtoMNI"
OTHERS = (
    "misc/chris_t1",
    "misc/T1_head_ext2",
    "misc/T2w",
    "misc/dwi",
    "isles22/sub-strokecase0009/ses-0001/sub-strokecase0009_ses-0001_flair",
    "isles22/sub-strokecase0009/ses-0001/sub-strokecase0009_ses-0001_dwi",
    "isles22/sub-strokecase0009/ses-0001/sub-strokecase0009_ses-0001_adc",
    "orientations/RAS",
    "orientations/LIP",
)
TURNED = (
    "ms/patient01/study1_FLAIR",
    "ms/patient01/study2_T2W",
    "ms/patient04/study1_T1W",
    "ms/patient04/study1_T2W",
    "ms/patient03/study2_T2W",
    "misc/chris_t1",
    "misc/T1_head_ext2",
    "sim/1 FLAIR",
    "sim/1 T1SE",
    "sim/1 T2w",
    "sim/1 PDw",
    "sim/1 ADC",
)
TURNS = ((0, -30), (0, 45), (1, -40), (2, 30))
"""Axis and degrees."""
WRONG = ("ms/patient01/study1_FLAIR", "ms/patient04/study1_T2W", "misc/T1_head_ext2", "sim/1 PDw")
THICK_MM = 5.5
SIMULATED = {
    "FLAIR": ("anat", "FLAIR", ""),
    "T1w": ("anat", "T1w", "space-T1w_"),
    "T1SE": ("anat", "acq-SE_T1w", "space-T1SE_"),
    "T2w": ("anat", "T2w", "space-T2w_"),
    "PDw": ("anat", "PDw", "space-PDw_"),
    "DIR": ("anat", "DIR", "space-DIR_"),
    "S0": ("dwi", "S0map", "space-DWI_"),
    "DWI": ("dwi", "dwi", "space-DWI_"),
    "ADC": ("dwi", "ADC", "space-DWI_"),
    "MTR": ("anat", "MTRmap", "space-MTR_"),
    "FA": ("dwi", "FA", "space-FA_"),
    "RD": ("dwi", "RD", "space-FA_"),
    "AD": ("dwi", "AD", "space-FA_"),
    "DVR": ("pet", "trc-PIB_DVR", "space-DVR_"),
}
"""Sequence: folder, name, and what the name of its truth mask adds."""


@dataclass(frozen=True)
class HeadCase:
    """One image. to_head: [4, 4], its mm to those of `head`. mask: its given brain. wrong: only a refusal is right."""

    kind: str
    name: str
    volume: Volume
    mask: BoolArray | None = None
    head: str | None = None
    to_head: FloatArray | None = None
    wrong: bool = False


def head_cases(
    real: Path, simulated: Path | None, wanted: Callable[[str], bool] = lambda label: True
) -> Iterator[HeadCase]:
    """Yield all cases whose `kind name` is wanted; others are not made where that takes time."""
    upright = {}
    for case in chain(_real(real), _simulated(simulated) if simulated else ()):
        if case.name in {*TURNED, *WRONG}:
            upright[case.name] = case
        if wanted(f"{case.kind} {case.name}"):
            yield case
        if "T1" in case.name and case.kind in ("real", "simulated"):
            if wanted(f"thick {case.name} thick"):
                yield thick(case)
            if wanted(f"thick {case.name} Gd thick"):
                yield thick(_enhanced(case))
    for name, (axis, degrees) in product(TURNED, TURNS):
        if name in upright and wanted(f"turned {name} {'xyz'[axis]}{degrees:+d}"):
            yield turned(upright[name], axis, degrees)
    for name in WRONG:
        if name in upright and (wanted(f"wrong {name}") or wanted(f"quarter {name}")):
            yield from (case for case in _wrong(upright[name]) if wanted(f"{case.kind} {case.name}"))
    if wanted("no head"):
        yield from _no_heads(upright["misc/chris_t1"].volume)


def _real(folder: Path) -> Iterator[HeadCase]:
    for study, sequences in PATIENTS.items():
        head = f"ms/{study}"
        flair = Volume.load(folder / f"{head}_FLAIR.nii.gz")
        given = Volume.load(folder / f"{head}_brainmask_in_FLAIR.nii.gz")
        for sequence in sequences.split():
            to_head: FloatArray = np.eye(4)
            volume, mask = flair, given.data > 0.5
            if sequence != "FLAIR":
                volume = Volume.load(folder / f"{head}_{sequence}.nii.gz")
                to_head = np.linalg.inv(fit(flair, given.data > 0.5, volume).matrix)
                mask = resample(given, _shape(volume), volume.affine, to_head).data > 0.5
            known = None if "patient03" in study else mask
            yield HeadCase("real", f"{head}_{sequence}", volume, known, head, to_head)
    for sequence in ("FLAIR", "T1", "T1POST", "T2"):
        volume = Volume.load(folder / f"{STRIPPED.format(sequence)}.nii.gz")
        yield HeadCase("stripped", f"ms_mni/patient07/{sequence}", volume, volume.data > 0, "ms_mni/patient07")
    for name in OTHERS:
        head = name.rpartition("/")[0] if name.startswith(("isles22", "orientations")) else name
        yield HeadCase("real", name, Volume.load(folder / f"{name}.nii.gz"), head=head)


def _simulated(folder: Path) -> Iterator[HeadCase]:
    """Yield all sequences of each person's first visit in the output of `brainlab simulate`."""
    for number, person in enumerate(sorted(folder.glob("sub-*")), 1):
        for sequence, (kind, suffix, space) in SIMULATED.items():
            stem = f"{person.name}_ses-01"
            path = person / "ses-01" / kind / f"{stem}_{suffix}.nii.gz"
            mask = folder / "derivatives/truth" / person.name / "ses-01/anat" / f"{stem}_{space}desc-brain_mask.nii.gz"
            if path.exists() and mask.exists():
                volume, truth = Volume.load(path), Volume.load(mask).data > 0.5
                yield HeadCase("simulated", f"sim/{number} {sequence}", volume, truth, f"sim/{number}")


def turned(case: HeadCase, axis: int, degrees: float, voxel_mm: float = 1.5) -> HeadCase:
    """Turn the voxels of a head about its middle, header as if it were upright."""
    angle = np.deg2rad(degrees)
    plane = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turn = np.eye(4)
    turn[np.ix_([k for k in range(3) if k != axis], [k for k in range(3) if k != axis])] = plane
    volume = case.volume
    shape = np.array(volume.data.shape)
    middle = (volume.affine @ [*((shape - 1) / 2), 1])[:3]
    corners = np.array(np.meshgrid(*[[-0.5, 0.5]] * 3)).reshape(3, 8)
    extent_mm = np.ptp(turn[:3, :3].T @ volume.affine[:3, :3] @ (corners * shape[:, None]), axis=1)
    count = np.ceil(extent_mm / voxel_mm).astype(int)
    affine = np.diag([voxel_mm, voxel_mm, voxel_mm, 1.0])
    affine[:3, 3] = -voxel_mm * (count - 1) / 2
    to_old = turn.copy()
    to_old[:3, 3] = middle
    new_shape = (int(count[0]), int(count[1]), int(count[2]))
    data = resample(volume, new_shape, affine, to_old)
    mask = case.mask
    if mask is not None:
        mask = resample(Volume(mask.astype(np.float32), volume.affine), new_shape, affine, to_old).data > 0.5
    to_head = (np.eye(4) if case.to_head is None else case.to_head) @ to_old
    return replace(
        case, kind="turned", name=f"{case.name} {'xyz'[axis]}{degrees:+d}", volume=data, mask=mask, to_head=to_head
    )


def thick(case: HeadCase) -> HeadCase:
    """Average the slices of a head to 5.5 mm along its third axis."""
    step = case.volume.voxel_size_mm[2]
    height = step * case.volume.data.shape[2]
    fine = max(1, round(step / 0.5))
    data = np.repeat(case.volume.data, fine, axis=2)
    data = ndimage.uniform_filter1d(data, max(1, round(THICK_MM * fine / step)), axis=2, mode="nearest")
    count = int(height / THICK_MM)
    at = np.round((np.arange(count) + 0.5) * THICK_MM * fine / step - 0.5).astype(int)
    affine = case.volume.affine.copy()
    affine[:3, 2] *= THICK_MM / step
    affine[:3, 3] += case.volume.affine[:3, 2] * (at[0] - (fine - 1) / 2) / fine
    mask = None if case.mask is None else np.repeat(case.mask, fine, axis=2)[:, :, at]
    volume = Volume(np.ascontiguousarray(data[:, :, at]), affine)
    return replace(case, kind="thick", name=f"{case.name} thick", volume=volume, mask=mask)


def _enhanced(case: HeadCase) -> HeadCase:
    """Brighten what a contrast agent reaches: spots as vessels, skin and dura, where a T1 shows soft tissue."""
    random = np.random.default_rng(0)
    data = case.volume.data
    size = np.array(case.volume.voxel_size_mm)
    spots = ndimage.gaussian_filter(random.standard_normal(data.shape), 2.0 / size)
    spots = spots > np.percentile(spots, 97)
    inside = foreground(data)
    depth = ndimage.distance_transform_edt(inside, sampling=size)
    gain = 1 + 0.8 * spots + 0.5 * (depth < 6) * inside
    return replace(case, name=f"{case.name} Gd", volume=Volume((data * gain).astype(np.float32), case.volume.affine))


def _wrong(case: HeadCase) -> Iterator[HeadCase]:
    """Yield a head mirrored, with swapped axes, and turned by 90 and 180 degrees, header as if it were upright."""
    data, affine = case.volume.data, case.volume.affine
    for axis, name in ((1, "back to front"), (2, "upside down")):
        mirrored = Volume(np.ascontiguousarray(np.flip(data, axis)), affine)
        yield HeadCase("wrong", f"{case.name} {name}", mirrored, wrong=True)
    for axes in ((1, 0, 2), (0, 2, 1), (2, 1, 0)):
        size = np.diag([*np.array(case.volume.voxel_size_mm)[list(axes)], 1.0])
        swapped = Volume(np.ascontiguousarray(data.transpose(axes)), size)
        yield HeadCase("wrong", f"{case.name} axes {axes}", swapped, wrong=True)
    for axis, degrees in ((0, 90), (0, 180), (1, 180), (2, 180)):
        yield replace(turned(case, axis, degrees), kind="quarter", wrong=True)


def _no_heads(head: Volume) -> Iterator[HeadCase]:
    """Yield images without a brain in them, made of one head: attenuation as in CT and PET transmission, balls."""
    inside = foreground(head.data)
    size = np.array(head.voxel_size_mm)
    depth = ndimage.distance_transform_edt(inside, sampling=size)
    bone = (depth > 5) & (depth < 11)
    random = np.random.default_rng(0)
    for blur_mm in (1.0, 3.0, 6.0):
        transmission = ndimage.gaussian_filter(np.select([bone, inside], [0.13, 0.095], 0.0), blur_mm / size)
        transmission += random.normal(0, 0.003, transmission.shape)
        name = f"transmission {blur_mm:g} mm"
        yield HeadCase("no head", name, Volume(transmission.astype(np.float32), head.affine), wrong=True)
    soft = ndimage.gaussian_filter(random.standard_normal(head.data.shape), 2.0 / size) * 60 + 35
    ct = ndimage.gaussian_filter(np.select([bone, inside], [900.0, soft], -1000.0), 0.5 / size)
    yield HeadCase("no head", "CT", Volume(ct.astype(np.float32), head.affine), wrong=True)
    place = (np.indices((90, 110, 90)).T - [45, 55, 45]).T * 2.0
    radius = np.sqrt((place[0] / 70) ** 2 + (place[1] / 85) ** 2 + (place[2] / 65) ** 2)
    grid = np.diag([2.0, 2, 2, 1])
    ball = np.select([radius < 1, radius < 1.1, radius < 1.2], [100.0, 10, 90], 0)
    ball += random.normal(0, 3, ball.shape)
    yield HeadCase("no head", "ball in a shell", Volume(ball.astype(np.float32), grid), wrong=True)
    shaded = np.where(radius < 1, 50 + 50 * radius, 0) + random.normal(0, 3, ball.shape)
    yield HeadCase("no head", "shaded ball", Volume(shaded.astype(np.float32), grid), wrong=True)


def _shape(volume: Volume) -> tuple[int, int, int]:
    x, y, z = volume.data.shape
    return x, y, z
