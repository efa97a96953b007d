"""Measure `brainlab prepare` on real heads: mask overlap, seconds a scan on one core, and turned headers.

    BRAINLAB_REALDATA=FOLDER python -m benchmarks.cohort.preparation [--montage heads.png]

FOLDER holds scans of public data sets: `ms/` (open MS data, longitudinal), `ms_mni/` (cross-sectional) and `misc/`
(niivue's demo images). Given masks are compared in native space; without one, the mask on the template with the
template's own. The masks of ms/patient03 cut off the frontal lobes and are not used.
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np
from PIL import Image

from brainlab.cohort.preparation.placement import Placement, place_on_template
from brainlab.cohort.template import mni_tissue
from brainlab.errors import BrainlabError
from brainlab.grid import Grid
from brainlab.types import BoolArray
from brainlab.volume import Volume

NO_MASK = (
    "ms/patient03/study1_FLAIR",
    "ms/patient03/study2_FLAIR",
    "misc/chris_t1",
    "misc/T1_head_ext2",
    "misc/T2w",
    "ms_mni/patient07/FLAIR_N4_noneck_reduced_winsor_regtoFLAIR_brain_N4_regtoMNI",
)
WITH_MASK = (
    "ms/patient01/study1_FLAIR",
    "ms/patient01/study2_FLAIR",
    "ms/patient04/study1_FLAIR",
    "ms/patient09/study2_FLAIR",
)
PLANES = (60, 80, 100, 120)
"""Axial planes of the template's 1 mm grid that the montage shows."""


def dice(a: BoolArray, b: BoolArray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def turned(volume: Volume, degrees: float = 20.0, shift_mm: float = 50.0) -> Volume:
    """Turn a header about all three axes at once, and shift it."""
    axis = np.ones(3) / np.sqrt(3)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    angle = np.deg2rad(degrees)
    matrix = np.eye(4)
    matrix[:3, :3] += np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    matrix[:3, 3] = shift_mm
    return Volume(volume.data, matrix @ volume.affine)


def measure(folder: Path, name: str) -> tuple[float, Placement]:
    """Place one scan, print a row of the table, and return its overlap."""
    volume = Volume.load(folder / f"{name}.nii.gz")
    start = time.process_time()
    placement = place_on_template(volume)
    seconds = time.process_time() - start
    again = place_on_template(turned(volume))
    if name in WITH_MASK:
        given = Volume.load(folder / f"{name.replace('_FLAIR', '_brainmask_in_FLAIR')}.nii.gz").data > 0.5
        kind, scores = "native", (dice(placement.native_mask, given), dice(again.native_mask, given))
    else:
        template = mni_tissue().brain
        masks = (placement.template_mask(volume).data, again.template_mask(turned(volume)).data)
        kind, scores = "template", (dice(masks[0] > 0.5, template), dice(masks[1] > 0.5, template))
    print(
        f"| {name[:36]} | {kind} | {scores[0]:.3f} | {abs(scores[1] - scores[0]):.5f} | {seconds:.1f} "
        f"| {placement.scores['scale']:.2f} | {placement.scores['similarity']:.2f} |",
        flush=True,
    )
    return scores[0], placement


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--montage", type=Path, help="also write a PNG of the placed heads")
    args = parser.parse_args()
    folder = Path(os.environ.get("BRAINLAB_REALDATA") or parser.error("BRAINLAB_REALDATA must name a folder"))
    print("| scan | mask compared in | Dice | change when turned | CPU s | scale | mutual information |")
    print("|---|---|---|---|---|---|---|")
    scores, rows = {}, []
    for name in (*WITH_MASK, *NO_MASK):
        try:
            scores[name], placement = measure(folder, name)
        except BrainlabError as error:
            print(f"| {name[:36]} | refused: {error} | | | | | |", flush=True)
            continue
        placed = placement.on_template()
        grid = Grid(placed.data.shape, placed.affine)
        image = np.clip(placed.data / np.percentile(placed.data[placed.data > 0], 99), 0, 1)
        rows.append(np.concatenate([grid.view(image, "axial", number) for number in PLANES], axis=1))
    native = [scores[name] for name in WITH_MASK if name in scores]
    print(f"\nnative masks: mean Dice {np.mean(native):.3f}, worst {min(native):.3f}")
    if args.montage:
        Image.fromarray((np.concatenate(rows, axis=0) * 255).astype(np.uint8)).save(args.montage)


if __name__ == "__main__":
    main()
