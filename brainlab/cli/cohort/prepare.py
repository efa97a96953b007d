"""`brainlab prepare`: from scans to a prepared dataset."""

import argparse
import dataclasses
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainlab.cli.common.lines import print_lines
from brainlab.cli.common.progress import progress
from brainlab.cli.common.workers import add_workers, workers_of
from brainlab.cohort.intensity import BRAIN
from brainlab.cohort.recipes import RECIPES, find_recipe
from brainlab.cohort.sources.image_files import LEFT_OUT
from brainlab.counted import counted
from brainlab.errors import InputError
from brainlab.images.grid import PLANES

if TYPE_CHECKING:
    from brainlab.cohort.preparation.batch import Report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source",
        type=Path,
        help="a BIDS dataset, FreeSurfer subjects, a folder of scans or of pictures of slices, or one such file",
    )
    parser.add_argument("out", type=Path, help="folder of the prepared dataset")
    listed = "; ".join(f"{recipe.name}: {recipe.summary}" for recipe in RECIPES.values())
    parser.add_argument("--recipe", required=True, metavar="NAME", help=f"{listed} (docs/recipes.md)")
    parser.add_argument(
        "--modalities",
        nargs="+",
        metavar="NAME",
        help="of a recipe for several sequences, those to use as channels (default: all); of the recipe sequences any, "
        "as the names of the files end, the first that which the others are brought onto",
    )
    parser.add_argument(
        "--plane", choices=PLANES, help="what the pictures show, of recipes for pictures (default: axial)"
    )
    parser.add_argument(
        "--scale-by",
        type=Path,
        metavar="PREPARED|brain",
        help="of recipes that make z-scores, use the means and standard deviations of this dataset, such as one that a "
        "model was trained on; 'brain' takes those of each scan's own brain, for scanners whose units differ (default: "
        "those of this cohort's training participants)",
    )
    parser.add_argument(
        "--paper-exact", action="store_true", help="keep an error of the published code (ixi-slices-128 has one)"
    )
    parser.add_argument(
        "--labels", metavar="COL", help="column with the class (default: class, diagnosis, dx or group)"
    )
    add_workers(parser)
    parser.add_argument(
        "--include",
        metavar="GLOB",
        help="use every file whose path or name matches, whatever its sequence, and no others "
        "(default: the recipe's sequence, one version per visit)",
    )
    parser.add_argument(
        "--table", type=Path, metavar="CSV", help="maps file to participant, class, age, ...; no other file is taken"
    )
    parser.add_argument(
        "--class-folders", action="store_true", help="the folders directly below the source name the classes"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace a prepared dataset of other scans or of another recipe"
    )
    parser.add_argument(
        "--segmentations",
        type=Path,
        metavar="FOLDER",
        help="BIDS derivatives with a label image of each scan (sub-*/ses-*/anat/*_dseg.nii.gz; names of labels in "
        "dseg.tsv), which is carried along into segmentations.npy",
    )
    parser.add_argument("--keep-intermediate", action="store_true", help="also write masks and registered scans")
    parser.add_argument(
        "--image-of-series",
        type=int,
        metavar="N",
        help="of 4D files, the image to use, counted from 0 (default: the mean of those without diffusion weighting, "
        "by the .bval beside; of all where there is none; dwi-slices-128 takes the weighted ones)",
    )
    parser.add_argument(
        "--dtype", choices=("uint8", "float16"), help="stored type (default: uint8; float16 for z-scores)"
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.cohort.preparation.batch import check_place, prepare_cohort
    from brainlab.cohort.sources.discovery import find_sources

    workers = workers_of(args)
    if args.image_of_series is not None and args.image_of_series < 0:
        raise InputError(f"--image-of-series {args.image_of_series}: images are counted from 0")
    recipe = find_recipe(args.recipe, args.paper_exact)
    recipe = recipe.of_sequences(args.modalities) if args.modalities else recipe
    recipe = recipe.of_plane(args.plane) if args.plane else recipe
    by_brain = args.scale_by == Path(BRAIN)
    recipe = recipe.scaled_by_brain() if by_brain else recipe
    found = find_sources(args.source, recipe, args.labels, args.include, args.table, args.class_folders)
    check_place(found, args.out, recipe, args.dtype, args.overwrite, labelled=args.segmentations is not None)
    if found.warnings:  # before hours of work, so that a wrong guess can be stopped
        print_lines([f"scans to prepare: {len(found.scans)}", *note_lines(found.warnings)], sys.stderr)
    report = prepare_cohort(
        found,
        args.out,
        recipe,
        workers=workers,
        keep_intermediate=args.keep_intermediate,
        dtype=args.dtype,
        overwrite=args.overwrite,
        track=lambda scans, total: progress(scans, "preparing", total),
        image_of_series=args.image_of_series,
        scale_by=None if by_brain else args.scale_by,
        segmentations=args.segmentations,
    )
    lines = _lines(report, report.warnings[len(found.warnings) :], args.out)
    return {**dataclasses.asdict(report), "lines": lines, "exit_code": 0 if report.scans else 2}


def _lines(report: "Report", notes: Sequence[Mapping[str, str]], out: Path) -> list[str]:
    """Return what a person wants to read: failures and new warnings by file, then the count."""
    lines = [f"failed ({item['stage']})  {item['path']}: {item['reason']}" for item in report.failed]
    lines += note_lines(notes)
    shape = "x".join(map(str, report.shape))
    place = f" in {out}" if report.scans else "; nothing written"
    lines.append(f"{counted(report.scans, 'scan')} prepared ({shape}), {len(report.failed)} failed{place}")
    return lines


def note_lines(notes: Sequence[Mapping[str, str]], most: int = 5) -> list[str]:
    """Return warnings a line each; of the scans that were left out only the first, and how many more there are."""
    left_out = [note for note in notes if note["reason"].startswith(LEFT_OUT)]
    left_out.sort(key=lambda note: note["path"] != ".")  # counts before single files
    lines = [f"warning  {note['path']}: {note['reason']}" for note in notes if note not in left_out]
    lines += [f"{LEFT_OUT}{note['path']}: {note['reason'].removeprefix(LEFT_OUT)}" for note in left_out[:most]]
    if len(left_out) > most:
        lines.append(f"{LEFT_OUT}{len(left_out) - most} more; --json lists all")
    return lines
