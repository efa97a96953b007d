"""Measure `brainlab prepare` on heads: overlap of masks, agreement of contrasts and of turned heads, refusals, time.

    brainlab simulate SIM --participants 6 --seed 4 --space native \
        --modalities FLAIR T1w T1SE T2w PDw DIR DWI ADC MTR FA RD AD DVR
    BRAINLAB_REALDATA=FOLDER python -m benchmarks.cohort.preparation TABLE.tsv [--simulated SIM] [--montages PNGS]

FOLDER holds scans of public data sets: `ms/` (open MS data, longitudinal), `ms_mni/` (cross-sectional), `isles22/`,
`misc/` (niivue's demo images) and `orientations/`. TABLE.tsv gets a line for each case of `head_cases` as it is
measured; `--only TEXT ...` takes the cases with such a kind or name, and `--summary` prints what a table says again.
Displacement is the mean over brain points from the median fit of a head's
contrasts, from the upright fit for turned heads. With all kinds and six people this takes half an hour on one core.
"""

import argparse
import csv
import os
import resource
import time
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from scipy import ndimage

from benchmarks.cohort.head_cases import HeadCase, head_cases
from brainlab.cohort.preparation.scan_checks import check_scan
from brainlab.cohort.registration.placement import Placement, place_on_template
from brainlab.cohort.template import grid_affine, mni_tissue
from brainlab.errors import BrainlabError
from brainlab.types import BoolArray, FloatArray

SCORES = ["similarity", "gain", "fall", "scale", "brain_ml"]
COLUMNS = ["kind", "name", "outcome", "dice", "on_template", "displacement_mm", "cpu_s", "peak_mib"]
COLUMNS += [*SCORES, "wrong", "head", "matrix"]
LEAST_DICE, MOST_MM, MOST_TURNED_MM = 0.95, 2.5, 3.0


