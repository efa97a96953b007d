"""`brainlab translate RUN SRC OUT`: a sequence that was not taken, made from those that were."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainlab.cli.common.device import add_device
from brainlab.cli.common.output import add_overwrite, written
from brainlab.cli.common.progress import progress
from brainlab.cli.common.split import add_split
from brainlab.counted import counted
from brainlab.errors import BrainlabError, InputError

if TYPE_CHECKING:
    from brainlab.runs.run import Run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_folder", type=Path, metavar="RUN")
    parser.add_argument(
        "source",
        type=Path,
        metavar="SRC",
        help="a BIDS dataset or a folder of scans with the run's inputs of each visit, or a prepared dataset",
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for a NIfTI of each visit")
    parser.add_argument(
        "--table", type=Path, metavar="CSV", help="maps file to participant, session and modality; no other is taken"
    )
    add_split(parser, "of a prepared dataset, which scans")
    add_overwrite(parser)
    add_device(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.cohort.sources.image_files import is_prepared_dataset
    from brainlab.experiments.export import whole_folder
    from brainlab.runs.run import load_run

    chosen = load_run(args.run_folder, args.device)
    chosen.require("translate")
    prepared = args.source.is_dir() and is_prepared_dataset(args.source)
    if prepared and args.table:
        raise InputError(f"--table: {args.source} is prepared already and has a table of its own; leave it out")
    if not prepared and args.split:
        raise InputError(f"--split: {args.source} has none, as it is not a prepared dataset; leave it out")
    failed: list[dict[str, str]] = []
    warnings: list[dict[str, str]] = []
    with whole_folder(args.out, "brainlab translate", overwrite=args.overwrite) as scratch:
        made = _rows(chosen, args, scratch, warnings) if prepared else _visits(chosen, args, scratch, failed, warnings)
        names = [path.name for path in made]
        if not names:
            raise InputError("; ".join(f"{item['path']}: {item['reason']}" for item in failed))
    lines = [f"failed  {item['path']}: {item['reason']}" for item in failed]
    lines += [f"warning  {item['path']}: {item['reason']}" for item in warnings]
    done = f"{counted(len(names), 'scan')} of {chosen.config.target} made from {', '.join(chosen.config.inputs)}"
    return {
        "files": [str(args.out / name) for name in names],
        "failed": failed,
        "warnings": warnings,
        "text": "\n".join([*lines, done, written(names, args.out)]),
    }


def _rows(chosen: "Run", args: argparse.Namespace, scratch: Path, warnings: list[dict[str, str]]) -> Iterator[Path]:
    """Translate rows of a prepared dataset, on its own grid."""
    from brainlab.cohort.prepared import PreparedDataset
    from brainlab.experiments.export import save_image, scan_name
    from brainlab.experiments.synthesis.whole_scans import (
        other_scale_warning,
        refuse_other_scans,
        rows_of_split,
        translate_row,
    )
    from brainlab.runs.image_provenance import translated_by
    from brainlab.runs.matching.own_recipe import own_recipe_warning

    data = PreparedDataset.open(args.source)
    refuse_other_scans(chosen, data)
    for warning in (own_recipe_warning(chosen, data), other_scale_warning(chosen, data)):
        warnings += [{"path": str(data.folder), "reason": warning}] if warning else []
    rows = rows_of_split(chosen, data, args.split)
    said = translated_by(chosen, data.recipe["name"])
    for row in progress(rows, "translating", len(rows)):
        name = f"{scan_name(data.scans.iloc[int(row)], int(row))}_{chosen.config.target}"
        yield save_image(translate_row(chosen, data, int(row)), data.grid, scratch / name, said)


def _visits(
    chosen: "Run",
    args: argparse.Namespace,
    scratch: Path,
    failed: list[dict[str, str]],
    warnings: list[dict[str, str]],
) -> Iterator[Path]:
    """Translate visits, each in the space of its first input; one that cannot be prepared is told and left out."""
    import pandas as pd

    from brainlab.cohort.sources.discovery import find_sources
    from brainlab.experiments.export import save_image, scan_name
    from brainlab.experiments.synthesis.whole_scans import recipe_of_inputs, translate_visit
    from brainlab.images.grid import Grid
    from brainlab.runs.image_provenance import translated_by

    recipe = recipe_of_inputs(chosen)
    found = find_sources(args.source, recipe, table=args.table)
    warnings += found.warnings
    said = translated_by(chosen, recipe.name)
    for number, source in enumerate(progress(found.scans, "translating", len(found.scans))):
        try:
            made = translate_visit(chosen, source, recipe)
        except BrainlabError as error:
            failed.append({"path": source.relative, "reason": getattr(error, "reason", str(error))})
            continue
        warnings += [{"path": source.relative, "reason": note} for note in made.notes]
        name = f"{scan_name(pd.Series(source.details), number)}_{chosen.config.target}"
        volume = made.volume
        yield save_image(volume.data, Grid(volume.data.shape, volume.affine), scratch / name, said, volume.axes)