def dice(a: BoolArray, b: BoolArray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def brain_points() -> FloatArray:
    """Return points of the template's brain, [4, N] in mm."""
    points = np.argwhere(mni_tissue().brain[::8, ::8, ::8]) * 8
    return grid_affine() @ np.concatenate([points.T, np.ones((1, len(points)))])


def measure(case: HeadCase) -> tuple[dict[str, object], Placement | None]:
    """Place one head; return its line of the table."""
    row: dict[str, object] = {"kind": case.kind, "name": case.name, "wrong": int(case.wrong), "head": case.head}
    start = time.process_time()
    placement = None
    try:
        check_scan(case.volume)
        placement = place_on_template(case.volume)
        row |= {"outcome": "accepted", **{k: f"{v:.4g}" for k, v in placement.scores.items()}}
    except BrainlabError as error:
        row["outcome"] = str(error)
    row["cpu_s"] = f"{time.process_time() - start:.2f}"
    row["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    if placement is not None:
        if case.mask is not None:
            row["dice"] = f"{dice(placement.native_mask, case.mask):.4f}"
        template = placement.template_mask(case.volume).data > 0.5
        row["on_template"] = f"{dice(template, mni_tissue().brain):.4f}"
        to_head = np.eye(4) if case.to_head is None else case.to_head
        row["matrix"] = " ".join(f"{x:.6g}" for x in (to_head @ placement.template_to_native).ravel())
    return row, placement


def draw(case: HeadCase, placement: Placement, path: Path) -> None:
    """Write three sections through each axis of the scan, with the outline of the mask."""
    data, mask = case.volume.data, placement.native_mask
    size = np.array(case.volume.voxel_size_mm)
    bright = float(np.percentile(data[mask], 99))
    rows = []
    for axis in range(3):
        filled = np.flatnonzero(mask.any(tuple(k for k in range(3) if k != axis)))
        for share in (0.3, 0.5, 0.7):
            at = int(filled[int(share * (len(filled) - 1))])
            zoom = size[[k for k in range(3) if k != axis]] / 1.5
            plane = ndimage.zoom(np.clip(data.take(at, axis) / bright, 0, 1), zoom, order=1)
            inside = ndimage.zoom(mask.take(at, axis).astype(np.float32), zoom, order=1) > 0.5
            edge = inside & ~ndimage.binary_erosion(inside)
            tile = np.zeros((180, 180, 3))
            picture = np.where(edge[..., None], [1, 0.2, 0], plane[..., None])[:180, :180]
            tile[: picture.shape[0], : picture.shape[1]] = picture
            rows.append(np.flip(tile.transpose(1, 0, 2), 0))
    Image.fromarray((np.concatenate(rows, axis=1) * 255).clip(0, 255).astype(np.uint8)).save(path)


def with_displacements(table: pd.DataFrame) -> pd.DataFrame:
    """Fill in how far each fit lies from those of the same head."""
    points = brain_points()
    table = table.copy()
    fits = {i: np.array(m.split(), float).reshape(4, 4) for i, m in table["matrix"].dropna().items()}
    moved = {i: (fit @ points)[:3] for i, fit in fits.items()}
    for _, group in table[table["head"].notna()].groupby("head"):
        upright = [i for i in group.index if i in moved and group.kind[i] in ("real", "simulated", "stripped")]
        if not upright:
            continue
        middle = np.median([moved[i] for i in upright], axis=0)
        for i in group.index.intersection(list(moved)):
            own = [k for k in upright if group["name"][i].startswith(group["name"][k] + " ")]
            other = middle if i in upright or not own else moved[own[-1]]
            table.loc[i, "displacement_mm"] = np.linalg.norm(moved[i] - other, axis=0).mean()
    return table


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return counts and extremes for each kind and, of upright heads, each sequence."""
    table = with_displacements(table)
    accepted = table.outcome == "accepted"
    sequence = table["name"].str.extract(r"([A-Za-z0-9]+)$")[0].str.upper().str.rstrip("W")
    label = table.kind.where(~table.kind.isin(["real", "simulated"]), table.kind + " " + sequence)
    rows = []
    for kind, part in table.groupby(label, sort=False):
        good = part[accepted[part.index]]
        limit = MOST_MM if str(kind).startswith(("real", "simulated")) else MOST_TURNED_MM
        rows.append(
            {
                "kind": kind,
                "cases": len(part),
                "refused": len(part) - len(good),
                "dice mean": good.dice.mean(),
                "dice least": good.dice.min(),
                f"dice<{LEAST_DICE}": int((good.dice < LEAST_DICE).sum()),
                "mm mean": good.displacement_mm.mean(),
                "mm most": good.displacement_mm.max(),
                "too far": int((good.displacement_mm > limit).sum()),
                "MI least": good.similarity.min(),
                "scale": f"{good['scale'].min():.2f}-{good['scale'].max():.2f}",
                "s of 9 in 10": part.cpu_s.quantile(0.9),
            }
        )
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("--simulated", type=Path, help="output of `brainlab simulate`")
    parser.add_argument("--only", nargs="*", default=[""], help="cases whose kind or name holds one of these")
    parser.add_argument("--montages", type=Path, help="also write a PNG of each placed head into this folder")
    parser.add_argument("--summary", action="store_true", help="measure nothing, print what the table says")
    args = parser.parse_args()
    if not args.summary:
        real = Path(os.environ.get("BRAINLAB_REALDATA") or parser.error("BRAINLAB_REALDATA must name a folder"))
        if args.montages:
            args.montages.mkdir(parents=True, exist_ok=True)
        with args.table.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, delimiter="\t", extrasaction="ignore")
            writer.writeheader()
            for case in head_cases(real, args.simulated, lambda label: any(text in label for text in args.only)):
                row, placement = measure(case)
                writer.writerow(row)
                file.flush()
                if placement is not None and args.montages:
                    draw(case, placement, args.montages / f"{case.kind} {case.name.replace('/', '_')}.png")
    table = pd.read_csv(args.table, sep="\t")
    with pd.option_context("display.width", 200, "display.max_columns", None, "display.precision", 3):
        print(summary(table).to_string(index=False))
        quantiles = table.cpu_s.quantile([0.5, 0.9, 1]).to_list()
        print("CPU s: median {:.1f}, 9 of 10 within {:.1f}, most {:.1f}".format(*quantiles), end="; ")
        print(f"peak {table.peak_mib.max()} MiB")


if __name__ == "__main__":
    main()
